/* SPDX-License-Identifier: ISC */
/*
 * forcetls-milter: the daemon, from its command line to its end.
 *
 * Threads: the main one waits for signals. libmilter's (smfi_main() and its workers) decide. The
 * service thread waits on sockets, the reload thread on SIGUSR1, the log's on syslog.
 *
 * Signals: libmilter has a thread of its own that sits in sigwait(3) for HUP, TERM and INT and
 * ends everything on each of them, HUP included. Linux gives a signal that was sent to a process
 * to the main thread if that does not block it, so these three are never blocked there, have a
 * handler there, and are blocked in all other threads; smfi_main() therefore runs in a thread of
 * its own. The main thread handles no other signal, since with one pending Linux would look for
 * another thread. Where libmilter gets TERM all the same, smfi_main() returns within five
 * seconds, and we end by that road. HUP means the same as USR1.
 *
 * The end: libmilter's threads are never joined and may be anywhere, so that nothing that they
 * could touch is freed, and the process ends with _exit(2): exit handlers (libmilter's own
 * destroys a mutex) would race with them.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libmilter/mfapi.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
#include "milter/privileges.h"
#include "milter/reload.h"
#include "milter/service.h"
#include "milter/snapshot.h"
#include "milter/sockets.h"
#include "milter/threads.h"
#include "policy/conf/conf.h"

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
    char *config, *pidfile; /* absolute; pidfile may be NULL */
    struct rules *rules;
    struct diagnostics diagnostics;
    const char *milter_socket;
    bool drops; /* to `account` */
    struct account account;
    struct socket_access access;
    struct socket_file milter_file, policy_file;
    int policy_fd, pid_fd, ready_fd;
    unsigned policy_connections; /* at most */
    struct feed *feed;
    struct service *service;
    struct reload *reload;
    pthread_t milter;
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

    if (pipe2(wake_pipe, O_CLOEXEC) != 0 || fcntl(wake_pipe[1], F_SETFL, O_NONBLOCK) != 0)
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

/* ---- before the start ---------------------------------------------------------------------- */

/* A start that fails tells the log, and the terminal too where the log does not go there. */
static int fail(const struct run *run, int status, const char *text)
{
    log_line(LOG_ERR, text);
    if (!run->options.foreground && run->ready_fd >= 0)
        (void)fprintf(stderr, "forcetls-milter: %s\n", text);
    return status;
}

/* Relative names start where we were started, also for a reload after chdir(2). */
static char *absolute(const char *name)
{
    char *folder, *path = NULL;

    if (name[0] == '/')
        return strdup(name);
    folder = getcwd(NULL, 0);
    if (folder != NULL && asprintf(&path, "%s/%s", folder, name) < 0)
        path = NULL;
    free(folder);
    return path;
}

static int read_configuration(struct run *run)
{
    const struct diagnostics *found = &run->diagnostics;
    char line[1001];

    run->config = absolute(run->options.config);
    if (run->options.pidfile != NULL)
        run->pidfile = absolute(run->options.pidfile);
    if (run->config == NULL || (run->options.pidfile != NULL && run->pidfile == NULL))
        return fail(run, EX_OSERR, "cannot tell the folder that this was started in");
    run->rules = conf_read(run->config, &run->diagnostics);
    for (size_t i = 0; i < found->count; i++) {
        diagnostic_format(&found->items[i], line, sizeof(line));
        if (run->rules == NULL || !run->options.foreground)
            (void)fprintf(stderr, "%s\n", line);
    }
    return run->rules != NULL ? EX_OK : EX_CONFIG;
}

/* What the file and the command line say about sockets and users, checked before anything
 * happens. */
