/* SPDX-License-Identifier: ISC */
/*
 * What `forcetls status` prints for people: the daemon in a few lines, what is wrong with it, then
 * a table of what each connector has done, and one of the next hops.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "policy/cli/check/check_words.h"
#include "policy/cli/elapsed.h"
#include "policy/cli/explain/moment.h"
#include "policy/cli/json_in.h"
#include "policy/cli/status/status.h"
#include "policy/escape.h"

#define INDENT 2
#define TEXT_SIZE 1000
#define VALUE_MOST 256
#define NAMES_MOST 20

/* Of the document: it is the daemon's, and its names are the file's; still it is not ours. */
static const char *or_dash(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : "-";
}

static void print_heading(const struct page *page, const char *text)
{
    page_empty_line(page);
    page_line(page, PAINT_BOLD, "%s", text);
}

/* ---- the daemon ------------------------------------------------------------------------------ */

static void print_daemon(const struct page *page, const json_t *status)
{
    char uptime[ELAPSED_TEXT_SIZE], started[MOMENT_TEXT_SIZE];

    elapsed_format(json_in_number(status, "uptime"), uptime);
    moment_format(json_in_number(status, "started"), started);
    page_paragraph(
        page, 0, INDENT, PAINT_BOLD, "forcetls-milter %s, process %" PRId64 ", up %s (since %s)",
        or_dash(json_in_text(status, "version")), json_in_number(status, "pid"), uptime, started);
}

static void print_configuration(const struct page *page, const json_t *configuration)
{
    int64_t connectors = json_in_number(configuration, "connectors");
    int64_t domains = json_in_number(configuration, "domains");
    int64_t monitored = json_in_number(configuration, "monitored");
    char read[MOMENT_TEXT_SIZE], text[TEXT_SIZE];
    struct line line;

    moment_format(json_in_number(configuration, "read"), read);
    line_init(&line, text, sizeof(text));
    line_add_quoted(&line, span_of(or_dash(json_in_text(configuration, "file"))), VALUE_MOST);
    line_add(&line, ", read %s: %" PRId64 " connector%s", read, connectors,
             words_plural((size_t)connectors));
    if (monitored > 0)
        line_add(&line, " (%" PRId64 " in monitor mode)", monitored);
    line_add(&line, ", %" PRId64 " domain%s, mode %s", domains, words_plural((size_t)domains),
             or_dash(json_in_text(configuration, "mode")));
    page_paragraph(page, 0, INDENT, PAINT_NONE, "%s", text);
}

static void print_troubles(const struct page *page, const json_t *status)
{
    const json_t *configuration = json_object_get(status, "configuration");
    char moment[MOMENT_TEXT_SIZE];

    if (json_in_is_number(configuration, "failed")) {
        moment_format(json_in_number(configuration, "failed"), moment);
        page_remark(page, "configuration", PAINT_WARN, "warning",
                    "it had errors when it was read again at %s, so that the rules read before "
                    "that are in force: forcetls check",
                    moment);
    }
    if (json_in_number(status, "internal_errors") > 0)
        page_remark(page, "daemon", PAINT_WARN, "warning",
                    "%" PRId64 " commands were answered 4xx because of errors of its own: the log "
                    "names them (internal error)",
                    json_in_number(status, "internal_errors"));
    if (json_in_number(status, "log_lines_dropped") > 0)
        page_remark(page, "log", PAINT_WARN, "warning",
                    "%" PRId64 " lines were dropped, since syslog did not read",
                    json_in_number(status, "log_lines_dropped"));
}

/* What was asked by Postfix. */
static void print_policy_feed(const struct page *page, const json_t *feed)
{
    if (!json_is_object(feed))
        return;
    page_paragraph(page, 0, INDENT, PAINT_NONE,
                   "policy feed (smtpd_policy_socket): %" PRId64 " connections open, %" PRId64
                   " requests, %" PRId64 " recipients took what they said",
                   json_in_number(feed, "connections"), json_in_number(feed, "requests"),
                   json_in_number(feed, "taken"));
}

