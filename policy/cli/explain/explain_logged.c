/* SPDX-License-Identifier: ISC */
/* A line of the log in words, and what has become of it. Declared in explain_text.h. */
#include "config.h"

#include "policy/cli/explain/explain_text.h"
#include "policy/cli/explain/moment.h"

static void add_value(struct line *line, const struct logged *logged, enum logfield field)
{
    line_add_quoted(line, logged->values[field], VALUE_MOST);
}

static bool verdict_is(const struct logged *logged, const char *word)
{
    return span_equal(logged->values[LOGFIELD_VERDICT], span_of(word));
}

static const char *with_code(struct span verdict)
{
    return span_equal(verdict, span_of("reject")) ? "refused with 550" : "deferred with 451";
}

/* What was decided. */
static void add_logged_verdict(struct line *line, const struct logged *logged)
{
    const char *who = logged->recipients == 1 ? "recipient" : "recipients";

    if (logged->near_miss) {
        line_add(line, "the sender just missed an entry; that was no decision");
        return;
    }
    if (verdict_is(logged, "pass")) {
        line_add(line, "%u %s passed", logged->recipients, who);
    } else if (verdict_is(logged, "exempt")) {
        line_add(line, "%u %s passed, being exempt", logged->recipients, who);
    } else if (verdict_is(logged, "reject") || verdict_is(logged, "defer")) {
        line_add(line, "the recipient was %s", with_code(logged->values[LOGFIELD_VERDICT]));
    } else if (verdict_is(logged, "monitor")) {
        line_add(line, "the recipient passed, in monitor mode; else it would have been %s",
                 with_code(logged->values[LOGFIELD_WOULD]));
    } else {
        line_add(line, "verdict ");
        add_value(line, logged, LOGFIELD_VERDICT);
    }
    if (!span_known(logged->values[LOGFIELD_REASON]))
        return;
    line_add(line, ": ");
    add_value(line, logged, LOGFIELD_REASON);
}

static void add_field(struct line *line, const struct logged *logged, enum logfield field)
{
    if (!span_known(logged->values[field]))
        return;
    line_add(line, "%s%s ", line->length > 0 ? ", " : "", logfield_word(field));
    add_value(line, logged, field);
}

void answer_logged(const struct answer *answer, const struct logged *logged)
{
    char text[TEXT_SIZE];
    struct line line;

    page_line(answer->page, PAINT_BOLD, "The line");
    line_init(&line, text, sizeof(text));
    line_add_quoted(&line, logged->when, VALUE_MOST);
    if (text[0] != '\0')
        answer_text(answer, PAINT_NONE, text);
    line_init(&line, text, sizeof(text));
    add_logged_verdict(&line, logged);
    answer_text(answer, PAINT_BOLD, text);
    line_init(&line, text, sizeof(text));
    add_field(&line, logged, LOGFIELD_CONNECTOR);
    add_field(&line, logged, LOGFIELD_LEVEL);
    add_field(&line, logged, LOGFIELD_MODE);
    answer_text(answer, PAINT_NONE, text);
    answer_facts(answer);
    answer_notes(answer, &answer->explanation->notes);
    if (!span_known(logged->values[LOGFIELD_TEXT]))
        return;
    line_init(&line, text, sizeof(text));
    line_add(&line, "text: ");
    line_add_quoted(&line, logged->values[LOGFIELD_TEXT], sizeof(text) - 8);
    answer_text(answer, PAINT_NONE, text);
}

/* "reject no-tls, connector tax-office" */
static void add_outcome(struct line *line, const struct logged *logged,
                        const struct judgement *judgement)
{
    const struct verdict_words words = verdict_words(&judgement->decision);
    const struct connector *connector = judgement->decision.match.connector;

    if (logged->near_miss && judgement->near_miss != NULL) {
        line_add(line, "near-miss, connector %s", judgement->near_miss->name);
        return;
    }
    line_add(line, "%s%s%s", words.verdict, words.would != NULL ? " " : "",
             words.would != NULL ? words.would : "");
    if (words.reason != NULL)
        line_add(line, " %s", words.reason);
    if (connector != NULL)
        line_add(line, ", connector %s", connector->name);
}

void answer_comparison(const struct answer *answer)
{
    static const char *const words[] = {
        [SAME] = "the same as logged",
        [DIFFERENT] =
            "not the same as logged: the file has changed since, or a date in it has come",
        [SAMENESS_UNKNOWN] = "not the same as logged, which may come from what the line lacks",
    };
    const struct explanation *explanation = answer->explanation;
    char text[TEXT_SIZE], moment[MOMENT_TEXT_SIZE];
    struct line line;

    answer_heading(answer, "Then and now");
    line_init(&line, text, sizeof(text));
    line_add(&line, "%s%s", words[explanation->sameness],
             explanation->sameness == SAME ? ": " : "; now: ");
    add_outcome(&line, explanation->logged, answer->inbound);
    answer_text(answer, explanation->sameness == SAME ? PAINT_GOOD : PAINT_WARN, text);
    moment_format(answer->facts->now, moment);
    page_paragraph(answer->page, INDENT, 0, PAINT_NONE,
                   explanation->dated ? "judged as of %s"
                                      : "judged as of now, %s, whatever the time of the line: "
                                        "--at DATE judges for another day",
                   moment);
    answer_notes(answer, &explanation->missing);
}
