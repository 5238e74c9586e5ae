/* SPDX-License-Identifier: ISC */
#include "milter/hops/hops_inside.h"

#include <string.h>
#include <unistd.h>

/* When a hop is looked at again, in thousandths of `interval` and `retry`, with some scatter: well
 * before the facts are as old as `interval`, and not before `retry` is over. */
#define INTERVAL_LEAST 800
#define INTERVAL_SCATTER 150
#define RETRY_LEAST 1000
#define RETRY_SCATTER 250

int hops_wake_fd(const struct hops *hops)
{
    return hops->wake_fd;
}

void hops_woken(struct hops *hops)
{
    uint64_t count;

    (void)!read(hops->wake_fd, &count, sizeof(count));
}

void hops_set_working(struct hops *hops, bool works)
{
    (void)pthread_mutex_lock(&hops->lock);
    hops->works = works;
    (void)pthread_mutex_unlock(&hops->lock);
}

/* ---- what is due ---------------------------------------------------------------------------- */

/* One that nobody has sent mail to for long is not looked at any more. */
static bool is_wanted(const struct hop_entry *entry, int64_t now_ms)
{
    bool used = entry->used_ms != 0 && now_ms - entry->used_ms <= HOPS_UNUSED_MS;

    return entry->pinned || entry->waiting || used;
}

static struct hop_entry *first_of(const struct hops *hops, int rank)
{
    return (struct hop_entry *)(void *)hop_heap_first(&hops->heaps[rank]);
}

static struct hop_entry *find_due(struct hops *hops, unsigned ranks, int64_t now_ms)
{
    for (int rank = 0; rank < HOP_RANKS; rank++) {
        struct hop_entry *entry = first_of(hops, rank);

        while ((ranks & 1U << rank) != 0 && entry != NULL && entry->due.due_ms <= now_ms) {
            if (is_wanted(entry, now_ms))
                return entry;
            hops_set_due(hops, entry, INT64_MAX);
            entry = first_of(hops, rank);
        }
    }
    return NULL;
}

bool hops_next(struct hops *hops, unsigned ranks, int64_t now_ms, struct hop_order *order)
{
    struct hop_entry *entry;

    (void)pthread_mutex_lock(&hops->lock);
    entry = find_due(hops, ranks, now_ms);
    if (entry != NULL) {
        memcpy(order->hop, entry->hop, strlen(entry->hop) + 1);
        order->rank = hops_rank(entry);
        order->allows_private = entry->allows_private;
        hops_set_due(hops, entry, INT64_MAX);
        entry->under_way = true;
    }
    (void)pthread_mutex_unlock(&hops->lock);
    return entry != NULL;
}

int64_t hops_next_ms(struct hops *hops, unsigned ranks)
{
    int64_t earliest = INT64_MAX;

    (void)pthread_mutex_lock(&hops->lock);
    for (int rank = 0; rank < HOP_RANKS; rank++) {
        const struct hop_entry *entry = first_of(hops, rank);

        if ((ranks & 1U << rank) != 0 && entry != NULL && entry->due.due_ms < earliest)
            earliest = entry->due.due_ms;
    }
    (void)pthread_mutex_unlock(&hops->lock);
    return earliest;
}

/* ---- what came of it ------------------------------------------------------------------------ */

static int64_t scattered(struct hops *hops, int64_t milliseconds, unsigned least, unsigned scatter)
{
    uint64_t draw = hops->draws++;
    unsigned share = (unsigned)(hash_bytes(&hops->hash, &draw, sizeof(draw)) % scatter);

    return milliseconds * (least + share) / 1000;
}

/* One that is under way; NULL: it is not. */
static struct hop_entry *find_under_way(struct hops *hops, const char *hop)
{
    struct hop_entry *entry = hops_find(hops, hop, hops_hash(hops, hop));

    return entry != NULL && entry->under_way ? entry : NULL;
}

/* After a probe; `next_ms`: when it would be due by itself. */
static void end_probe(struct hops *hops, struct hop_entry *entry, int64_t next_ms, int64_t now_ms)
{
    entry->under_way = false;
    entry->tried_ms = now_ms;
    if (entry->renewed)
        next_ms = now_ms;
    entry->renewed = false;
    hops_set_due(hops, entry, next_ms);
    (void)hops_make_room(hops, 0);
}

/* What is known once a probe has been answered; each with a count of its own. */
struct known {
    struct hop_record *newest, *base, *merged;
};

