/* SPDX-License-Identifier: ISC */
/*
 * Its life:
 *
 *   off       not wanted
 *   waiting   for the delay after a breakdown
 *   starting  the starter was asked
 *   running   it reads and writes
 *   ending    it has closed its output; what killed it is about to be told
 *
 * Whatever goes wrong ends in prober_break_down().
 */
#include "config.h"

#include "milter/hops/prober.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "milter/clock.h"
#include "milter/hops/prober_inside.h"
#include "milter/hops/starter.h"
#include "milter/log.h"
#include "policy/probe/ask.h"

#define DELAY_MOST_MS (300 * 1000)
#define STARTER_MS 5000 /* for the starter to say that it has started, and how it ended */

static void set_timer(struct prober *prober, int64_t milliseconds)
{
    const struct timeval delay = { .tv_sec = (time_t)(milliseconds / 1000),
                                   .tv_usec = (suseconds_t)(milliseconds % 1000 * 1000) };

    (void)evtimer_add(prober->timer, &delay);
}

/* ---- errands -------------------------------------------------------------------------------- */

static void give_all(struct prober *prober, void (*give)(void *data, const char *hop))
{
    struct errand *errand;

    while ((errand = errands_any(&prober->errands)) != NULL) {
        give(prober->user.data, errand->hop);
        errands_remove(&prober->errands, errand);
    }
}

/* Sets the timer for the first errand whose time is over, and for the pulse until then. */
void prober_watch(struct prober *prober)
{
    int64_t now_ms = monotonic_ms(), until_ms = errands_until_ms(&prober->errands);

    if (until_ms == INT64_MAX) {
        (void)evtimer_del(prober->timer);
        return;
    }
    if (prober->pulse.due_ms < until_ms)
        until_ms = prober->pulse.due_ms;
    set_timer(prober, until_ms > now_ms ? until_ms - now_ms : 0);
}

/* ---- breakdowns ----------------------------------------------------------------------------- */

static void let_go(struct prober *prober)
{
    prober_pipes_close(&prober->pipes);
    (void)evtimer_del(prober->timer);
}

static void starter_free(struct prober *prober)
{
    if (prober->starter_event != NULL)
        event_free(prober->starter_event);
    if (prober->starter >= 0)
        (void)close(prober->starter);
    prober->starter_event = NULL;
    prober->starter = -1;
    prober->starts = 0;
}

/* The delay until another one: doubled with each that came to nothing. */
static void wait_for_another(struct prober *prober)
{
    prober->state = STATE_WAITING;
    set_timer(prober, prober->delay_ms);
    prober->delay_ms = prober->delay_ms < DELAY_MOST_MS / 2 ? 2 * prober->delay_ms : DELAY_MOST_MS;
}

/* `suspect`: what it was asked to look at may have been why. */
void prober_break_down(struct prober *prober, bool suspect, const char *what)
{
    size_t load = prober_load(prober);
    struct errand *errand;

    log_printf(LOG_ERR, "forcetls-prober %s: %zu next hop%s without an answer; another one in %d s",
               what, load, load == 1 ? "" : "s", prober->delay_ms / 1000);
    let_go(prober);
    if (prober->starter >= 0)
        (void)starter_kill(prober->starter);
    wait_for_another(prober);
    while ((errand = errands_any(&prober->errands)) != NULL) {
        prober->user.on_lost(prober->user.data, errand->hop, suspect);
        errands_remove(&prober->errands, errand);
    }
    prober->user.on_state(prober->user.data, false);
}

static void break_down_ended(struct prober *prober, int status)
{
    bool no_memory = WIFEXITED(status) && WEXITSTATUS(status) == EX_TEMPFAIL;
    char what[64];

    if (no_memory)
        (void)snprintf(what, sizeof(what), "ran out of memory");
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        (void)snprintf(what, sizeof(what), "did a system call that it may not do");
    else if (WIFSIGNALED(status))
        (void)snprintf(what, sizeof(what), "was ended by signal %d", WTERMSIG(status));
    else
        (void)snprintf(what, sizeof(what), "has ended with status %d", WEXITSTATUS(status));
    prober_break_down(prober, WIFSIGNALED(status) || no_memory || prober->answered, what);
}

