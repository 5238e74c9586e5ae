/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/probe/memory.h"

/* A TLS record's first two bytes: handshake or alert, version 3.x (RFC 8446, 5.1). */
#define RECORD_ALERT 0x15
#define RECORD_HANDSHAKE 0x16
#define RECORD_MAJOR 0x03
#define RECORD_HEADER 2

/* How often one call goes to the socket: others want their turn too. */
#define TURNS 8

void wire_init(struct wire *wire)
{
    *wire = (struct wire){ .fd = -1, .most = WIRE_BYTES_MOST };
}

/* Keeps why something failed, and returns the status, so that a function can end with it. */
static enum wire_status explain(struct wire *wire, enum wire_status status, const void *data,
                                size_t length)
{
    wire->why_length = length < sizeof(wire->why) ? length : sizeof(wire->why);
    memcpy(wire->why, data, wire->why_length);
    return status;
}

static enum wire_status explain_errno(struct wire *wire, enum wire_status status, int error)
{
    char buffer[128];
    const char *text = strerror_r(error, buffer, sizeof(buffer));

    return explain(wire, status, text, strlen(text));
}

/* ---- connecting ----------------------------------------------------------------------------- */

static socklen_t set_address(struct sockaddr_storage *storage, const struct ip *ip, unsigned port)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

    if (ip->family == 4) {
        memcpy(&in.sin_addr, ip->bytes, 4);
        memcpy(storage, &in, sizeof(in));
        return sizeof(in);
    }
    memcpy(&in6.sin6_addr, ip->bytes, 16);
    memcpy(storage, &in6, sizeof(in6));
    return sizeof(in6);
}

/* Ours or the server's? */
static enum wire_status connect_error(struct wire *wire, int error)
{
    bool ours = error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;

    return explain_errno(wire, ours ? WIRE_EXHAUSTED : WIRE_FAILED, error);
}

