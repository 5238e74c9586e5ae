/* SPDX-License-Identifier: ISC */
/*
 * What `forcetls explain` prints for people, in the order in which somebody asks: what came in, who
 * is responsible for it, what was demanded, what becomes of it, what the other side and the log are
 * told, and what to do. A part that has nothing to say is left out.
 */
#include "config.h"

#include "policy/cli/check/check_words.h"
#include "policy/cli/explain/advice.h"
#include "policy/cli/explain/explain_text.h"
#include "policy/cli/explain/explain_words.h"
#include "policy/cli/explain/moment.h"
#include "policy/cli/outbound_text.h"

#define READINGS_MOST 8  /* of an address, */
#define READING_MOST 100 /* each of so many bytes */

void answer_heading(const struct answer *answer, const char *text)
{
    page_empty_line(answer->page);
    page_line(answer->page, PAINT_BOLD, "%s", text);
}

void answer_text(const struct answer *answer, enum paint paint, const char *text)
{
    page_paragraph(answer->page, INDENT, 0, paint, "%s", text);
}

void answer_add_place(struct line *line, const char *file, unsigned number)
{
    line_add_quoted(line, span_of(file), VALUE_MOST);
    line_add(line, ":%u", number);
}

/* ---- what is asked -------------------------------------------------------------------------- */

static void add_envelope(struct line *line, const struct answer *answer)
{
    const struct facts *facts = answer->facts;
    const struct explanation *explanation = answer->explanation;

    line_add(line, "mail from ");
    line_add_quoted(line, facts->sender, VALUE_MOST);
    line_add(line, " to ");
    if (explanation->any_recipient)
        line_add(line, explanation->logged != NULL
                           ? "recipients that the line does not name"
                           : "any recipient (the strictest judgement counts)");
    else
        line_add_quoted(line, facts->recipient, VALUE_MOST);
    line_add(line, ", client ");
    words_client(line, facts);
    if (span_known(explanation->helo)) {
        line_add(line, ", HELO ");
        line_add_cited(line, explanation->helo, VALUE_MOST);
    }
    if (facts->authenticated)
        line_add(line, ", logged in");
    if (facts->mta != MTA_UNKNOWN)
        line_add(line, ", on %s", words_mta(facts->mta));
}

/* An odd address has several; a monster's are only counted. */
static void print_readings(const struct answer *answer, const char *word,
                           const struct address *address)
{
    char text[TEXT_SIZE];
    struct line line;

    if (address == NULL || address->count < 2)
        return;
    line_init(&line, text, sizeof(text));
    line_add(&line, "the %s can be read in %zu ways (", word, address->count);
    for (size_t i = 0; i < address->count && i < READINGS_MOST; i++) {
        line_add(&line, i > 0 ? ", " : "");
        line_add_quoted(&line,
                        (struct span){ address->domains[i].name, address->domains[i].length },
                        READING_MOST);
    }
    line_add(&line, "%s): the strictest judgement counts",
             address->count > READINGS_MOST ? ", ..." : "");
    answer_text(answer, PAINT_NONE, text);
}

void answer_notes(const struct answer *answer, const struct notes *notes)
{
    for (size_t i = 0; i < notes->count; i++)
        page_paragraph(answer->page, INDENT, INDENT, PAINT_WARN, "note: %s", notes->texts[i]);
    if (notes->left_out > 0)
        page_line(answer->page, PAINT_WARN, "  and %zu notes more", notes->left_out);
}

void answer_facts(const struct answer *answer)
{
    const struct facts *facts = answer->facts;
    char text[TEXT_SIZE];
    struct line line;

    line_init(&line, text, sizeof(text));
    add_envelope(&line, answer);
    answer_text(answer, PAINT_NONE, text);
    line_init(&line, text, sizeof(text));
    line_add(&line, "session: ");
    words_session(&line, &facts->tls);
    if (facts->tls.state == TLS_ENCRYPTED) {
        line_add(&line, "; certificate: ");
        words_certificate(&line, &facts->certificate);
    }
    answer_text(answer, PAINT_NONE, text);
    print_readings(answer, "sender", facts->sender_address);
    print_readings(answer, "recipient", facts->recipient_address);
}

