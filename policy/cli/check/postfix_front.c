/* SPDX-License-Identifier: ISC */
/*
 * What stands in front of smtpd(8), and what goes past it.
 */
#include "config.h"

#include "policy/cli/check/postfix_check.h"

#include <stdlib.h>

#include "policy/cli/check/postfix_command.h"
#include "policy/cli/check/postfix_list.h"

/* A proxy in front of submission is there for our own users. */
static enum severity severity_of(const struct postfix_service *service)
{
    return service != NULL && service_is_submission(service) ? SEVERITY_NOTE : SEVERITY_WARNING;
}

void check_xclient(const struct postfix_case *given, const char *word)
{
    static const char parameter[] = "smtpd_authorized_xclient_hosts";
    struct place_walk walk;
    struct place place;

    place_walk_start(&walk, given->settings, kind_remote, parameter);
    while (place_walk_next(&walk, &place)) {
        if (list_is_empty(place.value))
            continue;
        postfix_say(given, severity_of(place.service), word, place.service,
                    command_set(given->settings, place.service, parameter, ""),
                    "%s is '%s': these hosts can say who the client is, and their own TLS then "
                    "counts as the partner's",
                    parameter, place.value);
    }
}

static void say_proxy(const struct postfix_case *given, const char *word, service_kind *kind,
                      const char *parameter)
{
    struct place_walk walk;
    struct place place;

    place_walk_start(&walk, given->settings, kind, parameter);
    while (place_walk_next(&walk, &place)) {
        if (*place.value != '\0')
            postfix_say(given, SEVERITY_NOTE, word, place.service,
                        command_format("# haproxy.cfg: mode tcp, and no ssl in its bind line"),
                        "%s is '%s': the proxy has to pass TLS on (TCP mode); where it ends TLS "
                        "itself, partners are refused",
                        parameter, place.value);
    }
}

void check_proxy_protocol(const struct postfix_case *given, const char *word)
{
    say_proxy(given, word, kind_remote, "smtpd_upstream_proxy_protocol");
    say_proxy(given, word, kind_postscreen, "postscreen_upstream_proxy_protocol");
}

/* postconf -M# 'qmqp/inet': the line becomes a comment. */
static char *type_off(const struct postfix_case *given, const struct postfix_service *service)
{
    char *command = command_start(given->settings, "postconf"), *text = NULL;
    char *name = command_format("%s/%s", service->name, service->type);
    char *quoted = command_quoted(name);

    if (command != NULL && quoted != NULL)
        text = command_format("%s -M# %s", command, quoted);
    free(quoted);
    free(name);
    free(command);
    return text;
}

/* Without qmqpd_authorized_clients nobody can use it. */
void check_qmqpd(const struct postfix_case *given, const char *word)
{
    static const char parameter[] = "qmqpd_authorized_clients";

    for (size_t i = 0; i < given->settings->service_count; i++) {
        const struct postfix_service *service = &given->settings->services[i];
        const char *clients = postfix_value(given->settings, service, parameter);

        if (!kind_qmqpd(given->settings, service) || clients == NULL || list_is_empty(clients))
            continue;
        postfix_say(given, SEVERITY_WARNING, word, service, type_off(given, service),
                    "mail by QMQP (%s is '%s') has neither TLS nor a client that is judged",
                    parameter, clients);
    }
}
