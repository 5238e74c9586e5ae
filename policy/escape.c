/* SPDX-License-Identifier: ISC */
#include "policy/escape.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void line_init(struct line *line, char *buffer, size_t size)
{
    assert(size > 0);
    *line = (struct line){ .text = buffer, .size = size };
    buffer[0] = '\0';
}

static bool is_printable(char c)
{
    return c >= 0x20 && c <= 0x7e;
}

/* Appends all of the bytes, or none and notes that the line is full. */
static bool line_append(struct line *line, const char *data, size_t length)
{
    if (length >= line->size - line->length) {
        line->full = true;
        return false;
    }
    memcpy(line->text + line->length, data, length);
    line->length += length;
    line->text[line->length] = '\0';
    return true;
}

/* A text without anything to fill in; cut where there is no room. */
static void line_add_text(struct line *line, const char *text)
{
    for (; *text != '\0'; text++) {
        if (line->length + 1 >= line->size) {
            line->full = true;
            break;
        }
        line->text[line->length++] = is_printable(*text) ? *text : '?';
    }
    line->text[line->length] = '\0';
}

void line_add(struct line *line, const char *format, ...)
{
    size_t room = line->size - line->length;
    va_list arguments;
    int length;

    /* Most of what is said, and printf is slow. */
    if (strchr(format, '%') == NULL) {
        line_add_text(line, format);
        return;
    }
    va_start(arguments, format);
    if (strcmp(format, "%s") == 0) {
        line_add_text(line, va_arg(arguments, const char *));
        va_end(arguments);
        return;
    }
    length = vsnprintf(line->text + line->length, room, format, arguments);
    va_end(arguments);
    if (length < 0) {
        line->text[line->length] = '\0';
        line->full = true;
        return;
    }
    if ((size_t)length >= room) {
        line->full = true;
        length = (int)room - 1;
    }
    for (size_t end = line->length + (size_t)length; line->length < end; line->length++) {
        if (!is_printable(line->text[line->length]))
            line->text[line->length] = '?';
    }
}

static bool is_bare(char c)
{
    return ascii_alnum(c) || (c != '\0' && strchr("<>@._:/+=-[]", c) != NULL);
}

static bool all_bare(struct span value)
{
    for (size_t i = 0; i < value.length; i++) {
        if (!is_bare(value.data[i]))
            return false;
    }
    return value.length > 0;
}

static size_t spell_hex(char c, char spelling[5])
{
    return (size_t)snprintf(spelling, 5, "\\x%02x", (unsigned)(unsigned char)c);
}

/* One byte between quotes: a quote and a backslash get a backslash before them. */
static size_t spell_string(char c, char spelling[5])
{
    if (!is_printable(c))
        return spell_hex(c, spelling);
    if (c != '"' && c != '\\') {
        spelling[0] = c;
        return 1;
    }
    spelling[0] = '\\';
    spelling[1] = c;
    return 2;
}

/* One byte in a sentence: a backslash would look like the beginning of \xHH. */
static size_t spell_plain(char c, char spelling[5])
{
    if (!is_printable(c) || c == '\\')
        return spell_hex(c, spelling);
    spelling[0] = c;
    return 1;
}

void line_add_value(struct line *line, struct span value, size_t most)
{
    if (!all_bare(value)) {
        line_add_string(line, value, most);
        return;
    }
    if (value.length > most)
        value.length = most;
    (void)line_append(line, value.data, value.length);
}

void line_add_string(struct line *line, struct span value, size_t most)
{
    char spelling[5];
    size_t used = 2; /* the quotes */

    if (line->size - line->length < used + 1) {
        line->full = true;
        return;
    }
    (void)line_append(line, "\"", 1);
    for (size_t i = 0; i < value.length; i++) {
        size_t length = spell_string(value.data[i], spelling);

        /* Room is kept for the closing quote, in the value's bound and in the line. */
        if (used + length > most || line->length + length + 2 > line->size) {
            line->full = line->full || used + length <= most;
            break;
        }
        (void)line_append(line, spelling, length);
        used += length;
    }
    (void)line_append(line, "\"", 1);
}

/* The length of a value in its plain spelling, or anything above `most` where it is longer. */
static size_t plain_length(struct span value, size_t most)
{
    char spelling[5];
    size_t length = 0;

    for (size_t i = 0; i < value.length && length <= most; i++)
        length += spell_plain(value.data[i], spelling);
    return length;
}

void line_add_quoted(struct line *line, struct span value, size_t most)
{
    static const char dots[] = "...";
    char spelling[5];
    bool cut = plain_length(value, most) > most;
    size_t room = cut ? most - (sizeof(dots) - 1) : most, used = 0;

    assert(most >= sizeof(dots) - 1);
    for (size_t i = 0; i < value.length; i++) {
        size_t length = spell_plain(value.data[i], spelling);

        if (used + length > room)
            break;
        (void)line_append(line, spelling, length);
        used += length;
    }
    if (cut)
        (void)line_append(line, dots, sizeof(dots) - 1);
}

void line_add_cited(struct line *line, struct span value, size_t most)
{
    line_add(line, "'");
    line_add_quoted(line, value, most);
    line_add(line, "'");
}
