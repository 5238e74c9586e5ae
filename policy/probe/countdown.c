/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/countdown.h"

#include <event2/event.h>

#include "milter/clock.h"
#include "policy/probe/memory.h"

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct countdown *countdown = context;

    (void)fd;
    (void)what;
    countdown->over(countdown->context);
}

void countdown_init(struct countdown *countdown, struct event_base *base, int64_t milliseconds,
                    void (*over)(void *context), void *context)
{
    *countdown = (struct countdown){ .left = milliseconds, .over = over, .context = context };
    countdown->timer = memory_need(event_new(base, -1, 0, on_timer, countdown));
}

void countdown_release(struct countdown *countdown)
{
    event_free(countdown->timer);
}

void countdown_run(struct countdown *countdown)
{
    int64_t left = countdown->left > 0 ? countdown->left : 0;
    struct timeval time = { .tv_sec = (time_t)(left / 1000),
                            .tv_usec = (suseconds_t)(left % 1000 * 1000) };

    if (countdown->running_since != 0)
        return;
    countdown->running_since = monotonic_ms();
    if (event_add(countdown->timer, &time) != 0)
        (void)memory_need(NULL);
}

void countdown_pause(struct countdown *countdown)
{
    if (countdown->running_since == 0)
        return;
    countdown->left -= monotonic_ms() - countdown->running_since;
    countdown->running_since = 0;
    (void)event_del(countdown->timer);
}
