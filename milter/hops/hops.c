/* SPDX-License-Identifier: ISC */
#include "milter/hops/hops_inside.h"

#include <unistd.h>

void hops_wake(struct hops *hops)
{
    const uint64_t one = 1;

    (void)!write(hops->wake_fd, &one, sizeof(one)); /* at its limit it is readable as well */
}

/* Into the grip, once each. False: there is no room. */
static bool hold(struct hop_grip *grip, struct hop_record *record)
{
    for (size_t i = 0; i < grip->count; i++) {
        if (grip->records[i] == record)
            return true;
    }
    if (grip->count == HOP_GRIP_MOST)
        return false;
    grip->records[grip->count++] = hop_record_get(record);
    return true;
}

static void tell(const struct hop_record *record, const struct hops_question *question,
                 struct hop_knowledge *knowledge)
{
    /* One that was found after the question was asked is as old as the question. */
    int64_t age_ms =
        question->now_ms > record->probed_ms ? question->now_ms - record->probed_ms : 0;

    knowledge->facts = record->facts;
    knowledge->age = age_ms / 1000;
    knowledge->fresh = age_ms <= (int64_t)question->settings->interval * 1000;
    knowledge->confirmed =
        record->probed_ms - record->since_ms >= (int64_t)question->settings->retry * 1000;
}

/* Makes it due now, unless `retry` is not over; a pinned one is due by itself, and now it is
 * sooner. */
static bool doubt(struct hops *hops, struct hop_entry *entry, const struct hops_question *question)
{
    if (!entry->pinned)
        return hops_ask(hops, entry, question);
    if (entry->under_way || entry->due.due_ms <= question->now_ms ||
        (entry->tried_ms != 0 &&
         question->now_ms - entry->tried_ms < hops_patience_ms(entry, question->settings)))
        return false;
    hops_set_due(hops, entry, question->now_ms);
    return true;
}

void hops_get(struct hops *hops, const struct next_hop *hop, const struct hops_question *question,
              struct hop_grip *grip, struct hop_knowledge *knowledge)
{
    char key[NEXT_HOP_TEXT_SIZE];
    struct hop_record *record = NULL;
    struct hop_entry *entry;
    uint64_t hash;
    bool asked = false;

    *knowledge = (struct hop_knowledge){ .missing = REASON_NOT_PROBED_YET };
    next_hop_format(hop, key);
    hash = hops_hash(hops, key);

    (void)pthread_mutex_lock(&hops->lock);
    entry = hops_find(hops, key, hash);
    if (entry != NULL) {
        hops_use(hops, entry, question->now_ms);
        record = hops_usable(entry, question->settings, question->now_ms);
    }
    if (record != NULL && hold(grip, record))
        tell(record, question, knowledge);
    else if (!hops->works || (entry != NULL && entry->lost))
        knowledge->missing = REASON_PROBER_FAILURE;
    if (record == NULL && question->asks) {
        if (entry == NULL && hops->waiting < HOPS_WAITING_MOST)
            entry = hops_add(hops, key, hash, question->now_ms);
        else if (entry == NULL)
            hops->passed++;
        asked = entry != NULL && doubt(hops, entry, question);
    }
    (void)pthread_mutex_unlock(&hops->lock);
    if (asked)
        hops_wake(hops);
}

void hops_doubt(struct hops *hops, const struct hop_grip *grip,
                const struct hops_question *question)
{
    bool asked = false;

    if (!question->asks)
        return;
    for (size_t i = 0; i < grip->count; i++) {
        const char *hop = grip->records[i]->hop;
        struct hop_entry *entry;

        (void)pthread_mutex_lock(&hops->lock);
        entry = hops_find(hops, hop, hops_hash(hops, hop));
        if (entry != NULL && doubt(hops, entry, question))
            asked = true;
        (void)pthread_mutex_unlock(&hops->lock);
    }
    if (asked)
        hops_wake(hops);
}

struct hop_record *hop_grip_find(const struct hop_grip *grip, const struct hop_host *host)
{
    for (size_t i = 0; i < grip->count; i++) {
        const struct hop_facts *facts = grip->records[i]->facts;

        for (size_t n = 0; n < facts->host_count; n++) {
            if (&facts->hosts[n] == host)
                return grip->records[i];
        }
    }
    return NULL;
}

void hop_grip_release(struct hop_grip *grip)
{
    for (size_t i = 0; i < grip->count; i++)
        hop_record_put(grip->records[i]);
    grip->count = 0;
}
