/* SPDX-License-Identifier: ISC */
#include "policy/cli/check/gaps.h"

#include "policy/cli/check/check_words.h"

/* ---- what an entry compares ----------------------------------------------------------------- */

static bool has_name(const struct certificate_entry *entry)
{
    return entry->has_name;
}

static bool has_issuer(const struct certificate_entry *entry)
{
    return entry->issuer != NULL;
}

static bool has_root(const struct certificate_entry *entry)
{
    return entry->root != NULL;
}

static bool has_organization(const struct certificate_entry *entry)
{
    return entry->organization != NULL;
}

static bool has_organizational_unit(const struct certificate_entry *entry)
{
    return entry->organizational_unit != NULL;
}

static bool has_key_bits(const struct certificate_entry *entry)
{
    return entry->key_bits > 0;
}

static bool has_fingerprint(const struct certificate_entry *entry)
{
    return entry->has_fingerprint;
}

static bool has_public_key(const struct certificate_entry *entry)
{
    return entry->has_public_key;
}

static bool has_pins(const struct certificate_entry *entry)
{
    return entry->pin_count > 0;
}

static const struct field_row {
    enum certificate_field field;
    bool (*is_compared)(const struct certificate_entry *entry);
} fields[] = {
    { FIELD_NAME, has_name },
    { FIELD_ISSUER, has_issuer },
    { FIELD_ROOT, has_root },
    { FIELD_ORGANIZATION, has_organization },
    { FIELD_ORGANIZATIONAL_UNIT, has_organizational_unit },
    { FIELD_KEY_BITS, has_key_bits },
    { FIELD_FINGERPRINT, has_fingerprint },
    { FIELD_PUBLIC_KEY, has_public_key },
    { FIELD_PIN_FILE, has_pins },
};

/* Whether the entry's pin_file has a pin of that kind. */
static bool has_pin(const struct certificate_entry *entry, bool public_key)
{
    for (size_t i = 0; i < entry->pin_count; i++) {
        if (entry->pins[i].public_key == public_key)
            return true;
    }
    return false;
}

/* ---- one field ------------------------------------------------------------------------------ */

/* What a pin_file compares: one pin is enough, so the better reported of its kinds counts. */
static enum reported pin_file_reported(const struct certificate_entry *entry, enum mta mta)
{
    enum reported certificate = reported_by(mta, FIELD_FINGERPRINT);
    enum reported public_key = reported_by(mta, FIELD_PUBLIC_KEY);

    if (!has_pin(entry, true))
        return certificate;
    return has_pin(entry, false) && certificate < public_key ? certificate : public_key;
}

static bool keys_are_passed_over(const struct certificate_entry *entry, enum mta mta)
{
    return has_pin(entry, true) && reported_by(mta, FIELD_PUBLIC_KEY) == REPORTED_NEVER;
}

/* False: the MTA reports the field, and that is all there is to say. */
static bool find_gap(const struct rules *rules, const struct connector *connector, enum mta mta,
                     struct gap *gap)
{
    const struct certificate_entry *entry = &connector->certificates[gap->entry];
    bool is_file = gap->field == FIELD_PIN_FILE;

    switch (is_file ? pin_file_reported(entry, mta) : reported_by(mta, gap->field)) {
    case REPORTED_NEVER:
        gap->kind = GAP_NEVER;
        return true;
    case REPORTED_TO_POLICY:
        gap->kind = rules->settings.smtpd_policy_socket != NULL ? GAP_SOCKET : GAP_NO_SOCKET;
        return true;
    case REPORTED_IF_TRUSTED:
        gap->kind = GAP_IF_TRUSTED; /* below fingerprint the chain is demanded anyway */
        return connector->level == LEVEL_FINGERPRINT;
    case REPORTED_ALWAYS:
        break;
    }
    gap->kind = GAP_SOME_PINS;
    return is_file && keys_are_passed_over(entry, mta);
}

bool gap_is_fatal(const struct gap *gap)
{
    return gap->kind == GAP_NEVER || gap->kind == GAP_NO_SOCKET;
}

