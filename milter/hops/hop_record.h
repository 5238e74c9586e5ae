/* SPDX-License-Identifier: ISC */
/*
 * hop_record: what one probe found, counted and never changed: whoever decides holds it while it is
 * used, whatever the table does meanwhile.
 */
#ifndef FORCETLS_MILTER_HOPS_HOP_RECORD_H
#define FORCETLS_MILTER_HOPS_HOP_RECORD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/hop.h"

struct hop_record {
    atomic_uint holders;
    const struct hop_facts *facts;
    int64_t started;   /* wall clock, seconds since 1970 */
    int64_t probed_ms; /* monotonic; of facts from two probes the older one */
    int64_t since_ms;  /* the first probe of those that found the same, one after the other */
    size_t size;
    char *hop; /* next_hop_format()'s spelling */

    /* its own */
    struct hop_facts *block;                     /* one block of memory */
    struct hop_record *newest_part, *older_part; /* whose memory merged facts point into */
};

/* Takes the facts (a block of `size` bytes for free()) over, also on failure. NULL: memory. */
struct hop_record *hop_record_new(const char *hop, struct hop_facts *facts, size_t size,
                                  int64_t started, int64_t probed_ms);
struct hop_record *hop_record_get(struct hop_record *record);

/* Lets go; NULL is fine. Frees it with the last holder: a few calls of free(), whatever it holds.
 */
void hop_record_put(struct hop_record *record);

/* Whether something was found that a demand can be held against: TLS, or that there is none; or
 * that there is nobody whom mail could go to (no such domain, null MX). */
bool hop_facts_decide(const struct hop_facts *facts);

/* Whether nothing of it could be told only now: no lookup that failed, no host that gave no
 * service. A host that cannot be reached beside another does not matter. */
bool hop_facts_complete(const struct hop_facts *facts);

/* Whether two probes found the same at the same hosts, as far as a demand can be held against it.
 */
bool hop_facts_same(const struct hop_facts *a, const struct hop_facts *b);

/* What could not be told in `newest`, as `older` has it. NULL: nothing of `older` is wanted, or
 * memory ran out; either way `newest` stands as it is. */
struct hop_record *hop_record_merge(struct hop_record *newest, struct hop_record *older);

#endif
