/* SPDX-License-Identifier: ISC */
/*
 * forcetls-milter: the daemon, from its command line to its end.
 *
 * Threads: the main one waits for signals. libmilter's (smfi_main() and its workers) decide. The
 * service thread waits on sockets, the reload thread on SIGUSR1, the log's on syslog.
 *
 * Signals: libmilter has a thread of its own that sits in sigwait(3) for HUP, TERM and INT and
 * ends everything on each of them, HUP included. Linux gives a signal that was sent to a process
 * to the main thread if that does not block it, so these three have a handler there and are
 * blocked in all other threads; smfi_main() therefore runs in a thread of its own. From the moment
 * at which that begins the main thread never blocks a signal, not for an instant (pthread_create,
 * pthread_kill and others of glibc do), and handles no other one, since with one pending Linux
 * would look for another thread. Where libmilter gets TERM all the same, smfi_main() returns
 * within five seconds, and we end by that road. HUP means the same as USR1.
 *
 * The end: libmilter's threads are never joined and may be anywhere, so that nothing that they
 * could touch is freed, and the process ends with _exit(2): exit handlers (libmilter's own
 * destroys a mutex) would race with them.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libmilter/mfapi.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "milter/anchors.h"
#include "milter/callbacks.h"
#include "milter/clock.h"
#include "milter/daemon.h"
#include "milter/feed.h"
#include "milter/hops/starter.h"
#include "milter/log.h"
#include "milter/notify.h"
#include "milter/options.h"
#include "milter/pidfile.h"
#include "milter/plan.h"
#include "milter/privileges.h"
#include "milter/reload.h"
#include "milter/service.h"
#include "milter/snapshot.h"
#include "milter/sockets.h"
#include "milter/threads.h"
#include "policy/decide_outbound.h"

#define FEED_TTL_MS 10000
#define MOST_POLICY_CONNECTIONS 4096

/* How long the end may take, step by step, in milliseconds. */
#define DRAIN_MS 3000
#define REPLY_MS 100 /* libmilter writes an answer after the callback has returned, unseen */
#define THREAD_MS 1000
#define LOG_MS 2000

/* What the main thread waits for; set by handlers and by the thread of smfi_main(), then a byte
 * goes into the pipe. The pipe is made before either of them exists. */
static atomic_bool asked_to_end, asked_to_reload, milter_ended, milter_failed;
static int wake_pipe[2] = { -1, -1 };

/* All that a run consists of; the main thread's. */
struct run {
    struct options options;
    struct plan plan;
    struct socket_file milter_file, smtpd_policy_file, tls_policy_file, control_file;
    int smtpd_policy_fd, tls_policy_fd, control_fd, pid_fd, ready_fd, starter;
    unsigned policy_connections; /* at most, to each of the two */
    struct feed *feed;
    struct tls_policy_counters tls_policy_counters;
    struct map_watch map_watch;
    struct hops *hops;
    struct counters *counters;
    struct status_source status;
    struct service *service;
    struct reload *reload;
    pthread_t milter;
    sem_t threads_are_started;
};

/* ---- signals ------------------------------------------------------------------------------- */

static void wake(atomic_bool *flag)
{
    atomic_store(flag, true);
    (void)!write(wake_pipe[1], "", 1); /* a full pipe wakes as well */
}

static void on_signal(int number)
{
    int error = errno;

    wake(number == SIGHUP ? &asked_to_reload : &asked_to_end);
    errno = error;
}

/* From the first moment on, since an unblocked USR1 would end us. One that comes too early waits
 * for the reload thread. */
static void signals_block(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGUSR1);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

