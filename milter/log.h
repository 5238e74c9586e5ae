/* SPDX-License-Identifier: ISC */
/*
 * log: lines to syslog (facility mail) and, in the foreground, to stderr as well.
 *
 * log_line() only puts the line into a bounded queue; a thread of its own writes. A syslog
 * daemon or a terminal that does not read stalls neither a callback nor the service thread:
 * lines that find no room are dropped, counted, and the count is logged when there is room. Lines
 * that stderr does not take (a file on a full disk) are counted on stderr alone: syslog has them.
 *
 * On stderr a line begins as in a maillog, with the local time and without the host's name
 * ("Nov 24 22:51:43 forcetls-milter[123]: "); before log_start() only with the program's name.
 */
#ifndef FORCETLS_MILTER_LOG_H
#define FORCETLS_MILTER_LOG_H

#include <stdbool.h>

/* Before log_start() lines are written at once, by the caller: to stderr, and to syslog once
 * `to_syslog` was asked for. Call it first in main(). */
void log_open(bool to_stderr, bool to_syslog);

/* Whether LOG_DEBUG lines are wanted. Call it while there is one thread only. */
void log_verbose(bool on);

/* Whether a line of that priority would be written: ask before composing a costly one. */
bool log_wants(int priority);

/* Starts the writing thread (after a fork, if there is one). False: no thread. */
bool log_start(void);

/* Writes what is queued, for at most `milliseconds`, and stops: later lines are lost. Where syslog
 * does not read, the writing thread is left behind: end the process with _exit(2). */
void log_stop(int milliseconds);

/* How many lines found no room since the start. */
unsigned long log_dropped(void);

/* Priority as in syslog(3): LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG (dropped
 * unless debugging was asked for). The text is one line of printable ASCII, at most 1000 bytes. */
void log_line(int priority, const char *text);
void log_printf(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
