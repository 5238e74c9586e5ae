/* SPDX-License-Identifier: ISC */
/*
 * export: what `forcetls export` prints a table from, and what the two tables share. export.c fills
 * it.
 */
#ifndef FORCETLS_POLICY_CLI_EXPORT_EXPORT_H
#define FORCETLS_POLICY_CLI_EXPORT_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/cli/export/export_keys.h"
#include "policy/cli/page.h"
#include "policy/escape.h"

/* Several connectors on one key differ in local_domains only, or share a next hop. */
#define EXPORT_CONNECTORS_MOST 16

struct exported {
    const struct page *page;
    const struct rules *rules;
    const char *file;
    int64_t now; /* the day that it is made for */
    struct export_keys keys;
    const char *anchors; /* an absolute folder for files of trust anchors; NULL: none is written */
    size_t held_back;    /* keys or connectors whose mail has to wait */
};

/* "# TEXT": wrapped, every line a comment. */
void export_comment(const struct exported *exported, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "#   TEXT", as it is. */
void export_comment_line(const struct exported *exported, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "# Made by forcetls export WORD from FILE as it is on DAY", and what comes next by date. */
void export_made_from(const struct exported *exported, const char *word);
void export_dates(const struct exported *exported);

/* "# contoso-out (forcetls.conf:12), level secure", its comment, and why it demands nothing, if it
 * does not. */
void export_connector(const struct exported *exported, const struct connector *connector);

/* Tells stderr of a key or a connector whose mail has to wait, and counts it. */
void export_held_back(struct exported *exported, const char *whose, const char *reason);

/* The tables, to the page. False: memory ran out; an error has been printed. */
bool export_postfix(struct exported *exported);
bool export_sendmail(struct exported *exported);

/* export_sendmail_rule.c: the right side of an access map's line for connectors that all demand
 * something, the first one's demands first: "TEMP+VERIFY:128+CN:mail.contoso.com". */
void export_sendmail_rule(struct line *line, const struct connector *const *connectors,
                          size_t count, int64_t now);

/* Whether a connector's mail has to wait, since no entry of its certificates counts now. */
bool export_sendmail_waits(const struct connector *connector, int64_t now);

/* What such a line does not say of a connector, sentence by sentence: start with *position = 0.
 * False: no more. `text` has room for EXPORT_TEXT_SIZE bytes. */
#define EXPORT_TEXT_SIZE 800
bool export_sendmail_unsaid(const struct connector *connector, int64_t now, size_t *position,
                            char text[EXPORT_TEXT_SIZE]);

#endif
