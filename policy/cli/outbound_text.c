/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/outbound_text.h"

#include "policy/cli/explain/explain_words.h"
#include "policy/describe.h"

#define TEXT_SIZE 1200
#define NAME_MOST 100

/* "mx1.contoso.com[192.0.2.9]:25"; nothing where there is none. */
static void add_host(struct line *line, const struct hop_seen *seen)
{
    char address[IP_TEXT_SIZE];

    if (seen->host == NULL)
        return;
    if (seen->address != NULL)
        ip_format(&seen->address->ip, address);
    if (seen->address == NULL || !span_equal(seen->host->name, span_of(address)))
        line_add_quoted(line, seen->host->name, NAME_MOST);
    if (seen->address != NULL)
        line_add(line, "[%s]:%u", address, seen->address->port);
}

/* ---- demands --------------------------------------------------------------------------------- */

static void add_demand(struct table *table, const struct decision *decision,
                       const struct facts *facts, const struct check_result *result)
{
    static const enum paint paints[] = {
        [CHECK_MET] = PAINT_GOOD, [CHECK_UNMET] = PAINT_BAD, [CHECK_UNKNOWN] = PAINT_WARN
    };
    const struct connector *connector = decision->match.connector;
    char wanted[DESCRIBE_SIZE], got[DESCRIBE_SIZE];
    struct line line;

    line_init(&line, wanted, sizeof(wanted));
    describe_wanted(&line, connector, result);
    line_init(&line, got, sizeof(got));
    describe_got(&line, connector, facts, result);
    table_cell(table, PAINT_NONE, "%s", check_word(result->check));
    table_cell(table, PAINT_NONE, "%s", wanted);
    table_cell(table, PAINT_NONE, "%s", got);
    table_cell(table, paints[result->outcome], "%s", words_check_outcome(result->outcome));
}

void outbound_print_demands(const struct page *page, size_t indent, const struct facts *facts,
                            const struct decision *decision)
{
    static const struct column columns[] = {
        { .heading = "demand", .wraps = true },
        { .heading = "wanted", .wraps = true },
        { .heading = "seen", .wraps = true },
        { .heading = "outcome" },
    };
    struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
    struct facts session = *facts;
    char host[TEXT_SIZE];
    struct line line;

    line_init(&line, host, sizeof(host));
    add_host(&line, &decision->seen);
    if (host[0] != '\0' && decision->trail.count > 0)
        page_paragraph(page, indent, 0, PAINT_NONE, "%s:", host);
    hop_seen_session(&decision->seen, &session);
    for (size_t i = 0; i < decision->trail.count; i++)
        add_demand(table, decision, &session, &decision->trail.results[i]);
    table_print(table, page, indent);
}

/* ---- the verdict ----------------------------------------------------------------------------- */

static void add_what_becomes(struct line *line, const struct outbound *outbound)
{
    const struct decision *decision = &outbound->decision;

    if (decision->outcome == OUTCOME_PASS) {
        line_add(line, decision->match.connector->level == LEVEL_MAY
                           ? "passes: nothing is demanded"
                           : "passes: every demand is met");
        return;
    }
    line_add(line, "%s, %s: ", decision->outcome == OUTCOME_FAIL ? "fails" : "unknown",
             reason_word(decision->reason));
    if (decision->would == VERDICT_PASS)
        line_add(line, "the mail is accepted, and the TLS policy map holds its delivery");
    else if (decision->monitored)
        line_add(line, "the mail passes, in monitor mode; else it would be answered %s %s",
                 outbound->refusal.code, outbound->refusal.status);
    else
        line_add(line, "the mail is answered %s %s", outbound->refusal.code,
                 outbound->refusal.status);
}

void outbound_print_verdict(const struct page *page, size_t indent, const struct outbound *outbound,
                            const char *sentence)
{
    const struct decision *decision = &outbound->decision;
    enum paint paint = decision->outcome == OUTCOME_PASS   ? PAINT_GOOD
                       : decision->outcome == OUTCOME_FAIL ? PAINT_BAD
                                                           : PAINT_WARN;
    char text[TEXT_SIZE];
    struct line line;

    line_init(&line, text, sizeof(text));
    add_what_becomes(&line, outbound);
    page_paragraph(page, indent, 0, paint, "%s", text);
    if (sentence[0] != '\0')
        page_paragraph(page, indent, 0, PAINT_NONE, "%s", sentence);
    if (decision->outcome == OUTCOME_FAIL && decision->match.connector->action == ACTION_REJECT &&
        decision->would == VERDICT_DEFER)
        page_paragraph(page, indent, 0, PAINT_NONE,
                       "action is reject: the daemon answers 5xx where two probes, at least "
                       "probe.retry apart, have found the same");
}
