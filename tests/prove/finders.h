/* SPDX-License-Identifier: ISC */
/*
 * finders: any few connectors, and any way from a domain to them, for the proofs about decisions,
 * in place of find.c (which is proven by itself). Each is included by one proof only.
 *
 * A domain is known by its number, which is its `length`; number 0 is no domain, or any of ours.
 */
#ifndef FORCETLS_PROVE_FINDERS_H
#define FORCETLS_PROVE_FINDERS_H

#include "policy/find.h"
#include "policy/rules.h"
#include "tests/prove/open.h"

#define CONNECTORS 2
#define NUMBERS 3 /* of one side */

static struct connector connectors[CONNECTORS];
static int found[NUMBERS][NUMBERS];                 /* by partner and ours; -1: none */
static int ranks[CONNECTORS][NUMBERS];              /* of local_domains, by ours */
static int walks[NUMBERS][2], walk_counts[NUMBERS]; /* by partner, where ours is any */

static int number_of(const struct domain *domain)
{
    return domain != NULL ? domain->length : 0;
}

int find_rank(const struct finder *finder, const struct connector *connector)
{
    return ranks[connector - connectors][number_of(finder->ours)];
}

bool find_entry(const struct finder *finder, const struct domain *domain, struct match *match,
                struct match *missed)
{
    int at = found[number_of(domain)][number_of(finder->ours)];

    if (missed != NULL)
        missed->connector = NULL;
    match->connector = at >= 0 ? &connectors[at] : NULL;
    match->kind = domain != NULL ? PATTERN_EXACT : PATTERN_ANY;
    return at >= 0;
}

/* `last` is not looked at outside; here `walk.pass` counts. */
void find_walk_start(struct find_walk *walk, const struct finder *finder,
                     const struct domain *domain)
{
    prove("a walk is for any domain of ours", finder->ours == NULL);
    walk->domain = domain;
    walk->walk.pass = 0;
}

bool find_walk_next(struct find_walk *walk, struct match *match)
{
    int number = number_of(walk->domain);

    if ((int)walk->walk.pass >= walk_counts[number])
        return false;
    match->connector = &connectors[walks[number][walk->walk.pass++]];
    match->kind = PATTERN_EXACT;
    return true;
}

/* What find.h promises: where ours is any, the walk has what find_entry() has, and more. */
static void open_finders(void)
{
    for (int i = 0; i < NUMBERS; i++) {
        for (int j = 0; j < NUMBERS; j++)
            found[i][j] = open_upto(CONNECTORS) - 1;
        walk_counts[i] = open_upto(2);
        walks[i][0] = open_upto(CONNECTORS - 1);
        walks[i][1] = open_upto(CONNECTORS - 1);
        assume((found[i][0] < 0) == (walk_counts[i] == 0));
        assume(found[i][0] < 0 || walks[i][0] == found[i][0] ||
               (walk_counts[i] == 2 && walks[i][1] == found[i][0]));
    }
    for (int i = 0; i < CONNECTORS; i++) {
        for (int j = 0; j < NUMBERS; j++)
            ranks[i][j] = open_upto(3) - 1;
        assume(ranks[i][0] >= 0);
    }
}

static void set_domain(struct domain *domain, int number, char first)
{
    domain->length = (uint8_t)number;
    domain->cut = false;
    domain->name[0] = first;
}

#endif
