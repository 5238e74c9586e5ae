/* SPDX-License-Identifier: ISC */
/*
 * postfix_endpoint: a socket of ours, as forcetls.conf names it, and as Postfix names sockets:
 * "unix:relative/to/the/queue", "unix:/absolute" (taken from the queue directory by a chrooted
 * service), "inet:HOST:PORT".
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_POSTFIX_ENDPOINT_H
#define FORCETLS_POLICY_CLI_CHECK_POSTFIX_ENDPOINT_H

#include <stdbool.h>

#include "policy/cli/check/postfix_settings.h"
#include "policy/span.h"

/* The better, the greater. */
enum meeting {
    MEETING_NONE,   /* something else */
    MEETING_NEAR,   /* it looks like ours and leads somewhere else */
    MEETING_CLOSED, /* it is ours by its name, and the chroot is in between */
    MEETING_MET
};

/* Whether what Postfix names is our socket, for a service that is chrooted or one that is not.
 * Where it cannot be told (a host's name and an address) it is. */
enum meeting endpoint_meeting(const struct postfix_settings *settings, const char *ours,
                              struct span theirs, bool chrooted);

/* How Postfix has to name our socket; "" where a chrooted service cannot reach it by any name. The
 * caller's (free); NULL where memory ran out. */
char *endpoint_reference(const struct postfix_settings *settings, const char *ours, bool chrooted);

/* The path of one of our sockets; NULL: it is none with a path. */
const char *endpoint_path(const char *ours);

/* What is left of a path below the queue directory; NULL: it is not below. */
const char *endpoint_below_queue(const struct postfix_settings *settings, const char *path);

#endif
