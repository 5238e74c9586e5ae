/* SPDX-License-Identifier: ISC */
/*
 * load: many messages through many connections to a filter, as a busy MTA sends them, and how long
 * each took in the filter's hands. One thread over epoll; each connection waits for a reply before
 * it goes on.
 */
#ifndef FORCETLS_TESTS_BENCH_LOAD_H
#define FORCETLS_TESTS_BENCH_LOAD_H

#include <stdbool.h>

#include "tests/bench/mta.h"

struct load {
    const char *socket;
    unsigned connections;
    unsigned long messages;    /* in all */
    unsigned long per_session; /* messages of one connection; 0: any number */
    unsigned recipients;       /* of a message; 0: one */
    bool tls;
    void (*envelope)(void *data, unsigned long n, struct envelope *envelope);
    void *data;
};

struct load_result {
    double seconds, rate; /* messages a second */
    /* Microseconds of a message, from MAIL (the first one of a session: from connecting) to its
     * last reply. */
    double p50, p99, longest;
    unsigned long early, ends; /* accepted before the end of the message; at it */
    unsigned long refused;
};

void load_run(const struct load *load, struct load_result *result);

#endif
