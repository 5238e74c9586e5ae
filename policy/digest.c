/* SPDX-License-Identifier: ISC */
#include "policy/digest.h"

#include <string.h>

bool digest_parse(struct digest *digest, struct span text)
{
    /* Either no colon at all or one between all octets. */
    bool colons = text.length == 3 * DIGEST_SIZE - 1;
    size_t step = colons ? 3 : 2;

    if (text.data == NULL || (!colons && text.length != 2 * DIGEST_SIZE))
        return false;
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        int high = ascii_hex(text.data[i * step]), low = ascii_hex(text.data[i * step + 1]);

        if (high < 0 || low < 0)
            return false;
        if (colons && i + 1 < DIGEST_SIZE && text.data[i * step + 2] != ':')
            return false;
        digest->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, DIGEST_SIZE) == 0;
}

void digest_format(const struct digest *digest, char text[DIGEST_TEXT_SIZE])
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        text[2 * i] = hex[digest->bytes[i] >> 4];
        text[2 * i + 1] = hex[digest->bytes[i] & 15];
    }
    text[2 * DIGEST_SIZE] = '\0';
}
