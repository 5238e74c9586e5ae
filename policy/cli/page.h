/* SPDX-License-Identifier: ISC */
/*
 * page: text for people: as wide as the terminal, in colour where the reader has a terminal and
 * does not object (https://no-color.org), and tables.
 *
 * Every text that is given to a page has been through policy/escape if it came from outside; what
 * is neither printable ASCII nor valid UTF-8 all the same, and what a terminal would obey rather
 * than show, is shown as "?". A code point counts as one column.
 */
#ifndef FORCETLS_POLICY_CLI_PAGE_H
#define FORCETLS_POLICY_CLI_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum paint { PAINT_NONE, PAINT_BOLD, PAINT_DIM, PAINT_GOOD, PAINT_WARN, PAINT_BAD, PAINTS };

struct page {
    FILE *file;
    size_t width; /* columns */
    bool colour;
    bool *incomplete;     /* set where memory ran out, for page_finish(); NULL: nobody asks */
    bool incomplete_here; /* where page_init() lets it point: such a page stays where it is */
};

/* Width: $COLUMNS where it is a number (40 at least), else the terminal's (40 at least), else 100.
 * Colour: on a terminal, unless NO_COLOR is set and not empty, or TERM is "dumb", empty or not
 * set. */
void page_init(struct page *page, FILE *file);

/* Writes out what is still in the stream's buffer. False: not all of the page got out, because it
 * could not be written or memory ran out; an error has been printed. Ask it before a good exit
 * status. */
bool page_finish(const struct page *page);

/* What page_finish() says of the stream, for what is printed without a page. */
bool stream_finish(FILE *file);

/* Says in the page that something is missing for want of memory; page_finish() will fail. */
void page_out_of_memory(const struct page *page);

/* A line as it is, not wrapped. */
void page_line(const struct page *page, enum paint paint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void page_empty_line(const struct page *page);

/* A paragraph: wrapped at blanks, lines after the first one indented by `hanging` more. A word that
 * is longer than a line stays whole. */
void page_paragraph(const struct page *page, size_t indent, size_t hanging, enum paint paint,
                    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* A paragraph "WHERE: WORD: TEXT", of which only the word is painted; later lines indented by 2. */
void page_remark(const struct page *page, const char *where, enum paint paint, const char *word,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * A table: filled row by row, printed once. Columns are as wide as their cells; where that is
 * wider than the page, the widest of those that may wrap give way, and their cells wrap (at blanks,
 * else anywhere). The last column is not padded. Where that is not enough (and all columns have
 * headings), each row becomes a record: a line a cell that is not empty, its heading in front; an
 * empty line stands between rows, unless the first cell is empty.
 */
struct column {
    const char *heading; /* of all columns NULL: a table without headings */
    bool wraps;
    bool right; /* flush right: numbers */
};

struct table;

/* `columns` must live as long as the table. NULL where memory ran out; all calls below accept NULL
 * and do nothing, and table_print() then says that memory ran out. */
struct table *table_new(const struct column *columns, size_t count);
void table_free(struct table *table);

/* The next cell; after the last one of a row the next row begins. The text is copied. */
void table_cell(struct table *table, enum paint paint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints the table, indented, and frees it. Nothing at all where it has no rows. */
void table_print(struct table *table, const struct page *page, size_t indent);

#endif
