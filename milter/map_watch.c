/* SPDX-License-Identifier: ISC */
#include "milter/map_watch.h"

#define PATIENCE_MS (10 * 60 * 1000) /* Postfix delivers, and asks, as soon as it has accepted */

void map_watch_init(struct map_watch *watch, const struct tls_policy_counters *counters)
{
    watch->counters = counters;
    atomic_init(&watch->first_ms, 0);
    atomic_init(&watch->told, false);
}

bool map_watch_notice(struct map_watch *watch, int64_t now_ms)
{
    int_fast64_t first_ms = 0;

    if (tls_policy_was_asked(watch->counters) || atomic_load(&watch->told))
        return false;
    if (atomic_compare_exchange_strong(&watch->first_ms, &first_ms, now_ms) ||
        now_ms - first_ms < PATIENCE_MS)
        return false;
    return !atomic_exchange(&watch->told, true);
}
