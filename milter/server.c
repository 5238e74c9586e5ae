/* SPDX-License-Identifier: ISC */
/*
 * The input of a connection is read into a buffer that all share, and what is complete is answered
 * from there into another one, which is sent at once. Only what is left over (half a request, an
 * answer that the peer does not fetch) is kept in memory of the connection's own.
 */
#include "config.h"

#include "milter/server.h"

#include <errno.h>
#include <event2/listener.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "milter/clock.h"
#include "milter/complaint.h"

/* Postfix sends a request at once, and closes after smtpd_policy_service_max_idle (300 s), or ten
 * seconds (dict_sockmap), without one. */
#define REQUEST_SECONDS 10
#define FETCH_SECONDS 10
#define IDLE_SECONDS 600

#define BUFFER_BYTES 16384 /* beyond the longest request, the longest answer */
#define RETRY_SECONDS 1    /* after an accept(2) that failed */

/* What was left over, in memory of its own. */
struct rest {
    char *data;
    size_t length;
};

/* What a connection waits for, and for how long it may. */
enum waits { WAITS_REQUEST, WAITS_REST, WAITS_FETCH };

struct connection {
    LIST_ENTRY(connection) entry;
    struct server *server;
    int fd;
    struct event *readable, *writable;
    struct rest input, output;
    size_t bytes; /* of the request, in parts that were taken */
    enum waits waits;
    int64_t since_ms;
    alignas(max_align_t) char state[]; /* the protocol's */
};

struct server {
    const struct server_protocol *protocol;
    void *data;
    struct event_base *base;
    struct evconnlistener *listener;
    struct event *retry, *tick;
    unsigned count, most;
    struct complaint garbage, slow, full, accepting;
    char *input, *output; /* what all connections share */
    size_t input_size, output_size, output_length;
    LIST_HEAD(, connection) connections;
};

static const int patience[] = {
    [WAITS_REQUEST] = IDLE_SECONDS, [WAITS_REST] = REQUEST_SECONDS, [WAITS_FETCH] = FETCH_SECONDS
};

static void complain_of_garbage(struct server *server)
{
    complain(&server->garbage, LOG_WARNING, server->protocol->socket,
             "a client that does not speak %s was disconnected", server->protocol->name);
}

static void complain_of_slowness(struct server *server)
{
    complain(&server->slow, LOG_WARNING, server->protocol->socket,
             "a client that is too slow was disconnected");
}

static void complain_of_accepting(struct server *server)
{
    complain(&server->accepting, LOG_ERR, server->protocol->socket,
             "cannot accept a connection: no descriptors or no memory");
}

/* ---- connections --------------------------------------------------------------------------- */

static void rest_drop(struct rest *rest)
{
    free(rest->data);
    *rest = (struct rest){ NULL, 0 };
}

/* Keeps a copy of the bytes, which may be the end of what is kept already. False: no memory. */
static bool rest_keep(struct rest *rest, const char *data, size_t length)
{
    char *copy = NULL;

    if (length > 0) {
        copy = malloc(length);
        if (copy == NULL)
            return false;
        memcpy(copy, data, length);
    }
    free(rest->data);
    *rest = (struct rest){ copy, length };
    return true;
}

static void connection_free(struct connection *connection)
{
    if (connection->readable != NULL)
        event_free(connection->readable);
    if (connection->writable != NULL)
        event_free(connection->writable);
    rest_drop(&connection->input);
    rest_drop(&connection->output);
    (void)close(connection->fd);
    free(connection);
}

static void disconnect(struct connection *connection)
{
    struct server *server = connection->server;

    LIST_REMOVE(connection, entry);
    if (server->protocol->close != NULL)
        server->protocol->close(server->data, connection->state);
    connection_free(connection);
    if (server->count-- == server->most && server->listener != NULL)
        (void)evconnlistener_enable(server->listener);
    if (server->count == 0)
        (void)event_del(server->tick);
}

/* Time begins to run where it waits for something else than before. */
static void wait_for(struct connection *connection, enum waits waits)
{
    if (connection->waits == waits && waits != WAITS_REQUEST)
        return;
    connection->waits = waits;
    connection->since_ms = monotonic_ms();
}

/* ---- answers out --------------------------------------------------------------------------- */

