/* SPDX-License-Identifier: ISC */
#include "policy/cli/explain/judgement.h"

#include <stdio.h>
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
    return decision_status(&judgement->decision);
}

enum status decision_status(const struct decision *decision)
{
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

    memset(outbound, 0, sizeof(*outbound));
    for (size_t i = 0; recipient != NULL && i < recipient->count; i++)
        find_for_domain(outbound, rules, facts, &recipient->domains[i]);
}

void outbound_judge(struct outbound *outbound, const struct rules *rules, const struct facts *facts,
                    const struct hop_source *source, struct span queue_id)
{
    struct decision *decision = &outbound->decision;

    outbound_find(outbound, rules, facts);
    outbound->asked = true;
    decide_outbound_traced(rules, facts, source, decision, &outbound->trace);
    outbound->judged = decision->outcome != OUTCOME_NONE;
    if (!outbound->judged)
        return;
    outbound->connector = decision->match.connector;
    outbound->match = decision->match;
    if (decision->would != VERDICT_PASS) {
        outbound->refused = true;
        refusal_of(rules, facts, decision, &outbound->refusal);
        logline_refused(facts, decision, &outbound->refusal, queue_id, outbound->log);
    } else {
        logline_passed(facts, decision, 1, queue_id, outbound->log);
    }
}

/* Cuts what stands before and behind the reason. */
static void take_reason(const struct rules *rules, const struct connector *connector,
                        const char *text, char sentence[REFUSAL_SIZE])
{
    const char *contact = connector->contact != NULL ? connector->contact : rules->settings.contact;
    const char *head = strstr(text, "): ");
    size_t length, end;

    (void)snprintf(sentence, REFUSAL_SIZE, "%s", head != NULL ? head + strlen("): ") : text);
    length = strlen(sentence);
    end = contact != NULL ? strlen(contact) + strlen("; ") : 0;
    if (contact != NULL && length > end &&
        strcmp(sentence + length - strlen(contact), contact) == 0)
        sentence[length - end] = '\0';
}

void outbound_sentence(const struct outbound *outbound, const struct rules *rules,
                       const struct facts *facts, char sentence[REFUSAL_SIZE])
{
    struct decision decision = outbound->decision;
    struct refusal refusal;

    sentence[0] = '\0';
    if (decision.outcome != OUTCOME_FAIL && decision.outcome != OUTCOME_UNKNOWN)
        return;
    if (decision.would == VERDICT_PASS)
        decision.would = VERDICT_DEFER;
    refusal_of(rules, facts, &decision, &refusal);
    take_reason(rules, decision.match.connector, refusal.text, sentence);
}

enum status outbound_status(const struct outbound *outbound)
{
    if (!outbound->judged || outbound->decision.outcome == OUTCOME_PASS)
        return STATUS_GOOD;
    return outbound->decision.outcome == OUTCOME_UNKNOWN ? STATUS_UNKNOWN : STATUS_NO;
}
