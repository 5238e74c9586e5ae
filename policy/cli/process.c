/* SPDX-License-Identifier: ISC */
/*
 * Input is written and output read as the program takes and gives them, so that neither side waits
 * for the other. Its end is waited for with short naps: it comes with the end of its output, but
 * for a program that closes stdout and goes on.
 */
#include "config.h"

#include "policy/cli/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "policy/span.h"

#define OUTPUT_MOST ((size_t)64 << 20)
#define NAP_MOST 50 /* milliseconds */
#define TICK_MS 1000

struct run {
    const char *name; /* argv[0], for messages */
    unsigned seconds;
    int64_t deadline; /* milliseconds of the monotonic clock */
    pid_t pid;
    int in, out; /* our ends of the pipes; -1: closed */
    const char *input;
    size_t input_left;
    char *text;
    size_t length, room;
    const struct process_watch *watch; /* NULL: all of the output is kept */
};

/* What the signals were before. */
struct signals {
    struct sigaction pipe, child;
};

static const char *const more_folders[] = { "/usr/sbin", "/usr/local/sbin" };

static bool is_program(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

static bool look_in(struct span folder, const char *name, char path[PATH_MAX])
{
    int length;

    if (!span_starts_with(folder, "/"))
        return false;
    length = snprintf(path, PATH_MAX, "%.*s/%s", (int)folder.length, folder.data, name);
    return length > 0 && length < PATH_MAX && is_program(path);
}

static bool find_program(const char *name, char path[PATH_MAX], struct why *why)
{
    const char *folder = getenv("PATH");

    if (strchr(name, '/') != NULL) {
        int length = snprintf(path, PATH_MAX, "%s", name);

        return (length > 0 && length < PATH_MAX) || why_fail(why, "too long a name ('%s')", name);
    }
    while (folder != NULL) {
        size_t length = strcspn(folder, ":");

        if (look_in((struct span){ folder, length }, name, path))
            return true;
        folder = folder[length] == ':' ? folder + length + 1 : NULL;
    }
    for (size_t i = 0; i < sizeof(more_folders) / sizeof(more_folders[0]); i++) {
        if (look_in(span_of(more_folders[i]), name, path))
            return true;
    }
    return why_fail(why, "no program '%s' in $PATH, /usr/sbin or /usr/local/sbin", name);
}

/* Ours with LC_ALL=C: an array for free(), its strings are not ours; NULL where memory ran out. */
static char **make_environment(void)
{
    static char locale[] = "LC_ALL=C";
    char **environment;
    size_t count = 0, kept = 0;

    while (environ != NULL && environ[count] != NULL)
        count++;
    environment = calloc(count + 2, sizeof(*environment));
    if (environment == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environ[i], "LC_ALL=", 7) != 0)
            environment[kept++] = environ[i];
    }
    environment[kept] = locale;
    return environment;
}

/* A program that ends before it has read all must not end us, and its status must not be thrown
 * away where our parent had us ignore SIGCHLD. */
static void signals_set(struct signals *before)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN }, normal = { .sa_handler = SIG_DFL };

    (void)sigaction(SIGPIPE, &ignore, &before->pipe);
    (void)sigaction(SIGCHLD, &normal, &before->child);
}

static void signals_restore(const struct signals *before)
{
    (void)sigaction(SIGPIPE, &before->pipe, NULL);
    (void)sigaction(SIGCHLD, &before->child, NULL);
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* The child's descriptors. In this order no action overwrites a pipe that a later one needs, even
 * where our own 0, 1 or 2 were closed and a pipe took their place. */
static int plan_descriptors(posix_spawn_file_actions_t *actions, int in, int out, bool keeps_errors)
{
    int error;

    if (in >= 0)
        error = posix_spawn_file_actions_adddup2(actions, in, STDIN_FILENO);
    else
        error = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
    if (error == 0 && !keeps_errors)
        error = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    return error;
}

/* The child has SIGPIPE as programs expect it. */
static int plan_signals(posix_spawnattr_t *attributes)
{
    sigset_t normal;
    int error;

    (void)sigemptyset(&normal);
    (void)sigaddset(&normal, SIGPIPE);
    error = posix_spawnattr_setsigdefault(attributes, &normal);
    if (error == 0)
        error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF);
    return error;
}

