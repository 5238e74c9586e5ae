/* SPDX-License-Identifier: ISC */
/*
 * log_text: the report for people. Sections without anything in them are left out. The partners'
 * tables are in log_text_partners.c.
 */
#include "config.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#include "policy/cli/log/log_report.h"
#include "policy/cli/log/log_text.h"
#include "policy/cli/log/log_words.h"

#define CHANGES_MOST 50

static void number_cell(struct table *table, enum paint paint, uint64_t number)
{
    table_cell(table, number > 0 ? paint : PAINT_NONE, "%" PRIu64, number);
}

void log_text_heading(const struct page *page, const char *heading)
{
    page_empty_line(page);
    page_line(page, PAINT_BOLD, "%s", heading);
}

/* ------------------------------------------------------------ connectors */

/* Columns that not every report has. */
struct view {
    bool direction, exempt, would_be, near_misses;
};

static struct view view_of(const struct log_report *report)
{
    struct view view = { .exempt = report->total.exempt > 0,
                         .would_be = report->total.would_be_refused > 0,
                         .near_misses = report->near_misses > 0 };

    for (size_t i = 0; i < report->connector_count; i++) {
        if (report->connectors[i]->direction == DIRECTION_OUTBOUND)
            view.direction = true;
    }
    return view;
}

#define COLUMNS_MOST 9

static size_t choose_columns(const struct view *view, struct column columns[COLUMNS_MOST])
{
    const struct choice {
        bool shown;
        struct column column;
    } choices[COLUMNS_MOST] = {
        { true, { "connector", true, false } },
        { view->direction, { "direction", false, false } },
        { true, { "passed", false, true } },
        { true, { "recipients", false, true } },
        { view->exempt, { "exempt", false, true } },
        { true, { "refused", false, true } },
        { view->would_be, { "monitor", false, true } },
        { view->near_misses, { "near miss", true, true } },
        { true, { "last refusal", true, false } },
    };
    size_t count = 0;

    for (size_t i = 0; i < COLUMNS_MOST; i++) {
        if (choices[i].shown)
            columns[count++] = choices[i].column;
    }
    return count;
}

/* A row: `direction` NULL: of all of them. */
static void tally_row(struct table *table, const struct view *view, const char *name,
                      const char *direction, const struct log_tally *tally, uint64_t near_misses,
                      int64_t last_refusal)
{
    table_cell(table, PAINT_BOLD, "%s", name);
    if (view->direction)
        table_cell(table, PAINT_NONE, "%s", direction != NULL ? direction : "");
    number_cell(table, PAINT_NONE, tally->messages);
    number_cell(table, PAINT_NONE, tally->recipients);
    if (view->exempt)
        number_cell(table, PAINT_NONE, tally->exempt);
    number_cell(table, PAINT_BAD, tally->refused);
    if (view->would_be)
        number_cell(table, PAINT_WARN, tally->would_be_refused);
    if (view->near_misses)
        number_cell(table, PAINT_NONE, near_misses);
    table_cell(table, PAINT_NONE, "%s", TIME(last_refusal));
}

static void print_connectors(const struct log_report *report, const struct page *page)
{
    const struct log_tally *others = &report->statistics->others;
    struct view view = view_of(report);
    struct column columns[COLUMNS_MOST];
    struct table *table = table_new(columns, choose_columns(&view, columns));
    int64_t last_refusal = TIMESTAMP_UNKNOWN;

    for (size_t i = 0; i < report->connector_count; i++) {
        const struct log_connector *connector = report->connectors[i];

        tally_row(table, &view, NAME(connector->name, connector->length),
                  direction_word(connector->direction), &connector->tally, connector->near_misses,
                  connector->last_refusal);
        if (connector->last_refusal > last_refusal)
            last_refusal = connector->last_refusal;
    }
    if (!log_tally_is_nothing(others))
        tally_row(table, &view, "(others)", NULL, others, 0, TIMESTAMP_UNKNOWN);
    tally_row(table, &view, "total", NULL, &report->total, report->near_misses, last_refusal);
    page_empty_line(page);
    table_print(table, page, 0);
}

static void reason_rows(struct table *table, const struct log_connector *connector)
{
    bool named = false;

    for (int i = 0; i <= REASONS; i++) {
        const struct log_reason *reason = &connector->reasons[i];

        if (reason->refused == 0 && reason->would_be_refused == 0)
            continue;
        table_cell(table, PAINT_BOLD, "%s", named ? "" : NAME(connector->name, connector->length));
        table_cell(table, PAINT_NONE, "%s", log_reason_word(i));
        number_cell(table, PAINT_BAD, reason->refused);
        number_cell(table, PAINT_WARN, reason->would_be_refused);
        table_cell(table, PAINT_NONE, "%s", TIME(reason->first));
        table_cell(table, PAINT_NONE, "%s", TIME(reason->last));
        named = true;
    }
}

static void print_reasons(const struct log_report *report, const struct page *page)
{
    static const struct column columns[] = {
        { "connector", true, false }, { "reason", true, false }, { "refused", false, true },
        { "monitor", false, true },   { "first", true, false },  { "last", true, false },
    };
    struct table *table;

    if (report->total.refused == 0 && report->total.would_be_refused == 0)
        return;
    table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < report->connector_count; i++)
        reason_rows(table, report->connectors[i]);
    log_text_heading(page, "Refused recipients, by reason");
    table_print(table, page, 0);
}

