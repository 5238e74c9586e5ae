/* SPDX-License-Identifier: ISC */
/*
 * An inbound recipient, step by step:
 *
 *   find      the connectors that the sender could mean (usually one, often none)
 *   exempt    is this client let off?
 *   check     each demand against the facts (demand.c)
 *   conclude  a demand seen unmet: fail; else one not known: unknown; else pass
 *   act       the connector's action, unless something says "monitor"
 *   choose    of several, the one that counts
 *
 * A sender, and a recipient, with several readings is judged by every connector that it could
 * mean, and the strictest judgement counts: were only the strictest connector judged, an address
 * could choose one that is in monitor mode. A null sender may belong to several connectors as well;
 * there satisfying one is enough, as nobody can say whose bounce it is.
 */
#include "policy/decide.h"

#include <string.h>

#include "policy/trace.h"

struct search {
    struct finder finder; /* its `ours` is the reading of the recipient */
    const struct rules *rules;
    const struct facts *facts;
    struct decision *decision; /* the one that counts so far; OUTCOME_NONE: none yet */
    bool one_is_enough;
    struct trace *trace; /* NULL: nobody asks for the way */
};

static bool is_exempt(const struct rules *rules, const struct connector *connector,
                      const struct facts *facts, enum reason *reason)
{
    if (network_list_contains(&rules->settings.inbound_exempt_networks, &facts->client) ||
        network_list_contains(&connector->exempt_networks, &facts->client))
        *reason = REASON_NETWORK;
    else if (rules->settings.inbound_exempt_authenticated && facts->authenticated)
        *reason = REASON_AUTHENTICATED;
    else
        return false;
    return true;
}

static void act(const struct rules *rules, const struct facts *facts, struct decision *decision)
{
    const struct connector *connector = decision->match.connector;

    decision->monitored = rules_monitor(rules, connector, facts->now);
    decision->would = VERDICT_PASS;
    if (decision->outcome == OUTCOME_FAIL)
        decision->would = connector->action == ACTION_REJECT ? VERDICT_REJECT : VERDICT_DEFER;
    else if (decision->outcome == OUTCOME_UNKNOWN)
        decision->would = VERDICT_DEFER;
    decision->verdict = decision->monitored ? VERDICT_PASS : decision->would;
}

static void judge(const struct rules *rules, const struct facts *facts, const struct match *match,
                  struct decision *decision)
{
    decision->match = *match;
    decision->trail.count = 0;
    if (is_exempt(rules, match->connector, facts, &decision->reason)) {
        decision->outcome = OUTCOME_EXEMPT;
    } else {
        demand_check(rules->connectors, match->connector, facts, DIRECTION_INBOUND,
                     &decision->trail);
        decision->outcome = trail_outcome(&decision->trail, &decision->reason);
    }
    act(rules, facts, decision);
}

static bool is_satisfied(const struct decision *decision)
{
    return decision->outcome == OUTCOME_PASS || decision->outcome == OUTCOME_EXEMPT;
}

/* The one whose verdict is stricter; then the one whose verdict would be, were nothing
 * monitored; then the one with the higher level; then the first. */
const struct decision *decision_stricter(const struct decision *a, const struct decision *b)
{
    if (a->verdict != b->verdict)
        return a->verdict > b->verdict ? a : b;
    if (a->would != b->would)
        return a->would > b->would ? a : b;
    if (a->match.connector == NULL || b->match.connector == NULL)
        return b->match.connector == NULL ? a : b;
    return b->match.connector->level > a->match.connector->level ? b : a;
}

static const struct decision *choose(const struct search *search, const struct decision *current,
                                     const struct decision *candidate)
{
    if (current->outcome == OUTCOME_NONE)
        return candidate;
    if (search->one_is_enough && is_satisfied(current) != is_satisfied(candidate))
        return is_satisfied(current) ? current : candidate;
    return decision_stricter(current, candidate);
}

/* Judges one match and lets it count against what was found before. */
static void consider(struct search *search, const struct match *match)
{
    struct decision candidate;

    memset(&candidate, 0, sizeof(candidate));
    judge(search->rules, search->facts, match, &candidate);
    candidate.near_miss = search->decision->near_miss;
    candidate.near_miss_domain = search->decision->near_miss_domain;
    if (search->trace != NULL)
        trace_judged(search->trace, search->finder.ours, &candidate);
    if (choose(search, search->decision, &candidate) == &candidate)
        *search->decision = candidate;
}

/* The most specific entry for the domain. False: none. */
static bool find(struct search *search, const struct domain *domain, struct match *match)
{
    struct decision *decision = search->decision;
    struct match missed;
    bool found;

    if (search->trace != NULL)
        trace_domain(search->trace, &search->finder, domain, match->by);
    found = find_entry(&search->finder, domain, match, &missed);
    if (domain != NULL && missed.connector != NULL && decision->near_miss == NULL) {
        decision->near_miss = missed.connector;
        decision->near_miss_domain = (struct span){ domain->name, domain->length };
    }
    return found;
}

/* Considers what was found for the domain; where the recipient could be in any domain of ours, the
 * connectors of every entry that could count. */
static void consider_found(struct search *search, const struct domain *domain,
                           const struct match *match)
{
    struct match each = *match;
    struct find_walk walk;

    if (search->finder.ours != NULL) {
        consider(search, match);
        return;
    }
    find_walk_start(&walk, &search->finder, domain);
    while (find_walk_next(&walk, &each))
        consider(search, &each);
}

