/* SPDX-License-Identifier: ISC */
/*
 * What `forcetls probe --all` prints for people: a line for each connector and hop, what is wrong
 * in the words of the refusal, and how many of each there are.
 */
#include "config.h"

#include "policy/cli/page.h"
#include "policy/cli/probe/probe.h"

static const struct verdict_row {
    const char *word;
    enum paint paint;
} verdicts[] = {
    [STATUS_GOOD] = { "passes", PAINT_GOOD },
    [STATUS_NO] = { "fails", PAINT_BAD },
    [STATUS_UNKNOWN] = { "unknown", PAINT_WARN },
};

static void add_summary(struct table *table, const struct page *page, const struct probe *probe,
                        const struct probe_case *one)
{
    struct probe_verdict *verdict = one->hop != NULL ? probe_judge(probe, one) : NULL;

    table_cell(table, PAINT_NONE, "%s", one->connector->name);
    table_cell(table, PAINT_NONE, "%s", one->hop != NULL ? one->hop->text : "-");
    if (one->hop == NULL) {
        table_cell(table, PAINT_NONE, "-");
        table_cell(table, PAINT_NONE, "%s",
                   one->connector->level == LEVEL_MAY ? "level may: nothing is demanded"
                                                      : "no single domain to look at");
    } else if (verdict == NULL) {
        table_cell(table, PAINT_WARN, "unknown");
        table_cell(table, PAINT_WARN, "out of memory");
        page_out_of_memory(page);
    } else {
        enum status status = outbound_status(&verdict->outbound);

        table_cell(table, verdicts[status].paint, "%s", verdicts[status].word);
        table_cell(table, PAINT_NONE, "%s%s",
                   status == STATUS_GOOD ? "" : reason_word(verdict->outbound.decision.reason),
                   status != STATUS_GOOD && verdict->outbound.decision.monitored
                       ? " (in monitor mode)"
                       : "");
    }
    probe_verdict_free(verdict);
}

static void print_summary(const struct page *page, const struct probe *probe)
{
    static const struct column columns[] = {
        { .heading = "connector", .wraps = true },
        { .heading = "next hop", .wraps = true },
        { .heading = "verdict" },
        { .heading = "reason", .wraps = true },
    };
    struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

    for (size_t i = 0; i < probe->case_count; i++)
        add_summary(table, page, probe, &probe->cases[i]);
    table_print(table, page, 0);
}

/* What is wrong, in the words of the refusal. */
static void print_failures(const struct page *page, const struct probe *probe)
{
    bool first = true;

    for (size_t i = 0; i < probe->case_count; i++) {
        const struct probe_case *one = &probe->cases[i];
        struct probe_verdict *verdict = one->hop != NULL ? probe_judge(probe, one) : NULL;

        if (verdict != NULL && outbound_status(&verdict->outbound) != STATUS_GOOD) {
            if (first)
                page_empty_line(page);
            first = false;
            page_remark(page, one->connector->name,
                        verdicts[outbound_status(&verdict->outbound)].paint, one->hop->text, "%s",
                        verdict->sentence);
        }
        probe_verdict_free(verdict);
    }
}

static void print_totals(const struct page *page, const struct probe *probe, enum status status)
{
    size_t counts[STATUS_UNKNOWN + 1] = { 0 };

    for (size_t i = 0; i < probe->case_count; i++) {
        if (probe->cases[i].hop != NULL)
            counts[probe_case_status(probe, &probe->cases[i])]++;
    }
    page_empty_line(page);
    page_line(page, verdicts[status].paint, "passed: %zu, failed: %zu, unknown: %zu",
              counts[STATUS_GOOD], counts[STATUS_NO], counts[STATUS_UNKNOWN]);
}

void probe_print_all(const struct page *page, const struct probe *probe, enum status status)
{
    print_summary(page, probe);
    print_failures(page, probe);
    print_totals(page, probe, status);
}
