/* SPDX-License-Identifier: ISC */
/* What a prober writes: an answer to a question that is open, a complaint, or garbage. */
#include "config.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>

#include "milter/clock.h"
#include "milter/hops/prober_inside.h"

/* Lines that it may say about nothing in particular. */
#define COMPLAINTS_MOST 50

static void break_down_garbage(struct prober *prober, const char *why)
{
    char what[600];

    (void)snprintf(what, sizeof(what), "writes garbage (%s)", why);
    prober_break_down(prober, true, what);
}

/* It works: the next breakdown is the first one again. */
static void take_result(struct prober *prober, struct errand *errand, struct hop_line *line)
{
    errands_remove(&prober->errands, errand);
    prober->answered = true;
    prober->delay_ms = PROBER_DELAY_LEAST_MS;
    prober_watch(prober);
    prober->user.on_result(prober->user.data, line);
}

static void take_refusal(struct prober *prober, struct errand *errand, const char *text)
{
    char hop[NEXT_HOP_TEXT_SIZE];

    memcpy(hop, errand->hop, sizeof(hop));
    errands_remove(&prober->errands, errand);
    prober_watch(prober);
    prober->user.on_refused(prober->user.data, hop, text);
}

/* False: it has broken down. */
static bool take_line(struct prober *prober, struct span text)
{
    struct hop_line line;
    struct errand *errand;
    struct why why;

    if (!hop_json_read(&line, text, &why)) {
        break_down_garbage(prober, why.text);
        return false;
    }
    errand = line.has_id ? errands_find(&prober->errands, line.id) : NULL;
    if (line.type == HOP_LINE_RESULT && errand != NULL && strcmp(errand->hop, line.hop) == 0) {
        take_result(prober, errand, &line);
    } else if (line.type == HOP_LINE_ERROR && errand != NULL) {
        take_refusal(prober, errand, line.text);
    } else if (line.type == HOP_LINE_PONG &&
               pulse_answered(&prober->pulse, line.id, monotonic_ms())) {
        prober_watch(prober);
    } else if (line.type == HOP_LINE_ERROR && !line.has_id &&
               prober->complaints++ < COMPLAINTS_MOST) {
        prober_pipes_log(&prober->pipes, line.text);
    } else {
        free(line.facts);
        break_down_garbage(prober, "an answer that nobody asked for");
        return false;
    }
    free(line.facts);
    return true;
}

void prober_on_readable(struct bufferevent *pipe, void *data)
{
    struct prober *prober = data;
    struct evbuffer *input = bufferevent_get_input(pipe);
    bool good = true;
    size_t length;
    char *line;

    while (good && (line = evbuffer_readln(input, &length, EVBUFFER_EOL_LF)) != NULL) {
        good = take_line(prober, (struct span){ line, length });
        free(line);
        good = good && prober->pipes.stdio == pipe; /* its user may have ended it */
    }
    if (good && evbuffer_get_length(input) > HOP_LINE_MOST)
        break_down_garbage(prober, "a line without an end");
}
