/* SPDX-License-Identifier: ISC */
/*
 * turns: who may open a connection now. So many at once, so many new ones a second (a bucket of
 * tokens, by the monotonic clock; what was not used is saved for one second), first come first
 * served.
 */
#ifndef FORCETLS_POLICY_PROBE_TURNS_H
#define FORCETLS_POLICY_PROBE_TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

struct event_base;
struct turns;

/* One who waits, or has a connection; the owner's storage, which it must not move. */
struct turn {
    TAILQ_ENTRY(turn) next;
    enum { TURN_NONE, TURN_WAITING, TURN_TAKEN } state;
    void (*take)(void *context); /* its turn has come; may leave at once */
    void *context;
};

struct turns *turns_new(struct event_base *base, unsigned most, double rate);

/* Calls `fewer` whenever fewer wait than before; it may not call back at once. */
void turns_watch(struct turns *turns, void (*fewer)(void *context), void *context);
void turns_free(struct turns *turns);

/* Waits for its turn; `take` is called later, never from within. */
void turns_wait(struct turns *turns, struct turn *turn);

/* The connection is closed, or the turn is not wanted any more. */
void turns_leave(struct turns *turns, struct turn *turn);

/* How many wait. */
size_t turns_waiting(const struct turns *turns);

#endif
