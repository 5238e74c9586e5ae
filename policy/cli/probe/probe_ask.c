/* SPDX-License-Identifier: ISC */
/*
 * Requests are written some thousands at once; the prober does as many at a time as its settings
 * allow, and ends when it has answered the last. It is not believed to write what it should.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "policy/cli/probe/probe.h"
#include "policy/cli/process.h"
#include "policy/probe/ask.h"
#include "policy/probe/hop_json.h"

/* FORMAT: three times the time of an address for a hop; of its addresses, each may wait for its
 * turn. */
#define TIMES_OF_A_HOP 3
#define ADDRESSES_MOST 32
#define SECONDS_MORE 60
#define REQUESTS_MOST 4000 /* FORMAT: no more than 4096 may wait */
#define SECONDS_MOST (24 * 3600)

struct asking {
    struct probe *probe;
    size_t answered;
    time_t began;
    bool progress, shown;
};

/* ---- progress -------------------------------------------------------------------------------- */

static void show_progress(void *data)
{
    struct asking *asking = data;
    size_t count = asking->probe->hop_count;

    if (!asking->progress)
        return;
    (void)fprintf(stderr, "\rlooking at %zu next hop%s: %zu done, %ld s\033[K", count,
                  count == 1 ? "" : "s", asking->answered, (long)(time(NULL) - asking->began));
    (void)fflush(stderr);
    asking->shown = true;
}

static void end_progress(const struct asking *asking)
{
    if (!asking->shown)
        return;
    (void)fputs("\r\033[K", stderr);
    (void)fflush(stderr);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void note(struct probe *probe, const char *text)
{
    if (probe->note_count < sizeof(probe->notes) / sizeof(probe->notes[0]))
        (void)snprintf(probe->notes[probe->note_count++], sizeof(probe->notes[0]), "%s", text);
}

static struct probe_hop *hop_of(struct probe *probe, const struct hop_line *line)
{
    if (!line->has_id || line->id < 1 || (uint64_t)line->id > probe->hop_count)
        return NULL;
    return probe->hops[line->id - 1];
}

static void take_result(struct asking *asking, struct hop_line *line, struct span text)
{
    struct probe_hop *hop = hop_of(asking->probe, line);

    if (hop == NULL || hop->facts != NULL || strcmp(hop->text, line->hop) != 0) {
        note(asking->probe, "forcetls-prober answers what it was not asked");
        return;
    }
    hop->facts = line->facts;
    line->facts = NULL;
    hop->started = line->started;
    if (asking->probe->keeps_result)
        hop->result = json_loadb(text.data, text.length, 0, NULL);
    asking->answered++;
}

static void take_error(struct asking *asking, const struct hop_line *line)
{
    struct probe_hop *hop = hop_of(asking->probe, line);

    if (hop == NULL) {
        note(asking->probe, line->text);
    } else if (hop->error == NULL && hop->facts == NULL) {
        hop->error = strdup(line->text);
        asking->answered++;
    }
}

static void on_line(void *data, const char *bytes, size_t length)
{
    struct asking *asking = data;
    struct span text = { bytes, length };
    struct hop_line line = { .facts = NULL };
    char garbage[256];
    struct why why;

    if (!hop_json_read(&line, text, &why)) {
        (void)snprintf(garbage, sizeof(garbage), "forcetls-prober writes garbage: %.200s",
                       why.text);
        note(asking->probe, garbage);
    } else if (line.type == HOP_LINE_RESULT) {
        take_result(asking, &line, text);
    } else if (line.type == HOP_LINE_ERROR) {
        take_error(asking, &line);
    } else {
        note(asking->probe, "forcetls-prober answers what it was not asked");
    }
    free(line.facts);
}

/* ---- requests -------------------------------------------------------------------------------- */

struct text {
    char *bytes;
    size_t length, room;
};

/* Takes the line over. False: there is none, or no memory. */
static bool add_line(struct text *text, char *line)
{
    size_t length = line != NULL ? strlen(line) : 0;
    size_t room = 2 * text->room + length + 2;
    char *grown = text->bytes;

    if (line != NULL && text->length + length + 2 > text->room) {
        grown = realloc(text->bytes, room);
        text->room = grown != NULL ? room : text->room;
    }
    if (line == NULL || grown == NULL) {
        free(line);
        return false;
    }
    text->bytes = grown;
    memcpy(text->bytes + text->length, line, length);
    memcpy(text->bytes + text->length + length, "\n", 2);
    text->length += length + 1;
    free(line);
    return true;
}

static bool make_requests(const struct probe *probe, const struct settings *settings, size_t first,
                          size_t behind, struct text *text)
{
    if (!add_line(text, ask_settings_line(settings)))
        return false;
    for (size_t i = first; i < behind; i++) {
        const struct probe_hop *hop = probe->hops[i];
        const struct ask_probe question = { .id = (int64_t)i + 1,
                                            .hop = hop->text,
                                            .private_addresses = hop->allows_private,
                                            .revocation = !probe->all,
                                            .stores = &hop->stores };

        if (!add_line(text, ask_probe_line(&question)))
            return false;
    }
    return true;
}

/* How long the prober may be silent. */
static unsigned patience(const struct probe_settings *settings)
{
    double seconds = TIMES_OF_A_HOP * settings->timeout + SECONDS_MORE +
                     (settings->rate > 0 ? ADDRESSES_MOST / settings->rate : SECONDS_MOST);

    return seconds < SECONDS_MOST ? (unsigned)seconds : SECONDS_MOST;
}

/* `behind`: so many are to be answered in the end. */
static bool run(struct asking *asking, char *requests, size_t behind, unsigned seconds,
                struct why *why)
{
    const struct process_watch watch = { on_line, show_progress, asking };
    const char *program = getenv("FORCETLS_PROBER");
    char *argv[2] = { NULL, NULL };
    int status = 0;
    bool good;

    argv[0] = strdup(program != NULL && program[0] != '\0' ? program : FORCETLS_PROBER);
    if (argv[0] == NULL)
        return why_fail(why, "out of memory");
    good = process_watch(argv, requests, seconds, &watch, &status, why);
    if (good && asking->answered < behind)
        good = why_fail(why, "'%s' ended with status %d before it had answered", argv[0], status);
    free(argv[0]);
    return good;
}

bool probe_ask(struct probe *probe, const struct settings *settings, bool progress, struct why *why)
{
    struct asking asking = { .probe = probe, .began = time(NULL), .progress = progress };
    bool good = true;

    for (size_t first = 0; good && first < probe->hop_count; first += REQUESTS_MOST) {
        size_t behind = first + REQUESTS_MOST;
        struct text text = { .bytes = NULL };

        if (behind > probe->hop_count)
            behind = probe->hop_count;
        if (make_requests(probe, settings, first, behind, &text))
            good = run(&asking, text.bytes, behind, patience(&settings->probe), why);
        else
            good = why_fail(why, "no memory for the requests, or a path that is no UTF-8");
        free(text.bytes);
    }
    end_progress(&asking);
    return good;
}
