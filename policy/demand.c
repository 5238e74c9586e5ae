/* SPDX-License-Identifier: ISC */
/*
 * Each check is a function of the connector and the facts. The table says in which order they
 * run, from which level on, and which of them end the trail when they are not met: what comes
 * behind those speaks of a session or a certificate that is not there.
 */
#include "policy/demand.h"

#include <stddef.h>

struct context {
    const struct connectors *connectors;
    const struct connector *connector;
    const struct facts *facts;
    enum direction direction;
};

static void met(struct check_result *result)
{
    result->outcome = CHECK_MET;
    result->reason = REASON_NONE;
}

static void unmet(struct check_result *result, enum reason reason)
{
    result->outcome = CHECK_UNMET;
    result->reason = reason;
}

static void unknown(struct check_result *result)
{
    result->outcome = CHECK_UNKNOWN;
    result->reason = REASON_NOT_REPORTED;
}

static void check_client(const struct context *context, struct check_result *result)
{
    if (network_list_contains(&context->connector->client_networks, &context->facts->client))
        met(result);
    else if (context->facts->client.family == 0)
        unknown(result);
    else
        unmet(result, REASON_CLIENT_NOT_ALLOWED);
}

static void check_encrypted(const struct context *context, struct check_result *result)
{
    switch (context->facts->tls.state) {
    case TLS_ENCRYPTED:
        met(result);
        break;
    case TLS_PLAIN:
        unmet(result, REASON_NO_TLS);
        break;
    case TLS_NOT_REPORTED:
        unknown(result);
        break;
    }
}

static void check_protocol(const struct context *context, struct check_result *result)
{
    const struct tls_facts *tls = &context->facts->tls;

    if (tls->protocol == PROTOCOL_UNKNOWN || !cipher_agrees(tls->cipher, tls->protocol))
        unknown(result);
    else if (tls->protocol < context->connector->min_protocol)
        unmet(result, REASON_PROTOCOL_TOO_OLD);
    else
        met(result);
}

static void check_cipher_bits(const struct context *context, struct check_result *result)
{
    const struct tls_facts *tls = &context->facts->tls;

    if (cipher_is_null(tls->cipher) || tls->cipher_bits == 0)
        unmet(result, REASON_CIPHER_TOO_WEAK);
    else if (span_empty(tls->cipher) || tls->cipher_bits < 0)
        unknown(result);
    else if (tls->cipher_bits < context->connector->min_cipher_bits)
        unmet(result, REASON_CIPHER_TOO_WEAK);
    else
        met(result);
}

static void check_forward_secrecy(const struct context *context, struct check_result *result)
{
    const struct tls_facts *tls = &context->facts->tls;

    switch (cipher_forward_secrecy(tls->cipher, tls->protocol)) {
    case FORWARD_SECRECY_YES:
        met(result);
        break;
    case FORWARD_SECRECY_NO:
        unmet(result, REASON_NO_FORWARD_SECRECY);
        break;
    case FORWARD_SECRECY_UNKNOWN:
        unknown(result);
        break;
    }
}

static bool cipher_in(const struct string_list *list, struct span cipher)
{
    for (size_t i = 0; i < list->count; i++) {
        if (cipher_equal(span_of(list->strings[i]), cipher))
            return true;
    }
    return false;
}

static void check_cipher(const struct context *context, struct check_result *result)
{
    const struct connector *connector = context->connector;
    struct span cipher = context->facts->tls.cipher;

    if (span_empty(cipher))
        unknown(result);
    else if (cipher_in(&connector->exclude_ciphers, cipher) ||
             (connector->ciphers.count > 0 && !cipher_in(&connector->ciphers, cipher)))
        unmet(result, REASON_CIPHER_NOT_ALLOWED);
    else
        met(result);
}

static void check_trusted(const struct context *context, struct check_result *result)
{
    switch (context->facts->certificate.trust) {
    case TRUST_TRUSTED:
        /* Anonymous suites have no certificates: then one of the two reports is wrong. */
        if (cipher_is_anonymous(context->facts->tls.cipher))
            unknown(result);
        else
            met(result);
        break;
    case TRUST_NO_CERTIFICATE:
        unmet(result, REASON_NO_CERTIFICATE);
        break;
    case TRUST_UNTRUSTED:
        unmet(result, REASON_CERTIFICATE_NOT_TRUSTED);
        break;
    case TRUST_NONE_OR_UNTRUSTED:
        unmet(result, REASON_NO_TRUSTED_CERTIFICATE);
        break;
    case TRUST_NOT_REPORTED:
        unknown(result);
        break;
    }
}

/*
 * The fields of a certificates entry. Each gives its outcome; the fields that an entry does not
 * mention are met.
 */

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

/* Names that are presented: those of subjectAltName where there are any (RFC 9525, 6.3: the CN
 * does not count beside them), else the common name. A CN that is missing says nothing: the
 * MTAs report no subjectAltName. */
