/* SPDX-License-Identifier: ISC */
/*
 * What goes past the TLS policy map, or what it cannot do.
 */
#include "config.h"

#include "policy/cli/check/postfix_check.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/cli/check/postfix_command.h"
#include "policy/cli/check/postfix_list.h"
#include "policy/cli/check/postfix_not_served.h"
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
        postfix_say(given, MAP_SEVERITY, word, place.service,
                    map_type_later(command_set(given->settings, place.service, parameter, "")),
                    "%s has '%.*s', which is in no connector's next_hops: who blocks a partner's "
                    "own hosts has its mail sent there, over whatever TLS there is",
                    parameter, (int)hop.length, hop.data);
    }
}

void check_tls_required(const struct postfix_case *given, const char *word)
{
    static const char parameter[] = "tls_required_enable";

    if (postfix_is(given->settings, NULL, parameter, "yes"))
        postfix_say(given, MAP_SEVERITY, word, NULL,
                    map_type_later(command_set(given->settings, NULL, parameter, "no")),
                    "%s is 'yes': the header \"TLS-Required: No\" turns off every TLS policy for "
                    "a message, and whoever writes it can add it",
                    parameter);
}

static bool any_chrooted(const struct postfix_case *given)
{
    struct place_walk walk;
    struct place place;

    place_walk_start(&walk, given->settings, kind_smtp, "smtp_tls_policy_maps");
    while (place_walk_next(&walk, &place)) {
        if (place.chrooted)
            return true;
    }
    return false;
}

/* Whether a file can be opened inside the chroot: it lies there, or a copy of it does. */
static bool is_inside(const struct postfix_case *given, const char *path)
{
    const char *queue = postfix_value(given->settings, NULL, "queue_directory");
    char copy[PATH_MAX];

    if (endpoint_below_queue(given->settings, path) != NULL)
        return true;
    (void)snprintf(copy, sizeof(copy), "%s%s", queue != NULL ? queue : "/var/spool/postfix", path);
    return access(copy, F_OK) == 0;
}

static char *type_copy(const struct postfix_case *given, const char *path)
{
    const char *queue = postfix_value(given->settings, NULL, "queue_directory");
    char *copy = command_format("%s%s", queue != NULL ? queue : "/var/spool/postfix", path);
    char *from = command_quoted(path), *to = command_quoted(copy), *text = NULL;

    if (from != NULL && to != NULL)
        text = command_format("install -D -m 644 %s %s", from, to);
    free(to);
    free(from);
    free(copy);
    return map_type_later(text);
}

/* Of the connectors whose trust_store smtp(8) opens: the next one from `*index` on. */
static const struct connector *next_with_store(const struct connectors *connectors, size_t *index)
{
    while (*index < connectors_count(connectors)) {
        const struct connector *connector = connectors_get(connectors, (uint32_t)(*index)++);

        if (connector->directions[DIRECTION_OUTBOUND] && connector->level >= LEVEL_VERIFY &&
            connector->trust_store != NULL)
            return connector;
    }
    return NULL;
}

/* How many others have the same one; none where an earlier one has. */
static bool count_others(const struct connectors *connectors, const struct connector *first,
                         size_t *others)
{
    const struct connector *connector;
    bool behind = false;
    size_t index = 0;

    *others = 0;
    while ((connector = next_with_store(connectors, &index)) != NULL) {
        bool same = strcmp(connector->trust_store, first->trust_store) == 0;

        if (same && !behind && connector != first)
            return false;
        behind |= connector == first;
        *others += same && connector != first;
    }
    return true;
}

/* One store; a relative name is one from here. */
static void look_at_store(const struct postfix_case *given, const char *word,
                          const struct connector *connector, size_t others)
{
    char *absolute = realpath(connector->trust_store, NULL), more[40] = "";
    const char *path = absolute != NULL ? absolute : connector->trust_store;

    if (others > 0)
        (void)snprintf(more, sizeof(more), " and %zu more", others);
    if (!is_inside(given, path))
        postfix_say_of(
            given, MAP_SEVERITY, word, path, type_copy(given, path),
            "trust_store of connector '%s'%s is not inside the chroot of smtp(8): with the "
            "TLS policy map, mail to the partner waits" MAP_NOT_SERVED,
            connector->name, more);
    free(absolute);
}

void check_trust_store(const struct postfix_case *given, const char *word)
{
    const struct connectors *connectors = given->rules->connectors;
    const struct connector *connector;
    size_t index = 0, others;

    if (!any_chrooted(given))
        return;
    while ((connector = next_with_store(connectors, &index)) != NULL) {
        if (count_others(connectors, connector, &others))
            look_at_store(given, word, connector, others);
    }
}
