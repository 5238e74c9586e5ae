/* SPDX-License-Identifier: ISC */
/*
 * What `forcetls probe` prints for people. Of each hop: its hosts in a table, then what each
 * address shows over TLS (addresses that show the same share it), then what the connectors make of
 * it. Of all connectors: a table with a line each, and what is wrong.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cli/check/check_words.h"
#include "policy/cli/elapsed.h"
#include "policy/cli/json_in.h"
#include "policy/cli/outbound_text.h"
#include "policy/cli/page.h"
#include "policy/cli/probe/probe.h"
#include "policy/cli/probe/probe_words.h"
#include "policy/judge_hop.h"

#define INDENT 2
#define NAME_MOST 100
#define SHARED_MOST 64 /* addresses of a hop */

/* ---- the hosts ------------------------------------------------------------------------------- */

static const json_t *addresses_of(const json_t *host)
{
    return json_object_get(host, "addresses");
}

static void add_host(struct line *line, const json_t *host)
{
    const char *name = json_in_text(host, "name");

    line_add_quoted(line, span_of(name != NULL ? name : ""), NAME_MOST);
}

static enum paint state_paint(const json_t *address)
{
    static const struct {
        const char *state;
        enum paint paint;
    } paints[] = {
        { "tls", PAINT_NONE },     { "no-starttls", PAINT_BAD }, { "starttls-refused", PAINT_BAD },
        { "injected", PAINT_BAD }, { "tls-failed", PAINT_BAD },
    };
    const char *state = json_in_text(address, "state");

    for (size_t i = 0; state != NULL && i < sizeof(paints) / sizeof(paints[0]); i++) {
        if (strcmp(state, paints[i].state) == 0)
            return paints[i].paint;
    }
    return PAINT_WARN;
}

/* The preference and the name stand in a host's first row only. */
static void add_row(struct table *table, const json_t *host, bool first, const char *address,
                    enum paint paint, const char *found)
{
    char name[NAME_MOST + 1] = "", preference[24] = "";
    struct line line;

    if (first) {
        line_init(&line, name, sizeof(name));
        add_host(&line, host);
        (void)snprintf(preference, sizeof(preference), "%" PRId64,
                       json_in_number(host, "preference"));
    }
    table_cell(table, PAINT_NONE, "%s", preference);
    table_cell(table, PAINT_NONE, "%s", name);
    table_cell(table, PAINT_NONE, "%s", address);
    table_cell(table, paint, "%s", found);
}

static void add_addresses(struct table *table, const json_t *host)
{
    char found[PROBE_TEXT_SIZE], where[NAME_MOST];
    int64_t left_out = json_in_number(host, "left_out");
    struct line line;

    for (size_t i = 0; i < json_array_size(addresses_of(host)); i++) {
        const json_t *address = json_array_get(addresses_of(host), i);

        line_init(&line, where, sizeof(where));
        probe_words_address(&line, address);
        line_init(&line, found, sizeof(found));
        probe_words_state(&line, address);
        add_row(table, host, i == 0, where, state_paint(address), found);
    }
    (void)snprintf(found, sizeof(found), "%" PRId64 " more addresses, which are not looked at",
                   left_out);
    if (left_out > 0)
        add_row(table, host, false, "", PAINT_WARN, found);
}

static void print_hosts(const struct page *page, const json_t *result)
{
    static const struct column columns[] = {
        { .heading = "pref", .right = true },
        { .heading = "host", .wraps = true },
        { .heading = "address" },
        { .heading = "found", .wraps = true },
    };
    struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
    const json_t *hosts = json_object_get(result, "hosts");
    char found[PROBE_TEXT_SIZE];

    for (size_t i = 0; i < json_array_size(hosts); i++) {
        const json_t *host = json_array_get(hosts, i);
        struct line line;

        line_init(&line, found, sizeof(found));
        if (probe_words_host(&line, host))
            add_row(table, host, true, "-", PAINT_WARN, found);
        else
            add_addresses(table, host);
    }
    table_print(table, page, INDENT);
}

