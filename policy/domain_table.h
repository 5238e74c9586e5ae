/* SPDX-License-Identifier: ISC */
/*
 * domain_table: patterns of domains, each with a number, found by a domain's suffixes.
 *
 * A hash over names: looking up costs one probe per label, however many patterns there are.
 * Built once, then read by many threads at a time.
 */
#ifndef FORCETLS_POLICY_DOMAIN_TABLE_H
#define FORCETLS_POLICY_DOMAIN_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/domain.h"

struct domain_table;

/* NULL where memory ran out. */
struct domain_table *domain_table_new(void);
void domain_table_free(struct domain_table *table);

/* Adds a pattern with a number of the caller's, below 2^30. The same pattern may be added again
 * with another number. False where memory ran out. */
bool domain_table_add(struct domain_table *table, const struct pattern *pattern, uint32_t value);

/* Gives back what was reserved for more; call it when the table is complete. */
void domain_table_finish(struct domain_table *table);

size_t domain_table_count(const struct domain_table *table);
size_t domain_table_bytes(const struct domain_table *table);

/*
 * A walk over every pattern whose name is the domain or a parent of it, most specific first:
 * the exact one, the domain's own tree, then parent by parent, PATTERN_ANY last. `fits` tells
 * whether the pattern covers the domain (an exact pattern of a parent does not).
 * Allocates nothing; bounded by the labels of a name and the patterns of these names.
 */
struct domain_walk {
    /* what was found */
    enum pattern_kind kind;
    const char *name; /* the pattern's name, NUL-terminated; "" for PATTERN_ANY */
    uint32_t value;
    bool fits;
    /* where the walk stands; its own */
    const struct domain_table *table;
    const struct domain *domain;
    uint32_t hashes[(DOMAIN_MAX + 3) / 2];
    uint8_t starts[(DOMAIN_MAX + 3) / 2];
    unsigned level, levels, pass;
    uint32_t head, next;
};

/* `domain` NULL or empty: only PATTERN_ANY. */
void domain_walk_start(struct domain_walk *walk, const struct domain_table *table,
                       const struct domain *domain);
bool domain_walk_next(struct domain_walk *walk);

/* Whether any pattern covers the domain. */
bool domain_table_covers(const struct domain_table *table, const struct domain *domain);

/* The patterns of one name and kind exactly as added (for finding duplicates): calls
 * `visit(data, value)` for each. */
void domain_table_same(const struct domain_table *table, const struct pattern *pattern,
                       void (*visit)(void *data, uint32_t value), void *data);

/* Every pattern of the table, in no order. */
void domain_table_each(const struct domain_table *table,
                       void (*visit)(void *data, enum pattern_kind kind, const char *name,
                                     uint32_t value),
                       void *data);

/* Whether some pattern is in both. */
bool domain_table_meet(const struct domain_table *a, const struct domain_table *b);

#endif
