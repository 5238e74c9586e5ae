/* SPDX-License-Identifier: ISC */
/*
 * What "verified" looks like (measured):
 *
 *   Postfix   {cert_issuer} is the issuer's common name, present and not empty; there is no
 *             {verify}, and nothing at all of a certificate that is not trusted
 *   Sendmail  {verify} is OK or TRUSTED; the names are there for untrusted certificates too
 *
 * So without {verify} a {cert_issuer} counts only where no Sendmail can have sent it: it calls
 * itself Postfix, or it was asked for {verify} and has none; and never if the issuer looks like
 * the full name that Sendmail sends ("/C=...").
 */
#include "milter/macros.h"

#include <stdio.h>
#include <string.h>

struct macro_row {
    const char *name;
    enum macro_stage stage;
};

/* Every macro that is read, at the stage that is asked to carry it. Asked for at MAIL and not
 * at HELO, the TLS macros are those of the MAIL command, whatever came before STARTTLS. */
static const struct macro_row rows[] = {
    { "v", MACROS_CONNECT },
    { "i", MACROS_CONNECT }, /* known here: mail that did not come by SMTP */
    { "{client_name}", MACROS_CONNECT },
    { "{client_resolve}", MACROS_CONNECT },
    { "{client_addr}", MACROS_CONNECT },
    { "{client_port}", MACROS_CONNECT },
    { "{daemon_addr}", MACROS_CONNECT },
    { "{daemon_port}", MACROS_CONNECT },
    { "v", MACROS_HELO }, /* a list must not be empty: then the MTA's own would count */
    { "{tls_version}", MACROS_MAIL },
    { "{cipher}", MACROS_MAIL },
    { "{cipher_bits}", MACROS_MAIL },
    { "{cert_subject}", MACROS_MAIL },
    { "{cert_issuer}", MACROS_MAIL },
    { "{verify}", MACROS_MAIL }, /* Sendmail; likewise below */
    { "{cn_subject}", MACROS_MAIL },
    { "{cn_issuer}", MACROS_MAIL },
    { "{cert_fp}", MACROS_MAIL },
    { "{auth_authen}", MACROS_MAIL },
    { "{mail_addr}", MACROS_MAIL },
    { "i", MACROS_RCPT },
    { "{rcpt_addr}", MACROS_RCPT },
    { "i", MACROS_RCPT_OUTBOUND },
    { "{rcpt_addr}", MACROS_RCPT_OUTBOUND },
    { "{rcpt_mailer}", MACROS_RCPT_OUTBOUND },
    { "{rcpt_host}", MACROS_RCPT_OUTBOUND },
    { "i", MACROS_EOM },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool macros_list(enum macro_stage stage, char *list, size_t size)
{
    size_t length = 0;

    list[0] = '\0';
    for (size_t i = 0; i < COUNT(rows); i++) {
        int written;

        if (rows[i].stage != stage)
            continue;
        written =
            snprintf(list + length, size - length, "%s%s", length > 0 ? " " : "", rows[i].name);
        if (written < 0 || (size_t)written >= size - length)
            return false;
        length += (size_t)written;
    }
    return length > 0;
}

bool macros_reads(struct span name)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (span_equal(name, span_of(rows[i].name)))
            return true;
    }
    return false;
}

static struct span get(const struct macro_source *source, const char *name)
{
    return span_of(source->get(source->data, name));
}

/* A copy that keeps "not reported" and "empty" apart; what is too long is no value that could
 * equal anything, and says so. */
static struct span copy(struct span value, char *buffer, size_t size)
{
    if (!span_known(value))
        return value;
    if (value.length >= size)
        value = span_of("(too long)");
    memcpy(buffer, value.data, value.length);
    buffer[value.length] = '\0';
    return (struct span){ buffer, value.length };
}

/* Digits only, at most `most`; -1: not reported, or no such number. */
static int number(struct span value, int most)
{
    int result = 0;

    if (span_empty(value) || value.length > 6)
        return -1;
    for (size_t i = 0; i < value.length; i++) {
        if (!ascii_digit(value.data[i]))
            return -1;
        result = 10 * result + (value.data[i] - '0');
    }
    return result <= most ? result : -1;
}

static uint16_t port(struct span value)
{
    int result = number(value, UINT16_MAX);

    return result > 0 ? (uint16_t)result : 0;
}

static enum mta which_mta(struct span version)
{
    if (span_starts_with(version, "Postfix"))
        return MTA_POSTFIX;
    /* Sendmail: "8.18.1" or "8.18.1/8.18.1/Debian-2". */
    if (span_starts_with(version, "8."))
        return MTA_SENDMAIL;
    return MTA_UNKNOWN;
}

