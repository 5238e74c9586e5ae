/* SPDX-License-Identifier: ISC */
/*
 * errands: the hops that a prober is asked about and has not answered yet.
 */
#ifndef FORCETLS_MILTER_HOPS_ERRANDS_H
#define FORCETLS_MILTER_HOPS_ERRANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "policy/next_hop.h"

#define ERRAND_KINDS 4

struct errand {
    TAILQ_ENTRY(errand) entry;
    int64_t id;
    int64_t until_ms; /* then it is overdue; monotonic */
    unsigned kind;
    char hop[NEXT_HOP_TEXT_SIZE];
};

struct errands {
    TAILQ_HEAD(, errand) list;
    size_t counts[ERRAND_KINDS];
};

void errands_init(struct errands *errands);

/* False: memory ran out. */
bool errands_add(struct errands *errands, int64_t id, const char *hop, unsigned kind,
                 int64_t until_ms);

/* NULL: there is none of that number. */
struct errand *errands_find(const struct errands *errands, int64_t id);

/* Any of them; NULL: there is none. */
struct errand *errands_any(const struct errands *errands);
void errands_remove(struct errands *errands, struct errand *errand);

size_t errands_count(const struct errands *errands);

/* When the first one is overdue; INT64_MAX: there is none. */
int64_t errands_until_ms(const struct errands *errands);

#endif
