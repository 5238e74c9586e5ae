/* SPDX-License-Identifier: ISC */
/* log_report: what was counted, in order, and as JSON or as text. */
#ifndef FORCETLS_POLICY_CLI_LOG_LOG_REPORT_H
#define FORCETLS_POLICY_CLI_LOG_LOG_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "policy/cli/log/log_statistics.h"
#include "policy/cli/page.h"

/* A change and whose it is. */
struct log_finding {
    enum log_change change;
    const struct log_connector *connector;
    const struct log_partner *partner;
    const struct log_value *value;
};

struct log_report {
    const struct log_statistics *statistics;
    const struct log_connector **connectors; /* by name, then by direction */
    size_t connector_count;
    const struct log_partner *
        *partners; /* by connector, then those with the most mail that passed */
    size_t partner_count;
    struct log_finding *changes; /* of partners that once met all demands first; the worst first */
    size_t change_count;
    struct log_tally total;
    uint64_t near_misses;
    uint64_t others_forgotten; /* partners that were not kept, for long */
    uint64_t others_changes;   /* of them */
};

/* The statistics must live as long, and not go on. False: memory ran out; release it in any
 * case. */
bool log_report_init(struct log_report *report, const struct log_statistics *statistics);
void log_report_release(struct log_report *report);

const struct log_connector *log_partner_connector(const struct log_partner *partner);

/* "older-protocol" */
const char *log_change_word(enum log_change change);

/* reason_word(); REASONS too, for words that are not known. */
const char *log_reason_word(int reason);

/* NULL: memory ran out. */
json_t *log_report_json(const struct log_report *report);

/* `all`: no list is shortened. */
void log_report_print(const struct log_report *report, bool all, const struct page *page);

#endif