/* ---- what an address shows ------------------------------------------------------------------- */

/* An address that speaks TLS. */
struct shower {
    const json_t *result, *host, *address;
    bool printed;
};

static size_t gather(const json_t *result, struct shower showers[SHARED_MOST])
{
    const json_t *hosts = json_object_get(result, "hosts");
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(hosts); i++) {
        const json_t *host = json_array_get(hosts, i);

        for (size_t n = 0; n < json_array_size(addresses_of(host)) && count < SHARED_MOST; n++) {
            const json_t *address = json_array_get(addresses_of(host), n);
            const char *state = json_in_text(address, "state");

            if (state != NULL && strcmp(state, "tls") == 0)
                showers[count++] = (struct shower){ result, host, address, false };
        }
    }
    return count;
}

static bool shows_the_same(const struct shower *a, const struct shower *b, int64_t now)
{
    char mine[PROBE_TEXT_SIZE], theirs[PROBE_TEXT_SIZE];
    const char *label, *other;
    size_t i = 0, n = 0;

    for (;;) {
        bool more = probe_words_row(a->result, a->address, now, &i, &label, mine);

        if (probe_words_row(b->result, b->address, now, &n, &other, theirs) != more)
            return false;
        if (!more)
            return true;
        if (label != other || strcmp(mine, theirs) != 0)
            return false;
    }
}

/* An address literal is its own host. */
static void add_place(struct line *line, const struct shower *shower)
{
    const char *name = json_in_text(shower->host, "name");
    const char *address = json_in_text(shower->address, "address");

    line_add(line, line->length > 0 ? ", " : "");
    if (name == NULL || address == NULL || strcmp(name, address) != 0)
        add_host(line, shower->host);
    probe_words_address(line, shower->address);
}

static void print_rows(const struct page *page, const json_t *result, const json_t *address,
                       int64_t now)
{
    static const struct column columns[] = { { .heading = NULL },
                                             { .heading = NULL, .wraps = true } };
    struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
    char text[PROBE_TEXT_SIZE];
    const char *label;
    size_t position = 0;

    while (probe_words_row(result, address, now, &position, &label, text)) {
        table_cell(table, PAINT_NONE, "%s", label);
        table_cell(table, PAINT_NONE, "%s", text);
    }
    table_print(table, page, 2 * INDENT);
}

static void print_showers(const struct page *page, const json_t *result, int64_t now)
{
    struct shower showers[SHARED_MOST];
    size_t count = gather(result, showers);

    for (size_t i = 0; i < count; i++) {
        char places[PROBE_TEXT_SIZE];
        struct line line;

        if (showers[i].printed)
            continue;
        line_init(&line, places, sizeof(places));
        add_place(&line, &showers[i]);
        for (size_t n = i + 1; n < count; n++) {
            if (showers[n].printed || !shows_the_same(&showers[i], &showers[n], now))
                continue;
            showers[n].printed = true;
            add_place(&line, &showers[n]);
        }
        page_empty_line(page);
        page_paragraph(page, INDENT, INDENT, PAINT_BOLD, "%s", places);
        print_rows(page, result, showers[i].address, now);
    }
}

/* ---- a hop ----------------------------------------------------------------------------------- */

static void print_result(const struct page *page, const json_t *result, int64_t now)
{
    char text[PROBE_TEXT_SIZE];
    struct line line;

    line_init(&line, text, sizeof(text));
    probe_words_lookup(&line, result);
    line_add(&line, ", looked at in %.1f s", (double)json_in_number(result, "milliseconds") / 1000);
    page_paragraph(page, INDENT, 0, PAINT_NONE, "%s", text);
    if (json_in_true(result, "cut"))
        page_paragraph(page, INDENT, 0, PAINT_WARN,
                       "there was too much of it: chains and lists of names are not complete");
    print_hosts(page, result);
    print_showers(page, result, now);
}

