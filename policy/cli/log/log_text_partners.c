/* SPDX-License-Identifier: ISC */
/*
 * The partners' part of the text report. A partner has as many lines as it has values of any kind,
 * those first that were seen most often; behind each value, unless it is the only one of its kind,
 * how many lines had it.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "policy/cli/log/log_text.h"
#include "policy/cli/log/log_words.h"

#define PARTNERS_MOST 20    /* of a connector */
#define VALUES_MOST 3       /* of a kind */
#define FINGERPRINT_MOST 19 /* bytes, and "..." among them */
#define DAY_SECONDS 86400

/* Columns of values, and the kinds that stand in each. */
enum stack { STACK_PROTOCOL, STACK_CIPHER, STACK_CERTIFICATE, STACKS };

static const struct stack_row {
    enum log_kind first, last;
} stack_rows[STACKS] = {
    [STACK_PROTOCOL] = { LOG_PROTOCOL, LOG_PROTOCOL },
    [STACK_CIPHER] = { LOG_CIPHER, LOG_CIPHER },
    [STACK_CERTIFICATE] = { LOG_CERTIFICATE, LOG_FINGERPRINT },
};

struct item {
    enum log_kind kind;
    const struct log_value *value; /* NULL: lines whose values are not shown */
    uint64_t count;
    bool alone; /* there is no other of its kind */
};

#define ITEMS_MOST ((LOG_FINGERPRINT - LOG_CERTIFICATE + 1) * (LOG_VALUES_MOST + 1))

struct items {
    struct item items[ITEMS_MOST];
    size_t count;
};

/* By insertion: there are few. */
static void sort_items(struct item *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct item item = items[i];
        size_t to = i;

        for (; to > 0 && items[to - 1].count < item.count; to--)
            items[to] = items[to - 1];
        items[to] = item;
    }
}

/* The values of a kind, at most `most`, and a line for the others. */
static void collect_kind(struct items *items, const struct log_values *values, enum log_kind kind,
                         size_t most)
{
    struct item *first = &items->items[items->count];
    uint64_t others = values->others;
    size_t count = 0;

    for (const struct log_value *value = values->first; value != NULL; value = value->next)
        first[count++] = (struct item){ kind, value, value->count, false };
    sort_items(first, count);
    for (; count > most; count--)
        others += first[count - 1].count;
    if (others > 0)
        first[count++] = (struct item){ kind, NULL, others, false };
    first[0].alone = count == 1;
    items->count += count;
}

static void collect(struct items *items, const struct log_partner *partner, enum stack stack,
                    bool all)
{
    items->count = 0;
    for (int kind = (int)stack_rows[stack].first; kind <= (int)stack_rows[stack].last; kind++)
        collect_kind(items, &partner->history.kinds[kind], (enum log_kind)kind,
                     all ? LOG_VALUES_MOST : VALUES_MOST);
}

static void item_cell(struct table *table, const struct items *items, size_t i)
{
    const struct item *item = &items->items[i];
    const char *phrase = "others";
    enum paint paint = PAINT_NONE;
    struct log_words words;

    if (i >= items->count) {
        table_cell(table, PAINT_NONE, "%s", "");
        return;
    }
    if (item->value != NULL) {
        size_t most = item->kind == LOG_FINGERPRINT ? FINGERPRINT_MOST : LOG_NAME_MOST;

        phrase = log_phrase(&words, item->kind, item->value, most);
        paint = item->kind == LOG_PROTOCOL && item->value->rank == 0 ? PAINT_BAD : PAINT_NONE;
    }
    if (item->alone)
        table_cell(table, paint, "%s", phrase);
    else
        table_cell(table, paint, "%s (%" PRIu64 ")", phrase, item->count);
}

/* Columns that not every connector has. */
struct view {
    bool exempt, refused, would_be;
};

static void tally_cells(struct table *table, const struct view *view, const struct log_tally *tally)
{
    table_cell(table, PAINT_NONE, "%" PRIu64, tally->messages);
    if (view->exempt)
        table_cell(table, PAINT_NONE, "%" PRIu64, tally->exempt);
    if (view->refused)
        table_cell(table, tally->refused > 0 ? PAINT_BAD : PAINT_NONE, "%" PRIu64, tally->refused);
    if (view->would_be)
        table_cell(table, tally->would_be_refused > 0 ? PAINT_WARN : PAINT_NONE, "%" PRIu64,
                   tally->would_be_refused);
}

