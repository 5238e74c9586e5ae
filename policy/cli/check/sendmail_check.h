/* SPDX-License-Identifier: ISC */
/*
 * sendmail_check: what the checks of a sendmail.cf share. A check is a row of the table in
 * sendmail_check.c: the word of its finding, and a function that adds it where it is true.
 *
 * Checks read; they change nothing, run nothing and connect to nothing.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_SENDMAIL_CHECK_H
#define FORCETLS_POLICY_CLI_CHECK_SENDMAIL_CHECK_H

#include <stdbool.h>

#include "policy/cli/check/findings.h"
#include "policy/cli/check/needs.h"
#include "policy/cli/check/sendmail_settings.h"
#include "policy/rules.h"

struct sendmail_case {
    const struct rules *rules;
    const struct sendmail_settings *settings;
    struct needs needs;
    const struct sendmail_filter *ours; /* the X line of forcetls; NULL: there is none */
    bool meets;                         /* and its socket is the one that forcetls-milter opens */
    struct findings *findings;
};

/* A finding on its way: its text, and line by line what to type. Foreign values are put into both
 * as they are: findings_add() and the page make them printable. Too long ones are cut. */
struct remark {
    char text[1000];
    char type[3000];
};

void remark_init(struct remark *remark);

/* Appends to the text; to what is to be typed; and there a line of its own. */
void remark_say(struct remark *remark, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void remark_type(struct remark *remark, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void remark_type_line(struct remark *remark, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The INPUT_MAIL_FILTER line of forcetls, with the file's milter_socket. What is good of
 * `filter` stays; NULL: there is none. */
void remark_type_filter(struct remark *remark, const struct sendmail_case *scene,
                        const struct sendmail_filter *filter);

/* The same, with another socket; nothing stays. */
void remark_type_new_filter(struct remark *remark, const char *name, const char *socket);

/* Adds it to the findings; `line` of the .cf, 0: of none. */
void remark_add(const struct sendmail_case *scene, const struct remark *remark,
                enum severity severity, const char *word, unsigned line);

/* Whether a daemon takes mail from other hosts. */
bool sendmail_daemon_is_public(const struct sendmail_daemon *daemon);

/* Whether it is there for our own users (ports 587 and 465). */
bool sendmail_daemon_is_submission(const struct sendmail_daemon *daemon);

/* What a text calls a daemon: its name, or all of its options. */
const char *sendmail_daemon_name(const struct sendmail_daemon *daemon);

/* A daemon's DAEMON_OPTIONS line with one key changed. The key is given as it is to be
 * written ("InputMailFilters"); `value` NULL: without it. */
void remark_type_daemon(struct remark *remark, const struct sendmail_daemon *daemon,
                        const char *key, const char *value);

/* sendmail_socket.c: whether a filter's S= and the file's milter_socket are the same socket. */
bool sendmail_socket_is(const char *theirs, const char *ours);

/* How Sendmail is to be told of ours (0.0.0.0 is no address to connect to), into `text`. */
#define SENDMAIL_SOCKET_SIZE 400
const char *sendmail_socket_write(char text[SENDMAIL_SOCKET_SIZE], const char *ours);

/* The checks, in the order of their output; each is called only where a connector needs what it is
 * about. */
typedef void sendmail_check_function(const struct sendmail_case *scene, const char *word);

sendmail_check_function sendmail_check_attached, sendmail_check_socket, sendmail_check_brackets,
    sendmail_check_called, sendmail_check_unknown, sendmail_check_daemons, sendmail_check_open,
    sendmail_check_hard, sendmail_check_timeouts,                         /* sendmail_filters.c */
    sendmail_check_folder, sendmail_check_access, sendmail_check_running, /* sendmail_socket.c */
    sendmail_check_starttls, sendmail_check_daemon_tls, sendmail_check_asks, sendmail_check_cas,
    sendmail_check_public, sendmail_check_fingerprint, /* sendmail_tls.c */
    sendmail_check_fallback_mx, sendmail_check_fallback_smart_host,
    sendmail_check_smart_host; /* sendmail_hops.c */

#endif
