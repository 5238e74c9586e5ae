/* SPDX-License-Identifier: ISC */
/*
 * status: what the daemon tells of itself, as one JSON document that is made piece by piece, so
 * that neither the service thread nor a lock is held up by a long one. Its shape:
 *
 *   v, type        1, "status"
 *   version        of forcetls-milter
 *   pid
 *   now, started   seconds since 1970
 *   uptime         seconds
 *   configuration  { file, read: when the rules in force were read, failed: when a later reload
 *                  found errors in the file (null: none did), mode: "enforce"|"monitor",
 *                  connectors, monitored: how many of them are in monitor mode, domains }
 *   internal_errors  errors of ours that were answered with a 4xx
 *   log_lines_dropped  since syslog did not read
 *   policy_feed    null: no smtpd_policy_socket; else { connections: open now, requests: since the
 *                  start, taken: fingerprints that went with a recipient }
 *   tls_policy     null: no tls_policy_socket; else { ok, not_found, temporary, other_map: requests
 *                  since the start, by answer }
 *   prober         null: nothing is looked at; else { pinned, others: next hops in the table,
 *                  waiting: of the others, for their first probe, passed_over: questions for which
 *                  there were too many }
 *   connectors     [ { name, level, directions: [ "inbound", "outbound" ], mode: at this moment,
 *                  counts: [ { direction, verdict: "pass"|"exempt"|"defer"|"reject"|"monitor",
 *                  would: "defer"|"reject" where the verdict is monitor, else null, reason: a word
 *                  of the log or null, recipients: since the start, last: when the last one was } ]
 *                  } ], in the order of the file
 *   hops           [ { hop, pinned: the file names it, under_way: it is being looked at, lost: the
 *                  last probe had no answer, found: null or { age: seconds since the probe,
 *                  same_for: seconds for which probes have found the same, mx, dnssec, hosts: [ {
 *                  name, preference, self, lookup, states: of its addresses } ] } in the words of
 *                  policy/probe/FORMAT, next: seconds until the next probe (null: when mail goes
 *                  there), used: seconds since mail went there (null: it never did) } ]
 */
#ifndef FORCETLS_MILTER_STATUS_H
#define FORCETLS_MILTER_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "milter/counters.h"
#include "milter/hops/hops.h"
#include "milter/smtpd_policy.h"
#include "milter/tls_policy.h"

/* Where it comes from. */
struct status_source {
    const char *config; /* the configuration file */
    int64_t started;    /* seconds since 1970 */
    int64_t started_ms; /* the same on the monotonic clock */
    struct counters *counters;
    const struct smtpd_policy *smtpd_policy;               /* NULL: none; the service thread's */
    const struct tls_policy_counters *tls_policy_counters; /* NULL: no map; likewise below */
    struct hops *hops;
};

struct status;

/* Begins a document about the rules in force, which it holds. NULL where memory ran out. Only in
 * the service thread. */
struct status *status_new(const struct status_source *source);
void status_free(struct status *status);

/* The next piece, for free(). False: that was all, or memory ran out, which leaves a document that
 * cannot be read. */
bool status_next(struct status *status, char **piece);

#endif
