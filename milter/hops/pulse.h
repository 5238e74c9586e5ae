/* SPDX-License-Identifier: ISC */
/*
 * pulse: whether a prober is still there while it owes answers. It is asked now and then (FORMAT,
 * "ping"), whatever it is looking at, and must answer soon: how long a look may take says nothing,
 * since that depends on strangers. Times are monotonic.
 */
#ifndef FORCETLS_MILTER_HOPS_PULSE_H
#define FORCETLS_MILTER_HOPS_PULSE_H

#include <stdbool.h>
#include <stdint.h>

#define PULSE_EVERY_MS 20000
#define PULSE_WITHIN_MS 60000

struct pulse {
    int64_t every_ms, within_ms; /* how often it is asked, and how soon it must answer */
    int64_t id;                  /* of the question that is not answered yet; 0: there is none */
    int64_t due_ms;              /* when that is overdue, or when the next one is to be asked */
};

/* A new prober. */
void pulse_start(struct pulse *pulse, int64_t now_ms);

/* Whether it is time to ask; pulse_asked() says that it was done. */
bool pulse_is_due(const struct pulse *pulse, int64_t now_ms);
void pulse_asked(struct pulse *pulse, int64_t id, int64_t now_ms);

/* An answer. False: nobody asked for it. */
bool pulse_answered(struct pulse *pulse, int64_t id, int64_t now_ms);

/* It has not answered in time. */
bool pulse_is_lost(const struct pulse *pulse, int64_t now_ms);

#endif
