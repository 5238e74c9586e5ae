/* SPDX-License-Identifier: ISC */
/*
 * smtp_tls_policy_maps: our map has to be there, to lead to our socket, and to be the first.
 */
#include "config.h"

#include "policy/cli/check/postfix_tls_map.h"

#include <stdlib.h>
#include <string.h>

#include "policy/cli/check/postfix_command.h"
#include "policy/cli/check/postfix_list.h"

#define KEY "tls_policy_socket"
#define SMTP_MAPS "smtp_tls_policy_maps"
#define LMTP_MAPS "lmtp_tls_policy_maps"

static const char *our_socket(const struct postfix_case *given)
{
    return given->rules->settings.tls_policy_socket;
}

void map_walk_start(const struct postfix_case *given, struct map_walk *walk)
{
    walk->lmtp = false;
    place_walk_start(&walk->places, given->settings, kind_smtp, SMTP_MAPS);
}

/* "proxy:socketmap:unix:path:name": what is between the type and the name of the map. */
static bool split_map(struct span element, struct span *socket, bool *proxied)
{
    static const char type[] = "socketmap:";

    *proxied = span_starts_with(element, "proxy:");
    if (*proxied) {
        element.data += 6;
        element.length -= 6;
    }
    if (!span_starts_with(element, type))
        return false;
    *socket = (struct span){ element.data + strlen(type), element.length - strlen(type) };
    while (socket->length > 0 && socket->data[socket->length - 1] != ':')
        socket->length--;
    if (socket->length > 0)
        socket->length--;
    return socket->length > 0;
}

/* Whether proxymap(8) is chrooted (as packaged it is not). */
static void place_of_proxymap(const struct postfix_case *given, struct place *place)
{
    for (size_t i = 0; i < given->settings->service_count; i++) {
        const struct postfix_service *service = &given->settings->services[i];

        if (strcmp(service->command, "proxymap") == 0) {
            place->chrooted = service->chrooted;
            place->open = !service->chrooted;
        }
    }
}

static void find_map(const struct postfix_case *given, struct map_place *map)
{
    const char *rest = map->place.value;
    struct span element, socket;
    size_t count = 0;

    while (our_socket(given) != NULL && list_next(&rest, &element)) {
        struct place opener = map->place;
        enum meeting meeting;
        bool proxied;

        count++;
        if (!split_map(element, &socket, &proxied))
            continue;
        if (proxied)
            place_of_proxymap(given, &opener);
        meeting = postfix_meeting(given, &opener, our_socket(given), socket);
        if (meeting <= map->meeting)
            continue;
        map->meeting = meeting;
        map->element = element;
        map->socket = socket;
        map->proxied = proxied;
        map->first = count == 1;
    }
}

bool map_walk_next(const struct postfix_case *given, struct map_walk *walk, struct map_place *map)
{
    *map = (struct map_place){ .parameter = walk->lmtp ? LMTP_MAPS : SMTP_MAPS };
    while (place_walk_next(&walk->places, &map->place)) {
        if (walk->lmtp && *map->place.value == '\0')
            continue;
        find_map(given, map);
        return true;
    }
    if (walk->lmtp)
        return false;
    walk->lmtp = true;
    place_walk_start(&walk->places, given->settings, kind_lmtp, LMTP_MAPS);
    return map_walk_next(given, walk, map);
}

/* Without the key of forcetls.conf: as contrib has it. */
static char *type_key(const struct postfix_case *given)
{
    return command_format("# forcetls.conf: " KEY " = \"unix:%s/forcetls/tls-policy.sock\"",
                          postfix_queue_directory(given->settings));
}

static char *type_missing(const struct postfix_case *given, const struct map_place *map)
{
    char *advice = NULL, *name, *element = NULL, *value = NULL;

    if (our_socket(given) == NULL) {
        advice = type_key(given);
        name = command_format("unix:forcetls/tls-policy.sock");
    } else {
        name = postfix_reference(given, &map->place, KEY, our_socket(given), &advice);
    }
    if (name != NULL)
        element = command_format("socketmap:%s:forcetls", name);
    if (element != NULL)
        value = list_with_first(element, map->place.raw);
    free(element);
    free(name);
    return postfix_with_advice(
        advice, command_set_free(given->settings, map->place.service, map->parameter, value));
}

/* Without tls_policy_socket a note: there may be a table that forcetls export made.
 * lmtp(8) without our map: what it delivers to is hardly ever a partner. */
void check_map_missing(const struct postfix_case *given, const char *word)
{
    struct map_walk walk;
    struct map_place map;

    map_walk_start(given, &walk);
    while (map_walk_next(given, &walk, &map)) {
        if (map.meeting != MEETING_NONE || walk.lmtp)
            continue;
        postfix_say(given, our_socket(given) != NULL ? SEVERITY_WARNING : SEVERITY_NOTE, word,
                    map.place.service, type_missing(given, &map),
                    "%s does not ask forcetls%s: nothing holds what is already accepted for "
                    "partners (connector '%s')%s",
                    map.parameter,
                    our_socket(given) == NULL ? ", and forcetls.conf has no " KEY : "",
                    given->needs.outbound->name,
                    our_socket(given) == NULL ? ", but a table of forcetls export" : "");
    }
}

static void say_of(const struct postfix_case *given, const char *word, enum meeting meeting,
                   const char *but)
{
    struct map_walk walk;
    struct map_place map;

    map_walk_start(given, &walk);
    while (map_walk_next(given, &walk, &map)) {
        char *advice, *name, *value = NULL;

        if (map.meeting != meeting)
            continue;
        name = postfix_reference(given, &map.place, KEY, our_socket(given), &advice);
        if (name != NULL)
            value = list_with(map.place.value, map.socket, name);
        free(name);
        postfix_say(given, SEVERITY_WARNING, word, map.place.service,
                    postfix_with_advice(advice, command_set_free(given->settings, map.place.service,
                                                                 map.parameter, value)),
                    "forcetls is not reached: %s has '%.*s', %s '%s'", map.parameter,
                    (int)map.element.length, map.element.data, but, our_socket(given));
    }
}

void check_map_elsewhere(const struct postfix_case *given, const char *word)
{
    say_of(given, word, MEETING_NEAR, "and forcetls.conf has " KEY);
}

void check_map_unreachable(const struct postfix_case *given, const char *word)
{
    say_of(given, word, MEETING_CLOSED, "which from inside the chroot does not lead to " KEY);
}

static char *type_first(const struct postfix_case *given, const struct map_place *map)
{
    char *element = strndup(map->element.data, map->element.length), *value = NULL;
    char *rest = list_without(map->place.value, map->element);

    if (element != NULL && rest != NULL)
        value = list_with_first(element, rest);
    free(rest);
    free(element);
    return command_set_free(given->settings, map->place.service, map->parameter, value);
}

void check_map_first(const struct postfix_case *given, const char *word)
{
    struct map_walk walk;
    struct map_place map;

    map_walk_start(given, &walk);
    while (map_walk_next(given, &walk, &map)) {
        if (map.meeting == MEETING_NONE || map.first)
            continue;
        postfix_say(given, SEVERITY_WARNING, word, map.place.service, type_first(given, &map),
                    "forcetls is not the first in %s: what a map before it answers is not held to "
                    "the connector",
                    map.parameter);
    }
}
