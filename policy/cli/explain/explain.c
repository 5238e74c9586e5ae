/* SPDX-License-Identifier: ISC */
/*
 * forcetls explain: what becomes of a message, or became of one, and why.
 *
 * The milter's own code decides, from macros as an MTA gives them or from the facts that a line of
 * the log carries; nothing is sent, and the daemon is not asked.
 *
 * Exit status:
 *   0  it passes: all demands are met, no connector is for it, it is exempt, or in monitor mode
 *   1  it would be refused or (action defer) deferred, since a demand is seen not to be met
 *   2  wrong usage; the configuration has errors or cannot be read; no line of forcetls-milter;
 *      memory ran out
 *   3  it would be deferred, since it cannot be told; a line of a direction that is not judged; not
 *      all of the answer could be printed
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "milter/snapshot.h"
#include "policy/cli/explain/explain.h"
#include "policy/cli/explain/inquiry.h"
#include "policy/cli/explain/moment.h"
#include "policy/cli/outbound_hops.h"
#include "policy/cli/page.h"
#include "policy/conf/conf.h"
#include "policy/conf/file.h"

struct explain_options {
    const char *config;
    struct question question;
    const char *log;
    const char *hop;
    bool probe;
    const char *at;
    bool json;
};

#define AT(member) offsetof(struct explain_options, member)

static const struct option_row rows[] = {
    { 'c', "config", OPTION_TEXT, AT(config), "FILE", "instead of " FORCETLS_CONF },
    { 0, "from", OPTION_TEXT, AT(question.from), "ADDRESS", "the sender; '<>' for a bounce" },
    { 0, "to", OPTION_TEXT, AT(question.to), "ADDRESS", "the recipient (default: any of ours)" },
    { 0, "client-addr", OPTION_TEXT, AT(question.client_addr), "IP", "the client's address" },
    { 0, "client-name", OPTION_TEXT, AT(question.client_name), "NAME", "its confirmed host name" },
    { 0, "helo", OPTION_TEXT, AT(question.helo), "NAME", "its HELO name" },
    { 0, "mta", OPTION_TEXT, AT(question.mta), "MTA", "what reports it: postfix or sendmail" },
    { 'm', "macro", OPTION_TEXTS, AT(question.macros), "NAME=VALUE",
      "tls_version=TLSv1.3; no TLS macro: plaintext" },
    { 'p', "policy", OPTION_TEXTS, AT(question.attributes), "NAME=VALUE",
      "told to a policy server: ccert_fingerprint=..." },
    { 0, "log", OPTION_TEXT, AT(log), "LINE", "explain this line of the log (-: from stdin)" },
    { 0, "hop", OPTION_TEXT, AT(hop), "FILE",
      "what forcetls-prober found at its next hop (-: stdin)" },
    { 0, "probe", OPTION_FLAG, AT(probe), NULL, "look at its next hop now" },
    { 0, "at", OPTION_TEXT, AT(at), "DATE", "as of YYYY-MM-DD or YYYY-MM-DDTHH:MM (UTC)" },
    { 0, "json", OPTION_FLAG, AT(json), NULL, "print a JSON document" },
};

static const char *const details[] = {
    "Exit status: 0 it passes, 1 it does not, 2 wrong usage, 3 it cannot be told now.",
    NULL,
};

/* All that a run owns. */
struct run {
    const struct explain_options *options;
    const char *config;
    int64_t now;
    struct inquiry inquiry;
    struct logged logged;
    struct outbound_hops hops;
    struct explanation explanation;
};

/* ---- what is asked -------------------------------------------------------------------------- */

static bool read_moment(struct run *run, struct why *why)
{
    const char *text = run->options->at;

    run->now = (int64_t)time(NULL);
    run->explanation.dated = text != NULL;
    return text == NULL || moment_parse(&run->now, span_of(text)) ||
           why_fail(why, "--at must be YYYY-MM-DD or YYYY-MM-DDTHH:MM, UTC ('%.100s')", text);
}