enum wire_status wire_connect(struct wire *wire, const struct ip *ip, unsigned port,
                              const struct ip *source)
{
    static const int on = 1;
    struct sockaddr_storage address;
    socklen_t length;

    wire->fd =
        socket(ip->family == 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (wire->fd < 0)
        return connect_error(wire, errno);
    /* Each write is a whole command; none is to wait for the acknowledgement of the last one. */
    (void)setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (source->family != 0) {
        length = set_address(&address, source, 0);
        if (bind(wire->fd, (struct sockaddr *)&address, length) != 0)
            return explain_errno(wire, WIRE_EXHAUSTED, errno);
    }
    length = set_address(&address, ip, port);
    if (connect(wire->fd, (struct sockaddr *)&address, length) == 0)
        return WIRE_DONE;
    return errno == EINPROGRESS ? WIRE_AGAIN : connect_error(wire, errno);
}

enum wire_status wire_connected(struct wire *wire)
{
    int error = 0;
    socklen_t length = sizeof(error);

    if (getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        error = errno;
    if (error == ECONNRESET)
        return explain_errno(wire, WIRE_CLOSED, error);
    return error == 0 ? WIRE_DONE : connect_error(wire, error);
}

bool wire_local_address(const struct wire *wire, struct ip *ip)
{
    struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
    socklen_t length = sizeof(address);
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    if (getsockname(wire->fd, (struct sockaddr *)&address, &length) != 0)
        return false;
    if (address.ss_family == AF_INET) {
        memcpy(&in, &address, sizeof(in));
        *ip = ip_from_bytes(4, &in.sin_addr);
        return true;
    }
    memcpy(&in6, &address, sizeof(in6));
    *ip = ip_from_bytes(6, &in6.sin6_addr);
    return address.ss_family == AF_INET6;
}

/* ---- the socket ----------------------------------------------------------------------------- */

static enum wire_status receive(struct wire *wire, char *data, size_t size, size_t *length)
{
    ssize_t got;

    *length = 0;
    if (wire->received >= wire->most)
        return explain(wire, WIRE_FLOODED, "too many bytes", 14);
    do {
        got = recv(wire->fd, data, size, 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        *length = (size_t)got;
        wire->received += *length;
        return WIRE_DONE;
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return WIRE_AGAIN;
    return got == 0 ? explain(wire, WIRE_CLOSED, "closed by the server", 20)
                    : explain_errno(wire, WIRE_CLOSED, errno);
}

static void keep(struct wire *wire, const char *data, size_t length)
{
    wire->out = memory_grow(wire->out, wire->out_length + length, 1);
    memcpy(wire->out + wire->out_length, data, length);
    wire->out_length += length;
}

/* A server that is gone is seen when we read. */
static enum wire_status send_kept(struct wire *wire)
{
    ssize_t sent;

    while (wire->out_length > 0) {
        sent = send(wire->fd, wire->out, wire->out_length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return WIRE_AGAIN;
        if (sent < 0) {
            wire->out_length = 0;
            return WIRE_DONE;
        }
        wire->out_length -= (size_t)sent;
        memmove(wire->out, wire->out + sent, wire->out_length);
    }
    return WIRE_DONE;
}

enum wire_status wire_flush(struct wire *wire)
{
    char data[WIRE_READ_MOST];
    size_t length;

    while (wire->tls != NULL && (length = tls_fetch(wire->tls, data, sizeof(data))) > 0)
        keep(wire, data, length);
    return send_kept(wire);
}

bool wire_wants_to_write(const struct wire *wire)
{
    return wire->out_length > 0;
}

/* ---- TLS ------------------------------------------------------------------------------------ */

static enum wire_status explain_tls(struct wire *wire, enum tls_status status)
{
    char text[sizeof(wire->why)];

    if (status == TLS_CLOSED)
        return explain(wire, WIRE_CLOSED, "closed by the server", 20);
    tls_describe_failure(wire->tls, text, sizeof(text));
    return explain(wire, WIRE_FAILED, text, strlen(text));
}

/* The first bytes that come are those of a TLS record, or the server is talking plaintext. */
static bool looks_like_tls(struct wire *wire, const char *data, size_t length)
{
    for (size_t i = 0; i < length && wire->header < RECORD_HEADER; i++, wire->header++) {
        unsigned char c = (unsigned char)data[i];

        if (wire->header == 0 ? c != RECORD_HANDSHAKE && c != RECORD_ALERT : c != RECORD_MAJOR)
            return false;
    }
    return true;
}

static enum wire_status feed(struct wire *wire)
{
    char data[4 * WIRE_READ_MOST];
    size_t length;
    enum wire_status status = receive(wire, data, sizeof(data), &length);

    if (status != WIRE_DONE)
        return status;
    if (!looks_like_tls(wire, data, length))
        return explain(wire, WIRE_PLAINTEXT, data, length);
    tls_feed(wire->tls, data, length);
    return WIRE_DONE;
}

enum wire_status wire_start_tls(struct wire *wire, struct tls *tls)
{
    char data[WIRE_READ_MOST];
    size_t length;

    wire->tls = tls;
    switch (receive(wire, data, sizeof(data), &length)) {
    case WIRE_AGAIN:
        return WIRE_DONE;
    case WIRE_DONE:
        return explain(wire, WIRE_PLAINTEXT, data, length);
    default:
        return WIRE_CLOSED;
    }
}

enum wire_status wire_handshake(struct wire *wire)
{
    for (int turn = 0;; turn++) {
        enum tls_status status = tls_handshake(wire->tls);
        enum wire_status fed;

        (void)wire_flush(wire);
        if (status == TLS_DONE)
            return WIRE_DONE;
        if (status != TLS_AGAIN)
            return explain_tls(wire, status);
        fed = turn < TURNS ? feed(wire) : WIRE_AGAIN;
        if (fed != WIRE_DONE)
            return fed;
    }
}

static enum wire_status read_tls(struct wire *wire, char *data, size_t size, size_t *length)
{
    for (int turn = 0;; turn++) {
        enum tls_status status = tls_read(wire->tls, data, size, length);
        enum wire_status fed;

        (void)wire_flush(wire);
        if (status == TLS_DONE)
            return WIRE_DONE;
        if (status != TLS_AGAIN)
            return explain_tls(wire, status);
        fed = turn < TURNS ? feed(wire) : WIRE_AGAIN;
        if (fed != WIRE_DONE)
            return fed;
    }
}

/* ---- either way ----------------------------------------------------------------------------- */

enum wire_status wire_read(struct wire *wire, char data[WIRE_READ_MOST], size_t *length)
{
    *length = 0;
    return wire->tls != NULL ? read_tls(wire, data, WIRE_READ_MOST, length)
                             : receive(wire, data, WIRE_READ_MOST, length);
}

enum wire_status wire_write(struct wire *wire, const char *data, size_t length)
{
    if (wire->tls == NULL) {
        keep(wire, data, length);
    } else {
        enum tls_status status = tls_write(wire->tls, data, length);

        if (status == TLS_CLOSED || status == TLS_FAILED)
            return explain_tls(wire, status);
    }
    return wire_flush(wire);
}

void wire_close(struct wire *wire)
{
    if (wire->tls != NULL && wire->fd >= 0) {
        tls_close(wire->tls);
        (void)wire_flush(wire);
    }
    if (wire->fd >= 0)
        (void)close(wire->fd);
    tls_free(wire->tls);
    free(wire->out);
    wire_init(wire);
}
