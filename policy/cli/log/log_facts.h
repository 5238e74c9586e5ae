/* SPDX-License-Identifier: ISC */
/* log_facts: what one verdict line says, made ready to be counted. Pure. */
#ifndef FORCETLS_POLICY_CLI_LOG_LOG_FACTS_H
#define FORCETLS_POLICY_CLI_LOG_LOG_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/cli/log/log_history.h"
#include "policy/cli/log/log_line.h"
#include "policy/connector.h"
#include "policy/domain.h"
#include "policy/verdict.h"

enum log_verdict {
    LOG_VERDICT_PASS,    /* a message, at its end */
    LOG_VERDICT_EXEMPT,  /* likewise */
    LOG_VERDICT_REFUSED, /* a recipient: reject or defer */
    LOG_VERDICT_MONITOR, /* a recipient that would have been refused */
    LOG_VERDICT_NEAR_MISS
};

struct log_facts {
    enum direction direction;
    enum log_verdict verdict;
    enum reason reason; /* REASONS: a word that is not known here; REASON_NONE: none is given */
    struct span connector;
    uint64_t recipients;   /* of the message */
    bool has_partner;      /* false: the address was cut, or is not in the line */
    struct domain partner; /* "<>", or the domain; "(no domain)" */
    bool shows_partner;    /* what is in `seen` is the partner's; exempt clients are others */
    struct log_seen seen;
    char decoded[LOG_KINDS + 1][LOG_MESSAGE_MOST]; /* what spans point to */
};

/* False: it is no verdict line, or not all of one. The facts point into the message. */
bool log_facts_read(struct log_facts *facts, const struct log_message *message);

#endif
