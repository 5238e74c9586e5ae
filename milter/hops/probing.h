/* SPDX-License-Identifier: ISC */
/*
 * probing: which hop the prober looks at, and when.
 *
 * All single hops that the rules name are pinned in the table and looked at as soon as they are
 * named; after that the table says what is due. Runs in the service thread.
 */
#ifndef FORCETLS_MILTER_HOPS_PROBING_H
#define FORCETLS_MILTER_HOPS_PROBING_H

#include <event2/event.h>
#include <stdbool.h>

#include "milter/hops/hops.h"

struct probing;

/* What there is of a start: the program, what starts it (starter_new(); -1: nothing yet, taken
 * over), and whether the daemon has given up root, so that what it starts later has its own user.
 */
struct probing_start {
    const char *program;
    int starter;
    bool gave_up_root;
};

/* Fills the table by the rules in force, and those that take their place: call hops_wake() after a
 * reload. NULL where memory ran out; then the starter is closed. */
struct probing *probing_new(struct event_base *base, struct hops *hops,
                            const struct probing_start *start);
void probing_free(struct probing *probing);

#endif
