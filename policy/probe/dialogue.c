/* SPDX-License-Identifier: ISC */
/*
 * A table of steps. Each has a limit of time, what is sent when it begins, and what its reply
 * means. A step ends by going to another one, or with the address's state, after which there is
 * only QUIT to be said where the server is still listening.
 */
#include "config.h"

#include "policy/probe/dialogue.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "milter/clock.h"
#include "policy/probe/ehlo.h"
#include "policy/probe/memory.h"
#include "policy/probe/reply.h"
#include "policy/probe/wire.h"

#define REPLY_SHOWN_MOST 500 /* bytes of a reply that are kept */

enum step { CONNECT, GREETING, EHLO, STARTTLS, HANDSHAKE, EHLO_TLS, QUIT, OVER };

struct dialogue {
    struct dialogue_plan plan;
    struct address_found *found;
    void (*done)(void *context);
    void *context;
    enum step step;
    struct wire wire;
    struct reply reply;
    struct event *readable, *writable, *timer;
    int64_t started, deadline, step_deadline; /* monotonic ms */
};

/* ---- the end -------------------------------------------------------------------------------- */

/* Closes; the rest follows from the loop. */
static void finish(struct dialogue *dialogue)
{
    static const struct timeval now = { .tv_sec = 0 };

    dialogue->step = OVER;
    (void)event_del(dialogue->readable);
    (void)event_del(dialogue->writable);
    wire_close(&dialogue->wire);
    if (event_add(dialogue->timer, &now) != 0)
        (void)memory_need(NULL);
}

/* The facts of TLS as they are at this moment. */
static void take_tls(struct dialogue *dialogue)
{
    struct address_found *found = dialogue->found;

    if (dialogue->wire.tls == NULL || !tls_has_shown(dialogue->wire.tls))
        return;
    found->state = HOP_TLS;
    chain_free(found->chain);
    tls_get_found(dialogue->wire.tls, &found->tls, &found->chain);
}

/* The state is known. A server that has shown its certificate under TLS is in the state `tls`,
 * whatever came afterwards. */
static void decide(struct dialogue *dialogue, enum hop_state state, const char *reply,
                   size_t length)
{
    struct address_found *found = dialogue->found;

    if (found->decided)
        return;
    found->decided = true;
    found->state = state;
    take_tls(dialogue);
    text_set(&found->reply, reply, length < REPLY_SHOWN_MOST ? length : REPLY_SHOWN_MOST);
    found->milliseconds = monotonic_ms() - dialogue->started;
}

static void decide_by_reply(struct dialogue *dialogue, enum hop_state state)
{
    char text[REPLY_SHOWN_MOST];

    decide(dialogue, state, text, reply_summary(&dialogue->reply, text, sizeof(text)));
}

