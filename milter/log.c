/* SPDX-License-Identifier: ISC */
/*
 * log: see log.h. The queue is a ring of fixed cells; whenever it is empty it begins at its first
 * cell again, so that a daemon whose log is read touches a few of its pages only; what a flood has
 * touched is given back. After it has written, the writer rests before it waits for more, so that
 * under load it is woken a thousand times a second at most and not for each line, which costs more
 * than what is decided.
 *
 * The writer alone calls syslog(3) and write(2), without our lock. Where one of them does not
 * come back, log_stop() leaves the writer behind: it owns nothing but its own stack and these
 * cells, and the process is about to end.
 */
#include "milter/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "milter/clock.h"
#include "milter/threads.h"

#define LOG_NAME "forcetls-milter"
#define QUEUE_LINES 4096
#define LINE_SIZE 1001    /* 1000 bytes and the NUL */
#define REPORT_SECONDS 10 /* a queue that is never empty tells its losses this often */
#define REST_MILLISECONDS 1
#define KEPT_LINES 512 /* of these an empty queue keeps the memory */

/* 1024 bytes where pointers have 8: so KEPT_LINES of them end where a page does. */
struct entry {
    int priority;
    time_t when;
    char text[LINE_SIZE];
};

enum state {
    STATE_DIRECT, /* no writer yet: the caller writes */
    STATE_QUEUED, /* the writer runs */
    STATE_STOPPED /* nobody writes any more */
};

/* Set by log_open() and log_verbose() while there is one thread only. */
static bool to_stderr = true;
static bool to_syslog;
static bool verbose;

static pthread_t writer; /* set by log_start(), read by log_stop(): main's */

/* The writer's. */
static unsigned long stderr_lost; /* lines that stderr did not take, since it was told */
static bool stderr_torn;          /* its last line was cut off */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;   /* something is queued, or stop */
static pthread_cond_t done;                              /* the writer has ended; monotonic clock */
static enum state state = STATE_DIRECT;
static struct entry *queue; /* QUEUE_LINES of them; never freed once the writer runs */
static size_t first, count;
static size_t touched; /* cells that have memory: at most so many, from the first one on */
static unsigned long dropped, dropped_ever; /* since the last report; since the start */
static bool waiting;                        /* the writer does, for `work`, and was not woken yet */
static bool stopping, ended;

/* Whether stderr is the journal (systemd.exec(5), $JOURNAL_STREAM): then what goes to syslog is
 * there already. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char ours[64];
    struct stat status;

    if (stream == NULL || fstat(STDERR_FILENO, &status) != 0)
        return false;
    (void)snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)status.st_dev,
                   (uintmax_t)status.st_ino);
    return strcmp(stream, ours) == 0;
}

void log_open(bool stderr_too, bool syslog_too)
{
    to_stderr = stderr_too && !(syslog_too && stderr_is_journal());
    to_syslog = syslog_too;
    if (to_syslog)
        openlog(LOG_NAME, LOG_PID, LOG_MAIL);
}

void log_verbose(bool on)
{
    verbose = on;
}

bool log_wants(int priority)
{
    return priority != LOG_DEBUG || verbose;
}

/* write(2) until all of it is out, or an error; how much is out. */
static size_t write_all(int fd, const char *data, size_t length)
{
    size_t out = 0;

    while (out < length) {
        ssize_t written = write(fd, data + out, length - out);

        if (written <= 0)
            break;
        out += (size_t)written;
    }
    return out;
}

/* As syslogd would write it, but for the host's name: "Nov 24 22:51:43 forcetls-milter[123]: ".
 * The writer's, so that a maillog and what -f shows can be merged. False: not all of it was taken;
 * then the next one begins with the end of this one. */
static bool write_stderr_line(const struct entry *entry)
{
    char line[LINE_SIZE + 80];
    struct tm tm;
    size_t length = 0, out;
    int more;

    if (stderr_torn)
        line[length++] = '\n';
    if (localtime_r(&entry->when, &tm) != NULL)
        length += strftime(line + length, 32, "%b %e %H:%M:%S ", &tm);
    more = snprintf(line + length, sizeof(line) - length, LOG_NAME "[%ld]: %s\n", (long)getpid(),
                    entry->text);
    if (more <= 0)
        return false;
    length += (size_t)more;
    out = write_all(STDERR_FILENO, line, length);
    if (out > 0)
        stderr_torn = line[out - 1] != '\n';
    return out == length;
}

/* Where stderr takes lines again, as a disk does that was full, it is told first how many it did
 * not take. */
static void write_stderr(const struct entry *entry)
{
    struct entry report = { .priority = LOG_WARNING, .when = entry->when };

    if (stderr_lost > 0) {
        (void)snprintf(report.text, sizeof(report.text),
                       "%lu log lines were dropped: stderr did not take them", stderr_lost);
        if (!write_stderr_line(&report)) {
            stderr_lost++;
            return;
        }
        stderr_lost = 0;
    }
    if (!write_stderr_line(entry))
        stderr_lost++;
}

static void write_entry(const struct entry *entry)
{
    if (to_stderr)
        write_stderr(entry);
    if (to_syslog)
        syslog(entry->priority, "%s", entry->text);
}

/* Before there is a writer: a person reads it, who knows the time. */
static void write_direct(const struct entry *entry)
{
    char line[LINE_SIZE + 40];
    int length = snprintf(line, sizeof(line), LOG_NAME ": %s\n", entry->text);

    if (to_stderr && length > 0)
        (void)write_all(STDERR_FILENO, line, (size_t)length);
    if (to_syslog)
        syslog(entry->priority, "%s", entry->text);
}

