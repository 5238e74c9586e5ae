/* SPDX-License-Identifier: ISC */
/*
 * settings: how to probe, for all next hops (FORMAT, "settings").
 */
#ifndef FORCETLS_POLICY_PROBE_SETTINGS_H
#define FORCETLS_POLICY_PROBE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/connector.h"
#include "policy/domain.h"
#include "policy/network.h"

#define HELO_MOST 255

struct prober_settings {
    unsigned port;                             /* of hops that name none */
    char helo[HELO_MOST + 1];                  /* "": not set */
    double timeout;                            /* seconds for one address */
    unsigned max_parallel;                     /* connections */
    double rate;                               /* new ones a second */
    struct ip source_address, source_address6; /* no family: not set */
    bool private_addresses;
    struct network_list own_addresses; /* beside those of the interfaces */
    struct string_list own_names;      /* canonical */
    struct string_list dns_servers;    /* ADDRESS or ADDRESS@PORT; none: resolv.conf */
    char *certificate, *key;           /* files; NULL: none */
    char *trust_anchor;                /* file; "": none; NULL: not set */
};

void prober_settings_init(struct prober_settings *settings);
void prober_settings_release(struct prober_settings *settings);

#endif
