/* SPDX-License-Identifier: ISC */
#include "policy/conf/source.h"

#include <stdlib.h>
#include <string.h>

#include "policy/conf/file.h"
#include "policy/conf/scanner.h"

#define TEXT_MOST ((size_t)64 << 20) /* all files together */
#define DEPTH_MOST 10                /* includes in includes, as in libconfig */

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* One run of source_read(). */
struct reading {
    struct source *source;
    struct report *report;
    unsigned depth;
    bool memory;
};

static bool text_append(struct source *source, struct span bytes)
{
    if (bytes.length >= source->room - source->length) {
        size_t room = 2 * (source->length + bytes.length + 1);
        char *text = realloc(source->text, room);

        if (text == NULL)
            return false;
        source->text = text;
        source->room = room;
    }
    memcpy(source->text + source->length, bytes.data, bytes.length);
    source->length += bytes.length;
    source->text[source->length] = '\0';
    for (size_t i = 0; i < bytes.length; i++) {
        if (bytes.data[i] == '\n')
            source->lines++;
    }
    return true;
}

/* What is appended from here on stands in that line of that file, and so on. */
static bool segment_add(struct source *source, const char *file, unsigned line)
{
    size_t size = (source->segment_count + 1) * sizeof(*source->segments);
    struct segment *segments = realloc(source->segments, size);

    if (segments == NULL)
        return false;
    source->segments = segments;
    segments[source->segment_count++] =
        (struct segment){ .order = source->lines + 1, .file = file, .line = line };
    return true;
}

const char *source_keep(struct source *source, char *name)
{
    char **files = realloc(source->files, (source->file_count + 1) * sizeof(*files));

    if (files == NULL || name == NULL) {
        if (files != NULL)
            source->files = files;
        free(name);
        return NULL;
    }
    source->files = files;
    files[source->file_count++] = name;
    return name;
}

static struct place place_here(const struct reading *reading, const char *file, unsigned line)
{
    return (struct place){ .file = file, .line = line, .order = reading->source->lines + 1 };
}

/* A word up to the end of its first line. */
static struct span first_line(struct span bytes)
{
    const char *newline = memchr(bytes.data, '\n', bytes.length);

    if (newline != NULL)
        bytes.length = (size_t)(newline - bytes.data);
    return bytes;
}

static void report_fault(struct reading *reading, const char *file, const struct word *word)
{
    struct place place = place_here(reading, file, word->line);
    struct span none = { NULL, 0 };

    switch (word->fault) {
    case FAULT_NUL:
        report_add(reading->report, SEVERITY_ERROR, place, none, "a NUL byte in the text");
        break;
    case FAULT_UNCLOSED:
        report_add(reading->report, SEVERITY_ERROR, place, first_line(word->bytes),
                   word->kind == WORD_COMMENT ? "a comment is opened with /* and never closed"
                                              : "a string's closing double quote is missing");
        break;
    case FAULT_NUMBER_LARGE:
        report_add(reading->report, SEVERITY_ERROR, place, word->bytes, "a number is too large");
        break;
    case FAULT_NUMBER_ZERO:
        report_add(reading->report, SEVERITY_ERROR, place, word->bytes,
                   "a number must not begin with 0, octal digits go in double quotes");
        break;
    case FAULT_INCLUDE:
        report_add(reading->report, SEVERITY_ERROR, place, word->bytes,
                   "@include wants the name of a file in double quotes");
        break;
    case FAULT_NONE:
        break;
    }
}

static void read_file(struct reading *reading, const char *file, struct place from,
                      struct span name);

static void include_file(struct reading *reading, const char *file, const struct word *word)
{
    struct span name = word_include_name(word);
    struct place place = place_here(reading, file, word->line);
    char *given = strndup(name.data, name.length);
    char *path = given != NULL ? file_in_folder(reading->source->folder, given) : NULL;
    const char *kept = source_keep(reading->source, path);

    free(given);
    if (kept == NULL) {
        reading->memory = false;
        return;
    }
    if (reading->depth >= DEPTH_MOST) {
        report_add(reading->report, SEVERITY_ERROR, place, name,
                   "includes are nested too deeply (does a file include itself?)");
        return;
    }
    read_file(reading, kept, place, name);
    reading->memory = reading->memory && segment_add(reading->source, file, word->line);
}

