/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/fetch.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/http.h>
#include <openssl/httperr.h>
#include <openssl/ocsp.h>

#include "policy/probe/memory.h"
#include "policy/probe/wire.h"

struct fetch {
    struct wire wire; /* the connection; OpenSSL reads and writes */
    BIO *socket;
    OSSL_HTTP_REQ_CTX *exchange;
    struct event *readable, *writable, *timer;
    bool connected, over;
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

/* OpenSSL's last word on HTTP, with what it adds. */
static unsigned long take_error(char *more, size_t size)
{
    unsigned long last = 0, error;
    const char *data;
    int flags;

    more[0] = '\0';
    while ((error = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
        if (ERR_GET_LIB(error) != ERR_LIB_HTTP)
            continue;
        last = error;
        (void)snprintf(more, size, "%s", (flags & ERR_TXT_STRING) != 0 ? data : "");
    }
    return last;
}

/* A redirection is no error for OpenSSL, and neither is a line that is too long; a status comes as
 * "code=404, reason=Not Found". */
static void end_failed(struct fetch *fetch)
{
    static const char code[] = "code=", reason[] = ", reason=";
    char words[240], more[160], *phrase;
    unsigned long error = take_error(more, sizeof(more));
    const char *about = error != 0 ? ERR_reason_error_string(error) : NULL;

    if (error == 0) {
        end_with(fetch, FETCH_REFUSED, "a redirection, or a line that is too long");
    } else if (strncmp(more, code, strlen(code)) == 0) {
        phrase = strstr(more, reason);
        if (phrase != NULL)
            *phrase = '\0';
        (void)snprintf(words, sizeof(words), "HTTP %s%s%s", more + strlen(code),
                       phrase != NULL ? ", " : "", phrase != NULL ? phrase + strlen(reason) : "");
        end_with(fetch, FETCH_REFUSED, words);
    } else {
        (void)snprintf(words, sizeof(words), "%s%s%s", about != NULL ? about : "no HTTP",
                       more[0] != '\0' ? ": " : "", more);
        end_with(fetch, FETCH_MALFORMED, words);
    }
}

static void fetch_free(struct fetch *fetch)
{
    event_free(fetch->readable);
    event_free(fetch->writable);
    event_free(fetch->timer);
    OSSL_HTTP_REQ_CTX_free(fetch->exchange);
    BIO_free(fetch->socket);
    wire_close(&fetch->wire);
    free(fetch->why);
    free(fetch);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct fetch *fetch = context;
    struct fetch_answer answer;
    char *body = NULL;
    long length = 0;

    (void)fd;
    (void)what;
    if (!fetch->over)
        end_with(fetch, fetch->connected ? FETCH_SILENT : FETCH_UNREACHABLE, "time-out");
    if (fetch->state == FETCH_DONE)
        length = BIO_get_mem_data(OSSL_HTTP_REQ_CTX_get0_mem_bio(fetch->exchange), &body);
    answer = (struct fetch_answer){
        .state = fetch->state,
        .body = { body, body != NULL && length > 0 ? (size_t)length : 0 },
        .why = { fetch->why, fetch->why_length },
    };
    fetch->done(fetch->context, &answer);
    fetch_free(fetch);
}

/* ---- the exchange ---------------------------------------------------------------------------- */

static void wait_for(struct event *event)
{
    if (event_add(event, NULL) != 0)
        (void)memory_need(NULL);
}

static void go_on(struct fetch *fetch)
{
    int result;

    ERR_clear_error();
    result = OSSL_HTTP_REQ_CTX_nbio(fetch->exchange);
    if (result == 1)
        end_with(fetch, FETCH_DONE, "");
    else if (result == 0)
        end_failed(fetch);
    else
        wait_for(BIO_should_write(fetch->socket) ? fetch->writable : fetch->readable);
    ERR_clear_error();
}

static void on_connected(struct fetch *fetch, enum wire_status status)
{
    fetch->connected = status == WIRE_DONE;
    if (status == WIRE_DONE)
        go_on(fetch);
    else if (status == WIRE_AGAIN)
        wait_for(fetch->writable);
    else
        end(fetch, FETCH_UNREACHABLE, fetch->wire.why, fetch->wire.why_length);
}

static void on_ready(evutil_socket_t fd, short what, void *context)
{
    struct fetch *fetch = context;

    (void)fd;
    (void)what;
    if (fetch->over)
        return;
    if (fetch->connected)
        go_on(fetch);
    else
        on_connected(fetch, wire_connected(&fetch->wire));
}

/* False: memory. */
static bool prepare(struct fetch *fetch, const struct fetch_plan *plan)
{
    OSSL_HTTP_REQ_CTX *exchange;

    fetch->socket = BIO_new_socket(fetch->wire.fd, BIO_NOCLOSE);
    fetch->exchange = exchange =
        fetch->socket != NULL ? OSSL_HTTP_REQ_CTX_new(fetch->socket, fetch->socket, 0) : NULL;
    if (exchange == NULL)
        return false;
    OSSL_HTTP_REQ_CTX_set_max_response_length(exchange, plan->most);
    return OSSL_HTTP_REQ_CTX_set_request_line(exchange, plan->request != NULL, NULL, NULL,
                                              plan->path) == 1 &&
           OSSL_HTTP_REQ_CTX_add1_header(exchange, "Host", plan->host) == 1 &&
           OSSL_HTTP_REQ_CTX_set_expected(exchange, NULL, 1, 0, 0) == 1 &&
           (plan->request == NULL ||
            OSSL_HTTP_REQ_CTX_set1_req(exchange, "application/ocsp-request",
                                       ASN1_ITEM_rptr(OCSP_REQUEST),
                                       (const ASN1_VALUE *)plan->request) == 1);
}

struct fetch *fetch_start(const struct fetch_plan *plan,
                          void (*done)(void *context, const struct fetch_answer *answer),
                          void *context)
{
    const struct timeval time = { .tv_sec = (time_t)(plan->milliseconds / 1000),
                                  .tv_usec = (suseconds_t)(plan->milliseconds % 1000 * 1000) };
    struct fetch *fetch = memory_new(1, sizeof(*fetch));
    enum wire_status status;

    fetch->done = done;
    fetch->context = context;
    fetch->timer = memory_need(event_new(plan->base, -1, 0, on_timer, fetch));
    if (event_add(fetch->timer, &time) != 0)
        (void)memory_need(NULL);
    wire_init(&fetch->wire);
    status = wire_connect(&fetch->wire, &plan->ip, plan->port, plan->source);
    fetch->readable = memory_need(event_new(plan->base, fetch->wire.fd, EV_READ, on_ready, fetch));
    fetch->writable = memory_need(event_new(plan->base, fetch->wire.fd, EV_WRITE, on_ready, fetch));
    if (!prepare(fetch, plan))
        (void)memory_need(NULL);
    on_connected(fetch, status);
    return fetch;
}

void fetch_cancel(struct fetch *fetch)
{
    fetch_free(fetch);
}
