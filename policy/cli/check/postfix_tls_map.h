/* SPDX-License-Identifier: ISC */
/*
 * postfix_tls_map: where smtp(8) and lmtp(8) ask our TLS policy map.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_POSTFIX_TLS_MAP_H
#define FORCETLS_POLICY_CLI_CHECK_POSTFIX_TLS_MAP_H

#include <stdbool.h>

#include "policy/cli/check/postfix_check.h"

/* A place of smtp_tls_policy_maps, and what in it comes closest to our map. */
struct map_place {
    const char *parameter;
    struct place place;
    enum meeting meeting; /* MEETING_NONE: our map is not there */
    struct span element;  /* "socketmap:unix:forcetls/tls-policy.sock:forcetls" */
    struct span socket;   /* "unix:forcetls/tls-policy.sock" */
    bool first;
    bool proxied; /* proxymap(8) opens the socket */
};

struct map_walk {
    struct place_walk places;
    bool lmtp;
};

void map_walk_start(const struct postfix_case *given, struct map_walk *walk);

/* All places of smtp(8), then those of lmtp(8) where a map is asked at all. False: no more. */
bool map_walk_next(const struct postfix_case *given, struct map_walk *walk, struct map_place *map);

#endif
