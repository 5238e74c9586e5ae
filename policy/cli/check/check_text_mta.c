/* SPDX-License-Identifier: ISC */
/*
 * The parts of `forcetls check` about an MTA: what it does not report of inbound mail, and what is
 * doubtful about its settings.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "policy/cli/check/check_text.h"
#include "policy/cli/check/check_words.h"
#include "policy/cli/check/gaps.h"
#include "policy/cli/check/host.h"

#define TEXT_SIZE 300

/* ---- what an MTA reports -------------------------------------------------------------------- */

/* All gaps of all inbound connectors. */
struct gap_report {
    struct table *table;
    enum mta mta;
    const struct connector *connector;
    size_t rows;
    bool through_socket; /* of this connector */
    size_t inbound, clean, socket;
};

static void add_gap(void *data, const struct gap *gap)
{
    struct gap_report *report = data;
    char text[TEXT_SIZE];
    struct line line;

    if (gap->kind == GAP_SOCKET) {
        report->through_socket = true;
        return;
    }
    line_init(&line, text, sizeof(text));
    gap_say(&line, gap, report->mta);
    table_cell(report->table, PAINT_NONE, "%s", report->connector->name);
    table_cell(report->table, PAINT_NONE, "%zu", gap->entry + 1);
    table_cell(report->table, gap_is_fatal(gap) ? PAINT_BAD : PAINT_NONE, "%s", text);
    report->rows++;
}

static void add_connector_gaps(struct gap_report *report, const struct survey *survey,
                               const struct connector *connector)
{
    size_t before = report->rows;

    report->connector = connector;
    report->through_socket = false;
    if (!gaps_visit(survey->rules, connector, report->mta, survey->now, add_gap, report)) {
        table_cell(report->table, PAINT_NONE, "%s", connector->name);
        table_cell(report->table, PAINT_NONE, "all");
        table_cell(report->table, PAINT_BAD,
                   "no certificate fits any entry: this connector can never be satisfied");
        report->rows++;
    }
    report->inbound++;
    report->socket += report->through_socket;
    report->clean += report->rows == before;
}

static void print_limits(const struct page *page, const struct survey *survey, enum mta mta)
{
    if (gaps_name_is_compared(survey->rules))
        page_paragraph(page, CHECK_INDENT, 0, PAINT_NONE,
                       "Of a certificate's names %s reports the common name alone, and not those "
                       "of subjectAltName.",
                       words_mta(mta));
    if (mta == MTA_SENDMAIL && gaps_fingerprint_is_compared(survey->rules))
        page_paragraph(page, CHECK_INDENT, 0, PAINT_NONE,
                       "Sendmail reports a fingerprint as SHA-256 only with "
                       "CertFingerprintAlgorithm=sha256 (confCERT_FINGERPRINT_ALGORITHM).");
}

static void print_gap_counts(const struct page *page, const struct gap_report *report)
{
    size_t clean = report->clean;

    if (report->socket > 0)
        page_paragraph(page, CHECK_INDENT, 0, PAINT_NONE,
                       "%zu inbound connector%s compare%s what Postfix reports only through "
                       "smtpd_policy_socket, which is set.",
                       report->socket, words_plural(report->socket),
                       report->socket == 1 ? "s" : "");
    if (report->inbound == 0)
        page_paragraph(page, CHECK_INDENT, 0, PAINT_NONE, "There is no inbound connector.");
    else if (clean == report->inbound)
        page_paragraph(page, CHECK_INDENT, 0, PAINT_GOOD,
                       "Nothing is missing: %s reports all that the inbound connectors compare.",
                       words_mta(report->mta));
    else if (clean == 1)
        page_paragraph(page, CHECK_INDENT, 0, PAINT_NONE,
                       "For the other inbound connector nothing is missing.");
    else if (clean > 1)
        page_paragraph(page, CHECK_INDENT, 0, PAINT_NONE,
                       "For the other %zu inbound connectors nothing is missing.", clean);
}

static void print_gaps(const struct page *page, const struct survey *survey, enum mta mta)
{
    static const struct column columns[] = {
        { .heading = "connector" },
        { .heading = "entry", .right = true },
        { .heading = "what is missing", .wraps = true },
    };
    const struct connectors *connectors = survey->rules->connectors;
    struct gap_report report = { .table = table_new(columns, sizeof(columns) / sizeof(columns[0])),
                                 .mta = mta };

    page_empty_line(page);
    page_line(page, PAINT_BOLD, "What %s reports of inbound mail", words_mta(mta));
    for (uint32_t i = 0; i < connectors_count(connectors); i++) {
        const struct connector *connector = connectors_get(connectors, i);

        if (connector->directions[DIRECTION_INBOUND])
            add_connector_gaps(&report, survey, connector);
    }
    table_print(report.table, page, CHECK_INDENT);
    if (report.rows > 0)
        page_empty_line(page);
    print_gap_counts(page, &report);
    print_limits(page, survey, mta);
}

/* ---- an MTA's settings ---------------------------------------------------------------------- */

/* Whether a line of it is a command: "# " is for the eye. */
static bool is_command(const char *type)
{
    while (type != NULL && *type == '#') {
        type = strchr(type, '\n');
        type += type != NULL;
    }
    return type != NULL && *type != '\0';
}

/* Whether some finding has a line for sendmail.mc. */
static bool has_m4(const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->items[i].type != NULL && strstr(findings->items[i].type, ")dnl") != NULL)
            return true;
    }
    return false;
}

/* Whether some finding says what to type. */
static bool has_commands(const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (is_command(findings->items[i].type))
            return true;
    }
    return false;
}

static void print_reload(const struct page *page, const struct survey_mta *host)
{
    char *command = postfix_reload_command(host->place);

    if (command != NULL)
        page_line(page, PAINT_NONE, "Then, once: %s", command);
    else
        page_out_of_memory(page);
    free(command);
}

static void print_settings(const struct page *page, const struct survey *survey, enum mta mta)
{
    const struct survey_mta *host = &survey->mtas[mta];

    page_empty_line(page);
    page_line(page, PAINT_BOLD, "%s's settings", words_mta(mta));
    findings_print(&host->findings, page);
    if (mta == MTA_POSTFIX && has_commands(&host->findings))
        print_reload(page, host);
    /* A warning without m4 is about files, which Sendmail reads at its start. */
    if (mta == MTA_SENDMAIL && (host->findings.warnings > 0 || has_m4(&host->findings)))
        page_line(page, PAINT_NONE, "Then, once: %s", SENDMAIL_MAKE_COMMAND);
    if (!host->read)
        page_paragraph(page, CHECK_INDENT, 0, PAINT_BAD, "They cannot be read.");
    else if (host->findings.count == 0 && !host->findings.out_of_memory)
        page_paragraph(page, CHECK_INDENT, 0, PAINT_GOOD, "Nothing doubtful was found.");
}

void check_print_mta(const struct page *page, const struct survey *survey, enum mta mta)
{
    if (survey->mtas[mta].asked)
        print_gaps(page, survey, mta);
    if (survey->mtas[mta].settings)
        print_settings(page, survey, mta);
}
