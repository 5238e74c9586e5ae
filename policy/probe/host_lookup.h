/* SPDX-License-Identifier: ISC */
/* host_lookup: both lookups of a host's addresses, A and AAAA. */
#ifndef FORCETLS_POLICY_PROBE_HOST_LOOKUP_H
#define FORCETLS_POLICY_PROBE_HOST_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/probe/dns.h"

struct host_question {
    struct host_lookup *lookup;
    struct dns_query *query; /* under way */
    struct dns_answer answer;
};

struct host_lookup {
    struct host_question a, aaaa;
    void (*done)(void *context);
    void *context;
};

/* Begins; the lookup must not move until it is over. `done` is called once, later, when both are
 * answered. False: there is no resolver, both answers are a SERVFAIL, and `done` is not called. */
bool host_lookup_start(struct host_lookup *lookup, struct dns *dns, const struct domain *name,
                       void (*done)(void *context), void *context);

/* Whether it is under way. */
bool host_lookup_runs(const struct host_lookup *lookup);

/* Gives it up, without `done`: what is not answered is a time-out. */
void host_lookup_cancel(struct host_lookup *lookup);

/* Gives it up, and frees the answers. Of one that is all zero: nothing. */
void host_lookup_release(struct host_lookup *lookup);

#endif
