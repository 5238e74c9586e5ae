/* SPDX-License-Identifier: ISC */
#include "milter/netstring.h"

#include <assert.h>

#define DIGITS_MOST 5

/* "LENGTH:" and how many bytes that is. */
static enum netstring read_length(struct span input, size_t most, size_t *length, size_t *head)
{
    size_t digits = 0;

    *length = 0;
    while (digits < input.length && ascii_digit(input.data[digits])) {
        if (digits == DIGITS_MOST || (digits == 1 && *length == 0))
            return NETSTRING_BAD;
        *length = 10 * *length + (size_t)(input.data[digits++] - '0');
    }
    if (*length > most)
        return NETSTRING_BAD;
    if (digits == input.length)
        return NETSTRING_PART;
    if (digits == 0 || input.data[digits] != ':')
        return NETSTRING_BAD;
    *head = digits + 1;
    return NETSTRING_WHOLE;
}

enum netstring netstring_read(struct span input, size_t most, struct span *bytes, size_t *taken)
{
    size_t length, head;
    enum netstring read = read_length(input, most, &length, &head);

    if (read != NETSTRING_WHOLE)
        return read;
    if (input.length - head <= length)
        return NETSTRING_PART;
    if (input.data[head + length] != ',')
        return NETSTRING_BAD;
    *bytes = (struct span){ input.data + head, length };
    *taken = head + length + 1;
    return NETSTRING_WHOLE;
}

struct span netstring_wrap(char *room, size_t length)
{
    char *end = room + NETSTRING_HEAD + length, *start = room + NETSTRING_HEAD;
    size_t rest = length;

    assert(length <= NETSTRING_MOST);
    *end++ = ',';
    *--start = ':';
    do {
        *--start = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    return (struct span){ start, (size_t)(end - start) };
}