static void print_moment(const struct answer *answer)
{
    char moment[MOMENT_TEXT_SIZE];

    if (!answer->explanation->dated)
        return;
    moment_format(answer->facts->now, moment);
    page_line(answer->page, PAINT_NONE, "  as of %s", moment);
}

/* ---- what becomes of it --------------------------------------------------------------------- */

static enum paint verdict_paint(const struct judgement *judgement)
{
    if (!judgement->refused)
        return PAINT_GOOD;
    return judgement->decision.monitored ? PAINT_WARN : PAINT_BAD;
}

static void print_verdict(const struct answer *answer)
{
    char text[TEXT_SIZE];
    struct line line;

    answer_heading(answer, "Verdict");
    line_init(&line, text, sizeof(text));
    words_verdict(&line, answer->facts, answer->inbound);
    answer_text(answer, verdict_paint(answer->inbound), text);
}

/* As they are: a line of the log is one line, and can be looked for. */
static void print_reply_and_log(const struct answer *answer)
{
    const struct judgement *inbound = answer->inbound;
    char text[TEXT_SIZE];
    struct line line;

    if (inbound->refused) {
        answer_heading(answer, inbound->decision.monitored ? "Reply, were it not for monitor mode"
                                                           : "Reply");
        line_init(&line, text, sizeof(text));
        words_reply(&line, answer->facts, inbound);
        page_line(answer->page, PAINT_NONE, "  %s", text);
    }
    if (inbound->log[0] != '\0') {
        answer_heading(answer, "Log");
        page_line(answer->page, PAINT_NONE, "  %s", inbound->log);
    }
}

static void print_steps(const struct answer *answer, const struct advice_case *wanted,
                        enum advice_who who, const char *heading)
{
    const struct advice_step *step;
    size_t position = 0;
    bool first = true;

    while ((step = advice_next(wanted, &position)) != NULL) {
        const char *mta = "";

        if (step->who != who)
            continue;
        if (first && heading != NULL)
            answer_heading(answer, heading);
        first = false;
        if (step->mta != MTA_UNKNOWN && wanted->mta == MTA_UNKNOWN)
            mta = words_mta(step->mta);
        page_paragraph(answer->page, INDENT, INDENT, PAINT_NONE, "- %s%s%s", mta,
                       mta[0] != '\0' ? ": " : "", step->text);
    }
}

static void print_advice(const struct answer *answer, const struct advice_case *wanted)
{
    const char *meaning = advice_meaning(wanted->direction, wanted->reason);

    if (meaning == NULL)
        return;
    answer_heading(answer, "What it means");
    answer_text(answer, PAINT_NONE, meaning);
    print_steps(answer, wanted, ADVICE_ADMINISTRATOR, "What to do here");
    print_steps(answer, wanted, ADVICE_PARTNER, "What the partner does");
}

static void print_advice_on(const struct answer *answer, enum direction direction,
                            const struct decision *decision)
{
    const struct advice_case wanted = { (int)decision->reason, judgement_decisive(decision),
                                        answer->facts->mta, decision->monitored, direction };

    print_advice(answer, &wanted);
}

static void print_near_miss(const struct answer *answer)
{
    const struct judgement *inbound = answer->inbound;
    const struct advice_case wanted = { ADVICE_NEAR_MISS, NULL, answer->facts->mta, false,
                                        DIRECTION_INBOUND };
    char domain[TEXT_SIZE];
    struct line line;

    if (inbound->near_miss == NULL)
        return;
    answer_heading(answer, "Near miss");
    line_init(&line, domain, sizeof(domain));
    line_add_quoted(&line, inbound->near_miss_domain, VALUE_MOST);
    page_paragraph(answer->page, INDENT, INDENT, PAINT_WARN,
                   "%s lies below an entry of connector %s that is for its own domain alone",
                   domain, inbound->near_miss->name);
    print_steps(answer, &wanted, ADVICE_ADMINISTRATOR, NULL);
    page_line(answer->page, PAINT_NONE, "  logged once: %s", inbound->near_miss_log);
}

