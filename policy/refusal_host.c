/* SPDX-License-Identifier: ISC */
/*
 * Outbound: what was seen at a partner's mail server, or why nothing was. The server's name comes
 * first, since a partner has several.
 */
#include "policy/refusal_sentences.h"

#include "policy/date.h"

#define HOST_MOST 60 /* of a host's name */

static void add_host(const struct refusal_writer *writer)
{
    const struct hop_host *host = writer->decision->seen.host;

    if (host != NULL)
        line_add_quoted(writer->line, host->name, HOST_MOST);
    else
        line_add(writer->line, "its mail server");
}

/* With the address, where that matters. */
static void add_address(const struct refusal_writer *writer)
{
    const struct hop_seen *seen = &writer->decision->seen;
    char address[IP_TEXT_SIZE];

    add_host(writer);
    if (seen->address == NULL)
        return;
    ip_format(&seen->address->ip, address);
    if (!span_equal(seen->host->name, span_of(address)))
        line_add(writer->line, "[%s]", address);
}

/* ": 'what it replied'", where there is something. */
static void add_reply(const struct refusal_writer *writer)
{
    const struct hop_address *address = writer->decision->seen.address;

    if (address == NULL || span_empty(address->reply))
        return;
    line_add(writer->line, ": ");
    line_add_cited(writer->line, address->reply, 2 * REFUSAL_VALUE_MOST);
}

/* ---- no TLS ---------------------------------------------------------------------------------- */

static void say_not_offered(const struct refusal_writer *writer)
{
    add_host(writer);
    line_add(writer->line, " does not offer STARTTLS");
}

static void say_starttls_failed(const struct refusal_writer *writer)
{
    const struct hop_address *address = writer->decision->seen.address;

    add_host(writer);
    if (address != NULL && address->state == HOP_INJECTED) {
        line_add(writer->line, " sent more than its reply to STARTTLS in front of TLS");
        return;
    }
    line_add(writer->line, "%s",
             address != NULL && address->state == HOP_STARTTLS_REFUSED
                 ? " offers STARTTLS and refuses it"
                 : " does not get through its TLS handshake");
    add_reply(writer);
}

/* ---- TLS ------------------------------------------------------------------------------------- */

static void say_protocol(const struct refusal_writer *writer)
{
    add_host(writer);
    line_add(writer->line, " uses ");
    line_add_quoted(writer->line, writer->facts->tls.protocol_name, REFUSAL_VALUE_MOST);
    line_add(writer->line, ", %s or later is needed",
             protocol_name(writer->connector->min_protocol));
}

static void add_cipher(const struct refusal_writer *writer)
{
    add_host(writer);
    line_add(writer->line, " chooses cipher ");
    line_add_quoted(writer->line, writer->facts->tls.cipher, REFUSAL_VALUE_MOST);
}

static void say_cipher_weak(const struct refusal_writer *writer)
{
    add_cipher(writer);
    if (cipher_is_null(writer->facts->tls.cipher))
        line_add(writer->line, ", which encrypts nothing");
    else
        line_add(writer->line, " with %d bits, %d are needed", writer->facts->tls.cipher_bits,
                 writer->connector->min_cipher_bits);
}

static void say_forward_secrecy(const struct refusal_writer *writer)
{
    add_cipher(writer);
    line_add(writer->line, ", which has no forward secrecy");
}

static void say_cipher_not_allowed(const struct refusal_writer *writer)
{
    add_cipher(writer);
    line_add(writer->line, ", which is not allowed");
}

/* ---- the certificate ------------------------------------------------------------------------- */

static void say_no_certificate(const struct refusal_writer *writer)
{
    add_host(writer);
    line_add(writer->line, " shows no certificate");
}

static void say_not_trusted(const struct refusal_writer *writer)
{
    struct span error = writer->facts->certificate.trust_error;

    line_add(writer->line, "the certificate of ");
    add_host(writer);
    line_add(writer->line, " is not trusted");
    if (span_empty(error))
        return;
    line_add(writer->line, " (");
    line_add_quoted(writer->line, error, REFUSAL_VALUE_MOST);
    line_add(writer->line, ")");
}

static void say_expired(const struct refusal_writer *writer)
{
    const struct hop_address *address = writer->decision->seen.address;
    bool itself = address != NULL && address->certificate_until <= writer->facts->now;
    char date[DATE_TEXT_SIZE];

    line_add(writer->line, itself ? "the certificate of " : "a certificate in the chain of ");
    add_host(writer);
    if (!itself) {
        line_add(writer->line, " has expired");
        return;
    }
    date_format(address->certificate_until, date);
    line_add(writer->line, " expired on %s", date);
}

static void say_revoked(const struct refusal_writer *writer)
{
    line_add(writer->line, "the certificate of ");
    add_host(writer);
    line_add(writer->line, " is revoked");
}

static void say_mismatch(const struct refusal_writer *writer)
{
    add_host(writer);
    line_add(writer->line, ": ");
    refusal_say_mismatch(writer);
}

static void say_retired(const struct refusal_writer *writer)
{
    add_host(writer);
    line_add(writer->line, ": ");
    refusal_say_retired(writer);
}

static void say_key_small(const struct refusal_writer *writer)
{
    add_host(writer);
    line_add(writer->line, ": ");
    refusal_say_key_small(writer);
}

/* ---- the way --------------------------------------------------------------------------------- */

static void say_tls_not_required(const struct refusal_writer *writer)
{
    line_add(writer->line, "the message has the header TLS-Required: No");
}

