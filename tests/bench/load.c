/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/bench/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tests/bench/figures.h"

enum { EVENTS = 256, BODY_SIZE = 8000 };

/* What was sent last, and is answered now. */
enum step {
    STEP_OFFER,
    STEP_CONNECT,
    STEP_HELO,
    STEP_MAIL,
    STEP_RCPT,
    STEP_DATA,
    STEP_HEADER,
    STEP_EOH,
    STEP_BODY,
    STEP_EOM
};

static const char *const headers[][2] = {
    { "Received", "from client.example (client.example [192.0.2.77])\n\tby mail.partner.example" },
    { "Received", "from localhost (localhost [127.0.0.1]) by client.example with ESMTP" },
    { "DKIM-Signature", "v=1; a=rsa-sha256; c=relaxed/relaxed; d=partner.example; s=mail; t=1; "
                        "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; h=From:To:Subject" },
    { "Date", "Thu, 1 Jan 2026 00:00:00 +0000" },
    { "From", "A <a@partner.example>" },
    { "To", "B <b@example.org>" },
    { "Subject", "An ordinary message" },
    { "Message-ID", "<20260101000000.1@partner.example>" },
    { "MIME-Version", "1.0" },
    { "Content-Type", "text/plain; charset=utf-8" },
    { "Content-Transfer-Encoding", "8bit" },
    { "User-Agent", "An ordinary program" },
};

#define HEADERS (sizeof(headers) / sizeof(headers[0]))

struct connection {
    struct mta mta;
    enum step step;
    unsigned recipient;
    size_t header;
    unsigned long in_session;
    double begun;
    struct envelope envelope;
};

struct running {
    const struct load *load;
    struct load_result *result;
    int poll;
    double *times;
    unsigned long started, ended;
};

static void session_open(struct running *running, struct connection *connection)
{
    struct epoll_event event = { .events = EPOLLIN, .data = { .ptr = connection } };

    mta_open(&connection->mta, running->load->socket, running->load->tls);
    must(epoll_ctl(running->poll, EPOLL_CTL_ADD, connection->mta.fd, &event) == 0, "epoll");
    connection->in_session = 0;
    connection->begun = seconds_now();
    connection->step = STEP_OFFER;
    (void)mta_offer(&connection->mta);
}

static void session_close(struct connection *connection)
{
    mta_quit(&connection->mta);
    mta_flush(&connection->mta);
    mta_close(&connection->mta);
}

/* The next message, perhaps in the next session; false: there is none left. */
static bool message_begin(struct running *running, struct connection *connection)
{
    const struct load *load = running->load;

    if (running->started == load->messages) {
        session_close(connection);
        return false;
    }
    connection->envelope.hop[0] = '\0';
    load->envelope(load->data, running->started++, &connection->envelope);
    connection->recipient = 0;
    connection->header = 0;
    if (connection->in_session++ > 0)
        connection->begun = seconds_now();
    return true;
}

/* Puts one step into the buffer; whether a reply is to be waited for. */
static bool put_step(struct connection *connection)
{
    static const char body[BODY_SIZE];
    struct mta *mta = &connection->mta;
    const struct envelope *envelope = &connection->envelope;

    switch (connection->step) {
    case STEP_OFFER:
        return mta_offer(mta);
    case STEP_CONNECT:
        return mta_connect(mta);
    case STEP_HELO:
        return mta_helo(mta);
    case STEP_MAIL:
        return mta_mail(mta, envelope);
    case STEP_RCPT:
        return mta_rcpt(mta, envelope);
    case STEP_DATA:
        return mta_data(mta, envelope);
    case STEP_HEADER:
        return mta_header(mta, headers[connection->header][0], headers[connection->header][1]);
    case STEP_EOH:
        return mta_eoh(mta, envelope);
    case STEP_BODY:
        return mta_body(mta, body, sizeof(body));
    case STEP_EOM:
        return mta_eom(mta, envelope);
    }
    return false;
}

/* The step behind this one; false: there are no more messages. */
static bool step_on(struct running *running, struct connection *connection)
{
    unsigned recipients = running->load->recipients != 0 ? running->load->recipients : 1;

    switch (connection->step) {
    case STEP_HELO:
        connection->step = STEP_MAIL;
        return message_begin(running, connection);
    case STEP_RCPT:
        if (++connection->recipient < recipients)
            return true;
        break;
    case STEP_HEADER:
        if (++connection->header < HEADERS)
            return true;
        break;
    default:
        break;
    }
    connection->step++;
    return true;
}

/* Sends up to the next step with a reply. */
static void go_on(struct running *running, struct connection *connection)
{
    do {
        if (!step_on(running, connection))
            return;
    } while (!put_step(connection));
    mta_flush(&connection->mta);
}

static void message_end(struct running *running, struct connection *connection,
                        unsigned long *counter)
{
    running->times[running->ended++] = (seconds_now() - connection->begun) * 1e6;
    (*counter)++;
    if (running->started < running->load->messages && running->load->per_session != 0 &&
        connection->in_session == running->load->per_session) {
        session_close(connection);
        session_open(running, connection);
        mta_flush(&connection->mta);
        return;
    }
    connection->step = STEP_HELO;
    go_on(running, connection);
}

static void on_reply(struct running *running, struct connection *connection, char letter)
{
    struct load_result *result = running->result;

    if (connection->step == STEP_OFFER) {
        errno = EPROTO;
        must(letter == 'O', "the filter's answer to the offer");
        go_on(running, connection);
    } else if (letter == 'c' && connection->step != STEP_EOM) {
        go_on(running, connection);
    } else if (letter == 'c' || letter == 'a') {
        message_end(running, connection,
                    connection->step == STEP_EOM ? &result->ends : &result->early);
    } else {
        errno = EPROTO;
        must(letter != 0 && strchr("rty", letter) != NULL, "the filter's reply");
        if (connection->step != STEP_EOM)
            mta_abort(&connection->mta);
        message_end(running, connection, &result->refused);
    }
}

void load_run(const struct load *load, struct load_result *result)
{
    struct connection *connections = calloc(load->connections, sizeof(*connections));
    struct running running = { .load = load, .result = result };
    double begun;

    memset(result, 0, sizeof(*result));
    running.times = calloc(load->messages, sizeof(*running.times));
    running.poll = epoll_create1(EPOLL_CLOEXEC);
    must(connections != NULL && running.times != NULL && running.poll >= 0, "memory");
    begun = seconds_now();
    for (unsigned i = 0; i < load->connections; i++) {
        session_open(&running, &connections[i]);
        mta_flush(&connections[i].mta);
    }
    while (running.ended < load->messages) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(running.poll, events, EVENTS, 30000);

        if (count == 0)
            errno = ETIMEDOUT;
        must(count > 0, "the filter's reply");
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            char letter = mta_reply(&connection->mta);

            if (letter != 0)
                on_reply(&running, connection, letter);
        }
    }
    result->seconds = seconds_now() - begun;
    result->rate = (double)load->messages / result->seconds;
    result->p50 = share_of(running.times, load->messages, 0.5);
    result->p99 = share_of(running.times, load->messages, 0.99);
    result->longest = share_of(running.times, load->messages, 1);
    for (unsigned i = 0; i < load->connections; i++) {
        if (connections[i].mta.fd >= 0)
            mta_close(&connections[i].mta);
    }
    free(running.times);
    free(connections);
    must(close(running.poll) == 0, "close");
}