/* The first verdict line of stdin; what a line has beyond the bound is passed over. */
static bool read_line_of_stdin(struct logged *logged, struct why *why)
{
    char line[LOGGED_LINE_MOST + 2];
    struct why last;

    while (fgets(line, sizeof(line), stdin) != NULL) {
        size_t length = strlen(line);

        if (logged_read(logged, (struct span){ line, length }, &last))
            return true;
        logged_release(logged);
        while (length > 0 && line[length - 1] != '\n' && length == sizeof(line) - 1 &&
               fgets(line, sizeof(line), stdin) != NULL)
            length = strlen(line);
    }
    memset(logged, 0, sizeof(*logged));
    return why_fail(why, "--log: no line of forcetls-milter with a verdict on stdin");
}

static bool read_log(struct run *run, struct why *why)
{
    const struct explain_options *options = run->options;
    const struct question *question = &options->question;

    if (question->from != NULL || question->client_addr != NULL || question->macros.count > 0 ||
        question->attributes.count > 0)
        return why_fail(why, "--log goes with --to, --helo, --mta and --client-name; the rest is "
                             "in the line");
    run->explanation.logged = &run->logged;
    if (strcmp(options->log, "-") == 0)
        return read_line_of_stdin(&run->logged, why);
    return logged_read(&run->logged, span_of(options->log), why);
}

static bool read_options(struct run *run, struct why *why)
{
    const struct explain_options *options = run->options;

    run->config = options->config != NULL ? options->config : FORCETLS_CONF;
    if (!read_moment(run, why))
        return false;
    if (options->hop != NULL && options->probe)
        return why_fail(why, "--hop and --probe: one of them");
    if (options->log != NULL)
        return read_log(run, why);
    return inquiry_read(&run->inquiry, &options->question, &run->explanation.notes, why);
}

/* ---- the rules ------------------------------------------------------------------------------ */

static void print_errors(const struct diagnostics *diagnostics)
{
    char line[1001];

    for (size_t i = 0; i < diagnostics->count; i++) {
        if (diagnostics->items[i].severity != SEVERITY_ERROR)
            continue;
        diagnostic_format(&diagnostics->items[i], line, sizeof(line));
        (void)fprintf(stderr, "%s\n", line);
    }
}

/* Puts the rules in force, as the daemon does. */
static bool read_rules(struct run *run, struct why *why)
{
    struct diagnostics diagnostics = { .count = 0 };
    struct snapshot *snapshot;
    struct rules *rules;
    struct why reason;

    if (!file_is_readable(run->config, false, &reason))
        return why_fail(why, "%s ('%.200s')", reason.text, run->config);
    rules = conf_read(run->config, run->now, &diagnostics);
    print_errors(&diagnostics);
    diagnostics_release(&diagnostics);
    if (rules == NULL)
        return why_fail(why, "a configuration with errors explains nothing ('%.200s')",
                        run->config);
    if (!snapshot_install(rules))
        return why_fail(why, "out of memory");
    snapshot = snapshot_get();
    run->explanation.rules = snapshot_rules(snapshot);
    snapshot_put(snapshot); /* stays in force until snapshot_uninstall() */
    return true;
}

/* ---- the answer ----------------------------------------------------------------------------- */

static bool ask_options(struct run *run, struct why *why)
{
    struct explanation *explanation = &run->explanation;
    struct inquiry *inquiry = &run->inquiry;

    if (!inquiry_play(inquiry, explanation->rules, run->now, &explanation->notes, why))
        return false;
    explanation->facts = &inquiry->facts;
    explanation->any_recipient = inquiry->recipient == NULL;
    judgement_make(&explanation->inbound, explanation->rules, explanation->facts, 1,
                   inquiry->queue_id);
    explanation->status = judgement_status(&explanation->inbound);
    return true;
}

