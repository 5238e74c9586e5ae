/* SPDX-License-Identifier: ISC */
#include "milter/hops/hops_inside.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BUCKETS_LEAST 1024 /* a power of two */
#define BROKE_MOST 8       /* breakdowns that still double the patience */
#define EVICTIONS_AT_A_TIME 64

uint64_t hops_hash(const struct hops *hops, const char *hop)
{
    return hash_bytes(&hops->hash, hop, strlen(hop));
}

static struct hop_entry **bucket_of(const struct hops *hops, uint64_t hash)
{
    return &hops->buckets[hash & (hops->bucket_count - 1)];
}

struct hop_entry *hops_find(const struct hops *hops, const char *hop, uint64_t hash)
{
    struct hop_entry *entry = hops->bucket_count > 0 ? *bucket_of(hops, hash) : NULL;

    while (entry != NULL && (entry->hash != hash || strcmp(entry->hop, hop) != 0))
        entry = entry->next;
    return entry;
}

/* ---- age ------------------------------------------------------------------------------------ */

static size_t known_bytes(const struct hop_entry *entry)
{
    size_t bytes = entry->newest != NULL ? entry->newest->size : 0;

    if (entry->base != NULL && entry->base != entry->newest)
        bytes += entry->base->size;
    if (entry->merged != NULL && entry->merged != entry->base)
        bytes += entry->merged->size;
    return bytes;
}

void hops_age_enter(struct hops *hops, struct hop_entry *entry)
{
    TAILQ_INSERT_TAIL(&hops->ages[entry->decides], entry, age);
    hops->others++;
    hops->others_bytes += known_bytes(entry);
}

void hops_age_leave(struct hops *hops, struct hop_entry *entry)
{
    TAILQ_REMOVE(&hops->ages[entry->decides], entry, age);
    hops->others--;
    hops->others_bytes -= known_bytes(entry);
}

void hops_use(struct hops *hops, struct hop_entry *entry, int64_t now_ms)
{
    entry->used_ms = now_ms;
    if (entry->pinned)
        return;
    TAILQ_REMOVE(&hops->ages[entry->decides], entry, age);
    TAILQ_INSERT_TAIL(&hops->ages[entry->decides], entry, age);
}

/* ---- room ----------------------------------------------------------------------------------- */

static void entry_free(struct hop_entry *entry)
{
    hop_record_put(entry->newest);
    hop_record_put(entry->base);
    hop_record_put(entry->merged);
    free(entry);
}

static void forget(struct hops *hops, struct hop_entry *entry)
{
    struct hop_entry **link = bucket_of(hops, entry->hash);

    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;
    hops->count--;
    hops_set_due(hops, entry, INT64_MAX);
    hops_age_leave(hops, entry);
    entry_free(entry);
}

/* Names that came to nothing go first: whoever makes them up drives no real hop out. */
static struct hop_entry *find_oldest(const struct hops *hops)
{
    for (int decides = 0; decides < 2; decides++) {
        struct hop_entry *entry;

        TAILQ_FOREACH(entry, &hops->ages[decides], age)
        {
            if (!entry->under_way)
                return entry;
        }
    }
    return NULL;
}

bool hops_make_room(struct hops *hops, size_t more)
{
    for (int i = 0; i < EVICTIONS_AT_A_TIME; i++) {
        struct hop_entry *oldest;

        if (hops->others + more <= HOPS_OTHERS_MOST && hops->others_bytes <= HOPS_OTHERS_BYTES)
            return true;
        oldest = find_oldest(hops);
        if (oldest == NULL)
            return true;
        forget(hops, oldest);
    }
    return false;
}

static bool grow(struct hops *hops)
{
    size_t count = hops->bucket_count > 0 ? 2 * hops->bucket_count : BUCKETS_LEAST;
    struct hop_entry **buckets, **old = hops->buckets;
    size_t old_count = hops->bucket_count;

    if (hops->count < hops->bucket_count)
        return true;
    buckets = calloc(count, sizeof(struct hop_entry *));
    if (buckets == NULL)
        return false;
    hops->buckets = buckets;
    hops->bucket_count = count;
    for (size_t i = 0; i < old_count; i++) {
        struct hop_entry *entry = old[i];

        while (entry != NULL) {
            struct hop_entry *next = entry->next, **bucket = bucket_of(hops, entry->hash);

            entry->next = *bucket;
            *bucket = entry;
            entry = next;
        }
    }
    free(old);
    return true;
}

