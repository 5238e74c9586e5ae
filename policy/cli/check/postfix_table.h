/* SPDX-License-Identifier: ISC */
/*
 * postfix_table: the entries of a lookup table whose text can be read: cidr:, texthash:, regexp:,
 * pcre:, the source of hash: and its like, and what stands in main.cf itself (inline:, static:).
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_POSTFIX_TABLE_H
#define FORCETLS_POLICY_CLI_CHECK_POSTFIX_TABLE_H

#include <stdbool.h>

#include "policy/span.h"

enum table_kind {
    TABLE_LINES,    /* KEY VALUE */
    TABLE_INDEXED,  /* the same, and postmap makes the table from it */
    TABLE_PATTERNS, /* the keys are regular expressions */
    TABLE_INLINE,
    TABLE_STATIC
};

struct table_text {
    enum table_kind kind;
    char *text;       /* free() */
    const char *path; /* inside the map's name; NULL: there is no file */
    const char *next; /* table_next()'s, likewise below */
    unsigned line;
};

struct table_entry {
    struct span key; /* of static: empty */
    struct span value;
    unsigned first, last; /* lines of the file; 0: none */
};

/* Whether a map (proxy: in front counts for nothing) is of a type that is read here, or that
 * postmap(1) can ask without a network. */
bool table_is_text(const char *map);

/* Reads it. False: its type is none of these, or there is no such file that we may read. `map` must
 * live as long as the table. Release it in any case. */
bool table_open(const char *map, struct table_text *table);

bool table_next(struct table_text *table, struct table_entry *entry);

void table_release(struct table_text *table);

#endif
