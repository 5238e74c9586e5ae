/* SPDX-License-Identifier: ISC */
/*
 * reload: the thread that waits for SIGUSR1, reads the configuration again and puts it in force.
 *
 * Reading takes as long as it takes (a million domains: seconds), and nobody else waits for it.
 * A signal that comes meanwhile means "once more afterwards". A file with an error changes
 * nothing.
 */
#ifndef FORCETLS_MILTER_RELOAD_H
#define FORCETLS_MILTER_RELOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/rules.h"

struct reload;

/* Settings whose place the command line has taken: bits for reload_start(). */
enum { OVERRIDDEN_SOCKET = 1, OVERRIDDEN_USER = 2 };

/* SIGUSR1 must be blocked in every other thread. `file` must outlive the thread. What only a start
 * can change (sockets, user) is compared with `started_with` (copied) at each reload, unless it is
 * among the `overridden`. `anchors_folder` is where the files of trust anchors lie (NULL: nowhere,
 * there are none), and must outlive the thread. NULL: no memory or no thread. */
struct reload *reload_start(const char *file, const struct settings *started_with,
                            unsigned overridden, const char *anchors_folder);

/* Sends ourselves a SIGUSR1. */
void reload_request(void);

/* Ends the thread; false: it is reading and did not end in that time (then it stays). */
bool reload_stop(struct reload *reload, int milliseconds);

/* "FILE: N connectors, N domains", for what is in force, into `text`. */
void reload_describe(const char *file, const struct rules *rules, char *text, size_t size);

/* Logs what the file asks for and this version does not do. */
void reload_log_limits(const struct rules *rules);

#endif
