/* SPDX-License-Identifier: ISC */
/*
 * What tells forcetls about pins: the policy service line, and what it depends on.
 *
 * Any of smtpd's lists does, since with smtpd_delay_reject all of them are gone through at RCPT,
 * and what one of them permits the next one still sees. smtpd_sender_restrictions is ours.
 */
#include "config.h"

#include "policy/cli/check/postfix_check.h"

#include <stdlib.h>

#include "policy/cli/check/postfix_command.h"
#include "policy/cli/check/postfix_list.h"

#define KEY "smtpd_policy_socket"
#define SENDER_LIST "smtpd_sender_restrictions"

static const struct list_row {
    const char *parameter;
    bool early; /* with smtpd_delay_reject=no: before RCPT */
} lists[] = {
    { SENDER_LIST, true },
    { "smtpd_client_restrictions", true },
    { "smtpd_helo_restrictions", true },
    { "smtpd_relay_restrictions", false },
    { "smtpd_recipient_restrictions", false },
};

#define LISTS (sizeof(lists) / sizeof(lists[0]))

/* Our line in one of the lists of a service. */
struct feed {
    const struct list_row *list;
    struct place place;   /* of that list */
    struct span service;  /* "unix:forcetls/policy.sock" or "{ unix:..., timeout=5s }" */
    struct span both;     /* with the check_policy_service in front of it */
    enum meeting meeting; /* MEETING_NONE: there is none */
    bool first;
};

struct feed_walk {
    struct place_walk places;
    bool told[LISTS]; /* of main.cf's */
};

static const char *our_socket(const struct postfix_case *given)
{
    return given->rules->settings.smtpd_policy_socket;
}

/* Without the socket there is nothing to attach, which the configuration's own warnings say. */
static bool has_feed(const struct postfix_case *given)
{
    return our_socket(given) != NULL;
}

/* The list as this service, and those that have all lists from the same places, sees it. */
static void place_for(const struct postfix_case *given, const struct place *senders,
                      const char *parameter, struct place *place)
{
    place_of_service(place, given->settings, senders->example, parameter);
    place->chrooted = senders->chrooted;
    place->open = senders->open;
}

/* The line in one list that comes closest, the first one of those. */
static void find_in(const struct postfix_case *given, const struct list_row *list,
                    const struct place *place, struct feed *best)
{
    const char *rest = place->value;
    struct span element, previous = { NULL, 0 };
    size_t count = 0;

    while (rest != NULL && list_next(&rest, &element)) {
        count++;
        if (span_equal_nocase(previous, span_of("check_policy_service"))) {
            struct feed feed = { .list = list, .place = *place, .service = element };

            feed.meeting = postfix_meeting(given, place, our_socket(given), list_name(element));
            feed.first = count == 2;
            feed.both = (struct span){ previous.data,
                                       (size_t)(element.data + element.length - previous.data) };
            if (feed.meeting > best->meeting ||
                (feed.meeting == best->meeting && feed.first && !best->first))
                *best = feed;
        }
        previous = element;
    }
}

static void find_feed(const struct postfix_case *given, const struct place *senders,
                      struct feed *feed)
{
    *feed = (struct feed){ .meeting = MEETING_NONE };
    for (size_t i = 0; i < LISTS; i++) {
        struct place place;

        place_for(given, senders, lists[i].parameter, &place);
        find_in(given, &lists[i], &place, feed);
    }
    if (feed->meeting == MEETING_NONE)
        *feed = (struct feed){ .list = &lists[0], .place = *senders };
}

/* What a service has from main.cf all the same is told once. */
static bool is_told(struct feed_walk *walk, const struct place *senders, const struct feed *feed)
{
    bool *told = &walk->told[feed->list - lists], before = *told;

    if (feed->meeting == MEETING_NONE && place_of(senders->example, SENDER_LIST) != NULL)
        return false;
    if (feed->meeting != MEETING_NONE && feed->place.service != NULL)
        return false;
    if (senders->service == NULL || feed->meeting != MEETING_NONE)
        *told = true;
    return before;
}

/* One feed for main.cf's lists, and one for each service that has one of them for itself. */
static bool feed_next(const struct postfix_case *given, struct feed_walk *walk, struct feed *feed)
{
    struct place senders;

    do {
        if (!has_feed(given) || !place_walk_next(&walk->places, &senders))
            return false;
        find_feed(given, &senders, feed);
    } while (is_told(walk, &senders, feed));
    return true;
}

static void feed_start(const struct postfix_case *given, struct feed_walk *walk)
{
    static const char *const others[] = { "smtpd_client_restrictions", "smtpd_helo_restrictions",
                                          "smtpd_relay_restrictions",
                                          "smtpd_recipient_restrictions", NULL };

    *walk = (struct feed_walk){ .told = { false } };
    place_walk_start_all(&walk->places, given->settings, kind_partners, SENDER_LIST, others);
}

static char *type_first(const struct postfix_case *given, const struct feed *feed, const char *line,
                        const char *list)
{
    char *value = line != NULL && list != NULL ? list_with_first(line, list) : NULL;

    return command_set_free(given->settings, feed->place.service, feed->list->parameter, value);
}

static char *type_missing(const struct postfix_case *given, const struct feed *feed)
{
    char *advice, *line = NULL, *type;
    char *name = postfix_reference(given, &feed->place, KEY, our_socket(given), &advice);

    if (name != NULL)
        line =
            command_format("check_policy_service { %s, timeout=5s, default_action=DUNNO }", name);
    type = postfix_with_advice(advice, type_first(given, feed, line, feed->place.raw));
    free(line);
    free(name);
    return type;
}

