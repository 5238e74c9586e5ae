/* SPDX-License-Identifier: ISC */
/*
 * counters: how many recipients each connector has let through, put off and refused since the
 * start, and why. What the log says line by line, added up.
 *
 * Connectors are known by name: one that a reload has moved, or taken away and brought back, goes
 * on where it was. Callbacks add, the service thread reads; each holds a lock for a few
 * instructions.
 */
#ifndef FORCETLS_MILTER_COUNTERS_H
#define FORCETLS_MILTER_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "policy/decide.h"

struct counters;

/* What became of a recipient, in the words of the log. */
enum counted {
    COUNTED_PASS,
    COUNTED_EXEMPT,
    COUNTED_DEFER,
    COUNTED_REJECT,
    COUNTED_WOULD_DEFER, /* monitor mode */
    COUNTED_WOULD_REJECT
};

struct count {
    enum direction direction;
    enum counted what;
    enum reason reason; /* REASON_NONE: a pass that needs none */
    uint64_t recipients;
    int64_t last; /* when the last one was, in seconds since 1970 */
};

/* NULL where memory ran out. */
struct counters *counters_new(void);
void counters_free(struct counters *counters);

/* Counts recipients of a connector at a moment (seconds since 1970). One that has none
 * (OUTCOME_NONE) counts nowhere. Where memory runs out it is lost. */
void counters_add(struct counters *counters, const struct decision *decision, unsigned recipients,
                  int64_t now);

/* Counts an error of ours that was answered with a 4xx. */
void counters_add_error(struct counters *counters);
uint64_t counters_errors(const struct counters *counters);

/* The most that one connector can have. */
#define COUNTS_MOST (DIRECTIONS * (COUNTED_WOULD_REJECT + 1) * REASONS)

/* What a connector has, the oldest first; at most `most`. */
size_t counters_read(struct counters *counters, const char *connector, struct count *counts,
                     size_t most);

#endif
