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
#include "policy/find.h"
#include "policy/hop.h"
#include "policy/rules.h"
#include "policy/verdict.h"

struct decision {
    enum direction direction;
    enum outcome outcome;
    enum reason reason;   /* REASON_NONE where it is a pass or none */
    enum verdict verdict; /* what is to be done */
    enum verdict would;   /* what would be done in enforce mode */
    bool monitored;       /* monitor mode: verdict is VERDICT_PASS whatever `would` says */
    struct match match;
    struct trail trail;   /* each check with its outcome; outbound those of the host in `seen` */
    struct hop_seen seen; /* outbound: what the decision stands on; belongs to who knows the hops */
    /* A partner's address that lies below an exact entry, and no closer entry covers it; else NULL.
     */
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
    FATE_LOCAL_DOMAINS,   /* its local_domains do not contain our side's domain */
    FATES
};

struct candidate {
    struct match match;
    struct span ours; /* our side's domain in this reading: inbound the recipient's, outbound the
                         sender's; not known: any of ours */
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
 * recipient. Outbound likewise, by the recipient's domain. */
struct trace {
    struct candidate candidates[TRACE_MOST];
    size_t count;
    size_t left_out; /* there was no room for them; then the one that counts may be among these */
};

/* decide_inbound(), and the way there. The decision is the same. */
void decide_inbound_traced(const struct rules *rules, const struct facts *facts,
                           struct decision *decision, struct trace *trace);

const char *fate_word(enum fate fate);

/* The stricter of two decisions about one recipient, also of one inbound and one outbound (reject >
 * defer > pass). */
const struct decision *decision_stricter(const struct decision *a, const struct decision *b);

#endif
