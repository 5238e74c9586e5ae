/* SPDX-License-Identifier: ISC */
/*
 * tls: the client's side of one TLS session, OpenSSL's. It has no socket: bytes from the network
 * are fed, bytes for the network are fetched, so that every byte is counted by whoever owns the
 * socket.
 *
 * It takes whatever the server offers from TLSv1 on, however weak, and checks no certificate: what
 * was negotiated and shown is a fact, others judge it. No renegotiation, no session is taken up
 * again.
 */
#ifndef FORCETLS_POLICY_PROBE_TLS_H
#define FORCETLS_POLICY_PROBE_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/probe/found.h"
#include "policy/why.h"

/* What all sessions share: the context, and our certificate. */
struct tls_client;
struct tls;

enum tls_status {
    TLS_DONE,
    TLS_AGAIN,  /* needs bytes from the network */
    TLS_CLOSED, /* the server has closed the session */
    TLS_FAILED
};

/* OpenSSL's own start, once, before the sandbox; it reads no openssl.cnf. */
bool tls_library_start(void);

/* NULL: `why`. */
struct tls_client *tls_client_new(struct why *why);
void tls_client_free(struct tls_client *client);

/* Our certificate (with what is behind it in the file as the chain) and its key, both PEM, for
 * servers that ask. False: `why`; there is none then. */
bool tls_client_use_certificate(struct tls_client *client, const char *certificate, const char *key,
                                struct why *why);

/* `server_name`: for SNI; NULL: none. The client must outlive it. */
struct tls *tls_new(const struct tls_client *client, const char *server_name);
void tls_free(struct tls *tls);

/* Bytes that came from the network. */
void tls_feed(struct tls *tls, const void *data, size_t length);

/* Takes bytes that are to go to the network; how many, 0: none. */
size_t tls_fetch(struct tls *tls, void *data, size_t size);

enum tls_status tls_handshake(struct tls *tls);
enum tls_status tls_read(struct tls *tls, void *data, size_t size, size_t *length);
enum tls_status tls_write(struct tls *tls, const void *data, size_t length);

/* Sends that we end the session. */
void tls_close(struct tls *tls);

/* What failed, in words: an alert that came, or OpenSSL's reason. */
void tls_describe_failure(const struct tls *tls, char *text, size_t size);

/* An alert that ends the session has come. */
bool tls_was_refused(const struct tls *tls);

/* The server's certificate was shown and it has proved that the key is its own: at the end of the
 * handshake, or, under TLSv1.2 and older, once the server has signed its half of the key exchange
 * and asked for our certificate. */
bool tls_has_shown(const struct tls *tls);

/* What was negotiated; only where tls_has_shown(). The chain is new, the caller's. */
void tls_get_found(const struct tls *tls, struct tls_found *found, struct chain **chain);

#endif
