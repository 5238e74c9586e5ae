/* SPDX-License-Identifier: ISC */
#include "policy/cli/explain/judgement.h"

#include <string.h>

/* MAIL: a sender that just misses an entry is told. False: no recipient can fall under a
 * connector, so that the milter lets the message go and sees no more of it. */
static bool judge_sender(struct judgement *judgement, const struct rules *rules,
                         const struct facts *facts, struct span queue_id)
{
    struct decision decision;
    bool concerned = decide_inbound_possible(rules, facts, &decision);

    judgement->near_miss = decision.near_miss;
    judgement->near_miss_domain = decision.near_miss_domain;
    if (decision.near_miss != NULL)
        logline_near_miss(facts, &decision, queue_id, judgement->near_miss_log);
    return concerned;
}

void judgement_make(struct judgement *judgement, const struct rules *rules,
                    const struct facts *facts, unsigned recipients, struct span queue_id)
{
    struct decision *decision = &judgement->decision;
    bool concerned;

    memset(judgement, 0, sizeof(*judgement));
    concerned = judge_sender(judgement, rules, facts, queue_id);
    decide_inbound_traced(rules, facts, decision, &judgement->trace);
    if (!concerned) {
        memset(decision, 0, sizeof(*decision));
    } else if (decision->would != VERDICT_PASS) {
        judgement->refused = true;
        refusal_of(rules, facts, decision, &judgement->refusal);
        logline_refused(facts, decision, &judgement->refusal, queue_id, judgement->log);
    } else if (decision->outcome != OUTCOME_NONE) {
        logline_passed(facts, decision, recipients, queue_id, judgement->log);
    }
}

enum status judgement_status(const struct judgement *judgement)
{
    const struct decision *decision = &judgement->decision;

    if (decision->verdict == VERDICT_PASS)
        return STATUS_GOOD;
    return decision->outcome == OUTCOME_UNKNOWN ? STATUS_UNKNOWN : STATUS_NO;
}

const struct check_result *judgement_decisive(const struct decision *decision)
{
    enum check_outcome outcome = decision->outcome == OUTCOME_FAIL ? CHECK_UNMET : CHECK_UNKNOWN;

    if (decision->outcome != OUTCOME_FAIL && decision->outcome != OUTCOME_UNKNOWN)
        return NULL;
    for (size_t i = 0; i < decision->trail.count; i++) {
        if (decision->trail.results[i].outcome == outcome)
            return &decision->trail.results[i];
    }
    return NULL;
}

/* ---- outbound ------------------------------------------------------------------------------ */

/* Whether the connector is for mail of this sender of ours. */
static bool serves(const struct connector *connector, const struct address *sender)
{
    if (connector->local_domains == NULL || sender->count == 0)
        return true;
    for (size_t i = 0; i < sender->count; i++) {
        if (domain_table_covers(connector->local_domains, &sender->domains[i]))
            return true;
    }
    return false;
}

static void find_for_domain(struct outbound *outbound, const struct rules *rules,
                            const struct facts *facts, const struct domain *domain)
{
    struct domain_walk walk;

    domain_walk_start(&walk, connectors_table(rules->connectors, DIRECTION_OUTBOUND), domain);
    while (domain_walk_next(&walk)) {
        const struct connector *connector = connectors_get(rules->connectors, walk.value);

        if (!walk.fits || !serves(connector, facts->sender_address))
            continue;
        if (outbound->connector == NULL || connector->level > outbound->connector->level) {
            outbound->connector = connector;
            outbound->match = (struct match){ .connector = connector,
                                              .by = MATCHED_BY_SENDER,
                                              .kind = walk.kind,
                                              .entry = walk.name,
                                              .domain = { domain->name, domain->length } };
        }
        return;
    }
}

void outbound_find(struct outbound *outbound, const struct rules *rules, const struct facts *facts)
{
    const struct address *recipient = facts->recipient_address;

    *outbound = (struct outbound){ .connector = NULL };
    for (size_t i = 0; recipient != NULL && i < recipient->count; i++)
        find_for_domain(outbound, rules, facts, &recipient->domains[i]);
}
