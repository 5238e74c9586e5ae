/* SPDX-License-Identifier: ISC */
/*
 * An outbound recipient, step by step:
 *
 *   way       what the MTA says of its transport and next hop; what stays on this host is none of
 *             our business
 *   find      the connectors that the recipient's address could mean
 *   allow     is each hop the MX of a domain that leads to this connector, or one of its next_hops?
 *   judge     what is known of these hops against the demands (judge_hop.c)
 *   act       fail: the connector's action; unknown: its key `unknown`; unless something says
 *             "monitor"
 *   choose    of several connectors, the strictest verdict
 *
 * A recipient has several readings where its address is odd ("u%remote.test@local.test"), and where
 * the MTA's own spelling of it ({rcpt_addr}) is another one. Which of them is meant the MTA shows
 * by the hop: so a hop that is the MX of one reading is right for every reading with that
 * connector, and what the MTA keeps on this host needs no reading at all.
 */
#include "policy/decide_outbound.h"

#include <string.h>

#include "policy/judge_hop.h"
#include "policy/trace.h"

struct search {
    struct finder finder; /* its `ours` is the reading of the sender */
    const struct rules *rules;
    const struct facts *facts;
    const struct hop_source *source; /* NULL: the question is of "TLS-Required: No" */
    const struct next_hops *way;
    struct decision *decision; /* the one that counts so far; OUTCOME_NONE: none yet */
    struct trace *trace;       /* NULL: nobody asks for the way */
};

/* ---- allow ----------------------------------------------------------------------------------- */

/* The entry of next_hops that a hop is; false: it is none of them. */
static bool find_next_hop(const struct connector *connector, const struct next_hop *hop,
                          struct next_hop *entry)
{
    for (size_t i = 0; i < connector->next_hops.count; i++) {
        if (next_hop_parse(entry, span_of(connector->next_hops.strings[i]), NULL) &&
            next_hop_same_place(entry, hop))
            return true;
    }
    return false;
}

/* Whether a domain leads to a connector; where the mail could be from any domain of ours, whether
 * it can. */
static bool leads_to(const struct finder *finder, const struct domain *domain,
                     const struct connector *connector)
{
    struct match match = { .connector = NULL };
    struct find_walk walk;

    if (finder->ours != NULL)
        return find_entry(finder, domain, &match, NULL) && match.connector == connector;
    find_walk_start(&walk, finder, domain);
    while (match.connector != connector && find_walk_next(&walk, &match))
        continue;
    return match.connector == connector;
}

/* Whether a hop is the MX of a reading of the recipient that leads to this connector. "*" has every
 * reading in it, also those that a closer entry is there for. */
static bool is_own_mx(const struct search *search, const struct match *by,
                      const struct next_hop *hop)
{
    const struct address *recipient = search->facts->recipient_address;
    struct next_hop own;

    for (size_t i = 0; i < recipient->count; i++) {
        const struct domain *domain = &recipient->domains[i];

        if (next_hop_read(&own, (struct span){ domain->name, domain->length }) &&
            next_hop_equal(&own, hop) &&
            (by->kind == PATTERN_ANY || leads_to(&search->finder, domain, by->connector)))
            return true;
    }
    return false;
}

/* The hop as the hops table knows it; false: the partner's mail may not go there. */
static bool allow(const struct search *search, const struct match *match,
                  const struct next_hop *hop, struct next_hop *known)
{
    if (find_next_hop(match->connector, hop, known))
        return true;
    *known = *hop;
    return is_own_mx(search, match, hop);
}

/* ---- judge ----------------------------------------------------------------------------------- */

static void ask(const struct search *search, const struct next_hop *hop, struct hop_jury *jury)
{
    struct hop_knowledge knowledge = { .missing = REASON_NOT_PROBED_YET };

    search->source->get(search->source->data, hop, &knowledge);
    judge_add(jury, &knowledge);
}