/* Ends without another word. */
static void give_up(struct dialogue *dialogue, enum hop_state state, const char *reason)
{
    decide(dialogue, state, reason, strlen(reason));
    finish(dialogue);
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void enter(struct dialogue *dialogue, enum step step);

/* A server that is gone is seen when its reply is read. */
static void send_text(struct dialogue *dialogue, const char *text)
{
    (void)wire_write(&dialogue->wire, text, strlen(text));
}

static void send_ehlo(struct dialogue *dialogue)
{
    char line[EHLO_LINE_SIZE];
    struct ip ip = { .family = 0 };

    (void)wire_local_address(&dialogue->wire, &ip);
    ehlo_write(line, dialogue->plan.settings->helo, dialogue->plan.host, &ip);
    send_text(dialogue, line);
}

static void send_starttls(struct dialogue *dialogue)
{
    send_text(dialogue, "STARTTLS\r\n");
}

static void send_quit(struct dialogue *dialogue)
{
    send_text(dialogue, "QUIT\r\n");
}

static void lose(struct dialogue *dialogue, enum wire_status status);

static void start_tls(struct dialogue *dialogue)
{
    enum wire_status status =
        wire_start_tls(&dialogue->wire, tls_new(dialogue->plan.tls, dialogue->plan.server));

    if (status != WIRE_DONE)
        lose(dialogue, status);
}

/* A reply that ends the dialogue. */
static void end_with(struct dialogue *dialogue, enum hop_state state)
{
    decide_by_reply(dialogue, state);
    if (dialogue->reply.code == 421)
        finish(dialogue);
    else
        enter(dialogue, QUIT);
}

static void on_greeting(struct dialogue *dialogue)
{
    switch (dialogue->reply.code / 100) {
    case 2:
        enter(dialogue, dialogue->plan.wrapped ? EHLO_TLS : EHLO);
        break;
    case 4:
        end_with(dialogue, HOP_BUSY);
        break;
    case 5:
        end_with(dialogue, HOP_REJECTED);
        break;
    default:
        end_with(dialogue, HOP_NOT_SMTP);
        break;
    }
}

/* A server of before RFC 1869 does not know the command. */
static bool knows_no_ehlo(int code)
{
    return code == 500 || code == 502;
}

static void on_ehlo(struct dialogue *dialogue)
{
    int code = dialogue->reply.code;
    bool offers = false;

    if (code / 100 == 2)
        offers = ehlo_read(&dialogue->reply, &dialogue->found->offered);
    if (offers)
        enter(dialogue, STARTTLS);
    else if (code / 100 == 2 || knows_no_ehlo(code))
        end_with(dialogue, HOP_NO_STARTTLS);
    else if (code / 100 == 5)
        end_with(dialogue, HOP_REJECTED);
    else
        end_with(dialogue, code / 100 == 4 ? HOP_BUSY : HOP_NOT_SMTP);
}

/* Any 2yz is a "go ahead", as for Postfix. */
static void on_starttls(struct dialogue *dialogue)
{
    switch (dialogue->reply.code / 100) {
    case 2:
        enter(dialogue, HANDSHAKE);
        break;
    case 4:
        end_with(dialogue, HOP_BUSY);
        break;
    default:
        end_with(dialogue, HOP_STARTTLS_REFUSED);
        break;
    }
}

static void on_ehlo_tls(struct dialogue *dialogue)
{
    if (dialogue->reply.code / 100 == 2) {
        (void)ehlo_read(&dialogue->reply, &dialogue->found->offered_tls);
        decide(dialogue, HOP_TLS, "", 0);
        enter(dialogue, QUIT);
    } else {
        end_with(dialogue, HOP_TLS);
    }
}

static const struct {
    const char *name; /* for a person: "no answer to ..." */
    int seconds;      /* at most, of the time for the address */
    void (*begin)(struct dialogue *dialogue);
    void (*on_reply)(struct dialogue *dialogue); /* NULL: it waits for something else */
    enum hop_state silent;                       /* its time is over, or the server closes */
} steps[] = {
    [CONNECT] = { "the connection", 20, NULL, NULL, HOP_UNREACHABLE },
    [GREETING] = { "the greeting", 30, NULL, on_greeting, HOP_BUSY },
    [EHLO] = { "EHLO", 20, send_ehlo, on_ehlo, HOP_BUSY },
    [STARTTLS] = { "STARTTLS", 20, send_starttls, on_starttls, HOP_BUSY },
    [HANDSHAKE] = { "the TLS handshake", 30, start_tls, NULL, HOP_BUSY },
    [EHLO_TLS] = { "EHLO under TLS", 20, send_ehlo, on_ehlo_tls, HOP_TLS },
    [QUIT] = { "QUIT", 3, send_quit, finish, HOP_BUSY },
};

/* The time until the step's or the dialogue's limit. */
static void set_timer(struct dialogue *dialogue)
{
    int64_t deadline =
        dialogue->step_deadline < dialogue->deadline ? dialogue->step_deadline : dialogue->deadline;
    int64_t left = deadline - monotonic_ms();
    struct timeval time = { .tv_sec = 0 };

    if (left > 0) {
        time.tv_sec = (time_t)(left / 1000);
        time.tv_usec = (suseconds_t)(left % 1000 * 1000);
    }
    if (event_add(dialogue->timer, &time) != 0)
        (void)memory_need(NULL);
}

static void enter(struct dialogue *dialogue, enum step step)
{
    dialogue->step = step;
    dialogue->step_deadline = monotonic_ms() + 1000 * steps[step].seconds;
    reply_reset(&dialogue->reply);
    set_timer(dialogue);
    if (steps[step].begin != NULL)
        steps[step].begin(dialogue);
}

/* ---- what the wire brings ------------------------------------------------------------------- */

/* No bytes any more, or none that can be used. */
static void lose(struct dialogue *dialogue, enum wire_status status)
{
    static const enum hop_state states[] = {
        [WIRE_FAILED] = HOP_TLS_FAILED,
        [WIRE_EXHAUSTED] = HOP_BUSY,
        [WIRE_FLOODED] = HOP_NOT_SMTP,
        [WIRE_PLAINTEXT] = HOP_INJECTED,
    };
    enum hop_state state = status == WIRE_CLOSED ? steps[dialogue->step].silent : states[status];

    if (status == WIRE_FLOODED && dialogue->wire.tls != NULL)
        state = HOP_TLS_FAILED;
    if (dialogue->step == CONNECT && status != WIRE_EXHAUSTED)
        state = status == WIRE_CLOSED ? HOP_BUSY : HOP_UNREACHABLE;
    if (status == WIRE_PLAINTEXT && dialogue->plan.wrapped)
        state = HOP_TLS_FAILED; /* nobody was to say 220 first */
    decide(dialogue, state, dialogue->wire.why, dialogue->wire.why_length);
    finish(dialogue);
}

/* Bytes of a reply; what is behind it nobody has asked for. */
static void take_bytes(struct dialogue *dialogue, const char *data, size_t length)
{
    enum step step = dialogue->step;
    size_t used;

    switch (reply_feed(&dialogue->reply, data, length, &used)) {
    case REPLY_MORE:
        return;
    case REPLY_MALFORMED:
    case REPLY_TOO_LONG:
        decide_by_reply(dialogue, HOP_NOT_SMTP);
        finish(dialogue);
        return;
    case REPLY_DONE:
        break;
    }
    if (used < length && step != QUIT) {
        bool injected = step == STARTTLS && dialogue->reply.code / 100 == 2;

        decide(dialogue, injected ? HOP_INJECTED : HOP_NOT_SMTP, data + used, length - used);
        finish(dialogue);
        return;
    }
    steps[step].on_reply(dialogue);
}

/* Whether anything came. */
static bool read_reply(struct dialogue *dialogue)
{
    char data[WIRE_READ_MOST];
    size_t length;
    enum wire_status status = wire_read(&dialogue->wire, data, &length);

    if (status == WIRE_DONE)
        take_bytes(dialogue, data, length);
    else if (status != WIRE_AGAIN)
        lose(dialogue, status);
    return status == WIRE_DONE;
}

static void shake_hands(struct dialogue *dialogue)
{
    enum wire_status status = wire_handshake(&dialogue->wire);

    if (status == WIRE_DONE)
        enter(dialogue, dialogue->plan.wrapped ? GREETING : EHLO_TLS);
    else if (status != WIRE_AGAIN)
        lose(dialogue, status);
}

static void on_connected(struct dialogue *dialogue, enum wire_status status)
{
    if (status == WIRE_DONE)
        enter(dialogue, dialogue->plan.wrapped ? HANDSHAKE : GREETING);
    else if (status != WIRE_AGAIN)
        lose(dialogue, status);
}

/* ---- events --------------------------------------------------------------------------------- */

/* What the loop is to wait for, after anything has happened. A handshake begins with our bytes; and
 * bytes that TLS has deciphered already, or has not been asked for, make no socket readable. */
static void advance(struct dialogue *dialogue)
{
    enum step before;
    bool more;

    do {
        before = dialogue->step;
        more = false;
        if (dialogue->step == HANDSHAKE)
            shake_hands(dialogue);
        else if (dialogue->step != CONNECT && dialogue->step != OVER)
            more = read_reply(dialogue);
    } while ((more || dialogue->step != before) && dialogue->step != OVER);
    if (dialogue->step == OVER)
        return;
    if (dialogue->step == CONNECT || wire_wants_to_write(&dialogue->wire))
        (void)event_add(dialogue->writable, NULL);
    if (dialogue->step != CONNECT)
        (void)event_add(dialogue->readable, NULL);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct dialogue *dialogue = context;

    (void)fd;
    (void)what;
    if (dialogue->step != OVER)
        advance(dialogue);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    struct dialogue *dialogue = context;

    (void)fd;
    (void)what;
    if (dialogue->step == CONNECT)
        on_connected(dialogue, wire_connected(&dialogue->wire));
    else if (dialogue->step != OVER)
        (void)wire_flush(&dialogue->wire);
    if (dialogue->step != OVER)
        advance(dialogue);
}

static void dialogue_free(struct dialogue *dialogue)
{
    wire_close(&dialogue->wire);
    if (dialogue->readable != NULL)
        event_free(dialogue->readable);
    if (dialogue->writable != NULL)
        event_free(dialogue->writable);
    event_free(dialogue->timer);
    reply_release(&dialogue->reply);
    free(dialogue);
}

/* A limit of time, or the delivery of the end. */
static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct dialogue *dialogue = context;
    char reason[64];

    (void)fd;
    (void)what;
    if (dialogue->step != OVER) {
        (void)snprintf(reason, sizeof(reason), "time-out: %s", steps[dialogue->step].name);
        give_up(dialogue, steps[dialogue->step].silent, reason);
        return;
    }
    dialogue->done(dialogue->context);
    dialogue_free(dialogue);
}