static void break_down_failed(struct prober *prober, int error)
{
    char what[600];

    (void)snprintf(what, sizeof(what), "cannot be executed (%.400s: %s)", prober->program,
                   strerror(error));
    prober_break_down(prober, false, what);
}

/* Closed, or broken: it has ended, or is about to be ended. */
static void on_pipe_event(struct bufferevent *pipe, short what, void *data)
{
    struct prober *prober = data;

    (void)what;
    (void)bufferevent_disable(pipe, EV_READ | EV_WRITE);
    if (prober->state != STATE_RUNNING)
        return;
    prober->state = STATE_ENDING;
    set_timer(prober, STARTER_MS);
}

/* ---- starting ------------------------------------------------------------------------------- */

static void on_starter(evutil_socket_t fd, short what, void *data);

static bool need_starter(struct prober *prober)
{
    if (prober->starter < 0)
        prober->starter = starter_new(prober->program);
    if (prober->starter < 0)
        return false;
    if (prober->starter_event == NULL) {
        prober->starter_event =
            event_new(prober->base, prober->starter, EV_READ | EV_PERSIST, on_starter, prober);
        if (prober->starter_event == NULL || event_add(prober->starter_event, NULL) != 0)
            return false;
    }
    return true;
}

/* The settings are the first thing that it reads. */
static bool open_pipes(struct prober *prober)
{
    struct bufferevent *stdio = prober->pipes.stdio;

    bufferevent_setcb(stdio, prober_on_readable, NULL, on_pipe_event, prober);
    bufferevent_setwatermark(stdio, EV_READ, 0, HOP_LINE_MOST + 1);
    return bufferevent_enable(stdio, EV_READ | EV_WRITE) == 0 &&
           bufferevent_write(stdio, prober->settings, strlen(prober->settings)) == 0 &&
           bufferevent_write(stdio, "\n", 1) == 0;
}

static void start(struct prober *prober)
{
    int ends[2] = { -1, -1 };
    bool started = need_starter(prober) && prober_pipes_make(&prober->pipes, prober->base, ends) &&
                   open_pipes(prober) && starter_start(prober->starter, ends[0], ends[1]);

    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0)
            (void)close(ends[i]);
    }
    prober->starts += started;
    prober->complaints = 0;
    prober->answered = false;
    prober->state = STATE_STARTING;
    set_timer(prober, STARTER_MS);
    if (!started)
        prober_break_down(prober, false, "cannot be started");
}

static void on_started(struct prober *prober, int pid)
{
    if (prober->state != STATE_STARTING)
        return;
    log_printf(LOG_DEBUG, "forcetls-prober is process %d", pid);
    prober->state = STATE_RUNNING;
    pulse_start(&prober->pulse, monotonic_ms());
    prober_watch(prober);
    prober->user.on_state(prober->user.data, true);
}

static void on_ended(struct prober *prober, int status)
{
    if (prober->state == STATE_RUNNING || prober->state == STATE_ENDING)
        break_down_ended(prober, status);
}

static void on_gone(struct prober *prober)
{
    if (starter_is_privileged(prober->starter))
        log_line(LOG_WARNING, "the process that starts forcetls-prober has ended: until a restart "
                              "forcetls-prober has no user of its own");
    starter_free(prober);
    if (prober->state == STATE_OFF || prober->state == STATE_WAITING)
        return;
    prober_break_down(prober, false, "has lost the process that starts it");
}

/* Of the last one that was started: what is told of one before it is old news. */
static void on_report(struct prober *prober, const struct starter_report *report)
{
    if (report->what == STARTER_STARTED)
        on_started(prober, report->value);
    else if (report->what == STARTER_ENDED)
        on_ended(prober, report->value);
    else if (report->what == STARTER_FAILED && prober->state == STATE_STARTING)
        break_down_failed(prober, report->value);
}

static void on_starter(evutil_socket_t fd, short what, void *data)
{
    struct prober *prober = data;
    struct starter_report report;

    (void)what;
    starter_read(fd, &report);
    if (report.what == STARTER_GONE)
        on_gone(prober);
    else if (report.what != STARTER_NOTHING && report.start == prober->starts)
        on_report(prober, &report);
}

