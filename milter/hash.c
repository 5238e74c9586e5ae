/* SPDX-License-Identifier: ISC */
#include "milter/hash.h"

#include <stdint.h>
#include <sys/random.h>

#include "milter/clock.h"

void hash_key_init(struct hash_key *key)
{
    if (getrandom(key->words, sizeof(key->words), GRND_NONBLOCK) == sizeof(key->words))
        return;
    key->words[0] = (uint64_t)monotonic_ms() * UINT64_C(0x9e3779b97f4a7c15);
    key->words[1] = (uint64_t)(uintptr_t)key;
}

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static void round_once(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

/* Up to eight bytes, the first one lowest. */
static uint64_t word_of(const uint8_t *bytes, size_t length)
{
    uint64_t word = 0;

    for (size_t i = 0; i < length; i++)
        word |= (uint64_t)bytes[i] << 8 * i;
    return word;
}

static void absorb(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    round_once(v);
    v[0] ^= word;
}

uint64_t hash_bytes(const struct hash_key *key, const void *data, size_t length)
{
    const uint8_t *bytes = data;
    size_t whole = length - length % 8;
    uint64_t v[4] = { key->words[0] ^ UINT64_C(0x736f6d6570736575),
                      key->words[1] ^ UINT64_C(0x646f72616e646f6d),
                      key->words[0] ^ UINT64_C(0x6c7967656e657261),
                      key->words[1] ^ UINT64_C(0x7465646279746573) };

    for (size_t i = 0; i < whole; i += 8)
        absorb(v, word_of(bytes + i, 8));
    absorb(v, word_of(bytes + whole, length % 8) | (uint64_t)length << 56);
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        round_once(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
