/* SPDX-License-Identifier: ISC */
/*
 * notify: tells the service manager how we are (sd_notify(3)'s protocol, without its library).
 */
#ifndef FORCETLS_MILTER_NOTIFY_H
#define FORCETLS_MILTER_NOTIFY_H

/* Sends one state, lines of NAME=VALUE, to the datagram socket that $NOTIFY_SOCKET names (a path,
 * or "@" and an abstract name). Without one, or where it does not take the datagram at once,
 * nothing happens. Reads the environment: no thread of ours may change that. */
void notify(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
