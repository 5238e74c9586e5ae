/* SPDX-License-Identifier: ISC */
/*
 * forcetls log: what has the daemon done, and did a partner get worse?
 *
 * Reads maillog files as a stream, in the order given, and prints what was counted. Memory does not
 * grow with the files. Changes nothing, and needs neither the configuration nor the daemon.
 *
 * Exit status:
 *   0  nothing of any partner is new or worse than before
 *   1  something is (as diff(1))
 *   2  wrong usage; or a file that cannot be read, or not to its end: what was read is printed
 *   3  no verdict of forcetls-milter was found, in what was asked for; or memory ran out
 */
#include "config.h"

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "policy/cli/json_out.h"
#include "policy/cli/log/log_reader.h"
#include "policy/cli/log/log_report.h"
#include "policy/cli/log/log_statistics.h"
#include "policy/cli/subcommand.h"

struct log_options {
    const char *since, *until;
    struct option_texts connectors;
    bool all, json;
};

#define AT(member) offsetof(struct log_options, member)

static const struct option_row rows[] = {
    { 'S', "since", OPTION_TEXT, AT(since), "TIME", "leave out what is older" },
    { 'U', "until", OPTION_TEXT, AT(until), "TIME", "leave out what is newer" },
    { 'C', "connector", OPTION_TEXTS, AT(connectors), "NAME",
      "only of this connector; may be given again" },
    { 'a', "all", OPTION_FLAG, AT(all), NULL, "all partners, values and changes" },
    { 0, "json", OPTION_FLAG, AT(json), NULL, "print a JSON document (of all)" },
};

static const char *const details[] = {
    "FILE is a maillog, gzipped or not; \"-\" or none is standard input, as in",
    "journalctl -t forcetls-milter | forcetls log. Give the oldest file first.",
    "",
    "TIME is as for journalctl(1): \"2026-11-24\" (the beginning of that day),",
    "\"2026-11-24 10:00\", \"10:00\", \"today\", \"yesterday\", \"now\", \"-2h\", \"2h ago\".",
    "Times are taken as they stand in the log: no time zone is applied.",
    "",
    "Exit status: 0 nothing is new or worse than before, 1 something is, 2 wrong",
    "usage or a file that cannot be read to its end, 3 no verdict was found.",
    NULL,
};

/* INT64_MIN or INT64_MAX where the text is NULL. */
static bool read_bound(int64_t *bound, int64_t none, const char *text, int64_t now, struct why *why)
{
    *bound = none;
    return text == NULL || timestamp_parse(bound, span_of(text), now, why);
}

static bool read_selection(struct log_selection *selection, const struct log_options *options,
                           int64_t now, struct why *why)
{
    *selection = (struct log_selection){ .connectors = options->connectors.texts,
                                         .connector_count = options->connectors.count };
    if (!read_bound(&selection->since, INT64_MIN, options->since, now, why) ||
        !read_bound(&selection->until, INT64_MAX, options->until, now, why))
        return false;
    if (selection->since > selection->until)
        return why_fail(why, "--since is after --until: '%s', '%s'", options->since,
                        options->until);
    return true;
}

/* False: not all of it could be read; an error has been printed. */
static bool read_file(struct log_reader *reader, const char *file,
                      struct log_statistics *statistics)
{
    struct log_message message;
    struct why why;

    if (!log_reader_open(reader, file, &why)) {
        cli_error("%s", why.text);
        return false;
    }
    while (log_reader_next(reader, &message))
        log_statistics_add(statistics, &message);
    if (log_reader_close(reader, &why))
        return true;
    cli_error("%s", why.text);
    return false;
}

static bool read_files(struct log_reader *reader, char *const files[],
                       struct log_statistics *statistics)
{
    bool good = true;

    if (*files == NULL)
        return read_file(reader, "-", statistics);
    for (; *files != NULL; files++)
        good = read_file(reader, *files, statistics) && good;
    return good;
}

/* Where nothing was counted there is no page: what there is to say is an error's text. */
static void say_nothing_found(const struct log_counts *counts)
{
    if (counts->other_connectors > 0)
        cli_error("no verdict of such a connector was found");
    else if (counts->outside + counts->without_time > 0)
        cli_error("no verdict of forcetls-milter was found between --since and --until");
    else if (counts->other_messages + counts->unreadable > 0)
        cli_error("no verdict among the lines of forcetls-milter was found");
    else
        cli_error("no line of forcetls-milter was found");
}

static bool print(const struct log_report *report, const struct log_options *options)
{
    struct page page;

    if (options->json)
        return json_print(log_report_json(report));
    if (report->statistics->counts.verdicts == 0)
        return true;
    page_init(&page, stdout);
    log_report_print(report, options->all, &page);
    return page_finish(&page);
}

/* `good`: all files could be read. */
static enum status answer(const struct log_statistics *statistics,
                          const struct log_options *options, bool good)
{
    enum status status = STATUS_UNKNOWN;
    struct log_report report;

    if (!log_report_init(&report, statistics))
        cli_error("out of memory");
    else if (!print(&report, options))
        status = STATUS_UNKNOWN; /* an error has been printed */
    else if (!good)
        status = STATUS_USAGE;
    else if (statistics->counts.verdicts == 0)
        say_nothing_found(&statistics->counts);
    else
        status = report.change_count + report.others_changes > 0 ? STATUS_NO : STATUS_GOOD;
    log_report_release(&report);
    return status;
}

static enum status run_log(const void *given, char *const files[])
{
    const struct log_options *options = given;
    int64_t now = timestamp_of_clock((int64_t)time(NULL));
    struct log_selection selection;
    struct log_statistics *statistics;
    struct log_reader *reader;
    enum status status = STATUS_UNKNOWN;
    struct why why;

    if (!read_selection(&selection, options, now, &why)) {
        cli_error("%s", why.text);
        return STATUS_USAGE;
    }
    statistics = log_statistics_new(&selection);
    reader = log_reader_new(now);
    if (statistics == NULL || reader == NULL) {
        cli_error("out of memory");
    } else {
        bool good = read_files(reader, files, statistics);

        status = answer(statistics, options, good);
    }
    log_reader_free(reader);
    log_statistics_free(statistics);
    return status;
}

const struct subcommand log_subcommand = {
    .word = "log",
    .summary = "count what the daemon logged, and say what is new or worse",
    .arguments = "[FILE ...]",
    .options = rows,
    .option_count = sizeof(rows) / sizeof(rows[0]),
    .size = sizeof(struct log_options),
    .details = details,
    .run = run_log,
};
