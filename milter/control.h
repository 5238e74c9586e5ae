/* SPDX-License-Identifier: ISC */
/*
 * control: the socket on which the administrator's command asks the daemon (control_socket).
 *
 * One request a connection: a line of JSON, {"v":1,"command":"status"}. The answer is one JSON
 * document and the end of the connection: the status (status.h), or
 * {"v":1,"type":"error","text":"..."}. Only root and the daemon's own user are answered.
 *
 * Runs in the service thread. Bounded: connections, bytes of a request, the time that either side
 * may take, and what is made of an answer before the client has read the rest.
 */
#ifndef FORCETLS_MILTER_CONTROL_H
#define FORCETLS_MILTER_CONTROL_H

#include <event2/event.h>

#include "milter/status.h"

struct control;

/* Serves the listening, non-blocking socket `fd` (taken over). `source` must outlive it. NULL where
 * memory ran out. */
struct control *control_new(struct event_base *base, int fd, const struct status_source *source);

/* Closes everything. */
void control_free(struct control *control);

#endif
