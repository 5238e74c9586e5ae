/* SPDX-License-Identifier: ISC */
/*
 * An entry of `certificates` is a row of fields; each gives its outcome for the certificate that
 * was seen, and fields that the entry does not mention are met. The entry that has most to say
 * gives the check its result.
 */
#include "policy/certificate.h"

#include <stddef.h>

static enum check_outcome outcome_of(bool fits)
{
    return fits ? CHECK_MET : CHECK_UNMET;
}

/* A text that must equal. Where the certificate's field was reported empty, `when_empty` says
 * whether that is an answer. */
static enum check_outcome text_field(const char *wanted, struct span got,
                                     enum check_outcome when_empty)
{
    if (wanted == NULL)
        return CHECK_MET;
    if (!span_known(got))
        return CHECK_UNKNOWN;
    if (span_empty(got))
        return when_empty;
    return outcome_of(span_equal(span_of(wanted), got));
}

/* What a name that was reported empty says: MTAs write that for what they cannot show. Outbound it
 * is the certificate itself that has none. */
static enum check_outcome when_missing(const struct check_input *input)
{
    return input->direction == DIRECTION_OUTBOUND ? CHECK_UNMET : CHECK_UNKNOWN;
}

/* Names that are presented: those of subjectAltName where there are any (RFC 9525, 6.3: the CN
 * does not count beside them), else the common name. A CN that is missing says nothing: the
 * MTAs report no subjectAltName. Outbound all of the certificate was seen. */
static enum check_outcome any_name(const struct check_input *input,
                                   bool (*fits)(const struct check_input *input, const void *wanted,
                                                struct span name),
                                   const void *wanted)
{
    const struct certificate_facts *certificate = &input->facts->certificate;

    for (size_t i = 0; i < certificate->alt_name_count; i++) {
        if (fits(input, wanted, certificate->alt_names[i]))
            return CHECK_MET;
    }
    if (certificate->has_alt_names || certificate->alt_name_count > 0)
        return CHECK_UNMET;
    if (span_empty(certificate->subject))
        return span_known(certificate->subject) ? when_missing(input) : CHECK_UNKNOWN;
    return outcome_of(fits(input, wanted, certificate->subject));
}

static bool fits_wanted(const struct check_input *input, const void *wanted, struct span name)
{
    return wanted_name_fits(wanted, name, input->direction == DIRECTION_OUTBOUND);
}

/* Without certificates in the file: a name that is one of `domains`, or below it; a wildcard that
 * is presented counts outbound only, as everywhere. */
static bool fits_domains(const struct check_input *input, const void *wanted, struct span name)
{
    struct domain domain;
    bool wildcard;

    (void)wanted;
    return presented_name_read(name, &wildcard, &domain) &&
           (!wildcard || input->direction == DIRECTION_OUTBOUND) &&
           connectors_owns_name(input->connectors, input->connector, &domain);
}

static enum check_outcome digest_field(enum pin_state state)
{
    switch (state) {
    case PIN_KNOWN:
        return CHECK_MET;
    case PIN_NO_CERTIFICATE:
        return CHECK_UNMET;
    case PIN_NOT_REPORTED:
    case PIN_OTHER_DIGEST:
        break;
    }
    return CHECK_UNKNOWN;
}

static enum check_outcome host_name_outcome(enum host_name host_name)
{
    if (host_name == HOST_NAME_NOT_REPORTED)
        return CHECK_UNKNOWN;
    return outcome_of(host_name == HOST_NAME_FITS);
}

static enum check_outcome name_outcome(const struct check_input *input,
                                       const struct certificate_entry *entry)
{
    if (entry->has_name)
        return any_name(input, fits_wanted, &entry->name);
    /* A chain alone says nothing of whose it is, and Postfix checks none without a name. */
    if (input->direction == DIRECTION_OUTBOUND && input->connector->level == LEVEL_SECURE &&
        !certificate_entry_has_pins(entry))
        return host_name_outcome(input->facts->certificate.host_name);
    return CHECK_MET;
}

static enum check_outcome issuer_outcome(const struct check_input *input,
                                         const struct certificate_entry *entry)
{
    return text_field(entry->issuer, input->facts->certificate.issuer, when_missing(input));
}