static bool ask_log(struct run *run, struct why *why)
{
    struct explanation *explanation = &run->explanation;
    struct logged *logged = &run->logged;

    if (!logged_facts(logged, &run->options->question, run->now, &explanation->notes, why))
        return false;
    explanation->facts = &logged->facts;
    explanation->any_recipient = logged->facts.recipient_address == NULL;
    explanation->status = STATUS_UNKNOWN;
    if (logged->fields.direction == DIRECTION_OUTBOUND)
        return true;
    judgement_make(&explanation->inbound, explanation->rules, explanation->facts,
                   logged->recipients, logged->queue_id);
    logged_missing(logged, &explanation->inbound, &explanation->missing);
    explanation->sameness = logged_compare(logged, &explanation->inbound, &explanation->missing);
    explanation->status = judgement_status(&explanation->inbound);
    return true;
}

/* What is known of the next hop decides of mail to a partner, as well. */
static bool ask_hops(struct run *run, struct why *why)
{
    struct explanation *explanation = &run->explanation;
    const struct explain_options *options = run->options;
    bool alone = options->log != NULL && run->logged.fields.direction == DIRECTION_OUTBOUND;
    enum status status;

    if (options->hop == NULL && !options->probe)
        return true;
    if (explanation->any_recipient)
        return why_fail(why, "--hop and --probe need --to ADDRESS");
    if (!outbound_hops_know(&run->hops, explanation->rules, explanation->facts,
                            explanation->outbound.connector, options->hop, &explanation->notes,
                            why))
        return false;
    explanation->facts = &run->hops.facts;
    outbound_judge(&explanation->outbound, explanation->rules, explanation->facts,
                   &run->hops.source, span_of(""));
    status = decision_status(&explanation->outbound.decision);
    if (status == STATUS_NO || explanation->status == STATUS_GOOD || alone)
        explanation->status = status;
    return true;
}

static void find_places(struct run *run)
{
    struct explanation *explanation = &run->explanation;
    const struct trace *trace = &explanation->inbound.trace;

    places_want(&explanation->places, &explanation->inbound.decision.match);
    for (size_t i = 0; i < trace->count; i++)
        places_want(&explanation->places, &trace->candidates[i].match);
    places_want(&explanation->places, &explanation->outbound.match);
    places_find(&explanation->places, run->config, run->now);
}

static bool ask(struct run *run, struct why *why)
{
    struct explanation *explanation = &run->explanation;

    if (!(run->options->log != NULL ? ask_log(run, why) : ask_options(run, why)))
        return false;
    explanation->helo = span_of(run->options->question.helo);
    outbound_find(&explanation->outbound, explanation->rules, explanation->facts);
    if (!ask_hops(run, why))
        return false;
    find_places(run);
    return true;
}

/* ---- the subcommand ------------------------------------------------------------------------- */

static enum status answer(struct run *run)
{
    const struct explanation *explanation = &run->explanation;
    struct why why;

    if (!read_options(run, &why) || !read_rules(run, &why) || !ask(run, &why)) {
        cli_error("%s", why.text);
        return STATUS_USAGE;
    }
    if (!(run->options->json ? explain_print_json(explanation) : explain_print_text(explanation)))
        return STATUS_UNKNOWN;
    return explanation->status;
}

static enum status run_explain(const void *options, char *const files[])
{
    struct run *run = calloc(1, sizeof(*run));
    enum status status;

    (void)files;
    if (run == NULL) {
        cli_error("out of memory");
        return STATUS_USAGE;
    }
    run->options = options;
    address_init(&run->inquiry.recipient_address);
    address_init(&run->logged.sender);
    address_init(&run->logged.recipient);
    status = answer(run);
    places_release(&run->explanation.places);
    outbound_hops_release(&run->hops);
    inquiry_release(&run->inquiry);
    logged_release(&run->logged);
    snapshot_uninstall();
    free(run);
    return status;
}

const struct subcommand explain_subcommand = {
    .word = "explain",
    .summary = "say what becomes of a message, or became of one, and why",
    .options = rows,
    .option_count = sizeof(rows) / sizeof(rows[0]),
    .size = sizeof(struct explain_options),
    .details = details,
    .run = run_explain,
};
