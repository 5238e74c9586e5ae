/* SPDX-License-Identifier: ISC */
/* digest: a SHA-256 digest and its spellings (hexadecimal, colons or none, any case). */
#ifndef FORCETLS_POLICY_DIGEST_H
#define FORCETLS_POLICY_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/span.h"

#define DIGEST_SIZE 32
#define DIGEST_TEXT_SIZE (2 * DIGEST_SIZE + 1)

struct digest {
    uint8_t bytes[DIGEST_SIZE];
};

/* False: not 32 octets in hexadecimal. */
bool digest_parse(struct digest *digest, struct span text);
bool digest_equal(const struct digest *a, const struct digest *b);
void digest_format(const struct digest *digest, char text[DIGEST_TEXT_SIZE]);

#endif
