/* SPDX-License-Identifier: ISC */
#include "policy/find.h"

#include <string.h>

int find_rank(const struct finder *finder, const struct connector *connector)
{
    struct domain_walk walk;
    int best = -1;

    if (connector->local_domains == NULL)
        return 0;
    if (finder->ours == NULL)
        return 1;
    domain_walk_start(&walk, connector->local_domains, finder->ours);
    while (domain_walk_next(&walk)) {
        int rank = 1 + (int)strlen(walk.name) + (walk.kind == PATTERN_EXACT ? DOMAIN_MAX : 0);

        if (walk.fits && rank > best)
            best = rank;
    }
    return best;
}

static struct span name_of(const struct domain *domain)
{
    return domain != NULL ? (struct span){ domain->name, domain->length } : span_of("");
}

/* What the walk stands at. */
static void take(const struct finder *finder, const struct domain_walk *walk, struct match *match)
{
    match->connector = connectors_get(finder->connectors, walk->value);
    match->kind = walk->kind;
    match->entry = walk->name;
}

/* Whether the walk is still at entries as specific as the one that was taken. */
static bool same_rank(const struct domain_walk *walk, const struct match *match)
{
    return match->entry == walk->name &&
           (match->kind == PATTERN_EXACT) == (walk->kind == PATTERN_EXACT);
}

bool find_entry(const struct finder *finder, const struct domain *domain, struct match *match,
                struct match *missed)
{
    struct match near = { .connector = NULL };
    struct domain_walk walk;
    int best = -1;

    match->connector = NULL;
    domain_walk_start(&walk, connectors_table(finder->connectors, finder->direction), domain);
    while (domain_walk_next(&walk)) {
        int rank;

        if (match->connector != NULL && !same_rank(&walk, match))
            break;
        if (!walk.fits) {
            if (walk.kind == PATTERN_EXACT && near.connector == NULL)
                take(finder, &walk, &near);
            continue;
        }
        rank = find_rank(finder, connectors_get(finder->connectors, walk.value));
        if (rank <= best)
            continue;
        best = rank;
        take(finder, &walk, match);
    }
    if (match->connector != NULL)
        match->domain = name_of(domain);
    if (missed != NULL) {
        *missed = near;
        if (match->connector != NULL && match->entry == near.entry)
            missed->connector = NULL;
    }
    return match->connector != NULL;
}

void find_walk_start(struct find_walk *walk, const struct finder *finder,
                     const struct domain *domain)
{
    walk->finder = finder;
    walk->domain = domain;
    walk->last = NULL;
    domain_walk_start(&walk->walk, connectors_table(finder->connectors, finder->direction), domain);
}

bool find_walk_next(struct find_walk *walk, struct match *match)
{
    while (domain_walk_next(&walk->walk)) {
        if (walk->last != NULL && walk->walk.name != walk->last)
            return false;
        if (!walk->walk.fits)
            continue;
        take(walk->finder, &walk->walk, match);
        match->domain = name_of(walk->domain);
        if (match->connector->local_domains == NULL)
            walk->last = walk->walk.name;
        return true;
    }
    return false;
}
