/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/foreign.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/probe/memory.h"

#define SPELLING 4 /* bytes of \xHH */

/* RFC 3629, 4: first bytes, how many more follow, and the range of the second one. */
static const struct {
    unsigned char first, last;
    unsigned char more, second_least, second_most;
} sequences[] = {
    { 0x20, 0x7e, 0, 0x80, 0xbf }, { 0xc2, 0xdf, 1, 0x80, 0xbf }, { 0xe0, 0xe0, 2, 0xa0, 0xbf },
    { 0xe1, 0xec, 2, 0x80, 0xbf }, { 0xed, 0xed, 2, 0x80, 0x9f }, { 0xee, 0xef, 2, 0x80, 0xbf },
    { 0xf0, 0xf0, 3, 0x90, 0xbf }, { 0xf1, 0xf3, 3, 0x80, 0xbf }, { 0xf4, 0xf4, 3, 0x80, 0x8f },
};

static bool is_between(unsigned char byte, unsigned char least, unsigned char most)
{
    return byte >= least && byte <= most;
}

/* The length of the character that begins here, or 0: none, or one that is not for printing (C0,
 * C1, DEL). */
static size_t character(const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
        size_t more = sequences[i].more;

        if (!is_between(bytes[0], sequences[i].first, sequences[i].last))
            continue;
        if (more >= length)
            return 0;
        if (more >= 1 && !is_between(bytes[1], sequences[i].second_least, sequences[i].second_most))
            return 0;
        for (size_t k = 2; k <= more; k++) {
            if (!is_between(bytes[k], 0x80, 0xbf))
                return 0;
        }
        return more == 1 && bytes[0] == 0xc2 && bytes[1] < 0xa0 ? 0 : more + 1;
    }
    return 0;
}

json_t *foreign_string(struct span value)
{
    const unsigned char *bytes = (const unsigned char *)value.data;
    char *text;
    size_t used = 0;
    json_t *string;

    if (!span_known(value))
        return json_null();
    text = memory_new(value.length + 1, SPELLING);
    for (size_t at = 0; at < value.length;) {
        size_t length = bytes[at] == '\\' ? 0 : character(bytes + at, value.length - at);

        if (length == 0) {
            (void)snprintf(text + used, SPELLING + 1, "\\x%02x", bytes[at]);
            used += SPELLING;
            at++;
            continue;
        }
        memcpy(text + used, bytes + at, length);
        used += length;
        at += length;
    }
    string = memory_need(json_stringn(text, used));
    free(text);
    return string;
}
