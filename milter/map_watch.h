/* SPDX-License-Identifier: ISC */
/*
 * map_watch: notices that mail to partners is accepted because a TLS policy map holds its delivery,
 * and that nobody asks the map.
 */
#ifndef FORCETLS_MILTER_MAP_WATCH_H
#define FORCETLS_MILTER_MAP_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "milter/tls_policy.h"

struct map_watch {
    const struct tls_policy_counters *counters;
    atomic_int_fast64_t first_ms; /* the first such mail; 0: none yet */
    atomic_bool told;
};

void map_watch_init(struct map_watch *watch, const struct tls_policy_counters *counters);

/* Mail to a partner was accepted, at this monotonic time. True, once: that goes on for ten minutes,
 * and nobody has ever asked the map; it should be told. Any thread. */
bool map_watch_notice(struct map_watch *watch, int64_t now_ms);

#endif
