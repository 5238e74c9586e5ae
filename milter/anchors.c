/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/anchors.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "milter/log.h"
#include "policy/date.h"
#include "policy/tls_policy.h"
#include "policy/x509/trust_store.h"

#define PREFIX "ta-"
#define SUFFIX ".pem"
#define SUFFIX_NEW ".new" /* while it is being written */
#define NAME_SIZE (sizeof(PREFIX) + DIGEST_TEXT_SIZE + sizeof(SUFFIX))
#define ERRORS_MOST 10 /* lines about connectors */
#define STORES_MOST 8  /* in memory at a time */

/* From when until when a connector's file is which. */
struct period {
    const struct connector *connector;
    int64_t from, until;
    char file[NAME_SIZE]; /* empty: it cannot be had */
};

struct anchors {
    struct period *periods; /* by connector, then by time */
    size_t count, room;
};

/* ---- files ---------------------------------------------------------------------------------- */

static bool write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t count = write(fd, data, length);

        if (count < 0 && errno != EINTR)
            return false;
        if (count > 0) {
            data += count;
            length -= (size_t)count;
        }
    }
    return true;
}

/* Whether the file is there and has exactly these bytes. */
static bool is_written(int folder, const char *name, const struct trust_pem *pem)
{
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    char *copy = NULL;
    bool same = false;

    if (fd < 0)
        return false;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
        status.st_size == (off_t)pem->length && (status.st_mode & 0777) == 0644)
        copy = malloc(pem->length);
    if (copy != NULL)
        same = read(fd, copy, pem->length) == (ssize_t)pem->length &&
               memcmp(copy, pem->text, pem->length) == 0;
    free(copy);
    (void)close(fd);
    return same;
}

