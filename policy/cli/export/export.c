/* SPDX-License-Identifier: ISC */
/*
 * forcetls export: what the outbound connectors demand as a table for the MTA, for those who do
 * without the TLS policy map's socket. What a table cannot say stands in its comments.
 *
 * Exit status:
 *   0  the table is on stdout
 *   1  it is, and mail for some keys has to wait, since the table cannot say what is right for them
 *      (each is told on stderr as well)
 *   2  wrong usage; the configuration has errors or cannot be read; memory ran out
 *   3  not all of it could be printed
 */
#include "config.h"

#include "policy/cli/export/export.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/cli/check/check_words.h"
#include "policy/cli/configuration.h"
#include "policy/cli/subcommand.h"
#include "policy/cli/text.h"
#include "policy/date.h"

#define COMMENT_COLUMNS 78 /* whatever the terminal: it goes into a file */
#define VALUE_MOST 256
#define COMMENT_SIZE 1200

struct export_options {
    const char *config;
    const char *anchors;
    const char *at;
};

#define AT(member) offsetof(struct export_options, member)

static const struct option_row rows[] = {
    { 'c', "config", OPTION_TEXT, AT(config), "FILE", "instead of " FORCETLS_CONF },
    { 0, "anchors", OPTION_TEXT, AT(anchors), "DIR",
      "postfix: write trust anchors there, for tafile=" },
    { 0, "at", OPTION_TEXT, AT(at), "DATE", "as it will be on that day, YYYY-MM-DD (UTC)" },
};

static const char *const details[] = {
    "postfix   a table for smtp_tls_policy_maps (texthash:, or hash: and postmap)",
    "sendmail  lines for the access map: TLS_Rcpt: and TLS_Srv:",
    "",
    "What a table cannot say is in its comments. Dates do not change it: make it anew",
    "when one of them comes. Exit status: 0 good, 1 some mail has to wait, 2 wrong",
    "usage or unreadable, 3 not all could be printed.",
    NULL,
};

