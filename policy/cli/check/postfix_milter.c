/* SPDX-License-Identifier: ISC */
/*
 * Whether each smtpd(8) that other hosts reach asks forcetls-milter.
 */
#include "config.h"

#include "policy/cli/check/postfix_check.h"

#include <stdlib.h>
#include <strings.h>

#include "policy/cli/check/postfix_command.h"
#include "policy/cli/check/postfix_list.h"

#define MILTERS "smtpd_milters"

/* The element of a list of milters that comes closest to ours. */
static enum meeting best_of(const struct postfix_case *given, const struct place *place,
                            struct span *best)
{
    const char *rest = place->value;
    enum meeting meeting = MEETING_NONE;
    struct span element;

    while (list_next(&rest, &element)) {
        enum meeting found =
            postfix_meeting(given, place, given->rules->settings.milter_socket, list_name(element));

        if (found > meeting) {
            meeting = found;
            *best = element;
        }
    }
    return meeting;
}

/* The same list with our socket in the place of `old`, or first where that is NULL. */
static char *type_milters(const struct postfix_case *given, const struct place *place,
                          const struct span *old)
{
    bool is_disabled = strcasecmp(place->value, "DISABLE") == 0; /* for smtpd the same as empty */
    char *advice, *value = NULL, *reference;

    reference = postfix_reference(given, place, "milter_socket",
                                  given->rules->settings.milter_socket, &advice);
    if (reference != NULL)
        value = old != NULL ? list_with(place->value, list_name(*old), reference)
                            : list_with_first(reference, is_disabled ? "" : place->raw);
    free(reference);
    return postfix_with_advice(advice,
                               command_set_free(given->settings, place->service, MILTERS, value));
}

/* Our own users are exempt anyway where the file says so. */
static enum severity severity_of(const struct postfix_case *given, const struct place *place)
{
    return place->service != NULL && service_is_submission(place->service) &&
                   given->rules->settings.inbound_exempt_authenticated
               ? SEVERITY_NOTE
               : SEVERITY_WARNING;
}

void check_milter_attached(const struct postfix_case *given, const char *word)
{
    struct place_walk walk;
    struct place place;
    struct span best;

    place_walk_start(&walk, given->settings, kind_remote, MILTERS);
    while (place_walk_next(&walk, &place)) {
        if (best_of(given, &place, &best) != MEETING_NONE)
            continue;
        postfix_say(given, severity_of(given, &place), word, place.service,
                    type_milters(given, &place, NULL),
                    MILTERS " is '%s', without forcetls: mail that comes in there is not judged",
                    place.value);
    }
}

/* The places whose element that comes closest is as far away as that. */
static void say_of(const struct postfix_case *given, const char *word, enum meeting meeting,
                   const char *but)
{
    struct place_walk walk;
    struct place place;
    struct span best = { NULL, 0 };

    place_walk_start(&walk, given->settings, kind_remote, MILTERS);
    while (place_walk_next(&walk, &place)) {
        struct span name;

        if (best_of(given, &place, &best) != meeting)
            continue;
        name = list_name(best);
        postfix_say(given, SEVERITY_WARNING, word, place.service,
                    type_milters(given, &place, &best),
                    "forcetls is not reached: " MILTERS " has '%.*s', %s '%s'", (int)name.length,
                    name.data, but, given->rules->settings.milter_socket);
    }
}

void check_milter_elsewhere(const struct postfix_case *given, const char *word)
{
    say_of(given, word, MEETING_NEAR, "and forcetls.conf has milter_socket");
}

void check_milter_unreachable(const struct postfix_case *given, const char *word)
{
    say_of(given, word, MEETING_CLOSED,
           "which from inside the chroot does not lead to milter_socket");
}

void check_no_milters(const struct postfix_case *given, const char *word)
{
    static const char parameter[] = "receive_override_options";
    struct place_walk walk;
    struct place place;

    place_walk_start(&walk, given->settings, kind_remote, parameter);
    while (place_walk_next(&walk, &place)) {
        if (!list_has(place.value, "no_milters"))
            continue;
        postfix_say(given, SEVERITY_WARNING, word, place.service,
                    command_set_free(given->settings, place.service, parameter,
                                     list_without_word(place.value, "no_milters")),
                    "%s has no_milters: mail that comes in there is not judged", parameter);
    }
}
