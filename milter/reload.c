/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/reload.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "milter/anchors.h"
#include "milter/clock.h"
#include "milter/log.h"
#include "milter/notify.h"
#include "milter/snapshot.h"
#include "milter/threads.h"
#include "policy/conf/conf.h"
#include "policy/summary.h"

#define SWEEP_MS 15000

/* The settings that count at a start only, each a copy; NULL: not set, or not to be compared. */
static const struct fixed_row {
    const char *key;
    size_t offset; /* of a char * in struct settings */
    unsigned overridden_by;
} fixed[] = {
    { "milter_socket", offsetof(struct settings, milter_socket), OVERRIDDEN_SOCKET },
    { "smtpd_policy_socket", offsetof(struct settings, smtpd_policy_socket), 0 },
    { "tls_policy_socket", offsetof(struct settings, tls_policy_socket), 0 },
    { "control_socket", offsetof(struct settings, control_socket), 0 },
    { "socket_group", offsetof(struct settings, socket_group), 0 },
    { "user", offsetof(struct settings, user), OVERRIDDEN_USER },
};

#define FIXED (sizeof(fixed) / sizeof(fixed[0]))

struct reload {
    const char *file;
    struct {
        bool compare;
        char *value;
    } started_with[FIXED];
    unsigned socket_mode;
    const char *anchors_folder; /* NULL: none */
    bool serves_map;            /* there was tls_policy_socket at the start */
    int64_t sweep_ms;           /* when files of old rules can go; 0: there are none */
    pthread_t thread;
    atomic_bool stopping;
};

/* ---- words --------------------------------------------------------------------------------- */

void reload_describe(const char *file, const struct rules *rules, char *text, size_t size)
{
    struct line line;

    line_init(&line, text, size);
    summary_add(&line, file, rules, (int64_t)time(NULL));
}

void reload_log_limits(const struct rules *rules)
{
    struct summary_note note;
    size_t position = 0;

    while (summary_note_next(rules, &position, &note))
        log_line(note.warning ? LOG_WARNING : LOG_NOTICE, note.text);
}

static int priority_of(enum severity severity)
{
    switch (severity) {
    case SEVERITY_ERROR:
        return LOG_ERR;
    case SEVERITY_WARNING:
        return LOG_WARNING;
    case SEVERITY_NOTE:
        break;
    }
    return LOG_NOTICE;
}

static void log_diagnostics(const struct diagnostics *diagnostics)
{
    char line[1001];

    for (size_t i = 0; i < diagnostics->count; i++) {
        diagnostic_format(&diagnostics->items[i], line, sizeof(line));
        log_line(priority_of(diagnostics->items[i].severity), line);
    }
}

/* ---- what only a start can change ----------------------------------------------------------- */

static const char *fixed_value(const struct settings *settings, size_t row)
{
    const char *value;

    memcpy(&value, (const char *)settings + fixed[row].offset, sizeof(value));
    return value;
}

/* False: no memory. */
static bool remember(struct reload *reload, const struct settings *settings, unsigned overridden)
{
    reload->socket_mode = settings->socket_mode;
    for (size_t i = 0; i < FIXED; i++) {
        const char *value = fixed_value(settings, i);

        reload->started_with[i].compare = (fixed[i].overridden_by & overridden) == 0;
        reload->started_with[i].value = value != NULL ? strdup(value) : NULL;
        if (value != NULL && reload->started_with[i].value == NULL)
            return false;
    }
    return true;
}

