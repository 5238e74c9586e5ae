/* SPDX-License-Identifier: ISC */
/*
 * judgement: what becomes of one recipient, as the daemon's callbacks do it at MAIL, at RCPT and at
 * the end of the message: the decision and the way there, the reply, the log lines. Pure.
 */
#ifndef FORCETLS_POLICY_CLI_EXPLAIN_JUDGEMENT_H
#define FORCETLS_POLICY_CLI_EXPLAIN_JUDGEMENT_H

#include <stdbool.h>

#include "policy/cli/subcommand.h"
#include "policy/decide_outbound.h"
#include "policy/logline.h"
#include "policy/refusal.h"

/* Inbound. */
struct judgement {
    struct decision decision;
    struct trace trace;
    bool refused; /* or would be, were it not for monitor mode: */
    struct refusal refusal;
    char log[LOGLINE_SIZE]; /* empty: nothing is logged */
    /* The sender just misses an entry: told once, at MAIL. */
    const struct connector *near_miss; /* NULL: none */
    struct span near_miss_domain;
    char near_miss_log[LOGLINE_SIZE];
};

/* `facts` are the recipient's; `recipients` is for the line of what passed. */
void judgement_make(struct judgement *judgement, const struct rules *rules,
                    const struct facts *facts, unsigned recipients, struct span queue_id);

/* What the client is given: the verdict of its recipient as an exit status. */
enum status judgement_status(const struct judgement *judgement);
enum status decision_status(const struct decision *decision);

/* The check whose outcome became the decision's reason; NULL: none. */
const struct check_result *judgement_decisive(const struct decision *decision);

/* Mail to the recipient. */
struct outbound {
    const struct connector *connector; /* NULL: none */
    struct match match;
    bool asked;  /* outbound_judge() was called, */
    bool judged; /* and the mail leaves this host for a partner: */
    struct decision decision;
    struct trace trace;
    bool refused; /* or would be, were it not for monitor mode: */
    struct refusal refusal;
    char log[LOGLINE_SIZE]; /* empty: nothing is logged */
};

/* The connector alone. */
void outbound_find(struct outbound *outbound, const struct rules *rules, const struct facts *facts);

/* And the judgement, by what a source knows of next hops. What that points to must live as long as
 * the judgement; `facts` too. */
void outbound_judge(struct outbound *outbound, const struct rules *rules, const struct facts *facts,
                    const struct hop_source *source, struct span queue_id);

/* What is wrong, in the words of the refusal but without whose mail it is and whom to ask; also of
 * mail that is accepted although it is not known. Empty: nothing is wrong. */
void outbound_sentence(const struct outbound *outbound, const struct rules *rules,
                       const struct facts *facts, char sentence[REFUSAL_SIZE]);

/* As judgement_status(), but for monitor mode and the map: whether the demands are met. */
enum status outbound_status(const struct outbound *outbound);

#endif
