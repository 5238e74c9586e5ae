/* SPDX-License-Identifier: ISC */
/*
 * A refusal has three parts: whom it is about and what is demanded, what was seen instead, and
 * whom to ask. What was seen matters most: where all does not fit, the names in the first part
 * are cut before it.
 */
#include "policy/refusal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "policy/date.h"
#include "policy/escape.h"
#include "policy/not_reported.h"

#define TEXT_MOST 230 /* characters of the whole text */
#define NAME_MOST 48  /* of the partner's domain and of the connector's name, */
#define NAME_LEAST 12 /* and what is left of them where the reason needs the room */
#define VALUE_MOST 40 /* of a value that the peer chose */

/* The head's own words are shorter than this; what remains is the reason's. */
#define HEAD_WORDS 80
_Static_assert(HEAD_WORDS + 2 * NAME_LEAST + CONTACT_MAX + 2 + 32 <= TEXT_MOST,
               "no room for a reason");

/* What a sentence is written from. */
struct writer {
    const struct facts *facts;
    const struct connector *connector;
    const struct check_result *result; /* the check that the decision stopped at; NULL: none */
    struct line *line;
};

static void say_no_tls(const struct writer *writer)
{
    line_add(writer->line, "this session is not encrypted");
}

static void say_protocol(const struct writer *writer)
{
    line_add(writer->line, "this session uses ");
    line_add_quoted(writer->line, writer->facts->tls.protocol_name, VALUE_MOST);
    line_add(writer->line, ", %s or later is needed",
             protocol_name(writer->connector->min_protocol));
}

static void say_cipher_weak(const struct writer *writer)
{
    line_add(writer->line, "cipher ");
    line_add_quoted(writer->line, writer->facts->tls.cipher, VALUE_MOST);
    if (cipher_is_null(writer->facts->tls.cipher))
        line_add(writer->line, " encrypts nothing");
    else
        line_add(writer->line, " has %d bits, %d are needed", writer->facts->tls.cipher_bits,
                 writer->connector->min_cipher_bits);
}

static void say_forward_secrecy(const struct writer *writer)
{
    line_add(writer->line, "cipher ");
    line_add_quoted(writer->line, writer->facts->tls.cipher, VALUE_MOST);
    line_add(writer->line, " has no forward secrecy");
}

static void say_cipher_not_allowed(const struct writer *writer)
{
    line_add(writer->line, "cipher ");
    line_add_quoted(writer->line, writer->facts->tls.cipher, VALUE_MOST);
    line_add(writer->line, " is not allowed");
}

static void say_no_trusted_certificate(const struct writer *writer)
{
    line_add(writer->line, "no trusted client certificate was seen (none sent, not asked for, "
                           "unknown CA, or issued for servers only)");
}

static void say_no_certificate(const struct writer *writer)
{
    line_add(writer->line, "no client certificate was sent");
    /* Its policy protocol has empty fields in both cases. */
    if (writer->facts->mta == MTA_POSTFIX)
        line_add(writer->line, ", or none was asked for");
}

static void say_not_trusted(const struct writer *writer)
{
    line_add(writer->line, "the client certificate is not trusted (CA not known here, no "
                           "intermediate sent, expired, or issued "
                           "for servers only)");
}

/* "its name 'x' is not 'y'", for the entry and field that came closest. */
static void say_field(const struct writer *writer, const char *word, struct span got,
                      const char *wanted)
{
    line_add(writer->line, "the certificate's %s ", word);
    line_add_cited(writer->line, got, VALUE_MOST);
    line_add(writer->line, " is not ");
    line_add_cited(writer->line, span_of(wanted), VALUE_MOST);
}

static void say_name(const struct writer *writer, const struct certificate_entry *entry)
{
    char wanted[DOMAIN_MAX + 3];

    if (entry == NULL) {
        line_add(writer->line, "the certificate's name ");
        line_add_cited(writer->line, writer->facts->certificate.subject, VALUE_MOST);
        line_add(writer->line, " is none of the partner's");
        return;
    }
    wanted_name_format(&entry->name, wanted, sizeof(wanted));
    say_field(writer, "name", writer->facts->certificate.subject, wanted);
}

/* As much of a digest as tells two apart; all of the one that was seen is in the log. */
static void add_digest(struct line *line, const struct digest *digest)
{
    char text[DIGEST_TEXT_SIZE];

    digest_format(digest, text);
    line_add(line, "%.16s...", text);
}

