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
#include <sys/stat.h>
#include <sysexits.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "milter/callbacks.h"
#include "milter/daemon.h"
#include "milter/feed.h"
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
    struct socket_file milter_file, policy_file;
    int policy_fd, pid_fd, ready_fd;
    unsigned policy_connections; /* at most */
    struct feed *feed;
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

/* A quarter of the descriptors: the rest is libmilter's. */
static unsigned policy_connections(unsigned long descriptors)
{
    return descriptors / 4 < MOST_POLICY_CONNECTIONS ? (unsigned)(descriptors / 4)
                                                     : MOST_POLICY_CONNECTIONS;
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
    if (!callbacks_register(run->feed))
        return why_fail(why, "smfi_register() failed");
    if (!sockets_open_milter(plan->milter_socket, &plan->access, &run->milter_file, why))
        return false;
    if (plan->smtpd_policy_socket == NULL)
        return true;
    run->policy_fd =
        sockets_listen(plan->smtpd_policy_socket, &plan->access, &run->policy_file, why);
    return run->policy_fd >= 0;
}

static void *run_milter(void *data)
{
    struct run *run = data;

    while (sem_wait(&run->threads_are_started) != 0)
        continue;
    wake(smfi_main() == MI_SUCCESS ? &milter_ended : &milter_failed);
    return NULL;
}

static bool start_threads(struct run *run, struct why *why)
{
    unsigned overridden = (run->options.socket != NULL ? OVERRIDDEN_SOCKET : 0U) |
                          (run->options.user != NULL ? OVERRIDDEN_USER : 0U);
    struct snapshot *first;

    if (!snapshot_install(run->plan.rules))
        return why_fail(why, "no memory for the rules");
    run->service = service_start(run->policy_fd, run->feed, run->policy_connections);
    if (run->service == NULL)
        return why_fail(why, "cannot start the service thread");
    first = snapshot_get();
    run->reload = reload_start(run->plan.config, &snapshot_rules(first)->settings, overridden);
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
    socket_file_remove(&run->policy_file);
    if (run->pid_fd >= 0)
        pidfile_remove(run->plan.pidfile, run->pid_fd);
}

static int run_daemon(struct run *run)
{
    int status = read_plan(run);

    if (status != EX_OK)
        return status;
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
    struct run run = { .policy_fd = -1, .pid_fd = -1, .ready_fd = -1 };
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
