/* SPDX-License-Identifier: ISC */
/*
 * smtpd_policy: the server side of Postfix's SMTPD policy protocol, which has no opinion: every
 * request is answered "action=DUNNO" at once, and what it says about a recipient goes into the
 * feed.
 *
 * Runs in the service thread. Bounded: connections, bytes of a request, the time that a request
 * may take to arrive, idle time.
 */
#ifndef FORCETLS_MILTER_SMTPD_POLICY_H
#define FORCETLS_MILTER_SMTPD_POLICY_H

#include <event2/event.h>

#include "milter/feed.h"

struct smtpd_policy;

/* Serves the listening, non-blocking socket `fd` (taken over) with at most `most_connections` at a
 * time, which the feed must have room for; further ones wait to be accepted. NULL where memory ran
 * out. */
struct smtpd_policy *smtpd_policy_new(struct event_base *base, int fd, struct feed *feed,
                                      unsigned most_connections);

/* Closes everything. */
void smtpd_policy_free(struct smtpd_policy *policy);

#endif
