/* SPDX-License-Identifier: ISC */
/*
 * service: the one thread that waits on sockets other than libmilter's, with libevent.
 */
#ifndef FORCETLS_MILTER_SERVICE_H
#define FORCETLS_MILTER_SERVICE_H

#include <stdbool.h>

#include "milter/feed.h"

struct service;

/* Starts the thread. `smtpd_policy_fd` is a listening, non-blocking socket, taken over; -1: none.
 * It serves at most `most_connections` at a time and fills the feed, which must outlive the
 * service. NULL: no memory or no thread. */
struct service *service_start(int smtpd_policy_fd, struct feed *feed, unsigned most_connections);

/* Closes all its sockets and ends the thread; false: it did not end in that time (then it stays,
 * and with it what it uses). */
bool service_stop(struct service *service, int milliseconds);

#endif