static void watch(struct dialogue *dialogue)
{
    struct event_base *base = dialogue->plan.base;
    int fd = dialogue->wire.fd;

    dialogue->readable =
        memory_need(event_new(base, fd, EV_READ | EV_PERSIST, on_readable, dialogue));
    dialogue->writable = memory_need(event_new(base, fd, EV_WRITE, on_writable, dialogue));
}

struct dialogue *dialogue_start(const struct dialogue_plan *plan, struct address_found *found,
                                void (*done)(void *context), void *context)
{
    struct dialogue *dialogue = memory_new(1, sizeof(*dialogue));
    const struct prober_settings *settings = plan->settings;
    enum wire_status status;

    dialogue->plan = *plan;
    dialogue->found = found;
    dialogue->done = done;
    dialogue->context = context;
    dialogue->started = monotonic_ms();
    dialogue->deadline = dialogue->started + (int64_t)(settings->timeout * 1000);
    dialogue->timer = memory_need(event_new(plan->base, -1, 0, on_timer, dialogue));
    wire_init(&dialogue->wire);
    status = wire_connect(&dialogue->wire, &found->ip, found->port,
                          found->ip.family == 4 ? &settings->source_address
                                                : &settings->source_address6);
    watch(dialogue);
    enter(dialogue, CONNECT);
    on_connected(dialogue, status);
    if (dialogue->step != OVER)
        advance(dialogue);
    return dialogue;
}

void dialogue_cancel(struct dialogue *dialogue)
{
    dialogue_free(dialogue);
}
