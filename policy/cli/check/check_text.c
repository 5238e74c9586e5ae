/* SPDX-License-Identifier: ISC */
/*
 * What `forcetls check` prints for people: the diagnostics as the daemon prints them, the file in
 * one line, tables of the connectors and of their certificates, then what is doubtful about the
 * host's trust stores and its MTA (check_text_mta.c). A part that has nothing to say is left out,
 * or says so in a sentence.
 */
#include "config.h"

#include "policy/cli/check/check.h"
#include "policy/cli/check/check_text.h"
#include "policy/cli/check/check_words.h"
#include "policy/date.h"
#include "policy/describe.h"
#include "policy/summary.h"

#define LINE_SIZE 1001
#define CELL_SIZE 300

static void print_heading(const struct page *page, const char *text)
{
    page_empty_line(page);
    page_line(page, PAINT_BOLD, "%s", text);
}

/* ---- the file ------------------------------------------------------------------------------- */

static void print_diagnostics(const struct page *page, const struct diagnostics *diagnostics)
{
    static const enum paint paints[] = {
        [SEVERITY_ERROR] = PAINT_BAD, [SEVERITY_WARNING] = PAINT_WARN, [SEVERITY_NOTE] = PAINT_NONE
    };
    char line[LINE_SIZE];

    for (size_t i = 0; i < diagnostics->count; i++) {
        diagnostic_format(&diagnostics->items[i], line, sizeof(line));
        page_line(page, paints[diagnostics->items[i].severity], "%s", line);
    }
    if (diagnostics->count > 0)
        page_empty_line(page);
}

static void print_day(const struct page *page, const struct survey *survey)
{
    char day[DATE_TEXT_SIZE];

    if (!survey->dated)
        return;
    date_format(survey->now, day);
    page_line(page, PAINT_NONE, "as it is on %s at 00:00 UTC:", day);
}

/* Of a file with errors there is nothing else to say. */
static void print_errors(const struct page *page, const struct survey *survey)
{
    char file[LINE_SIZE];
    struct line line;
    size_t errors = survey->diagnostics.errors;

    line_init(&line, file, sizeof(file));
    line_add_quoted(&line, span_of(survey->file), sizeof(file) - 1);
    page_paragraph(page, 0, CHECK_INDENT, PAINT_BAD,
                   "%s: %zu error%s: nothing starts with it, and a reload keeps the old rules in "
                   "force",
                   file, errors, words_plural(errors));
    for (int i = MTA_UNKNOWN + 1; i < MTAS; i++) {
        if (survey->mtas[i].asked)
            page_paragraph(page, 0, CHECK_INDENT, PAINT_NONE,
                           "%s is not looked at as long as the file has errors",
                           words_mta((enum mta)i));
    }
}

static void print_summary(const struct page *page, const struct survey *survey)
{
    char text[LINE_SIZE];
    struct summary_note note;
    struct line line;
    size_t position = 0;

    line_init(&line, text, sizeof(text));
    summary_add(&line, survey->file, survey->rules, survey->now);
    page_line(page, PAINT_BOLD, "%s", text);
    while (summary_note_next(survey->rules, &position, &note))
        page_paragraph(page, 0, CHECK_INDENT, note.warning ? PAINT_WARN : PAINT_NONE, "%s: %s",
                       note.warning ? "warning" : "note", note.text);
}

/* ---- connectors ----------------------------------------------------------------------------- */

