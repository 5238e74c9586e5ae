/* SPDX-License-Identifier: ISC */
/*
 * judgement: what becomes of one recipient, as the daemon's callbacks do it at MAIL, at RCPT and at
 * the end of the message: the decision and the way there, the reply, the log lines. Pure.
 */
#ifndef FORCETLS_POLICY_CLI_EXPLAIN_JUDGEMENT_H
#define FORCETLS_POLICY_CLI_EXPLAIN_JUDGEMENT_H

#include <stdbool.h>

#include "policy/cli/subcommand.h"
#include "policy/decide.h"
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

/* The check whose outcome became the decision's reason; NULL: none. */
const struct check_result *judgement_decisive(const struct decision *decision);

/* A connector for mail to the recipient. This version does not judge it; when it does, its
 * judgement stands here. */
struct outbound {
    const struct connector *connector; /* NULL: none */
    struct match match;
};

void outbound_find(struct outbound *outbound, const struct rules *rules, const struct facts *facts);

#endif
