/* SPDX-License-Identifier: ISC */
/*
 * The table of checks, and what all of them use.
 */
#include "config.h"

#include "policy/cli/check/postfix_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cli/check/host.h"
#include "policy/cli/check/postfix_command.h"

#define NEED(member) offsetof(struct needs, member)

const struct postfix_check_row postfix_checks[] = {
    { "milter-not-attached", NEED(inbound), check_milter_attached },
    { "milter-elsewhere", NEED(inbound), check_milter_elsewhere },
    { "milter-unreachable", NEED(inbound), check_milter_unreachable },
    { "no-milters", NEED(inbound), check_no_milters },
    { "milter-maps", NEED(inbound), check_milter_maps },
    { "milter-default-action", NEED(inbound), check_milter_default_action },
    { "milter-fails-hard", NEED(inbound), check_milter_hard },
    { "milter-protocol", NEED(inbound), check_milter_protocol },
    { "macro-defaults", NEED(inbound), check_macro_defaults },
    { "socket-missing", NEED(inbound), check_socket_missing },
    { "socket-denied", NEED(inbound), check_socket_denied },
    { "tls-not-offered", NEED(inbound), check_tls_offered },
    { "starttls-discarded", NEED(inbound), check_starttls_discarded },
    { "no-server-certificate", NEED(inbound), check_server_certificate },
    { "certificate-not-asked", NEED(certificate), check_certificate_asked },
    { "no-client-ca", NEED(chain), check_client_ca },
    { "client-ca-missing", NEED(inbound), check_client_ca_there },
    { "public-client-ca", NEED(verify), check_client_ca_public },
    { "default-ca-appended", NEED(chain), check_default_ca },
    { "policy-service-missing", NEED(pins), check_policy_missing },
    { "policy-service-elsewhere", NEED(pins), check_policy_elsewhere },
    { "policy-service-unreachable", NEED(pins), check_policy_unreachable },
    { "policy-service-not-first", NEED(pins), check_policy_first },
    { "policy-service-default-action", NEED(pins), check_policy_action },
    { "delay-reject", NEED(pins), check_delay_reject },
    { "fingerprint-digest", NEED(pins), check_fingerprint_digest },
    { "xclient", NEED(inbound), check_xclient },
    { "proxy-protocol", NEED(inbound), check_proxy_protocol },
    { "qmqpd", NEED(inbound), check_qmqpd },
    { "tls-map-missing", NEED(outbound), check_map_missing },
    { "tls-map-elsewhere", NEED(outbound), check_map_elsewhere },
    { "tls-map-unreachable", NEED(outbound), check_map_unreachable },
    { "tls-map-not-first", NEED(outbound), check_map_first },
    { "fallback-relay", NEED(outbound), check_fallback_relay },
    { "tls-required", NEED(outbound), check_tls_required },
    { "stronger-level", NEED(outbound), check_stronger_level },
    { "stronger-map", NEED(outbound), check_stronger_map },
};

const size_t postfix_check_count = sizeof(postfix_checks) / sizeof(postfix_checks[0]);

static bool is_needed(const struct needs *needs, size_t member)
{
    const struct connector *connector;

    memcpy(&connector, (const char *)needs + member, sizeof(connector));
    return connector != NULL;
}

void postfix_check_settings(const struct postfix_settings *settings, const struct rules *rules,
                            const char *file, int64_t now, struct findings *findings)
{
    struct postfix_case given = { settings, rules, file, now, { .inbound = NULL }, findings };

    needs_of(rules, &given.needs);
    for (size_t i = 0; i < postfix_check_count; i++) {
        if (is_needed(&given.needs, postfix_checks[i].need))
            postfix_checks[i].check(&given, postfix_checks[i].word);
    }
}

bool postfix_check(const struct rules *rules, const char *file, int64_t now, const char *directory,
                   struct findings *findings, struct why *why)
{
    struct postfix_settings settings;
    bool good = postfix_settings_read(&settings, directory, why);

    if (good)
        postfix_check_settings(&settings, rules, file, now, findings);
    postfix_settings_release(&settings);
    return good;
}

/* Frees the type; `where` NULL: memory ran out. */
__attribute__((format(printf, 6, 0))) static void say(const struct postfix_case *given,
                                                      enum severity severity, const char *word,
                                                      const char *where, char *type,
                                                      const char *format, va_list arguments)
{
    char *text;

    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    if (text == NULL || where == NULL || (type == NULL && severity != SEVERITY_NOTE))
        given->findings->out_of_memory = true;
    else
        findings_add(given->findings, severity, word, where, type, "%s", text);
    free(text);
    free(type);
}

void postfix_say(const struct postfix_case *given, enum severity severity, const char *word,
                 const struct postfix_service *service, char *type, const char *format, ...)
{
    char *where = service != NULL ? command_format("master.cf %s/%s", service->name, service->type)
                                  : command_format("main.cf");
    va_list arguments;

    va_start(arguments, format);
    say(given, severity, word, where, type, format, arguments);
    va_end(arguments);
    free(where);
}

void postfix_say_of(const struct postfix_case *given, enum severity severity, const char *word,
                    const char *where, char *type, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(given, severity, word, where, type, format, arguments);
    va_end(arguments);
}

/* What suits the chrooted ones and not the others is as good as closed. */
enum meeting postfix_meeting(const struct postfix_case *given, const struct place *place,
                             const char *ours, struct span element)
{
    enum meeting inside = endpoint_meeting(given->settings, ours, element, true);
    enum meeting outside = endpoint_meeting(given->settings, ours, element, false);

    if (!place->open || inside == outside)
        return inside;
    if (!place->chrooted)
        return outside;
    return inside == MEETING_MET || outside == MEETING_MET ? MEETING_CLOSED
           : inside > outside                              ? inside
                                                           : outside;
}

/* Moves the socket to where a chrooted service finds it, and gives its name there. */
static char *move_socket(const struct postfix_case *given, const char *key, const char *ours,
                         char **advice)
{
    const char *user = given->rules->settings.user, *slash = strrchr(ours, '/');
    const char *name = slash != NULL ? slash + 1 : ours;
    char *folder = command_format("%s/forcetls", postfix_queue_directory(given->settings));
    char *quoted = command_quoted(folder);

    if (quoted != NULL)
        *advice = command_format("install -d -o %s -g %s -m 2750 %s\n"
                                 "# forcetls.conf: %s = \"unix:%s/%s\"; then restart "
                                 "forcetls-milter",
                                 user != NULL ? user : "root", postfix_mail_owner(given->settings),
                                 quoted, key, folder, name);
    free(quoted);
    free(folder);
    return *advice != NULL ? command_format("unix:forcetls/%s", name) : NULL;
}

char *postfix_reference(const struct postfix_case *given, const struct place *place,
                        const char *key, const char *ours, char **advice)
{
    char *name = endpoint_reference(given->settings, ours, place->chrooted);

    *advice = NULL;
    if (name == NULL || *name != '\0')
        return name;
    free(name);
    return move_socket(given, key, ours, advice);
}

char *postfix_with_advice(char *advice, char *command)
{
    return advice != NULL ? command_lines(advice, command) : command;
}
