/* SPDX-License-Identifier: ISC */
/*
 * What a policy of Postfix has no word for. The rest of tls_policy.h is in tls_policy.c.
 */
#include "policy/tls_policy.h"

static bool wants_issuer(const struct certificate_entry *entry)
{
    return entry->issuer != NULL;
}

static bool wants_organization(const struct certificate_entry *entry)
{
    return entry->organization != NULL;
}

static bool wants_unit(const struct certificate_entry *entry)
{
    return entry->organizational_unit != NULL;
}

static bool wants_key_bits(const struct certificate_entry *entry)
{
    return entry->key_bits > 0;
}

static bool any_entry(const struct connector *connector,
                      bool (*wants)(const struct certificate_entry *entry))
{
    for (size_t i = 0; connector->level >= LEVEL_SECURE && i < connector->certificate_count; i++) {
        if (wants(&connector->certificates[i]))
            return true;
    }
    return false;
}

static bool excludes_tls13(const struct connector *connector)
{
    for (size_t i = 0; i < connector->exclude_ciphers.count; i++) {
        if (cipher_is_tls13(span_of(connector->exclude_ciphers.strings[i])))
            return true;
    }
    return false;
}

/* Pins that stand beside entries without any, or beside a chain. */
static bool pins_beside(const struct connector *connector)
{
    return connector->level == LEVEL_SECURE && any_entry(connector, certificate_entry_has_pins);
}

bool tls_policy_unsaid(const struct connector *connector, struct line *line)
{
    static const struct {
        const char *word;
        bool (*of_entry)(const struct certificate_entry *entry);
    } fields[] = {
        { "issuer", wants_issuer },
        { "organization", wants_organization },
        { "organizational_unit", wants_unit },
        { "key_bits", wants_key_bits },
    };
    size_t start = line->length;

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (any_entry(connector, fields[i].of_entry))
            line_add(line, ", %s", fields[i].word);
    }
    if (pins_beside(connector))
        line_add(line, ", pins together with a chain");
    if (connector->ciphers.count > 0)
        line_add(line, ", ciphers");
    if (excludes_tls13(connector))
        line_add(line, ", exclude_ciphers of TLSv1.3");
    if (connector->min_cipher_bits > 128)
        line_add(line, ", min_cipher_bits above 128 for TLSv1.3");
    return line->length > start;
}
