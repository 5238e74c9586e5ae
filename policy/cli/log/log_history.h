/* SPDX-License-Identifier: ISC */
/*
 * log_history: what one partner has shown over time, and what changed: a value that is new or
 * worse than what it had shown before. Pure but for malloc(3), which is bounded by a budget.
 *
 * Lines are compared with those whose demands were all met: who only pretends to be the partner
 * does not make its history. A partner that never met them is compared with all its lines.
 */
#ifndef FORCETLS_POLICY_CLI_LOG_LOG_HISTORY_H
#define FORCETLS_POLICY_CLI_LOG_LOG_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/cli/log/timestamp.h"
#include "policy/span.h"

enum log_kind {
    LOG_PROTOCOL,    /* TLSv1.3; "none": not encrypted */
    LOG_CIPHER,      /* its bits are the rank */
    LOG_CERTIFICATE, /* trusted, untrusted, none, none-or-untrusted */
    LOG_SUBJECT,
    LOG_ISSUER,
    LOG_ROOT,
    LOG_FINGERPRINT,
    LOG_KINDS
};

/* The worst first. */
enum log_change {
    LOG_CHANGE_PLAINTEXT,
    LOG_CHANGE_UNVERIFIED,
    LOG_CHANGE_OLDER_PROTOCOL,
    LOG_CHANGE_WEAKER_CIPHER,
    LOG_CHANGE_OTHER_ISSUER,
    LOG_CHANGE_OTHER_ROOT,
    LOG_CHANGE_OTHER_SUBJECT,
    LOG_CHANGE_OTHER_FINGERPRINT,
    LOG_CHANGES
};

#define LOG_UNRANKED (-1)

/* What is kept: values of a kind; once there are so many, no more that come without all demands met
 * (of a certificate's names: and without the MTA's trust); and bytes of a value. */
#define LOG_VALUES_MOST 16
#define LOG_VALUES_UNMET_MOST 8
#define LOG_VALUE_BYTES_MOST 256

/* A value that was once seen, as good as never, comes back: so many days and lines later. */
#define LOG_GIVEN_UP_SECONDS (7 * 86400)
#define LOG_GIVEN_UP_LINES 100

/* Something that one line shows; not known: it does not show it. */
struct log_sight {
    struct span text;
    int rank; /* more is better; LOG_UNRANKED: there is no better or worse */
    const char
        *state; /* of a certificate's names: its LOG_CERTIFICATE; NULL: not known. A literal */
};

struct log_seen {
    struct log_sight sights[LOG_KINDS];
    int64_t time;
    uint64_t count;
    bool met;     /* all demands */
    bool refused; /* the mail was not let through */
};

struct log_value {
    struct log_value *next; /* the next one that was new */
    const char *state;
    int rank;
    uint64_t count; /* lines */
    uint64_t met;
    int64_t first, last;
    uint64_t last_line;

    /* Where it is a change: */
    const struct log_value *before; /* what was there instead; NULL: it is none */
    uint64_t change_count;          /* lines since then */
    uint64_t change_refused;        /* of them */
    int64_t change_first;

    size_t length;
    char text[];
};

struct log_values {
    struct log_value *first; /* in the order in which they came */
    size_t count;
    bool met;        /* one was seen with all demands met */
    uint64_t lines;  /* that make the history */
    uint64_t others; /* lines whose value was not kept */
};

struct log_history {
    struct log_values kinds[LOG_KINDS];
    size_t changes;
};

/* How many bytes may be taken, and from whose budget these are; NULL ends the chain. */
struct log_budget {
    size_t used, most;
    struct log_budget *of;
};

bool log_budget_take(struct log_budget *budget, size_t bytes);
void log_budget_give(struct log_budget *budget, size_t bytes);

void log_history_add(struct log_history *history, const struct log_seen *seen,
                     struct log_budget *budget);
void log_history_release(struct log_history *history, struct log_budget *budget);

/* The change that a value is; it must be one. */
enum log_change log_value_change(enum log_kind kind, const struct log_value *value);

struct span log_value_text(const struct log_value *value);

#endif
