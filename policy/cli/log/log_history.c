/* SPDX-License-Identifier: ISC */
/*
 * Of the kinds that have better and worse, a value is a change if it is worse than all that the
 * history has; what was given up is no longer in it, so that a partner that once had plaintext,
 * and TLS for months since then, is told if plaintext comes back. Of the others it is a change if
 * it was never seen. So whoever goes to and fro between two values makes one change at most.
 */
#include "config.h"

#include "policy/cli/log/log_history.h"

#include <stdlib.h>
#include <string.h>

static const struct kind_row {
    bool ordered;
    enum log_change change;
} kind_rows[LOG_KINDS] = {
    [LOG_PROTOCOL] = { true, LOG_CHANGE_OLDER_PROTOCOL },
    [LOG_CIPHER] = { true, LOG_CHANGE_WEAKER_CIPHER },
    [LOG_CERTIFICATE] = { true, LOG_CHANGE_UNVERIFIED },
    [LOG_SUBJECT] = { false, LOG_CHANGE_OTHER_SUBJECT },
    [LOG_ISSUER] = { false, LOG_CHANGE_OTHER_ISSUER },
    [LOG_ROOT] = { false, LOG_CHANGE_OTHER_ROOT },
    [LOG_FINGERPRINT] = { false, LOG_CHANGE_OTHER_FINGERPRINT },
};

enum log_change log_value_change(enum log_kind kind, const struct log_value *value)
{
    if (kind == LOG_PROTOCOL && value->rank == 0)
        return LOG_CHANGE_PLAINTEXT;
    return kind_rows[kind].change;
}

struct span log_value_text(const struct log_value *value)
{
    return (struct span){ value->text, value->length };
}

bool log_budget_take(struct log_budget *budget, size_t bytes)
{
    for (const struct log_budget *b = budget; b != NULL; b = b->of) {
        if (b->most - b->used < bytes)
            return false;
    }
    for (struct log_budget *b = budget; b != NULL; b = b->of)
        b->used += bytes;
    return true;
}

void log_budget_give(struct log_budget *budget, size_t bytes)
{
    for (struct log_budget *b = budget; b != NULL; b = b->of)
        b->used -= bytes;
}

static bool same_text(const struct log_value *value, const struct log_sight *sight)
{
    return value->length == sight->text.length &&
           memcmp(value->text, sight->text.data, value->length) == 0;
}

/* States are literals of log_facts.c: equal where they are the same. */
static struct log_value *find_value(const struct log_values *values, const struct log_sight *sight)
{
    struct log_value *value = values->first;

    while (value != NULL &&
           !(value->state == sight->state && value->rank == sight->rank && same_text(value, sight)))
        value = value->next;
    return value;
}

/* Names that no CA vouches for can be had by the dozen, and must not keep out those of the
 * partner's next certificate. */
static size_t values_most(const struct log_sight *sight, bool met)
{
    bool trusted = sight->state != NULL && strcmp(sight->state, "trusted") == 0;

    return met || trusted ? LOG_VALUES_MOST : LOG_VALUES_UNMET_MOST;
}

/* NULL: there is no room for it. */
static struct log_value *add_value(struct log_values *values, const struct log_sight *sight,
                                   bool met, struct log_budget *budget)
{
    size_t size = sizeof(struct log_value) + sight->text.length;
    struct log_value *value, **end = &values->first;

    if (values->count >= values_most(sight, met) || !log_budget_take(budget, size))
        return NULL;
    value = malloc(size);
    if (value == NULL) {
        log_budget_give(budget, size);
        return NULL;
    }
    *value = (struct log_value){ .state = sight->state,
                                 .rank = sight->rank,
                                 .length = sight->text.length,
                                 .first = TIMESTAMP_UNKNOWN,
                                 .last = TIMESTAMP_UNKNOWN };
    if (sight->text.length > 0)
        memcpy(value->text, sight->text.data, sight->text.length);
    while (*end != NULL)
        end = &(*end)->next;
    *end = value;
    values->count++;
    return value;
}

/* Whether what comes is compared with it. */
static bool is_history(const struct log_values *values, const struct log_value *value)
{
    return values->met ? value->met > 0 : value->count > 0;
}

static bool given_up(const struct log_values *values, const struct log_value *value, int64_t time)
{
    return time != TIMESTAMP_UNKNOWN && value->last != TIMESTAMP_UNKNOWN &&
           time - value->last >= LOG_GIVEN_UP_SECONDS &&
           values->lines - value->last_line >= LOG_GIVEN_UP_LINES;
}

