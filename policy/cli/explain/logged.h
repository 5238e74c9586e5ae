/* SPDX-License-Identifier: ISC */
/*
 * logged: a decision that the daemon has logged: its line, read back, and the facts that it
 * carries. Pure but for memory.
 *
 * A line has less than the milter knew: no HELO, no organisation, no MTA, of several recipients
 * that passed only their number. Options may add that; what stays missing and matters is said.
 */
#ifndef FORCETLS_POLICY_CLI_EXPLAIN_LOGGED_H
#define FORCETLS_POLICY_CLI_EXPLAIN_LOGGED_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/cli/explain/inquiry.h"
#include "policy/cli/explain/judgement.h"
#include "policy/cli/explain/notes.h"
#include "policy/logfields.h"
#include "policy/why.h"

#define LOGGED_LINE_MOST 8192

enum sameness { SAME, DIFFERENT, SAMENESS_UNKNOWN };

struct logged {
    char *line;       /* a copy, all of it */
    struct span when; /* what stands before the program's name: time and host; or empty */
    struct logfields fields;
    struct span values[LOGFIELDS]; /* without escapes; not known: the key is not there */
    struct span queue_id;
    char *decoded; /* where they are */

    bool near_miss;
    int reason;          /* enum reason, REASON_NONE, or ADVICE_NEAR_MISS */
    unsigned recipients; /* nrcpt=; else 1 */
    struct facts facts;  /* points into this struct */
    struct address sender, recipient;
    struct domain helo_domain, client_domain;
};

/* Reads a line, with or without a syslog header. False: it is no verdict line of forcetls-milter;
 * `why` says what it is instead. Release it in any case. */
bool logged_read(struct logged *logged, struct span line, struct why *why);

/* Makes facts of what the line and the options (to, helo, mta, client_name) say, for a judgement at
 * `now`; what is concluded and not said is noted. False: an option contradicts the line, or memory
 * ran out. */
bool logged_facts(struct logged *logged, const struct question *question, int64_t now,
                  struct notes *notes, struct why *why);

/* What the line lacks that matters for this judgement. */
void logged_missing(const struct logged *logged, const struct judgement *judgement,
                    struct notes *notes);

/* Whether the judgement is what was logged. Where it is not, and something is missing, the
 * difference may come from that. */
enum sameness logged_compare(const struct logged *logged, const struct judgement *judgement,
                             const struct notes *missing);

/* The line says verdict=monitor. */
bool logged_is_monitored(const struct logged *logged);

void logged_release(struct logged *logged);

/* "reject", "pass" ...: a decision in the words of the log; NULL: not in its line. */
struct verdict_words {
    const char *verdict, *would, *reason;
};
struct verdict_words verdict_words(const struct decision *decision);

#endif