void macros_read_connection(const struct macro_source *source, struct connection_macros *read)
{
    struct span client_port = get(source, "{client_port}");
    struct span server_port = get(source, "{daemon_port}");

    memset(read, 0, sizeof(*read));
    read->mta = which_mta(get(source, "v"));
    (void)copy(get(source, "{client_name}"), read->client_name, sizeof(read->client_name));
    read->client_name_confirmed = span_equal(get(source, "{client_resolve}"), span_of("OK"));
    (void)ip_parse(&read->reported, get(source, "{client_addr}"));
    read->client = read->reported;
    (void)ip_parse(&read->server, get(source, "{daemon_addr}"));
    read->client_port = port(client_port);
    read->server_port = port(server_port);
    /* MILTER_README of Postfix, "non-SMTP mail"; all of it must be so. */
    read->local = read->mta == MTA_POSTFIX && !span_empty(get(source, "i")) &&
                  span_equal(client_port, span_of("0")) && span_equal(server_port, span_of("0")) &&
                  span_equal(get(source, "{client_addr}"), span_of("127.0.0.1")) &&
                  !span_known(get(source, "{client_resolve}"));
}

bool macros_same_client(const struct macro_source *source, const struct connection_macros *read)
{
    struct ip reported;

    (void)ip_parse(&reported, get(source, "{client_addr}"));
    return ip_equal(&reported, &read->reported) &&
           port(get(source, "{client_port}")) == read->client_port;
}

