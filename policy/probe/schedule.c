/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/schedule.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "policy/probe/memory.h"

/* Addresses that may wait for their turn when another next hop begins. */
#define BACKLOG_MOST 16

/* One request that is to be answered. */
struct waiter {
    TAILQ_ENTRY(waiter) next;
    int64_t id;
    char *hop; /* as it wrote it */
};

/* One probe, for one or more requests. */
struct job {
    TAILQ_ENTRY(job) next;
    struct schedule *schedule;
    struct probe_request request; /* the first one's */
    TAILQ_HEAD(, waiter) waiters;
    size_t count;    /* of them */
    struct hop *hop; /* NULL: it has not begun */
};

TAILQ_HEAD(job_list, job);

struct schedule {
    struct tools *tools;
    void (*answer)(void *context, int64_t id, const char *hop, const struct hop_found *found);
    void *context;
    struct job_list waiting, running;
    size_t waiters, runs;
    bool paused;
    struct event *look; /* what can begin now? */
};

/* ---- jobs ----------------------------------------------------------------------------------- */

static void waiter_remove(struct job *job, struct waiter *waiter)
{
    TAILQ_REMOVE(&job->waiters, waiter, next);
    job->schedule->waiters--;
    job->count--;
    free(waiter->hop);
    free(waiter);
}

static void job_free(struct job *job)
{
    struct waiter *waiter;

    while ((waiter = TAILQ_FIRST(&job->waiters)) != NULL)
        waiter_remove(job, waiter);
    probe_request_release(&job->request);
    free(job);
}

static bool same_hop(const struct probe_request *a, const struct probe_request *b)
{
    return a->allows_private == b->allows_private && a->revocation == b->revocation &&
           next_hop_equal(&a->hop, &b->hop);
}

static bool same_stores(const struct probe_request *a, const struct probe_request *b)
{
    if (a->stores.count != b->stores.count)
        return false;
    for (size_t i = 0; i < a->stores.count; i++) {
        if (strcmp(a->stores.strings[i], b->stores.strings[i]) != 0)
            return false;
    }
    return true;
}

/* A job that the request can share. */
static struct job *find_same(const struct job_list *list, const struct probe_request *request)
{
    struct job *job;

    TAILQ_FOREACH(job, list, next)
    {
        if (job->count < SCHEDULE_SHARE_MOST && same_hop(&job->request, request) &&
            same_stores(&job->request, request))
            return job;
    }
    return NULL;
}

/* A next hop is probed once at a time, whoever may connect to what. */
static bool is_running(const struct schedule *schedule, const struct job *wanted)
{
    const struct job *job;

    TAILQ_FOREACH(job, &schedule->running, next)
    {
        if (next_hop_equal(&job->request.hop, &wanted->request.hop))
            return true;
    }
    return false;
}

/* ---- beginning and ending ------------------------------------------------------------------- */

static void look_soon(struct schedule *schedule)
{
    static const struct timeval now = { .tv_sec = 0 };

    if (event_add(schedule->look, &now) != 0)
        (void)memory_need(NULL);
}

static void on_fewer(void *context)
{
    struct schedule *schedule = context;

    if (!TAILQ_EMPTY(&schedule->waiting))
        look_soon(schedule);
}

static void on_found(void *context, const struct hop_found *found)
{
    struct job *job = context;
    struct schedule *schedule = job->schedule;
    struct waiter *waiter;

    TAILQ_REMOVE(&schedule->running, job, next);
    schedule->runs--;
    while ((waiter = TAILQ_FIRST(&job->waiters)) != NULL) {
        schedule->answer(schedule->context, waiter->id, waiter->hop, found);
        waiter_remove(job, waiter);
    }
    job_free(job);
    look_soon(schedule);
}

static bool may_begin(const struct schedule *schedule)
{
    return !schedule->paused && schedule->runs < schedule->tools->settings.max_parallel &&
           turns_waiting(schedule->tools->turns) < BACKLOG_MOST;
}

