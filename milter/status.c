/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/status.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "milter/clock.h"
#include "milter/log.h"
#include "milter/snapshot.h"
#include "milter/status_hops.h"

#define ROWS_MOST 64 /* of a piece */

struct status {
    const struct status_source *source;
    struct snapshot *snapshot;
    const struct rules *rules;
    int64_t now;
    size_t section, position; /* where it stands; section 0 is the head */
    struct status_hops *hops;
    bool failed;
};

struct status *status_new(const struct status_source *source)
{
    struct status *status = calloc(1, sizeof(*status));

    if (status == NULL)
        return NULL;
    status->source = source;
    status->now = (int64_t)time(NULL);
    status->snapshot = snapshot_get();
    if (status->snapshot == NULL) {
        free(status);
        return NULL;
    }
    status->rules = snapshot_rules(status->snapshot);
    status->hops = status_hops_new(source->hops, &status->rules->settings.probe);
    if (status->hops != NULL)
        return status;
    status_free(status);
    return NULL;
}

void status_free(struct status *status)
{
    if (status == NULL)
        return;
    status_hops_free(status->hops);
    snapshot_put(status->snapshot);
    free(status);
}

/* ---- the head -------------------------------------------------------------------------------- */

static json_t *time_json(int64_t seconds)
{
    return seconds != 0 ? json_integer(seconds) : json_null();
}

static json_t *configuration_json(const struct status *status)
{
    const struct connectors *connectors = status->rules->connectors;
    size_t domains = 0, monitored = 0;

    for (uint32_t i = 0; i < connectors_count(connectors); i++) {
        const struct connector *connector = connectors_get(connectors, i);

        domains += connector->domain_count;
        monitored += rules_monitor(status->rules, connector, status->now);
    }
    return json_pack("{s:s, s:o, s:o, s:s, s:I, s:I, s:I}", "file", status->source->config, "read",
                     time_json(snapshot_since(status->snapshot)), "failed",
                     time_json(snapshot_failure()), "mode", mode_word(status->rules->settings.mode),
                     "connectors", (json_int_t)connectors_count(connectors), "monitored",
                     (json_int_t)monitored, "domains", (json_int_t)domains);
}

static json_t *policy_feed_json(const struct status *status)
{
    struct smtpd_policy_stats stats;

    if (status->source->smtpd_policy == NULL)
        return json_null();
    smtpd_policy_stats(status->source->smtpd_policy, &stats);
    return json_pack("{s:I, s:I, s:I}", "connections", (json_int_t)stats.connections, "requests",
                     (json_int_t)stats.requests, "taken", (json_int_t)stats.taken);
}

static json_t *tls_policy_json(const struct status *status)
{
    const struct tls_policy_counters *counters = status->source->tls_policy_counters;

    if (counters == NULL)
        return json_null();
    return json_pack("{s:I, s:I, s:I, s:I}", "ok", (json_int_t)atomic_load(&counters->ok),
                     "not_found", (json_int_t)atomic_load(&counters->not_found), "temporary",
                     (json_int_t)atomic_load(&counters->temporary), "other_map",
                     (json_int_t)atomic_load(&counters->other_map));
}

static json_t *prober_json(const struct status *status)
{
    struct hops_count count;

    if (status->source->hops == NULL)
        return json_null();
    hops_count(status->source->hops, &count);
    if (count.pinned + count.others == 0)
        return json_null();
    return json_pack("{s:I, s:I, s:I, s:I}", "pinned", (json_int_t)count.pinned, "others",
                     (json_int_t)count.others, "waiting", (json_int_t)count.waiting, "passed_over",
                     (json_int_t)count.passed);
}

static json_t *head_json(const struct status *status)
{
    const struct status_source *source = status->source;

    return json_pack("{s:i, s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:o, s:o, s:o}", "v", 1,
                     "type", "status", "version", PACKAGE_VERSION, "pid", (json_int_t)getpid(),
                     "now", (json_int_t)status->now, "started", (json_int_t)source->started,
                     "uptime", (json_int_t)((monotonic_ms() - source->started_ms) / 1000),
                     "configuration", configuration_json(status), "internal_errors",
                     (json_int_t)counters_errors(source->counters), "log_lines_dropped",
                     (json_int_t)log_dropped(), "policy_feed", policy_feed_json(status),
                     "tls_policy", tls_policy_json(status), "prober", prober_json(status));
}

/* ---- connectors ------------------------------------------------------------------------------ */

