/* SPDX-License-Identifier: ISC */
/*
 * A hash table of as many chains as will do for thousands of connectors, so that it never has to be
 * rebuilt while a callback waits; a row for each connector that has counted anything, kept for
 * good; in it the few combinations that occurred.
 */
#include "milter/counters.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "milter/hash.h"

#define CHAINS 4096

struct row {
    struct row *next; /* in its chain */
    struct count *counts;
    size_t count, room;
    char connector[]; /* its name */
};

struct counters {
    atomic_uint_fast64_t errors;
    struct hash_key hash;
    pthread_mutex_t lock; /* guards all below */
    struct row *chains[CHAINS];
};

struct counters *counters_new(void)
{
    struct counters *counters = calloc(1, sizeof(*counters));

    if (counters == NULL)
        return NULL;
    if (pthread_mutex_init(&counters->lock, NULL) != 0) {
        free(counters);
        return NULL;
    }
    atomic_init(&counters->errors, 0);
    hash_key_init(&counters->hash);
    return counters;
}

void counters_free(struct counters *counters)
{
    if (counters == NULL)
        return;
    for (size_t i = 0; i < CHAINS; i++) {
        while (counters->chains[i] != NULL) {
            struct row *row = counters->chains[i];

            counters->chains[i] = row->next;
            free(row->counts);
            free(row);
        }
    }
    (void)pthread_mutex_destroy(&counters->lock);
    free(counters);
}

/* ---- rows; with the lock held ---------------------------------------------------------------- */

static struct row **chain_of(struct counters *counters, const char *connector)
{
    return &counters->chains[hash_bytes(&counters->hash, connector, strlen(connector)) % CHAINS];
}

static struct row *row_find(struct row *const *chain, const char *connector)
{
    struct row *row = *chain;

    while (row != NULL && strcmp(row->connector, connector) != 0)
        row = row->next;
    return row;
}

static struct row *row_add(struct row **chain, const char *connector)
{
    size_t size = strlen(connector) + 1;
    struct row *row = calloc(1, sizeof(*row) + size);

    if (row == NULL)
        return NULL;
    memcpy(row->connector, connector, size);
    row->next = *chain;
    *chain = row;
    return row;
}

/* The count of that kind, perhaps a new one; NULL: no memory. */
static struct count *row_count(struct row *row, const struct count *kind)
{
    struct count *counts;

    for (size_t i = 0; i < row->count; i++) {
        struct count *count = &row->counts[i];

        if (count->direction == kind->direction && count->what == kind->what &&
            count->reason == kind->reason)
            return count;
    }
    if (row->count == row->room) {
        size_t room = row->room != 0 ? 2 * row->room : 4;

        counts = realloc(row->counts, room * sizeof(*counts));
        if (counts == NULL)
            return NULL;
        row->counts = counts;
        row->room = room;
    }
    row->counts[row->count] = *kind;
    return &row->counts[row->count++];
}

/* ---- counting -------------------------------------------------------------------------------- */

static enum counted counted_as(const struct decision *decision)
{
    bool rejects = decision->would == VERDICT_REJECT;

    if (decision->outcome == OUTCOME_EXEMPT)
        return COUNTED_EXEMPT;
    if (decision->would == VERDICT_PASS)
        return COUNTED_PASS;
    if (decision->monitored)
        return rejects ? COUNTED_WOULD_REJECT : COUNTED_WOULD_DEFER;
    return rejects ? COUNTED_REJECT : COUNTED_DEFER;
}

void counters_add(struct counters *counters, const struct decision *decision, unsigned recipients,
                  int64_t now)
{
    const struct connector *connector = decision->match.connector;
    const struct count kind = { .direction = decision->direction,
                                .what = counted_as(decision),
                                .reason = decision->reason };
    struct count *count = NULL;
    struct row **chain, *row;

    if (decision->outcome == OUTCOME_NONE || connector == NULL)
        return;
    chain = chain_of(counters, connector->name);
    (void)pthread_mutex_lock(&counters->lock);
    row = row_find(chain, connector->name);
    if (row == NULL)
        row = row_add(chain, connector->name);
    if (row != NULL)
        count = row_count(row, &kind);
    if (count != NULL) {
        count->recipients += recipients;
        count->last = now;
    }
    (void)pthread_mutex_unlock(&counters->lock);
}

void counters_add_error(struct counters *counters)
{
    atomic_fetch_add_explicit(&counters->errors, 1, memory_order_relaxed);
}

uint64_t counters_errors(const struct counters *counters)
{
    return atomic_load_explicit(&counters->errors, memory_order_relaxed);
}

size_t counters_read(struct counters *counters, const char *connector, struct count *counts,
                     size_t most)
{
    struct row **chain = chain_of(counters, connector);
    const struct row *row;
    size_t count = 0;

    (void)pthread_mutex_lock(&counters->lock);
    row = row_find(chain, connector);
    if (row != NULL) {
        count = row->count < most ? row->count : most;
        memcpy(counts, row->counts, count * sizeof(*counts));
    }
    (void)pthread_mutex_unlock(&counters->lock);
    return count;
}
