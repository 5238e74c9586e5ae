/* SPDX-License-Identifier: ISC */
/* The way to a decision, for people. Declared in explain_text.h. */
#include "config.h"

#include "policy/cli/check/check_words.h"
#include "policy/cli/explain/explain_text.h"
#include "policy/cli/explain/explain_words.h"
#include "policy/date.h"
#include "policy/describe.h"

#define CELL_SIZE (DESCRIBE_SIZE + 1)

/* ---- the connector -------------------------------------------------------------------------- */

static void print_connector_values(const struct answer *answer, const struct connector *connector)
{
    const struct rules *rules = answer->explanation->rules;
    char text[TEXT_SIZE];
    struct line line;

    line_init(&line, text, sizeof(text));
    line_add(&line, "level %s", level_word(connector->level));
    if (connector->level != LEVEL_MAY) {
        line_add(&line, ", mode ");
        words_mode(&line, rules, connector, answer->facts->now);
        if (rules->settings.mode == MODE_MONITOR)
            line_add(&line, " (the file's own mode)");
        line_add(&line, ", action %s", words_action(connector->action));
    }
    if (connector_next_change(connector, answer->facts->now) != DATE_NEVER) {
        line_add(&line, "; next change ");
        words_next_change(&line, rules, connector, answer->facts->now);
    }
    answer_text(answer, PAINT_NONE, text);
}

static void print_match(const struct answer *answer, const struct match *match)
{
    const struct place *place = places_get(&answer->explanation->places, match);
    char text[TEXT_SIZE];
    struct line line;

    line_init(&line, text, sizeof(text));
    line_add(&line, "because ");
    words_match(&line, answer->facts, match);
    if (place != NULL) {
        line_add(&line, " (%s, ", place->key);
        answer_add_place(&line, place->file, place->line);
        line_add(&line, ")");
    }
    answer_text(answer, PAINT_NONE, text);
}

static const char *why_none(const struct facts *facts)
{
    if (facts->local)
        return "none is asked: the mail did not come by SMTP";
    if (facts->sender_address->null)
        return "none: the sender is <>, and neither the client's address nor its HELO name nor its "
               "confirmed name leads to one";
    return "none: no entry of the file is for this sender and recipient";
}

static void print_connector(const struct answer *answer)
{
    const struct match *match = &answer->inbound->decision.match;
    const struct connector *connector = match->connector;
    char place[TEXT_SIZE];
    struct line line;

    answer_heading(answer, "Connector");
    if (connector == NULL) {
        answer_text(answer, PAINT_NONE, why_none(answer->facts));
        return;
    }
    line_init(&line, place, sizeof(place));
    answer_add_place(&line, connector->file, connector->line);
    if (connector->comment != NULL)
        page_paragraph(answer->page, INDENT, 0, PAINT_NONE, "%s, %s (%s)", connector->name, place,
                       connector->comment);
    else
        page_paragraph(answer->page, INDENT, 0, PAINT_NONE, "%s, %s", connector->name, place);
    print_connector_values(answer, connector);
    if (connector->identity_shared)
        answer_text(answer, PAINT_WARN,
                    "identity=shared: its certificates have names that a mail platform shares "
                    "among its customers; they show the platform, not the partner");
    print_match(answer, match);
}

static bool same_entry(const struct candidate *a, const struct candidate *b)
{
    return a->match.connector == b->match.connector && a->match.kind == b->match.kind &&
           a->match.entry == b->match.entry;
}

/* Whether the entry has had a row, or decides: it comes once for each reading of the recipient. */
static bool is_repeated(const struct trace *trace, size_t index)
{
    const struct candidate *candidate = &trace->candidates[index];

    for (size_t i = 0; i < trace->count; i++) {
        const struct candidate *other = &trace->candidates[i];

        if (same_entry(other, candidate) &&
            (other->fate == FATE_COUNTS || (i < index && other->fate == candidate->fate)))
            return true;
    }
    return false;
}

static void add_candidate(struct table *table, const struct answer *answer,
                          const struct candidate *candidate)
{
    const struct place *place = places_get(&answer->explanation->places, &candidate->match);
    char entry[DOMAIN_MAX + 3], text[CELL_SIZE], where[CELL_SIZE];
    struct line line;

    line_init(&line, entry, sizeof(entry));
    words_entry(&line, &candidate->match);
    table_cell(table, PAINT_NONE, "%s", entry);
    line_init(&line, text, sizeof(text));
    words_led_by(&line, answer->facts, &candidate->match);
    table_cell(table, PAINT_NONE, "%s", text);
    table_cell(table, PAINT_NONE, "%s", candidate->match.connector->name);
    line_init(&line, where, sizeof(where));
    if (place != NULL)
        answer_add_place(&line, place->file, place->line);
    table_cell(table, PAINT_NONE, "%s", place != NULL ? where : "-");
    line_init(&line, text, sizeof(text));
    words_fate(&line, answer->facts, &answer->inbound->decision.match, candidate);
    table_cell(table, PAINT_NONE, "%s", text);
}

