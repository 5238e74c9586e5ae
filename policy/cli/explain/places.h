/* SPDX-License-Identifier: ISC */
/*
 * places: where in the configuration the entries stand that matter to an answer.
 */
#ifndef FORCETLS_POLICY_CLI_EXPLAIN_PLACES_H
#define FORCETLS_POLICY_CLI_EXPLAIN_PLACES_H

#include <stddef.h>
#include <stdint.h>

#include "policy/decide.h"

#define PLACES_MOST (TRACE_MOST + 2)

struct place {
    const struct match *match;
    const char *key; /* "domains", "domains_file"; NULL: not found */
    char *file;
    unsigned line;
};

/* Zeroed before the first call; release it at the end. */
struct places {
    struct place items[PLACES_MOST];
    size_t count;
};

/* Asks for an entry's place. The match must live as long as the places. One that was matched by
 * network has none, and past PLACES_MOST none is looked for. */
void places_want(struct places *places, const struct match *match);

/* Reads the configuration again and finds them all. */
void places_find(struct places *places, const char *config, int64_t now);

/* NULL: it was not asked for, or the file has changed in between. */
const struct place *places_get(const struct places *places, const struct match *match);

void places_release(struct places *places);

#endif