const char *gap_word(enum gap_kind kind)
{
    static const char *const words[] = { [GAP_NEVER] = "never",
                                         [GAP_NO_SOCKET] = "no-socket",
                                         [GAP_SOCKET] = "socket",
                                         [GAP_IF_TRUSTED] = "if-trusted",
                                         [GAP_SOME_PINS] = "some-pins" };

    return words[kind];
}

/* ---- a connector ---------------------------------------------------------------------------- */

bool gaps_visit(const struct rules *rules, const struct connector *connector, enum mta mta,
                int64_t now, void (*visit)(void *data, const struct gap *gap), void *data)
{
    size_t counting = 0, lost = 0;

    if (!connector->directions[DIRECTION_INBOUND] || connector->level < LEVEL_SECURE)
        return true;
    for (size_t i = 0; i < connector->certificate_count; i++) {
        const struct certificate_entry *entry = &connector->certificates[i];
        bool fatal = false, counts = certificate_entry_state(entry, now) != ENTRY_PAST;

        for (size_t n = 0; n < sizeof(fields) / sizeof(fields[0]); n++) {
            struct gap gap = { .entry = i, .field = fields[n].field };

            if (!fields[n].is_compared(entry) || !find_gap(rules, connector, mta, &gap))
                continue;
            fatal = fatal || gap_is_fatal(&gap);
            if (visit != NULL)
                visit(data, &gap);
        }
        counting += counts;
        lost += counts && fatal;
    }
    return counting == 0 || lost < counting;
}

/* What is not reported, as the object of a sentence. */
static const char *object_of(const struct gap *gap)
{
    if (gap->field != FIELD_PIN_FILE)
        return certificate_field_word(gap->field);
    return gap->kind == GAP_NEVER ? "public_key, which is all that pin_file has"
                                  : "pins of pin_file";
}

void gap_say(struct line *line, const struct gap *gap, enum mta mta)
{
    static const struct {
        const char *verb, *rest;
    } sentences[] = {
        [GAP_NEVER] = { "does not report the", ": no certificate fits this entry" },
        [GAP_NO_SOCKET] = { "reports the", " only through smtpd_policy_socket, which is not set: "
                                           "no certificate fits this entry" },
        [GAP_SOCKET] = { "reports the", " only through smtpd_policy_socket, which is set" },
        [GAP_IF_TRUSTED] = { "reports the", " only of a certificate that it trusts: a pinned one "
                                            "has to be trusted as well" },
        [GAP_SOME_PINS] = { "does not report all", ": the certificates in it count, the public "
                                                   "keys do not" },
    };

    line_add(line, "%s %s %s%s", words_mta(mta), sentences[gap->kind].verb, object_of(gap),
             sentences[gap->kind].rest);
}

/* ---- the file ------------------------------------------------------------------------------- */

static bool compares_name(const struct connector *connector)
{
    bool compared = connector->certificate_count == 0 && connector->level == LEVEL_SECURE;

    for (size_t i = 0; i < connector->certificate_count; i++)
        compared = compared || connector->certificates[i].has_name;
    return compared;
}

static bool compares_fingerprint(const struct connector *connector)
{
    bool compared = false;

    for (size_t i = 0; i < connector->certificate_count; i++) {
        const struct certificate_entry *entry = &connector->certificates[i];

        compared = compared || entry->has_fingerprint || has_pin(entry, false);
    }
    return compared;
}

static bool is_compared(const struct rules *rules, bool (*compares)(const struct connector *))
{
    for (uint32_t i = 0; i < connectors_count(rules->connectors); i++) {
        const struct connector *connector = connectors_get(rules->connectors, i);

        if (connector->directions[DIRECTION_INBOUND] && connector->level >= LEVEL_SECURE &&
            compares(connector))
            return true;
    }
    return false;
}

bool gaps_name_is_compared(const struct rules *rules)
{
    return is_compared(rules, compares_name);
}

bool gaps_fingerprint_is_compared(const struct rules *rules)
{
    return is_compared(rules, compares_fingerprint);
}
