/* SPDX-License-Identifier: ISC */
/*
 * Tables of a page, declared in page.h. The cells are kept until all of them are known; then every
 * column gets its width, and each row is printed line by line. A table that would be too wide all
 * the same is printed as records: a line a cell, with its heading in front.
 */
#include "config.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include "policy/cli/text.h"

#define GAP 2          /* blanks between columns */
#define COLUMN_LEAST 8 /* a column does not give way below it without need */

struct cell {
    char *text;
    enum paint paint;
};

struct table {
    const struct column *columns;
    size_t count;
    struct cell *cells; /* row by row */
    size_t cell_count, cell_room;
    size_t *widths;     /* a column each, for table_print() */
    struct span *rests; /* a column each: what is still to be printed of a row's cell */
    bool too_wide;      /* even where columns give way as far as they may */
    bool out_of_memory;
};

/* What a column still keeps while others have more to give, one stage after the other. */
enum stage { KEEP_WORDS, KEEP_HEADING, KEEP_NOTHING, STAGES };

struct table *table_new(const struct column *columns, size_t count)
{
    struct table *table = calloc(1, sizeof(*table));

    assert(count > 0);
    if (table == NULL)
        return NULL;
    table->columns = columns;
    table->count = count;
    table->widths = calloc(count, sizeof(*table->widths));
    table->rests = calloc(count, sizeof(*table->rests));
    if (table->widths == NULL || table->rests == NULL) {
        table_free(table);
        return NULL;
    }
    return table;
}

void table_free(struct table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->cell_count; i++)
        free(table->cells[i].text);
    free(table->cells);
    free(table->widths);
    free(table->rests);
    free(table);
}

static bool table_grow(struct table *table)
{
    size_t room = table->cell_room != 0 ? 2 * table->cell_room : 64;
    struct cell *cells;

    if (table->cell_count < table->cell_room)
        return true;
    cells = realloc(table->cells, room * sizeof(*cells));
    if (cells == NULL)
        return false;
    table->cells = cells;
    table->cell_room = room;
    return true;
}

void table_cell(struct table *table, enum paint paint, const char *format, ...)
{
    va_list arguments;
    char *text;

    if (table == NULL || table->out_of_memory)
        return;
    va_start(arguments, format);
    text = text_format(format, arguments);
    va_end(arguments);
    if (text == NULL || !table_grow(table)) {
        free(text);
        table->out_of_memory = true;
        return;
    }
    table->cells[table->cell_count++] = (struct cell){ text, paint };
}

static struct span heading_of(const struct table *table, size_t column)
{
    const char *heading = table->columns[column].heading;

