/* SPDX-License-Identifier: ISC */
/*
 * hop: the probe of one next hop: its MX hosts, their addresses, a dialogue with each of them.
 *
 * All of it may take three times the settings' time for one address, without the time in which it
 * only waits for its turn. What is under way then is given up.
 */
#ifndef FORCETLS_POLICY_PROBE_HOP_H
#define FORCETLS_POLICY_PROBE_HOP_H

#include "policy/probe/addresses.h"
#include "policy/probe/dns.h"
#include "policy/probe/found.h"
#include "policy/probe/request.h"
#include "policy/probe/settings.h"
#include "policy/probe/tls.h"
#include "policy/probe/trust.h"
#include "policy/probe/turns.h"

/* Connections to one next hop at the same time. */
#define HOP_PARALLEL 4

struct event_base;
struct hop;

/* What all probes share. */
struct tools {
    struct event_base *base;
    struct prober_settings settings;
    struct ourselves us;
    struct dns *dns; /* NULL: there is none, every lookup is a SERVFAIL */
    struct tls_client *tls;
    struct trust_stores *trust;
    struct turns *turns;
};

/* Begins. The request and the tools must outlive it. `done` is called once, later, never from
 * within; `found` is gone when it returns. */
struct hop *hop_start(struct tools *tools, const struct probe_request *request,
                      void (*done)(void *context, const struct hop_found *found), void *context);

/* Gives it up, without `done`. */
void hop_cancel(struct hop *hop);

#endif
