/* SPDX-License-Identifier: ISC */
/*
 * hops_inside: the table of hops from inside, for the files named hops*.c only: hops.c (the
 * callbacks' side), hops_work.c and hops_all.c (the service thread's) and hops_table.c (entries and
 * their room). Everything here is called with the lock held, and nothing here takes it.
 */
#ifndef FORCETLS_MILTER_HOPS_INSIDE_H
#define FORCETLS_MILTER_HOPS_INSIDE_H

#include <pthread.h>
#include <sys/queue.h>

#include "milter/hash.h"
#include "milter/hops/hop_heap.h"
#include "milter/hops/hops.h"

/* Hops that are not pinned: at most so many, with so many bytes known of them, and so many of them
 * waiting for their first probe. */
#define HOPS_OTHERS_MOST 4096
#define HOPS_OTHERS_BYTES ((size_t)64 * 1024 * 1024)
#define HOPS_WAITING_MOST 512

#define HOPS_UNUSED_MS (INT64_C(7) * 24 * 3600 * 1000)

struct hop_entry {
    struct hop_heap_item
        due;                /* first, so that a heap's item is its entry; in the heap of its rank */
    struct hop_entry *next; /* in the bucket */
    uint64_t hash;
    TAILQ_ENTRY(hop_entry) age; /* of one that is not pinned, in the list of its kind */
    bool pinned, allows_private;
    unsigned round;  /* of pinning */
    bool under_way;  /* no other thread than the service thread changes or frees it then */
    bool waiting;    /* not pinned, and somebody asked for it */
    bool renewed;    /* while it was under way: due again at once */
    bool lost;       /* the last probe had no answer */
    bool decides;    /* something is known that decides; which list of age it is in */
    unsigned broke;  /* breakdowns of a prober with it under way, one after the other */
    int64_t used_ms; /* 0: never, likewise below */
    int64_t tried_ms;
    struct hop_record *newest; /* of the last probe with an answer */
    struct hop_record *base;   /* the last one that was complete, to fall back on */
    struct hop_record *merged; /* of both; NULL: newest stands */
    char hop[];
};

TAILQ_HEAD(hop_ages, hop_entry);

struct hops {
    int wake_fd;
    struct hash_key hash;
    pthread_mutex_t lock; /* guards all below */
    struct hop_entry **buckets;
    size_t bucket_count, count; /* a power of two; of pinned ones and others */
    struct hop_heap heaps[HOP_RANKS];
    struct hop_ages ages[2]; /* of the others, by `decides`; the longest unused first */
    size_t others, others_bytes, waiting;
    unsigned long passed;
    unsigned round;
    uint64_t draws;
    bool works;
};

uint64_t hops_hash(const struct hops *hops, const char *hop);
struct hop_entry *hops_find(const struct hops *hops, const char *hop, uint64_t hash);

/* A new one that is not pinned, for which another one may have to go. NULL: memory ran out. */
struct hop_entry *hops_add(struct hops *hops, const char *hop, uint64_t hash, int64_t now_ms);

/* Among the others, as the one that was used last; or no longer. */
void hops_age_enter(struct hops *hops, struct hop_entry *entry);
void hops_age_leave(struct hops *hops, struct hop_entry *entry);
void hops_use(struct hops *hops, struct hop_entry *entry, int64_t now_ms);

/* Lets others go until there is room for so many more; false: not all of them yet, call it again.
 */
bool hops_make_room(struct hops *hops, size_t more);

enum hop_rank hops_rank(const struct hop_entry *entry);

/* When it is due; INT64_MAX: not by itself. Change what its rank depends on only while it is not.
 */
void hops_set_due(struct hops *hops, struct hop_entry *entry, int64_t due_ms);

/* Somebody asks for a probe of one that is not pinned: due now, unless that is so already, or
 * `retry` is not over, or too many wait. Whether it is due now. */
bool hops_ask(struct hops *hops, struct hop_entry *entry, const struct hops_question *question);

/* What a decision would get; NULL: nothing that is not too old. */
struct hop_record *hops_usable(const struct hop_entry *entry, const struct probe_settings *settings,
                               int64_t now_ms);

/* How long it is left alone after a probe that did not tell. */
int64_t hops_patience_ms(const struct hop_entry *entry, const struct probe_settings *settings);

#endif
