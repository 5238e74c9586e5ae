/* SPDX-License-Identifier: ISC */
/*
 * What goes past the TLS policy map, or what it cannot do.
 */
#include "config.h"

#include "policy/cli/check/postfix_check.h"

#include "policy/cli/check/postfix_command.h"
#include "policy/cli/check/postfix_list.h"
#include "policy/connectors.h"

/* Whether a connector of ours has demands for a next hop that is one of its next_hops. */
static bool is_next_hop(const struct connectors *connectors, struct span hop)
{
    for (size_t i = 0; i < connectors_count(connectors); i++) {
        const struct connector *connector = connectors_get(connectors, (uint32_t)i);

        for (size_t k = 0; k < connector->next_hops.count && connector->level != LEVEL_MAY; k++) {
            if (span_equal_nocase(span_of(connector->next_hops.strings[k]), hop))
                return true;
        }
    }
    return false;
}

/* Or for one that is a domain, whose MX is asked for. */
static bool is_partner(const struct connectors *connectors, struct span hop)
{
    struct domain domain;
    struct domain_walk walk;

    domain_set(&domain, hop);
    if (!domain_is_hostname(&domain))
        return false;
    domain_walk_start(&walk, connectors_table(connectors, DIRECTION_OUTBOUND), &domain);
    while (domain_walk_next(&walk)) {
        if (walk.fits)
            return connectors_get(connectors, walk.value)->level != LEVEL_MAY;
    }
    return false;
}

static bool first_uncovered(const struct postfix_case *given, const char *list, struct span *hop)
{
    const struct connectors *connectors = given->rules->connectors;

    while (list_next(&list, hop)) {
        if (!is_next_hop(connectors, *hop) && !is_partner(connectors, *hop))
            return true;
    }
    return false;
}

void check_fallback_relay(const struct postfix_case *given, const char *word)
{
    static const char parameter[] = "smtp_fallback_relay";
    struct place_walk walk;
    struct place place;
    struct span hop;

    place_walk_start(&walk, given->settings, kind_smtp, parameter);
    while (place_walk_next(&walk, &place)) {
        if (!first_uncovered(given, place.value, &hop))
            continue;
        postfix_say(given, SEVERITY_WARNING, word, place.service,
                    command_set(given->settings, place.service, parameter, ""),
                    "%s has '%.*s', which is in no connector's next_hops: who blocks a partner's "
                    "own hosts has its mail sent there, over whatever TLS there is",
                    parameter, (int)hop.length, hop.data);
    }
}

void check_tls_required(const struct postfix_case *given, const char *word)
{
    static const char parameter[] = "tls_required_enable";

    if (postfix_is(given->settings, NULL, parameter, "yes"))
        postfix_say(given, SEVERITY_WARNING, word, NULL,
                    command_set(given->settings, NULL, parameter, "no"),
                    "%s is 'yes': the header \"TLS-Required: No\" turns off every TLS policy for "
                    "a message, and whoever writes it can add it",
                    parameter);
}
