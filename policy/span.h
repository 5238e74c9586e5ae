/* SPDX-License-Identifier: ISC */
/*
 * span: some bytes of somebody else's memory, with their length.
 *
 * What comes from a peer may contain NUL, so lengths are kept and strlen() is not asked.
 * data == NULL means "not reported"; length == 0 with data means "reported, and empty".
 */
#ifndef FORCETLS_POLICY_SPAN_H
#define FORCETLS_POLICY_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
    const char *data;
    size_t length;
};

/* The bytes of a C string; NULL gives the span that is not reported. */
static inline struct span span_of(const char *text)
{
    return (struct span){ text, text != NULL ? strlen(text) : 0 };
}

static inline bool span_known(struct span span)
{
    return span.data != NULL;
}

static inline bool span_empty(struct span span)
{
    return span.data == NULL || span.length == 0;
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.data != NULL && b.data != NULL && a.length == b.length &&
           (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* ASCII only; locale plays no part. */
static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool ascii_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The value of a hexadecimal digit, or -1. */
static inline int ascii_hex(char c)
{
    c = ascii_lower(c);
    if (ascii_digit(c))
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline bool ascii_alnum(char c)
{
    return ascii_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

static inline bool span_starts_with(struct span span, const char *start)
{
    size_t length = strlen(start);

    return span.length >= length && memcmp(span.data, start, length) == 0;
}

static inline bool span_equal_nocase(struct span a, struct span b)
{
    if (a.data == NULL || b.data == NULL || a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++) {
        if (ascii_lower(a.data[i]) != ascii_lower(b.data[i]))
            return false;
    }
    return true;
}

#endif