/* ------------------------------------------------------------ changes */

static enum log_kind kind_of(enum log_change change)
{
    static const enum log_kind kinds[LOG_CHANGES] = {
        [LOG_CHANGE_PLAINTEXT] = LOG_PROTOCOL,
        [LOG_CHANGE_UNVERIFIED] = LOG_CERTIFICATE,
        [LOG_CHANGE_OLDER_PROTOCOL] = LOG_PROTOCOL,
        [LOG_CHANGE_WEAKER_CIPHER] = LOG_CIPHER,
        [LOG_CHANGE_OTHER_ISSUER] = LOG_ISSUER,
        [LOG_CHANGE_OTHER_ROOT] = LOG_ROOT,
        [LOG_CHANGE_OTHER_SUBJECT] = LOG_SUBJECT,
        [LOG_CHANGE_OTHER_FINGERPRINT] = LOG_FINGERPRINT,
    };

    return kinds[change];
}

/* How much of it was refused. */
static const char *refused_phrase(struct log_words *words, const struct log_value *value)
{
    if (value->change_refused == 0)
        return "";
    if (value->change_refused == value->change_count)
        return value->change_count == 1 ? ", refused" : ", all refused";
    (void)snprintf(words->text, sizeof(words->text), ", %" PRIu64 " of them refused",
                   value->change_refused);
    return words->text;
}

static const char *span_phrase(struct log_words *words, const struct log_value *value)
{
    if (value->change_first == TIMESTAMP_UNKNOWN)
        return "";
    if (value->change_count == 1 || value->change_first == value->last)
        (void)snprintf(words->text, sizeof(words->text), ", %s", TIME(value->change_first));
    else
        (void)snprintf(words->text, sizeof(words->text), ", %s to %s", TIME(value->change_first),
                       TIME(value->last));
    return words->text;
}

static void print_change(const struct log_finding *finding, const struct page *page)
{
    const struct log_value *value = finding->value;
    const struct log_connector *connector = finding->connector;
    enum log_kind kind = kind_of(finding->change);
    bool harmless =
        finding->change > LOG_CHANGE_WEAKER_CIPHER || value->change_refused == value->change_count;

    page_paragraph(page, 0, 4, harmless ? PAINT_WARN : PAINT_BAD,
                   "%s, %s: %s%s (before: %s), %s%s%s", NAME(connector->name, connector->length),
                   NAME(finding->partner->name, finding->partner->length),
                   kind == LOG_CERTIFICATE ? "certificate " : "",
                   PHRASE(kind, value, LOG_NAME_MOST), PHRASE(kind, value->before, LOG_NAME_MOST),
                   NUMBER(value->change_count, "line"), refused_phrase(LOG_WORDS, value),
                   span_phrase(LOG_WORDS, value));
}

static void print_changes(const struct log_report *report, bool all, const struct page *page)
{
    size_t most = all ? SIZE_MAX : CHANGES_MOST;

    if (report->change_count == 0)
        return;
    log_text_heading(page, "New or worse than before");
    for (size_t i = 0; i < report->change_count && i < most; i++)
        print_change(&report->changes[i], page);
    if (report->change_count > most)
        page_line(page, PAINT_DIM, "%zu more (--all)", report->change_count - most);
}

/* ------------------------------------------------------------ what is not in the tables */

static void note(const struct page *page, uint64_t number, const char *noun, const char *text)
{
    if (number > 0)
        page_paragraph(page, 0, 2, PAINT_WARN, "note: %s %s", NUMBER(number, noun), text);
}

static void print_notes(const struct log_report *report, const struct page *page)
{
    const struct log_counts *counts = &report->statistics->counts;

    page_empty_line(page);
    note(page, counts->unreadable, "line", "of forcetls-milter not read: cut or damaged");
    note(page, counts->dropped, "line",
         "missing: forcetls-milter says that syslog or stderr did not take them");
    note(page, counts->without_time, "line", "without a time left out: in no --since, --until");
    note(
        page, counts->backwards, "line",
        "older than others before them: what is new or worse is told in the order of the input, so "
        "give the oldest file first");
    note(page, report->others_forgotten, "partner",
         "seen seldom not kept for want of room, counted as (others)");
    note(page, report->others_changes, "change", "of partners that are not kept, not told");
}

static bool has_notes(const struct log_report *report)
{
    const struct log_counts *counts = &report->statistics->counts;

    return counts->unreadable + counts->dropped + counts->without_time + counts->backwards +
               report->others_forgotten >
           0;
}

void log_report_print(const struct log_report *report, bool all, const struct page *page)
{
    const struct log_counts *counts = &report->statistics->counts;

    if (counts->first == TIMESTAMP_UNKNOWN)
        page_line(page, PAINT_NONE, "%s of forcetls-milter, without a time",
                  NUMBER(counts->verdicts, "line"));
    else
        page_line(page, PAINT_NONE, "%s of forcetls-milter, %s to %s",
                  NUMBER(counts->verdicts, "line"), TIME(counts->first), TIME(counts->last));
    print_connectors(report, page);
    print_reasons(report, page);
    log_text_partners(report, all, page);
    print_changes(report, all, page);
    if (has_notes(report))
        print_notes(report, page);
}
