/* SPDX-License-Identifier: ISC */
/*
 * snapshot: the rules in force. A message holds the ones that it started with; a reload puts
 * new ones in their place, and the old ones go when the last message has let go of them and
 * somebody who has the time collects them.
 */
#ifndef FORCETLS_MILTER_SNAPSHOT_H
#define FORCETLS_MILTER_SNAPSHOT_H

#include <stdint.h>

#include "milter/anchors.h"
#include "policy/rules.h"

struct snapshot;

/* Takes the rules over and puts them in force. False where memory ran out: then the old ones
 * stay and the new ones are freed. */
bool snapshot_install(struct rules *rules);

/* The same, with the rules' files of trust anchors (NULL: there are none); they go with the
 * rules. */
bool snapshot_install_with(struct rules *rules, struct anchors *anchors);

/* Has `told(data)` called after each install, in the thread that installs. Call it while there is
 * one thread only, and once. */
void snapshot_watch(void (*told)(void *data), void *data);

/* A counted reference on what is in force now; never waits on anything but a short lock. NULL
 * before the first install. */
struct snapshot *snapshot_get(void);
void snapshot_put(struct snapshot *snapshot);
const struct rules *snapshot_rules(const struct snapshot *snapshot);
const struct anchors *snapshot_anchors(const struct snapshot *snapshot); /* NULL: none */

/* When these rules were put in force, in seconds since 1970. */
int64_t snapshot_since(const struct snapshot *snapshot);

/* A reload at that moment found errors, so that the rules in force stay. Asked for: when the last
 * one did, unless rules have been put in force since; 0: none did. */
void snapshot_set_failure(int64_t now);
int64_t snapshot_failure(void);

/* Frees the replaced rules that nobody holds any more. Not for callbacks: freeing a million
 * domains takes its time. True: some are still held, call again later. */
bool snapshot_collect(void);

/* Once per connector and name in the life of a snapshot (bounded; past the bound never):
 * whether this near miss has not been told yet. */
bool snapshot_near_miss_is_new(struct snapshot *snapshot, const struct connector *connector,
                               const char *domain);

/* At the end: none are in force any more; frees what nobody holds. */
void snapshot_uninstall(void);

#endif