static void print_tls_policy(const struct page *page, const json_t *map)
{
    if (!json_is_object(map))
        return;
    page_paragraph(page, 0, INDENT, PAINT_NONE,
                   "TLS policy map (tls_policy_socket): %" PRId64 " policies given, %" PRId64
                   " keys of nobody's, %" PRId64 " put off",
                   json_in_number(map, "ok"), json_in_number(map, "not_found"),
                   json_in_number(map, "temporary"));
    if (json_in_number(map, "other_map") > 0)
        page_remark(page, "TLS policy map", PAINT_WARN, "warning",
                    "%" PRId64 " requests were for a map of another name than forcetls: main.cf, "
                    "smtp_tls_policy_maps",
                    json_in_number(map, "other_map"));
}

/* ---- connectors ------------------------------------------------------------------------------ */

static enum paint verdict_paint(const char *verdict)
{
    if (strcmp(verdict, "reject") == 0 || strcmp(verdict, "defer") == 0)
        return PAINT_BAD;
    return strcmp(verdict, "monitor") == 0 ? PAINT_WARN : PAINT_NONE;
}

static void add_count(struct table *table, const char *connector, const json_t *count)
{
    const char *verdict = or_dash(json_in_text(count, "verdict"));
    const char *would = json_in_text(count, "would");
    char last[MOMENT_TEXT_SIZE];

    moment_format(json_in_number(count, "last"), last);
    table_cell(table, PAINT_NONE, "%s", connector);
    table_cell(table, PAINT_NONE, "%s", or_dash(json_in_text(count, "direction")));
    table_cell(table, verdict_paint(verdict), "%s%s", would != NULL ? "would " : "",
               would != NULL ? would : verdict);
    table_cell(table, PAINT_NONE, "%s", or_dash(json_in_text(count, "reason")));
    table_cell(table, PAINT_NONE, "%" PRId64, json_in_number(count, "recipients"));
    table_cell(table, PAINT_NONE, "%s", last);
}

static void print_counts(const struct page *page, const json_t *connectors)
{
    static const struct column columns[] = {
        { .heading = "connector", .wraps = true },
        { .heading = "direction" },
        { .heading = "verdict" },
        { .heading = "reason", .wraps = true },
        { .heading = "recipients", .right = true },
        { .heading = "last" },
    };
    struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
    bool first = true;

    for (size_t i = 0; i < json_array_size(connectors); i++) {
        const json_t *connector = json_array_get(connectors, i);
        const json_t *counts = json_object_get(connector, "counts");

        for (size_t n = 0; n < json_array_size(counts); n++) {
            if (first)
                print_heading(page, "Recipients since the start");
            first = false;
            add_count(table, n == 0 ? or_dash(json_in_text(connector, "name")) : "",
                      json_array_get(counts, n));
        }
    }
    table_print(table, page, INDENT);
}

static void print_idle(const struct page *page, const json_t *connectors)
{
    char text[TEXT_SIZE];
    struct line line;
    size_t idle = 0;

    line_init(&line, text, sizeof(text));
    for (size_t i = 0; i < json_array_size(connectors); i++) {
        const json_t *connector = json_array_get(connectors, i);

        if (json_array_size(json_object_get(connector, "counts")) > 0)
            continue;
        if (idle < NAMES_MOST)
            line_add(&line, "%s%s", idle > 0 ? ", " : "", or_dash(json_in_text(connector, "name")));
        idle++;
    }
    if (idle > NAMES_MOST)
        line_add(&line, " and %zu more", idle - NAMES_MOST);
    if (idle == 0)
        return;
    page_empty_line(page);
    page_paragraph(page, 0, INDENT, PAINT_NONE, "no recipient yet: %s", text);
}

/* ---- next hops ------------------------------------------------------------------------------- */