static json_t *count_json(const struct count *count)
{
    static const struct {
        const char *verdict, *would;
    } words[] = {
        [COUNTED_PASS] = { "pass", NULL },
        [COUNTED_EXEMPT] = { "exempt", NULL },
        [COUNTED_DEFER] = { "defer", NULL },
        [COUNTED_REJECT] = { "reject", NULL },
        [COUNTED_WOULD_DEFER] = { "monitor", "defer" },
        [COUNTED_WOULD_REJECT] = { "monitor", "reject" },
    };

    return json_pack("{s:s, s:s, s:s?, s:s?, s:I, s:I}", "direction",
                     direction_word(count->direction), "verdict", words[count->what].verdict,
                     "would", words[count->what].would, "reason",
                     count->reason != REASON_NONE ? reason_word(count->reason) : NULL, "recipients",
                     (json_int_t)count->recipients, "last", (json_int_t)count->last);
}

static json_t *counts_json(const struct status *status, const struct connector *connector)
{
    struct count counts[COUNTS_MOST];
    size_t count = counters_read(status->source->counters, connector->name, counts, COUNTS_MOST);
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        if (json_array_append_new(array, count_json(&counts[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *directions_json(const struct connector *connector)
{
    json_t *array = json_array();

    for (int i = 0; i < DIRECTIONS; i++) {
        if (connector->directions[i] &&
            json_array_append_new(array, json_string(direction_word((enum direction)i))) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* False: there are no more. `*row` NULL: memory. */
static bool next_connector(struct status *status, json_t **row)
{
    const struct connectors *connectors = status->rules->connectors;
    const struct connector *connector;

    if (status->position == connectors_count(connectors))
        return false;
    connector = connectors_get(connectors, (uint32_t)status->position++);
    *row = json_pack("{s:s, s:s, s:o, s:s, s:o}", "name", connector->name, "level",
                     level_word(connector->level), "directions", directions_json(connector), "mode",
                     mode_word(rules_monitor(status->rules, connector, status->now) ? MODE_MONITOR
                                                                                    : MODE_ENFORCE),
                     "counts", counts_json(status, connector));
    return true;
}

static bool next_hop(struct status *status, json_t **row)
{
    status->position++;
    return status_hops_next(status->hops, row);
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static const struct section {
    const char *name;
    bool (*next)(struct status *status, json_t **row);
} sections[] = {
    { "connectors", next_connector },
    { "hops", next_hop },
};

#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

struct text {
    char *bytes;
    size_t length;
    bool failed;
};

static void text_add(struct text *text, const char *bytes, size_t length)
{
    char *grown = text->failed ? NULL : realloc(text->bytes, text->length + length + 1);

    if (grown == NULL) {
        text->failed = true;
        return;
    }
    memcpy(grown + text->length, bytes, length);
    text->bytes = grown;
    text->length += length;
    grown[text->length] = '\0';
}

static void text_add_words(struct text *text, const char *words)
{
    text_add(text, words, strlen(words));
}

/* Without its last `without` bytes. Takes the value over. */
static void text_add_json(struct text *text, json_t *value, size_t without)
{
    char *bytes = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

    if (bytes != NULL)
        text_add(text, bytes, strlen(bytes) - without);
    else
        text->failed = true;
    free(bytes);
    json_decref(value);
}

/* The head without its closing brace: arrays follow, then the brace. */
static void add_head(struct status *status, struct text *text)
{
    text_add_json(text, head_json(status), strlen("}"));
    status->section = 1;
}

static void add_rows(struct status *status, struct text *text)
{
    const struct section *section = &sections[status->section - 1];
    json_t *row = NULL;

    if (status->position == 0) {
        text_add_words(text, ",\"");
        text_add_words(text, section->name);
        text_add_words(text, "\":[");
    }
    for (size_t i = 0; i < ROWS_MOST && !text->failed; i++) {
        bool first = status->position == 0;

        if (!section->next(status, &row)) {
            text_add_words(text, "]");
            status->section++;
            status->position = 0;
            return;
        }
        if (!first)
            text_add_words(text, ",");
        text_add_json(text, row, 0);
    }
}

bool status_next(struct status *status, char **piece)
{
    struct text text = { .bytes = NULL };

    if (status->failed || status->section > SECTIONS + 1)
        return false;
    if (status->section == 0) {
        add_head(status, &text);
    } else if (status->section <= SECTIONS) {
        add_rows(status, &text);
    } else {
        text_add_words(&text, "}\n");
        status->section++;
    }
    status->failed = text.failed;
    if (text.failed)
        free(text.bytes);
    *piece = text.bytes;
    return !text.failed;
}