static bool choose(struct run *run, struct why *why)
{
    const struct settings *settings = &run->rules->settings;
    const char *user = run->options.user != NULL ? run->options.user : settings->user;
    const char *policy_socket = settings->smtpd_policy_socket;

    run->milter_socket = run->options.socket != NULL ? run->options.socket
                                                     : settings->milter_socket;
    if (run->milter_socket == NULL)
        return why_fail(why, "%s names no milter_socket, and there is no -p SOCKET", run->config);
    if (policy_socket != NULL && strcmp(policy_socket, run->milter_socket) == 0)
        return why_fail(why, "milter_socket and smtpd_policy_socket are the same ('%s')",
                        policy_socket);
    run->access = (struct socket_access){ settings->socket_mode, (uid_t)-1, (gid_t)-1,
                                          settings->socket_group };
    if (settings->socket_group != NULL &&
        !group_find(&run->access.group, settings->socket_group, why))
        return false;
    if (user != NULL && !account_find(&run->account, user, why))
        return false;
    run->drops = user != NULL && geteuid() == 0;
    if (run->drops)
        run->access.owner = run->account.uid;
    return true;
}

/* ---- the start ----------------------------------------------------------------------------- */

static void log_warnings(const struct run *run)
{
    char line[1001];

    for (size_t i = 0; i < run->diagnostics.count; i++) {
        diagnostic_format(&run->diagnostics.items[i], line, sizeof(line));
        log_line(run->diagnostics.items[i].severity == SEVERITY_NOTE ? LOG_NOTICE : LOG_WARNING,
                 line);
    }
    if (strncmp(run->milter_socket, "inet", 4) == 0 && strchr(run->milter_socket, '@') == NULL)
        log_printf(LOG_WARNING, "milter_socket '%s' listens on every address of this host; add "
                                "@127.0.0.1 unless that is wanted", run->milter_socket);
    if (run->account.name[0] != '\0' && !run->drops && geteuid() != run->account.uid)
        log_printf(LOG_WARNING, "not started as root: stays the user %ld, and does not become "
                                "'%s'", (long)geteuid(), run->account.name);
    if (geteuid() == 0 && !run->drops)
        log_line(LOG_WARNING, "runs as root, and stays root: set user in the configuration");
}

/* A quarter of the descriptors: the rest is libmilter's. */
static unsigned policy_connections(unsigned long descriptors)
{
    return descriptors / 4 < MOST_POLICY_CONNECTIONS ? (unsigned)(descriptors / 4)
                                                     : MOST_POLICY_CONNECTIONS;
}

static bool open_sockets(struct run *run, struct why *why)
{
    const char *policy_socket = run->rules->settings.smtpd_policy_socket;

    run->policy_connections = policy_connections(limit_files_raise());
    if (policy_socket != NULL) {
        run->feed = feed_new(run->policy_connections, FEED_TTL_MS);
        if (run->feed == NULL)
            return why_fail(why, "no memory for the policy feed");
    }
    if (!callbacks_register(run->feed))
        return why_fail(why, "libmilter refuses to be registered with");
    if (!sockets_open_milter(run->milter_socket, &run->access, &run->milter_file, why))
        return false;
    if (policy_socket == NULL)
        return true;
    run->policy_fd = sockets_listen(policy_socket, &run->access, &run->policy_file, why);
    return run->policy_fd >= 0;
}

static void *run_milter(void *unused)
{
    (void)unused;
    wake(smfi_main() == MI_SUCCESS ? &milter_ended : &milter_failed);
    return NULL;
}

static bool start_threads(struct run *run, struct why *why)
{
    unsigned overridden = (run->options.socket != NULL ? OVERRIDDEN_SOCKET : 0U) |
                          (run->options.user != NULL ? OVERRIDDEN_USER : 0U);
    struct snapshot *first;

    if (!snapshot_install(run->rules))
        return why_fail(why, "no memory for the rules");
    run->service = service_start(run->policy_fd, run->feed, run->policy_connections);
    if (run->service == NULL)
        return why_fail(why, "cannot start the service thread");
    first = snapshot_get();
    run->reload = reload_start(run->config, &snapshot_rules(first)->settings, overridden);
    snapshot_put(first);
    if (run->reload == NULL)
        return why_fail(why, "cannot start the reload thread");
    return thread_start(&run->milter, run_milter, NULL) ||
           why_fail(why, "cannot start the thread of libmilter");
}