static bool signals_prepare(struct why *why)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART | SA_NODEFER };
    sigset_t set;

    if (pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return why_fail(why, "cannot make a pipe: %s", strerror(errno));
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaction(SIGHUP, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
    return true;
}

/* ---- the start ----------------------------------------------------------------------------- */

/* A start that fails tells the log, and the terminal too where the log does not go there. */
static int fail(const struct run *run, int status, const char *text)
{
    log_line(LOG_ERR, text);
    if (!run->options.foreground && run->ready_fd >= 0)
        (void)fprintf(stderr, "forcetls-milter: %s\n", text);
    return status;
}

/* The environment is for those who try out another one. */
static const char *prober_program(void)
{
    const char *program = secure_getenv("FORCETLS_PROBER");

    return program != NULL && program[0] == '/' ? program : FORCETLS_PROBER;
}

/* The prober gets a user of its own, which takes root, and so a process that stays root while we do
 * not. It is made while we are small, and goes again where there is no use for it. */
static void make_starter(struct run *run)
{
    if (geteuid() == 0)
        run->starter = starter_new(prober_program());
}

static void check_starter(struct run *run)
{
    bool wanted = run->plan.drops && decide_outbound_possible(run->plan.rules);

    if (run->starter < 0 || wanted)
        return;
    (void)close(run->starter);
    run->starter = -1;
}

/* Errors of the configuration are printed bare, and logged for those who start us unseen; its
 * warnings are logged later on, which reaches the terminal from the foreground only. */
static int read_plan(struct run *run)
{
    struct why why;

    if (plan_make(&run->plan, &run->options, &why)) {
        if (!run->options.foreground)
            plan_print_diagnostics(&run->plan);
        return EX_OK;
    }
    plan_print_diagnostics(&run->plan);
    log_open(false, true);
    plan_log_diagnostics(&run->plan);
    log_open(true, true);
    return why.text[0] != '\0' ? fail(run, EX_CONFIG, why.text) : EX_CONFIG;
}

/* A quarter of the descriptors for each of the two: the rest is libmilter's. */
static unsigned policy_connections(unsigned long descriptors)
{
    return descriptors / 4 < MOST_POLICY_CONNECTIONS ? (unsigned)(descriptors / 4)
                                                     : MOST_POLICY_CONNECTIONS;
}

/* A socket that only libevent sees; not set: none, and `*fd` stays -1. */
static bool open_own_socket(const char *socket, const struct socket_access *access,
                            struct socket_file *file, int *fd, struct why *why)
{
    if (socket == NULL)
        return true;
    *fd = sockets_listen(socket, access, file, why);
    return *fd >= 0;
}

static bool open_sockets(struct run *run, struct why *why)
{
    const struct plan *plan = &run->plan;

    run->policy_connections = policy_connections(limit_files_raise());
    if (plan->smtpd_policy_socket != NULL) {
        run->feed = feed_new(run->policy_connections, FEED_TTL_MS);
        if (run->feed == NULL)
            return why_fail(why, "no memory for the policy feed");
    }
    run->counters = counters_new();
    run->hops = hops_new();
    if (run->counters == NULL || run->hops == NULL)
        return why_fail(why, "no memory for the counters and the next hops");
    map_watch_init(&run->map_watch, &run->tls_policy_counters);
    if (!callbacks_register(run->feed, run->hops, run->counters, &run->map_watch))
        return why_fail(why, "smfi_register() failed");
    return sockets_open_milter(plan->milter_socket, &plan->access, &run->milter_file, why) &&
           open_own_socket(plan->smtpd_policy_socket, &plan->access, &run->smtpd_policy_file,
                           &run->smtpd_policy_fd, why) &&
           open_own_socket(plan->tls_policy_socket, &plan->access, &run->tls_policy_file,
                           &run->tls_policy_fd, why) &&
           open_own_socket(plan->control_socket, &plan->control_access, &run->control_file,
                           &run->control_fd, why);
}

/* The first rules, once we are who we will be. */
static bool install_rules(struct run *run, struct why *why)
{
    struct anchors *anchors = NULL;

    if (run->plan.anchors_folder != NULL) {
        anchors = anchors_write(run->plan.rules, run->plan.anchors_folder, (int64_t)time(NULL));
        if (anchors == NULL)
            return why_fail(why, "no memory for the trust anchors");
    }
    return snapshot_install_with(run->plan.rules, anchors) ||
           why_fail(why, "no memory for the rules");
}

static bool start_service(struct run *run, struct why *why)
{
    const struct service_plan plan = { .smtpd_policy_fd = run->smtpd_policy_fd,
                                       .feed = run->feed,
                                       .tls_policy_fd = run->tls_policy_fd,
                                       .anchors_folder = run->plan.anchors_folder,
                                       .tls_policy_counters = &run->tls_policy_counters,
                                       .most_connections = run->policy_connections,
                                       .control_fd = run->control_fd,
                                       .status = &run->status,
                                       .hops = run->hops,
                                       .probing = { prober_program(), run->starter,
                                                    run->plan.drops } };

    run->status =
        (struct status_source){ .config = run->plan.config,
                                .started = (int64_t)time(NULL),
                                .started_ms = monotonic_ms(),
                                .counters = run->counters,
                                .hops = run->hops,
                                .tls_policy_counters =
                                    run->tls_policy_fd >= 0 ? &run->tls_policy_counters : NULL };
    run->service = service_start(&plan);
    run->starter = -1;
    return run->service != NULL || why_fail(why, "cannot start the service thread");
}

static void *run_milter(void *data)
{
    struct run *run = data;

    while (sem_wait(&run->threads_are_started) != 0)
        continue;
    wake(smfi_main() == MI_SUCCESS ? &milter_ended : &milter_failed);
    return NULL;
}

/* New rules may name other next hops. */
static void wake_hops(void *hops)
{
    hops_wake(hops);
}

static bool start_threads(struct run *run, struct why *why)
{
    unsigned overridden = (run->options.socket != NULL ? OVERRIDDEN_SOCKET : 0U) |
                          (run->options.user != NULL ? OVERRIDDEN_USER : 0U);
    struct snapshot *first;

    snapshot_watch(wake_hops, run->hops);
    if (!install_rules(run, why) || !start_service(run, why))
        return false;
    first = snapshot_get();
    run->reload = reload_start(run->plan.config, &snapshot_rules(first)->settings, overridden,
                               run->plan.anchors_folder);
    snapshot_put(first);
    if (run->reload == NULL)
        return why_fail(why, "cannot start the reload thread");
    if (sem_init(&run->threads_are_started, 0, 0) != 0 ||
        !thread_start(&run->milter, run_milter, run))
        return why_fail(why, "cannot start the thread of libmilter");
    (void)pthread_detach(run->milter);
    (void)sem_post(&run->threads_are_started);
    return true;
}

static void tell_ready(struct run *run)
{
    struct snapshot *first = snapshot_get();
    char what[512];

    reload_describe(run->plan.config, snapshot_rules(first), what, sizeof(what));
    reload_log_limits(snapshot_rules(first));
    snapshot_put(first);
    log_printf(LOG_NOTICE, "ready: version " PACKAGE_VERSION ", %s, on %s", what,
               run->plan.milter_socket);
    notify("READY=1\nMAINPID=%ld\nSTATUS=%s\n", (long)getpid(), what);
    if (run->ready_fd >= 0)
        daemon_ready(run->ready_fd);
    run->ready_fd = -1;
}

/* All steps from the fork on; EX_OK: up and running. */
static int start(struct run *run)
{
    struct plan *plan = &run->plan;
    struct why why;

    if (!run->options.foreground && !daemon_fork(&run->ready_fd, &why))
        return fail(run, EX_OSERR, why.text);
    privileges_forbid_new();
    log_open(run->options.foreground, true);
    if (!signals_prepare(&why))
        return fail(run, EX_OSERR, why.text);
    if (!log_start())
        return fail(run, EX_OSERR, "cannot start the log's thread");
    plan_log_warnings(plan);
    if (plan->pidfile != NULL) {
        run->pid_fd = pidfile_open(plan->pidfile, &why);
        if (run->pid_fd < 0)
            return fail(run, EX_CANTCREAT, why.text);
    }
    if (!open_sockets(run, &why))
        return fail(run, EX_CANTCREAT, why.text);
    if (plan->drops && !privileges_drop(&plan->account, &why))
        return fail(run, EX_NOPERM, why.text);
    if (plan->drops)
        plan_check_reload(plan);
    if (!start_threads(run, &why))
        return fail(run, EX_OSERR, why.text);
    tell_ready(run);
    return EX_OK;
}

/* ---- the end ------------------------------------------------------------------------------- */

/* Waits for what there is to do, until it is to end; returns the exit status. */
static int serve(void)
{
    struct pollfd woken = { .fd = wake_pipe[0], .events = POLLIN };
    char bytes[64];

    for (;;) {
        (void)poll(&woken, 1, -1);
        (void)!read(wake_pipe[0], bytes, sizeof(bytes));
        if (atomic_load(&asked_to_end) || atomic_load(&milter_ended))
            return EX_OK;
        if (atomic_load(&milter_failed)) {
            log_line(LOG_ERR, "libmilter has ended with an error");
            return EX_SOFTWARE;
        }
        if (atomic_exchange(&asked_to_reload, false))
            reload_request();
    }
}

/* Stops what runs, as far as it got. */
static void stop(struct run *run)
{
    const struct timespec reply = { .tv_nsec = REPLY_MS * 1000000L };

    if (!callbacks_drain(DRAIN_MS))
        log_printf(LOG_WARNING, "did not wait any longer for callbacks that still run");
    (void)nanosleep(&reply, NULL);
    if (run->service != NULL)
        (void)service_stop(run->service, THREAD_MS);
    if (run->reload != NULL)
        (void)reload_stop(run->reload, THREAD_MS);
    socket_file_remove(&run->milter_file);
    socket_file_remove(&run->smtpd_policy_file);
    socket_file_remove(&run->tls_policy_file);
    socket_file_remove(&run->control_file);
    if (run->pid_fd >= 0)
        pidfile_remove(run->plan.pidfile, run->pid_fd);
}

static int run_daemon(struct run *run)
{
    int status;

    make_starter(run);
    status = read_plan(run);
    if (status != EX_OK)
        return status;
    check_starter(run);
    status = start(run);
    if (status == EX_OK) {
        status = serve();
        notify("STOPPING=1\n");
        log_line(LOG_NOTICE, "stopping");
        stop(run);
        log_line(LOG_NOTICE, "stopped");
    } else {
        stop(run);
    }
    log_stop(LOG_MS);
    return status;
}

/* glibc takes large pieces of memory from the kernel and gives them back, until the first one was
 * freed: then it keeps them in its heaps, where each reload of a large configuration leaves other
 * holes. Setting the limit fixes it where it was. */
#ifdef M_MMAP_THRESHOLD
static void keep_memory_tight(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 128 * 1024);
}
#else
static void keep_memory_tight(void)
{
}
#endif

