/* SPDX-License-Identifier: ISC */
/*
 * plan: what the command line and the configuration together say about a start, read and checked
 * before anything happens.
 */
#ifndef FORCETLS_MILTER_PLAN_H
#define FORCETLS_MILTER_PLAN_H

#include <stdbool.h>

#include "milter/options.h"
#include "milter/privileges.h"
#include "milter/sockets.h"
#include "policy/conf/conf.h"

struct plan {
    char *config;        /* absolute, so that a reload finds it after chdir(2) */
    char *pidfile;       /* absolute; NULL: none */
    struct rules *rules; /* until somebody takes them over */
    struct diagnostics diagnostics;
    char *milter_socket; /* and more, NULL where there are none */
    char *smtpd_policy_socket, *tls_policy_socket, *control_socket;
    char *anchors_folder;                /* of tls_policy_socket; NULL: none */
    char *socket_group;                  /* or NULL */
    struct socket_access access;         /* to the sockets that the MTA opens, */
    struct socket_access control_access; /* and to ours */
    struct account account;              /* an empty name: none */
    bool drops;                          /* starts as root and becomes `account` */
};

/* Reads the configuration and makes the plan. False: it cannot be done; `why` says why, or is
 * empty where the diagnostics do. The plan lives as long as the process. */
bool plan_make(struct plan *plan, const struct options *options, struct why *why);

/* Prints all diagnostics of the configuration to stderr, a line each. */
void plan_print_diagnostics(const struct plan *plan);

/* Logs all diagnostics of the configuration. */
void plan_log_diagnostics(const struct plan *plan);

/* Reads the configuration once more, as the user that a reload will have, and warns of what that
 * user cannot read. Call it once root is given up. */
void plan_check_reload(const struct plan *plan);

/* Logs what is doubtful about the plan, the configuration's warnings first, and releases them. */
void plan_log_warnings(struct plan *plan);

#endif
