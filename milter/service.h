/* SPDX-License-Identifier: ISC */
/*
 * service: the one thread that waits on sockets other than libmilter's, with libevent.
 */
#ifndef FORCETLS_MILTER_SERVICE_H
#define FORCETLS_MILTER_SERVICE_H

#include <stdbool.h>

#include "milter/feed.h"
#include "milter/hops/probing.h"
#include "milter/status.h"
#include "milter/tls_policy.h"

struct service;

/* What it serves. What is pointed to must outlive the service. */
struct service_plan {
    int smtpd_policy_fd; /* listening, non-blocking sockets, taken over; -1: none */
    struct feed *feed;   /* which the former fills */
    int tls_policy_fd;
    const char *anchors_folder;
    struct tls_policy_counters *tls_policy_counters;
    unsigned most_connections; /* at a time, to each of the two */
    int control_fd;
    struct status_source *status; /* what the control socket tells; the service fills in its own */
    struct hops *hops;            /* filled by the prober, which `probing` starts */
    struct probing_start probing;
};

/* Starts the thread. NULL: no memory or no thread. */
struct service *service_start(const struct service_plan *plan);

/* Closes all its sockets and ends the thread; false: it did not end in that time (then it stays,
 * and with it what it uses). */
bool service_stop(struct service *service, int milliseconds);

#endif