static void search_by_sender(struct search *search)
{
    const struct address *sender = search->facts->sender_address;
    struct match match = { .by = MATCHED_BY_SENDER };

    for (size_t i = 0; i < sender->count; i++) {
        if (find(search, &sender->domains[i], &match))
            consider_found(search, &sender->domains[i], &match);
    }
    if (sender->count == 0 && find(search, NULL, &match))
        consider_found(search, NULL, &match);
}

/* <>: the connectors whose client_networks contain the client. */
static void search_by_network(struct search *search)
{
    struct match match = { .by = MATCHED_BY_NETWORK, .kind = PATTERN_ANY };
    size_t position = 0;

    while ((match.connector = connectors_by_client(search->rules->connectors,
                                                   &search->facts->client, &position)) != NULL) {
        if (search->trace != NULL)
            trace_network(search->trace, &search->finder, match.connector);
        if (find_rank(&search->finder, match.connector) >= 0)
            consider(search, &match);
    }
}

/* <>: else those that the HELO name or the confirmed client name leads to; "*" only where
 * neither leads to a closer one. */
static void search_by_host(struct search *search)
{
    struct match helo = { .by = MATCHED_BY_HELO }, client = { .by = MATCHED_BY_CLIENT_NAME };
    bool by_helo = find(search, search->facts->helo_domain, &helo);
    bool by_client =
        search->facts->client_domain != NULL && find(search, search->facts->client_domain, &client);

    if (by_helo && by_client && helo.kind == PATTERN_ANY)
        by_helo = false;
    else if (by_helo && by_client && client.kind == PATTERN_ANY)
        by_client = false;
    if (by_helo)
        consider_found(search, search->facts->helo_domain, &helo);
    if (by_client)
        consider_found(search, search->facts->client_domain, &client);
    /* A host below an exact entry is no sender below it. */
    search->decision->near_miss = NULL;
}

/* What search_by_host() would have looked at. */
static void trace_hosts(const struct search *search)
{
    const struct facts *facts = search->facts;

    trace_domain(search->trace, &search->finder, facts->helo_domain, MATCHED_BY_HELO);
    if (facts->client_domain != NULL)
        trace_domain(search->trace, &search->finder, facts->client_domain, MATCHED_BY_CLIENT_NAME);
}

/* Judges one reading of the recipient. */
static void decide_reading(const struct rules *rules, const struct facts *facts,
                           const struct domain *recipient, struct trace *trace,
                           struct decision *decision)
{
    struct search search = { .finder = { rules->connectors, DIRECTION_INBOUND, recipient },
                             .rules = rules,
                             .facts = facts,
                             .decision = decision,
                             .one_is_enough = facts->sender_address->null,
                             .trace = trace };

    memset(decision, 0, sizeof(*decision));
    if (!facts->sender_address->null) {
        search_by_sender(&search);
        return;
    }
    search_by_network(&search);
    if (decision->outcome == OUTCOME_NONE)
        search_by_host(&search);
    else if (trace != NULL)
        trace_hosts(&search);
}

/* Of two readings' decisions the stricter; of two that are as strict, the one that is about
 * domains of ours. */
static bool counts_more(const struct decision *candidate, const struct decision *current)
{
    if (current->outcome == OUTCOME_NONE || candidate->outcome == OUTCOME_NONE)
        return current->outcome == OUTCOME_NONE;
    if (decision_stricter(current, candidate) == candidate)
        return true;
    return decision_stricter(candidate, current) == candidate &&
           candidate->match.connector->local_domains != NULL &&
           current->match.connector->local_domains == NULL;
}

/* A reading of the recipient; NULL: an address literal, which is this host itself. */
static const struct domain *reading(const struct address *recipient, size_t i)
{
    return recipient->domains[i].name[0] == '[' ? NULL : &recipient->domains[i];
}

static void decide(const struct rules *rules, const struct facts *facts, struct trace *trace,
                   struct decision *decision)
{
    const struct address *recipient = facts->recipient_address;
    struct decision other;

    if (facts->local) {
        memset(decision, 0, sizeof(*decision));
        return;
    }
    decide_reading(rules, facts,
                   recipient != NULL && recipient->count > 0 ? reading(recipient, 0) : NULL, trace,
                   decision);
    for (size_t i = 1; recipient != NULL && i < recipient->count; i++) {
        decide_reading(rules, facts, reading(recipient, i), trace, &other);
        if (counts_more(&other, decision))
            *decision = other;
    }
}

void decide_inbound(const struct rules *rules, const struct facts *facts, struct decision *decision)
{
    decide(rules, facts, NULL, decision);
}

void decide_inbound_traced(const struct rules *rules, const struct facts *facts,
                           struct decision *decision, struct trace *trace)
{
    trace_reset(trace);
    decide(rules, facts, trace, decision);
    trace_decided(trace, decision);
}

bool decide_inbound_possible(const struct rules *rules, const struct facts *facts,
                             struct decision *decision)
{
    struct facts any_recipient = *facts;

    any_recipient.recipient_address = NULL;
    decide_inbound(rules, &any_recipient, decision);
    return decision->outcome != OUTCOME_NONE;
}
