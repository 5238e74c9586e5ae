/* SPDX-License-Identifier: ISC */
/*
 * What the table gives under its lock is copied, and told later.
 */
#include "config.h"

#include "milter/status_hops.h"

#include <stdlib.h>
#include <string.h>

#include "milter/clock.h"
#include "policy/escape.h"

#define NAME_MOST 300

struct view {
    char hop[NEXT_HOP_TEXT_SIZE];
    bool pinned, under_way, lost;
    struct hop_record *record; /* held; NULL: nothing is known */
    int64_t due_ms, used_ms;
};

struct status_hops {
    struct hops *hops;
    const struct probe_settings *settings;
    int64_t now_ms;
    size_t position; /* in the table */
    bool is_over, failed;
    struct view *views; /* of the last look into it */
    size_t count, room, told;
};

struct status_hops *status_hops_new(struct hops *hops, const struct probe_settings *settings)
{
    struct status_hops *rows = calloc(1, sizeof(*rows));

    if (rows == NULL)
        return NULL;
    rows->hops = hops;
    rows->settings = settings;
    rows->now_ms = monotonic_ms();
    rows->is_over = hops == NULL;
    return rows;
}

static void let_go(struct status_hops *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        hop_record_put(rows->views[i].record);
    rows->count = rows->told = 0;
}

void status_hops_free(struct status_hops *rows)
{
    if (rows == NULL)
        return;
    let_go(rows);
    free(rows->views);
    free(rows);
}

/* ---- the table ------------------------------------------------------------------------------- */

static bool make_room(struct status_hops *rows)
{
    size_t room = rows->room != 0 ? 2 * rows->room : 256;
    struct view *grown;

    if (rows->count < rows->room)
        return true;
    grown = realloc(rows->views, room * sizeof(*grown));
    if (grown == NULL)
        return false;
    rows->views = grown;
    rows->room = room;
    return true;
}

static void on_view(void *data, const struct hop_view *view)
{
    struct status_hops *rows = data;
    struct view *copy;

    if (!make_room(rows)) {
        rows->failed = true;
        return;
    }
    copy = &rows->views[rows->count++];
    *copy = (struct view){ .pinned = view->pinned,
                           .under_way = view->under_way,
                           .lost = view->lost,
                           .due_ms = view->due_ms,
                           .used_ms = view->used_ms };
    memcpy(copy->hop, view->hop, strlen(view->hop) + 1);
    if (view->record != NULL)
        copy->record = hop_record_get(view->record);
}

/* Looks into the table until there is something to tell. False: there is nothing more. */
static bool look(struct status_hops *rows)
{
    const struct hops_question question = { .settings = rows->settings, .now_ms = rows->now_ms };

    if (rows->told < rows->count)
        return true;
    let_go(rows);
    while (!rows->is_over && rows->count == 0)
        rows->is_over = !hops_visit(rows->hops, &rows->position, &question, on_view, rows);
    return rows->count > 0;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static json_t *append(json_t *array, json_t *item)
{
    if (array != NULL && json_array_append_new(array, item) == 0)
        return array;
    if (array == NULL)
        json_decref(item);
    else
        json_decref(array);
    return NULL;
}

static json_t *host_json(const struct hop_host *host)
{
    char name[NAME_MOST + 1];
    json_t *states = json_array();
    struct line line;

    line_init(&line, name, sizeof(name));
    line_add_quoted(&line, host->name, NAME_MOST);
    for (size_t i = 0; i < host->address_count; i++)
        states = append(states, json_string(hop_state_word(host->addresses[i].state)));
    return json_pack("{s:s, s:i, s:b, s:s, s:o}", "name", name, "preference", host->preference,
                     "self", (int)host->self, "lookup", lookup_word(host->lookup), "states",
                     states);
}

static json_t *hosts_json(const struct hop_facts *facts)
{
    json_t *hosts = json_array();

    for (size_t i = 0; i < facts->host_count; i++)
        hosts = append(hosts, host_json(&facts->hosts[i]));
    return hosts;
}

/* What is known, or null. */
static json_t *found_json(const struct status_hops *rows, const struct hop_record *record)
{
    if (record == NULL)
        return json_null();
    return json_pack("{s:I, s:I, s:s, s:s, s:o}", "age",
                     (json_int_t)((rows->now_ms - record->probed_ms) / 1000), "same_for",
                     (json_int_t)((record->probed_ms - record->since_ms) / 1000), "mx",
                     lookup_word(record->facts->lookup), "dnssec",
                     dnssec_word(record->facts->dnssec), "hosts", hosts_json(record->facts));
}

static json_t *seconds_until(const struct status_hops *rows, int64_t ms)
{
    if (ms == INT64_MAX)
        return json_null();
    return json_integer(ms > rows->now_ms ? (ms - rows->now_ms) / 1000 : 0);
}

static json_t *view_json(const struct status_hops *rows, const struct view *view)
{
    json_t *used =
        view->used_ms != 0 ? json_integer((rows->now_ms - view->used_ms) / 1000) : json_null();

    return json_pack("{s:s, s:b, s:b, s:b, s:o, s:o, s:o}", "hop", view->hop, "pinned",
                     (int)view->pinned, "under_way", (int)view->under_way, "lost", (int)view->lost,
                     "found", found_json(rows, view->record), "next",
                     seconds_until(rows, view->due_ms), "used", used);
}

bool status_hops_next(struct status_hops *rows, json_t **row)
{
    if (!look(rows) && !rows->failed)
        return false;
    *row = rows->failed ? NULL : view_json(rows, &rows->views[rows->told++]);
    return true;
}