static void say_wrong_next_hop(const struct refusal_writer *writer)
{
    line_add(writer->line, "this server would send it to ");
    line_add_cited(writer->line, writer->facts->next_hop, HOST_MOST);
    line_add(writer->line, ", which is neither its MX nor in next_hops");
}

static void say_not_probed(const struct refusal_writer *writer)
{
    if (writer->decision->seen.host != NULL)
        add_host(writer);
    else
        line_add(writer->line, "its mail servers");
    line_add(writer->line, "%s",
             writer->decision->seen.host != NULL
                 ? " has not been looked at since this was configured, try again"
                   " in a few minutes"
                 : " have not been looked at yet, try again in a few minutes");
}

static void say_prober_failure(const struct refusal_writer *writer)
{
    (void)writer;
    line_add(writer->line, "its mail servers cannot be looked at now");
}

/* Of a host: its addresses; else of the MX records. */
static void say_dns_failure(const struct refusal_writer *writer)
{
    static const char *const domain[LOOKUPS] = {
        [LOOKUP_NULL_MX] = "it takes no mail (null MX)",
        [LOOKUP_NXDOMAIN] = "there is no such domain in the DNS",
        [LOOKUP_BOGUS] = "its MX records fail DNSSEC validation",
    };
    const struct hop_seen *seen = &writer->decision->seen;

    if (seen->host != NULL) {
        line_add(writer->line, "the DNS gives no address of ");
        add_host(writer);
        line_add(writer->line, " (%s)", lookup_word(seen->host->lookup));
    } else if (domain[seen->lookup] != NULL) {
        line_add(writer->line, "%s", domain[seen->lookup]);
    } else {
        line_add(writer->line, "the DNS does not give its mail servers now (%s)",
                 lookup_word(seen->lookup));
    }
}

static void say_unreachable(const struct refusal_writer *writer)
{
    static const char *const states[HOP_STATES] = {
        [HOP_NOT_ALLOWED] = " has a special-purpose address, which is not looked at",
        [HOP_BUSY] = " gives no service now",
        [HOP_REJECTED] = " does not talk to this host",
        [HOP_NOT_SMTP] = " does not speak SMTP",
    };
    const struct hop_seen *seen = &writer->decision->seen;

    if (seen->host == NULL) {
        line_add(writer->line, "none of its other mail servers has been looked at");
        return;
    }
    add_address(writer);
    if (seen->address == NULL)
        line_add(writer->line, " has more addresses than are looked at");
    else
        line_add(writer->line, "%s",
                 states[seen->address->state] != NULL ? states[seen->address->state]
                                                      : " cannot be reached now");
    add_reply(writer);
}

/* Something that was seen and that this version does not know. */
static void say_not_known(const struct refusal_writer *writer)
{
    const struct tls_facts *tls = &writer->facts->tls;

    add_host(writer);
    if (writer->result->check == CHECK_CERTIFICATE) {
        line_add(writer->line, ": the certificate's %s cannot be told",
                 certificate_field_word(writer->result->field));
        return;
    }
    line_add(writer->line, ": TLS protocol ");
    line_add_cited(writer->line, tls->protocol_name, REFUSAL_VALUE_MOST);
    line_add(writer->line, " with cipher ");
    line_add_cited(writer->line, tls->cipher, REFUSAL_VALUE_MOST);
    line_add(writer->line, " is not known");
}

static void say_not_reported(const struct refusal_writer *writer)
{
    if (writer->result != NULL) {
        say_not_known(writer);
    } else if (span_empty(writer->facts->next_hop)) {
        line_add(writer->line, "the MTA did not report the next hop (milter macros {rcpt_mailer} "
                               "{rcpt_host})");
    } else {
        line_add(writer->line, "the next hop ");
        line_add_cited(writer->line, writer->facts->next_hop, HOST_MOST);
        line_add(writer->line, " cannot be read");
    }
}

static void say_nothing(const struct refusal_writer *writer)
{
    line_add(writer->line, "it cannot be told now whether it can be");
}

static void (*const sentences[REASONS])(const struct refusal_writer *writer) = {
    [REASON_PROTOCOL_TOO_OLD] = say_protocol,
    [REASON_CIPHER_TOO_WEAK] = say_cipher_weak,
    [REASON_NO_FORWARD_SECRECY] = say_forward_secrecy,
    [REASON_CIPHER_NOT_ALLOWED] = say_cipher_not_allowed,
    [REASON_NO_CERTIFICATE] = say_no_certificate,
    [REASON_CERTIFICATE_NOT_TRUSTED] = say_not_trusted,
    [REASON_CERTIFICATE_MISMATCH] = say_mismatch,
    [REASON_CERTIFICATE_EXPIRED] = say_expired,
    [REASON_CERTIFICATE_RETIRED] = say_retired,
    [REASON_CERTIFICATE_REVOKED] = say_revoked,
    [REASON_KEY_TOO_SMALL] = say_key_small,
    [REASON_STARTTLS_NOT_OFFERED] = say_not_offered,
    [REASON_STARTTLS_FAILED] = say_starttls_failed,
    [REASON_TLS_NOT_REQUIRED] = say_tls_not_required,
    [REASON_WRONG_NEXT_HOP] = say_wrong_next_hop,
    [REASON_NOT_PROBED_YET] = say_not_probed,
    [REASON_DNS_FAILURE] = say_dns_failure,
    [REASON_MX_UNREACHABLE] = say_unreachable,
    [REASON_PROBER_FAILURE] = say_prober_failure,
    [REASON_NOT_REPORTED] = say_not_reported,
};

void refusal_say_host(const struct refusal_writer *writer)
{
    enum reason reason = writer->decision->reason;

    (sentences[reason] != NULL ? sentences[reason] : say_nothing)(writer);
}