/* Returns 0 or an error number, as all of these functions do. */
static int spawn(struct run *run, const char *path, char *const argv[], int in, int out)
{
    char **environment = make_environment();
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error;

    if (environment == NULL)
        return ENOMEM;
    error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        error = posix_spawnattr_init(&attributes);
        if (error == 0) {
            error = plan_descriptors(&actions, in, out, run->watch != NULL);
            if (error == 0)
                error = plan_signals(&attributes);
            if (error == 0)
                error = posix_spawn(&run->pid, path, &actions, &attributes, argv, environment);
            (void)posix_spawnattr_destroy(&attributes);
        }
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    free(environment);
    return error;
}

/* A pipe that no other program inherits, its ends in the order of pipe(2). */
static bool make_pipe(int *reads, int *writes)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    *reads = ends[0];
    *writes = ends[1];
    return true;
}

static bool start(struct run *run, char *const argv[], struct why *why)
{
    char path[PATH_MAX];
    int in = -1, out = -1, error = 0;

    if (!find_program(argv[0], path, why))
        return false;
    if ((run->input != NULL && !make_pipe(&in, &run->in)) || !make_pipe(&run->out, &out))
        error = errno;
    /* Ours alone: writing waits for nobody. */
    if (error == 0 && run->in >= 0 && fcntl(run->in, F_SETFL, O_NONBLOCK) != 0)
        error = errno;
    if (error == 0)
        error = spawn(run, path, argv, in, out);
    close_end(&in);
    close_end(&out);
    return error == 0 || why_fail(why, "cannot run '%s': %s", path, strerror(error));
}

static int64_t now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Milliseconds until the deadline, for poll(2); 0: it has passed. */
static int time_left(const struct run *run)
{
    int64_t left = run->deadline - now();

    if (left <= 0)
        return 0;
    return left < INT_MAX ? (int)left : INT_MAX;
}

/* The same for one turn, which is short where somebody watches. */
static int turn_left(const struct run *run)
{
    int left = time_left(run);

    return run->watch != NULL && left > TICK_MS ? TICK_MS : left;
}

static bool too_slow(const struct run *run, struct why *why)
{
    if (run->watch != NULL)
        return why_fail(why, "'%s' has been silent for %u s", run->name, run->seconds);
    return why_fail(why, "'%s' did not end within %u s", run->name, run->seconds);
}

