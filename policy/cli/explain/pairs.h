/* SPDX-License-Identifier: ISC */
/*
 * pairs: NAME=VALUE as given on the command line, macros of a milter or attributes of a policy
 * request. Bounded; the values stay the caller's. Pure.
 */
#ifndef FORCETLS_POLICY_CLI_EXPLAIN_PAIRS_H
#define FORCETLS_POLICY_CLI_EXPLAIN_PAIRS_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/why.h"

#define PAIRS_MOST 64
#define PAIR_NAME_SIZE 64

struct pair {
    char name[PAIR_NAME_SIZE];
    const char *value;
    bool given; /* on the command line; else filled in */
};

struct pairs {
    struct pair items[PAIRS_MOST];
    size_t count;
};

/* Reads "NAME=VALUE" of an option ("-m"). False: it has no such form, the name is there already,
 * or there are too many. */
bool pairs_read(struct pairs *pairs, const char *option, const char *text, struct why *why);

/* The same, and the name becomes a macro's as libmilter has it: "{cert_issuer}" with braces, "i"
 * without. */
bool pairs_read_macro(struct pairs *pairs, const char *option, const char *text, struct why *why);

/* Adds one that is not there yet, as not given. False: there is no room. */
bool pairs_fill(struct pairs *pairs, const char *name, const char *value, struct why *why);

/* NULL: there is no such name. */
const struct pair *pairs_find(const struct pairs *pairs, const char *name);
const char *pairs_value(const struct pairs *pairs, const char *name);

#endif
