/* SPDX-License-Identifier: ISC */
/*
 * clock: the monotonic clock, for ages and time limits. It never jumps.
 */
#ifndef FORCETLS_MILTER_CLOCK_H
#define FORCETLS_MILTER_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds since some moment in the past. */
static inline int64_t monotonic_ms(void)
{
    struct timespec now = { .tv_sec = 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The moment `milliseconds` from now, for a condition of condition_init_monotonic(). */
static inline struct timespec monotonic_after(int milliseconds)
{
    struct timespec moment = { .tv_sec = 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &moment);
    moment.tv_sec += milliseconds / 1000;
    moment.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (moment.tv_nsec >= 1000000000) {
        moment.tv_nsec -= 1000000000;
        moment.tv_sec++;
    }
    return moment;
}

#endif