static enum check_outcome root_outcome(const struct check_input *input,
                                       const struct certificate_entry *entry)
{
    return text_field(entry->root, input->facts->certificate.root, CHECK_UNMET);
}

static enum check_outcome organization_outcome(const struct check_input *input,
                                               const struct certificate_entry *entry)
{
    return text_field(entry->organization, input->facts->certificate.organization, CHECK_UNMET);
}

static enum check_outcome unit_outcome(const struct check_input *input,
                                       const struct certificate_entry *entry)
{
    return text_field(entry->organizational_unit, input->facts->certificate.organizational_unit,
                      CHECK_UNMET);
}

static enum check_outcome key_bits_outcome(const struct check_input *input,
                                           const struct certificate_entry *entry)
{
    if (entry->key_bits == 0)
        return CHECK_MET;
    if (input->facts->certificate.key_bits <= 0)
        return CHECK_UNKNOWN;
    return outcome_of(input->facts->certificate.key_bits >= entry->key_bits);
}

/* One digest that must equal; whether the certificate's is known says its state. */
static enum check_outcome pin_outcome(const struct certificate_facts *certificate, bool public_key,
                                      const struct digest *wanted)
{
    enum check_outcome outcome =
        digest_field(public_key ? certificate->public_key_state : certificate->fingerprint_state);

    if (outcome != CHECK_MET)
        return outcome;
    return outcome_of(
        digest_equal(wanted, public_key ? &certificate->public_key : &certificate->fingerprint));
}

static enum check_outcome fingerprint_outcome(const struct check_input *input,
                                              const struct certificate_entry *entry)
{
    if (!entry->has_fingerprint)
        return CHECK_MET;
    return pin_outcome(&input->facts->certificate, false, &entry->fingerprint);
}

static enum check_outcome public_key_outcome(const struct check_input *input,
                                             const struct certificate_entry *entry)
{
    if (!entry->has_public_key)
        return CHECK_MET;
    return pin_outcome(&input->facts->certificate, true, &entry->public_key);
}

/* One pin that fits is enough; one that cannot be compared leaves it open. */
static enum check_outcome pin_file_outcome(const struct check_input *input,
                                           const struct certificate_entry *entry)
{
    enum check_outcome result = entry->pin_count > 0 ? CHECK_UNMET : CHECK_MET;

    for (size_t i = 0; i < entry->pin_count; i++) {
        const struct pin *pin = &entry->pins[i];
        enum check_outcome outcome =
            pin_outcome(&input->facts->certificate, pin->public_key, &pin->digest);

        if (outcome == CHECK_MET)
            return CHECK_MET;
        if (outcome == CHECK_UNKNOWN)
            result = CHECK_UNKNOWN;
    }
    return result;
}

static const struct field_row {
    enum certificate_field field;
    const char *word; /* the key in the file */
    enum check_outcome (*outcome)(const struct check_input *input,
                                  const struct certificate_entry *entry);
} fields[] = {
    { FIELD_NAME, "name", name_outcome },
    { FIELD_ISSUER, "issuer", issuer_outcome },
    { FIELD_ROOT, "root", root_outcome },
    { FIELD_ORGANIZATION, "organization", organization_outcome },
    { FIELD_ORGANIZATIONAL_UNIT, "organizational_unit", unit_outcome },
    { FIELD_KEY_BITS, "key_bits", key_bits_outcome },
    { FIELD_FINGERPRINT, "fingerprint", fingerprint_outcome },
    { FIELD_PUBLIC_KEY, "public_key", public_key_outcome },
    { FIELD_PIN_FILE, "pin_file", pin_file_outcome },
};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

/* An entry fits when every field does. A field that does not fit outweighs one that is not
 * known: more knowledge could not make this entry fit. */
static enum check_outcome entry_outcome(const struct check_input *input,
                                        const struct certificate_entry *entry,
                                        enum certificate_field *field)
{
    enum check_outcome result = CHECK_MET;

    *field = FIELD_NONE;
    if (input->connector->level == LEVEL_FINGERPRINT && !certificate_entry_has_pins(entry)) {
        *field = FIELD_FINGERPRINT;
        return CHECK_UNMET;
    }
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        enum check_outcome outcome = fields[i].outcome(input, entry);