/* What was better than a value, where all was; else NULL. */
static const struct log_value *better(const struct log_values *values, int rank, int64_t time)
{
    const struct log_value *best = NULL;

    if (rank == LOG_UNRANKED)
        return NULL;
    for (const struct log_value *value = values->first; value != NULL; value = value->next) {
        if (!is_history(values, value) || value->rank == LOG_UNRANKED)
            continue;
        if (value->rank <= rank && !given_up(values, value, time))
            return NULL;
        if (best == NULL || value->rank > best->rank)
            best = value;
    }
    return best != NULL && best->rank > rank ? best : NULL;
}

/* What was seen last, where the sight's text never was; else NULL. */
static const struct log_value *other(const struct log_values *values, const struct log_sight *sight)
{
    const struct log_value *last = NULL;

    for (const struct log_value *value = values->first; value != NULL; value = value->next) {
        if (value->count > 0 && same_text(value, sight))
            return NULL;
        if (is_history(values, value) && (last == NULL || value->last_line > last->last_line))
            last = value;
    }
    return last;
}

static void count_value(struct log_values *values, struct log_value *value,
                        const struct log_seen *seen)
{
    if (seen->met || !values->met)
        values->lines += seen->count;
    value->last_line = values->lines;
    value->count += seen->count;
    value->met += seen->met ? seen->count : 0;
    values->met = values->met || seen->met;
    if (seen->time == TIMESTAMP_UNKNOWN)
        return;
    if (value->first == TIMESTAMP_UNKNOWN || seen->time < value->first)
        value->first = seen->time;
    if (seen->time > value->last)
        value->last = seen->time;
}

static void count_change(struct log_value *value, const struct log_seen *seen)
{
    value->change_count += seen->count;
    value->change_refused += seen->refused ? seen->count : 0;
}

/* Files were given in the wrong order: it was there before the other one. */
static bool is_older(int64_t time, const struct log_value *value)
{
    return time != TIMESTAMP_UNKNOWN && value->first != TIMESTAMP_UNKNOWN && time < value->first;
}

/* What a value is worse than, or stands in the place of; NULL: it is no change. Where it is the
 * first that met all demands, what came before were perhaps others than the partner. */
static const struct log_value *compare(enum log_kind kind, const struct log_values *values,
                                       const struct log_value *value, const struct log_sight *sight,
                                       const struct log_seen *seen)
{
    const struct log_value *before = NULL;

    if (seen->met && !values->met)
        return NULL;
    if (kind_rows[kind].ordered)
        before = better(values, sight->rank, seen->time);
    else if (value->count == 0)
        before = other(values, sight);
    return before != NULL && is_older(seen->time, before) ? NULL : before;
}

static void add_sight(struct log_history *history, enum log_kind kind, const struct log_seen *seen,
                      struct log_budget *budget)
{
    struct log_values *values = &history->kinds[kind];
    struct log_sight sight = seen->sights[kind];
    struct log_value *value;

    if (sight.text.length > LOG_VALUE_BYTES_MOST)
        sight.text.length = LOG_VALUE_BYTES_MOST;
    value = find_value(values, &sight);
    if (value == NULL)
        value = add_value(values, &sight, seen->met, budget);
    if (value == NULL) {
        values->others += seen->count;
        return;
    }
    if (value->before == NULL) {
        value->before = compare(kind, values, value, &sight, seen);
        if (value->before != NULL) {
            value->change_first = seen->time;
            history->changes++;
        }
    }
    count_value(values, value, seen);
    if (value->before != NULL)
        count_change(value, seen);
}

void log_history_add(struct log_history *history, const struct log_seen *seen,
                     struct log_budget *budget)
{
    for (int kind = 0; kind < LOG_KINDS; kind++) {
        if (span_known(seen->sights[kind].text))
            add_sight(history, (enum log_kind)kind, seen, budget);
    }
}

void log_history_release(struct log_history *history, struct log_budget *budget)
{
    for (int kind = 0; kind < LOG_KINDS; kind++) {
        struct log_value *value = history->kinds[kind].first;

        while (value != NULL) {
            struct log_value *next = value->next;

            log_budget_give(budget, sizeof(*value) + value->length);
            free(value);
            value = next;
        }
    }
    *history = (struct log_history){ .changes = 0 };
}
