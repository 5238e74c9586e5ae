/* SPDX-License-Identifier: ISC */
/*
 * judge_hop: what was found at a next hop against the demands of a connector. The prober records,
 * this judges.
 *
 * Allocates nothing. Two connectors share what was found and never a judgement.
 */
#ifndef FORCETLS_POLICY_JUDGE_HOP_H
#define FORCETLS_POLICY_JUDGE_HOP_H

#include "policy/demand.h"
#include "policy/hop.h"
#include "policy/rules.h"

struct finding {
    /* OUTCOME_PASS, OUTCOME_FAIL, OUTCOME_UNKNOWN; of an address or host also OUTCOME_NONE: mail
     * cannot go there now, so that it does not count beside another that can be reached. */
    enum outcome outcome;
    enum reason reason;
    struct trail trail;
    struct hop_seen seen;
    bool firm; /* the failure may be answered with a 5xx: fresh, seen twice, and not a date's */
};

/* One address of a host. */
void judge_address(const struct rules *rules, const struct connector *connector,
                   const struct hop_host *host, const struct hop_address *address, int64_t now,
                   struct finding *finding);

/* A host: each of its addresses that can be reached must meet the demands. */
void judge_host(const struct rules *rules, const struct connector *connector,
                const struct hop_host *host, int64_t now, struct finding *finding);

/*
 * Several hops, of which the MTA takes one: their hosts are judged together, by the connector's
 * `mx`.
 *
 *   all   each host that can be reached meets the demands, and there is one. One seen not to: fail,
 *         and the finding is that of the worst one; one that is not known: unknown.
 *   any   one meets them; else unknown, as long as there is one of which it is not known; else
 * fail.
 *
 * Start, add each hop's knowledge, conclude.
 */
struct hop_jury {
    const struct rules *rules;
    const struct connector *connector;
    int64_t now;
    struct finding pass, fail, unknown,
        absent; /* outcome OUTCOME_NONE and no reason: there is none */
};

void judge_start(struct hop_jury *jury, const struct rules *rules,
                 const struct connector *connector, int64_t now);
void judge_add(struct hop_jury *jury, const struct hop_knowledge *knowledge);
void judge_conclude(const struct hop_jury *jury, struct finding *finding);

#endif