static void print_outbound_judgement(const struct answer *answer)
{
    const struct explanation *explanation = answer->explanation;
    const struct outbound *outbound = &explanation->outbound;
    char sentence[REFUSAL_SIZE];

    outbound_sentence(outbound, explanation->rules, answer->facts, sentence);
    outbound_print_verdict(answer->page, INDENT, outbound, sentence);
    outbound_print_demands(answer->page, INDENT, answer->facts, &outbound->decision);
    if (outbound->refused) {
        answer_heading(answer, outbound->decision.monitored
                                   ? "Reply outbound, were it not for monitor mode"
                                   : "Reply outbound");
        page_line(answer->page, PAINT_NONE, "  %s %s %s", outbound->refusal.code,
                  outbound->refusal.status, outbound->refusal.text);
    }
    answer_heading(answer, "Log outbound");
    page_line(answer->page, PAINT_NONE, "  %s", outbound->log);
    print_advice_on(answer, DIRECTION_OUTBOUND, &outbound->decision);
}

/* Behind the connector, where there is no judgement. */
static const char *what_of_it(const struct outbound *outbound)
{
    if (outbound->judged)
        return "";
    return outbound->asked ? "; this mail stays on this host (macro {rcpt_mailer})"
                           : "; what its next hop offers is not known here: --probe looks at it, "
                             "--hop takes what forcetls-prober has found";
}

static void print_outbound(const struct answer *answer)
{
    const struct outbound *outbound = &answer->explanation->outbound;
    char domain[TEXT_SIZE], place[TEXT_SIZE];
    struct line line;

    if (outbound->connector == NULL)
        return;
    line_init(&line, domain, sizeof(domain));
    line_add_quoted(&line, outbound->match.domain, VALUE_MOST);
    line_init(&line, place, sizeof(place));
    answer_add_place(&line, outbound->connector->file, outbound->connector->line);
    answer_heading(answer, "Outbound");
    page_paragraph(answer->page, INDENT, 0, PAINT_NONE, "connector %s (%s) is for mail to %s%s",
                   outbound->connector->name, place, domain, what_of_it(outbound));
    if (outbound->judged)
        print_outbound_judgement(answer);
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* The reply and the line of the log are in the line that was given where nothing has changed. */
static void print_judgement(const struct answer *answer)
{
    const struct explanation *explanation = answer->explanation;

    answer_way(answer);
    print_verdict(answer);
    if (explanation->logged == NULL || explanation->sameness != SAME)
        print_reply_and_log(answer);
}

static void print_question(const struct answer *answer)
{
    const struct judgement *inbound = answer->inbound;

    page_line(answer->page, PAINT_BOLD, "Asked");
    answer_facts(answer);
    print_moment(answer);
    answer_notes(answer, &answer->explanation->notes);
    print_judgement(answer);
    print_advice_on(answer, DIRECTION_INBOUND, &inbound->decision);
    print_near_miss(answer);
}

/* First what was, with its advice; then what would be, with its own where that is another. */
static void print_logged_question(const struct answer *answer, const struct logged *logged)
{
    const struct decision *decision = &answer->inbound->decision;
    bool same = (int)decision->reason == logged->reason;
    const struct advice_case wanted = { logged->reason, same ? judgement_decisive(decision) : NULL,
                                        answer->facts->mta, logged_is_monitored(logged),
                                        logged->fields.direction };

    answer_logged(answer, logged);
    print_advice(answer, &wanted);
    if (logged->fields.direction == DIRECTION_OUTBOUND)
        return;
    page_empty_line(answer->page);
    page_line(answer->page, PAINT_BOLD, "The same, by the rules as they are in the file now");
    print_judgement(answer);
    /* What only the line does not tell is nobody's to mend. */
    if (!same && answer->explanation->missing.count == 0)
        print_advice_on(answer, DIRECTION_INBOUND, decision);
    if (!logged->near_miss)
        print_near_miss(answer);
    answer_comparison(answer);
}

bool explain_print_text(const struct explanation *explanation)
{
    struct page page;
    const struct answer answer = { &page, explanation, explanation->facts, &explanation->inbound };

    page_init(&page, stdout);
    if (explanation->logged != NULL)
        print_logged_question(&answer, explanation->logged);
    else
        print_question(&answer);
    print_outbound(&answer);
    return page_finish(&page);
}
