/* SPDX-License-Identifier: ISC */
/*
 * pidfile: a file with our process id, locked as long as we live.
 */
#ifndef FORCETLS_MILTER_PIDFILE_H
#define FORCETLS_MILTER_PIDFILE_H

#include "policy/why.h"

/* Creates or takes over the file, locks it and writes our process id. Returns its descriptor; -1:
 * `why`, for instance that another process has the lock. `name` is absolute. Never follows a
 * symbolic link. */
int pidfile_open(const char *name, struct why *why);

/* Removes the file; where that is not allowed any more, empties it. */
void pidfile_remove(const char *name, int fd);

#endif
