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
    const struct rules *rules;
    const struct facts *facts;
    const struct domain *recipient; /* the reading of it; NULL: any domain of ours */
    struct decision *decision;      /* the one that counts so far; OUTCOME_NONE: none yet */
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

static void conclude(struct decision *decision)
{
    decision->outcome = OUTCOME_PASS;
    decision->reason = REASON_NONE;
    for (size_t i = 0; i < decision->trail.count; i++) {
        const struct check_result *result = &decision->trail.results[i];

        if (result->outcome == CHECK_MET ||
            (result->outcome == CHECK_UNKNOWN && decision->outcome != OUTCOME_PASS))
            continue;
        decision->outcome = result->outcome == CHECK_UNMET ? OUTCOME_FAIL : OUTCOME_UNKNOWN;
        decision->reason = result->reason;
        if (decision->outcome == OUTCOME_FAIL)
            return;
    }
}

static void act(const struct rules *rules, const struct facts *facts, struct decision *decision)
{
    const struct connector *connector = decision->match.connector;

    decision->monitored = rules->settings.mode == MODE_MONITOR || connector->mode == MODE_MONITOR ||
                          facts->now < connector->enforce_from;
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
        conclude(decision);
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
        trace_judged(search->trace, search->recipient, &candidate);
    if (choose(search, search->decision, &candidate) == &candidate)
        *search->decision = candidate;
}

/* How well one reading of the recipient fits local_domains: -1 not at all, 0 there are none to
 * fit, else the higher the more specific the entry. No reading (NULL): the recipient is not known
 * yet, or is one of this host's without a domain, so that it could be any of ours. */
static int local_rank(const struct connector *connector, const struct domain *recipient)
{
    struct domain_walk walk;
    int best = -1;

    if (connector->local_domains == NULL)
        return 0;
    if (recipient == NULL)
        return 1;
    domain_walk_start(&walk, connector->local_domains, recipient);
    while (domain_walk_next(&walk)) {
        int rank = 1 + (int)strlen(walk.name) + (walk.kind == PATTERN_EXACT ? DOMAIN_MAX : 0);

        if (walk.fits && rank > best)
            best = rank;
    }
    return best;
}

/* The closest exact entry that the domain lies below, unless what matched is as close. */
static void note_near_miss(struct search *search, const struct domain *domain,
                           const struct match *missed, const struct match *match)
{
    if (domain == NULL || missed->connector == NULL || search->decision->near_miss != NULL ||
        (match->connector != NULL && match->entry == missed->entry))
        return;
    search->decision->near_miss = missed->connector;
    search->decision->near_miss_domain = (struct span){ domain->name, domain->length };
}

/*
 * The most specific entry that covers the domain and whose connector serves this recipient.
 * Entries of the same name and rank (there are several only where local_domains differ) compete
 * by how specific their local_domains are. False: none.
 */
static bool find_entry(struct search *search, const struct domain *domain, struct match *match)
{
    const struct connectors *connectors = search->rules->connectors;
    struct match missed = { .connector = NULL };
    struct domain_walk walk;
    int best = -1;

    if (search->trace != NULL)
        trace_domain(search->trace, connectors, domain, match->by, search->recipient);
    match->connector = NULL;
    domain_walk_start(&walk, connectors_table(connectors, DIRECTION_INBOUND), domain);
    while (domain_walk_next(&walk)) {
        const struct connector *connector = connectors_get(connectors, walk.value);
        bool same_rank = match->connector != NULL && match->entry == walk.name &&
                         (match->kind == PATTERN_EXACT) == (walk.kind == PATTERN_EXACT);
        int rank;

        if (match->connector != NULL && !same_rank)
            break;
        if (!walk.fits) {
            if (walk.kind == PATTERN_EXACT && missed.connector == NULL) {
                missed.connector = connector;
                missed.entry = walk.name;
            }
            continue;
        }
        rank = local_rank(connector, search->recipient);
        if (rank <= best)
            continue;
        best = rank;
        match->connector = connector;
        match->kind = walk.kind;
        match->entry = walk.name;
    }
    note_near_miss(search, domain, &missed, match);
    if (match->connector == NULL)
        return false;
    match->domain = domain != NULL ? (struct span){ domain->name, domain->length } : span_of("");
    return true;
}

/* Where the recipient could be in any domain of ours: the connectors of every entry, up to the
 * first name that one of them has for all domains. `match` is a copy: who led to it stays. */
static void consider_all(struct search *search, const struct domain *domain, struct match match)
{
    const struct connectors *connectors = search->rules->connectors;
    struct domain_walk walk;
    const char *last = NULL;

    domain_walk_start(&walk, connectors_table(connectors, DIRECTION_INBOUND), domain);
    while (domain_walk_next(&walk)) {
        if (last != NULL && walk.name != last)
            break;
        if (!walk.fits)
            continue;
        match.connector = connectors_get(connectors, walk.value);
        match.kind = walk.kind;
        match.entry = walk.name;
        consider(search, &match);
        if (match.connector->local_domains == NULL)
            last = walk.name;
    }
}

/* Considers what find_entry() found for the domain. */
static void consider_found(struct search *search, const struct domain *domain,
                           const struct match *match)
{
    if (search->recipient == NULL)
        consider_all(search, domain, *match);
    else
        consider(search, match);
}

static void search_by_sender(struct search *search)
{
    const struct address *sender = search->facts->sender_address;
    struct match match = { .by = MATCHED_BY_SENDER };

    for (size_t i = 0; i < sender->count; i++) {
        if (find_entry(search, &sender->domains[i], &match))
            consider_found(search, &sender->domains[i], &match);
    }
    if (sender->count == 0 && find_entry(search, NULL, &match))
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
            trace_network(search->trace, match.connector, search->recipient);
        if (local_rank(match.connector, search->recipient) >= 0)
            consider(search, &match);
    }
}

/* <>: else those that the HELO name or the confirmed client name leads to; "*" only where
 * neither leads to a closer one. */
static void search_by_host(struct search *search)
{
    struct match helo = { .by = MATCHED_BY_HELO }, client = { .by = MATCHED_BY_CLIENT_NAME };
    bool by_helo = find_entry(search, search->facts->helo_domain, &helo);
    bool by_client = search->facts->client_domain != NULL &&
                     find_entry(search, search->facts->client_domain, &client);

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
    const struct connectors *connectors = search->rules->connectors;
    const struct facts *facts = search->facts;

    trace_domain(search->trace, connectors, facts->helo_domain, MATCHED_BY_HELO, search->recipient);
    if (facts->client_domain != NULL)
        trace_domain(search->trace, connectors, facts->client_domain, MATCHED_BY_CLIENT_NAME,
                     search->recipient);
}

/* Judges one reading of the recipient. */
static void decide_reading(const struct rules *rules, const struct facts *facts,
                           const struct domain *recipient, struct trace *trace,
                           struct decision *decision)
{
    struct search search = {
        rules, facts, recipient, decision, facts->sender_address->null, trace
    };

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