/* The last probe that found anything to compare with. */
static const struct hop_record *find_before(const struct hop_entry *entry)
{
    if (entry->newest != NULL && hop_facts_decide(entry->newest->facts))
        return entry->newest;
    return entry->base;
}

static void learn(const struct hop_entry *entry, const struct probe_settings *settings,
                  struct hop_record *record, int64_t now_ms, struct known *known)
{
    const struct hop_record *before = find_before(entry);
    bool base_is_old =
        entry->base == NULL || now_ms - entry->base->probed_ms > (int64_t)settings->max_age * 1000;
    bool complete = hop_facts_complete(record->facts);

    if (before != NULL && hop_facts_same(before->facts, record->facts))
        record->since_ms = before->since_ms;
    known->newest = record;
    known->base = known->merged = NULL;
    if (complete || (base_is_old && hop_facts_decide(record->facts)))
        known->base = hop_record_get(record);
    else if (!base_is_old)
        known->base = hop_record_get(entry->base);
    if (known->base != NULL && known->base != record)
        known->merged = hop_record_merge(record, known->base);
}

/* Takes over what is known; `old` is the caller's to let go of, without the lock. */
static void install(struct hops *hops, struct hop_entry *entry, const struct known *known,
                    struct known *old)
{
    *old = (struct known){ entry->newest, entry->base, entry->merged };
    if (!entry->pinned)
        hops_age_leave(hops, entry);
    entry->newest = known->newest;
    entry->base = known->base;
    entry->merged = known->merged;
    entry->decides = known->base != NULL && known->base->facts->host_count > 0;
    entry->lost = false;
    entry->broke = 0;
    if (!entry->pinned)
        hops_age_enter(hops, entry);
}

static int64_t next_ms(struct hops *hops, const struct hop_entry *entry,
                       const struct probe_settings *settings, bool trouble, int64_t now_ms)
{
    if (trouble && entry->pinned)
        return now_ms +
               scattered(hops, (int64_t)settings->retry * 1000, RETRY_LEAST, RETRY_SCATTER);
    if (!entry->pinned && (trouble || !entry->decides))
        return INT64_MAX;
    return now_ms +
           scattered(hops, (int64_t)settings->interval * 1000, INTERVAL_LEAST, INTERVAL_SCATTER);
}

bool hops_found(struct hops *hops, const struct probe_settings *settings, const char *hop,
                struct hop_facts *facts, size_t size, int64_t started, int64_t probed_ms,
                bool trouble, int64_t now_ms)
{
    struct hop_record *record = hop_record_new(hop, facts, size, started, probed_ms);
    struct hop_entry *entry;
    struct known known, old;

    if (record == NULL) {
        hops_lost(hops, settings, hop, false, now_ms);
        return false;
    }
    (void)pthread_mutex_lock(&hops->lock);
    entry = find_under_way(hops, hop);
    (void)pthread_mutex_unlock(&hops->lock);
    if (entry == NULL) {
        hop_record_put(record);
        return true;
    }
    learn(entry, settings, record, now_ms, &known);
    (void)pthread_mutex_lock(&hops->lock);
    install(hops, entry, &known, &old);
    end_probe(hops, entry, next_ms(hops, entry, settings, trouble, now_ms), now_ms);
    (void)pthread_mutex_unlock(&hops->lock);
    hop_record_put(old.newest);
    hop_record_put(old.base);
    hop_record_put(old.merged);
    return true;
}

void hops_lost(struct hops *hops, const struct probe_settings *settings, const char *hop,
               bool broke, int64_t now_ms)
{
    struct hop_entry *entry;

    (void)pthread_mutex_lock(&hops->lock);
    entry = find_under_way(hops, hop);
    if (entry != NULL) {
        entry->lost = true;
        if (broke)
            entry->broke++;
        end_probe(hops, entry,
                  entry->pinned ? now_ms + scattered(hops, hops_patience_ms(entry, settings),
                                                     RETRY_LEAST, RETRY_SCATTER)
                                : INT64_MAX,
                  now_ms);
    }
    (void)pthread_mutex_unlock(&hops->lock);
}

void hops_again(struct hops *hops, const char *hop, int64_t now_ms)
{
    struct hop_entry *entry;

    (void)pthread_mutex_lock(&hops->lock);
    entry = find_under_way(hops, hop);
    if (entry != NULL) {
        entry->under_way = entry->renewed = false;
        hops_set_due(hops, entry, now_ms);
        entry->waiting = !entry->pinned;
        hops->waiting += entry->waiting;
    }
    (void)pthread_mutex_unlock(&hops->lock);
}
