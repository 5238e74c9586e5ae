/* SPDX-License-Identifier: ISC */
#include "milter/hops/errands.h"

#include <stdlib.h>
#include <string.h>

void errands_init(struct errands *errands)
{
    memset(errands, 0, sizeof(*errands));
    TAILQ_INIT(&errands->list);
}

bool errands_add(struct errands *errands, int64_t id, const char *hop, unsigned kind,
                 int64_t until_ms)
{
    struct errand *errand = calloc(1, sizeof(*errand));

    if (errand == NULL)
        return false;
    errand->id = id;
    errand->until_ms = until_ms;
    errand->kind = kind;
    memcpy(errand->hop, hop, strnlen(hop, sizeof(errand->hop) - 1));
    TAILQ_INSERT_TAIL(&errands->list, errand, entry);
    errands->counts[kind]++;
    return true;
}

struct errand *errands_find(const struct errands *errands, int64_t id)
{
    struct errand *errand;

    TAILQ_FOREACH(errand, &errands->list, entry)
    {
        if (errand->id == id)
            return errand;
    }
    return NULL;
}

struct errand *errands_any(const struct errands *errands)
{
    return TAILQ_FIRST(&errands->list);
}

void errands_remove(struct errands *errands, struct errand *errand)
{
    TAILQ_REMOVE(&errands->list, errand, entry);
    errands->counts[errand->kind]--;
    free(errand);
}

size_t errands_count(const struct errands *errands)
{
    size_t count = 0;

    for (unsigned kind = 0; kind < ERRAND_KINDS; kind++)
        count += errands->counts[kind];
    return count;
}

int64_t errands_until_ms(const struct errands *errands)
{
    int64_t until_ms = INT64_MAX;
    const struct errand *errand;

    TAILQ_FOREACH(errand, &errands->list, entry)
    {
        if (errand->until_ms < until_ms)
            until_ms = errand->until_ms;
    }
    return until_ms;
}
