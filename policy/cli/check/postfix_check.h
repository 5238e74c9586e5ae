/* SPDX-License-Identifier: ISC */
/*
 * postfix_check: the judgement of Postfix's settings: a table of checks, each of which adds the
 * findings of one word. What the files postfix_*.c share.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_POSTFIX_CHECK_H
#define FORCETLS_POLICY_CLI_CHECK_POSTFIX_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "policy/cli/check/findings.h"
#include "policy/cli/check/needs.h"
#include "policy/cli/check/postfix_endpoint.h"
#include "policy/cli/check/postfix_place.h"
#include "policy/cli/check/postfix_settings.h"

/* What the checks look at. */
struct postfix_case {
    const struct postfix_settings *settings;
    const struct rules *rules;
    const char *file; /* of the rules, and the day; NULL: the domains cannot be read again */
    int64_t now;
    struct needs needs;
    struct findings *findings;
};

typedef void postfix_check_function(const struct postfix_case *given, const char *word);

struct postfix_check_row {
    const char *word;
    size_t need; /* of struct needs: the member without which the check is not made */
    postfix_check_function *check;
};

/* Every check, in the order in which they are made. */
extern const struct postfix_check_row postfix_checks[];
extern const size_t postfix_check_count;

/* Makes them all; postfix_check() without the reading. */
void postfix_check_settings(const struct postfix_settings *settings, const struct rules *rules,
                            const char *file, int64_t now, struct findings *findings);

/* Adds a finding about main.cf (`service` NULL) or a line of master.cf, and frees `type`, without
 * which only a note can be. */
void postfix_say(const struct postfix_case *given, enum severity severity, const char *word,
                 const struct postfix_service *service, char *type, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* The same about something else than Postfix's files. */
void postfix_say_of(const struct postfix_case *given, enum severity severity, const char *word,
                    const char *where, char *type, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* Whether an element of a list leads to our socket, for all services that have it from there. */
enum meeting postfix_meeting(const struct postfix_case *given, const struct place *place,
                             const char *ours, struct span element);

/* How Postfix has to name our socket for all of these services. Where no name leads there, the
 * socket has to move into the queue directory: `*advice` (postfix_say's type; else NULL) then says
 * so for `key` of forcetls.conf. Both are the caller's; NULL where memory ran out. */
char *postfix_reference(const struct postfix_case *given, const struct place *place,
                        const char *key, const char *ours, char **advice);

/* Puts the advice, where there is one, in front of a command. */
char *postfix_with_advice(char *advice, char *command);

/* postfix_milter.c */
postfix_check_function check_milter_attached, check_milter_elsewhere, check_milter_unreachable,
    check_no_milters;
/* postfix_milter_options.c */
postfix_check_function check_milter_default_action, check_milter_hard, check_milter_protocol,
    check_macro_defaults;
/* postfix_milter_maps.c */
postfix_check_function check_milter_maps;
/* postfix_sockets.c */
postfix_check_function check_socket_missing, check_socket_denied;
/* postfix_tls.c */
postfix_check_function check_tls_offered, check_starttls_discarded, check_server_certificate,
    check_certificate_asked, check_client_ca, check_client_ca_there, check_client_ca_public,
    check_default_ca;
/* postfix_policy.c */
postfix_check_function check_policy_missing, check_policy_elsewhere, check_policy_unreachable,
    check_policy_first, check_policy_action, check_delay_reject, check_fingerprint_digest;
/* postfix_front.c */
postfix_check_function check_xclient, check_proxy_protocol, check_qmqpd;
/* postfix_tls_map.c */
postfix_check_function check_map_missing, check_map_elsewhere, check_map_unreachable,
    check_map_first;
/* postfix_outbound.c */
postfix_check_function check_fallback_relay, check_tls_required;
/* postfix_stronger.c */
postfix_check_function check_stronger_level, check_stronger_map;
#endif