struct hop_entry *hops_add(struct hops *hops, const char *hop, uint64_t hash, int64_t now_ms)
{
    size_t length = strlen(hop);
    struct hop_entry *entry, **bucket;

    (void)hops_make_room(hops, 1);
    for (int rank = 0; rank < HOP_RANKS; rank++) {
        if (!hop_heap_reserve(&hops->heaps[rank], hops->count + 1))
            return NULL;
    }
    entry = grow(hops) ? calloc(1, sizeof(*entry) + length + 1) : NULL;
    if (entry == NULL)
        return NULL;
    memcpy(entry->hop, hop, length + 1);
    entry->hash = hash;
    entry->due.place = HOP_HEAP_NOWHERE;
    entry->used_ms = now_ms;
    bucket = bucket_of(hops, hash);
    entry->next = *bucket;
    *bucket = entry;
    hops->count++;
    hops_age_enter(hops, entry);
    return entry;
}

/* ---- due ------------------------------------------------------------------------------------ */

enum hop_rank hops_rank(const struct hop_entry *entry)
{
    if (entry->broke > 0)
        return HOP_SUSPECT;
    return entry->pinned ? HOP_PINNED : HOP_OTHER;
}

void hops_set_due(struct hops *hops, struct hop_entry *entry, int64_t due_ms)
{
    struct hop_heap *heap = &hops->heaps[hops_rank(entry)];

    if (entry->due.place != HOP_HEAP_NOWHERE)
        hop_heap_remove(heap, &entry->due);
    if (entry->waiting)
        hops->waiting--;
    entry->waiting = false;
    entry->due.due_ms = due_ms;
    if (due_ms != INT64_MAX)
        hop_heap_add(heap, &entry->due);
}

int64_t hops_patience_ms(const struct hop_entry *entry, const struct probe_settings *settings)
{
    unsigned doublings = entry->broke < BROKE_MOST ? entry->broke : BROKE_MOST;
    int64_t retry_ms = (int64_t)settings->retry * 1000 << doublings;
    int64_t interval_ms = (int64_t)settings->interval * 1000;

    return doublings > 0 && retry_ms > interval_ms ? interval_ms : retry_ms;
}

bool hops_ask(struct hops *hops, struct hop_entry *entry, const struct hops_question *question)
{
    if (entry->under_way || entry->waiting ||
        (entry->tried_ms != 0 &&
         question->now_ms - entry->tried_ms < hops_patience_ms(entry, question->settings)))
        return false;
    if (hops->waiting >= HOPS_WAITING_MOST) {
        hops->passed++;
        return false;
    }
    hops_set_due(hops, entry, question->now_ms);
    entry->waiting = true;
    hops->waiting++;
    return true;
}

/* ---- what is known -------------------------------------------------------------------------- */

static bool is_usable(const struct hop_record *record, const struct probe_settings *settings,
                      int64_t now_ms)
{
    return record != NULL && now_ms - record->probed_ms <= (int64_t)settings->max_age * 1000;
}

struct hop_record *hops_usable(const struct hop_entry *entry, const struct probe_settings *settings,
                               int64_t now_ms)
{
    if (is_usable(entry->merged, settings, now_ms))
        return entry->merged;
    return is_usable(entry->newest, settings, now_ms) ? entry->newest : NULL;
}

/* ---- the table ------------------------------------------------------------------------------ */

void hops_free(struct hops *hops)
{
    if (hops == NULL)
        return;
    for (size_t i = 0; i < hops->bucket_count; i++) {
        while (hops->buckets[i] != NULL) {
            struct hop_entry *entry = hops->buckets[i];

            hops->buckets[i] = entry->next;
            entry_free(entry);
        }
    }
    for (int rank = 0; rank < HOP_RANKS; rank++)
        hop_heap_release(&hops->heaps[rank]);
    (void)pthread_mutex_destroy(&hops->lock);
    (void)close(hops->wake_fd);
    free(hops->buckets);
    free(hops);
}

struct hops *hops_new(void)
{
    struct hops *hops = calloc(1, sizeof(*hops));

    if (hops == NULL)
        return NULL;
    hops->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (hops->wake_fd < 0 || pthread_mutex_init(&hops->lock, NULL) != 0) {
        if (hops->wake_fd >= 0)
            (void)close(hops->wake_fd);
        free(hops);
        return NULL;
    }
    hash_key_init(&hops->hash);
    TAILQ_INIT(&hops->ages[false]);
    TAILQ_INIT(&hops->ages[true]);
    hops->works = true;
    return hops;
}