/* One piece of the input. A program that closes its stdin does not want the rest. */
static void write_some(struct run *run)
{
    ssize_t written = 0;

    if (run->input_left > 0)
        written = write(run->in, run->input, run->input_left);
    if (written < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (written > 0) {
        run->input += written;
        run->input_left -= (size_t)written;
    }
    if (written < 0 || run->input_left == 0)
        close_end(&run->in);
}

static bool grow(struct run *run)
{
    size_t room = run->room != 0 ? 2 * run->room : 65536;
    char *text;

    if (run->room - run->length > 1) /* one is for the NUL */
        return true;
    text = realloc(run->text, room);
    if (text == NULL)
        return false;
    run->text = text;
    run->room = room;
    return true;
}

/* Gives away the lines that are complete, and the last one where no more is to come. */
static void give_lines(struct run *run)
{
    char *start = run->text, *feed;

    while ((feed = memchr(start, '\n', run->length - (size_t)(start - run->text))) != NULL) {
        run->watch->line(run->watch->data, start, (size_t)(feed - start));
        start = feed + 1;
        run->deadline = now() + (int64_t)run->seconds * 1000;
    }
    run->length -= (size_t)(start - run->text);
    memmove(run->text, start, run->length);
    if (run->out < 0 && run->length > 0)
        run->watch->line(run->watch->data, run->text, run->length);
}

/* One piece of the output; closes our end behind the last one. */
static bool read_some(struct run *run, struct why *why)
{
    ssize_t got;

    if (!grow(run))
        return why_fail(why, "out of memory");
    got = read(run->out, run->text + run->length, run->room - run->length - 1);
    if (got < 0 && errno != EINTR)
        return why_fail(why, "cannot read what '%s' says: %s", run->name, strerror(errno));
    if (got == 0)
        close_end(&run->out);
    if (got > 0)
        run->length += (size_t)got;
    if (run->length > OUTPUT_MOST)
        return why_fail(why, "'%s' says more than %zu MB", run->name, OUTPUT_MOST >> 20);
    run->text[run->length] = '\0';
    if (run->watch != NULL)
        give_lines(run);
    return true;
}

/* Until the program has said all that it has to say, and has all that it wants to hear. */
static bool exchange(struct run *run, struct why *why)
{
    while (run->out >= 0 || run->in >= 0) {
        /* poll(2) passes over a descriptor of -1 */
        struct pollfd ends[] = { { .fd = run->out, .events = POLLIN },
                                 { .fd = run->in, .events = POLLOUT } };
        int wait = turn_left(run);
        int ready = wait > 0 ? poll(ends, 2, wait) : 0;

        if (ready == 0 && time_left(run) == 0)
            return too_slow(run, why);
        if (ready < 0 && errno != EINTR)
            return why_fail(why, "cannot wait for '%s': %s", run->name, strerror(errno));
        if (run->watch != NULL && run->watch->tick != NULL)
            run->watch->tick(run->watch->data);
        if (ready <= 0)
            continue;
        if (ends[1].revents != 0)
            write_some(run);
        if (ends[0].revents != 0 && !read_some(run, why))
            return false;
    }
    return true;
}

static int status_of(int wait_status)
{
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

static bool wait_for_end(struct run *run, int *status, struct why *why)
{
    int wait_status;

    for (int nap = 1;; nap = nap < NAP_MOST ? 2 * nap : NAP_MOST) {
        pid_t ended = waitpid(run->pid, &wait_status, WNOHANG);

        if (ended == run->pid)
            break;
        if (ended < 0 && errno != EINTR)
            return why_fail(why, "cannot wait for '%s': %s", run->name, strerror(errno));
        if (time_left(run) == 0)
            return too_slow(run, why);
        (void)poll(NULL, 0, nap < time_left(run) ? nap : time_left(run));
    }
    run->pid = -1;
    *status = status_of(wait_status);
    return true;
}

/* Ends a program that still runs. */
static void end(struct run *run)
{
    close_end(&run->in);
    close_end(&run->out);
    if (run->pid <= 0)
        return;
    (void)kill(run->pid, SIGKILL);
    while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    run->pid = -1;
}

/* `run->text` is the caller's to free() in any case. */
static bool run_to_end(struct run *run, char *const argv[], const char *input, unsigned seconds,
                       int *status, struct why *why)
{
    struct signals before;
    bool good;

    run->name = argv[0];
    run->seconds = seconds;
    run->deadline = now() + (int64_t)seconds * 1000;
    run->pid = run->in = run->out = -1;
    run->input = input;
    run->input_left = input != NULL ? strlen(input) : 0;
    *status = 0;
    signals_set(&before);
    good = start(run, argv, why) && exchange(run, why) && wait_for_end(run, status, why);
    end(run);
    signals_restore(&before);
    return good;
}

bool process_watch(char *const argv[], const char *input, unsigned seconds,
                   const struct process_watch *watch, int *status, struct why *why)
{
    struct run run = { .watch = watch };
    bool good = run_to_end(&run, argv, input, seconds, status, why);

    free(run.text);
    return good;
}

bool process_read(char *const argv[], const char *input, unsigned seconds,
                  struct process_output *output, struct why *why)
{
    struct run run = { .text = NULL };
    int status;
    bool good = run_to_end(&run, argv, input, seconds, &status, why);

    *output = (struct process_output){ .text = NULL };
    if (good)
        *output =
            (struct process_output){ .text = run.text, .length = run.length, .status = status };
    else
        free(run.text);
    return good;
}
