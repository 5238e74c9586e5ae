/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/cli/utf8.h"

/* Code points that move the cursor, change the direction of the text or cannot be seen. */
static const struct {
    uint32_t first, last;
} not_shown[] = {
    { 0x0000, 0x001f },   /* C0 */
    { 0x007f, 0x009f },   /* DEL, C1 */
    { 0x00ad, 0x00ad },   /* soft hyphen */
    { 0x061c, 0x061c },   /* Arabic letter mark */
    { 0x200b, 0x200f },   /* zero width, direction marks */
    { 0x2028, 0x202e },   /* separators, embeddings and overrides of the direction */
    { 0x2060, 0x206f },   /* word joiner, isolates, deprecated format characters */
    { 0xfeff, 0xfeff },   /* byte order mark */
    { 0xfff9, 0xfffb },   /* annotations */
    { 0xe0000, 0xe007f }, /* tags */
};

#define NOT_SHOWN (sizeof(not_shown) / sizeof(not_shown[0]))

static const char *const escapes[PAINTS] = {
    [PAINT_NONE] = "",         [PAINT_BOLD] = "\033[1m",  [PAINT_DIM] = "\033[2m",
    [PAINT_GOOD] = "\033[32m", [PAINT_WARN] = "\033[33m", [PAINT_BAD] = "\033[31m",
};

static bool is_shown(uint32_t code)
{
    for (size_t i = 0; i < NOT_SHOWN; i++) {
        if (code >= not_shown[i].first && code <= not_shown[i].last)
            return false;
    }
    return true;
}

/* In place: a code point never gets longer. */
static void clean(char *text)
{
    struct span all = span_of(text);
    char *end = text;

    for (size_t at = 0; at < all.length;) {
        uint32_t code;
        size_t length = utf8_read(all, at, &code);

        if (length > 0 && is_shown(code)) {
            memmove(end, text + at, length);
            end += length;
        } else {
            *end++ = '?';
        }
        at += length > 0 ? length : 1;
    }
    *end = '\0';
}

char *text_format(const char *format, va_list arguments)
{
    char *text;

    if (vasprintf(&text, format, arguments) < 0)
        return NULL;
    clean(text);
    return text;
}

/* In text that is fit to be shown, each code point has one byte that is not of this kind. */
static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

size_t text_columns(struct span text)
{
    size_t columns = 0;

    for (size_t i = 0; i < text.length; i++)
        columns += !is_continuation(text.data[i]);
    return columns;
}

size_t text_longest_word(struct span text)
{
    size_t longest = 0, columns = 0;

    for (size_t i = 0; i < text.length; i++) {
        columns = text.data[i] == ' ' ? 0 : columns + !is_continuation(text.data[i]);
        if (columns > longest)
            longest = columns;
    }
    return longest;
}

/* Where the next line must end; the blanks before and behind are not its business. */
static size_t line_end(struct span text, size_t width, bool break_words)
{
    size_t end = 0; /* of the last word that fits, or of the first one */

    for (size_t i = 0, column = 0; i < text.length; i++) {
        if (is_continuation(text.data[i]))
            continue;
        if (text.data[i] != ' ' && column >= width) {
            if (end > 0)
                return end;
            if (break_words)
                return i;
        }
        if (text.data[i] == ' ' && i > 0 && text.data[i - 1] != ' ')
            end = i;
        column++;
    }
    return text.length;
}

struct span text_next_line(struct span *rest, size_t width, bool break_words)
{
    struct span line = { rest->data, line_end(*rest, width, break_words) };
    size_t taken = line.length;

    while (taken < rest->length && rest->data[taken] == ' ')
        taken++;
    rest->data += taken;
    rest->length -= taken;
    while (line.length > 0 && line.data[line.length - 1] == ' ')
        line.length--;
    return line;
}

void text_print(const struct page *page, enum paint paint, struct span text)
{
    bool painted = page->colour && paint != PAINT_NONE && text.length > 0;

    if (painted)
        (void)fputs(escapes[paint], page->file);
    if (text.length > 0)
        (void)fwrite(text.data, 1, text.length, page->file);
    if (painted)
        (void)fputs("\033[0m", page->file);
}

void text_print_blanks(const struct page *page, size_t count)
{
    while (count-- > 0)
        (void)fputc(' ', page->file);
}
