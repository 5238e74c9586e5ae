/* SPDX-License-Identifier: ISC */
/*
 * text: text that is fit to be shown, measured in columns of a terminal. What page.c and table.c
 * share; nobody else needs it.
 */
#ifndef FORCETLS_POLICY_CLI_TEXT_H
#define FORCETLS_POLICY_CLI_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "policy/cli/page.h"
#include "policy/span.h"

/* printf(3), fit to be shown: invalid bytes and what a terminal would obey rather than show are
 * "?". Give it to free(); NULL where memory ran out. */
char *text_format(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/* Columns of a text that is fit to be shown. */
size_t text_columns(struct span text);

/* Columns of its longest word. */
size_t text_longest_word(struct span text);

/* Takes the next line of at most `width` (1 or more) columns from `rest`: up to a blank, or where
 * a word alone is longer than that, a part of it (`break_words`) or the whole word. Blanks around
 * the break belong to neither line. At least one byte is taken where there is one. */
struct span text_next_line(struct span *rest, size_t width, bool break_words);

/* Prints some text of a line. */
void text_print(const struct page *page, enum paint paint, struct span text);
void text_print_blanks(const struct page *page, size_t count);

#endif
