/* SPDX-License-Identifier: ISC */
#include "milter/smtpd_policy.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <syslog.h>

#include "milter/clock.h"
#include "milter/log.h"
#include "milter/policy_request.h"

/* Postfix sends a few hundred bytes, at once, and closes after smtpd_policy_service_max_idle
 * (300 s) without a request. */
#define REQUEST_BYTES 65536
#define REQUEST_SECONDS 10
#define IDLE_SECONDS 600
#define UNREAD_BYTES 4096 /* answers that the peer does not fetch */

#define COMPLAINT_MS 10000 /* at most one line of a kind in that time */
#define RETRY_SECONDS 1    /* after an accept(2) that failed */

enum complaint {
    COMPLAINT_GARBAGE,
    COMPLAINT_SLOW,
    COMPLAINT_FULL,
    COMPLAINT_ACCEPT,
    COMPLAINT_SHARED,
    COMPLAINTS
};

static const char answer[] = "action=DUNNO\n\n";

struct connection {
    LIST_ENTRY(connection) entry;
    struct smtpd_policy *policy;
    struct bufferevent *buffer;
    uint32_t source; /* the feed's number for it */
    struct policy_request request;
    size_t bytes;       /* of the request so far */
    int64_t started_ms; /* when its first byte was seen; 0: none is under way */
    int patience;       /* seconds that the peer has now */
};

struct smtpd_policy {
    struct feed *feed;
    struct evconnlistener *listener;
    struct event *retry;
    unsigned count, most;
    int64_t said_ms[COMPLAINTS];      /* when each was logged last; 0: never */
    unsigned long unsaid[COMPLAINTS]; /* how often it was held back since */
    LIST_HEAD(, connection) connections;
};

/* ---- complaints ---------------------------------------------------------------------------- */

static const struct {
    int priority;
    const char *text;
} complaints[COMPLAINTS] = {
    [COMPLAINT_GARBAGE] = { LOG_WARNING,
                            "a client that does not speak the SMTPD policy protocol was "
                            "disconnected" },
    [COMPLAINT_SLOW] = { LOG_WARNING, "a client that is too slow was disconnected" },
    [COMPLAINT_FULL] = { LOG_WARNING, "too many connections: further ones wait" },
    [COMPLAINT_ACCEPT] = { LOG_ERR, "cannot accept a connection: no descriptors or no memory" },
    [COMPLAINT_SHARED] = { LOG_WARNING,
                           "two sessions claim the same addresses and ports: the fingerprints of "
                           "neither are used (does an XCLIENT client or a proxy lie about them?)" },
};

/* One line, and each rarely: whoever may connect could otherwise fill the log. */
static void complain(struct smtpd_policy *policy, enum complaint complaint)
{
    const char *text = complaints[complaint].text;
    int priority = complaints[complaint].priority;
    int64_t now_ms = monotonic_ms();
    int64_t *said_ms = &policy->said_ms[complaint];
    unsigned long *unsaid = &policy->unsaid[complaint];

    if (*said_ms != 0 && now_ms - *said_ms < COMPLAINT_MS) {
        (*unsaid)++;
        return;
    }
    if (*unsaid > 0)
        log_printf(priority, "smtpd_policy_socket: %s (%lu times since the last such line)", text,
                   *unsaid + 1);
    else
        log_printf(priority, "smtpd_policy_socket: %s", text);
    *said_ms = now_ms;
    *unsaid = 0;
}

/* ---- connections --------------------------------------------------------------------------- */

static void connection_free(struct connection *connection)
{
    struct smtpd_policy *policy = connection->policy;

    LIST_REMOVE(connection, entry);
    feed_close(policy->feed, connection->source);
    bufferevent_free(connection->buffer);
    free(connection);
    if (policy->count-- == policy->most && policy->listener != NULL)
        (void)evconnlistener_enable(policy->listener);
}

/* The time that the peer has for what it is about to do. */
static void set_patience(struct connection *connection, int seconds)
{
    const struct timeval limit = { .tv_sec = seconds };

    if (connection->patience == seconds)
        return;
    connection->patience = seconds;
    (void)bufferevent_set_timeouts(connection->buffer, &limit, &limit);
}

static void request_begin(struct connection *connection)
{
    policy_request_reset(&connection->request);
    connection->bytes = 0;
    connection->started_ms = 0;
    set_patience(connection, IDLE_SECONDS);
}

/* The empty line: what was said goes into the feed before the answer goes out, since the next
 * thing that the peer does is to ask the milter. */
static void request_end(struct connection *connection)
{
    struct smtpd_policy *policy = connection->policy;
    const struct feed_entry *entry =
        policy_request_finish(&connection->request) ? &connection->request.entry : NULL;

    if (!feed_put(policy->feed, connection->source, entry, monotonic_ms()))
        complain(policy, COMPLAINT_SHARED);
    (void)bufferevent_write(connection->buffer, answer, sizeof(answer) - 1);
    request_begin(connection);
}

enum progress { PROGRESS_LINE, PROGRESS_WAIT, PROGRESS_GARBAGE };

static enum progress read_line(struct connection *connection)
{
    struct evbuffer *input = bufferevent_get_input(connection->buffer);
    size_t length = 0;
    char *line = evbuffer_readln(input, &length, EVBUFFER_EOL_LF);
    enum progress progress = PROGRESS_LINE;

    if (line == NULL)
        return connection->bytes + evbuffer_get_length(input) > REQUEST_BYTES ? PROGRESS_GARBAGE
                                                                              : PROGRESS_WAIT;
    connection->bytes += length + 1;
    if (length == 0)
        request_end(connection);
    else if (connection->bytes > REQUEST_BYTES ||
             !policy_request_line(&connection->request, (struct span){ line, length }))
        progress = PROGRESS_GARBAGE;
    free(line);
    return progress;
}