static bool differs(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

static void compare(const struct reload *reload, const struct settings *now)
{
    static const char text[] = "%s has changed in the file: that takes a restart";

    for (size_t i = 0; i < FIXED; i++) {
        if (reload->started_with[i].compare &&
            differs(reload->started_with[i].value, fixed_value(now, i)))
            log_printf(LOG_WARNING, text, fixed[i].key);
    }
    if (reload->socket_mode != now->socket_mode)
        log_printf(LOG_WARNING, text, "socket_mode");
}

/* A map that is first named now is served after a restart only: until then it must not count, or
 * mail to partners would be accepted with nothing to hold its delivery. */
static void drop_unserved_map(const struct reload *reload, struct settings *now)
{
    if (reload->serves_map || now->tls_policy_socket == NULL)
        return;
    log_printf(LOG_WARNING, "tls_policy_socket is not served before a restart: until then unknown "
                            "= \"accept\" is as \"defer\"");
    free(now->tls_policy_socket);
    now->tls_policy_socket = NULL;
}

/* ---- the thread ---------------------------------------------------------------------------- */

/* Postfix may just have been told a file of the rules before. */
static void plan_sweep(struct reload *reload)
{
    if (reload->anchors_folder != NULL)
        reload->sweep_ms = monotonic_ms() + SWEEP_MS;
}

/* Writes the files that the new rules need. False: no memory. */
static bool write_anchors(const struct reload *reload, const struct rules *rules,
                          struct anchors **anchors)
{
    *anchors = NULL;
    if (reload->anchors_folder == NULL)
        return true;
    *anchors = anchors_write(rules, reload->anchors_folder, (int64_t)time(NULL));
    return *anchors != NULL;
}

static void no_memory(struct rules *rules)
{
    rules_free(rules);
    log_printf(LOG_ERR, "no memory for new rules: the old ones stay in force");
}

static void install(struct reload *reload, struct rules *rules)
{
    struct anchors *anchors;
    char what[512];

    reload_describe(reload->file, rules, what, sizeof(what));
    compare(reload, &rules->settings);
    drop_unserved_map(reload, &rules->settings);
    reload_log_limits(rules);
    if (!write_anchors(reload, rules, &anchors)) {
        no_memory(rules);
        return;
    }
    if (!snapshot_install_with(rules, anchors)) {
        no_memory(NULL);
        return;
    }
    plan_sweep(reload);
    log_printf(LOG_NOTICE, "reloaded %s", what);
    notify("STATUS=%s\n", what);
}

static void read_again(struct reload *reload)
{
    struct diagnostics diagnostics = { .count = 0 };
    struct rules *rules;

    notify("RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\n", monotonic_ms() * 1000);
    rules = conf_read(reload->file, (int64_t)time(NULL), &diagnostics);
    log_diagnostics(&diagnostics);
    if (rules != NULL) {
        install(reload, rules);
    } else {
        snapshot_set_failure((int64_t)time(NULL));
        log_printf(LOG_ERR, "%s has %zu error%s: the old rules stay in force", reload->file,
                   diagnostics.errors, diagnostics.errors == 1 ? "" : "s");
        notify("STATUS=%s has errors: the old rules stay in force\n", reload->file);
    }
    diagnostics_release(&diagnostics);
    notify("READY=1\n");
}

/* Removes the files that only rules of the past have named. False: it is to be done later. */
static bool sweep(struct reload *reload, bool some_are_held)
{
    struct snapshot *now;

    if (reload->sweep_ms == 0)
        return true;
    if (some_are_held || monotonic_ms() < reload->sweep_ms)
        return false;
    now = snapshot_get();
    if (now != NULL && snapshot_anchors(now) != NULL)
        anchors_sweep(snapshot_anchors(now), reload->anchors_folder);
    snapshot_put(now);
    reload->sweep_ms = 0;
    return true;
}

/* Waits for SIGUSR1; with a limit of one second where something is to be done later. False: only
 * the time is up. */
static bool wait_for_signal(bool come_back)
{
    const struct timespec second = { .tv_sec = 1 };
    sigset_t usr1;
    int result;

    (void)sigemptyset(&usr1);
    (void)sigaddset(&usr1, SIGUSR1);
    do {
        result = come_back ? sigtimedwait(&usr1, NULL, &second) : sigwaitinfo(&usr1, NULL);
    } while (result < 0 && errno == EINTR);
    return result == SIGUSR1;
}

static void *wait_and_read(void *data)
{
    struct reload *reload = data;

    for (;;) {
        bool some_are_held = snapshot_collect();
        bool swept = sweep(reload, some_are_held);
        bool asked = wait_for_signal(some_are_held || !swept);

        if (atomic_load(&reload->stopping))
            return NULL;
        if (asked)
            read_again(reload);
    }
}

static void reload_free(struct reload *reload)
{
    for (size_t i = 0; i < FIXED; i++)
        free(reload->started_with[i].value);
    free(reload);
}

struct reload *reload_start(const char *file, const struct settings *started_with,
                            unsigned overridden, const char *anchors_folder)
{
    struct reload *reload = calloc(1, sizeof(*reload));

    if (reload == NULL)
        return NULL;
    reload->file = file;
    reload->anchors_folder = anchors_folder;
    reload->serves_map = started_with->tls_policy_socket != NULL;
    plan_sweep(reload);
    if (!remember(reload, started_with, overridden) ||
        !thread_start(&reload->thread, wait_and_read, reload)) {
        reload_free(reload);
        return NULL;
    }
    return reload;
}

void reload_request(void)
{
    /* Not pthread_kill(3): glibc's blocks all signals of the caller for a moment, which the main
     * thread must never do (see main.c). */
    (void)kill(getpid(), SIGUSR1);
}

bool reload_stop(struct reload *reload, int milliseconds)
{
    atomic_store(&reload->stopping, true);
    reload_request();
    if (!thread_join_within(reload->thread, milliseconds))
        return false;
    reload_free(reload);
    return true;
}
