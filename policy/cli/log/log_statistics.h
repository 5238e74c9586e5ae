/* SPDX-License-Identifier: ISC */
/*
 * log_statistics: the daemon's messages, counted per connector and, within each, per partner.
 *
 * Whatever a log holds, memory is bounded. What does not fit is counted under "others": of names of
 * connectors here, of partners in log_partners, of a partner's values in log_history.
 */
#ifndef FORCETLS_POLICY_CLI_LOG_LOG_STATISTICS_H
#define FORCETLS_POLICY_CLI_LOG_LOG_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/cli/log/log_line.h"
#include "policy/cli/log/log_partners.h"
#include "policy/cli/log/log_tally.h"
#include "policy/connector.h"
#include "policy/verdict.h"

#define LOG_CONNECTORS_MOST 1000

struct log_reason {
    uint64_t refused, would_be_refused;
    int64_t first, last;
};

/* A connector in one direction. */
struct log_connector {
    struct log_connector *next;      /* of the same hash */
    struct log_connector *following; /* in the order in which they came */
    enum direction direction;
    struct log_tally tally;
    uint64_t near_misses;
    int64_t last_refusal;
    struct log_reason reasons[REASONS + 1]; /* the last one: words that are not known here */
    struct log_circle circle;
    size_t length;
    char name[]; /* not NUL-terminated */
};

/* What is asked for. */
struct log_selection {
    int64_t since, until; /* both included; INT64_MIN, INT64_MAX: no bound */
    const char *const *connectors;
    size_t connector_count; /* 0: all */
};

struct log_counts {
    uint64_t verdicts;         /* lines that were counted */
    uint64_t other_messages;   /* of the daemon, that are no verdicts */
    uint64_t other_connectors; /* verdicts of connectors that were not asked for */
    uint64_t unreadable;       /* verdicts that are cut or damaged */
    uint64_t outside;          /* messages before `since` or after `until` */
    uint64_t without_time;     /* messages in no span of time, where one was asked for */
    uint64_t backwards;        /* verdicts that are older than one before them */
    uint64_t dropped;          /* lines that the daemon says it could not write */
    int64_t first, last;       /* the verdicts' */
};

struct log_statistics {
    struct log_selection selection;
    struct log_counts counts;
    struct log_connector *connectors; /* through `following` */
    size_t connector_count;
    struct log_tally others; /* of connectors beyond LOG_CONNECTORS_MOST */
    struct log_partners partners;
    struct log_table *table; /* its own */
};

/* The selection's strings must live as long. NULL: memory ran out. */
struct log_statistics *log_statistics_new(const struct log_selection *selection);
void log_statistics_free(struct log_statistics *statistics);

void log_statistics_add(struct log_statistics *statistics, const struct log_message *message);

#endif
