/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/turns.h"

#include <event2/event.h>
#include <stdint.h>
#include <stdlib.h>

#include "milter/clock.h"
#include "policy/probe/memory.h"

struct turns {
    TAILQ_HEAD(turn_list, turn) waiting;
    size_t waiters;
    unsigned most, taken;
    double rate, tokens; /* a token is a new connection */
    int64_t filled_at;   /* monotonic ms */
    struct event *timer;
    void (*fewer)(void *context);
    void *context;
};

/* At least one, or there would never be a whole one. */
static double bucket(const struct turns *turns)
{
    return turns->rate > 1 ? turns->rate : 1;
}

static void fill(struct turns *turns)
{
    int64_t now = monotonic_ms();

    turns->tokens += (double)(now - turns->filled_at) * turns->rate / 1000;
    if (turns->tokens > bucket(turns))
        turns->tokens = bucket(turns);
    turns->filled_at = now;
}

static void remove_waiting(struct turns *turns, struct turn *turn)
{
    TAILQ_REMOVE(&turns->waiting, turn, next);
    turns->waiters--;
    if (turns->fewer != NULL)
        turns->fewer(turns->context);
}

/* When the loop runs next, or when there will be a token. */
static void wake(struct turns *turns, double seconds)
{
    struct timeval time = { .tv_sec = (time_t)seconds };

    time.tv_usec = (suseconds_t)((seconds - (double)time.tv_sec) * 1e6);
    if (event_add(turns->timer, &time) != 0)
        (void)memory_need(NULL);
}

/* Something may be possible now. */
static void look(struct turns *turns)
{
    if (!TAILQ_EMPTY(&turns->waiting) && turns->taken < turns->most)
        wake(turns, 0);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct turns *turns = context;
    struct turn *turn;

    (void)fd;
    (void)what;
    fill(turns);
    while (turns->taken < turns->most && turns->tokens >= 1 &&
           (turn = TAILQ_FIRST(&turns->waiting)) != NULL) {
        remove_waiting(turns, turn);
        turn->state = TURN_TAKEN;
        turns->taken++;
        turns->tokens -= 1;
        turn->take(turn->context);
    }
    if (!TAILQ_EMPTY(&turns->waiting) && turns->taken < turns->most)
        wake(turns, (1 - turns->tokens) / turns->rate + 0.001);
}

struct turns *turns_new(struct event_base *base, unsigned most, double rate)
{
    struct turns *turns = memory_new(1, sizeof(*turns));

    TAILQ_INIT(&turns->waiting);
    turns->most = most;
    turns->rate = rate;
    turns->tokens = bucket(turns);
    turns->filled_at = monotonic_ms();
    turns->timer = memory_need(event_new(base, -1, 0, on_timer, turns));
    return turns;
}

void turns_free(struct turns *turns)
{
    if (turns == NULL)
        return;
    event_free(turns->timer);
    free(turns);
}

void turns_watch(struct turns *turns, void (*fewer)(void *context), void *context)
{
    turns->fewer = fewer;
    turns->context = context;
}

void turns_wait(struct turns *turns, struct turn *turn)
{
    turn->state = TURN_WAITING;
    TAILQ_INSERT_TAIL(&turns->waiting, turn, next);
    turns->waiters++;
    look(turns);
}

void turns_leave(struct turns *turns, struct turn *turn)
{
    if (turn->state == TURN_WAITING)
        remove_waiting(turns, turn);
    if (turn->state == TURN_TAKEN)
        turns->taken--;
    turn->state = TURN_NONE;
    look(turns);
}

size_t turns_waiting(const struct turns *turns)
{
    return turns->waiters;
}
