/* SPDX-License-Identifier: ISC */
/*
 * advice: what a reason means, and what the administrator and the partner do about it, as a table.
 * Where the two MTAs differ, each has its own row. Settings are named as README and contrib name
 * them. Pure.
 */
#ifndef FORCETLS_POLICY_CLI_EXPLAIN_ADVICE_H
#define FORCETLS_POLICY_CLI_EXPLAIN_ADVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/demand.h"

/* Beside the reasons of a decision: a sender that just misses an entry. */
#define ADVICE_NEAR_MISS REASONS

enum advice_who { ADVICE_ADMINISTRATOR, ADVICE_PARTNER, ADVICE_WHOS };

struct advice_step {
    int reason;     /* enum reason, or ADVICE_NEAR_MISS */
    unsigned where; /* for advice_table.h */
    enum mta mta;   /* MTA_UNKNOWN: whichever it is */
    enum advice_who who;
    bool refused;     /* only for mail that is refused, not in monitor mode */
    const char *text; /* a sentence or two, without a full stop at the end */
};

/* What is asked for. */
struct advice_case {
    int reason;
    const struct check_result *result; /* the check that gave the reason; NULL: not known */
    enum mta mta;                      /* MTA_UNKNOWN: what is true of either */
    bool monitored;                    /* in monitor mode */
    enum direction direction;
};

/* One or two sentences; NULL: nothing to be said (a pass), or a reason that does not occur in this
 * direction. */
const char *advice_meaning(enum direction direction, int reason);

/* The step at `*position`, which goes on; start with 0. NULL: no more. */
const struct advice_step *advice_next(const struct advice_case *wanted, size_t *position);

/* The reason of a word of the log, "near-miss" among them; false: no such word. */
bool advice_reason(int *reason, struct span word);

#endif
