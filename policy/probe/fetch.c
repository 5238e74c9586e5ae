/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/fetch.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/probe/memory.h"
#include "policy/probe/wire.h"

/* Bytes of the status line and the header together. */
#define HEADER_MOST ((size_t)16384)

/* Of a status line, in what is told of it. */
#define STATUS_MOST ((size_t)100)

/* How often the socket is read before others have their turn. */
#define TURNS 8

struct fetch {
    struct wire wire;
    struct event *readable, *writable, *timer;
    bool connected, over;

    char *request;
    size_t request_length;

    char *data; /* what came */
    size_t length, room;
    size_t most;     /* of the body */
    size_t body;     /* where it begins; 0: not yet */
    bool has_length; /* the header says it: */
    unsigned long long announced;

    enum fetch_state state;
    char *why;
    size_t why_length;
    void (*done)(void *context, const struct fetch_answer *answer);
    void *context;
};

/* ---- the end --------------------------------------------------------------------------------- */

/* `done` is called from the loop. */
static void end(struct fetch *fetch, enum fetch_state state, const char *why, size_t length)
{
    static const struct timeval now = { .tv_sec = 0 };

    fetch->over = true;
    fetch->state = state;
    fetch->why = memory_copy(why, length);
    fetch->why_length = length;
    if (event_add(fetch->timer, &now) != 0)
        (void)memory_need(NULL);
}

static void end_with(struct fetch *fetch, enum fetch_state state, const char *why)
{
    end(fetch, state, why, strlen(why));
}

static void fetch_free(struct fetch *fetch)
{
    event_free(fetch->readable);
    event_free(fetch->writable);
    event_free(fetch->timer);
    wire_close(&fetch->wire);
    free(fetch->request);
    free(fetch->data);
    free(fetch->why);
    free(fetch);
}

static struct span body_of(const struct fetch *fetch)
{
    size_t length = fetch->length - fetch->body;

    if (fetch->has_length && fetch->announced < length)
        length = (size_t)fetch->announced;
    return (struct span){ fetch->data + fetch->body, length };
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct fetch *fetch = context;
    struct fetch_answer answer = { .body = { "", 0 } };

    (void)fd;
    (void)what;
    if (!fetch->over)
        end_with(fetch, fetch->connected ? FETCH_SILENT : FETCH_UNREACHABLE, "time-out");
    if (fetch->state == FETCH_DONE)
        answer.body = body_of(fetch);
    answer.state = fetch->state;
    answer.why = (struct span){ fetch->why, fetch->why_length };
    fetch->done(fetch->context, &answer);
    fetch_free(fetch);
}

/* ---- the header ------------------------------------------------------------------------------ */

/* The line at `*position` without its end; false: it has no end yet. */
static bool next_line(const struct fetch *fetch, size_t *position, struct span *line)
{
    const char *start = fetch->data + *position;
    const char *newline = memchr(start, '\n', fetch->length - *position);

    if (newline == NULL)
        return false;
    *line = (struct span){ start, (size_t)(newline - start) };
    *position += line->length + 1;
    if (line->length > 0 && start[line->length - 1] == '\r')
        line->length--;
    return true;
}

/* "HTTP/1.1 200 OK" (RFC 1945, 6.1). False: it is over. */
static bool read_status(struct fetch *fetch, struct span line)
{
    static const char start[] = "HTTP/1.x ";
    const size_t code = sizeof(start) - 1;
    char text[STATUS_MOST + sizeof("HTTP ")] = "HTTP ";

    if (line.length < code + 3 || !span_starts_with(line, "HTTP/1.") ||
        !ascii_digit(line.data[code - 2]) || line.data[code - 1] != ' ') {
        end_with(fetch, FETCH_MALFORMED, "no HTTP");
        return false;
    }
    if (memcmp(line.data + code, "200", 3) == 0)
        return true;
    line.data += code;
    line.length = line.length - code < STATUS_MOST ? line.length - code : STATUS_MOST;
    memcpy(text + strlen("HTTP "), line.data, line.length);
    end(fetch, FETCH_REFUSED, text, strlen("HTTP ") + line.length);
    return false;
}

/* Content-Length; other fields do not matter. False: it is over. */
static bool read_field(struct fetch *fetch, struct span line)
{
    static const char name[] = "content-length:";
    const size_t length = sizeof(name) - 1;
    unsigned long long number = 0;

    if (line.length < length ||
        !span_equal_nocase((struct span){ line.data, length }, span_of(name)))
        return true;
    for (size_t i = length; i < line.length && number <= fetch->most; i++) {
        if (ascii_digit(line.data[i]))
            number = 10 * number + (unsigned long long)(line.data[i] - '0');
    }
    fetch->has_length = true;
    fetch->announced = number;
    if (number > fetch->most)
        end_with(fetch, FETCH_MALFORMED, "too long");
    return number <= fetch->most;
}

/* All of it, once it is there. */
static void read_header(struct fetch *fetch)
{
    size_t position = 0;
    struct span line;
    bool first = true;

    while (next_line(fetch, &position, &line)) {
        if (!first && line.length == 0) {
            fetch->body = position;
            return;
        }
        if (first ? !read_status(fetch, line) : !read_field(fetch, line))
            return;
        first = false;
    }
    fetch->has_length = false;
    if (fetch->length > HEADER_MOST)
        end_with(fetch, FETCH_MALFORMED, "no end of the HTTP header");
}