/* Ends with a reason that no host is needed for. */
static void conclude_early(enum outcome outcome, enum reason reason, struct finding *finding)
{
    memset(finding, 0, sizeof(*finding));
    hop_seen_init(&finding->seen);
    finding->outcome = outcome;
    finding->reason = reason;
}

/* The hops that the MTA names. */
static void judge_way(const struct search *search, const struct match *match,
                      struct finding *finding)
{
    struct hop_jury jury;

    judge_start(&jury, search->rules, match->connector, search->facts->now);
    for (size_t i = 0; i < search->way->count; i++) {
        struct next_hop known;

        if (!allow(search, match, &search->way->hops[i], &known)) {
            conclude_early(OUTCOME_FAIL, REASON_WRONG_NEXT_HOP, finding);
            return;
        }
        ask(search, &known, &jury);
    }
    judge_conclude(&jury, finding);
}

/* No hop was named: the ones that the connector allows. */
static void judge_allowed(const struct search *search, const struct match *match,
                          struct finding *finding)
{
    const struct connector *connector = match->connector;
    struct next_hop hop;
    struct hop_jury jury;

    judge_start(&jury, search->rules, connector, search->facts->now);
    for (size_t i = 0; i < connector->next_hops.count; i++) {
        if (next_hop_parse(&hop, span_of(connector->next_hops.strings[i]), NULL))
            ask(search, &hop, &jury);
    }
    if (connector->next_hops.count == 0 && next_hop_read(&hop, match->domain))
        ask(search, &hop, &jury);
    judge_conclude(&jury, finding);
}

static void judge(const struct search *search, const struct match *match, struct finding *finding)
{
    if (search->source == NULL)
        conclude_early(match->connector->level == LEVEL_MAY ? OUTCOME_PASS : OUTCOME_FAIL,
                       REASON_TLS_NOT_REQUIRED, finding);
    else if (match->connector->level == LEVEL_MAY)
        conclude_early(OUTCOME_PASS, REASON_NONE, finding);
    else if (search->way->way == WAY_HOPS)
        judge_way(search, match, finding);
    else if (search->facts->local)
        judge_allowed(search, match, finding);
    else
        conclude_early(OUTCOME_UNKNOWN, REASON_NOT_REPORTED, finding);
}

/* ---- act ------------------------------------------------------------------------------------- */

/* What is to be done in enforce mode. */
static enum verdict verdict_of(const struct search *search, const struct connector *connector,
                               const struct finding *finding)
{
    bool map = search->rules->settings.tls_policy_socket != NULL;

    if (finding->outcome == OUTCOME_PASS)
        return VERDICT_PASS;
    if (finding->reason == REASON_TLS_NOT_REQUIRED)
        return VERDICT_REJECT;
    if (search->facts->local)
        return map ? VERDICT_PASS : VERDICT_REJECT;
    if (finding->outcome == OUTCOME_UNKNOWN)
        return map && connector->unknown == UNKNOWN_ACCEPT && search->way->way == WAY_HOPS
                   ? VERDICT_PASS
                   : VERDICT_DEFER;
    return connector->action == ACTION_REJECT && finding->firm ? VERDICT_REJECT : VERDICT_DEFER;
}

static void act(const struct search *search, const struct match *match,
                const struct finding *finding, struct decision *decision)
{
    decision->direction = DIRECTION_OUTBOUND;
    decision->match = *match;
    decision->outcome = finding->outcome;
    decision->reason = finding->outcome == OUTCOME_PASS ? REASON_NONE : finding->reason;
    decision->trail = finding->trail;
    decision->seen = finding->seen;
    decision->monitored = rules_monitor(search->rules, match->connector, search->facts->now);
    decision->would = verdict_of(search, match->connector, finding);
    decision->verdict = decision->monitored ? VERDICT_PASS : decision->would;
}

/* ---- find and choose ------------------------------------------------------------------------- */

