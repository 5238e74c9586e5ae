/* SPDX-License-Identifier: ISC */
/*
 * child: the programs that a benchmark measures: started in a folder of its own, waited for, looked
 * at by way of /proc, ended by their numbers. What is left when the benchmark ends, however it
 * does, ends with it.
 */
#ifndef FORCETLS_TESTS_BENCH_CHILD_H
#define FORCETLS_TESTS_BENCH_CHILD_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* A folder that is removed with all that is in it when the program ends. */
const char *child_folder(void);

/* A file of that name in it, open for writing. */
FILE *child_file(const char *name);

/* The program that the variable names, else that one of the build. */
void child_program(char path[256], const char *variable, const char *name);

/* Ours, that nobody sees unless something goes wrong: "NAME.log" in the folder takes its standard
 * error. */
pid_t child_start(const char *name, char *const arguments[]);

/* Until somebody listens there. */
void child_wait(pid_t pid, const char *name, const char *socket);

/* forcetls-milter with these settings and connectors; its sockets are in the folder. `socket`
 * becomes its milter socket's path. It logs as under systemd, to syslog and not twice. */
struct daemon_settings {
    const char *name; /* of its files in the folder */
    const char *settings, *connectors;
};
pid_t child_daemon(const struct daemon_settings *settings, char socket[108]);

/* floor_milter, likewise; with headers: the one that sees them. */
pid_t child_floor(bool headers, char socket[108]);

double child_seconds(pid_t pid);  /* of processor time, so far */
double child_resident(pid_t pid); /* MB of memory */

/* SIGTERM, and its end. */
void child_end(pid_t pid);

#endif