/* libconfig joins two texts that stand side by side: in a list that is a comma forgotten, and
 * two domains become one that nobody has. */
static void report_missing_comma(struct reading *reading, const char *file, const struct word *word)
{
    report_add(reading->report, SEVERITY_ERROR, place_here(reading, file, word->line), word->bytes,
               "a comma is missing between two texts");
}

static void take_word(struct reading *reading, const char *file, const struct word *word,
                      enum word_kind *before)
{
    if (word->fault != FAULT_NONE)
        report_fault(reading, file, word);
    else if (word->kind == WORD_TEXT && *before == WORD_TEXT)
        report_missing_comma(reading, file, word);
    if (word->kind != WORD_SPACE && word->kind != WORD_COMMENT)
        *before = word->kind;
    if (word->kind == WORD_INCLUDE && word->fault == FAULT_NONE)
        include_file(reading, file, word);
    else if (!text_append(reading->source, word->bytes))
        reading->memory = false;
}

static void take_text(struct reading *reading, const char *file, struct span text)
{
    enum word_kind before = WORD_END;
    struct scanner scanner;
    struct word word;

    if (text.length >= 3 && memcmp(text.data, byte_order_mark, 3) == 0)
        text = (struct span){ text.data + 3, text.length - 3 };
    scanner_start(&scanner, text);
    if (!segment_add(reading->source, file, 1))
        reading->memory = false;
    while (reading->memory && scanner_next(&scanner, &word))
        take_word(reading, file, &word, &before);
}

/* `from` and `name`: where the file is named, and how; of the first file there is no such
 * place, and the name is NULL. */
static void read_file(struct reading *reading, const char *file, struct place from,
                      struct span name)
{
    size_t most =
        TEXT_MOST - (reading->source->length < TEXT_MOST ? reading->source->length : TEXT_MOST);
    struct why why;
    size_t length;
    char *text;

    if (!file_read(file, most, &text, &length, &why)) {
        report_add(reading->report, SEVERITY_ERROR, from, name, "%s", why.text);
        return;
    }
    reading->depth++;
    take_text(reading, file, (struct span){ text, length });
    /* libconfig 1.5 wants a newline behind a comment, at the end of the text too. */
    reading->memory = reading->memory && text_append(reading->source, span_of("\n"));
    reading->depth--;
    free(text);
}

bool source_read(struct source *source, const char *file, struct report *report)
{
    struct reading reading = { .source = source, .report = report, .memory = true };
    struct span none = { NULL, 0 };
    const char *kept;

    *source = (struct source){ .folder = file_folder(file) };
    kept = source_keep(source, strdup(file));
    if (kept != NULL && source->folder != NULL && text_append(source, span_of("")))
        read_file(&reading, kept, (struct place){ .file = kept }, none);
    else
        reading.memory = false;
    if (!reading.memory)
        report_add(report, SEVERITY_ERROR, (struct place){ .file = kept }, none, "out of memory");
    return report->errors == 0;
}

struct place source_place(const struct source *source, unsigned order)
{
    size_t first = 0, behind = source->segment_count;
    const struct segment *segment;

    if (behind == 0)
        return (struct place){ .order = order };
    /* The last segment that does not begin behind the line. */
    while (behind - first > 1) {
        size_t middle = first + (behind - first) / 2;

        if (source->segments[middle].order <= order)
            first = middle;
        else
            behind = middle;
    }
    segment = &source->segments[first];
    if (order < segment->order)
        return (struct place){ .file = segment->file, .line = segment->line, .order = order };
    return (struct place){ .file = segment->file,
                           .line = segment->line + (order - segment->order),
                           .order = order };
}

void source_release(struct source *source)
{
    for (size_t i = 0; i < source->file_count; i++)
        free(source->files[i]);
    free(source->files);
    free(source->segments);
    free(source->text);
    free(source->folder);
    *source = (struct source){ .text = NULL };
}
