/* SPDX-License-Identifier: ISC */
/*
 * dialogue: what one address is asked: connect, greeting, EHLO, STARTTLS, handshake, EHLO again,
 * QUIT. Each step has a time limit and the whole has one, by the monotonic clock.
 *
 * There is no HELO: without EHLO there is no STARTTLS.
 */
#ifndef FORCETLS_POLICY_PROBE_DIALOGUE_H
#define FORCETLS_POLICY_PROBE_DIALOGUE_H

#include <stdbool.h>

#include "policy/probe/found.h"
#include "policy/probe/settings.h"
#include "policy/probe/tls.h"

struct event_base;
struct dialogue;

struct dialogue_plan {
    struct event_base *base;
    const struct prober_settings *settings;
    const struct tls_client *tls;
    const char *host;   /* this host's name, for EHLO where the settings have none */
    const char *server; /* the server's name, for SNI; NULL: it has none */
    bool wrapped;       /* TLS from the first byte on */
};

/* Begins; `found` has the address and gets the rest, all but `trust`. What the plan points to, and
 * `found`, must outlive the dialogue. `done` is called once, later, never from within; the dialogue
 * is gone by then. */
struct dialogue *dialogue_start(const struct dialogue_plan *plan, struct address_found *found,
                                void (*done)(void *context), void *context);

/* Gives it up, without `done`. */
void dialogue_cancel(struct dialogue *dialogue);

#endif
