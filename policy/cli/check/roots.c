/* SPDX-License-Identifier: ISC */
/*
 * All questions are gathered, sorted by store and root, answered store by store, and sorted back:
 * ten thousand connectors with one root in one store are one store to read and one finding.
 */
#include "policy/cli/check/roots.h"

#include <stdlib.h>
#include <string.h>

#include "policy/escape.h"
#include "policy/x509/trust_store.h"

#define PATH_MOST 300
#define TYPE_SIZE 400
#define NAMES_SIZE 400
#define ROOT_MOST 120 /* bytes of a root's name in a finding */
#define NAMES_MOST 3  /* connectors that a finding names */

#define NO_ENTRY SIZE_MAX

/* ---- the questions -------------------------------------------------------------------------- */

const char *roots_store(const struct rules *rules, const struct connector *connector)
{
    return connector->trust_store != NULL ? connector->trust_store : rules->settings.trust_store;
}

/* Without rows it only counts. */
static void add_row(struct roots *roots, bool counts_only, const struct root_row *row)
{
    if (!counts_only)
        roots->rows[roots->count] = *row;
    roots->count++;
}

static void add_connector(struct roots *roots, bool counts_only, const struct rules *rules,
                          uint32_t index)
{
    const struct connector *connector = connectors_get(rules->connectors, index);
    struct root_row row = { .store = roots_store(rules, connector),
                            .connector = connector,
                            .index = index,
                            .entry = NO_ENTRY };

    if (!connector->directions[DIRECTION_OUTBOUND])
        return;
    if (connector->level == LEVEL_VERIFY || connector->level == LEVEL_SECURE)
        add_row(roots, counts_only, &row);
    for (size_t i = 0; connector->level >= LEVEL_SECURE && i < connector->certificate_count; i++) {
        row.root = connector->certificates[i].root;
        row.entry = i;
        if (row.root != NULL)
            add_row(roots, counts_only, &row);
    }
}

static bool gather(struct roots *roots, const struct rules *rules)
{
    size_t connectors = connectors_count(rules->connectors);

    for (uint32_t i = 0; i < connectors; i++)
        add_connector(roots, true, rules, i);
    roots->rows = calloc(roots->count + 1, sizeof(*roots->rows));
    roots->count = 0;
    for (uint32_t i = 0; roots->rows != NULL && i < connectors; i++)
        add_connector(roots, false, rules, i);
    return roots->rows != NULL;
}

/* ---- orders --------------------------------------------------------------------------------- */

