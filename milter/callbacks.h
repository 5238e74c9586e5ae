/* SPDX-License-Identifier: ISC */
/*
 * callbacks: forcetls as libmilter sees it. Every callback decides at once and never waits.
 */
#ifndef FORCETLS_MILTER_CALLBACKS_H
#define FORCETLS_MILTER_CALLBACKS_H

#include <stdbool.h>

#include "milter/counters.h"
#include "milter/feed.h"
#include "milter/hops/hops.h"
#include "milter/map_watch.h"

/* Registers with libmilter (smfi_register). `feed` may be NULL: no policy service. All of them must
 * outlive smfi_main() and the last callback. False: libmilter refused. */
bool callbacks_register(struct feed *feed, struct hops *hops, struct counters *counters,
                        struct map_watch *map_watch);

/* smfi_main() returns while callbacks may still run: waits until none does, for at most
 * `milliseconds`. False: some still do. From now on new callbacks answer tempfail at once. */
bool callbacks_drain(int milliseconds);

#endif