static void begin(struct schedule *schedule, struct job *job)
{
    TAILQ_REMOVE(&schedule->waiting, job, next);
    TAILQ_INSERT_TAIL(&schedule->running, job, next);
    schedule->runs++;
    job->hop = hop_start(schedule->tools, &job->request, on_found, job);
}

static void on_look(evutil_socket_t fd, short what, void *context)
{
    struct schedule *schedule = context;
    struct job *job, *following;

    (void)fd;
    (void)what;
    for (job = TAILQ_FIRST(&schedule->waiting); job != NULL && may_begin(schedule);
         job = following) {
        following = TAILQ_NEXT(job, next);
        if (!is_running(schedule, job))
            begin(schedule, job);
    }
}

/* ---- from outside --------------------------------------------------------------------------- */

struct schedule *schedule_new(struct tools *tools,
                              void (*answer)(void *context, int64_t id, const char *hop,
                                             const struct hop_found *found),
                              void *context)
{
    struct schedule *schedule = memory_new(1, sizeof(*schedule));

    schedule->tools = tools;
    schedule->answer = answer;
    schedule->context = context;
    TAILQ_INIT(&schedule->waiting);
    TAILQ_INIT(&schedule->running);
    schedule->look = memory_need(event_new(tools->base, -1, 0, on_look, schedule));
    turns_watch(tools->turns, on_fewer, schedule);
    return schedule;
}

static void list_free(struct job_list *list)
{
    struct job *job;

    while ((job = TAILQ_FIRST(list)) != NULL) {
        TAILQ_REMOVE(list, job, next);
        if (job->hop != NULL)
            hop_cancel(job->hop);
        job_free(job);
    }
}

void schedule_free(struct schedule *schedule)
{
    if (schedule == NULL)
        return;
    list_free(&schedule->waiting);
    list_free(&schedule->running);
    turns_watch(schedule->tools->turns, NULL, NULL);
    event_free(schedule->look);
    free(schedule);
}

bool schedule_add(struct schedule *schedule, int64_t id, struct probe_request *request)
{
    struct waiter *waiter;
    struct job *job;

    if (schedule->waiters == SCHEDULE_MOST)
        return false;
    waiter = memory_new(1, sizeof(*waiter));
    waiter->id = id;
    waiter->hop = memory_copy(request->text, strlen(request->text));
    job = find_same(&schedule->waiting, request);
    if (job == NULL)
        job = find_same(&schedule->running, request);
    if (job == NULL) {
        job = memory_new(1, sizeof(*job));
        job->schedule = schedule;
        job->request = *request;
        *request = (struct probe_request){ .text = NULL };
        TAILQ_INIT(&job->waiters);
        TAILQ_INSERT_TAIL(&schedule->waiting, job, next);
    }
    TAILQ_INSERT_TAIL(&job->waiters, waiter, next);
    job->count++;
    schedule->waiters++;
    look_soon(schedule);
    return true;
}

/* Without the request; a probe that nobody wants any more ends. */
static void cancel_in(struct schedule *schedule, struct job *job, struct job_list *list, int64_t id)
{
    struct waiter *waiter, *following;

    for (waiter = TAILQ_FIRST(&job->waiters); waiter != NULL; waiter = following) {
        following = TAILQ_NEXT(waiter, next);
        if (waiter->id == id)
            waiter_remove(job, waiter);
    }
    if (!TAILQ_EMPTY(&job->waiters))
        return;
    TAILQ_REMOVE(list, job, next);
    if (job->hop != NULL) {
        hop_cancel(job->hop);
        schedule->runs--;
    }
    job_free(job);
}

void schedule_cancel(struct schedule *schedule, int64_t id)
{
    struct job_list *const lists[] = { &schedule->waiting, &schedule->running };
    struct job *job, *following;

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (job = TAILQ_FIRST(lists[i]); job != NULL; job = following) {
            following = TAILQ_NEXT(job, next);
            cancel_in(schedule, job, lists[i], id);
        }
    }
    look_soon(schedule);
}

void schedule_pause(struct schedule *schedule, bool paused)
{
    schedule->paused = paused;
    if (!paused)
        look_soon(schedule);
}

bool schedule_is_idle(const struct schedule *schedule)
{
    return schedule->waiters == 0;
}
