/* SPDX-License-Identifier: ISC */
/*
 * server: a listening socket of ours and the connections to it: what our services for Postfix have
 * in common. Postfix asks, and is answered at once; a protocol says how.
 *
 * Runs in the service thread. Bounded: connections, bytes of a request, the time that a request
 * may take to arrive, idle time, and what a peer does not fetch: nothing more is read from it, and
 * when it has fetched nothing for too long it is disconnected. A connection that is idle holds no
 * buffers.
 */
#ifndef FORCETLS_MILTER_SERVER_H
#define FORCETLS_MILTER_SERVER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "policy/span.h"

enum served {
    SERVED_REQUEST, /* a request was taken and answered, */
    SERVED_PART,    /* or a part of one was taken: ask again for what follows */
    SERVED_NOTHING, /* more has to come first */
    SERVED_GARBAGE  /* this is not the protocol: disconnect */
};

/* An answer in the making. */
struct answer {
    char *room; /* for `answer_most` bytes */
    size_t length;
};

struct server_protocol {
    const char *socket;               /* the key of forcetls.conf; lines in the log begin with it */
    const char *name;                 /* "the SMTPD policy protocol", for the log */
    size_t request_most, answer_most; /* bytes */
    size_t state_size; /* bytes that the protocol keeps for each connection, all zeros at first */

    /* A new connection; false: there is no room for it. And its end. Both may be NULL. */
    bool (*open)(void *data, void *state);
    void (*close)(void *data, void *state);

    /* Takes from the beginning of the input, which is not empty; `*taken` is 0. */
    enum served (*serve)(void *data, void *state, struct span input, size_t *taken,
                         struct answer *answer);
};

struct server;

/* Serves the listening, non-blocking socket `fd` (taken over) with at most `most_connections` at a
 * time; further ones wait to be accepted. `data` is for the protocol. NULL where memory ran out. */
struct server *server_new(struct event_base *base, int fd, const struct server_protocol *protocol,
                          void *data, unsigned most_connections);

/* Connections that are open now. */
unsigned server_connections(const struct server *server);

/* Closes everything. */
void server_free(struct server *server);

#endif
