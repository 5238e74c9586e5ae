/* SPDX-License-Identifier: ISC */
/*
 * dns: lookups with their DNSSEC state, through libunbound, which runs inside our event loop: no
 * thread, no process. The only file that sees <unbound.h> is dns.c.
 */
#ifndef FORCETLS_POLICY_PROBE_DNS_H
#define FORCETLS_POLICY_PROBE_DNS_H

#include <stdbool.h>

#include "policy/probe/dns_packet.h"
#include "policy/probe/settings.h"
#include "policy/why.h"

struct event_base;
struct dns;
struct dns_query;

/* One lookup may take so long (milliseconds); settings.timeout, if that is less. */
#define DNS_LOOKUP_MS 20000

/* Descriptors that it may use. */
#define DNS_SOCKETS_MOST 300UL

/* A resolver that asks the settings' servers, else those of /etc/resolv.conf, else 127.0.0.1.
 * NULL: `why`. Where only the trust anchor cannot be read there is a resolver that validates
 * nothing, and `why` has a text. */
struct dns *dns_new(struct event_base *base, const struct prober_settings *settings,
                    struct why *why);

/* With no lookup under way. */
void dns_free(struct dns *dns);

/* Looks a name up (a canonical one). `done` is called once, later, never from within; the answer is
 * its own to take or to release. */
struct dns_query *dns_lookup(struct dns *dns, const struct domain *name, enum dns_type type,
                             void (*done)(void *context, struct dns_answer *answer), void *context);

/* `done` will not be called. */
void dns_cancel(struct dns_query *query);

#endif