static void empty_cells(struct table *table, size_t count)
{
    while (count-- > 0)
        table_cell(table, PAINT_NONE, "%s", "");
}

/* Below its name, a partner has the days of its first and its last line. */
static size_t head_rows(const struct log_tally *tally)
{
    if (tally->first == TIMESTAMP_UNKNOWN)
        return 1;
    return tally->first / DAY_SECONDS == tally->last / DAY_SECONDS ? 2 : 3;
}

static void head_cells(struct table *table, const struct view *view, const char *name,
                       const struct log_tally *tally, size_t row)
{
    if (row == 0) {
        table_cell(table, PAINT_BOLD, "%s", name);
        tally_cells(table, view, tally);
        return;
    }
    if (row < head_rows(tally))
        table_cell(table, PAINT_DIM, "%s", DAY(row == 1 ? tally->first : tally->last));
    else
        table_cell(table, PAINT_NONE, "%s", "");
    empty_cells(table, 1u + view->exempt + view->refused + view->would_be);
}

static void partner_rows(struct table *table, const struct view *view,
                         const struct log_partner *partner, bool all)
{
    struct log_words words;
    const char *name = log_name(&words, partner->name, partner->length);
    struct items items[STACKS];
    size_t rows = head_rows(&partner->tally);

    for (int stack = 0; stack < STACKS; stack++) {
        collect(&items[stack], partner, (enum stack)stack, all);
        if (items[stack].count > rows)
            rows = items[stack].count;
    }
    for (size_t row = 0; row < rows; row++) {
        head_cells(table, view, name, &partner->tally, row);
        for (int stack = 0; stack < STACKS; stack++)
            item_cell(table, &items[stack], row);
    }
}

/* What was not kept of the connector's partners. */
static void others_rows(struct table *table, const struct view *view,
                        const struct log_tally *others)
{
    for (size_t row = 0; row < head_rows(others) && !log_tally_is_nothing(others); row++) {
        head_cells(table, view, "(others)", others, row);
        empty_cells(table, STACKS);
    }
}

#define COLUMNS_MOST 8

static size_t choose_columns(const struct view *view, struct column columns[COLUMNS_MOST])
{
    size_t count = 0;

    columns[count++] = (struct column){ "partner, seen", true, false };
    columns[count++] = (struct column){ "passed", false, true };
    if (view->exempt)
        columns[count++] = (struct column){ "exempt", false, true };
    if (view->refused)
        columns[count++] = (struct column){ "refused", false, true };
    if (view->would_be)
        columns[count++] = (struct column){ "monitor", false, true };
    columns[count++] = (struct column){ "protocol", true, false };
    columns[count++] = (struct column){ "cipher", true, false };
    columns[count++] = (struct column){ "certificate", true, false };
    return count;
}

static void print_heading(const struct log_connector *connector, const struct page *page)
{
    char heading[512];

    (void)snprintf(heading, sizeof(heading), "%s, %s, by domain of the %s",
                   NAME(connector->name, connector->length), direction_word(connector->direction),
                   connector->direction == DIRECTION_INBOUND ? "sender" : "recipient");
    log_text_heading(page, heading);
}

static void print_partners(const struct log_connector *connector,
                           const struct log_partner *const *partners, size_t count, bool all,
                           const struct page *page)
{
    struct view view = { .exempt = connector->tally.exempt > 0,
                         .refused = connector->tally.refused > 0,
                         .would_be = connector->tally.would_be_refused > 0 };
    size_t shown = all || count < PARTNERS_MOST ? count : PARTNERS_MOST;
    struct column columns[COLUMNS_MOST];
    struct table *table = table_new(columns, choose_columns(&view, columns));

    print_heading(connector, page);
    for (size_t i = 0; i < shown; i++)
        partner_rows(table, &view, partners[i], all);
    others_rows(table, &view, &connector->circle.others);
    table_print(table, page, 0);
    if (count > shown)
        page_line(page, PAINT_DIM, "%zu more (--all)", count - shown);
}

void log_text_partners(const struct log_report *report, bool all, const struct page *page)
{
    for (size_t first = 0, end; first < report->partner_count; first = end) {
        const struct log_connector *connector = log_partner_connector(report->partners[first]);

        for (end = first + 1; end < report->partner_count; end++) {
            if (log_partner_connector(report->partners[end]) != connector)
                break;
        }
        print_partners(connector, report->partners + first, end - first, all, page);
    }
}
