/* SPDX-License-Identifier: ISC */
/*
 * sandbox: what a prober that a stranger's server has taken over can still do: what it does anyway.
 * It has no descriptors but the standard ones and its sockets, cannot become anybody else, cannot
 * execute, trace or signal anything, and can open files for reading only.
 */
#ifndef FORCETLS_POLICY_PROBE_SANDBOX_H
#define FORCETLS_POLICY_PROBE_SANDBOX_H

#include <stdbool.h>

#include "policy/why.h"

/* Closes every descriptor but the standard ones, and, as root, becomes `user` (NULL:
 * forcetls-prober where there is such a user, else nobody) for good. It is an error to name a user
 * without being root. */
bool sandbox_become(const char *user, struct why *why);

/* No new privileges, no core, no tracing by others, a limit of memory, and a system call filter
 * (seccomp(2)): what is not on its list ends the process. Call it when everything has been loaded.
 */
bool sandbox_close(struct why *why);

/* Whether this build has the filter: one with the compiler's sanitizers, which do what it forbids,
 * has none, and no limit of memory. */
bool sandbox_has_filter(void);

#endif
