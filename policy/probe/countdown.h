/* SPDX-License-Identifier: ISC */
/* countdown: a limit of time that can be paused. */
#ifndef FORCETLS_POLICY_PROBE_COUNTDOWN_H
#define FORCETLS_POLICY_PROBE_COUNTDOWN_H

#include <stdint.h>

struct event;
struct event_base;

struct countdown {
    struct event *timer;
    int64_t left;          /* milliseconds, when it was paused last */
    int64_t running_since; /* monotonic ms; 0: it is paused */
    void (*over)(void *context);
    void *context;
};

/* Paused at first. `over` is called from the loop, once the time is over. */
void countdown_init(struct countdown *countdown, struct event_base *base, int64_t milliseconds,
                    void (*over)(void *context), void *context);
void countdown_release(struct countdown *countdown);

/* Both may be called when it does so already. */
void countdown_run(struct countdown *countdown);
void countdown_pause(struct countdown *countdown);

#endif
