/* SPDX-License-Identifier: ISC */
/*
 * addresses: which addresses are nobody's on the internet, and which are our own.
 */
#ifndef FORCETLS_POLICY_PROBE_ADDRESSES_H
#define FORCETLS_POLICY_PROBE_ADDRESSES_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/domain.h"
#include "policy/network.h"
#include "policy/probe/settings.h"

/* A special-purpose address (RFC 6890 and its registries): loopback, private, link-local, shared,
 * documentation, multicast, reserved ... A 6to4 or NAT64 address is what the IPv4 address in it
 * is. */
bool address_is_special(const struct ip *ip);

/* Who we are: the interfaces' addresses, and what the settings say. */
struct ourselves {
    const struct prober_settings *settings;
    char host[DOMAIN_MAX + 1]; /* this host's name, canonical */
    struct network_list interfaces;
    int64_t read_at; /* monotonic ms; 0: never */
};

/* The settings stay the caller's and must outlive it. */
void ourselves_init(struct ourselves *us, const struct prober_settings *settings);

/* Reads the interfaces' addresses (getifaddrs(3)) unless that was done a minute ago or less. Where
 * it cannot be done the ones that are known stay. */
void ourselves_refresh(struct ourselves *us, int64_t now);
void ourselves_release(struct ourselves *us);

bool ourselves_has_address(const struct ourselves *us, const struct ip *ip);

/* A stranger may make us connect to it: neither ours nor special, unless those are allowed (here,
 * or by the settings). */
bool ourselves_may_connect(const struct ourselves *us, bool allows_private, const struct ip *ip);

/* One of own_names, helo, or this host's name. */
bool ourselves_has_name(const struct ourselves *us, const struct domain *name);

#endif
