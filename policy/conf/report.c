/* SPDX-License-Identifier: ISC */
#include "policy/conf/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/escape.h"

#define TEXT_SIZE 600
#define VALUE_MOST 160   /* bytes of an offending value that are shown */
#define ITEMS_MOST 10000 /* more than anybody reads */

void place_format(const struct place *place, const struct place *from, char text[PLACE_SIZE])
{
    if (place->file == from->file)
        (void)snprintf(text, PLACE_SIZE, "line %u", place->line);
    else
        (void)snprintf(text, PLACE_SIZE, "%s:%u", place->file, place->line);
}

static bool report_grow(struct report *report)
{
    size_t room = report->room != 0 ? 2 * report->room : 16;
    struct report_item *items;

    if (report->count < report->room)
        return true;
    items = realloc(report->items, room * sizeof(*items));
    if (items == NULL)
        return false;
    report->items = items;
    report->room = room;
    return true;
}

static void report_append(struct report *report, enum severity severity, struct place place,
                          const char *text)
{
    char *copy = strdup(text);

    if (copy == NULL || !report_grow(report)) {
        free(copy);
        report->out_of_memory = true;
        return;
    }
    report->items[report->count++] =
        (struct report_item){ .severity = severity, .place = place, .text = copy };
}

void report_add(struct report *report, enum severity severity, struct place place,
                struct span value, const char *format, ...)
{
    char sentence[TEXT_SIZE], text[TEXT_SIZE + VALUE_MOST];
    struct line line;
    va_list arguments;

    if (severity == SEVERITY_ERROR)
        report->errors++;
    /* Warnings leave room for errors. */
    if (report->count >= (severity == SEVERITY_ERROR ? ITEMS_MOST : ITEMS_MOST / 2)) {
        report->left_out++;
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    line_init(&line, text, sizeof(text));
    line_add(&line, "%s", sentence);
    if (value.data != NULL) {
        line_add(&line, " ('");
        line_add_quoted(&line, value, VALUE_MOST);
        line_add(&line, "')");
    }
    report_append(report, severity, place, text);
}

static int compare_unsigned(unsigned a, unsigned b)
{
    return (a > b) - (a < b);
}

/* The order of the file; on one line errors first. */
static int compare_items(const void *left, const void *right)
{
    const struct report_item *a = left, *b = right;
    int result = compare_unsigned(a->place.order, b->place.order);

    if (result == 0)
        result = compare_unsigned(a->place.suborder, b->place.suborder);
    if (result == 0)
        result = compare_unsigned(a->severity, b->severity);
    return result != 0 ? result : strcmp(a->text, b->text);
}

static bool diagnostics_append(struct diagnostics *diagnostics, const struct report_item *item,
                               const char *file)
{
    struct diagnostic *diagnostic = &diagnostics->items[diagnostics->count];

    diagnostic->severity = item->severity;
    diagnostic->line = item->place.line;
    diagnostic->text = item->text;
    diagnostic->file = strdup(item->place.file != NULL ? item->place.file : file);
    if (diagnostic->file == NULL)
        return false;
    diagnostics->count++;
    if (item->severity == SEVERITY_ERROR)
        diagnostics->errors++;
    return true;
}

/* Moves item by item; what is there twice is freed. */
static void report_move(struct report *report, const char *file, struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < report->count; i++) {
        struct report_item *item = &report->items[i];
        bool twice = i + 1 < report->count && compare_items(item, item + 1) == 0;

        if (twice || !diagnostics_append(diagnostics, item, file))
            free(item->text);
    }
    report->count = 0;
}

void report_finish(struct report *report, const char *file, struct diagnostics *diagnostics)
{
    char more[64];
    struct place end = { .file = file, .order = ~0u };
    size_t errors = report->errors;

    *diagnostics = (struct diagnostics){ .items = NULL };
    if (report->out_of_memory)
        report_append(report, SEVERITY_ERROR, end, "out of memory");
    if (report->left_out > 0) {
        (void)snprintf(more, sizeof(more), "%zu more are not shown", report->left_out);
        report_append(report, errors > 0 ? SEVERITY_ERROR : SEVERITY_WARNING, end, more);
    }
    if (report->count > 1)
        qsort(report->items, report->count, sizeof(*report->items), compare_items);
    if (report->count > 0)
        diagnostics->items = calloc(report->count + 1, sizeof(*diagnostics->items));
    if (diagnostics->items != NULL)
        report_move(report, file, diagnostics);
    /* What could not be kept is an error all the same. */
    if (errors > 0 && diagnostics->errors == 0)
        diagnostics->errors = errors;
    report_release(report);
}

void report_release(struct report *report)
{
    for (size_t i = 0; i < report->count; i++)
        free(report->items[i].text);
    free(report->items);
    *report = (struct report){ .items = NULL };
}

void diagnostics_release(struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < diagnostics->count; i++) {
        free(diagnostics->items[i].file);
        free(diagnostics->items[i].text);
    }
    free(diagnostics->items);
    *diagnostics = (struct diagnostics){ .items = NULL };
}

void diagnostic_format(const struct diagnostic *diagnostic, char *line, size_t size)
{
    static const char *const words[] = {
        [SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning", [SEVERITY_NOTE] = "note"
    };
    struct line out;

    line_init(&out, line, size);
    line_add_quoted(&out, span_of(diagnostic->file), 256);
    if (diagnostic->line > 0)
        line_add(&out, ":%u", diagnostic->line);
    line_add(&out, ": %s: %s", words[diagnostic->severity], diagnostic->text);
}