/* A file that is complete whenever it can be seen under its name. */
static bool write_file(int folder, const char *name, const struct trust_pem *pem)
{
    char new_name[NAME_SIZE];
    bool written;
    int error, fd;

    if (is_written(folder, name, pem))
        return true;
    (void)snprintf(new_name, sizeof(new_name), "%.*s" SUFFIX_NEW,
                   (int)(strlen(name) - strlen(SUFFIX)), name);
    (void)unlinkat(folder, new_name, 0); /* of one that was killed */
    fd = openat(folder, new_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return false;
    written = write_all(fd, pem->text, pem->length) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
    error = errno;
    if (close(fd) != 0 && written) {
        written = false;
        error = errno;
    }
    if (written && renameat(folder, new_name, folder, name) == 0)
        return true;
    if (written)
        error = errno;
    (void)unlinkat(folder, new_name, 0);
    errno = error;
    return false;
}

/* ---- trust stores --------------------------------------------------------------------------- */

struct store {
    const char *path; /* the rules'; "" is OpenSSL's own */
    struct trust_store *certificates;
    struct why why; /* where there are none */
};

/* What is needed while files are written. */
struct writer {
    const struct rules *rules;
    struct anchors *anchors;
    int folder; /* -1: it cannot be opened, */
    int error;  /* and why */
    const char *folder_name;
    struct store stores[STORES_MOST];
    size_t store_count, next_store;
    size_t failed; /* connectors, in part at least */
};

/* Reads a store, or has it still. */
static const struct store *get_store(struct writer *writer, const char *path)
{
    struct store *store;

    for (size_t i = 0; i < writer->store_count; i++) {
        if (strcmp(writer->stores[i].path, path) == 0)
            return &writer->stores[i];
    }
    store = &writer->stores[writer->next_store];
    writer->next_store = (writer->next_store + 1) % STORES_MOST;
    if (writer->store_count < STORES_MOST)
        writer->store_count++;
    trust_store_free(store->certificates);
    store->path = path;
    store->certificates = trust_store_read(path[0] != '\0' ? path : NULL, &store->why);
    return store;
}

static void release_stores(struct writer *writer)
{
    for (size_t i = 0; i < writer->store_count; i++)
        trust_store_free(writer->stores[i].certificates);
}

/* ---- one connector -------------------------------------------------------------------------- */

static bool is_file_of_these_rules(const struct anchors *anchors, const char *name)
{
    for (size_t i = 0; i < anchors->count; i++) {
        if (strcmp(anchors->periods[i].file, name) == 0)
            return true;
    }
    return false;
}

static bool write_pem(struct writer *writer, const struct trust_pem *pem, char file[NAME_SIZE],
                      struct why *why)
{
    char digest[DIGEST_TEXT_SIZE], name[NAME_SIZE];

    digest_format(&pem->digest, digest);
    (void)snprintf(name, sizeof(name), PREFIX "%s" SUFFIX, digest);
    if (writer->folder < 0)
        return why_fail(why, "cannot open the folder '%s': %s", writer->folder_name,
                        strerror(writer->error));
    if (!is_file_of_these_rules(writer->anchors, name) && !write_file(writer->folder, name, pem))
        return why_fail(why, "cannot write the file '%s/%s' as the user %ld: %s",
                        writer->folder_name, name, (long)geteuid(), strerror(errno));
    memcpy(file, name, sizeof(name));
    return true;
}

/* The file for what counts at a moment. */
static bool write_anchors(struct writer *writer, const struct connector *connector, int64_t now,
                          char file[NAME_SIZE], struct why *why)
{
    const char *path = rules_trust_store(writer->rules, connector);
    const struct store *store = get_store(writer, path);
    const char *roots[TLS_POLICY_ROOTS_MOST];
    size_t count = tls_policy_roots(connector, now, roots, TLS_POLICY_ROOTS_MOST);
    struct trust_pem pem;
    bool written;

    if (store->certificates == NULL)
        return why_fail(why, "the trust store '%s': %s", path, store->why.text);
    if (!trust_store_pem(store->certificates, roots, count, &pem, why))
        return false;
    written = write_pem(writer, &pem, file, why);
    free(pem.text);
    return written;
}

static struct period *add_period(struct anchors *anchors)
{
    if (anchors->count == anchors->room) {
        size_t room = anchors->room != 0 ? 2 * anchors->room : 16;
        struct period *periods = realloc(anchors->periods, room * sizeof(*periods));

        if (periods == NULL)
            return NULL;
        anchors->periods = periods;
        anchors->room = room;
    }
    return &anchors->periods[anchors->count];
}

static bool is_needed(const struct rules *rules, const struct connector *connector, int64_t now)
{
    return connector->directions[DIRECTION_OUTBOUND] && !rules_monitor(rules, connector, now) &&
           tls_policy_needs_anchors(connector, now);
}

static void tell(struct writer *writer, const struct connector *connector, const struct why *why)
{
    if (++writer->failed <= ERRORS_MOST)
        log_printf(LOG_ERR,
                   "connector %s: mail to it waits, its trust anchors cannot be had (for "
                   "tls_policy_socket): %s",
                   connector->name, why->text);
}

/* From each moment at which something changes to the next one. False: no memory. */
static bool take_connector(struct writer *writer, const struct connector *connector, int64_t now)
{
    bool told = false;

    for (int64_t from = now, until; from != DATE_NEVER; from = until) {
        struct period *period;
        struct why why;

        until = connector_next_change(connector, from);
        if (!is_needed(writer->rules, connector, from))
            continue;
        period = add_period(writer->anchors);
        if (period == NULL)
            return false;
        *period = (struct period){ connector, from == now ? DATE_ALWAYS : from, until, "" };
        if (!write_anchors(writer, connector, from, period->file, &why) && !told) {
            tell(writer, connector, &why);
            told = true;
        }
        writer->anchors->count++;
    }
    return true;
}

/* ---- all of them ---------------------------------------------------------------------------- */

/* Its connector's place in memory, then time. */
static int compare_periods(const void *left, const void *right)
{
    const struct period *a = left, *b = right;

    if (a->connector != b->connector)
        return (uintptr_t)a->connector < (uintptr_t)b->connector ? -1 : 1;
    return (a->from > b->from) - (a->from < b->from);
}

static bool take_all(struct writer *writer, int64_t now)
{
    const struct connectors *connectors = writer->rules->connectors;
    size_t count = connectors_count(connectors);

    for (uint32_t i = 0; i < count; i++) {
        if (!take_connector(writer, connectors_get(connectors, i), now))
            return false;
    }
    return true;
}

struct anchors *anchors_write(const struct rules *rules, const char *folder, int64_t now)
{
    struct writer writer = { .rules = rules, .folder_name = folder };
    bool done;

    writer.anchors = calloc(1, sizeof(*writer.anchors));
    if (writer.anchors == NULL)
        return NULL;
    writer.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    writer.error = errno;
    done = take_all(&writer, now);
    release_stores(&writer);
    if (writer.folder >= 0)
        (void)close(writer.folder);
    if (writer.failed > ERRORS_MOST)
        log_printf(LOG_ERR, "the trust anchors of %zu connectors cannot be had", writer.failed);
    if (!done) {
        anchors_free(writer.anchors);
        return NULL;
    }
    if (writer.anchors->count > 0)
        qsort(writer.anchors->periods, writer.anchors->count, sizeof(struct period),
              compare_periods);
    return writer.anchors;
}

void anchors_free(struct anchors *anchors)
{
    if (anchors == NULL)
        return;
    free(anchors->periods);
    free(anchors);
}

const char *anchors_find(const struct anchors *anchors, const struct connector *connector,
                         int64_t now)
{
    size_t low = 0, high = anchors->count;

    /* Behind the last period of the connector that has begun. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct period *period = &anchors->periods[middle];

        if (period->connector == connector ? period->from <= now
                                           : (uintptr_t)period->connector < (uintptr_t)connector)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || anchors->periods[low - 1].connector != connector ||
        now >= anchors->periods[low - 1].until || anchors->periods[low - 1].file[0] == '\0')
        return NULL;
    return anchors->periods[low - 1].file;
}

/* ---- sweeping ------------------------------------------------------------------------------- */

/* Whether it is called as our files are, complete or not. */
static bool is_ours(const char *name)
{
    const char *digest = name + strlen(PREFIX), *end;

    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 ||
        strspn(digest, "0123456789abcdef") != DIGEST_TEXT_SIZE - 1)
        return false;
    end = digest + DIGEST_TEXT_SIZE - 1;
    return strcmp(end, SUFFIX) == 0 || strcmp(end, SUFFIX_NEW) == 0;
}

void anchors_sweep(const struct anchors *anchors, const char *folder)
{
    DIR *stream = opendir(folder);
    const struct dirent *entry;

    if (stream == NULL)
        return;
    while ((entry = readdir(stream)) != NULL) {
        if (is_ours(entry->d_name) && !is_file_of_these_rules(anchors, entry->d_name))
            (void)unlinkat(dirfd(stream), entry->d_name, 0);
    }
    (void)closedir(stream);
}

/* ---- how smtp(8) calls them ------------------------------------------------------------------ */

/* Folders that each queue directory of Postfix has, and no other one. */
static bool is_queue(const char *folder, size_t length)
{
    static const char *const names[] = { "active", "incoming", "maildrop" };
    char path[PATH_MAX];
    struct stat status;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int written = snprintf(path, sizeof(path), "%.*s/%s", (int)length, folder, names[i]);

        if (written < 0 || (size_t)written >= sizeof(path) || stat(path, &status) != 0 ||
            !S_ISDIR(status.st_mode))
            return false;
    }
    return true;
}

bool anchors_prefix(const char *folder, char *prefix, size_t size)
{
    size_t length = strlen(folder), start = 0;
    int written;

    /* The nearest folder above, or this one. */
    for (size_t end = length; start == 0 && end > 0; end--) {
        if ((folder[end] == '/' || folder[end] == '\0') && is_queue(folder, end))
            start = folder[end] == '/' ? end + 1 : end;
    }
    written = snprintf(prefix, size, "%s%s", folder + start, start < length ? "/" : "");
    return written >= 0 && (size_t)written < size;
}
