/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/check/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cli/json_out.h"
#include "policy/escape.h"

#define WHERE_MOST 256
#define TEXT_MOST 1000
#define TYPE_INDENT 4

static const struct severity_row {
    const char *word;
    enum paint paint;
} severities[] = {
    [SEVERITY_ERROR] = { "error", PAINT_BAD },
    [SEVERITY_WARNING] = { "warning", PAINT_WARN },
    [SEVERITY_NOTE] = { "note", PAINT_DIM },
};

/* A copy of foreign bytes that is printable; NULL where memory ran out. */
static char *escape(const char *text, size_t most)
{
    size_t size = most + 1;
    char *copy = malloc(size), *fitting;
    struct line line;

    if (copy == NULL)
        return NULL;
    line_init(&line, copy, size);
    line_add_quoted(&line, span_of(text), most);
    fitting = realloc(copy, line.length + 1);
    return fitting != NULL ? fitting : copy;
}

static bool findings_grow(struct findings *findings)
{
    size_t room = findings->room != 0 ? 2 * findings->room : 16;
    struct finding *items;

    if (findings->count < findings->room)
        return true;
    items = realloc(findings->items, room * sizeof(*items));
    if (items == NULL)
        return false;
    findings->items = items;
    findings->room = room;
    return true;
}

static void finding_release(struct finding *finding)
{
    free(finding->where);
    free(finding->text);
    free(finding->type);
}

/* `text` NULL: memory ran out. */
static bool findings_keep(struct findings *findings, struct finding finding, const char *where,
                          const char *text, const char *type)
{
    finding.where = escape(where, WHERE_MOST);
    finding.text = text != NULL ? escape(text, TEXT_MOST) : NULL;
    finding.type = type != NULL ? strdup(type) : NULL;
    if (finding.where == NULL || finding.text == NULL || (type != NULL && finding.type == NULL) ||
        !findings_grow(findings)) {
        finding_release(&finding);
        return false;
    }
    findings->items[findings->count++] = finding;
    return true;
}

void findings_add(struct findings *findings, enum severity severity, const char *word,
                  const char *where, const char *type, const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    if (severity != SEVERITY_NOTE)
        findings->warnings++;
    if (!findings_keep(findings, (struct finding){ .severity = severity, .word = word }, where,
                       text, type))
        findings->out_of_memory = true;
    free(text);
}

void findings_release(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        finding_release(&findings->items[i]);
    free(findings->items);
    *findings = (struct findings){ .items = NULL };
}

/* Takes the next line from `rest`; false: there is none. A line feed at the end begins no line. */
static bool next_line(struct span *rest, struct span *line)
{
    const char *feed;

    if (span_empty(*rest))
        return false;
    feed = memchr(rest->data, '\n', rest->length);
    line->data = rest->data;
    line->length = feed != NULL ? (size_t)(feed - rest->data) : rest->length;
    rest->data += line->length + (feed != NULL);
    rest->length -= line->length + (feed != NULL);
    return true;
}

static void print_type(const struct page *page, const char *type)
{
    struct span rest = span_of(type), line;

    while (next_line(&rest, &line)) {
        if (line.length == 0)
            page_empty_line(page);
        else
            page_line(page, PAINT_NONE, "%*s%.*s", TYPE_INDENT, "", (int)line.length, line.data);
    }
}

void findings_print(const struct findings *findings, const struct page *page)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        const struct severity_row *severity = &severities[finding->severity];

        page_remark(page, finding->where, severity->paint, severity->word, "%s", finding->text);
        print_type(page, finding->type);
    }
    if (findings->out_of_memory)
        page_out_of_memory(page);
}

static json_t *type_json(const char *type)
{
    struct span rest = span_of(type), line;
    json_t *lines = json_array();

    while (next_line(&rest, &line))
        lines = json_append(lines, json_foreign(line));
    return lines;
}

static json_t *finding_json(const struct finding *finding)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:o}", "severity", severities[finding->severity].word,
                     "word", finding->word, "where", json_foreign(span_of(finding->where)), "text",
                     json_foreign(span_of(finding->text)), "type", type_json(finding->type));
}

json_t *findings_json(const struct findings *findings)
{
    json_t *array = findings->out_of_memory ? NULL : json_array();

    for (size_t i = 0; array != NULL && i < findings->count; i++)
        array = json_append(array, finding_json(&findings->items[i]));
    return array;
}