/* How many of the bytes the peer's side takes now; false: it has gone. */
static bool send_some(int fd, const char *data, size_t length, size_t *sent)
{
    ssize_t count;

    *sent = 0;
    while (*sent < length) {
        count = send(fd, data + *sent, length - *sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        *sent += (size_t)count;
    }
    return true;
}

/* Sends the answers; what does not go out is kept, and nothing is read until it has. False: the
 * connection cannot go on. */
static bool send_answers(struct connection *connection)
{
    struct server *server = connection->server;
    size_t sent;

    if (server->output_length == 0)
        return true;
    if (!send_some(connection->fd, server->output, server->output_length, &sent))
        return false;
    if (sent < server->output_length &&
        (!rest_keep(&connection->output, server->output + sent, server->output_length - sent) ||
         event_del(connection->readable) != 0 || event_add(connection->writable, NULL) != 0))
        return false;
    server->output_length = 0;
    return true;
}

/* ---- requests in --------------------------------------------------------------------------- */

/* One step of the protocol. */
static enum served serve_one(struct connection *connection, struct span *input)
{
    struct server *server = connection->server;
    struct answer answer = { server->output + server->output_length, 0 };
    size_t taken = 0;
    enum served served =
        server->protocol->serve(server->data, connection->state, *input, &taken, &answer);

    input->data += taken;
    input->length -= taken;
    server->output_length += answer.length;
    switch (served) {
    case SERVED_REQUEST:
        connection->bytes = 0;
        wait_for(connection, WAITS_REQUEST);
        break;
    case SERVED_PART:
        connection->bytes += taken;
        break;
    case SERVED_NOTHING:
        taken = input->length;
        break;
    case SERVED_GARBAGE:
        break;
    }
    return connection->bytes + (served == SERVED_NOTHING ? taken : 0) >
                   server->protocol->request_most
               ? SERVED_GARBAGE
               : served;
}

/* Serves all that is in the input, or as much as the peer fetches answers, and keeps the rest of
 * it. False: the connection cannot go on. */
static bool serve_input(struct connection *connection, struct span input)
{
    struct server *server = connection->server;
    enum served served = SERVED_NOTHING;

    while (input.length > 0 && connection->output.length == 0) {
        if (server->output_size - server->output_length < server->protocol->answer_most) {
            if (!send_answers(connection))
                return false;
            continue;
        }
        served = serve_one(connection, &input);
        if (served == SERVED_NOTHING || served == SERVED_GARBAGE)
            break;
    }
    if ((connection->output.length == 0 && !send_answers(connection)) ||
        !rest_keep(&connection->input, input.data, input.length))
        return false;
    if (served == SERVED_GARBAGE) {
        complain_of_garbage(server);
        return false;
    }
    if (connection->output.length > 0)
        wait_for(connection, WAITS_FETCH);
    else if (connection->bytes + input.length > 0)
        wait_for(connection, WAITS_REST);
    return true;
}

/* A request that is under way must be complete in time, however often a byte of it comes. */
static bool is_over(const struct connection *connection, int64_t now_ms)
{
    return now_ms - connection->since_ms >= patience[connection->waits] * (int64_t)1000;
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
    struct connection *connection = data;
    struct server *server = connection->server;
    size_t length = connection->input.length;
    ssize_t count;

    (void)what;
    count = read(fd, server->input + length, server->input_size - length);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (count <= 0) {
        disconnect(connection);
        return;
    }
    if (length > 0)
        memcpy(server->input, connection->input.data, length);
    server->output_length = 0;
    if (!serve_input(connection, (struct span){ server->input, length + (size_t)count }))
        disconnect(connection);
}

/* The peer fetches again. */
static void on_writable(evutil_socket_t fd, short what, void *data)
{
    struct connection *connection = data;
    struct server *server = connection->server;
    struct rest *output = &connection->output, *input = &connection->input;
    size_t sent, length = input->length;

    (void)what;
    if (!send_some(fd, output->data, output->length, &sent) ||
        !rest_keep(output, output->data + sent, output->length - sent)) {
        disconnect(connection);
        return;
    }
    if (sent > 0)
        connection->since_ms = monotonic_ms();
    if (output->length > 0)
        return;
    wait_for(connection, WAITS_REQUEST);
    if (length > 0)
        memcpy(server->input, input->data, length);
    server->output_length = 0;
    if (event_del(connection->writable) != 0 || event_add(connection->readable, NULL) != 0 ||
        !serve_input(connection, (struct span){ server->input, length }))
        disconnect(connection);
}

/* Every second, while there are connections. */
static void on_tick(evutil_socket_t fd, short what, void *data)
{
    struct server *server = data;
    struct connection *connection = LIST_FIRST(&server->connections);
    int64_t now_ms = monotonic_ms();

    (void)fd;
    (void)what;
    while (connection != NULL) {
        struct connection *next = LIST_NEXT(connection, entry);

        if (is_over(connection, now_ms)) {
            if (connection->waits != WAITS_REQUEST)
                complain_of_slowness(server);
            disconnect(connection);
        }
        connection = next;
    }
}

/* ---- accepting ----------------------------------------------------------------------------- */

static struct connection *connection_new(struct server *server, int fd)
{
    struct connection *connection = calloc(1, sizeof(*connection) + server->protocol->state_size);

    if (connection == NULL)
        return NULL;
    connection->server = server;
    connection->fd = fd;
    connection->readable =
        event_new(server->base, fd, EV_READ | EV_PERSIST, on_readable, connection);
    connection->writable =
        event_new(server->base, fd, EV_WRITE | EV_PERSIST, on_writable, connection);
    if (connection->readable == NULL || connection->writable == NULL ||
        (server->protocol->open != NULL &&
         !server->protocol->open(server->data, connection->state))) {
        connection_free(connection);
        return NULL;
    }
    return connection;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int length, void *data)
{
    struct server *server = data;
    struct connection *connection = connection_new(server, fd);
    const struct timeval second = { .tv_sec = 1 };

    (void)listener;
    (void)address;
    (void)length;
    if (connection == NULL) {
        (void)evutil_closesocket(fd);
        complain_of_accepting(server);
        return;
    }
    LIST_INSERT_HEAD(&server->connections, connection, entry);
    wait_for(connection, WAITS_REQUEST);
    if (server->count++ == 0)
        (void)event_add(server->tick, &second);
    if (server->count == server->most) {
        complain(&server->full, LOG_WARNING, server->protocol->socket,
                 "too many connections: further ones wait");
        (void)evconnlistener_disable(server->listener);
    }
    if (event_add(connection->readable, NULL) != 0)
        disconnect(connection);
}

/* Out of descriptors or memory: accepting again at once would only burn time. */
static void on_accept_error(struct evconnlistener *listener, void *data)
{
    struct server *server = data;
    const struct timeval pause = { .tv_sec = RETRY_SECONDS };

    complain_of_accepting(server);
    (void)evconnlistener_disable(listener);
    (void)evtimer_add(server->retry, &pause);
}

static void on_retry(evutil_socket_t fd, short what, void *data)
{
    struct server *server = data;

    (void)fd;
    (void)what;
    if (server->count < server->most)
        (void)evconnlistener_enable(server->listener);
}

/* ---- the server ---------------------------------------------------------------------------- */

/* All but the listener. */
static bool server_prepare(struct server *server)
{
    server->input_size = server->protocol->request_most + BUFFER_BYTES;
    server->output_size = server->protocol->answer_most + BUFFER_BYTES;
    server->input = malloc(server->input_size);
    server->output = malloc(server->output_size);
    server->retry = evtimer_new(server->base, on_retry, server);
    server->tick = event_new(server->base, -1, EV_PERSIST, on_tick, server);
    return server->input != NULL && server->output != NULL && server->retry != NULL &&
           server->tick != NULL;
}

struct server *server_new(struct event_base *base, int fd, const struct server_protocol *protocol,
                          void *data, unsigned most_connections)
{
    struct server *server = calloc(1, sizeof(*server));

    if (server == NULL) {
        (void)evutil_closesocket(fd);
        return NULL;
    }
    LIST_INIT(&server->connections);
    server->protocol = protocol;
    server->data = data;
    server->base = base;
    server->most = most_connections;
    if (server_prepare(server))
        server->listener = evconnlistener_new(base, on_accept, server,
                                              LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (server->listener == NULL) {
        (void)evutil_closesocket(fd);
        server_free(server);
        return NULL;
    }
    evconnlistener_set_error_cb(server->listener, on_accept_error);
    return server;
}

unsigned server_connections(const struct server *server)
{
    return server->count;
}

void server_free(struct server *server)
{
    struct connection *connection;

    if (server == NULL)
        return;
    if (server->listener != NULL)
        evconnlistener_free(server->listener);
    server->listener = NULL;
    while ((connection = LIST_FIRST(&server->connections)) != NULL)
        disconnect(connection);
    if (server->retry != NULL)
        event_free(server->retry);
    if (server->tick != NULL)
        event_free(server->tick);
    free(server->input);
    free(server->output);
    free(server);
}