static void tell_ready(struct run *run)
{
    struct snapshot *first = snapshot_get();
    char what[512];

    reload_describe(run->config, snapshot_rules(first), what, sizeof(what));
    reload_log_limits(snapshot_rules(first));
    snapshot_put(first);
    log_printf(LOG_NOTICE, "ready: version " PACKAGE_VERSION ", %s, on %s", what,
               run->milter_socket);
    notify("READY=1\nSTATUS=%s\nMAINPID=%ld\n", what, (long)getpid());
    if (run->ready_fd >= 0)
        daemon_ready(run->ready_fd);
    run->ready_fd = -1;
}

/* All steps from the fork on; EX_OK: up and running. */
static int start(struct run *run)
{
    struct why why;

    if (!run->options.foreground && !daemon_fork(&run->ready_fd, &why))
        return fail(run, EX_OSERR, why.text);
    privileges_forbid_new();
    log_open(run->options.foreground, true);
    if (!signals_prepare(&why))
        return fail(run, EX_OSERR, why.text);
    if (!log_start())
        return fail(run, EX_OSERR, "cannot start the log's thread");
    log_warnings(run);
    diagnostics_release(&run->diagnostics);
    if (run->pidfile != NULL) {
        run->pid_fd = pidfile_open(run->pidfile, &why);
        if (run->pid_fd < 0)
            return fail(run, EX_CANTCREAT, why.text);
    }
    if (!open_sockets(run, &why))
        return fail(run, EX_CANTCREAT, why.text);
    if (run->drops && !privileges_drop(&run->account, &why))
        return fail(run, EX_NOPERM, why.text);
    if (access(run->config, R_OK) != 0)
        log_printf(LOG_WARNING, "'%s' cannot be read by the user %ld (%s): a reload will fail",
                   run->config, (long)geteuid(), run->account.name);
    if (!start_threads(run, &why))
        return fail(run, EX_OSERR, why.text);
    tell_ready(run);
    return EX_OK;
}

/* ---- the end ------------------------------------------------------------------------------- */

/* Waits for what there is to do, until it is to end; returns the exit status. */
static int serve(struct run *run)
{
    char bytes[64];

    for (;;) {
        (void)!read(wake_pipe[0], bytes, sizeof(bytes));
        if (atomic_load(&milter_failed)) {
            log_line(LOG_ERR, "libmilter has ended with an error");
            return EX_SOFTWARE;
        }
        if (atomic_load(&asked_to_end) || atomic_load(&milter_ended))
            return EX_OK;
        if (atomic_exchange(&asked_to_reload, false))
            reload_request(run->reload);
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
        pidfile_remove(run->pidfile, run->pid_fd);
}

static int run_daemon(struct run *run)
{
    struct why why;
    int status = read_configuration(run);

    if (status != EX_OK)
        return status;
    if (!choose(run, &why))
        return fail(run, EX_CONFIG, why.text);
    status = start(run);
    if (status == EX_OK) {
        status = serve(run);
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

static int print_version(void)
{
    unsigned int major = 0, minor = 0, patch = 0;

    (void)smfi_version(&major, &minor, &patch);
    (void)printf("forcetls-milter " PACKAGE_VERSION "\nlibmilter %u.%u.%u (built with %d.%d.%d)\n",
                 major, minor, patch, SM_LM_VRS_MAJOR(SMFI_VERSION),
                 SM_LM_VRS_MINOR(SMFI_VERSION), SM_LM_VRS_PLVL(SMFI_VERSION));
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

int main(int argc, char **argv)
{
    struct run run = { .policy_fd = -1, .pid_fd = -1, .ready_fd = -1 };
    struct why why;

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
