/* SPDX-License-Identifier: ISC */
/*
 * daemon: into the background, and the parent's word to whoever started us: it ends only when
 * its child is ready, or with the child's exit status.
 */
#ifndef FORCETLS_MILTER_DAEMON_H
#define FORCETLS_MILTER_DAEMON_H

#include <stdbool.h>

#include "policy/why.h"

/* Makes sure that descriptors 0, 1 and 2 are open, so that no socket becomes "stderr". */
void daemon_keep_standard_files(void);

/* Forks. The parent never returns. The child goes on in a session of its own, in the root folder,
 * still with the parent's stderr; `*ready` is for daemon_ready(). */
bool daemon_fork(int *ready, struct why *why);

/* Lets the parent exit 0, and lets go of its stdin, stdout and stderr. */
void daemon_ready(int ready);

#endif
