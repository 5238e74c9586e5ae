/* SPDX-License-Identifier: ISC */
/*
 * Connectors that share a next hop, or by their local_domains a domain: Postfix asks its TLS policy
 * map by the next hop alone, so what they demand of it has to be satisfied together.
 */
#include <stdio.h>

#include "policy/conf/draft.h"
#include "policy/tls_policy.h"

static struct place place_of(const struct reader *reader, const struct connector *connector)
{
    for (size_t i = 0; i < reader->known_count; i++) {
        if (reader->known[i].connector == connector)
            return reader->known[i].place;
    }
    return reader_place(reader, NULL);
}

static const char *name_of(const struct connector *connector)
{
    return connector->name != NULL ? connector->name : "?";
}

/* At the later one of the two. */
static void report_clash(struct reader *reader, const struct tls_policy_clash *clash,
                         const char *key)
{
    const struct connector *first = clash->first, *second = clash->second;
    struct place here, there;
    char where[PLACE_SIZE], too[PLACE_SIZE];

    if (place_of(reader, first).order > place_of(reader, second).order) {
        first = clash->second;
        second = clash->first;
    }
    here = place_of(reader, second);
    there = place_of(reader, first);
    place_format(&there, &here, where);
    place_format(&here, &here, too);
    report_add(&reader->report, SEVERITY_ERROR, here, span_of(key),
               "two connectors ask different things of one next hop: %s (%s) and %s (%s): %s",
               name_of(first), where, name_of(second), too, clash->sentence);
}

/* Each clash comes once for each of the two connectors: one of them reports it. */
static void check_next_hops(struct reader *reader, const struct connector *connector)
{
    struct tls_policy_clash clash;

    for (size_t i = 0; i < connector->next_hops.count; i++) {
        const char *key = connector->next_hops.strings[i];

        if (!tls_policy_fits(reader->rules, span_of(key), reader->now, &clash) &&
            clash.first == connector)
            report_clash(reader, &clash, key);
    }
    if (connector->next_hops.count > 0 && connector->domain_count > CONNECTOR_NAMES_MOST &&
        connector->level == LEVEL_SECURE && connector->certificate_count == 0)
        report_add(&reader->report, SEVERITY_ERROR, place_of(reader, connector),
                   span_of(connector->next_hops.strings[0]),
                   "level secure without certificates expects the names of the domains, and %d are "
                   "the most that the TLS policy of a next hop can list",
                   CONNECTOR_NAMES_MOST);
}

static void check_domain(void *data, enum pattern_kind kind, const char *name, uint32_t value)
{
    struct reader *reader = data;
    const struct connector *connector = connectors_get(reader->rules->connectors, value);
    char key[DOMAIN_MAX + 3];
    struct tls_policy_clash clash;

    if (connector->local_domains == NULL || kind == PATTERN_ANY)
        return;
    (void)snprintf(key, sizeof(key), "%s%s", kind == PATTERN_BELOW ? "a." : "", name);
    if (tls_policy_fits(reader->rules, span_of(key), reader->now, &clash))
        return;
    if (clash.first == connector ||
        (clash.first->local_domains == NULL && clash.second == connector))
        report_clash(reader, &clash, key);
}

void check_policies(struct reader *reader)
{
    struct connectors *connectors = reader->rules->connectors;

    if (!reader_is_set(reader, "tls_policy_socket") || reader->report.errors > 0)
        return;
    for (uint32_t i = 0; i < connectors_count(connectors); i++) {
        const struct connector *connector = connectors_get(connectors, i);

        if (connector->directions[DIRECTION_OUTBOUND])
            check_next_hops(reader, connector);
    }
    domain_table_each(connectors_table(connectors, DIRECTION_OUTBOUND), check_domain, reader);
}