static void say_digest(const struct writer *writer, const char *word, const struct digest *got,
                       const struct digest *wanted)
{
    line_add(writer->line, "the certificate's %s ", word);
    add_digest(writer->line, got);
    line_add(writer->line, " is not ");
    add_digest(writer->line, wanted);
}

static void say_pin(const struct writer *writer, const struct certificate_entry *entry)
{
    const struct certificate_facts *got = &writer->facts->certificate;
    bool only = writer->connector->certificate_count == 1;

    /* Of several pins none is closer than another. */
    if (only && writer->result->field == FIELD_FINGERPRINT && entry->has_fingerprint) {
        say_digest(writer, "fingerprint", &got->fingerprint, &entry->fingerprint);
    } else if (only && writer->result->field == FIELD_PUBLIC_KEY && entry->has_public_key) {
        say_digest(writer, "public key", &got->public_key, &entry->public_key);
    } else {
        line_add(writer->line, "the certificate's fingerprint ");
        add_digest(writer->line, &got->fingerprint);
        line_add(writer->line, " is not a pinned one");
    }
}

static void say_mismatch(const struct writer *writer)
{
    const struct certificate_facts *got = &writer->facts->certificate;
    const struct certificate_entry *entry = NULL;
    enum certificate_field field = writer->result != NULL ? writer->result->field : FIELD_NONE;
    char date[DATE_TEXT_SIZE];

    if (writer->result != NULL && writer->result->entry >= 0)
        entry = &writer->connector->certificates[writer->result->entry];
    if (entry == NULL || field == FIELD_NAME) {
        say_name(writer, entry);
    } else if (field == FIELD_ISSUER) {
        say_field(writer, "issuer", got->issuer, entry->issuer);
    } else if (field == FIELD_ROOT) {
        say_field(writer, "root", got->root, entry->root);
    } else if (field == FIELD_ORGANIZATION) {
        say_field(writer, "organization", got->organization, entry->organization);
    } else if (field == FIELD_ORGANIZATIONAL_UNIT) {
        say_field(writer, "organizational unit", got->organizational_unit,
                  entry->organizational_unit);
    } else if (field == FIELD_FROM) {
        date_format(entry->from, date);
        line_add(writer->line, "the certificate is accepted from %s on", date);
    } else {
        say_pin(writer, entry);
    }
}

static void say_expired(const struct writer *writer)
{
    line_add(writer->line, "the certificate has expired");
}

static void say_retired(const struct writer *writer)
{
    char date[DATE_TEXT_SIZE] = "its end";

    if (writer->result != NULL && writer->result->entry >= 0)
        date_format(writer->connector->certificates[writer->result->entry].until, date);
    line_add(writer->line, "the certificate was accepted until %s only", date);
}

static void say_revoked(const struct writer *writer)
{
    line_add(writer->line, "the certificate is revoked");
}

static void say_key_small(const struct writer *writer)
{
    int wanted = 0;

    if (writer->result != NULL && writer->result->entry >= 0)
        wanted = writer->connector->certificates[writer->result->entry].key_bits;
    line_add(writer->line, "the certificate's key has %d bits, %d are needed",
             writer->facts->certificate.key_bits, wanted);
}

static void say_client(const struct writer *writer)
{
    char address[IP_TEXT_SIZE];

    ip_format(&writer->facts->client, address);
    line_add(writer->line, "%s is not one of its addresses", address);
}

static void say_not_reported(const struct writer *writer)
{
    not_reported_say(writer->line, writer->facts, writer->result);
}

static void say_nothing(const struct writer *writer)
{
    line_add(writer->line, "it cannot be told now whether it does");
}

