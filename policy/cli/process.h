/* SPDX-License-Identifier: ISC */
/*
 * process: runs a program of the host and reads what it says.
 *
 * While it runs, SIGPIPE is ignored and SIGCHLD is not; not for a process with several threads.
 */
#ifndef FORCETLS_POLICY_CLI_PROCESS_H
#define FORCETLS_POLICY_CLI_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/why.h"

struct process_output {
    char *text; /* stdout, with a NUL behind it; free() */
    size_t length;
    int status; /* exit status; 128 and the signal's number where a signal ended it */
};

/*
 * Runs argv[0] (looked for in $PATH, of which only absolute folders count, then in /usr/sbin and
 * /usr/local/sbin; a name with a slash is taken as it is), gives it `input` (NULL: nothing) on
 * stdin, drops its stderr, reads at most 64 MB of its stdout, and waits for its end, for at most
 * `seconds`. The environment is ours with LC_ALL=C. False: it could not be run, it was too slow, or
 * it said too much; then it has been killed (not what it started), and there is nothing to free.
 */
bool process_read(char *const argv[], const char *input, unsigned seconds,
                  struct process_output *output, struct why *why);

#endif
