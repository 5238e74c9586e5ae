/* SPDX-License-Identifier: ISC */
/* The service thread's side of the table of hops, as far as it is about all of them. */
#include "milter/hops/hops_inside.h"

#define BUCKETS_AT_A_TIME 1024 /* of a walk, with the lock held */

/* ---- walks ---------------------------------------------------------------------------------- */

/* Some entries, with the lock held; false: those were the last ones. Nobody but the service thread
 * moves entries to other buckets, so that it may let go of the lock in between. */
static bool walk_on(struct hops *hops, size_t *from,
                    void (*visit)(struct hops *hops, struct hop_entry *entry, void *data),
                    void *data)
{
    bool more;

    (void)pthread_mutex_lock(&hops->lock);
    for (size_t end = *from + BUCKETS_AT_A_TIME; *from < end && *from < hops->bucket_count;
         (*from)++) {
        struct hop_entry *entry = hops->buckets[*from];

        while (entry != NULL) {
            struct hop_entry *next = entry->next;

            visit(hops, entry, data);
            entry = next;
        }
    }
    more = *from < hops->bucket_count;
    (void)pthread_mutex_unlock(&hops->lock);
    return more;
}

static void walk(struct hops *hops,
                 void (*visit)(struct hops *hops, struct hop_entry *entry, void *data), void *data)
{
    size_t from = 0;

    while (walk_on(hops, &from, visit, data))
        continue;
}

/* ---- pinning -------------------------------------------------------------------------------- */

void hops_pin_begin(struct hops *hops)
{
    (void)pthread_mutex_lock(&hops->lock);
    hops->round++;
    (void)pthread_mutex_unlock(&hops->lock);
}

static void pin(struct hops *hops, struct hop_entry *entry, bool allows_private, int64_t now_ms)
{
    bool due = !entry->pinned || entry->allows_private != allows_private;

    entry->round = hops->round;
    entry->allows_private = allows_private;
    if (!due)
        return;
    hops_set_due(hops, entry, INT64_MAX);
    if (!entry->pinned)
        hops_age_leave(hops, entry);
    entry->pinned = true;
    if (entry->under_way)
        entry->renewed = true;
    else
        hops_set_due(hops, entry, now_ms);
}

bool hops_pin(struct hops *hops, const char *hop, bool allows_private, int64_t now_ms)
{
    uint64_t hash = hops_hash(hops, hop);
    struct hop_entry *entry;

    (void)pthread_mutex_lock(&hops->lock);
    entry = hops_find(hops, hop, hash);
    if (entry == NULL) {
        entry = hops_add(hops, hop, hash, now_ms);
        if (entry != NULL)
            entry->used_ms = 0;
    }
    if (entry != NULL)
        pin(hops, entry,
            allows_private ||
                (entry->pinned && entry->round == hops->round && entry->allows_private),
            now_ms);
    (void)pthread_mutex_unlock(&hops->lock);
    return entry != NULL;
}

static void unpin(struct hops *hops, struct hop_entry *entry, void *data)
{
    int64_t due_ms = entry->due.due_ms;

    (void)data;
    if (!entry->pinned || entry->round == hops->round)
        return;
    hops_set_due(hops, entry, INT64_MAX);
    entry->pinned = entry->allows_private = false;
    hops_age_enter(hops, entry);
    if (entry->decides)
        hops_set_due(hops, entry, due_ms);
}

void hops_pin_end(struct hops *hops)
{
    bool done;

    walk(hops, unpin, NULL);
    do {
        (void)pthread_mutex_lock(&hops->lock);
        done = hops_make_room(hops, 0);
        (void)pthread_mutex_unlock(&hops->lock);
    } while (!done);
}

/* ---- renewing ------------------------------------------------------------------------------- */

struct renewal {
    bool forget;
    int64_t now_ms;
};

static void forget_facts(struct hops *hops, struct hop_entry *entry)
{
    if (!entry->pinned)
        hops_age_leave(hops, entry);
    hop_record_put(entry->newest);
    hop_record_put(entry->base);
    hop_record_put(entry->merged);
    entry->newest = entry->base = entry->merged = NULL;
    entry->decides = false;
    entry->tried_ms = 0;
    if (!entry->pinned)
        hops_age_enter(hops, entry);
}

static void renew(struct hops *hops, struct hop_entry *entry, void *data)
{
    const struct renewal *renewal = data;

    if (renewal->forget)
        forget_facts(hops, entry);
    if (entry->under_way)
        entry->renewed = entry->pinned;
    else if (entry->pinned)
        hops_set_due(hops, entry, renewal->now_ms);
}

void hops_renew(struct hops *hops, bool forget, int64_t now_ms)
{
    struct renewal renewal = { forget, now_ms };

    walk(hops, renew, &renewal);
}

/* ---- for people ----------------------------------------------------------------------------- */

void hops_count(struct hops *hops, struct hops_count *count)
{
    (void)pthread_mutex_lock(&hops->lock);
    *count = (struct hops_count){ .pinned = hops->count - hops->others,
                                  .others = hops->others,
                                  .waiting = hops->waiting,
                                  .others_bytes = hops->others_bytes,
                                  .passed = hops->passed };
    (void)pthread_mutex_unlock(&hops->lock);
}

struct viewing {
    const struct hops_question *question;
    void (*visit)(void *data, const struct hop_view *view);
    void *data;
};

static void view(struct hops *hops, struct hop_entry *entry, void *data)
{
    const struct viewing *viewing = data;
    const struct hops_question *question = viewing->question;
    struct hop_view view = { .hop = entry->hop,
                             .pinned = entry->pinned,
                             .under_way = entry->under_way,
                             .lost = entry->lost,
                             .record = hops_usable(entry, question->settings, question->now_ms),
                             .due_ms = entry->due.place != HOP_HEAP_NOWHERE ? entry->due.due_ms
                                                                            : INT64_MAX,
                             .used_ms = entry->used_ms };

    (void)hops;
    viewing->visit(viewing->data, &view);
}

bool hops_visit(struct hops *hops, size_t *position, const struct hops_question *question,
                void (*visit)(void *data, const struct hop_view *view), void *data)
{
    struct viewing viewing = { question, visit, data };

    return walk_on(hops, position, view, &viewing);
}