static void print_candidates(const struct answer *answer)
{
    static const struct column columns[] = {
        { .heading = "entry", .wraps = true },
        { .heading = "found by", .wraps = true },
        { .heading = "connector" },
        { .heading = "place", .wraps = true },
        { .heading = "why not", .wraps = true },
    };
    const struct trace *trace = &answer->inbound->trace;
    struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
    bool first = true;

    for (size_t i = 0; i < trace->count; i++) {
        if (is_repeated(trace, i))
            continue;
        if (first)
            answer_heading(answer, "Other entries");
        first = false;
        add_candidate(table, answer, &trace->candidates[i]);
    }
    table_print(table, answer->page, INDENT);
    if (trace->left_out > 0)
        page_line(answer->page, PAINT_NONE, "  and %zu more", trace->left_out);
}

static void print_exemption(const struct answer *answer)
{
    const struct decision *decision = &answer->inbound->decision;
    const struct network *network;
    const char *list;
    char text[NETWORK_TEXT_SIZE];

    if (decision->outcome != OUTCOME_EXEMPT)
        return;
    answer_heading(answer, "Exemption");
    if (decision->reason == REASON_AUTHENTICATED) {
        answer_text(answer, PAINT_NONE,
                    "the client has logged in (SMTP AUTH), and "
                    "inbound_exempt_authenticated = true");
        return;
    }
    network = exempting_network(answer->explanation->rules, answer->facts,
                                decision->match.connector, &list);
    if (network == NULL)
        return;
    network_format(network, text);
    page_paragraph(answer->page, INDENT, 0, PAINT_NONE, "the client lies in %s of %s", text, list);
}

/* ---- the demands ---------------------------------------------------------------------------- */

static void add_demand(struct table *table, const struct answer *answer,
                       const struct check_result *result)
{
    static const struct {
        enum paint paint;
        const char *word;
    } outcomes[] = {
        [CHECK_MET] = { PAINT_GOOD, "met" },
        [CHECK_UNMET] = { PAINT_BAD, "not met" },
        [CHECK_UNKNOWN] = { PAINT_WARN, "cannot be told" },
    };
    const struct connector *connector = answer->inbound->decision.match.connector;
    char wanted[CELL_SIZE], got[CELL_SIZE];
    struct line line;

    line_init(&line, wanted, sizeof(wanted));
    describe_wanted(&line, connector, result);
    line_init(&line, got, sizeof(got));
    describe_got(&line, connector, answer->facts, result);
    table_cell(table, PAINT_NONE, "%s", check_word(result->check));
    table_cell(table, PAINT_NONE, "%s", wanted);
    table_cell(table, PAINT_NONE, "%s", got);
    table_cell(table, outcomes[result->outcome].paint, "%s", outcomes[result->outcome].word);
}

static void print_demands(const struct answer *answer)
{
    static const struct column columns[] = {
        { .heading = "demand" },
        { .heading = "wanted", .wraps = true },
        { .heading = "got", .wraps = true },
        { .heading = "outcome" },
    };
    const struct trail *trail = &answer->inbound->decision.trail;
    struct table *table;

    if (trail->count == 0)
        return;
    answer_heading(answer, "Demands");
    table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < trail->count; i++)
        add_demand(table, answer, &trail->results[i]);
    table_print(table, answer->page, INDENT);
}

static void add_certificate_entry(struct table *table, const struct answer *answer, size_t index)
{
    const struct decision *decision = &answer->inbound->decision;
    const struct certificate_entry *entry = &decision->match.connector->certificates[index];
    char text[CELL_SIZE];
    struct line line;

    table_cell(table, PAINT_NONE, "%zu", index + 1);
    line_init(&line, text, sizeof(text));
    describe_entry(&line, entry);
    table_cell(table, PAINT_NONE, "%s", text);
    line_init(&line, text, sizeof(text));
    words_entry_state(&line, entry, answer->facts->now);
    table_cell(table, PAINT_NONE, "%s", text);
    line_init(&line, text, sizeof(text));
    words_entry_result(&line, answer->explanation, index);
    table_cell(table, PAINT_NONE, "%s", text);
}

/* One entry alone is in the table of demands already. */
static void print_certificate_entries(const struct answer *answer)
{
    static const struct column columns[] = {
        { .heading = "entry", .right = true },
        { .heading = "wanted", .wraps = true },
        { .heading = "state" },
        { .heading = "the certificate", .wraps = true },
    };
    const struct decision *decision = &answer->inbound->decision;
    const struct connector *connector = decision->match.connector;
    struct table *table;

    if (connector == NULL || connector->level < LEVEL_SECURE || connector->certificate_count < 2 ||
        decision->trail.count == 0)
        return;
    answer_heading(answer, "Entries of certificates (one that fits is enough)");
    table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < connector->certificate_count; i++)
        add_certificate_entry(table, answer, i);
    table_print(table, answer->page, INDENT);
}

void answer_way(const struct answer *answer)
{
    print_connector(answer);
    print_candidates(answer);
    print_exemption(answer);
    print_demands(answer);
    print_certificate_entries(answer);
}