/* The byte behind a "+" or a "\x" at `at`, or -1. */
static int hex_byte(struct span value, size_t at)
{
    int high, low;

    if (at + 1 >= value.length)
        return -1;
    high = ascii_hex(value.data[at]);
    low = ascii_hex(value.data[at + 1]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Sendmail's encoding: +HH for what is not plain (xtextify, RFC 1891 style). In full names OpenSSL
 * has written \xHH before (X509_NAME_oneline(3)), for bytes that are not printable and for no
 * other, so that a \x20 is what somebody put into the name. Decodes one of the two; in place is
 * fine. */
static struct span decode(struct span value, const char *mark, char *buffer)
{
    size_t length = 0, skip = strlen(mark);
    bool any_byte = mark[0] == '+';

    for (size_t i = 0; i < value.length; i++) {
        struct span rest = { value.data + i, value.length - i };
        int byte = span_starts_with(rest, mark) ? hex_byte(value, i + skip) : -1;

        if (byte >= 0 && (any_byte || byte < 0x20 || byte > 0x7e)) {
            buffer[length++] = (char)byte;
            i += skip + 1;
        } else {
            buffer[length++] = value.data[i];
        }
    }
    return (struct span){ buffer, length };
}

/* A common name as Sendmail gives it. Its words for "there is no good one" fit no name. */
static struct span sendmail_name(struct span value, char *buffer, size_t size)
{
    if (span_equal(value, span_of("BadCertificateUnknown")))
        return copy(span_of(""), buffer, size);
    if (span_starts_with(value, "BadCertificate"))
        return copy(span_of("(bad name)"), buffer, size);
    value = copy(value, buffer, size);
    return span_known(value) ? decode(value, "+", buffer) : value;
}

/* Whether the attribute stands behind a value that its owner may choose freely. */
static bool behind_free_text(struct span name, size_t at)
{
    static const char *const free_text[] = { "/CN=", "/emailAddress=" };

    for (size_t i = 0; i < at; i++) {
        struct span rest = { name.data + i, name.length - i };

        for (size_t n = 0; n < COUNT(free_text); n++) {
            if (span_starts_with(rest, free_text[n]))
                return true;
        }
    }
    return false;
}

/* The one value of an attribute in "/C=US/O=Partner/CN=x". Nothing in there says where a value
 * ends, so a name that has the attribute twice, or behind its common name, is ambiguous: then
 * nothing is known. Nor is it where there is none: Sendmail leaves out what does not fit into 255
 * bytes. What remains (a locality with "/O=" in it) is the CA's to refuse. */
static struct span dn_attribute(struct span name, const char *attribute, char *buffer, size_t size)
{
    struct span value = { NULL, 0 };
    size_t found = 0;

    if (span_empty(name) || name.data[0] != '/')
        return value;
    for (size_t i = 0; i < name.length; i++) {
        struct span rest = { name.data + i, name.length - i };
        const char *end;

        if (!span_starts_with(rest, attribute))
            continue;
        if (behind_free_text(name, i))
            return (struct span){ NULL, 0 };
        rest.data += strlen(attribute);
        rest.length -= strlen(attribute);
        end = memchr(rest.data, '/', rest.length);
        value = (struct span){ rest.data, end != NULL ? (size_t)(end - rest.data) : rest.length };
        found++;
    }
    if (found != 1 || value.length >= size)
        return (struct span){ NULL, 0 };
    value = copy(value, buffer, size);
    value = decode(value, "+", buffer);
    return decode(value, "\\x", buffer);
}

static void read_tls(const struct macro_source *source, struct mail_macros *read)
{
    struct span protocol = get(source, "{tls_version}"), cipher = get(source, "{cipher}");
    bool certificate =
        !span_empty(get(source, "{cert_subject}")) || !span_empty(get(source, "{cert_issuer}"));

    read->tls.protocol_name = copy(protocol, read->protocol, sizeof(read->protocol));
    read->tls.protocol = protocol_parse(read->tls.protocol_name);
    read->tls.cipher = copy(cipher, read->cipher, sizeof(read->cipher));
    read->tls.cipher_bits = number(get(source, "{cipher_bits}"), 10000);
    if (!span_empty(protocol) || !span_empty(cipher))
        read->tls.state = TLS_ENCRYPTED;
    else
        read->tls.state = source->complete && !certificate ? TLS_PLAIN : TLS_NOT_REPORTED;
}

static void read_postfix_certificate(const struct macro_source *source, bool believed,
                                     struct mail_macros *read)
{
    struct certificate_facts *certificate = &read->certificate;
    struct span issuer = get(source, "{cert_issuer}");

    certificate->subject =
        copy(get(source, "{cert_subject}"), read->subject, sizeof(read->subject));
    certificate->issuer = copy(issuer, read->issuer, sizeof(read->issuer));
    if (!believed || span_starts_with(issuer, "/"))
        certificate->trust = TRUST_NOT_REPORTED;
    else
        certificate->trust = span_empty(issuer) ? TRUST_NONE_OR_UNTRUSTED : TRUST_TRUSTED;
}

static enum trust sendmail_trust(struct span verify)
{
    static const struct {
        const char *word;
        enum trust trust;
    } words[] = {
        /* Sendmail's Installation and Operation Guide, "{verify}". */
        { "OK", TRUST_TRUSTED },        { "TRUSTED", TRUST_TRUSTED },
        { "NO", TRUST_NO_CERTIFICATE }, { "NOT", TRUST_NO_CERTIFICATE },
        { "FAIL", TRUST_UNTRUSTED },
    };

    for (size_t i = 0; i < COUNT(words); i++) {
        if (span_equal(verify, span_of(words[i].word)))
            return words[i].trust;
    }
    return TRUST_NOT_REPORTED;
}

static void read_sendmail_certificate(const struct macro_source *source, struct mail_macros *read)
{
    struct certificate_facts *certificate = &read->certificate;
    struct span subject = get(source, "{cert_subject}");

    certificate->trust = sendmail_trust(get(source, "{verify}"));
    certificate->subject =
        sendmail_name(get(source, "{cn_subject}"), read->subject, sizeof(read->subject));
    certificate->issuer =
        sendmail_name(get(source, "{cn_issuer}"), read->issuer, sizeof(read->issuer));
    certificate->organization =
        dn_attribute(subject, "/O=", read->organization, sizeof(read->organization));
    certificate->organizational_unit =
        dn_attribute(subject, "/OU=", read->organizational_unit, sizeof(read->organizational_unit));
    if (certificate->trust == TRUST_NO_CERTIFICATE)
        certificate->fingerprint_state = certificate->public_key_state = PIN_NO_CERTIFICATE;
    else if (digest_parse(&certificate->fingerprint, get(source, "{cert_fp}")))
        certificate->fingerprint_state = PIN_KNOWN;
    else if (!span_empty(get(source, "{cert_fp}")))
        certificate->fingerprint_state = PIN_OTHER_DIGEST;
}

void macros_read_mail(const struct macro_source *source, enum mta *mta, struct mail_macros *read)
{
    memset(read, 0, sizeof(*read));
    read->authenticated = !span_empty(get(source, "{auth_authen}"));
    read_tls(source, read);
    if (*mta == MTA_UNKNOWN && span_known(get(source, "{verify}")))
        *mta = MTA_SENDMAIL;
    if (read->tls.state != TLS_ENCRYPTED)
        return;
    if (*mta == MTA_SENDMAIL)
        read_sendmail_certificate(source, read);
    else
        read_postfix_certificate(source, *mta == MTA_POSTFIX || source->complete, read);
}