static void ask_whether_it_is_there(struct prober *prober, int64_t now_ms)
{
    int64_t id = prober_next_id(prober);
    char *line = ask_ping_line(id);

    if (line != NULL &&
        evbuffer_add_printf(bufferevent_get_output(prober->pipes.stdio), "%s\n", line) >= 0)
        pulse_asked(&prober->pulse, id, now_ms);
    else
        pulse_start(&prober->pulse, now_ms); /* no memory: later, then */
    free(line);
}

static void on_timer_running(struct prober *prober)
{
    int64_t now_ms = monotonic_ms();

    if (errands_until_ms(&prober->errands) <= now_ms || pulse_is_lost(&prober->pulse, now_ms)) {
        prober_break_down(prober, true, "hangs");
        return;
    }
    if (pulse_is_due(&prober->pulse, now_ms))
        ask_whether_it_is_there(prober, now_ms);
    prober_watch(prober);
}

static void on_timer(evutil_socket_t fd, short what, void *data)
{
    struct prober *prober = data;

    (void)fd;
    (void)what;
    switch (prober->state) {
    case STATE_OFF:
        break;
    case STATE_WAITING:
        start(prober);
        break;
    case STATE_STARTING:
        prober_break_down(prober, false, "cannot be started");
        break;
    case STATE_RUNNING:
        on_timer_running(prober);
        break;
    case STATE_ENDING:
        prober_break_down(prober, true, "has closed its output");
        break;
    }
}

/* ---- for its user --------------------------------------------------------------------------- */

struct prober *prober_new(struct event_base *base, const char *program, int starter,
                          const struct prober_user *user)
{
    struct prober *prober = calloc(1, sizeof(*prober));

    if (prober == NULL) {
        if (starter >= 0)
            (void)close(starter);
        return NULL;
    }
    errands_init(&prober->errands);
    prober->base = base;
    prober->program = program;
    prober->user = *user;
    prober->starter = starter;
    prober->delay_ms = PROBER_DELAY_LEAST_MS;
    prober_set_pulse(prober, PULSE_EVERY_MS, PULSE_WITHIN_MS);
    prober->timer = evtimer_new(base, on_timer, prober);
    if (prober->timer == NULL) {
        prober_free(prober);
        return NULL;
    }
    return prober;
}

void prober_set_pulse(struct prober *prober, int64_t every_ms, int64_t within_ms)
{
    prober->pulse.every_ms = every_ms;
    prober->pulse.within_ms = within_ms;
}

static void nobody(void *data, const char *hop)
{
    (void)data;
    (void)hop;
}

void prober_free(struct prober *prober)
{
    if (prober == NULL)
        return;
    if (prober->timer != NULL) {
        let_go(prober);
        event_free(prober->timer);
    }
    give_all(prober, nobody);
    starter_free(prober);
    free(prober->settings);
    free(prober);
}

void prober_start(struct prober *prober, char *settings,
                  void (*give_back)(void *data, const char *hop))
{
    let_go(prober);
    give_all(prober, give_back);
    free(prober->settings);
    prober->settings = settings;
    start(prober);
}

void prober_stop(struct prober *prober, void (*give_back)(void *data, const char *hop))
{
    let_go(prober);
    give_all(prober, give_back);
    if (prober->starter >= 0 && prober->state != STATE_OFF)
        (void)starter_kill(prober->starter);
    prober->state = STATE_OFF;
}

bool prober_runs(const struct prober *prober)
{
    return prober->state == STATE_RUNNING;
}

size_t prober_load(const struct prober *prober)
{
    return errands_count(&prober->errands);
}

size_t prober_load_of(const struct prober *prober, unsigned kind)
{
    return prober->errands.counts[kind];
}

int64_t prober_next_id(struct prober *prober)
{
    return ++prober->last_id;
}

bool prober_ask(struct prober *prober, int64_t id, const char *hop, unsigned kind, const char *line,
                int64_t patience_ms)
{
    struct evbuffer *output = bufferevent_get_output(prober->pipes.stdio);

    if (!errands_add(&prober->errands, id, hop, kind, monotonic_ms() + patience_ms))
        return false;
    prober_watch(prober);
    if (evbuffer_add_printf(output, "%s\n", line) >= 0)
        return true;
    errands_remove(&prober->errands, errands_find(&prober->errands, id));
    return false;
}
