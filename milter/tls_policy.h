/* SPDX-License-Identifier: ISC */
/*
 * tls_policy: the server side of Postfix's TLS policy map,
 * smtp_tls_policy_maps = socketmap:unix:forcetls/tls-policy.sock:forcetls.
 *
 * The protocol (socketmap_table(5)) is netstrings: "NAME KEY" is answered "OK POLICY", "NOTFOUND "
 * (none of our business), "TEMP REASON" (any doubt about a partner: Postfix keeps the mail in its
 * queue) or "PERM REASON" (another map's name: so does Postfix, and its log says why). What the
 * policy is decides policy/tls_policy.h; each request is answered by the rules in force at that
 * moment.
 *
 * Runs in the service thread, bounded as server.h says.
 */
#ifndef FORCETLS_MILTER_TLS_POLICY_H
#define FORCETLS_MILTER_TLS_POLICY_H

#include <event2/event.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TLS_POLICY_MAP "forcetls" /* the map's name */

/* Requests since the start, by answer. Filled by the service thread, read by anybody. */
struct tls_policy_counters {
    atomic_uint_fast64_t ok, not_found, temporary, other_map;
};

/* Whether anybody has ever asked the map. */
bool tls_policy_was_asked(const struct tls_policy_counters *counters);

struct tls_policy_server;

/* Serves the listening, non-blocking socket `fd` (taken over) with at most `most_connections` at a
 * time; further ones wait to be accepted. `folder` (copied) is that of the socket, where the files
 * of trust anchors lie; the counters must outlive the server. NULL where memory ran out. */
struct tls_policy_server *tls_policy_server_new(struct event_base *base, int fd, const char *folder,
                                                struct tls_policy_counters *counters,
                                                unsigned most_connections);

/* Closes everything. */
void tls_policy_server_free(struct tls_policy_server *server);

#endif
