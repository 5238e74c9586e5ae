/* SPDX-License-Identifier: ISC */
/*
 * status_hops: the table of next hops, some rows at a time, for status.c alone.
 */
#ifndef FORCETLS_MILTER_STATUS_HOPS_H
#define FORCETLS_MILTER_STATUS_HOPS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "milter/hops/hops.h"

struct status_hops;

/* By these settings, which must outlive it. NULL where memory ran out. */
struct status_hops *status_hops_new(struct hops *hops, const struct probe_settings *settings);
void status_hops_free(struct status_hops *rows);

/* The next row (status.h has its shape); NULL in it: memory ran out. False: that was all. While it
 * goes on over several turns of the event loop, a hop that comes or goes may be missed or told
 * twice. */
bool status_hops_next(struct status_hops *rows, json_t **row);

#endif
