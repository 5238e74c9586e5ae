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

/* What became of an entry of the file that could have decided. */
enum fate {
    FATE_COUNTS,          /* its connector's judgement is the decision */
    FATE_LESS_STRICT,     /* its connector was judged too, and another judgement counts */
    FATE_LESS_SPECIFIC,   /* a closer entry, or closer local_domains, decided; for <> also: a client
                             network decided, and this was found by a name */
    FATE_NO_SUBDOMAINS,   /* an exact entry, and the sender (HELO name, client name) lies below */
    FATE_ONLY_SUBDOMAINS, /* ".x", and the sender (HELO name, client name) is x itself */
    FATE_LOCAL_DOMAINS,   /* its local_domains do not contain the recipient */
    FATES
};

struct candidate {
    struct match match;
    struct span recipient; /* the recipient's domain in this reading; not known: any of ours */
    enum fate fate;
    /* Of one that was judged (FATE_COUNTS, FATE_LESS_STRICT): */
    enum outcome outcome;
    enum reason reason;
    enum verdict would;
    bool monitored;
};

#define TRACE_MOST 64

/* Every inbound entry whose name is the sender's domain or a parent of it, the most specific first;
 * for <> the connectors whose client_networks contain the client, then the entries of the HELO name
 * and of the client's. The same entry comes once for each reading of the sender and of the
 * recipient. */
struct trace {
    struct candidate candidates[TRACE_MOST];
    size_t count;
    size_t left_out; /* there was no room for them; then the one that counts may be among these */
};

/* decide_inbound(), and the way there. The decision is the same. */
void decide_inbound_traced(const struct rules *rules, const struct facts *facts,
                           struct decision *decision, struct trace *trace);

const char *fate_word(enum fate fate);

/* The stricter of two decisions about one recipient (reject > defer > pass). */
const struct decision *decision_stricter(const struct decision *a, const struct decision *b);

#endif
