/* SPDX-License-Identifier: ISC */
/*
 * Names come from strangers, so the hash is keyed. In the steady state, where a line's partner and
 * values have been seen before, nothing is allocated.
 */
#include "config.h"

#include "policy/cli/log/log_partners.h"

#include <stdlib.h>
#include <string.h>

/* What of the room may be taken by those that stay. */
#define SETTLED_MOST(room) ((room) / 4 * 3)

void log_partners_init(struct log_partners *partners)
{
    memset(partners, 0, sizeof(*partners));
    partners->budget.most = LOG_BYTES_MOST;
    hash_key_init(&partners->key);
}

void log_circle_init(struct log_circle *circle, struct log_partners *partners)
{
    *circle = (struct log_circle){ .budget = { .most = LOG_CONNECTOR_BYTES_MOST,
                                               .of = &partners->budget } };
    log_tally_init(&circle->others);
}

static struct log_partner **bucket_of(struct log_partners *partners,
                                      const struct log_circle *circle, const char *name,
                                      size_t length)
{
    uint64_t hash = hash_bytes(&partners->key, name, length);

    /* The same domain in many connectors: each somewhere else. */
    hash ^= ((uint64_t)(uintptr_t)circle * UINT64_C(0x9e3779b97f4a7c15)) >> 32;
    return &partners->buckets[hash % LOG_PARTNER_BUCKETS];
}

/* ------------------------------------------------------------ the row of those that may go */

static void leave_row(struct log_partner *partner)
{
    struct log_circle *circle = partner->circle;

    *(partner->older != NULL ? &partner->older->newer : &circle->oldest) = partner->newer;
    *(partner->newer != NULL ? &partner->newer->older : &circle->newest) = partner->older;
    partner->older = partner->newer = NULL;
}

static void enter_row(struct log_partner *partner)
{
    struct log_circle *circle = partner->circle;

    partner->older = circle->newest;
    *(circle->newest != NULL ? &circle->newest->newer : &circle->oldest) = partner;
    circle->newest = partner;
}

/* One that has not settled was seen: it settles, or is the last one to go. */
static void move_in_row(struct log_partners *partners, struct log_partner *partner)
{
    struct log_circle *circle = partner->circle;

    leave_row(partner);
    if (partner->lines < LOG_KNOWN_LINES ||
        circle->settled >= SETTLED_MOST(LOG_CONNECTOR_PARTNERS_MOST) ||
        partners->settled >= SETTLED_MOST(LOG_PARTNERS_MOST)) {
        enter_row(partner);
        return;
    }
    partner->settled = true;
    circle->settled++;
    partners->settled++;
}

/* What it had is the others' from now on. */
static void forget(struct log_partners *partners, struct log_partner *partner)
{
    struct log_circle *circle = partner->circle;
    struct log_partner **link = bucket_of(partners, circle, partner->name, partner->length);

    while (*link != partner)
        link = &(*link)->next;
    *link = partner->next;
    leave_row(partner);
    log_tally_add(&circle->others, &partner->tally);
    circle->others_forgotten++;
    circle->others_changes += partner->history.changes;
    log_history_release(&partner->history, &circle->budget);
    log_budget_give(&circle->budget, sizeof(*partner) + partner->length);
    circle->count--;
    partners->count--;
    free(partner);
}

/* ------------------------------------------------------------ the table */

static bool take_room(const struct log_partners *partners, struct log_circle *circle, size_t size)
{
    return circle->count < LOG_CONNECTOR_PARTNERS_MOST && partners->count < LOG_PARTNERS_MOST &&
           log_budget_take(&circle->budget, size);
}

/* NULL: there is no room for it, and everybody who is there stays. */
static struct log_partner *add(struct log_partners *partners, struct log_circle *circle,
                               const struct domain *domain)
{
    size_t size = sizeof(struct log_partner) + domain->length;
    struct log_partner **bucket, *partner;

    while (!take_room(partners, circle, size)) {
        if (circle->oldest == NULL)
            return NULL;
        forget(partners, circle->oldest);
    }
    partner = calloc(1, size);
    if (partner == NULL) {
        log_budget_give(&circle->budget, size);
        return NULL;
    }
    partner->circle = circle;
    log_tally_init(&partner->tally);
    partner->length = domain->length;
    memcpy(partner->name, domain->name, domain->length);
    bucket = bucket_of(partners, circle, partner->name, partner->length);
    partner->next = *bucket;
    *bucket = partner;
    enter_row(partner);
    circle->count++;
    partners->count++;
    return partner;
}

static struct log_partner *get(struct log_partners *partners, struct log_circle *circle,
                               const struct domain *domain)
{
    struct log_partner *partner = *bucket_of(partners, circle, domain->name, domain->length);

    while (partner != NULL && !(partner->circle == circle && partner->length == domain->length &&
                                memcmp(partner->name, domain->name, domain->length) == 0))
        partner = partner->next;
    return partner != NULL ? partner : add(partners, circle, domain);
}

void log_partners_count(struct log_partners *partners, struct log_circle *circle,
                        const struct log_facts *facts)
{
    struct log_partner *partner =
        facts->has_partner ? get(partners, circle, &facts->partner) : NULL;

    if (partner == NULL) {
        log_tally_count(&circle->others, facts);
        return;
    }
    log_tally_count(&partner->tally, facts);
    partner->lines += facts->seen.count;
    if (!partner->settled)
        move_in_row(partners, partner);
    if (facts->shows_partner)
        log_history_add(&partner->history, &facts->seen, &circle->budget);
}

void log_partners_list(const struct log_partners *partners, const struct log_partner **list)
{
    for (size_t i = 0; i < LOG_PARTNER_BUCKETS; i++) {
        for (const struct log_partner *partner = partners->buckets[i]; partner != NULL;
             partner = partner->next)
            *list++ = partner;
    }
}

void log_partners_release(struct log_partners *partners)
{
    for (size_t i = 0; i < LOG_PARTNER_BUCKETS; i++) {
        while (partners->buckets[i] != NULL) {
            struct log_partner *partner = partners->buckets[i];

            partners->buckets[i] = partner->next;
            log_history_release(&partner->history, NULL);
            free(partner);
        }
    }
}
