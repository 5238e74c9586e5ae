/* SPDX-License-Identifier: ISC */
/*
 * feed: what Postfix told the policy service about a session, until the milter's callback for
 * the same recipient takes it. Filled by the service thread, emptied by the callbacks.
 *
 * A fact is found by the session's two addresses and ports, taken once, and believed only if
 * everything else agrees; everything doubtful is "no such fact".
 */
#ifndef FORCETLS_MILTER_FEED_H
#define FORCETLS_MILTER_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/facts.h"

struct feed;

/* Which SMTP session: both addresses normalised ("IPv6:" dropped, v4-mapped folded), port 0
 * where the MTA says "unknown". */
struct feed_key {
    struct ip client, server;
    uint16_t client_port, server_port;
};

/* What one request said; NUL-terminated copies. A request that is no fact (over-long, doubled or
 * missing values) has an empty recipient: it is remembered and never taken. */
struct feed_entry {
    struct feed_key key;
    /* Who says so: the number of the connection that the request came by, which is one smtpd
     * process's, and its `instance` attribute, which is one message's. */
    uint64_t source;
    char instance[64];
    char recipient[512];
    char protocol[32];   /* encryption_protocol */
    char cipher[64];     /* encryption_cipher */
    enum pin_state fingerprint_state, public_key_state;
    struct digest fingerprint, public_key;
};

/* How much longer than a fact itself it is remembered that there was one (see feed.c). */
#define FEED_MEMORY 30

/* Room for `capacity` entries, each believed for at most `ttl_ms`; NULL where memory ran out. */
struct feed *feed_new(unsigned capacity, int64_t ttl_ms);
void feed_free(struct feed *feed);

/* Stores an entry at the monotonic time `now_ms`, in place of an earlier one of the same session.
 * False: the key is doubtful, since another session's entry under it was not taken: for
 * FEED_MEMORY * ttl_ms from the last such request on, nothing is found under it. Without a
 * client's port nothing is stored. A full table drops the oldest. Never waits on more than a
 * short lock. */
bool feed_put(struct feed *feed, const struct feed_entry *entry, int64_t now_ms);

/* Gives the entry of a session, once, if the recipient (without angle brackets), protocol and
 * cipher agree with what the milter was told. False: no such fact; then `*entry` is not touched
 * and nothing is taken. */
bool feed_take(struct feed *feed, const struct feed_key *key, struct span recipient,
               struct span protocol, struct span cipher, int64_t now_ms,
               struct feed_entry *entry);

/* Whether any request ever arrived (for the text of "not reported"). */
bool feed_was_used(const struct feed *feed);

#endif