static int print_version(void)
{
    unsigned int major = 0, minor = 0, patch = 0;

    (void)smfi_version(&major, &minor, &patch);
    (void)printf("forcetls-milter " PACKAGE_VERSION "\nlibmilter %u.%u.%u (built with %d.%d.%d)\n",
                 major, minor, patch, SM_LM_VRS_MAJOR(SMFI_VERSION), SM_LM_VRS_MINOR(SMFI_VERSION),
                 SM_LM_VRS_PLVL(SMFI_VERSION));
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

int main(int argc, char **argv)
{
    struct run run = { .smtpd_policy_fd = -1,
                       .tls_policy_fd = -1,
                       .control_fd = -1,
                       .pid_fd = -1,
                       .ready_fd = -1,
                       .starter = -1 };
    struct why why;

    keep_memory_tight();
    daemon_keep_standard_files();
    signals_block();
    (void)umask(022);
    log_open(true, false);
    if (!options_parse(&run.options, argc, argv, &why)) {
        (void)fprintf(stderr, "forcetls-milter: %s\nforcetls-milter -h prints the options\n",
                      why.text);
        return EX_USAGE;
    }
    if (run.options.help) {
        options_usage(stdout);
        return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
    }
    if (run.options.version)
        return print_version();
    log_verbose(run.options.verbose);
    _exit(run_daemon(&run));
}