    return span_of(heading != NULL ? heading : "");
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The most columns that a measure gives for any cell of a column. */
static size_t cells_most(const struct table *table, size_t column,
                         size_t (*measure)(struct span text))
{
    size_t most = 0;

    for (size_t i = column; i < table->cell_count; i += table->count)
        most = larger(most, measure(span_of(table->cells[i].text)));
    return most;
}

/* The least width that a column which may wrap keeps in a stage. Words are kept whole up to a half
 * of the page: a longer one is to be broken rather than all others. */
static size_t column_floor(const struct table *table, size_t column, enum stage stage, size_t page)
{
    size_t heading = larger(COLUMN_LEAST, text_longest_word(heading_of(table, column)));
    size_t word;

    if (stage == KEEP_NOTHING)
        return 1;
    if (stage == KEEP_HEADING)
        return heading;
    word = cells_most(table, column, text_longest_word);
    return word <= page / 2 ? larger(word, heading) : heading;
}

static void set_floors(const struct table *table, size_t page, size_t *floors)
{
    for (size_t i = 0; i < table->count; i++) {
        for (int stage = 0; stage < STAGES; stage++)
            floors[(size_t)stage * table->count + i] =
                column_floor(table, i, (enum stage)stage, page);
    }
}

/* The widest column that may wrap and is wider than its floor; the count where there is none. */
static size_t widest(const struct table *table, const size_t *floors)
{
    size_t found = table->count;

    for (size_t i = 0; i < table->count; i++) {
        if (table->columns[i].wraps && table->widths[i] > floors[i] &&
            (found == table->count || table->widths[i] > table->widths[found]))
            found = i;
    }
    return found;
}

/* Whether each column has a heading. */
static bool has_headings(const struct table *table)
{
    bool all = true;

    for (size_t i = 0; i < table->count; i++)
        all = all && table->columns[i].heading != NULL;
    return all;
}

/* Takes column by column from the widest until the table is `excess` columns narrower, or nothing
 * more can be taken. Where words have to be broken, those of as few columns as possible are: one
 * gives all that it has before the next one does. A table that can be printed as records keeps its
 * headings. */
static void shrink(struct table *table, size_t excess, const size_t *floors)
{
    int stages = has_headings(table) ? KEEP_NOTHING : STAGES;

    for (int stage = 0; stage < stages; stage++) {
        const size_t *floor = floors + (size_t)stage * table->count;
        size_t column = table->count;

        while (excess > 0) {
            if (stage != KEEP_HEADING || column == table->count ||
                table->widths[column] <= floor[column])
                column = widest(table, floor);
            if (column == table->count)
                break;
            table->widths[column]--;
            excess--;
        }
    }
    table->too_wide = excess > 0;
}

/* False where memory ran out. */
static bool set_widths(struct table *table, size_t page)
{
    size_t *floors = calloc(STAGES * table->count, sizeof(*floors));
    size_t total = GAP * (table->count - 1);

    if (floors == NULL)
        return false;
    for (size_t i = 0; i < table->count; i++) {
        table->widths[i] =
            larger(text_columns(heading_of(table, i)), cells_most(table, i, text_columns));
        total += table->widths[i];
    }
    set_floors(table, page, floors);
    if (total > page)
        shrink(table, total - page, floors);
    free(floors);
    return true;
}

/* One line of a row, and whether another one is needed. `cells` NULL: headings. */
static bool print_line(const struct table *table, const struct page *page, size_t indent,
                       const struct cell *cells, size_t count)
{
    size_t pending = indent; /* blanks before the next text; none where no text comes any more */
    bool more = false;

    for (size_t i = 0; i < table->count; i++) {
        const struct column *column = &table->columns[i];
        struct span line =
            text_next_line(&table->rests[i], column->wraps ? table->widths[i] : SIZE_MAX, true);
        size_t columns = text_columns(line);
        size_t padding = table->widths[i] - columns;

        if (columns > 0) {
            text_print_blanks(page, pending + (column->right ? padding : 0));
            text_print(page,
                       cells == NULL ? PAINT_BOLD
                       : i < count   ? cells[i].paint
                                     : PAINT_NONE,
                       line);
            pending = column->right ? 0 : padding;
        } else {
            pending += padding;
        }
        pending += GAP;
        more = more || table->rests[i].length > 0;
    }
    (void)fputc('\n', page->file);
    return more;
}

/* A row of `count` cells; those that are missing are empty. */
static void print_row(const struct table *table, const struct page *page, size_t indent,
                      const struct cell *cells, size_t count)
{
    for (size_t i = 0; i < table->count; i++)
        table->rests[i] = span_of(i < count ? cells[i].text : "");
    while (print_line(table, page, indent, cells, count))
        ;
}

static void print_headings(const struct table *table, const struct page *page, size_t indent)
{
    bool any = false;

    for (size_t i = 0; i < table->count; i++) {
        table->rests[i] = heading_of(table, i);
        any = any || table->columns[i].heading != NULL;
    }
    while (any && print_line(table, page, indent, NULL, 0))
        ;
}

static void print_rows(const struct table *table, const struct page *page, size_t indent)
{
    for (size_t i = 0; i < table->cell_count; i += table->count) {
        size_t left = table->cell_count - i;

        print_row(table, page, indent, &table->cells[i], left < table->count ? left : table->count);
    }
}

/* ---- records -------------------------------------------------------------------------------- */

/* A cell with its heading, in `width` columns; nothing where it is empty. */
static void print_field(const struct page *page, size_t indent, size_t width, struct span heading,
                        const struct cell *cell)
{
    struct span rest = span_of(cell->text);

    if (rest.length == 0)
        return;
    text_print_blanks(page, indent);
    text_print(page, PAINT_BOLD, heading);
    indent += width;
    width -= text_columns(heading);
    while (rest.length > 0) {
        size_t room = page->width > indent ? page->width - indent : 0;
        struct span line = text_next_line(&rest, larger(room, COLUMN_LEAST), true);

        text_print_blanks(page, width);
        text_print(page, cell->paint, line);
        (void)fputc('\n', page->file);
        width = indent;
    }
}

/* A row without its first cell belongs to the one before. */
static void print_records(const struct table *table, const struct page *page, size_t indent)
{
    size_t width = 0;

    for (size_t i = 0; i < table->count; i++)
        width = larger(width, text_columns(heading_of(table, i)) + GAP);
    for (size_t i = 0; i < table->cell_count; i++) {
        if (i > 0 && i % table->count == 0 && table->cells[i].text[0] != '\0')
            page_empty_line(page);
        print_field(page, indent, width, heading_of(table, i % table->count), &table->cells[i]);
    }
}

/* ---- all of it ------------------------------------------------------------------------------ */

void table_print(struct table *table, const struct page *page, size_t indent)
{
    size_t room = page->width > indent ? page->width - indent : 0;

    if (table == NULL || table->out_of_memory || !set_widths(table, room)) {
        page_out_of_memory(page);
    } else if (table->too_wide && has_headings(table)) {
        print_records(table, page, indent);
    } else if (table->cell_count > 0) {
        print_headings(table, page, indent);
        print_rows(table, page, indent);
    }
    table_free(table);
}
