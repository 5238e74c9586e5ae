/* SPDX-License-Identifier: ISC */
/*
 * wire: one TCP connection, in plaintext first, under TLS later. It never blocks, never takes more
 * than its bound from a server, and looks at the first bytes of what should be TLS.
 */
#ifndef FORCETLS_POLICY_PROBE_WIRE_H
#define FORCETLS_POLICY_PROBE_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/network.h"
#include "policy/probe/tls.h"

/* What a server may send in one connection, TLS's own bytes included; unless `most` is set. */
#define WIRE_BYTES_MOST ((size_t)512 * 1024)

/* One read gives at most so much. */
#define WIRE_READ_MOST ((size_t)4096)

enum wire_status {
    WIRE_DONE,
    WIRE_AGAIN,     /* wait until the socket is ready */
    WIRE_CLOSED,    /* by the server: the end of the stream, or a reset */
    WIRE_FAILED,    /* `why` */
    WIRE_EXHAUSTED, /* our own resources: nothing is known of the server */
    WIRE_FLOODED,   /* more than it may send */
    WIRE_PLAINTEXT  /* what should be TLS is none; `why` shows its beginning */
};

struct wire {
    int fd; /* -1: none */
    struct tls *tls;
    char *out; /* what the socket has not taken yet */
    size_t out_length;
    size_t received, most;
    size_t header; /* bytes of the first TLS record's header that were looked at */
    char why[256]; /* bytes of the server's may be in it */
    size_t why_length;
};

void wire_init(struct wire *wire);

/* Begins to connect. `source` without family: whichever. DONE, AGAIN, FAILED, EXHAUSTED. */
enum wire_status wire_connect(struct wire *wire, const struct ip *ip, unsigned port,
                              const struct ip *source);

/* The socket became writable: DONE, FAILED, EXHAUSTED; CLOSED: it was connected, and reset at once.
 */
enum wire_status wire_connected(struct wire *wire);

/* Our own address, for EHLO. */
bool wire_local_address(const struct wire *wire, struct ip *ip);

/* Bytes from the server, deciphered under TLS. */
enum wire_status wire_read(struct wire *wire, char data[WIRE_READ_MOST], size_t *length);

/* Sends, or keeps what the socket does not take for wire_flush(). DONE or AGAIN, or an error. */
enum wire_status wire_write(struct wire *wire, const char *data, size_t length);
enum wire_status wire_flush(struct wire *wire);
bool wire_wants_to_write(const struct wire *wire);

/* From here on TLS; the wire owns it. Not DONE: the server has sent something already. */
enum wire_status wire_start_tls(struct wire *wire, struct tls *tls);
enum wire_status wire_handshake(struct wire *wire);

/* Says goodbye in TLS, if it can be sent at once, and closes. */
void wire_close(struct wire *wire);

#endif