/* "tls", "tls, no-starttls", "nxdomain": of a host's addresses, each state once. */
static void add_states(struct line *line, const json_t *host)
{
    const json_t *states = json_object_get(host, "states");
    const char *last = "";

    if (json_in_true(host, "self"))
        line_add(line, "this host itself");
    else if (json_array_size(states) == 0)
        line_add(line, "%s", or_dash(json_in_text(host, "lookup")));
    for (size_t i = 0; i < json_array_size(states) && !json_in_true(host, "self"); i++) {
        const char *state = or_dash(json_string_value(json_array_get(states, i)));

        if (strcmp(state, last) != 0)
            line_add(line, "%s%s", i > 0 ? ", " : "", state);
        last = state;
    }
}

static void add_found(struct line *line, const json_t *hop)
{
    const json_t *found = json_object_get(hop, "found");
    const json_t *hosts = json_object_get(found, "hosts");

    if (!json_is_object(found))
        line_add(line, json_in_true(hop, "lost") ? "the prober gave no answer" : "nothing yet");
    else if (json_array_size(hosts) == 0)
        line_add(line, "%s", or_dash(json_in_text(found, "mx")));
    for (size_t i = 0; i < json_array_size(hosts); i++) {
        const json_t *host = json_array_get(hosts, i);

        line_add(line, "%s%s ", i > 0 ? "; " : "", or_dash(json_in_text(host, "name")));
        add_states(line, host);
    }
}

/* "-" where there is no such number. */
static void cell_elapsed(struct table *table, const json_t *object, const char *key)
{
    char text[ELAPSED_TEXT_SIZE] = "-";

    if (json_in_is_number(object, key))
        elapsed_format(json_in_number(object, key), text);
    table_cell(table, PAINT_NONE, "%s", text);
}

static void add_hop(struct table *table, const json_t *hop)
{
    char found[TEXT_SIZE];
    struct line line;

    line_init(&line, found, sizeof(found));
    add_found(&line, hop);
    table_cell(table, PAINT_NONE, "%s", or_dash(json_in_text(hop, "hop")));
    table_cell(table, json_is_object(json_object_get(hop, "found")) ? PAINT_NONE : PAINT_WARN, "%s",
               found);
    cell_elapsed(table, json_object_get(hop, "found"), "age");
    if (json_in_true(hop, "under_way"))
        table_cell(table, PAINT_NONE, "now");
    else
        cell_elapsed(table, hop, "next");
    cell_elapsed(table, hop, "used");
}

static void print_hops(const struct page *page, const json_t *status)
{
    static const struct column columns[] = {
        { .heading = "next hop", .wraps = true }, { .heading = "found", .wraps = true },
        { .heading = "seen ago", .right = true }, { .heading = "next in", .right = true },
        { .heading = "mail ago", .right = true },
    };
    const json_t *hops = json_object_get(status, "hops"),
                 *prober = json_object_get(status, "prober");
    struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

    if (json_is_object(prober)) {
        print_heading(page, "Next hops");
        page_paragraph(page, INDENT, INDENT, PAINT_NONE,
                       "%" PRId64 " named by the file, %" PRId64 " others, of which %" PRId64
                       " wait for their first probe",
                       json_in_number(prober, "pinned"), json_in_number(prober, "others"),
                       json_in_number(prober, "waiting"));
    }
    for (size_t i = 0; i < json_array_size(hops); i++)
        add_hop(table, json_array_get(hops, i));
    table_print(table, page, INDENT);
}

/* ---- all of it ------------------------------------------------------------------------------- */

void status_print(const struct page *page, const json_t *status)
{
    const json_t *connectors = json_object_get(status, "connectors");

    print_daemon(page, status);
    print_configuration(page, json_object_get(status, "configuration"));
    print_policy_feed(page, json_object_get(status, "policy_feed"));
    print_tls_policy(page, json_object_get(status, "tls_policy"));
    print_troubles(page, status);
    print_counts(page, connectors);
    print_idle(page, connectors);
    print_hops(page, status);
}
