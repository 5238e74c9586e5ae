/* SPDX-License-Identifier: ISC */
/*
 * hosts: from answers of the DNS to the hosts and addresses of a next hop: which, in what order,
 * how many of them.
 */
#ifndef FORCETLS_POLICY_PROBE_HOSTS_H
#define FORCETLS_POLICY_PROBE_HOSTS_H

#include <stdbool.h>

#include "policy/probe/addresses.h"
#include "policy/probe/dns_packet.h"
#include "policy/probe/found.h"

#define HOSTS_MOST 16     /* of a next hop */
#define ADDRESSES_MOST 32 /* of all its hosts */

/* A name that may be looked up and connected to: as domain_is_hostname(), and with "_", which is
 * met in the names of mail servers. An address is none. */
bool host_name_usable(const struct domain *name);

/* One host. */
void hosts_set_one(struct hop_found *found, const struct domain *name);

/* The hosts of an MX answer: by preference, then by name; one that is there twice counts with its
 * better preference; an empty one is none. */
void hosts_set_mx(struct hop_found *found, const struct dns_answer *mx);

/* The addresses of a host from its two answers, A and AAAA taking turns (either may be NULL: not
 * looked up); its state and DNSSEC state. */
void hosts_set_addresses(struct host_found *host, const struct dns_answer *a,
                         const struct dns_answer *aaaa, unsigned port);

/* Leaves out what is beyond ADDRESSES_MOST, by turns: every host keeps its first address before
 * any keeps its second, and those that are ourselves come last. */
void hosts_bound_addresses(struct hop_found *found);

/* Hosts that are ourselves, by name or by address, and all of equal or worse preference (RFC 5321,
 * 5.1). Call it before hosts_bound_addresses(). */
void hosts_mark_self(struct hop_found *found, const struct ourselves *us);

#endif
