/* SPDX-License-Identifier: ISC */
/*
 * What a milter in smtpd_milters can have for itself, or has from main.cf: its default action, the
 * version of its protocol, and macros that are made up.
 */
#include "config.h"

#include "policy/cli/check/postfix_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "milter/macros.h"
#include "policy/cli/check/postfix_command.h"
#include "policy/cli/check/postfix_list.h"

#define MILTERS "smtpd_milters"

struct milter_option {
    const char *attribute; /* of an element in braces */
    const char *parameter; /* where the element has none */
    bool (*bad)(struct span value);
    const char *good;
    const char *effect; /* of a bad one */
};

static bool action_bad(struct span value)
{
    return span_equal_nocase(value, span_of("accept")) ||
           span_equal_nocase(value, span_of("quarantine"));
}

static bool action_hard(struct span value)
{
    return span_equal_nocase(value, span_of("reject"));
}

/* "6", or a list with the version and some words. Without a version it cannot be told. */
static bool protocol_bad(struct span value)
{
    for (size_t i = 0; i < value.length; i++) {
        if (ascii_digit(value.data[i]))
            return (i + 1 == value.length || !ascii_digit(value.data[i + 1])) &&
                   value.data[i] < '6';
    }
    return false;
}

static const struct milter_option default_action = {
    "default_action",
    "milter_default_action",
    action_bad,
    "tempfail",
    "while forcetls-milter does not run, mail is taken unjudged",
};

static const struct milter_option hard_action = {
    "default_action",
    "milter_default_action",
    action_hard,
    "tempfail",
    "while forcetls-milter does not run, everybody's mail is refused for good and bounces",
};

static const struct milter_option protocol = {
    "protocol",
    "milter_protocol",
    protocol_bad,
    "6",
    "forcetls cannot ask for what it has to know, and what is not reported is answered 451",
};

/* Our element of a list of milters. */
static bool find_ours(const struct postfix_case *given, const struct place *place,
                      struct span *ours, bool *alone)
{
    const char *rest = place->value;
    struct span element;
    bool found = false;
    size_t count = 0;

    while (list_next(&rest, &element)) {
        count++;
        if (found || postfix_meeting(given, place, given->rules->settings.milter_socket,
                                     list_name(element)) == MEETING_NONE)
            continue;
        *ours = element;
        found = true;
    }
    *alone = count == 1;
    return found;
}

/* smtpd_milters with our element having its own. */
static char *type_own(const struct postfix_case *given, const struct place *milters,
                      struct span ours, const struct milter_option *option)
{
    char *element = list_with_attribute(ours, option->attribute, option->good);
    char *value = element != NULL ? list_with(milters->value, ours, element) : NULL;

    free(element);
    return command_set_free(given->settings, milters->service, MILTERS, value);
}

static void say_own(const struct postfix_case *given, const char *word,
                    const struct milter_option *option)
{
    struct place_walk walk;
    struct place place;

    place_walk_start(&walk, given->settings, kind_remote, MILTERS);
    while (place_walk_next(&walk, &place)) {
        struct span ours, value;
        bool alone;

        if (!find_ours(given, &place, &ours, &alone))
            continue;
        value = list_attribute(ours, option->attribute);
        if (value.data == NULL || !option->bad(value))
            continue;
        postfix_say(given, SEVERITY_WARNING, word, place.service,
                    type_own(given, &place, ours, option),
                    "forcetls has %s=%.*s in " MILTERS ": %s", option->attribute, (int)value.length,
                    value.data, option->effect);
    }
}

/* A service that has the option from there, and whose element of ours has none of its own. */
static bool find_concerned(const struct postfix_case *given, const struct place *from,
                           const struct milter_option *option, struct place *milters,
                           struct span *ours, bool *alone)
{
    const struct postfix_settings *settings = given->settings;

    for (size_t i = 0; i < settings->service_count; i++) {
        const struct postfix_service *service = &settings->services[i];

        if (!kind_remote(settings, service) ||
            place_of(service, option->parameter) != from->service)
            continue;
        place_of_service(milters, settings, service, MILTERS);
        if (find_ours(given, milters, ours, alone) &&
            list_attribute(*ours, option->attribute).data == NULL)
            return true;
    }
    return false;
}

static void say_general(const struct postfix_case *given, const char *word,
                        const struct milter_option *option)
{
    struct place_walk walk;
    struct place place;

    place_walk_start(&walk, given->settings, kind_remote, option->parameter);
    while (place_walk_next(&walk, &place)) {
        struct place milters;
        struct span ours;
        bool alone;
        char *type;

        if (!option->bad(span_of(place.value)) ||
            !find_concerned(given, &place, option, &milters, &ours, &alone))
            continue;
        /* The other milters keep what they have. */
        type = alone ? command_set(given->settings, place.service, option->parameter, option->good)
                     : type_own(given, &milters, ours, option);
        postfix_say(given, SEVERITY_WARNING, word, place.service, type, "%s is '%s': %s",
                    option->parameter, place.value, option->effect);
    }
}

void check_milter_default_action(const struct postfix_case *given, const char *word)
{
    say_own(given, word, &default_action);
    say_general(given, word, &default_action);
}

void check_milter_hard(const struct postfix_case *given, const char *word)
{
    say_own(given, word, &hard_action);
    say_general(given, word, &hard_action);
}

void check_milter_protocol(const struct postfix_case *given, const char *word)
{
    say_own(given, word, &protocol);
    say_general(given, word, &protocol);
}

/* "{cert_issuer}=x", "cert_issuer=x", "{ {cert_issuer} = x }": the macro as libmilter names it. */
static bool is_read(struct span element)
{
    static const char marks[] = "{} \t";
    char text[80];
    size_t end;

    while (element.length > 0 && strchr(marks, element.data[0]) != NULL)
        element = (struct span){ element.data + 1, element.length - 1 };
    for (end = 0; end < element.length && element.data[end] != '=';)
        end++;
    while (end > 0 && strchr(marks, element.data[end - 1]) != NULL)
        end--;
    (void)snprintf(text, sizeof(text), end == 1 ? "%.*s" : "{%.*s}", (int)end, element.data);
    return macros_reads(span_of(text));
}

static bool first_read(const char *list, struct span *element)
{
    while (list_next(&list, element)) {
        if (is_read(*element))
            return true;
    }
    return false;
}

/* The caller's; NULL where memory ran out. */
static char *without_read(const char *list)
{
    char *shorter = strdup(list);
    struct span element;

    while (shorter != NULL && first_read(shorter, &element)) {
        char *next = list_without(shorter, element);

        free(shorter);
        shorter = next;
    }
    return shorter;
}

/* Postfix sends these where the session has no such macro, and a milter cannot tell them from what
 * the session has. */
void check_macro_defaults(const struct postfix_case *given, const char *word)
{
    static const char parameter[] = "milter_macro_defaults";
    struct place_walk walk;
    struct place place;
    struct span element;

    place_walk_start(&walk, given->settings, kind_remote, parameter);
    while (place_walk_next(&walk, &place)) {
        if (first_read(place.value, &element))
            postfix_say(given, SEVERITY_WARNING, word, place.service,
                        command_set_free(given->settings, place.service, parameter,
                                         without_read(place.value)),
                        "%s has '%.*s': forcetls takes it for what the client showed, and mail "
                        "without TLS or without a certificate can pass",
                        parameter, (int)element.length, element.data);
    }
}