static void (*const sentences[REASONS])(const struct writer *writer) = {
    [REASON_NO_TLS] = say_no_tls,
    [REASON_PROTOCOL_TOO_OLD] = say_protocol,
    [REASON_CIPHER_TOO_WEAK] = say_cipher_weak,
    [REASON_NO_FORWARD_SECRECY] = say_forward_secrecy,
    [REASON_CIPHER_NOT_ALLOWED] = say_cipher_not_allowed,
    [REASON_NO_TRUSTED_CERTIFICATE] = say_no_trusted_certificate,
    [REASON_NO_CERTIFICATE] = say_no_certificate,
    [REASON_CERTIFICATE_NOT_TRUSTED] = say_not_trusted,
    [REASON_CERTIFICATE_MISMATCH] = say_mismatch,
    [REASON_CERTIFICATE_EXPIRED] = say_expired,
    [REASON_CERTIFICATE_RETIRED] = say_retired,
    [REASON_CERTIFICATE_REVOKED] = say_revoked,
    [REASON_KEY_TOO_SMALL] = say_key_small,
    [REASON_CLIENT_NOT_ALLOWED] = say_client,
    [REASON_NOT_REPORTED] = say_not_reported,
};

/* The check whose outcome became the decision's reason. */
static const struct check_result *decisive(const struct decision *decision)
{
    enum check_outcome outcome = decision->outcome == OUTCOME_FAIL ? CHECK_UNMET : CHECK_UNKNOWN;

    for (size_t i = 0; i < decision->trail.count; i++) {
        if (decision->trail.results[i].outcome == outcome)
            return &decision->trail.results[i];
    }
    return NULL;
}

/* Whose mail it is (the partner's domain, or for a null sender the client), and what it needs. */
static void add_head(struct line *line, const struct decision *decision, size_t most)
{
    bool client = decision->reason == REASON_CLIENT_NOT_ALLOWED;

    line_add(line, "%s: mail from ", client ? "Wrong client" : "Encryption needed");
    if (decision->match.by == MATCHED_BY_SENDER && !span_empty(decision->match.domain))
        line_add_quoted(line, decision->match.domain, most);
    else
        line_add(line, "this client");
    line_add(line, client ? " must come from its own servers" : " must arrive over TLS");
    line_add(line, " (connector ");
    line_add_quoted(line, span_of(decision->match.connector->name), most);
    line_add(line, "): ");
}

static void add_contact(struct line *line, const char *contact)
{
    if (contact == NULL)
        return;
    line_add(line, "; ");
    line_add_quoted(line, span_of(contact), CONTACT_MAX);
}

/* What is wrong, cut where there is no room for all of it. It has been through the escaper. */
static void add_middle(struct line *line, const struct line *middle, size_t most)
{
    static const char dots[] = "...";
    size_t room = most - (sizeof(dots) - 1);

    assert(most >= sizeof(dots) - 1);
    if (middle->length <= most)
        line_add(line, "%s", middle->text);
    else
        line_add(line, "%.*s%s", (int)room, middle->text, dots);
}

static void set_codes(struct refusal *refusal, enum verdict verdict, enum reason reason)
{
    bool reject = verdict == VERDICT_REJECT;

    (void)snprintf(refusal->code, sizeof(refusal->code), "%s", reject ? "550" : "451");
    (void)snprintf(refusal->status, sizeof(refusal->status), "%c.%s", reject ? '5' : '4',
                   reason_row(reason)->detail);
}

void refusal_of(const struct rules *rules, const struct facts *facts,
                const struct decision *decision, struct refusal *refusal)
{
    const struct connector *connector = decision->match.connector;
    char tail[CONTACT_MAX + 3], middle[TEXT_MOST + 1];
    struct line line, end, why;
    struct writer writer = { facts, connector, decisive(decision), &why };

    set_codes(refusal, decision->would, decision->reason);
    line_init(&why, middle, sizeof(middle));
    (sentences[decision->reason] != NULL ? sentences[decision->reason] : say_nothing)(&writer);
    line_init(&end, tail, sizeof(tail));
    add_contact(&end, connector->contact != NULL ? connector->contact : rules->settings.contact);
    for (size_t most = NAME_MOST; most >= NAME_LEAST; most /= 2) {
        line_init(&line, refusal->text, sizeof(refusal->text));
        add_head(&line, decision, most);
        if (line.length + why.length + end.length <= TEXT_MOST)
            break;
    }
    add_middle(&line, &why, TEXT_MOST - line.length - end.length);
    line_add(&line, "%s", tail);
}

void refusal_internal_error(const char *contact, struct refusal *refusal)
{
    struct line line;

    set_codes(refusal, VERDICT_DEFER, REASON_INTERNAL_ERROR);
    line_init(&line, refusal->text, sizeof(refusal->text));
    line_add(&line, "Internal error of the TLS policy filter, try again later");
    add_contact(&line, contact);
}