/* A request that is under way must be complete in time, however often a byte of it comes. */
static bool is_too_slow(struct connection *connection)
{
    struct evbuffer *input = bufferevent_get_input(connection->buffer);

    if (connection->bytes == 0 && evbuffer_get_length(input) == 0)
        return false;
    if (connection->started_ms == 0) {
        connection->started_ms = monotonic_ms();
        set_patience(connection, REQUEST_SECONDS);
    }
    return monotonic_ms() - connection->started_ms >= REQUEST_SECONDS * 1000;
}

static void on_read(struct bufferevent *buffer, void *data)
{
    struct connection *connection = data;
    enum progress progress;

    do {
        progress = read_line(connection);
    } while (progress == PROGRESS_LINE);
    if (progress == PROGRESS_GARBAGE) {
        complain(connection->policy, COMPLAINT_GARBAGE);
        connection_free(connection);
    } else if (is_too_slow(connection) ||
               evbuffer_get_length(bufferevent_get_output(buffer)) > UNREAD_BYTES) {
        complain(connection->policy, COMPLAINT_SLOW);
        connection_free(connection);
    }
}

/* The last answer is out, to a peer that will not ask again. */
static void on_written(struct bufferevent *buffer, void *data)
{
    (void)buffer;
    connection_free(data);
}

/* The peer has closed, or something failed, or it was silent for too long. */
static void on_event(struct bufferevent *buffer, short what, void *data)
{
    struct connection *connection = data;

    if ((what & BEV_EVENT_TIMEOUT) != 0 && connection->started_ms != 0)
        complain(connection->policy, COMPLAINT_SLOW);
    if ((what & BEV_EVENT_EOF) != 0 && evbuffer_get_length(bufferevent_get_output(buffer)) > 0) {
        (void)bufferevent_disable(buffer, EV_READ);
        set_patience(connection, REQUEST_SECONDS);
        bufferevent_setcb(buffer, NULL, on_written, on_event, connection);
        return;
    }
    connection_free(connection);
}

static struct connection *connection_new(struct smtpd_policy *policy, struct event_base *base,
                                         evutil_socket_t fd)
{
    struct connection *connection = calloc(1, sizeof(*connection));

    if (connection == NULL)
        return NULL;
    connection->policy = policy;
    connection->source = feed_open(policy->feed);
    if (connection->source == FEED_NO_SOURCE) {
        free(connection);
        return NULL;
    }
    connection->buffer = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (connection->buffer == NULL) {
        feed_close(policy->feed, connection->source);
        free(connection);
        return NULL;
    }
    return connection;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int length, void *data)
{
    struct smtpd_policy *policy = data;
    struct connection *connection = connection_new(policy, evconnlistener_get_base(listener), fd);

    (void)address;
    (void)length;
    if (connection == NULL) {
        (void)evutil_closesocket(fd);
        complain(policy, COMPLAINT_ACCEPT);
        return;
    }
    request_begin(connection);
    LIST_INSERT_HEAD(&policy->connections, connection, entry);
    bufferevent_setcb(connection->buffer, on_read, NULL, on_event, connection);
    bufferevent_setwatermark(connection->buffer, EV_READ, 0, REQUEST_BYTES + 1);
    (void)bufferevent_enable(connection->buffer, EV_READ | EV_WRITE);
    if (++policy->count == policy->most) {
        complain(policy, COMPLAINT_FULL);
        (void)evconnlistener_disable(policy->listener);
    }
}

/* Out of descriptors or memory: accepting again at once would only burn time. */
static void on_accept_error(struct evconnlistener *listener, void *data)
{
    struct smtpd_policy *policy = data;
    const struct timeval pause = { .tv_sec = RETRY_SECONDS };

    complain(policy, COMPLAINT_ACCEPT);
    (void)evconnlistener_disable(listener);
    (void)evtimer_add(policy->retry, &pause);
}

static void on_retry(evutil_socket_t fd, short what, void *data)
{
    struct smtpd_policy *policy = data;

    (void)fd;
    (void)what;
    if (policy->count < policy->most)
        (void)evconnlistener_enable(policy->listener);
}

/* ---- the server ---------------------------------------------------------------------------- */

struct smtpd_policy *smtpd_policy_new(struct event_base *base, int fd, struct feed *feed,
                                      unsigned most_connections)
{
    struct smtpd_policy *policy = calloc(1, sizeof(*policy));

    if (policy == NULL) {
        (void)evutil_closesocket(fd);
        return NULL;
    }
    LIST_INIT(&policy->connections);
    policy->feed = feed;
    policy->most = most_connections;
    policy->listener = evconnlistener_new(base, on_accept, policy,
                                          LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    policy->retry = evtimer_new(base, on_retry, policy);
    if (policy->listener == NULL || policy->retry == NULL) {
        if (policy->listener == NULL)
            (void)evutil_closesocket(fd);
        smtpd_policy_free(policy);
        return NULL;
    }
    evconnlistener_set_error_cb(policy->listener, on_accept_error);
    return policy;
}

void smtpd_policy_free(struct smtpd_policy *policy)
{
    struct connection *connection;

    if (policy == NULL)
        return;
    if (policy->listener != NULL)
        evconnlistener_free(policy->listener);
    policy->listener = NULL;
    while ((connection = LIST_FIRST(&policy->connections)) != NULL)
        connection_free(connection);
    if (policy->retry != NULL)
        event_free(policy->retry);
    free(policy);
}
