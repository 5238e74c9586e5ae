/* SPDX-License-Identifier: ISC */
#include "policy/refusal_sentences.h"

#include "policy/date.h"

/* "its name 'x' is not 'y'", for the entry and field that came closest. */
static void say_field(const struct refusal_writer *writer, const char *word, struct span got,
                      const char *wanted)
{
    line_add(writer->line, "the certificate's %s ", word);
    line_add_cited(writer->line, got, REFUSAL_VALUE_MOST);
    line_add(writer->line, " is not ");
    line_add_cited(writer->line, span_of(wanted), REFUSAL_VALUE_MOST);
}

/* The names that the certificate presents; where there are alternative ones, these. */
static void add_presented(const struct refusal_writer *writer)
{
    const struct certificate_facts *got = &writer->facts->certificate;

    line_add_cited(writer->line, got->alt_name_count > 0 ? got->alt_names[0] : got->subject,
                   REFUSAL_VALUE_MOST);
    if (got->alt_name_count > 1)
        line_add(writer->line, " (and %zu more)", got->alt_name_count - 1);
}

static bool has_no_name(const struct refusal_writer *writer)
{
    const struct certificate_facts *got = &writer->facts->certificate;

    return writer->decision->direction == DIRECTION_OUTBOUND && got->alt_name_count == 0 &&
           (got->has_alt_names || span_empty(got->subject));
}

static void say_name(const struct refusal_writer *writer, const struct certificate_entry *entry)
{
    char wanted[DOMAIN_MAX + 3];

    if (has_no_name(writer)) {
        line_add(writer->line, "the certificate has no name of a host");
        return;
    }
    line_add(writer->line, "the certificate's name ");
    add_presented(writer);
    if (entry == NULL) {
        line_add(writer->line, " is none of the partner's");
    } else if (!entry->has_name) {
        line_add(writer->line, " is not the host's");
    } else {
        wanted_name_format(&entry->name, wanted, sizeof(wanted));
        line_add(writer->line, " is not ");
        line_add_cited(writer->line, span_of(wanted), REFUSAL_VALUE_MOST);
    }
}

/* As much of a digest as tells two apart; all of the one that was seen is in the log. */
static void add_digest(struct line *line, const struct digest *digest)
{
    char text[DIGEST_TEXT_SIZE];

    digest_format(digest, text);
    line_add(line, "%.16s...", text);
}

static void say_digest(const struct refusal_writer *writer, const char *word,
                       const struct digest *got, const struct digest *wanted)
{
    line_add(writer->line, "the certificate's %s ", word);
    add_digest(writer->line, got);
    line_add(writer->line, " is not ");
    add_digest(writer->line, wanted);
}

static void say_pin(const struct refusal_writer *writer, const struct certificate_entry *entry)
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

void refusal_say_mismatch(const struct refusal_writer *writer)
{
    const struct certificate_facts *got = &writer->facts->certificate;
    const struct certificate_entry *entry = NULL;
    enum certificate_field field = writer->result != NULL ? writer->result->field : FIELD_NONE;
    char date[DATE_TEXT_SIZE];

    if (writer->result != NULL && writer->result->entry >= 0)
        entry = &writer->connector->certificates[writer->result->entry];
    if (writer->result != NULL && writer->result->check == CHECK_HOST_NAME) {
        say_name(writer, &(struct certificate_entry){ .has_name = false });
    } else if (entry == NULL || field == FIELD_NAME) {
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

void refusal_say_retired(const struct refusal_writer *writer)
{
    char date[DATE_TEXT_SIZE] = "its end";

    if (writer->result != NULL && writer->result->entry >= 0)
        date_format(writer->connector->certificates[writer->result->entry].until, date);
    line_add(writer->line, "the certificate was accepted until %s only", date);
}

void refusal_say_key_small(const struct refusal_writer *writer)
{
    int wanted = 0;

    if (writer->result != NULL && writer->result->entry >= 0)
        wanted = writer->connector->certificates[writer->result->entry].key_bits;
    line_add(writer->line, "the certificate's key has %d bits, %d are needed",
             writer->facts->certificate.key_bits, wanted);
}