static void print_hop(const struct page *page, const struct probe *probe,
                      const struct probe_hop *hop)
{
    page_line(page, PAINT_BOLD, "%s", hop->text);
    if (hop->result != NULL)
        print_result(page, hop->result, probe->now);
    else
        page_paragraph(page, INDENT, 0, PAINT_WARN, "not looked at: %s",
                       hop->error != NULL ? hop->error : "forcetls-prober gave no answer");
}

/* ---- verdicts -------------------------------------------------------------------------------- */

/* Each host alone, where there are several. */
static void print_judged_hosts(const struct page *page, const struct probe *probe,
                               const struct probe_case *one)
{
    static const struct column columns[] = {
        { .heading = "host", .wraps = true },
        { .heading = "verdict" },
        { .heading = "reason", .wraps = true },
    };
    static const struct {
        const char *word;
        enum paint paint;
    } words[] = {
        [OUTCOME_NONE] = { "does not count", PAINT_NONE },
        [OUTCOME_PASS] = { "passes", PAINT_GOOD },
        [OUTCOME_EXEMPT] = { "", PAINT_NONE },
        [OUTCOME_FAIL] = { "fails", PAINT_BAD },
        [OUTCOME_UNKNOWN] = { "unknown", PAINT_WARN },
    };
    const struct hop_facts *facts = one->hop->facts;
    struct table *table;

    if (facts == NULL || facts->host_count < 2 || one->connector->level == LEVEL_MAY)
        return;
    table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < facts->host_count; i++) {
        char name[NAME_MOST + 1];
        struct finding finding;
        struct line line;

        if (facts->hosts[i].self)
            continue;
        judge_host(probe->rules, one->connector, &facts->hosts[i], probe->now, &finding);
        line_init(&line, name, sizeof(name));
        line_add_quoted(&line, facts->hosts[i].name, NAME_MOST);
        table_cell(table, PAINT_NONE, "%s", name);
        table_cell(table, words[finding.outcome].paint, "%s", words[finding.outcome].word);
        table_cell(table, PAINT_NONE, "%s",
                   finding.outcome == OUTCOME_PASS ? "" : reason_word(finding.reason));
    }
    table_print(table, page, 2 * INDENT);
}

static void print_verdict(const struct page *page, const struct probe *probe,
                          const struct probe_case *one)
{
    struct probe_verdict *verdict = probe_judge(probe, one);

    page_empty_line(page);
    page_line(page, PAINT_BOLD, "  connector %s, level %s", one->connector->name,
              level_word(one->connector->level));
    if (verdict == NULL) {
        page_out_of_memory(page);
        return;
    }
    outbound_print_verdict(page, 2 * INDENT, &verdict->outbound, verdict->sentence);
    print_judged_hosts(page, probe, one);
    outbound_print_demands(page, 2 * INDENT, &verdict->facts, &verdict->outbound.decision);
    probe_verdict_free(verdict);
}

static void print_hop_with_verdicts(const struct page *page, const struct probe *probe,
                                    struct probe_hop *hop)
{
    print_hop(page, probe, hop);
    for (size_t i = 0; i < probe->case_count; i++) {
        if (probe->cases[i].hop == hop)
            print_verdict(page, probe, &probe->cases[i]);
    }
    if (!hop->has_case) {
        page_empty_line(page);
        page_paragraph(page, INDENT, INDENT, PAINT_NONE,
                       "no outbound connector is for this hop: nothing is demanded of it");
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

bool probe_print_text(const struct probe *probe, enum status status)
{
    struct page page;

    page_init(&page, stdout);
    for (size_t i = 0; i < probe->note_count; i++)
        page_remark(&page, "forcetls-prober", PAINT_WARN, "warning", "%s", probe->notes[i]);
    if (probe->all && probe->case_count == 0)
        page_line(&page, PAINT_NONE, "there is no outbound connector");
    for (size_t i = 0; !probe->all && i < probe->hop_count; i++) {
        if (i > 0)
            page_empty_line(&page);
        print_hop_with_verdicts(&page, probe, probe->hops[i]);
    }
    if (probe->all && probe->case_count > 0)
        probe_print_all(&page, probe, status);
    return page_finish(&page);
}
