/* SPDX-License-Identifier: ISC */
/*
 * An entry of certificates is a list of parts, "name mail.contoso.com, issuer 'Example CA'"; so is
 * what was seen of the fields that it compares.
 */
#include "policy/describe_certificate.h"

#include <stddef.h>
#include <string.h>

#include "policy/date.h"

#define PINS_MOST 3 /* digests of a pin_file, which are long */

/* A line to which parts are added. */
struct parts {
    struct line *line;
    size_t start; /* where the first one began */
};

static struct parts parts_of(struct line *line)
{
    return (struct parts){ line, line->length };
}

static struct line *next_part(const struct parts *parts)
{
    if (parts->line->length > parts->start)
        line_add(parts->line, ", ");
    return parts->line;
}

static void add_date(const struct parts *parts, const char *word, int64_t moment)
{
    char date[DATE_TEXT_SIZE];

    date_format(moment, date);
    line_add(next_part(parts), "%s %s", word, date);
}

/* The texts that an entry compares: where it has what it wants, and where the facts have it. */
static const struct text_row {
    const char *word;
    size_t wanted; /* of a char * in struct certificate_entry */
    size_t got;    /* of a struct span in struct certificate_facts */
} texts[] = {
    { "issuer", offsetof(struct certificate_entry, issuer),
      offsetof(struct certificate_facts, issuer) },
    { "root", offsetof(struct certificate_entry, root), offsetof(struct certificate_facts, root) },
    { "organization", offsetof(struct certificate_entry, organization),
      offsetof(struct certificate_facts, organization) },
    { "organizational unit", offsetof(struct certificate_entry, organizational_unit),
      offsetof(struct certificate_facts, organizational_unit) },
};

#define TEXTS (sizeof(texts) / sizeof(texts[0]))

static const char *wanted_text(const struct certificate_entry *entry, size_t row)
{
    const char *text;

    memcpy(&text, (const char *)entry + texts[row].wanted, sizeof(text));
    return text;
}

static struct span got_text(const struct certificate_facts *certificate, size_t row)
{
    struct span text;

    memcpy(&text, (const char *)certificate + texts[row].got, sizeof(text));
    return text;
}

static void add_digest(struct line *line, bool public_key, const struct digest *digest)
{
    char text[DIGEST_TEXT_SIZE];

    digest_format(digest, text);
    line_add(line, "%s %s", public_key ? "public key" : "fingerprint", text);
}

/* ---- wanted --------------------------------------------------------------------------------- */

static void want_names(const struct parts *parts, const struct certificate_entry *entry)
{
    char name[DOMAIN_MAX + 3];

    if (entry->has_name) {
        wanted_name_format(&entry->name, name, sizeof(name));
        line_add(next_part(parts), "name ");
        line_add_quoted(parts->line, span_of(name), DESCRIBE_VALUE_MOST);
    }
    for (size_t i = 0; i < TEXTS; i++) {
        const char *text = wanted_text(entry, i);

        if (text == NULL)
            continue;
        line_add(next_part(parts), "%s ", texts[i].word);
        line_add_cited(parts->line, span_of(text), DESCRIBE_VALUE_MOST);
    }
}

static void want_pin_file(struct line *line, const struct certificate_entry *entry)
{
    line_add(line, "one of ");
    line_add_cited(line, span_of(entry->pin_file), DESCRIBE_VALUE_MOST);
    line_add(line, " (");
    for (size_t i = 0; i < entry->pin_count; i++) {
        if (!describe_list(line, i, entry->pin_count, PINS_MOST, "or"))
            break;
        add_digest(line, entry->pins[i].public_key, &entry->pins[i].digest);
    }
    line_add(line, ")");
}

static void want_key(const struct parts *parts, const struct certificate_entry *entry)
{
    if (entry->key_bits > 0)
        line_add(next_part(parts), "at least %d bits", entry->key_bits);
    if (entry->has_fingerprint)
        add_digest(next_part(parts), false, &entry->fingerprint);
    if (entry->has_public_key)
        add_digest(next_part(parts), true, &entry->public_key);
    if (entry->pin_count > 0)
        want_pin_file(next_part(parts), entry);
}

void describe_entry(struct line *line, const struct certificate_entry *entry)
{
    struct parts parts = parts_of(line);

    want_names(&parts, entry);
    want_key(&parts, entry);
    if (line->length == parts.start)
        line_add(line, "any certificate");
    if (entry->from != DATE_ALWAYS)
        add_date(&parts, "from", entry->from);
    if (entry->until != DATE_NEVER)
        add_date(&parts, "until", entry->until);
}

