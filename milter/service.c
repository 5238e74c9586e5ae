/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/service.h"

#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "milter/control.h"
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
    struct tls_policy_server *tls_policy;
    struct control *control;
    struct probing *probing;
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
    probing_free(service->probing);
    control_free(service->control);
    smtpd_policy_free(service->smtpd_policy);
    tls_policy_server_free(service->tls_policy);
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

/* All that waits on sockets; a socket that was taken over is closed by the server of it. */
static bool make_servers(struct service *service, const struct service_plan *plan)
{
    if (plan->smtpd_policy_fd >= 0)
        service->smtpd_policy = smtpd_policy_new(service->base, plan->smtpd_policy_fd, plan->feed,
                                                 plan->most_connections);
    if (plan->tls_policy_fd >= 0)
        service->tls_policy =
            tls_policy_server_new(service->base, plan->tls_policy_fd, plan->anchors_folder,
                                  plan->tls_policy_counters, plan->most_connections);
    service->probing = probing_new(service->base, plan->hops, &plan->probing);
    return (plan->smtpd_policy_fd < 0 || service->smtpd_policy != NULL) &&
           (plan->tls_policy_fd < 0 || service->tls_policy != NULL) && service->probing != NULL;
}

static bool service_make(struct service *service, const struct service_plan *plan)
{
    service->base = event_base_new();
    if (service->base == NULL || pipe2(service->stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    service->stop =
        event_new(service->base, service->stop_pipe[0], EV_READ, on_stop, service->base);
    if (service->stop == NULL || event_add(service->stop, NULL) != 0)
        return false;
    return make_servers(service, plan);
}

static bool make_control(struct service *service, const struct service_plan *plan)
{
    plan->status->smtpd_policy = service->smtpd_policy;
    if (plan->control_fd < 0)
        return true;
    service->control = control_new(service->base, plan->control_fd, plan->status);
    return service->control != NULL;
}

struct service *service_start(const struct service_plan *plan)
{
    struct service *service = calloc(1, sizeof(*service));

    if (service == NULL)
        return NULL;
    service->stop_pipe[0] = service->stop_pipe[1] = -1;
    event_set_log_callback(on_libevent_message);
    event_set_fatal_callback(on_libevent_end);
    if (!service_make(service, plan) || !make_control(service, plan) ||
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
