/* SPDX-License-Identifier: ISC */
/*
 * findings: what is doubtful about the host's mail settings, each with what to type.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_FINDINGS_H
#define FORCETLS_POLICY_CLI_CHECK_FINDINGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "policy/cli/page.h"
#include "policy/conf/conf.h"

struct finding {
    enum severity severity; /* SEVERITY_WARNING: the enforcement is empty or leaks, or mail would
                               wait for no reason; SEVERITY_NOTE: worth knowing */
    const char *word;       /* a name that stays: "milter-not-attached" */
    char *where;            /* "main.cf", "master.cf smtp/inet", "/etc/mail/sendmail.cf:123" */
    char *text;             /* lower case, the problem first, values in single quotes */
    char *type;             /* what to type: one command or line a line; may be NULL for a note */
};

struct findings {
    struct finding *items;
    size_t count, room;
    size_t warnings;    /* those that could not be kept included */
    bool out_of_memory; /* one could not be kept */
};

/* Adds one. `word` must be a literal; `where` and `type` are copied. Foreign bytes in `where` and
 * in the text are escaped here, and both are cut where they are longer than anybody reads; `type`
 * stays as it is. */
void findings_add(struct findings *findings, enum severity severity, const char *word,
                  const char *where, const char *type, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

void findings_release(struct findings *findings);

/* Each as a paragraph, "main.cf: warning: TEXT", and below it what to type: a line each, indented,
 * never wrapped. */
void findings_print(const struct findings *findings, const struct page *page);

/* An array of { "severity", "word", "where", "text", "type": [ lines ] }; NULL where memory ran
 * out, before or now. */
json_t *findings_json(const struct findings *findings);

#endif