static void add_connector(struct table *table, const struct survey *survey,
                          const struct connector *connector)
{
    bool may = connector->level == LEVEL_MAY;
    char mode[CELL_SIZE], change[CELL_SIZE];
    struct line line;

    line_init(&line, mode, sizeof(mode));
    words_mode(&line, survey->rules, connector, survey->now);
    line_init(&line, change, sizeof(change));
    words_next_change(&line, survey->rules, connector, survey->now);
    table_cell(table, PAINT_NONE, "%s", connector->name);
    table_cell(table, PAINT_NONE, "%s", words_direction(connector));
    table_cell(table, PAINT_NONE, "%zu", connector->domain_count);
    table_cell(table, PAINT_NONE, "%s", level_word(connector->level));
    if (may) {
        table_cell(table, PAINT_NONE, "-");
        table_cell(table, PAINT_NONE, "-");
    } else {
        table_cell(table,
                   words_enforces(survey->rules, connector, survey->now) ? PAINT_NONE : PAINT_WARN,
                   "%s", mode);
        table_cell(table, PAINT_NONE, "%s", words_action(connector->action));
    }
    table_cell(table, PAINT_NONE, "%s", change);
}

static void print_connectors(const struct page *page, const struct survey *survey)
{
    static const struct column columns[] = {
        { .heading = "connector" },
        { .heading = "direction" },
        { .heading = "domains", .right = true },
        { .heading = "level" },
        { .heading = "mode", .wraps = true },
        { .heading = "action" },
        { .heading = "next change", .wraps = true },
    };
    const struct connectors *connectors = survey->rules->connectors;
    struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

    if (connectors_count(connectors) > 0)
        print_heading(page, "Connectors");
    for (uint32_t i = 0; i < connectors_count(connectors); i++)
        add_connector(table, survey, connectors_get(connectors, i));
    table_print(table, page, CHECK_INDENT);
}

static bool is_annotated(const struct connector *connector)
{
    return connector->comment != NULL || connector->contact != NULL;
}

static void print_comments(const struct page *page, const struct survey *survey)
{
    static const struct column columns[] = {
        { .heading = "connector" },
        { .heading = "contact", .wraps = true },
        { .heading = "comment", .wraps = true },
    };
    const struct connectors *connectors = survey->rules->connectors;
    struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
    bool first = true;

    for (uint32_t i = 0; i < connectors_count(connectors); i++) {
        const struct connector *connector = connectors_get(connectors, i);

        if (!is_annotated(connector))
            continue;
        if (first)
            print_heading(page, "Comments and contacts");
        first = false;
        table_cell(table, PAINT_NONE, "%s", connector->name);
        table_cell(table, PAINT_NONE, "%s", connector->contact != NULL ? connector->contact : "-");
        table_cell(table, PAINT_NONE, "%s", connector->comment != NULL ? connector->comment : "-");
    }
    table_print(table, page, CHECK_INDENT);
}

/* ---- certificates --------------------------------------------------------------------------- */

/* Whether some connector names a root that is looked for. */
static bool has_roots(const struct survey *survey)
{
    for (size_t i = 0; i < survey->roots.count; i++) {
        if (survey->roots.rows[i].root != NULL)
            return true;
    }
    return false;
}

static void add_root(struct table *table, const struct survey *survey, uint32_t index, size_t entry,
                     bool past)
{
    static const struct {
        const char *before, *after;
    } words[] = {
        [ROOT_NOT_ASKED] = { "-", "" },
        [ROOT_MISSING] = { "not in ", "" },
        [ROOT_EXPIRED] = { "in ", ", but out of date" },
        [ROOT_PRESENT] = { "in ", "" },
        [ROOT_UNKNOWN] = { "cannot tell: ", " is of no use" },
    };
    enum root_state state = roots_state(&survey->roots, index, entry);
    const char *store =
        roots_store(survey->rules, connectors_get(survey->rules->connectors, index));
    bool good = state == ROOT_NOT_ASKED || state == ROOT_PRESENT;
    char shown[CELL_SIZE];
    struct line line;

    line_init(&line, shown, sizeof(shown));
    line_add_quoted(&line, span_of(store != NULL ? store : ROOTS_DEFAULT_STORE), sizeof(shown) - 1);
    table_cell(table,
               past   ? PAINT_DIM
               : good ? PAINT_NONE
                      : PAINT_BAD,
               "%s%s%s", words[state].before, state == ROOT_NOT_ASKED ? "" : shown,
               words[state].after);
}

