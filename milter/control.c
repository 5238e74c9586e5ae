/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/control.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "milter/log.h"

#define CONNECTIONS_MOST 8
#define REQUEST_BYTES 4096
#define PATIENCE_SECONDS 10 /* for a request, and for each piece of an answer to be fetched */
#define RETRY_SECONDS 1     /* after an accept(2) that failed */

struct connection {
    LIST_ENTRY(connection) entry;
    struct control *control;
    struct bufferevent *buffer;
    struct status *status; /* NULL: no answer is under way, or all of it is in the buffer */
};

struct control {
    const struct status_source *source;
    struct evconnlistener *listener;
    struct event *retry;
    unsigned count;
    LIST_HEAD(, connection) connections;
};

static void connection_free(struct connection *connection)
{
    struct control *control = connection->control;

    LIST_REMOVE(connection, entry);
    status_free(connection->status);
    bufferevent_free(connection->buffer);
    free(connection);
    if (control->count-- == CONNECTIONS_MOST && control->listener != NULL)
        (void)evconnlistener_enable(control->listener);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void answer_error(struct connection *connection, const char *text)
{
    json_t *document = json_pack("{s:i, s:s, s:s}", "v", 1, "type", "error", "text", text);
    char *line = document != NULL ? json_dumps(document, JSON_COMPACT) : NULL;

    if (line != NULL)
        (void)evbuffer_add_printf(bufferevent_get_output(connection->buffer), "%s\n", line);
    free(line);
    json_decref(document);
}

/* The client has read what there was: the next piece, or the end. */
static void on_written(struct bufferevent *buffer, void *data)
{
    struct connection *connection = data;
    char *piece = NULL;

    if (connection->status != NULL && status_next(connection->status, &piece)) {
        (void)bufferevent_write(buffer, piece, strlen(piece));
        free(piece);
        return;
    }
    connection_free(connection);
}

static bool asks_for_status(const json_t *request)
{
    const char *command = json_string_value(json_object_get(request, "command"));

    return json_integer_value(json_object_get(request, "v")) == 1 && command != NULL &&
           strcmp(command, "status") == 0;
}

static void answer(struct connection *connection, const char *line, size_t length)
{
    json_t *request = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);

    if (!asks_for_status(request))
        answer_error(connection, "the request must be {\"v\":1,\"command\":\"status\"}");
    else if ((connection->status = status_new(connection->control->source)) == NULL)
        answer_error(connection, "no memory");
    json_decref(request);
}

/* Closed, failed, or too slow. */
static void on_event(struct bufferevent *buffer, short what, void *data)
{
    (void)buffer;
    (void)what;
    connection_free(data);
}

/* From now on only writing: the client may have closed its own end. (Before, libevent would call
 * on_written() once although nothing was to be written.) */
static void end_request(struct connection *connection)
{
    (void)bufferevent_disable(connection->buffer, EV_READ);
    bufferevent_setcb(connection->buffer, NULL, on_written, on_event, connection);
    if (evbuffer_get_length(bufferevent_get_output(connection->buffer)) == 0)
        on_written(connection->buffer, connection);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void on_read(struct bufferevent *buffer, void *data)
{
    struct connection *connection = data;
    struct evbuffer *input = bufferevent_get_input(buffer);
    size_t length = 0;
    char *line = evbuffer_readln(input, &length, EVBUFFER_EOL_LF);

    if (line == NULL && evbuffer_get_length(input) <= REQUEST_BYTES)
        return;
    if (line != NULL && length <= REQUEST_BYTES)
        answer(connection, line, length);
    else
        answer_error(connection, "the request is too long");
    free(line);
    end_request(connection);
}

/* Whether the kernel says that the client is root or ourselves. */
static bool is_trusted(evutil_socket_t fd)
{
    struct ucred peer = { .uid = (uid_t)-1 };
    socklen_t length = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

static struct connection *connection_new(struct control *control, struct event_base *base,
                                         evutil_socket_t fd)
{
    struct connection *connection = calloc(1, sizeof(*connection));

    if (connection == NULL)
        return NULL;
    connection->control = control;
    connection->buffer = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (connection->buffer != NULL)
        return connection;
    free(connection);
    return NULL;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int length, void *data)
{
    static const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
    struct control *control = data;
    struct connection *connection = connection_new(control, evconnlistener_get_base(listener), fd);

    (void)address;
    (void)length;
    if (connection == NULL) {
        (void)evutil_closesocket(fd);
        return;
    }
    LIST_INSERT_HEAD(&control->connections, connection, entry);
    if (++control->count == CONNECTIONS_MOST)
        (void)evconnlistener_disable(listener);
    bufferevent_setcb(connection->buffer, on_read, NULL, on_event, connection);
    bufferevent_setwatermark(connection->buffer, EV_READ, 0, REQUEST_BYTES + 1);
    (void)bufferevent_set_timeouts(connection->buffer, &patience, &patience);
    if (is_trusted(fd)) {
        (void)bufferevent_enable(connection->buffer, EV_READ | EV_WRITE);
        return;
    }
    answer_error(connection, "only root and the daemon's own user are answered");
    end_request(connection);
}

/* Out of descriptors or memory: accepting again at once would only burn time. */
static void on_accept_error(struct evconnlistener *listener, void *data)
{
    static const struct timeval pause = { .tv_sec = RETRY_SECONDS };
    struct control *control = data;

    log_line(LOG_ERR, "control_socket: cannot accept a connection: no descriptors or no memory");
    (void)evconnlistener_disable(listener);
    (void)evtimer_add(control->retry, &pause);
}

static void on_retry(evutil_socket_t fd, short what, void *data)
{
    struct control *control = data;

    (void)fd;
    (void)what;
    if (control->count < CONNECTIONS_MOST)
        (void)evconnlistener_enable(control->listener);
}

/* ---- the server ------------------------------------------------------------------------------ */

struct control *control_new(struct event_base *base, int fd, const struct status_source *source)
{
    struct control *control = calloc(1, sizeof(*control));

    if (control == NULL) {
        (void)evutil_closesocket(fd);
        return NULL;
    }
    LIST_INIT(&control->connections);
    control->source = source;
    control->listener = evconnlistener_new(base, on_accept, control,
                                           LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    control->retry = evtimer_new(base, on_retry, control);
    if (control->listener == NULL || control->retry == NULL) {
        if (control->listener == NULL)
            (void)evutil_closesocket(fd);
        control_free(control);
        return NULL;
    }
    evconnlistener_set_error_cb(control->listener, on_accept_error);
    return control;
}

void control_free(struct control *control)
{
    struct connection *connection;

    if (control == NULL)
        return;
    if (control->listener != NULL)
        evconnlistener_free(control->listener);
    control->listener = NULL;
    while ((connection = LIST_FIRST(&control->connections)) != NULL)
        connection_free(connection);
    if (control->retry != NULL)
        event_free(control->retry);
    free(control);
}
