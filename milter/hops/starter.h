/* SPDX-License-Identifier: ISC */
/*
 * starter: a process of its own that starts forcetls-prober for us, again and again, tells when it
 * has ended, and does nothing else.
 *
 * Started as root, the daemon becomes somebody else for good; the prober must still be started as
 * root later on, so that it becomes somebody else again (a prober that a stranger's server has
 * taken over cannot touch the daemon then). So the starter is made while we are root and stays it.
 * It reads bytes that say "start" or "kill" from a socket, executes one fixed program, and ends
 * with us.
 *
 * It is also our way to start a program and wait for its end without SIGCHLD or waitpid(2), which
 * would get into libmilter's way; where the daemon is nobody special the starter is not either.
 */
#ifndef FORCETLS_MILTER_HOPS_STARTER_H
#define FORCETLS_MILTER_HOPS_STARTER_H

#include <stdbool.h>
#include <stdint.h>

/* Makes the starter of a program (an absolute name); the descriptor to talk with it, non-blocking;
 * -1: errno. Closing the descriptor ends it and what it has started. From a process with threads
 * too. */
int starter_new(const char *program);

/* Asks to start the program, in place of one that runs. `stdio` becomes its standard input and
 * output, `errors` its standard error; both stay the caller's. False: it cannot be asked. */
bool starter_start(int fd, int stdio, int errors);

/* Kills the program at once. */
bool starter_kill(int fd);

/* Whether it is root and we are not any more: the next one that we make is not. */
bool starter_is_privileged(int fd);

enum starter_event {
    STARTER_NOTHING, /* no more for now */
    STARTER_STARTED, /* `value`: its process id */
    STARTER_FAILED,  /* it could not be executed; `value`: errno */
    STARTER_ENDED,   /* `value`: a status of wait(2) */
    STARTER_GONE     /* the starter itself has ended */
};

struct starter_report {
    enum starter_event what;
    int value;
    unsigned start; /* which one it is about: how often it was asked to start one until then */
};

/* The next thing that it tells. */
void starter_read(int fd, struct starter_report *report);

#endif