/* Judges one match and lets it count against what was found before. */
static void consider(struct search *search, const struct match *match)
{
    struct decision *current = search->decision;
    struct decision candidate;
    struct finding finding;

    judge(search, match, &finding);
    candidate.near_miss = current->near_miss;
    candidate.near_miss_domain = current->near_miss_domain;
    act(search, match, &finding, &candidate);
    if (search->trace != NULL)
        trace_judged(search->trace, search->finder.ours, &candidate);
    if (current->outcome == OUTCOME_NONE || decision_stricter(current, &candidate) == &candidate)
        *current = candidate;
}

/* A reading of the recipient (NULL: it has no domain) for mail of one domain of ours, or of any. */
static void consider_domain(struct search *search, const struct domain *domain)
{
    struct match match = { .by = MATCHED_BY_RECIPIENT }, missed;
    struct find_walk walk;
    bool found;

    if (search->trace != NULL)
        trace_domain(search->trace, &search->finder, domain, MATCHED_BY_RECIPIENT);
    found = find_entry(&search->finder, domain, &match, &missed);
    if (domain != NULL && missed.connector != NULL && search->decision->near_miss == NULL) {
        search->decision->near_miss = missed.connector;
        search->decision->near_miss_domain = (struct span){ domain->name, domain->length };
    }
    if (!found)
        return;
    if (search->finder.ours != NULL) {
        consider(search, &match);
        return;
    }
    find_walk_start(&walk, &search->finder, domain);
    while (find_walk_next(&walk, &match))
        consider(search, &match);
}

static void consider_recipient(struct search *search, const struct domain *ours)
{
    const struct address *recipient = search->facts->recipient_address;

    search->finder.ours = ours;
    for (size_t i = 0; i < recipient->count; i++)
        consider_domain(search, &recipient->domains[i]);
    if (recipient->count == 0)
        consider_domain(search, NULL);
}

/* A domain of ours that the mail is from; NULL for an address literal, which is this host itself.
 */
static const struct domain *reading(const struct address *sender, size_t i)
{
    return sender->domains[i].name[0] == '[' ? NULL : &sender->domains[i];
}

static void decide(const struct rules *rules, const struct facts *facts,
                   const struct hop_source *source, struct trace *trace, struct decision *decision)
{
    const struct address *sender = facts->sender_address;
    struct next_hops way;
    struct search search = { .finder = { rules->connectors, DIRECTION_OUTBOUND, NULL },
                             .rules = rules,
                             .facts = facts,
                             .source = source,
                             .way = &way,
                             .decision = decision,
                             .trace = trace };

    memset(decision, 0, sizeof(*decision));
    decision->direction = DIRECTION_OUTBOUND;
    hop_seen_init(&decision->seen);
    if (facts->recipient_address == NULL || !decide_outbound_possible(rules))
        return;
    next_hops_read(&way, facts->mta, facts->mailer, facts->next_hop,
                   &rules->settings.local_transports);
    if (way.way == WAY_LOCAL)
        return;
    if (sender == NULL || sender->count == 0)
        consider_recipient(&search, NULL);
    for (size_t i = 0; sender != NULL && i < sender->count; i++)
        consider_recipient(&search, reading(sender, i));
}

void decide_outbound(const struct rules *rules, const struct facts *facts,
                     const struct hop_source *source, struct decision *decision)
{
    decide(rules, facts, source, NULL, decision);
}

void decide_outbound_traced(const struct rules *rules, const struct facts *facts,
                            const struct hop_source *source, struct decision *decision,
                            struct trace *trace)
{
    trace_reset(trace);
    decide(rules, facts, source, trace, decision);
    trace_decided(trace, decision);
}

bool decide_outbound_possible(const struct rules *rules)
{
    return domain_table_count(connectors_table(rules->connectors, DIRECTION_OUTBOUND)) > 0;
}

bool decide_tls_required(const struct rules *rules, const struct facts *facts,
                         struct decision *decision)
{
    decide(rules, facts, NULL, NULL, decision);
    return decision->would == VERDICT_PASS;
}