/* ---- the exchange ---------------------------------------------------------------------------- */

static void keep(struct fetch *fetch, const char *data, size_t length)
{
    if (fetch->length + length > fetch->room) {
        fetch->room = 2 * (fetch->length + length);
        fetch->data = memory_grow(fetch->data, fetch->room, 1);
    }
    memcpy(fetch->data + fetch->length, data, length);
    fetch->length += length;
}

/* After more has come. */
static void consider(struct fetch *fetch)
{
    if (fetch->body == 0)
        read_header(fetch);
    if (fetch->over || fetch->body == 0)
        return;
    if (fetch->has_length && fetch->length - fetch->body >= fetch->announced)
        end_with(fetch, FETCH_DONE, "");
    else if (fetch->length - fetch->body > fetch->most)
        end_with(fetch, FETCH_MALFORMED, "too long");
}

static void on_end_of_stream(struct fetch *fetch)
{
    if (fetch->length == 0)
        end_with(fetch, FETCH_MALFORMED, "closed without an answer");
    else if (fetch->body == 0 || fetch->has_length)
        end_with(fetch, FETCH_MALFORMED, "it broke off");
    else
        end_with(fetch, FETCH_DONE, "");
}

static void wait_for(struct event *event)
{
    if (event_add(event, NULL) != 0)
        (void)memory_need(NULL);
}

static void read_more(struct fetch *fetch)
{
    char data[WIRE_READ_MOST];
    size_t length;

    for (int turn = 0; turn < TURNS && !fetch->over; turn++) {
        enum wire_status status = wire_read(&fetch->wire, data, &length);

        if (status == WIRE_AGAIN)
            break;
        if (status == WIRE_DONE) {
            keep(fetch, data, length);
            consider(fetch);
        } else if (status == WIRE_CLOSED) {
            on_end_of_stream(fetch);
        } else {
            end(fetch, FETCH_MALFORMED, fetch->wire.why, fetch->wire.why_length);
        }
    }
    if (!fetch->over)
        wait_for(fetch->readable);
}

static void on_connected(struct fetch *fetch, enum wire_status status)
{
    fetch->connected = status == WIRE_DONE;
    if (status == WIRE_DONE) {
        (void)wire_write(&fetch->wire, fetch->request, fetch->request_length);
        read_more(fetch);
    } else if (status != WIRE_AGAIN) {
        end(fetch, FETCH_UNREACHABLE, fetch->wire.why, fetch->wire.why_length);
    }
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct fetch *fetch = context;

    (void)fd;
    (void)what;
    if (!fetch->over)
        read_more(fetch);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    struct fetch *fetch = context;

    (void)fd;
    (void)what;
    if (fetch->over)
        return;
    if (fetch->connected)
        (void)wire_flush(&fetch->wire);
    else
        on_connected(fetch, wire_connected(&fetch->wire));
    if (!fetch->over && wire_wants_to_write(&fetch->wire))
        wait_for(fetch->writable);
}

/* ---- starting -------------------------------------------------------------------------------- */

static void make_request(struct fetch *fetch, const struct fetch_plan *plan)
{
    static const char form[] = "%s %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: forcetls\r\n"
                               "Connection: close\r\n";
    static const char more[] = "Content-Type: application/ocsp-request\r\nContent-Length: %zu\r\n";
    bool posts = span_known(plan->request);
    size_t room = sizeof(form) + sizeof(more) + strlen(plan->path) + strlen(plan->host) +
                  plan->request.length + 32;
    char *text = memory_new(room, 1);
    size_t length =
        (size_t)snprintf(text, room, form, posts ? "POST" : "GET", plan->path, plan->host);

    if (posts)
        length += (size_t)snprintf(text + length, room - length, more, plan->request.length);
    memcpy(text + length, "\r\n", 2);
    length += 2;
    if (posts)
        memcpy(text + length, plan->request.data, plan->request.length);
    fetch->request = text;
    fetch->request_length = length + plan->request.length;
}

struct fetch *fetch_start(const struct fetch_plan *plan,
                          void (*done)(void *context, const struct fetch_answer *answer),
                          void *context)
{
    const struct timeval time = { .tv_sec = (time_t)(plan->milliseconds / 1000),
                                  .tv_usec = (suseconds_t)(plan->milliseconds % 1000 * 1000) };
    struct fetch *fetch = memory_new(1, sizeof(*fetch));
    enum wire_status status;

    fetch->most = plan->most;
    fetch->done = done;
    fetch->context = context;
    make_request(fetch, plan);
    fetch->timer = memory_need(event_new(plan->base, -1, 0, on_timer, fetch));
    if (event_add(fetch->timer, &time) != 0)
        (void)memory_need(NULL);
    wire_init(&fetch->wire);
    fetch->wire.most = HEADER_MOST + plan->most + WIRE_READ_MOST;
    status = wire_connect(&fetch->wire, &plan->ip, plan->port, plan->source);
    fetch->readable =
        memory_need(event_new(plan->base, fetch->wire.fd, EV_READ, on_readable, fetch));
    fetch->writable =
        memory_need(event_new(plan->base, fetch->wire.fd, EV_WRITE, on_writable, fetch));
    on_connected(fetch, status);
    if (!fetch->over && (!fetch->connected || wire_wants_to_write(&fetch->wire)))
        wait_for(fetch->writable);
    return fetch;
}

void fetch_cancel(struct fetch *fetch)
{
    fetch_free(fetch);
}
