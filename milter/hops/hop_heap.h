/* SPDX-License-Identifier: ISC */
/*
 * hop_heap: what is due at a moment, the earliest first. A binary heap of items that lie inside of
 * somebody else's structures.
 */
#ifndef FORCETLS_MILTER_HOPS_HOP_HEAP_H
#define FORCETLS_MILTER_HOPS_HOP_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOP_HEAP_NOWHERE SIZE_MAX

struct hop_heap_item {
    int64_t due_ms;
    size_t place; /* HOP_HEAP_NOWHERE: in no heap */
};

/* All zero is an empty one. */
struct hop_heap {
    struct hop_heap_item **items;
    size_t count, room;
};

/* False: memory ran out. */
bool hop_heap_reserve(struct hop_heap *heap, size_t items);

/* Room must have been reserved. */
void hop_heap_add(struct hop_heap *heap, struct hop_heap_item *item);
void hop_heap_remove(struct hop_heap *heap, struct hop_heap_item *item);

/* The earliest; NULL: there is none. */
struct hop_heap_item *hop_heap_first(const struct hop_heap *heap);
void hop_heap_release(struct hop_heap *heap);

#endif
