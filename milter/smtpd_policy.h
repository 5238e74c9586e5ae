/* SPDX-License-Identifier: ISC */
/*
 * smtpd_policy: the server side of Postfix's SMTPD policy protocol, which has no opinion: every
 * request is answered "action=DUNNO" at once, and what it says about a recipient goes into the
 * feed.
 *
 * Runs in the service thread, bounded as server.h says.
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

/* What it has done; only in the service thread. */
struct smtpd_policy_stats {
    unsigned connections; /* open now */
    uint64_t requests;    /* since the start, */
    uint64_t taken;       /* and how many of them a recipient's facts came from */
};

void smtpd_policy_stats(const struct smtpd_policy *policy, struct smtpd_policy_stats *stats);

/* Closes everything. */
void smtpd_policy_free(struct smtpd_policy *policy);

#endif
