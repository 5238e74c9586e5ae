/* SPDX-License-Identifier: ISC */
/*
 * open: values that a proof leaves open: what is proven holds for every one of them that assume()
 * lets through. A variable without a value is open as well.
 */
#ifndef FORCETLS_PROVE_OPEN_H
#define FORCETLS_PROVE_OPEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "policy/span.h"

/* CBMC knows functions of such names. */
char nondet_char(void);
int nondet_int(void);
int64_t nondet_int64(void);
size_t nondet_size(void);

static inline char open_char(void)
{
    return nondet_char();
}

static inline int open_int(void)
{
    return nondet_int();
}

static inline int64_t open_int64(void)
{
    return nondet_int64();
}

static inline size_t open_size(void)
{
    return nondet_size();
}

/* One that is left open as a variable could be neither true nor false. */
static inline bool open_bool(void)
{
    return nondet_int() != 0;
}

#define assume(condition) __CPROVER_assume(condition)

/* A property by name; the same name may be used in several places. */
#define prove(name, condition) __CPROVER_assert(condition, name)

/* A value from 0 to `last`. */
static inline int open_upto(int last)
{
    int value = open_int();

    assume(value >= 0 && value <= last);
    return value;
}

/* Up to `most` bytes, any of them, in memory of just that size: reading one more is seen. */
static inline struct span open_bytes(size_t most)
{
    size_t length = open_size();
    char *data;

    assume(length <= most);
    data = malloc(length);
    assume(data != NULL);
    return (struct span){ data, length };
}

#endif
