/* SPDX-License-Identifier: ISC */
/*
 * schedule: which next hop is probed when, and who is told.
 *
 * At most settings.max_parallel next hops are under way, and none begins while many addresses of
 * others wait for their turn. One next hop is under way once at a time: a request for one that
 * is waiting or under way with the same stores shares its probe, and is answered on its own; one
 * with other stores waits until it is over.
 */
#ifndef FORCETLS_POLICY_PROBE_SCHEDULE_H
#define FORCETLS_POLICY_PROBE_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/probe/hop.h"

/* Requests that wait or are under way; those that share one probe (answers are long, and all of
 * them come at once). */
#define SCHEDULE_MOST 4096
#define SCHEDULE_SHARE_MOST 4

struct schedule;

/* `answer` is called for every request that was not cancelled; its `hop` is as the request wrote
 * it. The tools must outlive the schedule. */
struct schedule *schedule_new(struct tools *tools,
                              void (*answer)(void *context, int64_t id, const char *hop,
                                             const struct hop_found *found),
                              void *context);
void schedule_free(struct schedule *schedule);

/* Takes a request over, or returns false: there are too many. */
bool schedule_add(struct schedule *schedule, int64_t id, struct probe_request *request);

/* Requests of that id are not answered, nor probed for. */
void schedule_cancel(struct schedule *schedule, int64_t id);

/* No new probe begins while it is paused. */
void schedule_pause(struct schedule *schedule, bool paused);

bool schedule_is_idle(const struct schedule *schedule);

#endif
