/* SPDX-License-Identifier: ISC */
/*
 * Each check has a row: what it wants, in the connector's terms, and what it looked at, in the
 * facts'. Values that could be anything are between apostrophes.
 */
#include "policy/describe.h"

#include "policy/describe_certificate.h"

/* What a description is written from; `facts` only where it is about them. */
struct writer {
    struct line *line;
    const struct connector *connector;
    const struct facts *facts;
    const struct check_result *result;
};

bool describe_list(struct line *line, size_t i, size_t count, size_t most, const char *last)
{
    if (i == most)
        line_add(line, " and %zu more", count - most);
    else if (i > 0 && i + 1 == count)
        line_add(line, " %s ", last);
    else if (i > 0)
        line_add(line, ", ");
    return i < most;
}

static void want_client(const struct writer *writer)
{
    const struct network_list *list = &writer->connector->client_networks;
    char text[NETWORK_TEXT_SIZE];

    for (size_t i = 0; i < list->count; i++) {
        if (!describe_list(writer->line, i, list->count, DESCRIBE_ITEMS_MOST, "or"))
            return;
        network_format(&list->networks[i], text);
        line_add(writer->line, "%s", text);
    }
}

static void got_client(const struct writer *writer)
{
    char address[IP_TEXT_SIZE];

    ip_format(&writer->facts->client, address);
    line_add(writer->line, "%s", writer->facts->client.family == 0 ? "not reported" : address);
}

static void want_encrypted(const struct writer *writer)
{
    line_add(writer->line, "an encrypted session");
}

static void got_encrypted(const struct writer *writer)
{
    static const char *const words[] = { [TLS_NOT_REPORTED] = "not reported",
                                         [TLS_PLAIN] = "not encrypted",
                                         [TLS_ENCRYPTED] = "encrypted" };

    line_add(writer->line, "%s", words[writer->facts->tls.state]);
}

static void want_protocol(const struct writer *writer)
{
    line_add(writer->line, "%s or later", protocol_name(writer->connector->min_protocol));
}

static void got_protocol(const struct writer *writer)
{
    const struct tls_facts *tls = &writer->facts->tls;

    if (span_empty(tls->protocol_name)) {
        line_add(writer->line, "not reported");
    } else if (tls->protocol == PROTOCOL_UNKNOWN) {
        line_add_cited(writer->line, tls->protocol_name, DESCRIBE_VALUE_MOST);
        line_add(writer->line, ", which is not known");
    } else {
        line_add_quoted(writer->line, tls->protocol_name, DESCRIBE_VALUE_MOST);
    }
    if (cipher_agrees(tls->cipher, tls->protocol))
        return;
    line_add(writer->line, " with cipher ");
    line_add_cited(writer->line, tls->cipher, DESCRIBE_VALUE_MOST);
    line_add(writer->line, ", which does not belong to it");
}

static void want_cipher_bits(const struct writer *writer)
{
    line_add(writer->line, "at least %d bits", writer->connector->min_cipher_bits);
}

static void got_cipher_bits(const struct writer *writer)
{
    const struct tls_facts *tls = &writer->facts->tls;

    if (tls->cipher_bits < 0)
        line_add(writer->line, "not reported");
    else
        line_add(writer->line, "%d bits", tls->cipher_bits);
    if (cipher_is_null(tls->cipher)) {
        line_add(writer->line, ", cipher ");
        line_add_cited(writer->line, tls->cipher, DESCRIBE_VALUE_MOST);
        line_add(writer->line, " encrypts nothing");
    } else if (tls->cipher_bits > 0 && span_empty(tls->cipher)) {
        line_add(writer->line, ", cipher not reported");
    } else if (tls->cipher_bits > 0 && !cipher_is_name(tls->cipher)) {
        line_add(writer->line, ", ");
        line_add_cited(writer->line, tls->cipher, DESCRIBE_VALUE_MOST);
        line_add(writer->line, " is no cipher's name");
    }
}

static void want_cipher(const struct writer *writer)
{
    const struct string_list *lists[] = { &writer->connector->ciphers,
                                          &writer->connector->exclude_ciphers };
    static const char *const heads[] = { "", "none of " };
    size_t start = writer->line->length;

    for (size_t n = 0; n < 2; n++) {
        if (lists[n]->count > 0)
            line_add(writer->line, "%s%s", writer->line->length > start ? ", " : "", heads[n]);
        for (size_t i = 0; i < lists[n]->count; i++) {
            if (!describe_list(writer->line, i, lists[n]->count, DESCRIBE_ITEMS_MOST, "or"))
                break;
            line_add_quoted(writer->line, span_of(lists[n]->strings[i]), DESCRIBE_VALUE_MOST);
        }
    }
}

