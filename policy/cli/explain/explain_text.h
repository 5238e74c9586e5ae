/* SPDX-License-Identifier: ISC */
/*
 * explain_text: what the parts of `forcetls explain`'s text share; nobody else needs it.
 */
#ifndef FORCETLS_POLICY_CLI_EXPLAIN_EXPLAIN_TEXT_H
#define FORCETLS_POLICY_CLI_EXPLAIN_EXPLAIN_TEXT_H

#include "policy/cli/explain/explain.h"
#include "policy/cli/page.h"
#include "policy/escape.h"

#define INDENT 2
#define TEXT_SIZE 1200 /* of a paragraph */
#define VALUE_MOST 256 /* of a value from outside */

/* What all parts are printed from. */
struct answer {
    const struct page *page;
    const struct explanation *explanation;
    const struct facts *facts;
    const struct judgement *inbound;
};

void answer_heading(const struct answer *answer, const char *text);
void answer_text(const struct answer *answer, enum paint paint, const char *text);

/* "FILE:LINE" */
void answer_add_place(struct line *line, const char *file, unsigned number);

/* Who sent what to whom from where, over which session. */
void answer_facts(const struct answer *answer);

void answer_notes(const struct answer *answer, const struct notes *notes);

/* explain_logged.c: what a line of the log says, and whether it would be the same now. */
void answer_logged(const struct answer *answer, const struct logged *logged);
void answer_comparison(const struct answer *answer);

/* explain_way.c: how the decision came about: the connector, the entries that do not decide, the
 * exemption, the demands, the entries of certificates. */
void answer_way(const struct answer *answer);

#endif
