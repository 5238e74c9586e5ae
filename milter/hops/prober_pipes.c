/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/hops/prober_pipes.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "milter/clock.h"
#include "milter/log.h"
#include "policy/escape.h"

#define LINES_MOST 50   /* that are read of one prober's standard error */
#define LINE_BYTES 1000 /* of one line; what comes then is the next one */
#define NAME "forcetls-prober: "

/* Lines of probers that are logged in so much time, however often another one is started. */
#define WORDS_MOST 50
#define WORDS_MS (10 * 60 * 1000)

void prober_pipes_log(struct prober_pipes *pipes, const char *text)
{
    int64_t now_ms = monotonic_ms();

    if (pipes->words == 0 || now_ms - pipes->words_since_ms >= WORDS_MS) {
        pipes->words = 0;
        pipes->words_since_ms = now_ms;
    }
    if (pipes->words > WORDS_MOST)
        return;
    if (pipes->words++ < WORDS_MOST)
        log_printf(LOG_WARNING, NAME "%s", text);
    else
        log_line(LOG_WARNING, NAME "it says more, which is not logged for some minutes");
}

/* ---- standard error: its own words, or its C library's ----------------------------------------
 */

static void take_words(struct prober_pipes *pipes, const char *words)
{
    char text[LINE_BYTES / 2];
    struct line line;

    pipes->lines++;
    if (strncmp(words, NAME, strlen(NAME)) == 0)
        words += strlen(NAME);
    line_init(&line, text, sizeof(text));
    line_add_quoted(&line, span_of(words), sizeof(text) - 1);
    prober_pipes_log(pipes, text);
}

/* A line, or as much of one as there may be; NULL: it has not come yet. The caller's to free. */
static char *read_words(struct evbuffer *input)
{
    char *words = evbuffer_readln(input, NULL, EVBUFFER_EOL_LF);

    if (words != NULL || evbuffer_get_length(input) < LINE_BYTES)
        return words;
    words = calloc(1, LINE_BYTES + 1);
    if (words == NULL)
        (void)evbuffer_drain(input, LINE_BYTES);
    else
        (void)evbuffer_remove(input, words, LINE_BYTES);
    return words;
}

/* A prober that says too much is not listened to any more: it gets EPIPE. */
static void on_words(struct bufferevent *errors, void *data)
{
    struct prober_pipes *pipes = data;
    struct evbuffer *input = bufferevent_get_input(errors);
    char *words;

    while (pipes->lines < LINES_MOST && (words = read_words(input)) != NULL) {
        take_words(pipes, words);
        free(words);
    }
    if (pipes->lines < LINES_MOST)
        return;
    bufferevent_free(errors);
    pipes->errors = NULL;
}

static void on_end(struct bufferevent *errors, short what, void *data)
{
    (void)what;
    (void)data;
    (void)bufferevent_disable(errors, EV_READ);
}

/* ---- pipes ------------------------------------------------------------------------------------
 */

/* Takes the descriptor over, also on failure. */
static struct bufferevent *buffer_of(struct event_base *base, int fd)
{
    struct bufferevent *buffer = NULL;

    if (evutil_make_socket_nonblocking(fd) == 0)
        buffer = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (buffer == NULL)
        (void)close(fd);
    return buffer;
}

bool prober_pipes_make(struct prober_pipes *pipes, struct event_base *base, int ends[2])
{
    int stdio[2], errors[2];

    ends[0] = ends[1] = -1;
    pipes->lines = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stdio) != 0)
        return false;
    pipes->stdio = buffer_of(base, stdio[0]);
    ends[0] = stdio[1];
    if (pipe2(errors, O_CLOEXEC) != 0)
        return false;
    pipes->errors = buffer_of(base, errors[0]);
    ends[1] = errors[1];
    if (pipes->stdio == NULL || pipes->errors == NULL)
        return false;
    bufferevent_setcb(pipes->errors, on_words, NULL, on_end, pipes);
    return bufferevent_enable(pipes->errors, EV_READ) == 0;
}

void prober_pipes_close(struct prober_pipes *pipes)
{
    if (pipes->stdio != NULL)
        bufferevent_free(pipes->stdio);
    if (pipes->errors != NULL)
        bufferevent_free(pipes->errors);
    pipes->stdio = pipes->errors = NULL;
}
