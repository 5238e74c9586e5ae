/* SPDX-License-Identifier: ISC */
/*
 * export_keys: the keys that a table of an MTA needs so that every name gets what the connectors
 * demand of it, where the MTA looks for a name first and then for its parents. Pure.
 */
#ifndef FORCETLS_POLICY_CLI_EXPORT_EXPORT_KEYS_H
#define FORCETLS_POLICY_CLI_EXPORT_EXPORT_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/next_hop.h"
#include "policy/rules.h"

enum key_kind {
    KEY_NAME,  /* a domain itself */
    KEY_BELOW, /* the names below it */
    KEY_HOP    /* one of next_hops that is none of these */
};

enum key_state {
    KEY_FREE,     /* nothing is demanded, and nothing says otherwise */
    KEY_EXCEPTED, /* nothing is demanded, and the key of a parent would demand it */
    KEY_DEMANDED
};

struct export_key {
    enum key_kind kind;
    enum key_state state;
    char *name;     /* canonical; the domain, or the hop as an MTA asks for it */
    uint32_t index; /* of the connector whose key it is: the first of those that it has */
};

struct export_keys {
    struct export_key *keys;    /* in an order of its own */
    struct export_key **places; /* as they are printed: connector by connector, then by name */
    size_t count;
    /* A connector is for "*", which is none of the keys; else NULL. The first of several. */
    const struct connector *everybody;
};

/* The keys of all outbound connectors, as they are at a moment (seconds since 1970). `everybody`:
 * the table has a key for "*", so that a parent of every name demands it. False: memory ran out;
 * release them in any case. */
bool export_keys_make(struct export_keys *keys, const struct rules *rules, bool everybody,
                      int64_t now);
void export_keys_release(struct export_keys *keys);

/* The key of a domain itself, or of the names below it; NULL: there is none. */
const struct export_key *export_keys_find(const struct export_keys *keys, const char *name,
                                          bool below);

/* A name that gets what the key says, as the TLS policy map is asked for it. */
#define EXPORT_ASKED_SIZE NEXT_HOP_TEXT_SIZE
void export_key_asked(const struct rules *rules, const struct export_key *key,
                      char asked[EXPORT_ASKED_SIZE]);

/* Outbound connectors that demand something of a key now: of the mail to these names, or of a
 * KEY_HOP of all mail by that hop. At most `most`; gives how many there are. */
size_t export_key_connectors(const struct rules *rules, const struct export_key *key, int64_t now,
                             const struct connector **connectors, size_t most);

/* The same for "*". */
size_t export_everybody_connectors(const struct rules *rules, int64_t now,
                                   const struct connector **connectors, size_t most);

#endif