static const struct table_row {
    const char *word;
    bool (*print)(struct exported *exported);
} tables[] = {
    { "postfix", export_postfix },
    { "sendmail", export_sendmail },
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* ---- comments -------------------------------------------------------------------------------- */

void export_comment(const struct exported *exported, const char *format, ...)
{
    char text[COMMENT_SIZE];
    struct span rest;
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    rest = span_of(text);
    do {
        struct span line = text_next_line(&rest, COMMENT_COLUMNS, false);

        page_line(exported->page, PAINT_NONE, line.length > 0 ? "# %.*s" : "#%.*s",
                  (int)line.length, line.data);
    } while (rest.length > 0);
}

void export_comment_line(const struct exported *exported, const char *format, ...)
{
    char text[COMMENT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    page_line(exported->page, PAINT_NONE, "#   %s", text);
}

/* Foreign bytes as they may stand in a comment. */
static const char *shown(char buffer[VALUE_MOST + 1], const char *text)
{
    struct line line;

    line_init(&line, buffer, VALUE_MOST + 1);
    line_add_quoted(&line, span_of(text), VALUE_MOST);
    return buffer;
}

void export_made_from(const struct exported *exported, const char *word)
{
    char day[DATE_TEXT_SIZE], file[VALUE_MOST + 1];

    date_format(exported->now, day);
    export_comment(exported, "Made by forcetls export %s from %s, as it is on %s.", word,
                   shown(file, exported->file), day);
}

void export_dates(const struct exported *exported)
{
    const struct connectors *connectors = exported->rules->connectors;
    const struct connector *first = NULL;
    int64_t soonest = DATE_NEVER;
    char text[COMMENT_SIZE];
    struct line line;

    export_comment(exported, "It is a copy: what changes in that file is not in here until it is "
                             "made again, and neither is what a date in it changes.");
    for (uint32_t i = 0; i < connectors_count(connectors); i++) {
        const struct connector *connector = connectors_get(connectors, i);
        int64_t change = connector_next_change(connector, exported->now);

        if (connector->directions[DIRECTION_OUTBOUND] && change < soonest) {
            soonest = change;
            first = connector;
        }
    }
    if (first == NULL)
        return;
    line_init(&line, text, sizeof(text));
    words_next_change(&line, exported->rules, first, exported->now);
    export_comment(exported, "The next one: %s (connector %s).", text, first->name);
}

static void say_idle(const struct exported *exported, const struct connector *connector)
{
    char mode[COMMENT_SIZE];
    struct line line;

    if (connector->level == LEVEL_MAY) {
        export_comment(exported, "level may: nothing is demanded");
        return;
    }
    line_init(&line, mode, sizeof(mode));
    words_mode(&line, exported->rules, connector, exported->now);
    export_comment(exported, "mode %s: nothing is demanded", mode);
}

void export_connector(const struct exported *exported, const struct connector *connector)
{
    char buffer[VALUE_MOST + 1];

    page_empty_line(exported->page);
    export_comment(exported, "connector %s (%s:%u), level %s", connector->name,
                   shown(buffer, connector->file), connector->line, level_word(connector->level));
    if (connector->comment != NULL)
        export_comment(exported, "%s", shown(buffer, connector->comment));
    if (!words_enforces(exported->rules, connector, exported->now))
        say_idle(exported, connector);
}

void export_held_back(struct exported *exported, const char *whose, const char *reason)
{
    exported->held_back++;
    cli_error("mail to '%s' will wait: %s", whose, reason);
}

/* ---- the subcommand -------------------------------------------------------------------------- */

static const struct table_row *find_table(char *const words[])
{
    for (size_t i = 0; words[0] != NULL && i < TABLES; i++) {
        if (strcmp(words[0], tables[i].word) == 0 && words[1] == NULL)
            return &tables[i];
    }
    if (words[0] == NULL)
        cli_error("which table? postfix or sendmail");
    else if (words[1] != NULL)
        cli_error("one table at a time ('%s')", words[1]);
    else
        cli_error("no table of that name: postfix or sendmail ('%s')", words[0]);
    return NULL;
}

static bool read_date(struct exported *exported, const char *text)
{
    exported->now = (int64_t)time(NULL);
    if (text == NULL || date_parse(&exported->now, span_of(text)))
        return true;
    cli_error("--at must be a day of the calendar, YYYY-MM-DD ('%s')", text);
    return false;
}

static enum status print(struct exported *exported, const struct table_row *table)
{
    struct page page;
    enum status status = STATUS_USAGE;

    if (export_keys_make(&exported->keys, exported->rules, table->print == export_sendmail,
                         exported->now)) {
        page_init(&page, stdout);
        page.colour = false;
        exported->page = &page;
        if (table->print(exported))
            status = exported->held_back > 0 ? STATUS_NO : STATUS_GOOD;
        if (!page_finish(&page))
            status = STATUS_UNKNOWN;
    } else {
        cli_error("out of memory");
    }
    export_keys_release(&exported->keys);
    return status;
}

static bool read_folder(struct exported *exported, const char *name, char path[PATH_MAX])
{
    if (name == NULL)
        return true;
    exported->anchors = realpath(name, path);
    if (exported->anchors == NULL)
        cli_error("--anchors: %s ('%s')", strerror(errno), name);
    return exported->anchors != NULL;
}

static enum status run(const void *data, char *const words[])
{
    const struct export_options *options = data;
    struct exported exported = { .file =
                                     options->config != NULL ? options->config : FORCETLS_CONF };
    const struct table_row *table = find_table(words);
    char folder[PATH_MAX];
    struct rules *rules;
    enum status status;
    struct why why;

    if (table == NULL || !read_date(&exported, options->at) ||
        !read_folder(&exported, options->anchors, folder))
        return STATUS_USAGE;
    rules = configuration_read(exported.file, exported.now, &why);
    if (rules == NULL) {
        cli_error("%s", why.text);
        return STATUS_USAGE;
    }
    exported.rules = rules;
    status = print(&exported, table);
    rules_free(rules);
    return status;
}

const struct subcommand export_subcommand = {
    .word = "export",
    .summary = "print the outbound connectors as a table for the mail server",
    .arguments = "postfix|sendmail",
    .options = rows,
    .option_count = sizeof(rows) / sizeof(rows[0]),
    .size = sizeof(struct export_options),
    .details = details,
    .run = run,
};
