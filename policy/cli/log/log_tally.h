/* SPDX-License-Identifier: ISC */
/* log_tally: how many, and from when to when. */
#ifndef FORCETLS_POLICY_CLI_LOG_LOG_TALLY_H
#define FORCETLS_POLICY_CLI_LOG_LOG_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/cli/log/log_facts.h"
#include "policy/cli/log/timestamp.h"

struct log_tally {
    uint64_t messages; /* that passed */
    uint64_t recipients;
    uint64_t exempt; /* messages */
    uint64_t exempt_recipients;
    uint64_t refused; /* recipients */
    uint64_t would_be_refused;
    int64_t first, last; /* TIMESTAMP_UNKNOWN */
};

/* No line was counted, or none of a message or a recipient. */
bool log_tally_is_nothing(const struct log_tally *tally);

void log_tally_init(struct log_tally *tally);
void log_tally_count(struct log_tally *tally, const struct log_facts *facts);
void log_tally_add(struct log_tally *to, const struct log_tally *from);

/* Widens a span of time; what is not known changes nothing. */
void log_note_time(int64_t *first, int64_t *last, int64_t time);

#endif