static int compare_texts(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static int compare_places(const void *left, const void *right)
{
    const struct root_row *a = left, *b = right;
    int result = (a->index > b->index) - (a->index < b->index);

    return result != 0 ? result : (a->entry > b->entry) - (a->entry < b->entry);
}

static int compare_questions(const void *left, const void *right)
{
    const struct root_row *a = left, *b = right;
    int result = compare_texts(a->store, b->store);

    if (result == 0)
        result = compare_texts(a->root, b->root);
    return result != 0 ? result : compare_places(a, b);
}

static void sort(struct roots *roots, int (*compare)(const void *left, const void *right))
{
    if (roots->count > 1)
        qsort(roots->rows, roots->count, sizeof(*roots->rows), compare);
}

/* ---- findings ------------------------------------------------------------------------------- */

/* Some rows, one behind the other. */
struct group {
    struct root_row *rows;
    size_t count;
};

/* One store while its roots are looked for. */
struct store {
    const char *path;      /* NULL: OpenSSL's */
    char look[TYPE_SIZE];  /* the command that reads it, */
    char list[TYPE_SIZE];  /* one that lists whose certificates are in it, */
    char dates[TYPE_SIZE]; /* and one that lists until when they are good, too */
    int64_t now;
    struct findings *findings;
};

static const char *name_of(const struct store *store)
{
    return store->path != NULL ? store->path : ROOTS_DEFAULT_STORE;
}

/* A path is quoted for the shell; one with an apostrophe in it is left to the reader. */
static void set_command(char command[TYPE_SIZE], const char *options, const char *path,
                        const char *rest)
{
    struct line line;

    line_init(&line, command, TYPE_SIZE);
    line_add(&line, "openssl storeutl -r -noout %s-certs ", options);
    line_add_cited(&line, span_of(path), PATH_MOST);
    line_add(&line, "%s", rest);
}

static void store_init(struct store *store, const char *path, int64_t now,
                       struct findings *findings)
{
    *store = (struct store){ .path = path, .now = now, .findings = findings };
    if (path == NULL)
        path = trust_store_default_folder();
    set_command(store->look, "", path, "");
    set_command(store->list, "-text ", path, " 2>/dev/null | grep Subject: | sort -u");
    set_command(store->dates, "-text ", path,
                " 2>/dev/null | grep -E 'Not (Before|After)|Subject:'");
}

/* "contoso-out (entry 1), fabrikam-out (entry 2) and 12 more" */
static void add_names(struct line *line, const struct group *group)
{
    for (size_t i = 0; i < group->count && i < NAMES_MOST; i++) {
        line_add(line, "%s%s", i == 0 ? "" : ", ", group->rows[i].connector->name);
        if (group->rows[i].entry != NO_ENTRY)
            line_add(line, " (entry %zu)", group->rows[i].entry + 1);
    }
    if (group->count > NAMES_MOST)
        line_add(line, " and %zu more", group->count - NAMES_MOST);
}

/* Names each connector once, where its chain is verified: those rows come first. */
static void report_store(const struct store *store, const struct group *group, const char *word,
                         const char *problem)
{
    struct group connectors = { .rows = group->rows };
    char names[NAMES_SIZE];
    struct line line;

    while (connectors.count < group->count && group->rows[connectors.count].root == NULL)
        connectors.count++;
    line_init(&line, names, sizeof(names));
    add_names(&line, connectors.count > 0 ? &connectors : group);
    findings_add(store->findings, SEVERITY_WARNING, word, name_of(store), store->look,
                 "%s, so it vouches for no certificate: %s", problem, names);
}

/* How much it matters that a root is not there: that of the rows which matters most. */
static bool matters(const struct store *store, const struct group *group, enum severity *severity)
{
    bool found = false;

    *severity = SEVERITY_NOTE;
    for (size_t i = 0; i < group->count; i++) {
        const struct root_row *row = &group->rows[i];
        enum entry_state state =
            certificate_entry_state(&row->connector->certificates[row->entry], store->now);

        found = found || state != ENTRY_PAST;
        if (state == ENTRY_ACTIVE)
            *severity = SEVERITY_WARNING;
    }
    return found;
}

static void report_root(const struct store *store, const struct group *group, enum root_state state)
{
    char names[NAMES_SIZE];
    enum severity severity;
    struct line line;

    if (!matters(store, group, &severity))
        return;
    line_init(&line, names, sizeof(names));
    add_names(&line, group);
    if (state == ROOT_MISSING)
        findings_add(store->findings, severity, "root-missing", name_of(store), store->list,
                     "no certificate has the common name '%.*s', the root of %s", ROOT_MOST,
                     group->rows->root, names);
    else
        findings_add(store->findings, severity, "root-expired", name_of(store), store->dates,
                     "no certificate with the common name '%.*s' is within its dates, the root of "
                     "%s",
                     ROOT_MOST, group->rows->root, names);
}

/* ---- the answers ---------------------------------------------------------------------------- */

/* The rows at the beginning that are about the same as the first. */
static struct group first_group(const struct group *all, bool same_root)
{
    struct group group = { .rows = all->rows, .count = 1 };

    while (group.count < all->count) {
        const struct root_row *row = &all->rows[group.count];

        if (compare_texts(row->store, all->rows->store) != 0 ||
            (same_root && compare_texts(row->root, all->rows->root) != 0))
            break;
        group.count++;
    }
    return group;
}

static void set_state(struct group *group, enum root_state state)
{
    for (size_t i = 0; i < group->count; i++)
        group->rows[i].state = state;
}

static void answer_root(const struct store *store, const struct trust_store *anchors,
                        struct group *group)
{
    static const enum root_state states[] = { [ANCHOR_MISSING] = ROOT_MISSING,
                                              [ANCHOR_EXPIRED] = ROOT_EXPIRED,
                                              [ANCHOR_PRESENT] = ROOT_PRESENT };
    enum root_state state;

    if (group->rows->root == NULL) /* the store is there, that is all */
        return;
    state = states[trust_store_find(anchors, group->rows->root, store->now)];
    set_state(group, state);
    if (state != ROOT_PRESENT)
        report_root(store, group, state);
}

static void answer_store(const struct store *store, struct group *all)
{
    struct why why;
    struct trust_store *anchors = trust_store_read(store->path, &why);
    bool empty = anchors != NULL && trust_store_count(anchors) == 0;

    if (anchors == NULL || empty) {
        set_state(all, empty ? ROOT_MISSING : ROOT_UNKNOWN);
        report_store(store, all, empty ? "trust-store-empty" : "trust-store-unreadable",
                     empty ? "no certificate in it" : why.text);
    } else {
        struct group rest = *all;

        while (rest.count > 0) {
            struct group group = first_group(&rest, true);

            answer_root(store, anchors, &group);
            rest = (struct group){ rest.rows + group.count, rest.count - group.count };
        }
    }
    trust_store_free(anchors);
}

bool roots_check(struct roots *roots, const struct rules *rules, int64_t now,
                 struct findings *findings)
{
    struct group rest;
    struct store store;

    *roots = (struct roots){ .rows = NULL };
    if (!gather(roots, rules))
        return false;
    sort(roots, compare_questions);
    rest = (struct group){ roots->rows, roots->count };
    while (rest.count > 0) {
        struct group group = first_group(&rest, false);

        store_init(&store, group.rows->store, now, findings);
        answer_store(&store, &group);
        rest = (struct group){ rest.rows + group.count, rest.count - group.count };
    }
    sort(roots, compare_places);
    return true;
}

void roots_release(struct roots *roots)
{
    free(roots->rows);
    *roots = (struct roots){ .rows = NULL };
}

enum root_state roots_state(const struct roots *roots, uint32_t connector, size_t entry)
{
    struct root_row key = { .index = connector, .entry = entry };
    const struct root_row *row = roots->count > 0 ? bsearch(&key, roots->rows, roots->count,
                                                            sizeof(*roots->rows), compare_places)
                                                  : NULL;

    return row != NULL ? row->state : ROOT_NOT_ASKED;
}
