/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/trust.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/probe/memory.h"

struct store {
    char *path;
    struct trust_anchors *anchors; /* NULL: it cannot be read */
    struct why why;
    int64_t loaded_at, used_at;
};

struct trust_stores {
    struct store stores[TRUST_STORES_MOST];
    size_t count;
};

struct trust_stores *trust_new(void)
{
    return memory_new(1, sizeof(struct trust_stores));
}

static void store_release(struct store *store)
{
    free(store->path);
    trust_anchors_free(store->anchors);
    *store = (struct store){ .path = NULL };
}

void trust_free(struct trust_stores *trust)
{
    if (trust == NULL)
        return;
    for (size_t i = 0; i < trust->count; i++)
        store_release(&trust->stores[i]);
    free(trust);
}

/* The one of that path, or a place for it: a new one, or that of the one not used for longest. */
static struct store *find_place(struct trust_stores *trust, const char *path)
{
    struct store *oldest = &trust->stores[0];

    for (size_t i = 0; i < trust->count; i++) {
        if (strcmp(trust->stores[i].path, path) == 0)
            return &trust->stores[i];
        if (trust->stores[i].used_at < oldest->used_at)
            oldest = &trust->stores[i];
    }
    if (trust->count < TRUST_STORES_MOST)
        return &trust->stores[trust->count++];
    store_release(oldest);
    return oldest;
}

static struct store *load(struct trust_stores *trust, const char *path, int64_t now)
{
    struct store *store = find_place(trust, path);

    if (store->path == NULL || now - store->loaded_at >= TRUST_KEPT_MS) {
        store_release(store);
        store->path = memory_copy(path, strlen(path));
        store->anchors = trust_anchors_load(path, &store->why);
        store->loaded_at = now;
    }
    store->used_at = now;
    return store;
}

void trust_judge(struct trust_stores *trust, const struct string_list *stores, const char *host,
                 int64_t now, struct address_found *found)
{
    found->trust = memory_new(stores->count, sizeof(*found->trust));
    found->trust_count = stores->count;
    for (size_t i = 0; i < stores->count; i++) {
        struct trust_found *result = &found->trust[i];
        const struct store *store = load(trust, stores->strings[i], now);

        result->store = memory_copy(stores->strings[i], strlen(stores->strings[i]));
        if (store->anchors == NULL)
            result->error = memory_copy(store->why.text, strlen(store->why.text));
        else
            chain_verify(found->chain, store->anchors, host, (int64_t)time(NULL), &result->verdict);
    }
}