/* The oldest line out of the queue. Call with the lock held and count > 0. */
static void take(struct entry *entry)
{
    const struct entry *oldest = &queue[first];

    entry->priority = oldest->priority;
    entry->when = oldest->when;
    memcpy(entry->text, oldest->text, strlen(oldest->text) + 1);
    first = (first + 1) % QUEUE_LINES;
    if (--count == 0)
        first = 0;
}

/* The line about lost lines, if it is time for it. Call with the lock held. */
static bool take_report(struct entry *entry, time_t *last)
{
    time_t now = time(NULL);

    if (dropped == 0 || (count > 0 && now - *last < REPORT_SECONDS && now >= *last))
        return false;
    *last = now;
    entry->priority = LOG_WARNING;
    entry->when = now;
    (void)snprintf(entry->text, sizeof(entry->text), "%lu log lines were dropped: %s does not read",
                   dropped,
                   to_stderr && to_syslog ? "syslog or stderr"
                   : to_stderr            ? "stderr"
                                          : "syslog");
    dropped = 0;
    return true;
}

/* Call with the lock held and an empty queue. Where madvise() refuses, nothing is lost. */
static void give_back(void)
{
    if (touched <= KEPT_LINES)
        return;
    (void)madvise(queue + KEPT_LINES, (QUEUE_LINES - KEPT_LINES) * sizeof(*queue), MADV_DONTNEED);
    touched = KEPT_LINES;
}

/* Until something is queued, or stop. Call with the lock held. */
static void rest_and_wait(void)
{
    static const struct timespec rest = { 0, REST_MILLISECONDS * 1000L * 1000L };

    give_back();
    pthread_mutex_unlock(&lock);
    (void)nanosleep(&rest, NULL);
    pthread_mutex_lock(&lock);
    while (count == 0 && dropped == 0 && !stopping) {
        waiting = true;
        pthread_cond_wait(&work, &lock);
    }
}

static void *write_lines(void *unused)
{
    struct entry entry;
    time_t last_report = time(NULL);

    (void)unused;
    pthread_mutex_lock(&lock);
    for (;;) {
        if (count == 0 && dropped == 0) {
            if (stopping)
                break;
            rest_and_wait();
            continue;
        }
        if (!take_report(&entry, &last_report))
            take(&entry);
        pthread_mutex_unlock(&lock);
        write_entry(&entry);
        pthread_mutex_lock(&lock);
    }
    ended = true;
    pthread_cond_signal(&done);
    pthread_mutex_unlock(&lock);
    return NULL;
}

bool log_start(void)
{
    queue = aligned_alloc((size_t)sysconf(_SC_PAGESIZE), QUEUE_LINES * sizeof(*queue));
    if (queue == NULL || !condition_init_monotonic(&done) ||
        !thread_start(&writer, write_lines, NULL)) {
        free(queue);
        queue = NULL;
        return false;
    }
    pthread_mutex_lock(&lock);
    state = STATE_QUEUED;
    pthread_mutex_unlock(&lock);
    return true;
}

void log_stop(int milliseconds)
{
    struct timespec until = monotonic_after(milliseconds);
    bool all_written;

    pthread_mutex_lock(&lock);
    if (state != STATE_QUEUED) {
        state = STATE_STOPPED;
        pthread_mutex_unlock(&lock);
        return;
    }
    state = STATE_STOPPED;
    stopping = true;
    pthread_cond_signal(&work);
    while (!ended && pthread_cond_timedwait(&done, &lock, &until) == 0)
        continue;
    all_written = ended;
    pthread_mutex_unlock(&lock);
    if (all_written)
        (void)pthread_join(writer, NULL);
}

/* Copies one line: cut to fit, nothing in it but printable ASCII. */
static void copy_text(char to[LINE_SIZE], const char *text)
{
    size_t i;

    for (i = 0; i < LINE_SIZE - 1 && text[i] != '\0'; i++)
        to[i] = (char)(text[i] >= 0x20 && text[i] <= 0x7e ? text[i] : '?');
    to[i] = '\0';
}

/* Call with the lock held. */
static void enqueue(int priority, const char *text)
{
    size_t cell = (first + count) % QUEUE_LINES;
    struct entry *entry = &queue[cell];

    if (count == QUEUE_LINES) {
        dropped++;
        dropped_ever++;
        return;
    }
    if (cell >= touched)
        touched = cell + 1;
    entry->priority = priority;
    entry->when = time(NULL);
    copy_text(entry->text, text);
    count++;
    if (waiting) {
        waiting = false;
        pthread_cond_signal(&work);
    }
}

unsigned long log_dropped(void)
{
    unsigned long found;

    pthread_mutex_lock(&lock);
    found = dropped_ever;
    pthread_mutex_unlock(&lock);
    return found;
}

void log_line(int priority, const char *text)
{
    struct entry entry;
    bool direct;

    if (!log_wants(priority))
        return;
    pthread_mutex_lock(&lock);
    direct = state == STATE_DIRECT;
    if (state == STATE_QUEUED)
        enqueue(priority, text);
    pthread_mutex_unlock(&lock);
    if (direct) {
        entry.priority = priority;
        copy_text(entry.text, text);
        write_direct(&entry);
    }
}

void log_printf(int priority, const char *format, ...)
{
    char text[LINE_SIZE];
    va_list arguments;

    if (!log_wants(priority))
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    log_line(priority, text);
}
