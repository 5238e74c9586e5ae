/* SPDX-License-Identifier: ISC */
/*
 * threads: what every thread of ours needs, libmilter's own aside.
 */
#ifndef FORCETLS_MILTER_THREADS_H
#define FORCETLS_MILTER_THREADS_H

#include <pthread.h>
#include <stdbool.h>

/* Starts a thread in which every signal is blocked: signals are the main thread's (HUP, TERM,
 * INT) and the reload thread's, which waits for USR1. False: no thread. */
bool thread_start(pthread_t *thread, void *(*run)(void *), void *data);

/* Joins the thread if it ends within that time. False: it still runs, and stays. */
bool thread_join_within(pthread_t thread, int milliseconds);

/* A condition whose time limits are on the monotonic clock. */
bool condition_init_monotonic(pthread_cond_t *condition);

#endif