static void add_entry(struct table *table, const struct survey *survey, uint32_t index,
                      size_t entry, bool roots)
{
    const struct connector *connector = connectors_get(survey->rules->connectors, index);
    const struct certificate_entry *certificate = &connector->certificates[entry];
    enum entry_state now = certificate_entry_state(certificate, survey->now);
    bool active = now == ENTRY_ACTIVE;
    char wanted[DESCRIBE_SIZE], state[CELL_SIZE];
    struct line line;

    line_init(&line, wanted, sizeof(wanted));
    describe_entry(&line, certificate);
    line_init(&line, state, sizeof(state));
    words_entry_state(&line, certificate, survey->now);
    table_cell(table, PAINT_NONE, "%s", connector->name);
    table_cell(table, PAINT_NONE, "%zu", entry + 1);
    table_cell(table, active ? PAINT_NONE : PAINT_DIM, "%s", wanted);
    table_cell(table, active ? PAINT_GOOD : PAINT_DIM, "%s", state);
    if (roots)
        add_root(table, survey, index, entry, now == ENTRY_PAST);
}

/* Level secure without certificates. */
static void add_default(struct table *table, const struct connector *connector, bool roots)
{
    const struct check_result result = { .check = CHECK_CERTIFICATE, .entry = -1 };
    char wanted[DESCRIBE_SIZE];
    struct line line;

    line_init(&line, wanted, sizeof(wanted));
    describe_wanted(&line, connector, &result);
    table_cell(table, PAINT_NONE, "%s", connector->name);
    table_cell(table, PAINT_NONE, "-");
    table_cell(table, PAINT_NONE, "%s", wanted);
    table_cell(table, PAINT_GOOD, "%s", words_state(ENTRY_ACTIVE));
    if (roots)
        table_cell(table, PAINT_NONE, "-");
}

static void print_certificates(const struct page *page, const struct survey *survey)
{
    static const struct column columns[] = {
        { .heading = "connector" },
        { .heading = "entry", .right = true },
        { .heading = "certificate", .wraps = true },
        { .heading = "state", .wraps = true },
        { .heading = "root", .wraps = true },
    };
    const struct connectors *connectors = survey->rules->connectors;
    bool roots = has_roots(survey), first = true;
    struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]) - !roots);

    for (uint32_t i = 0; i < connectors_count(connectors); i++) {
        const struct connector *connector = connectors_get(connectors, i);

        if (connector->level < LEVEL_SECURE)
            continue;
        if (first)
            print_heading(page, "Certificates");
        first = false;
        if (connector->certificate_count == 0)
            add_default(table, connector, roots);
        for (size_t n = 0; n < connector->certificate_count; n++)
            add_entry(table, survey, i, n, roots);
    }
    table_print(table, page, CHECK_INDENT);
}

static void print_trust_stores(const struct page *page, const struct survey *survey)
{
    if (survey->trust_stores.count == 0 && !survey->trust_stores.out_of_memory)
        return;
    print_heading(page, "Trust stores");
    findings_print(&survey->trust_stores, page);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void print_rules(const struct page *page, const struct survey *survey)
{
    print_summary(page, survey);
    print_connectors(page, survey);
    print_comments(page, survey);
    print_certificates(page, survey);
    print_trust_stores(page, survey);
    for (int i = MTA_UNKNOWN + 1; i < MTAS; i++) {
        check_print_mta(page, survey, (enum mta)i);
    }
}

bool check_print_text(const struct survey *survey)
{
    struct page page;

    page_init(&page, stdout);
    print_diagnostics(&page, &survey->diagnostics);
    print_day(&page, survey);
    if (survey->rules == NULL)
        print_errors(&page, survey);
    else
        print_rules(&page, survey);
    return page_finish(&page);
}
