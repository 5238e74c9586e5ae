/* SPDX-License-Identifier: ISC */
#include "policy/trace.h"

static const char *const words[FATES] = {
    [FATE_COUNTS] = "counts",
    [FATE_LESS_STRICT] = "less-strict",
    [FATE_LESS_SPECIFIC] = "less-specific",
    [FATE_NO_SUBDOMAINS] = "no-subdomains",
    [FATE_ONLY_SUBDOMAINS] = "only-subdomains",
    [FATE_LOCAL_DOMAINS] = "local-domains",
};

const char *fate_word(enum fate fate)
{
    return words[fate];
}

void trace_reset(struct trace *trace)
{
    trace->count = trace->left_out = 0;
}

static struct span name_of(const struct domain *domain)
{
    return domain != NULL ? (struct span){ domain->name, domain->length }
                          : (struct span){ NULL, 0 };
}

/* Likewise where both are not known. */
static bool same_name(struct span a, struct span b)
{
    return span_equal(a, b) || (!span_known(a) && !span_known(b));
}

/* The same entry, met through the same reading of the sender: `entry` points into that. */
static bool same_match(const struct match *a, const struct match *b)
{
    return a->connector == b->connector && a->by == b->by && a->kind == b->kind &&
           a->entry == b->entry && same_name(a->domain, b->domain);
}

/* NULL: it was not noted. */
static struct candidate *find(struct trace *trace, const struct match *match,
                              const struct domain *ours)
{
    for (size_t i = 0; i < trace->count; i++) {
        struct candidate *candidate = &trace->candidates[i];

        if (same_match(&candidate->match, match) && same_name(candidate->ours, name_of(ours)))
            return candidate;
    }
    return NULL;
}

/* Overlapping networks, and readings of the recipient that are both any domain of ours, lead to
 * the same entry again. */
static void note(struct trace *trace, const struct match *match, const struct domain *ours,
                 enum fate fate)
{
    if (find(trace, match, ours) != NULL)
        return;
    if (trace->count == TRACE_MOST) {
        trace->left_out++;
        return;
    }
    trace->candidates[trace->count++] =
        (struct candidate){ .match = *match, .ours = name_of(ours), .fate = fate };
}

/* Of an entry that fits. */
static enum fate fate_by_ours(const struct connector *connector, const struct domain *ours)
{
    if (connector->local_domains == NULL || ours == NULL ||
        domain_table_covers(connector->local_domains, ours))
        return FATE_LESS_SPECIFIC;
    return FATE_LOCAL_DOMAINS;
}

void trace_domain(struct trace *trace, const struct finder *finder, const struct domain *domain,
                  enum matched_by by)
{
    const struct connectors *connectors = finder->connectors;
    struct match match = { .by = by, .domain = domain != NULL ? name_of(domain) : span_of("") };
    struct domain_walk walk;

    domain_walk_start(&walk, connectors_table(connectors, finder->direction), domain);
    while (domain_walk_next(&walk)) {
        enum fate fate = walk.kind == PATTERN_EXACT ? FATE_NO_SUBDOMAINS : FATE_ONLY_SUBDOMAINS;

        match.connector = connectors_get(connectors, walk.value);
        match.kind = walk.kind;
        match.entry = walk.name;
        if (walk.fits)
            fate = fate_by_ours(match.connector, finder->ours);
        else if (domain->cut && walk.name == domain->name)
            continue; /* the right end of a longer label: no relation at all */
        note(trace, &match, finder->ours, fate);
    }
}

void trace_network(struct trace *trace, const struct finder *finder,
                   const struct connector *connector)
{
    struct match match = { .connector = connector, .by = MATCHED_BY_NETWORK, .kind = PATTERN_ANY };

    note(trace, &match, finder->ours, fate_by_ours(connector, finder->ours));
}

void trace_judged(struct trace *trace, const struct domain *ours, const struct decision *judged)
{
    struct candidate *candidate = find(trace, &judged->match, ours);

    if (candidate == NULL)
        return;
    candidate->fate = FATE_LESS_STRICT;
    candidate->outcome = judged->outcome;
    candidate->reason = judged->reason;
    candidate->would = judged->would;
    candidate->monitored = judged->monitored;
}

void trace_decided(struct trace *trace, const struct decision *decision)
{
    for (size_t i = 0; i < trace->count; i++) {
        struct candidate *candidate = &trace->candidates[i];

        /* Later readings of the recipient may have led to the same judgement again. */
        if (candidate->fate == FATE_LESS_STRICT &&
            same_match(&candidate->match, &decision->match)) {
            candidate->fate = FATE_COUNTS;
            return;
        }
    }
}