        if (outcome == CHECK_MET || (outcome == CHECK_UNKNOWN && result == CHECK_UNKNOWN))
            continue;
        result = outcome;
        *field = fields[i].field;
        if (outcome == CHECK_UNMET)
            break;
    }
    return result;
}

/* The date that keeps the entry from counting; FIELD_NONE: it counts. */
static enum certificate_field entry_date(const struct certificate_entry *entry, int64_t now)
{
    static const enum certificate_field dates[] = {
        [ENTRY_ACTIVE] = FIELD_NONE, [ENTRY_NOT_YET] = FIELD_FROM, [ENTRY_PAST] = FIELD_UNTIL
    };

    return dates[certificate_entry_state(entry, now)];
}

/* How much an entry's result has to say: one that fits and counts, one that may fit, one that
 * would fit at another date, one that does not fit. */
static int entry_weight(enum check_outcome outcome, enum certificate_field date,
                        enum certificate_field field)
{
    if (date == FIELD_NONE && outcome == CHECK_MET)
        return 1000;
    if (date == FIELD_NONE && outcome == CHECK_UNKNOWN)
        return 900;
    if (outcome == CHECK_MET)
        return date == FIELD_UNTIL ? 800 : 700;
    if (outcome == CHECK_UNKNOWN)
        return 50;
    /* The further down the fields it came, the closer it is. */
    return (date == FIELD_NONE ? 100 : 0) + (int)field;
}

static enum reason field_reason(const struct check_input *input, enum certificate_field field)
{
    const struct certificate_facts *certificate = &input->facts->certificate;

    if (field == FIELD_KEY_BITS)
        return REASON_KEY_TOO_SMALL;
    if (field == FIELD_UNTIL)
        return REASON_CERTIFICATE_RETIRED;
    if ((field == FIELD_FINGERPRINT || field == FIELD_PIN_FILE || field == FIELD_PUBLIC_KEY) &&
        (certificate->fingerprint_state == PIN_NO_CERTIFICATE ||
         certificate->public_key_state == PIN_NO_CERTIFICATE))
        return REASON_NO_CERTIFICATE;
    return REASON_CERTIFICATE_MISMATCH;
}

static void check_default_name(const struct check_input *input, struct check_result *result)
{
    enum check_outcome outcome = any_name(input, fits_domains, NULL);

    result->entry = -1;
    result->field = outcome == CHECK_MET ? FIELD_NONE : FIELD_NAME;
    if (input->connector->level == LEVEL_FINGERPRINT) /* a name is no pin */
        check_unmet(result, REASON_CERTIFICATE_MISMATCH);
    else if (outcome == CHECK_MET)
        check_met(result);
    else if (outcome == CHECK_UNKNOWN)
        check_unknown(result);
    else
        check_unmet(result, REASON_CERTIFICATE_MISMATCH);
}

void certificate_check(const struct check_input *input, struct check_result *result)
{
    const struct connector *connector = input->connector;
    int best = -1;

    if (cipher_is_anonymous(input->facts->tls.cipher)) {
        check_unknown(result);
        return;
    }
    if (connector->certificate_count == 0) {
        check_default_name(input, result);
        return;
    }
    for (size_t i = 0; i < connector->certificate_count && best < 1000; i++) {
        const struct certificate_entry *entry = &connector->certificates[i];
        enum certificate_field field;
        enum certificate_field date = entry_date(entry, input->facts->now);
        enum check_outcome outcome = entry_outcome(input, entry, &field);
        int weight = entry_weight(outcome, date, field);

        if (weight <= best)
            continue;
        best = weight;
        result->entry = (int)i;
        result->field = outcome == CHECK_UNMET || date == FIELD_NONE ? field : date;
        if (outcome == CHECK_MET && date == FIELD_NONE)
            check_met(result);
        else if (outcome == CHECK_UNKNOWN && date == FIELD_NONE)
            check_unknown(result);
        else
            check_unmet(result, field_reason(input, result->field));
    }
}

const char *certificate_field_word(enum certificate_field field)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (fields[i].field == field)
            return fields[i].word;
    }
    if (field == FIELD_FROM)
        return "from";
    return field == FIELD_UNTIL ? "until" : "none";
}
