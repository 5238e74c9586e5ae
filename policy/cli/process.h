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

/* What is done while a program runs. */
struct process_watch {
    /* Each line of its output, without its end. */
    void (*line)(void *data, const char *line, size_t length);
    void (*tick)(void *data); /* about once a second; may be NULL */
    void *data;
};

/*
 * Runs a program like process_read(), and gives its output line by line while it comes. Its stderr
 * is ours. It may run as long as it wants, as long as it says a line every `seconds`. False: it
 * could not be run, was silent for too long, or a line is longer than 64 MB; then it has been
 * killed.
 */
bool process_watch(char *const argv[], const char *input, unsigned seconds,
                   const struct process_watch *watch, int *status, struct why *why);

#endif