void describe_certificate_wanted(struct line *line, const struct connector *connector,
                                 const struct check_result *result)
{
    if (result->entry >= 0)
        describe_entry(line, &connector->certificates[result->entry]);
    else if (connector->certificate_count > 0)
        line_add(line, "what one entry of certificates demands");
    else if (connector->level == LEVEL_FINGERPRINT)
        line_add(line, "a pinned certificate or key");
    else
        line_add(line, "a name that is one of this connector's domains or below one");
}

/* ---- got ------------------------------------------------------------------------------------ */

static void got_value(struct line *line, const char *word, struct span value)
{
    if (!span_known(value)) {
        line_add(line, "%s not reported", word);
    } else if (value.length == 0) {
        line_add(line, "no %s", word);
    } else {
        line_add(line, "%s ", word);
        line_add_cited(line, value, DESCRIBE_VALUE_MOST);
    }
}

/* Where there are alternative names, they are what is compared. */
void describe_names(struct line *line, const struct certificate_facts *certificate)
{
    size_t count = certificate->alt_name_count;

    if (count == 0) {
        got_value(line, "name", certificate->has_alt_names ? span_of("") : certificate->subject);
        return;
    }
    line_add(line, count == 1 ? "name " : "names ");
    for (size_t i = 0; i < count; i++) {
        if (!describe_list(line, i, count, DESCRIBE_ITEMS_MOST, "and"))
            break;
        line_add_cited(line, certificate->alt_names[i], DESCRIBE_VALUE_MOST);
    }
}

static void got_digest(struct line *line, bool public_key, enum pin_state state,
                       const struct digest *digest)
{
    const char *word = public_key ? "public key" : "fingerprint";

    switch (state) {
    case PIN_KNOWN:
        add_digest(line, public_key, digest);
        break;
    case PIN_OTHER_DIGEST:
        line_add(line, "%s not reported as SHA-256", word);
        break;
    case PIN_NO_CERTIFICATE:
        line_add(line, "no %s: no certificate", word);
        break;
    case PIN_NOT_REPORTED:
        line_add(line, "%s not reported", word);
        break;
    }
}

/* Whether an entry compares digests of this kind. */
static bool compares_digest(const struct certificate_entry *entry, bool public_key)
{
    bool compares = public_key ? entry->has_public_key : entry->has_fingerprint;

    for (size_t i = 0; i < entry->pin_count; i++)
        compares = compares || entry->pins[i].public_key == public_key;
    return compares;
}

static void got_key(const struct parts *parts, const struct certificate_entry *entry,
                    const struct certificate_facts *certificate)
{
    if (entry->key_bits > 0 && certificate->key_bits > 0)
        line_add(next_part(parts), "%d bits", certificate->key_bits);
    else if (entry->key_bits > 0)
        line_add(next_part(parts), "key size not reported");
    if (compares_digest(entry, false))
        got_digest(next_part(parts), false, certificate->fingerprint_state,
                   &certificate->fingerprint);
    if (compares_digest(entry, true))
        got_digest(next_part(parts), true, certificate->public_key_state, &certificate->public_key);
}

/* The fields that the entry compares, and the day where it has dates. An entry without a name may
 * compare the host's. */
static void got_entry(struct line *line, const struct certificate_entry *entry,
                      const struct facts *facts, bool names_compared)
{
    struct parts parts = parts_of(line);

    if (entry->has_name || names_compared)
        describe_names(next_part(&parts), &facts->certificate);
    for (size_t i = 0; i < TEXTS; i++) {
        if (wanted_text(entry, i) != NULL)
            got_value(next_part(&parts), texts[i].word, got_text(&facts->certificate, i));
    }
    got_key(&parts, entry, &facts->certificate);
    if (entry->from != DATE_ALWAYS || entry->until != DATE_NEVER)
        add_date(&parts, "on", facts->now);
}

void describe_certificate_got(struct line *line, const struct connector *connector,
                              const struct facts *facts, const struct check_result *result)
{
    if (describe_anonymous(line, facts->tls.cipher))
        return;
    if (facts->certificate.trust == TRUST_NO_CERTIFICATE)
        line_add(line, "no certificate");
    else if (result->entry >= 0)
        got_entry(line, &connector->certificates[result->entry], facts,
                  result->field == FIELD_NAME);
    else
        describe_names(line, &facts->certificate);
}
