/* SPDX-License-Identifier: ISC */
#include "milter/hops/hop_heap.h"

#include <assert.h>
#include <stdlib.h>

bool hop_heap_reserve(struct hop_heap *heap, size_t items)
{
    size_t room = heap->room > 0 ? heap->room : 64;
    struct hop_heap_item **grown;

    if (items <= heap->room)
        return true;
    while (room < items)
        room *= 2;
    grown = reallocarray(heap->items, room, sizeof(*grown));
    if (grown == NULL)
        return false;
    heap->items = grown;
    heap->room = room;
    return true;
}

static void put(struct hop_heap *heap, size_t place, struct hop_heap_item *item)
{
    heap->items[place] = item;
    item->place = place;
}

/* Moves an item from a free place towards the first one, as far as it belongs. */
static size_t rise(struct hop_heap *heap, size_t place, const struct hop_heap_item *item)
{
    while (place > 0 && heap->items[(place - 1) / 2]->due_ms > item->due_ms) {
        put(heap, place, heap->items[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    return place;
}

static size_t sink(struct hop_heap *heap, size_t place, const struct hop_heap_item *item)
{
    for (;;) {
        size_t child = 2 * place + 1;

        if (child + 1 < heap->count && heap->items[child + 1]->due_ms < heap->items[child]->due_ms)
            child++;
        if (child >= heap->count || heap->items[child]->due_ms >= item->due_ms)
            return place;
        put(heap, place, heap->items[child]);
        place = child;
    }
}

void hop_heap_add(struct hop_heap *heap, struct hop_heap_item *item)
{
    assert(heap->count < heap->room && item->place == HOP_HEAP_NOWHERE);
    put(heap, rise(heap, heap->count++, item), item);
}

void hop_heap_remove(struct hop_heap *heap, struct hop_heap_item *item)
{
    size_t place = item->place;
    struct hop_heap_item *last = heap->items[--heap->count];

    item->place = HOP_HEAP_NOWHERE;
    if (last == item)
        return;
    place = rise(heap, place, last);
    put(heap, sink(heap, place, last), last);
}

struct hop_heap_item *hop_heap_first(const struct hop_heap *heap)
{
    return heap->count > 0 ? heap->items[0] : NULL;
}

void hop_heap_release(struct hop_heap *heap)
{
    free(heap->items);
    *heap = (struct hop_heap){ .count = 0 };
}
