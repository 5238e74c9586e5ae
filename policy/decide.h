/* SPDX-License-Identifier: ISC */
/*
 * decide: the rule. Facts and connectors go in, a decision comes out.
 *
 * Allocates nothing, waits for nothing, knows no clock. Whatever is not known is no pass.
 */
#ifndef FORCETLS_POLICY_DECIDE_H
#define FORCETLS_POLICY_DECIDE_H

#include "policy/demand.h"
#include "policy/facts.h"
#include "policy/rules.h"
#include "policy/verdict.h"

/* What led to the connector. */
enum matched_by {
    MATCHED_BY_SENDER,
    MATCHED_BY_NETWORK,    /* <>: the client lies in client_networks */
    MATCHED_BY_HELO,       /* <>: the HELO name lies in domains */
    MATCHED_BY_CLIENT_NAME /* <>: the confirmed client name does */
};

struct match {
    const struct connector *connector; /* NULL: none */
    enum matched_by by;
    enum pattern_kind kind; /* the entry that matched, */
    const char *entry;      /* its name, inside the facts' domain; NULL when matched by network */
    struct span domain;     /* the partner's domain in canonical form, owned by the facts;
                               not known when matched by network */
};

struct decision {
    enum outcome outcome;
    enum reason reason;   /* REASON_NONE where it is a pass or none */
    enum verdict verdict; /* what is to be done */
    enum verdict would;   /* what would be done in enforce mode */
    bool monitored;       /* monitor mode: verdict is VERDICT_PASS whatever `would` says */
    struct match match;
    struct trail trail; /* each check with its outcome */
    /* A sender that lies below an exact entry, and no closer entry covers it; else NULL. */
    const struct connector *near_miss;
    struct span near_miss_domain;
};

/* Judges one recipient inbound. */
void decide_inbound(const struct rules *rules, const struct facts *facts,
                    struct decision *decision);

/* Whether some recipient of this sender could fall under an inbound connector: false lets the
 * rest of the message go unseen. `facts->recipient_address` is not looked at. On false,
 * `near_miss` in the decision is set as decide_inbound() would. */
bool decide_inbound_possible(const struct rules *rules, const struct facts *facts,
                             struct decision *decision);

/* The stricter of two decisions about one recipient (reject > defer > pass). */
const struct decision *decision_stricter(const struct decision *a, const struct decision *b);

#endif