static void got_cipher(const struct writer *writer)
{
    struct span cipher = writer->facts->tls.cipher;

    if (span_empty(cipher))
        line_add(writer->line, "not reported");
    else if (cipher_is_name(cipher))
        line_add_quoted(writer->line, cipher, DESCRIBE_VALUE_MOST);
    else
        line_add_cited(writer->line, cipher, DESCRIBE_VALUE_MOST);
}

static void want_forward_secrecy(const struct writer *writer)
{
    line_add(writer->line, "DHE, ECDHE or TLSv1.3");
}

/* Both protocol and cipher have a say in it. */
static void got_forward_secrecy(const struct writer *writer)
{
    const struct tls_facts *tls = &writer->facts->tls;

    if (span_empty(tls->cipher)) {
        line_add(writer->line, "cipher not reported");
    } else if (span_empty(tls->protocol_name)) {
        line_add(writer->line, "protocol not reported");
    } else {
        got_protocol(writer);
        if (tls->protocol == PROTOCOL_UNKNOWN || !cipher_agrees(tls->cipher, tls->protocol))
            return;
        line_add(writer->line, " with cipher ");
        got_cipher(writer);
    }
}

static void want_trusted(const struct writer *writer)
{
    line_add(writer->line, "a trusted certificate");
}

bool describe_anonymous(struct line *line, struct span cipher)
{
    if (!cipher_is_anonymous(cipher))
        return false;
    line_add(line, "cipher ");
    line_add_cited(line, cipher, DESCRIBE_VALUE_MOST);
    line_add(line, " has no certificates");
    return true;
}

static void got_trusted(const struct writer *writer)
{
    static const char *const words[] = {
        [TRUST_NOT_REPORTED] = "not reported",
        [TRUST_NO_CERTIFICATE] = "no certificate",
        [TRUST_UNTRUSTED] = "not trusted",
        [TRUST_NONE_OR_UNTRUSTED] = "none, or not trusted (the MTA does not tell which)",
        [TRUST_TRUSTED] = "trusted",
    };
    enum trust trust = writer->facts->certificate.trust;
    struct span cipher = writer->facts->tls.cipher;

    line_add(writer->line, "%s", words[trust]);
    if (trust == TRUST_UNTRUSTED && !span_empty(writer->facts->certificate.trust_error)) {
        line_add(writer->line, " (");
        line_add_quoted(writer->line, writer->facts->certificate.trust_error, DESCRIBE_VALUE_MOST);
        line_add(writer->line, ")");
    }
    if (trust != TRUST_TRUSTED || !cipher_is_anonymous(cipher))
        return;
    line_add(writer->line, ", and ");
    (void)describe_anonymous(writer->line, cipher);
}

static void want_host_name(const struct writer *writer)
{
    line_add(writer->line, "a certificate that names the MX host");
}

static void got_host_name(const struct writer *writer)
{
    describe_names(writer->line, &writer->facts->certificate);
}

static void want_certificate(const struct writer *writer)
{
    describe_certificate_wanted(writer->line, writer->connector, writer->result);
}

static void got_certificate(const struct writer *writer)
{
    describe_certificate_got(writer->line, writer->connector, writer->facts, writer->result);
}

static const struct description_row {
    void (*wanted)(const struct writer *writer);
    void (*got)(const struct writer *writer);
} descriptions[CHECKS] = {
    [CHECK_CLIENT] = { want_client, got_client },
    [CHECK_ENCRYPTED] = { want_encrypted, got_encrypted },
    [CHECK_PROTOCOL] = { want_protocol, got_protocol },
    [CHECK_CIPHER_BITS] = { want_cipher_bits, got_cipher_bits },
    [CHECK_FORWARD_SECRECY] = { want_forward_secrecy, got_forward_secrecy },
    [CHECK_CIPHER] = { want_cipher, got_cipher },
    [CHECK_TRUSTED] = { want_trusted, got_trusted },
    [CHECK_HOST_NAME] = { want_host_name, got_host_name },
    [CHECK_CERTIFICATE] = { want_certificate, got_certificate },
};

void describe_wanted(struct line *line, const struct connector *connector,
                     const struct check_result *result)
{
    descriptions[result->check].wanted(
        &(struct writer){ .line = line, .connector = connector, .result = result });
}

void describe_got(struct line *line, const struct connector *connector, const struct facts *facts,
                  const struct check_result *result)
{
    descriptions[result->check].got(&(struct writer){ line, connector, facts, result });
}
