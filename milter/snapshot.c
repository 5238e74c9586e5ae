/* SPDX-License-Identifier: ISC */
/*
 * snapshot: see snapshot.h. One lock guards the pointer and all counts, and is held for a few
 * instructions only. A snapshot that nobody holds any more is not freed by whoever let go of it
 * last, which may be a callback that must not spend its time on a million domains, but by
 * snapshot_collect().
 */
#include "milter/snapshot.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "milter/hash.h"

/* Near misses told per snapshot; past it, none. The table is twice as large, so that it always
 * has an empty cell. */
#define NEAR_MISSES 1024
#define NEAR_MISS_CELLS (2 * NEAR_MISSES)

struct snapshot {
    struct rules *rules;
    struct anchors *anchors;
    unsigned holders;       /* guarded by `lock`, like the list */
    struct snapshot *older; /* replaced ones that may still be held */
    int64_t since;

    struct hash_key hash;
    pthread_mutex_t near_miss_lock; /* guards the two below */
    size_t near_misses;
    uint64_t told[NEAR_MISS_CELLS]; /* hashes; 0: empty */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the three below */
static struct snapshot *in_force;                        /* has one count for being so */
static struct snapshot *replaced;
static int64_t failure; /* when a reload failed; 0: none did since the last install */

/* Whom to tell; set while there is one thread only. */
static void (*watcher)(void *data);
static void *watcher_data;

static void snapshot_free(struct snapshot *snapshot)
{
    anchors_free(snapshot->anchors);
    rules_free(snapshot->rules);
    (void)pthread_mutex_destroy(&snapshot->near_miss_lock);
    free(snapshot);
}

/* Puts the snapshot (NULL: none) in force and the old one on the list. */
static void replace(struct snapshot *snapshot)
{
    struct snapshot *old;

    (void)pthread_mutex_lock(&lock);
    old = in_force;
    in_force = snapshot;
    failure = 0;
    if (old != NULL) {
        old->holders--;
        old->older = replaced;
        replaced = old;
    }
    (void)pthread_mutex_unlock(&lock);
}

bool snapshot_install(struct rules *rules)
{
    return snapshot_install_with(rules, NULL);
}

bool snapshot_install_with(struct rules *rules, struct anchors *anchors)
{
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

    if (snapshot == NULL || pthread_mutex_init(&snapshot->near_miss_lock, NULL) != 0) {
        free(snapshot);
        anchors_free(anchors);
        rules_free(rules);
        return false;
    }
    snapshot->rules = rules;
    snapshot->anchors = anchors;
    snapshot->holders = 1;
    snapshot->since = (int64_t)time(NULL);
    hash_key_init(&snapshot->hash);
    replace(snapshot);
    if (watcher != NULL)
        watcher(watcher_data);
    return true;
}

void snapshot_watch(void (*told)(void *data), void *data)
{
    watcher = told;
    watcher_data = data;
}

struct snapshot *snapshot_get(void)
{
    struct snapshot *snapshot;

    (void)pthread_mutex_lock(&lock);
    snapshot = in_force;
    if (snapshot != NULL)
        snapshot->holders++;
    (void)pthread_mutex_unlock(&lock);
    return snapshot;
}

void snapshot_put(struct snapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    (void)pthread_mutex_lock(&lock);
    snapshot->holders--;
    (void)pthread_mutex_unlock(&lock);
}

const struct rules *snapshot_rules(const struct snapshot *snapshot)
{
    return snapshot->rules;
}

const struct anchors *snapshot_anchors(const struct snapshot *snapshot)
{
    return snapshot->anchors;
}

int64_t snapshot_since(const struct snapshot *snapshot)
{
    return snapshot->since;
}

void snapshot_set_failure(int64_t now)
{
    (void)pthread_mutex_lock(&lock);
    failure = now;
    (void)pthread_mutex_unlock(&lock);
}

int64_t snapshot_failure(void)
{
    int64_t found;

    (void)pthread_mutex_lock(&lock);
    found = failure;
    (void)pthread_mutex_unlock(&lock);
    return found;
}

bool snapshot_collect(void)
{
    struct snapshot *unheld = NULL;
    struct snapshot **link = &replaced;
    bool some_are_held;

    (void)pthread_mutex_lock(&lock);
    while (*link != NULL) {
        struct snapshot *snapshot = *link;

        if (snapshot->holders > 0) {
            link = &snapshot->older;
            continue;
        }
        *link = snapshot->older;
        snapshot->older = unheld;
        unheld = snapshot;
    }
    some_are_held = replaced != NULL;
    (void)pthread_mutex_unlock(&lock);

    while (unheld != NULL) {
        struct snapshot *next = unheld->older;

        snapshot_free(unheld);
        unheld = next;
    }
    return some_are_held;
}

void snapshot_uninstall(void)
{
    replace(NULL);
    (void)snapshot_collect();
}

static uint64_t near_miss_hash(const struct snapshot *snapshot, const struct connector *connector,
                               const char *domain)
{
    uint64_t both[2] = { (uint64_t)(uintptr_t)connector,
                         hash_bytes(&snapshot->hash, domain, strlen(domain)) };
    uint64_t hash = hash_bytes(&snapshot->hash, both, sizeof(both));

    return hash != 0 ? hash : 1;
}

bool snapshot_near_miss_is_new(struct snapshot *snapshot, const struct connector *connector,
                               const char *domain)
{
    uint64_t hash = near_miss_hash(snapshot, connector, domain);
    size_t cell = (size_t)(hash % NEAR_MISS_CELLS);
    bool is_new = false;

    (void)pthread_mutex_lock(&snapshot->near_miss_lock);
    while (snapshot->told[cell] != 0 && snapshot->told[cell] != hash)
        cell = (cell + 1) % NEAR_MISS_CELLS;
    if (snapshot->told[cell] == 0 && snapshot->near_misses < NEAR_MISSES) {
        snapshot->told[cell] = hash;
        snapshot->near_misses++;
        is_new = true;
    }
    (void)pthread_mutex_unlock(&snapshot->near_miss_lock);
    return is_new;
}