static enum check_outcome any_name(const struct context *context,
                                   bool (*fits)(const struct context *context, const void *wanted,
                                                struct span name),
                                   const void *wanted)
{
    const struct certificate_facts *certificate = &context->facts->certificate;

    for (size_t i = 0; i < certificate->alt_name_count; i++) {
        if (fits(context, wanted, certificate->alt_names[i]))
            return CHECK_MET;
    }
    if (certificate->alt_name_count > 0)
        return CHECK_UNMET;
    if (span_empty(certificate->subject))
        return CHECK_UNKNOWN;
    return outcome_of(fits(context, wanted, certificate->subject));
}

static bool fits_wanted(const struct context *context, const void *wanted, struct span name)
{
    return wanted_name_fits(wanted, name, context->direction == DIRECTION_OUTBOUND);
}

/* Without certificates in the file: a name that is one of `domains`, or below it. */
static bool fits_domains(const struct context *context, const void *wanted, struct span name)
{
    struct domain domain;
    bool wildcard;

    (void)wanted;
    return presented_name_read(name, &wildcard, &domain) &&
           connectors_owns_name(context->connectors, context->connector, &domain);
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

static enum check_outcome name_outcome(const struct context *context,
                                       const struct certificate_entry *entry)
{
    return entry->has_name ? any_name(context, fits_wanted, &entry->name) : CHECK_MET;
}

static enum check_outcome issuer_outcome(const struct context *context,
                                         const struct certificate_entry *entry)
{
    return text_field(entry->issuer, context->facts->certificate.issuer, CHECK_UNKNOWN);
}

static enum check_outcome root_outcome(const struct context *context,
                                       const struct certificate_entry *entry)
{
    return text_field(entry->root, context->facts->certificate.root, CHECK_UNMET);
}

static enum check_outcome organization_outcome(const struct context *context,
                                               const struct certificate_entry *entry)
{
    return text_field(entry->organization, context->facts->certificate.organization,
                      CHECK_UNMET);
}

static enum check_outcome unit_outcome(const struct context *context,
                                       const struct certificate_entry *entry)
{
    return text_field(entry->organizational_unit,
                      context->facts->certificate.organizational_unit, CHECK_UNMET);
}

static enum check_outcome key_bits_outcome(const struct context *context,
                                           const struct certificate_entry *entry)
{
    if (entry->key_bits == 0)
        return CHECK_MET;
    if (context->facts->certificate.key_bits <= 0)
        return CHECK_UNKNOWN;
    return outcome_of(context->facts->certificate.key_bits >= entry->key_bits);
}

static enum check_outcome fingerprint_outcome(const struct context *context,
                                              const struct certificate_entry *entry)
{
    const struct certificate_facts *certificate = &context->facts->certificate;
    enum check_outcome outcome = digest_field(certificate->fingerprint_state);

    if (!entry->has_fingerprint || outcome != CHECK_MET)
        return entry->has_fingerprint ? outcome : CHECK_MET;
    return outcome_of(digest_equal(&certificate->fingerprint, &entry->fingerprint));
}

static enum check_outcome public_key_outcome(const struct context *context,
                                             const struct certificate_entry *entry)
{
    const struct certificate_facts *certificate = &context->facts->certificate;
    enum check_outcome outcome = digest_field(certificate->public_key_state);

    if (!entry->has_public_key || outcome != CHECK_MET)
        return entry->has_public_key ? outcome : CHECK_MET;
    return outcome_of(digest_equal(&certificate->public_key, &entry->public_key));
}

/* One pin that fits is enough; one that cannot be compared leaves it open. */
static enum check_outcome pin_file_outcome(const struct context *context,
                                           const struct certificate_entry *entry)
{
    const struct certificate_facts *certificate = &context->facts->certificate;
    enum check_outcome result = entry->pin_count > 0 ? CHECK_UNMET : CHECK_MET;

    for (size_t i = 0; i < entry->pin_count; i++) {
        const struct pin *pin = &entry->pins[i];
        enum check_outcome outcome = digest_field(
            pin->public_key ? certificate->public_key_state : certificate->fingerprint_state);

        if (outcome == CHECK_MET &&
            digest_equal(&pin->digest, pin->public_key ? &certificate->public_key
                                                       : &certificate->fingerprint))
            return CHECK_MET;
        if (outcome == CHECK_UNKNOWN)
            result = CHECK_UNKNOWN;
    }
    return result;
}

static const struct field_row {
    enum certificate_field field;
    const char *word; /* the key in the file */
    enum check_outcome (*outcome)(const struct context *context,
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
static enum check_outcome entry_outcome(const struct context *context,
                                        const struct certificate_entry *entry,
                                        enum certificate_field *field)
{
    enum check_outcome result = CHECK_MET;

    *field = FIELD_NONE;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        enum check_outcome outcome = fields[i].outcome(context, entry);

        if (outcome == CHECK_MET || (outcome == CHECK_UNKNOWN && result == CHECK_UNKNOWN))
            continue;
        result = outcome;
        *field = fields[i].field;
        if (outcome == CHECK_UNMET)
            break;
    }
    return result;
}

/* Whether the entry's date lets it count; FIELD_NONE: it does. */
static enum certificate_field entry_date(const struct certificate_entry *entry, int64_t now)
{
    if (now < entry->from)
        return FIELD_FROM;
    return now < entry->until ? FIELD_NONE : FIELD_UNTIL;
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
    /* The further down the fields it came, the closer it is. */
    return (date == FIELD_NONE ? 100 : 0) + (outcome == CHECK_UNMET ? (int)field : 0);
}

static enum reason field_reason(const struct context *context, enum certificate_field field)
{
    const struct certificate_facts *certificate = &context->facts->certificate;

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

static void check_default_name(const struct context *context, struct check_result *result)
{
    enum check_outcome outcome = any_name(context, fits_domains, NULL);

    result->entry = -1;
    result->field = outcome == CHECK_MET ? FIELD_NONE : FIELD_NAME;
    if (outcome == CHECK_MET)
        met(result);
    else if (outcome == CHECK_UNKNOWN)
        unknown(result);
    else
        unmet(result, REASON_CERTIFICATE_MISMATCH);
}

static void check_certificate(const struct context *context, struct check_result *result)
{
    const struct connector *connector = context->connector;
    int best = -1;

    if (cipher_is_anonymous(context->facts->tls.cipher)) {
        unknown(result);
        return;
    }
    if (connector->certificate_count == 0) {
        check_default_name(context, result);
        return;
    }
    for (size_t i = 0; i < connector->certificate_count && best < 1000; i++) {
        const struct certificate_entry *entry = &connector->certificates[i];
        enum certificate_field field;
        enum certificate_field date = entry_date(entry, context->facts->now);
        enum check_outcome outcome = entry_outcome(context, entry, &field);
        int weight = entry_weight(outcome, date, field);

        if (weight <= best)
            continue;
        best = weight;
        result->entry = (int)i;
        result->field = outcome == CHECK_MET ? date : field;
        if (outcome == CHECK_MET && date == FIELD_NONE)
            met(result);
        else if (outcome == CHECK_UNKNOWN && date == FIELD_NONE)
            unknown(result);
        else
            unmet(result, field_reason(context, result->field));
    }
}

/* Which demands a connector makes at all. */

static bool always(const struct connector *connector)
{
    (void)connector;
    return true;
}

static bool wants_client(const struct connector *connector)
{
    return connector->client_networks.count > 0;
}

static bool wants_forward_secrecy(const struct connector *connector)
{
    return connector->forward_secrecy;
}

static bool wants_cipher(const struct connector *connector)
{
    return connector->ciphers.count > 0 || connector->exclude_ciphers.count > 0;
}

static bool wants_trusted(const struct connector *connector)
{
    return connector->level == LEVEL_VERIFY || connector->level == LEVEL_SECURE;
}

static bool wants_certificate(const struct connector *connector)
{
    return connector->level == LEVEL_SECURE || connector->level == LEVEL_FINGERPRINT;
}

static const struct check_row {
    enum check check;
    const char *word;
    bool inbound_only;
    bool ends_trail; /* not met: what comes behind is not looked at */
    bool (*wanted)(const struct connector *connector);
    void (*run)(const struct context *context, struct check_result *result);
} checks[CHECKS] = {
    { CHECK_CLIENT, "client", true, false, wants_client, check_client },
    { CHECK_ENCRYPTED, "encrypted", false, true, always, check_encrypted },
    { CHECK_PROTOCOL, "protocol", false, false, always, check_protocol },
    { CHECK_CIPHER_BITS, "cipher-bits", false, false, always, check_cipher_bits },
    { CHECK_FORWARD_SECRECY, "forward-secrecy", false, false, wants_forward_secrecy,
      check_forward_secrecy },
    { CHECK_CIPHER, "cipher", false, false, wants_cipher, check_cipher },
    { CHECK_TRUSTED, "trusted", false, true, wants_trusted, check_trusted },
    { CHECK_CERTIFICATE, "certificate", false, false, wants_certificate, check_certificate },
};

const char *check_word(enum check check)
{
    return checks[check].word;
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

void demand_check(const struct connectors *connectors, const struct connector *connector,
                  const struct facts *facts, enum direction direction, struct trail *trail)
{
    struct context context = { connectors, connector, facts, direction };

    trail->count = 0;
    if (connector->level == LEVEL_MAY)
        return;
    for (size_t i = 0; i < CHECKS; i++) {
        struct check_result *result = &trail->results[trail->count];

        if (!checks[i].wanted(connector) ||
            (checks[i].inbound_only && direction != DIRECTION_INBOUND))
            continue;
        *result = (struct check_result){ .check = checks[i].check, .entry = -1 };
        checks[i].run(&context, result);
        trail->count++;
        if (checks[i].ends_trail && result->outcome != CHECK_MET)
            return;
    }
}