void check_policy_missing(const struct postfix_case *given, const char *word)
{
    struct feed_walk walk;
    struct feed feed;

    feed_start(given, &walk);
    while (feed_next(given, &walk, &feed)) {
        if (feed.meeting == MEETING_NONE)
            postfix_say(given, SEVERITY_WARNING, word, feed.place.service,
                        type_missing(given, &feed),
                        "no check_policy_service for forcetls in %s: fingerprints are not "
                        "reported, and connector '%s' answers 451",
                        feed.list->parameter, given->needs.pins->name);
    }
}

/* The line with the name that leads to our socket. */
static char *type_renamed(const struct postfix_case *given, const struct feed *feed)
{
    char *advice, *value = NULL;
    char *name = postfix_reference(given, &feed->place, KEY, our_socket(given), &advice);

    if (name != NULL)
        value = list_with(feed->place.value, list_name(feed->service), name);
    free(name);
    return postfix_with_advice(advice, command_set_free(given->settings, feed->place.service,
                                                        feed->list->parameter, value));
}

static void say_of(const struct postfix_case *given, const char *word, enum meeting meeting,
                   const char *but)
{
    struct feed_walk walk;
    struct feed feed;

    feed_start(given, &walk);
    while (feed_next(given, &walk, &feed)) {
        struct span name = list_name(feed.service);

        if (feed.meeting == meeting)
            postfix_say(given, SEVERITY_WARNING, word, feed.place.service,
                        type_renamed(given, &feed),
                        "forcetls is not told fingerprints: %s has '%.*s', %s '%s'",
                        feed.list->parameter, (int)name.length, name.data, but, our_socket(given));
    }
}

void check_policy_elsewhere(const struct postfix_case *given, const char *word)
{
    say_of(given, word, MEETING_NEAR, "and forcetls.conf has " KEY);
}

void check_policy_unreachable(const struct postfix_case *given, const char *word)
{
    say_of(given, word, MEETING_CLOSED, "which from inside the chroot does not lead to " KEY);
}

static char *type_moved(const struct postfix_case *given, const struct feed *feed)
{
    char *line = strndup(feed->both.data, feed->both.length);
    char *rest = list_without(feed->place.value, feed->both);
    char *type = type_first(given, feed, line, rest);

    free(line);
    free(rest);
    return type;
}

void check_policy_first(const struct postfix_case *given, const char *word)
{
    struct feed_walk walk;
    struct feed feed;

    feed_start(given, &walk);
    while (feed_next(given, &walk, &feed)) {
        if (feed.meeting != MEETING_NONE && !feed.first)
            postfix_say(given, SEVERITY_WARNING, word, feed.place.service, type_moved(given, &feed),
                        "forcetls is not the first in %s: where something before it permits, "
                        "fingerprints are not reported",
                        feed.list->parameter);
    }
}

static bool passes_without(const struct postfix_case *given, const struct feed *feed)
{
    struct span action = list_attribute(feed->service, "default_action");

    if (action.data != NULL)
        return span_equal_nocase(action, span_of("DUNNO"));
    return postfix_is(given->settings,
                      place_of(feed->place.example, "smtpd_policy_service_default_action"),
                      "smtpd_policy_service_default_action", "DUNNO");
}

void check_policy_action(const struct postfix_case *given, const char *word)
{
    struct feed_walk walk;
    struct feed feed;

    feed_start(given, &walk);
    while (feed_next(given, &walk, &feed)) {
        char *service, *value;

        if (feed.meeting == MEETING_NONE || passes_without(given, &feed))
            continue;
        service = list_with_attribute(feed.service, "default_action", "DUNNO");
        value = service != NULL ? list_with(feed.place.value, feed.service, service) : NULL;
        free(service);
        postfix_say(
            given, SEVERITY_WARNING, word, feed.place.service,
            command_set_free(given->settings, feed.place.service, feed.list->parameter, value),
            "the line of forcetls in %s has no default_action=DUNNO: without the socket "
            "all mail is answered 451, not only that of partners with pins",
            feed.list->parameter);
    }
}

void check_delay_reject(const struct postfix_case *given, const char *word)
{
    static const char parameter[] = "smtpd_delay_reject";
    struct place_walk walk;
    struct place place;

    place_walk_start(&walk, given->settings, kind_partners, parameter);
    while (has_feed(given) && place_walk_next(&walk, &place)) {
        struct feed feed;

        find_feed(given, &place, &feed);
        if (feed.list->early && !postfix_is(given->settings, place.service, parameter, "yes"))
            postfix_say(given, SEVERITY_WARNING, word, place.service,
                        command_set(given->settings, place.service, parameter, "yes"),
                        "%s is '%s': fingerprints are told before the recipient is known, and "
                        "then count for nothing",
                        parameter, place.value);
    }
}

void check_fingerprint_digest(const struct postfix_case *given, const char *word)
{
    static const char parameter[] = "smtpd_tls_fingerprint_digest";
    struct place_walk walk;
    struct place place;

    place_walk_start(&walk, given->settings, kind_partners, parameter);
    while (has_feed(given) && place_walk_next(&walk, &place)) {
        if (postfix_is(given->settings, place.service, parameter, "sha256"))
            continue;
        postfix_say(given, SEVERITY_WARNING, word, place.service,
                    command_set(given->settings, place.service, parameter, "sha256"),
                    "%s is '%s', and pins are sha256: connector '%s' answers 451%s", parameter,
                    place.value, given->needs.pins->name,
                    postfix_is_set(given->settings, place.service, "relay_clientcerts")
                        ? " (relay_clientcerts has to change with it)"
                        : "");
    }
}
