/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/service.h"

#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "milter/log.h"
#include "milter/smtpd_policy.h"
#include "milter/threads.h"

/* All of it is the thread's while it runs, but for the pipe's writing end. */
struct service {
    pthread_t thread;
    struct event_base *base;
    struct event *stop;
    int stop_pipe[2]; /* closing the writing end ends the thread */
    struct smtpd_policy *smtpd_policy;
};

static void on_stop(evutil_socket_t fd, short what, void *base)
{
    (void)fd;
    (void)what;
    (void)event_base_loopbreak(base);
}

static void on_libevent_message(int severity, const char *text)
{
    if (severity >= EVENT_LOG_WARN)
        log_printf(severity == EVENT_LOG_WARN ? LOG_WARNING : LOG_ERR, "libevent: %s", text);
}

/* libevent would call exit(3), whose handlers race with libmilter's threads. */
static void on_libevent_end(int error)
{
    (void)error;
    _exit(EX_SOFTWARE);
}

static void *serve(void *data)
{
    struct service *service = data;

    if (event_base_dispatch(service->base) < 0)
        log_line(LOG_ERR, "internal error: the service thread has ended");
    return NULL;
}

static void service_free(struct service *service)
{
    smtpd_policy_free(service->smtpd_policy);
    if (service->stop != NULL)
        event_free(service->stop);
    if (service->base != NULL)
        event_base_free(service->base);
    for (int i = 0; i < 2; i++) {
        if (service->stop_pipe[i] >= 0)
            (void)close(service->stop_pipe[i]);
    }
    free(service);
}

static bool service_make(struct service *service, int smtpd_policy_fd, struct feed *feed,
                         unsigned most_connections)
{
    service->base = event_base_new();
    if (service->base == NULL || pipe2(service->stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    service->stop =
        event_new(service->base, service->stop_pipe[0], EV_READ, on_stop, service->base);
    if (service->stop == NULL || event_add(service->stop, NULL) != 0)
        return false;
    if (smtpd_policy_fd < 0)
        return true;
    service->smtpd_policy =
        smtpd_policy_new(service->base, smtpd_policy_fd, feed, most_connections);
    return service->smtpd_policy != NULL;
}

struct service *service_start(int smtpd_policy_fd, struct feed *feed, unsigned most_connections)
{
    struct service *service = calloc(1, sizeof(*service));

    if (service == NULL)
        return NULL;
    service->stop_pipe[0] = service->stop_pipe[1] = -1;
    event_set_log_callback(on_libevent_message);
    event_set_fatal_callback(on_libevent_end);
    if (!service_make(service, smtpd_policy_fd, feed, most_connections) ||
        !thread_start(&service->thread, serve, service)) {
        service_free(service);
        return NULL;
    }
    return service;
}

bool service_stop(struct service *service, int milliseconds)
{
    (void)close(service->stop_pipe[1]);
    service->stop_pipe[1] = -1;
    if (!thread_join_within(service->thread, milliseconds))
        return false;
    service_free(service);
    return true;
}
