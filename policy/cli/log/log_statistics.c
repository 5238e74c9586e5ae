/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/log/log_statistics.h"

#include <stdlib.h>
#include <string.h>

#include "policy/cli/log/log_facts.h"

#define BUCKETS 1024
#define BACKWARDS_SECONDS 5400 /* longer than the hour by which clocks are put back */
#define NAME_MOST 256
#define DROPPED_DIGITS 9

struct log_table {
    struct log_facts facts; /* of the line at hand */
    struct log_connector **end;
    struct log_connector *last; /* of the line before */
    struct log_connector *buckets[BUCKETS];
};

struct log_statistics *log_statistics_new(const struct log_selection *selection)
{
    struct log_statistics *statistics = calloc(1, sizeof(*statistics));

    if (statistics == NULL)
        return NULL;
    statistics->table = calloc(1, sizeof(*statistics->table));
    if (statistics->table == NULL) {
        free(statistics);
        return NULL;
    }
    statistics->selection = *selection;
    statistics->counts.first = statistics->counts.last = TIMESTAMP_UNKNOWN;
    statistics->table->end = &statistics->connectors;
    log_tally_init(&statistics->others);
    log_partners_init(&statistics->partners);
    return statistics;
}

void log_statistics_free(struct log_statistics *statistics)
{
    if (statistics == NULL)
        return;
    log_partners_release(&statistics->partners);
    while (statistics->connectors != NULL) {
        struct log_connector *following = statistics->connectors->following;

        free(statistics->connectors);
        statistics->connectors = following;
    }
    free(statistics->table);
    free(statistics);
}

/* ------------------------------------------------------------ connectors */

static struct log_connector *add_connector(struct log_statistics *statistics, struct span name,
                                           enum direction direction)
{
    struct log_connector *connector;

    if (statistics->connector_count == LOG_CONNECTORS_MOST)
        return NULL;
    connector = calloc(1, sizeof(*connector) + name.length);
    if (connector == NULL)
        return NULL;
    connector->direction = direction;
    connector->last_refusal = TIMESTAMP_UNKNOWN;
    log_tally_init(&connector->tally);
    log_circle_init(&connector->circle, &statistics->partners);
    for (int i = 0; i <= REASONS; i++)
        connector->reasons[i].first = connector->reasons[i].last = TIMESTAMP_UNKNOWN;
    connector->length = name.length;
    memcpy(connector->name, name.data, name.length);
    *statistics->table->end = connector;
    statistics->table->end = &connector->following;
    statistics->connector_count++;
    return connector;
}

static bool is_connector(const struct log_connector *connector, struct span name,
                         enum direction direction)
{
    return connector->direction == direction && connector->length == name.length &&
           memcmp(connector->name, name.data, name.length) == 0;
}

/* NULL: there is no room for one more. */
static struct log_connector *find_connector(struct log_statistics *statistics, struct span name,
                                            enum direction direction)
{
    uint64_t hash = hash_bytes(&statistics->partners.key, name.data, name.length);
    struct log_connector **bucket = &statistics->table->buckets[hash % BUCKETS];
    struct log_connector *connector = *bucket;

    while (connector != NULL && !is_connector(connector, name, direction))
        connector = connector->next;
    if (connector != NULL)
        return connector;
    connector = add_connector(statistics, name, direction);
    if (connector == NULL)
        return NULL;
    connector->next = *bucket;
    *bucket = connector;
    return connector;
}

static struct log_connector *get_connector(struct log_statistics *statistics,
                                           const struct log_facts *facts)
{
    struct log_connector *last = statistics->table->last;
    struct span name = facts->connector;

    if (name.length > NAME_MOST)
        name.length = NAME_MOST;
    if (last != NULL && is_connector(last, name, facts->direction))
        return last;
    last = find_connector(statistics, name, facts->direction);
    if (last != NULL)
        statistics->table->last = last;
    return last;
}

/* ------------------------------------------------------------ counting */

static void count_reason(struct log_connector *connector, const struct log_facts *facts)
{
    struct log_reason *reason = &connector->reasons[facts->reason];

    log_note_time(&reason->first, &reason->last, facts->seen.time);
    if (facts->verdict == LOG_VERDICT_MONITOR) {
        reason->would_be_refused += facts->seen.count;
        return;
    }
    reason->refused += facts->seen.count;
    if (facts->seen.time > connector->last_refusal)
        connector->last_refusal = facts->seen.time;
}

static void count_verdict(struct log_statistics *statistics, const struct log_facts *facts)
{
    struct log_connector *connector = get_connector(statistics, facts);

    statistics->counts.verdicts += facts->seen.count;
    log_note_time(&statistics->counts.first, &statistics->counts.last, facts->seen.time);
    if (connector == NULL) {
        log_tally_count(&statistics->others, facts);
        return;
    }
    log_tally_count(&connector->tally, facts);
    if (facts->verdict == LOG_VERDICT_NEAR_MISS) {
        connector->near_misses += facts->seen.count;
        return;
    }
    if (facts->verdict == LOG_VERDICT_REFUSED || facts->verdict == LOG_VERDICT_MONITOR)
        count_reason(connector, facts);
    log_partners_count(&statistics->partners, &connector->circle, facts);
}

/* "12 log lines were dropped: syslog does not read" */
static void count_other(struct log_counts *counts, const struct log_message *message)
{
    struct span text = message->text;
    uint64_t lines = 0;
    size_t i = 0;

    counts->other_messages += message->count;
    for (; i < text.length && i < DROPPED_DIGITS && ascii_digit(text.data[i]); i++)
        lines = lines * 10 + (uint64_t)(text.data[i] - '0');
    if (i > 0 && span_starts_with((struct span){ text.data + i, text.length - i },
                                  " log lines were dropped"))
        counts->dropped += lines * message->count;
}

/* In the span of time that is asked for. */
static bool is_in_time(struct log_statistics *statistics, const struct log_message *message)
{
    const struct log_selection *selection = &statistics->selection;
    struct log_counts *counts = &statistics->counts;

    if (selection->since == INT64_MIN && selection->until == INT64_MAX)
        return true;
    if (message->time == TIMESTAMP_UNKNOWN)
        counts->without_time += message->count;
    else if (message->time < selection->since || message->time > selection->until)
        counts->outside += message->count;
    else
        return true;
    return false;
}

static bool is_selected(const struct log_selection *selection, struct span connector)
{
    for (size_t i = 0; i < selection->connector_count; i++) {
        if (span_equal(connector, span_of(selection->connectors[i])))
            return true;
    }
    return selection->connector_count == 0;
}

static bool goes_backwards(const struct log_counts *counts, int64_t time)
{
    return time != TIMESTAMP_UNKNOWN && counts->last != TIMESTAMP_UNKNOWN &&
           time < counts->last - BACKWARDS_SECONDS;
}

void log_statistics_add(struct log_statistics *statistics, const struct log_message *message)
{
    struct log_counts *counts = &statistics->counts;
    struct log_facts *facts = &statistics->table->facts;

    if (!is_in_time(statistics, message))
        return;
    if (!log_facts_read(facts, message)) {
        if (memmem(message->text.data, message->text.length, LOG_VERDICT,
                   sizeof(LOG_VERDICT) - 1) != NULL)
            counts->unreadable += message->count;
        else
            count_other(counts, message);
        return;
    }
    if (!is_selected(&statistics->selection, facts->connector)) {
        counts->other_connectors += message->count;
        return;
    }
    if (goes_backwards(counts, message->time))
        counts->backwards += message->count;
    count_verdict(statistics, facts);
}
