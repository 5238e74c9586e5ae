/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/channel.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>
#include <unistd.h>

#include "policy/probe/memory.h"

#define READ_MOST 16384

/* What a pipe that is ready takes without waiting (PIPE_BUF on Linux). */
#define WRITE_MOST 4096

struct channel {
    struct channel_user user;
    size_t line_most;
    struct event *readable, *writable;
    struct evbuffer *input, *output;
    bool skips; /* the rest of a line that is too long */
};

static void lines_take(struct channel *channel)
{
    struct evbuffer_ptr end;
    char *line;
    size_t length;

    for (;;) {
        end = evbuffer_search_eol(channel->input, NULL, NULL, EVBUFFER_EOL_LF);
        if (end.pos < 0)
            break;
        length = (size_t)end.pos;
        if (channel->skips || length > channel->line_most) {
            (void)evbuffer_drain(channel->input, length + 1);
            if (!channel->skips)
                channel->user.on_too_long(channel->user.context);
            channel->skips = false;
            continue;
        }
        line = memory_new(length + 1, 1);
        (void)evbuffer_remove(channel->input, line, length);
        (void)evbuffer_drain(channel->input, 1);
        channel->user.on_line(channel->user.context, (struct span){ line, length });
        free(line);
    }
    if (evbuffer_get_length(channel->input) > channel->line_most || channel->skips) {
        if (!channel->skips)
            channel->user.on_too_long(channel->user.context);
        channel->skips = true;
        (void)evbuffer_drain(channel->input, evbuffer_get_length(channel->input));
    }
}

/* What is behind the last line end is a line too. */
static void input_end(struct channel *channel)
{
    (void)event_del(channel->readable);
    if (evbuffer_get_length(channel->input) > 0) {
        (void)evbuffer_add(channel->input, "\n", 1);
        lines_take(channel);
    }
    channel->user.on_end(channel->user.context);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct channel *channel = context;
    char data[READ_MOST];
    ssize_t got = read(fd, data, sizeof(data));

    (void)what;
    if (got > 0) {
        if (evbuffer_add(channel->input, data, (size_t)got) != 0)
            (void)memory_need(NULL);
        lines_take(channel);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        input_end(channel);
    }
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    struct channel *channel = context;

    (void)what;
    if (evbuffer_write_atmost(channel->output, fd, WRITE_MOST) < 0 && errno != EAGAIN &&
        errno != EINTR) {
        (void)evbuffer_drain(channel->output, evbuffer_get_length(channel->output));
        (void)event_del(channel->writable);
        channel->user.on_broken(channel->user.context);
        return;
    }
    if (evbuffer_get_length(channel->output) > 0)
        return;
    (void)event_del(channel->writable);
    channel->user.on_written(channel->user.context);
}

struct channel *channel_new(struct event_base *base, int in, int out, size_t line_most,
                            const struct channel_user *user)
{
    struct channel *channel = memory_new(1, sizeof(*channel));

    channel->user = *user;
    channel->line_most = line_most;
    channel->input = memory_need(evbuffer_new());
    channel->output = memory_need(evbuffer_new());
    channel->readable =
        memory_need(event_new(base, in, EV_READ | EV_PERSIST, on_readable, channel));
    channel->writable =
        memory_need(event_new(base, out, EV_WRITE | EV_PERSIST, on_writable, channel));
    return channel;
}

void channel_free(struct channel *channel)
{
    if (channel == NULL)
        return;
    event_free(channel->readable);
    event_free(channel->writable);
    evbuffer_free(channel->input);
    evbuffer_free(channel->output);
    free(channel);
}

void channel_read(struct channel *channel, bool reads)
{
    if (reads)
        (void)event_add(channel->readable, NULL);
    else
        (void)event_del(channel->readable);
}

void channel_write(struct channel *channel, const char *line, size_t length)
{
    if (evbuffer_add(channel->output, line, length) != 0 ||
        evbuffer_add(channel->output, "\n", 1) != 0)
        (void)memory_need(NULL);
    (void)event_add(channel->writable, NULL);
}

size_t channel_pending(const struct channel *channel)
{
    return evbuffer_get_length(channel->output);
}
