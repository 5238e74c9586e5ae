/* SPDX-License-Identifier: ISC */
/* log_report: the order of what was counted. */
#include "config.h"

#include "policy/cli/log/log_report.h"

#include <stdlib.h>
#include <string.h>

const struct log_connector *log_partner_connector(const struct log_partner *partner)
{
    const char *circle = (const char *)partner->circle;

    return (const struct log_connector *)(const void *)(circle -
                                                        offsetof(struct log_connector, circle));
}

const char *log_change_word(enum log_change change)
{
    static const char *const words[LOG_CHANGES] = {
        [LOG_CHANGE_PLAINTEXT] = "plaintext",
        [LOG_CHANGE_UNVERIFIED] = "unverified",
        [LOG_CHANGE_OLDER_PROTOCOL] = "older-protocol",
        [LOG_CHANGE_WEAKER_CIPHER] = "weaker-cipher",
        [LOG_CHANGE_OTHER_ISSUER] = "other-issuer",
        [LOG_CHANGE_OTHER_ROOT] = "other-root",
        [LOG_CHANGE_OTHER_SUBJECT] = "other-subject",
        [LOG_CHANGE_OTHER_FINGERPRINT] = "other-fingerprint",
    };

    return words[change];
}

const char *log_reason_word(int reason)
{
    return reason < REASONS ? reason_word((enum reason)reason) : "(others)";
}

/* ------------------------------------------------------------ orders */

static int compare_bytes(const char *a, size_t a_length, const char *b, size_t b_length)
{
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);

    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

static int compare_connectors(const struct log_connector *a, const struct log_connector *b)
{
    int order = compare_bytes(a->name, a->length, b->name, b->length);

    return order != 0 ? order : (int)a->direction - (int)b->direction;
}

static int by_connector(const void *left, const void *right)
{
    const struct log_connector *const *a = left, *const *b = right;

    return compare_connectors(*a, *b);
}

/* The larger one first. */
static int compare_counts(uint64_t a, uint64_t b)
{
    return (a < b) - (a > b);
}

static int by_partner(const void *left, const void *right)
{
    const struct log_partner *a = *(const struct log_partner *const *)left,
                             *b = *(const struct log_partner *const *)right;
    int order = compare_connectors(log_partner_connector(a), log_partner_connector(b));

    /* Lines that are refused cost a stranger nothing. */
    if (order == 0)
        order = compare_counts(a->tally.messages, b->tally.messages);
    if (order == 0)
        order = compare_counts(a->lines, b->lines);
    return order != 0 ? order : compare_bytes(a->name, a->length, b->name, b->length);
}

static uint64_t let_through(const struct log_value *value)
{
    return value->change_count - value->change_refused;
}

/* What was better had met all demands: the partner was there, and not only names that a stranger
 * invented, as many as he likes. */
static bool had_met(const struct log_finding *finding)
{
    return finding->value->before->met > 0;
}

/* Those of partners that once met all demands first; the worst kind first, of a kind what came
 * through most often. */
static int by_change(const void *left, const void *right)
{
    const struct log_finding *a = left, *b = right;
    int order = (int)had_met(b) - (int)had_met(a);

    if (order == 0)
        order = (int)a->change - (int)b->change;
    if (order == 0)
        order = compare_counts(let_through(a->value), let_through(b->value));
    if (order == 0)
        order = compare_counts(a->value->change_count, b->value->change_count);
    if (order == 0)
        order = (a->value->change_first > b->value->change_first) -
                (a->value->change_first < b->value->change_first);
    if (order == 0)
        order = by_partner(&a->partner, &b->partner);
    return order != 0
               ? order
               : compare_bytes(a->value->text, a->value->length, b->value->text, b->value->length);
}

/* ------------------------------------------------------------ lists */

/* qsort(3) may not be given NULL. */
static void sort(void *array, size_t count, size_t size, int (*order)(const void *, const void *))
{
    if (count > 1)
        qsort(array, count, size, order);
}

static void list_connectors(struct log_report *report)
{
    const struct log_connector *connector = report->statistics->connectors;

    for (; connector != NULL; connector = connector->following) {
        report->connectors[report->connector_count++] = connector;
        log_tally_add(&report->total, &connector->tally);
        report->near_misses += connector->near_misses;
        report->others_forgotten += connector->circle.others_forgotten;
        report->others_changes += connector->circle.others_changes;
    }
    log_tally_add(&report->total, &report->statistics->others);
    sort(report->connectors, report->connector_count, sizeof(*report->connectors), by_connector);
}

static void list_values(struct log_report *report, const struct log_partner *partner,
                        enum log_kind kind)
{
    const struct log_value *value = partner->history.kinds[kind].first;

    for (; value != NULL; value = value->next) {
        if (value->before == NULL)
            continue;
        report->changes[report->change_count++] =
            (struct log_finding){ log_value_change(kind, value), log_partner_connector(partner),
                                  partner, value };
    }
}

static void list_changes(struct log_report *report)
{
    for (size_t i = 0; i < report->partner_count; i++) {
        for (int kind = 0; kind < LOG_KINDS; kind++)
            list_values(report, report->partners[i], (enum log_kind)kind);
    }
    sort(report->changes, report->change_count, sizeof(*report->changes), by_change);
}

bool log_report_init(struct log_report *report, const struct log_statistics *statistics)
{
    size_t changes = 0;

    *report = (struct log_report){ .statistics = statistics };
    log_tally_init(&report->total);
    report->partner_count = statistics->partners.count;
    report->connectors = malloc((statistics->connector_count + 1) * sizeof(struct log_connector *));
    report->partners = malloc((report->partner_count + 1) * sizeof(struct log_partner *));
    if (report->connectors == NULL || report->partners == NULL)
        return false;
    log_partners_list(&statistics->partners, report->partners);
    sort(report->partners, report->partner_count, sizeof(*report->partners), by_partner);
    for (size_t i = 0; i < report->partner_count; i++)
        changes += report->partners[i]->history.changes;
    report->changes = malloc((changes + 1) * sizeof(*report->changes));
    if (report->changes == NULL)
        return false;
    list_connectors(report);
    list_changes(report);
    return true;
}

void log_report_release(struct log_report *report)
{
    free(report->connectors);
    free(report->partners);
    free(report->changes);
    *report = (struct log_report){ .statistics = NULL };
}
