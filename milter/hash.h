/* SPDX-License-Identifier: ISC */
/*
 * hash: SipHash-1-3 (Aumasson and Bernstein) under a key that nobody outside this process knows,
 * so that no peer can choose what collides.
 */
#ifndef FORCETLS_MILTER_HASH_H
#define FORCETLS_MILTER_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash_key {
    uint64_t words[2];
};

/* A random key; where the kernel has no randomness, one made of the clock and an address. */
void hash_key_init(struct hash_key *key);

uint64_t hash_bytes(const struct hash_key *key, const void *data, size_t length);

#endif
