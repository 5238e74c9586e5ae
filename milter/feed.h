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
    char instance[64]; /* Postfix's name for this message */
    char recipient[512];
    char protocol[32]; /* encryption_protocol */
    char cipher[64];   /* encryption_cipher */
    enum pin_state fingerprint_state, public_key_state;
    struct digest fingerprint, public_key;
};

/* Room for `sources` connections of the policy protocol at a time; an entry is believed for
 * `ttl_ms`. NULL where memory ran out. */
struct feed *feed_new(unsigned sources, int64_t ttl_ms);
void feed_free(struct feed *feed);

/* A new connection: its number, for the calls below; FEED_NO_SOURCE: there is no room. */
#define FEED_NO_SOURCE UINT32_MAX
uint32_t feed_open(struct feed *feed);

/* The connection is closed: what it said is forgotten. */
void feed_close(struct feed *feed, uint32_t source);

/* What a connection says, at the monotonic time `now_ms`, in place of what it said before. `entry`
 * NULL, or one without a client's port: it asks about something else now. False: another
 * connection has said something under the same key that was not taken, so that neither can be
 * until one of them goes on. Never waits on more than a short lock. */
bool feed_put(struct feed *feed, uint32_t source, const struct feed_entry *entry, int64_t now_ms);

/* Gives the entry of a session, once, if the recipient (without angle brackets), protocol and
 * cipher agree with what the milter was told. False: no such fact; then `*entry` is not touched
 * and nothing is taken. */
bool feed_take(struct feed *feed, const struct feed_key *key, struct span recipient,
               struct span protocol, struct span cipher, int64_t now_ms, struct feed_entry *entry);

/* How many entries were taken since the start. */
uint64_t feed_taken(const struct feed *feed);

/* Whether any request ever arrived (for the text of "not reported"). */
bool feed_was_used(const struct feed *feed);

#endif
