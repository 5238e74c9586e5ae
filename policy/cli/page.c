/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/page.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "policy/cli/subcommand.h"
#include "policy/cli/text.h"

#define WIDTH_DEFAULT 100
#define WIDTH_LEAST 40
#define WIDTH_MOST 10000
#define LINE_LEAST 8 /* columns of a paragraph, however deep its indentation */
#define REMARK_HANGING 2

/* A part of a text, in bytes. */
struct part {
    size_t from, to;
};

static const struct part whole = { 0, SIZE_MAX };

/* $COLUMNS, or 0 where it is no number that will do. */
static size_t width_of_environment(void)
{
    const char *text = getenv("COLUMNS");
    char *end;
    unsigned long width;

    if (text == NULL || !ascii_digit(text[0]))
        return 0;
    width = strtoul(text, &end, 10);
    return *end == '\0' && width >= WIDTH_LEAST && width <= WIDTH_MOST ? width : 0;
}

static size_t width_of_terminal(FILE *file)
{
    struct winsize size;
    int fd = fileno(file);

    if (fd < 0 || ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 0;
    return size.ws_col >= WIDTH_LEAST ? size.ws_col : WIDTH_LEAST;
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0';
}

static bool wants_colour(FILE *file)
{
    int fd = fileno(file);

    return fd >= 0 && isatty(fd) && !is_set("NO_COLOR") && is_set("TERM") &&
           strcmp(getenv("TERM"), "dumb") != 0;
}

void page_init(struct page *page, FILE *file)
{
    *page = (struct page){ .file = file, .width = width_of_environment() };
    page->incomplete = &page->incomplete_here;
    if (page->width == 0)
        page->width = width_of_terminal(file);
    if (page->width == 0)
        page->width = WIDTH_DEFAULT;
    page->colour = wants_colour(file);
}

bool stream_finish(FILE *file)
{
    errno = 0;
    if (fflush(file) == 0 && !ferror(file))
        return true;
    /* Where an earlier write failed, its reason is gone. */
    if (errno != 0)
        cli_error("cannot write the output: %s", strerror(errno));
    else
        cli_error("cannot write the output");
    return false;
}

bool page_finish(const struct page *page)
{
    bool written = stream_finish(page->file);

    if (page->incomplete == NULL || !*page->incomplete)
        return written;
    cli_error("out of memory");
    return false;
}

void page_out_of_memory(const struct page *page)
{
    if (page->incomplete != NULL)
        *page->incomplete = true;
    (void)fputs("(out of memory)\n", page->file);
}

static struct span part_of(struct span text, size_t from, size_t to)
{
    from = from < text.length ? from : text.length;
    to = to < text.length ? to : text.length;
    return (struct span){ text.data + from, from < to ? to - from : 0 };
}

/* A line that begins `at` bytes into its text, of which a part is painted. */
static void print_line(const struct page *page, struct span line, size_t at, enum paint paint,
                       struct part part)
{
    size_t from = part.from > at ? part.from - at : 0;
    size_t to = part.to > at ? part.to - at : 0;

    text_print(page, PAINT_NONE, part_of(line, 0, from));
    text_print(page, paint, part_of(line, from, to));
    text_print(page, PAINT_NONE, part_of(line, from > to ? from : to, SIZE_MAX));
    (void)fputc('\n', page->file);
}

static void print_paragraph(const struct page *page, size_t indent, size_t hanging,
                            enum paint paint, struct part part, const char *text)
{
    struct span rest = span_of(text);

    do {
        size_t width = page->width > indent ? page->width - indent : 0;
        struct span line = text_next_line(&rest, width > LINE_LEAST ? width : LINE_LEAST, false);

        if (line.length > 0)
            text_print_blanks(page, indent);
        print_line(page, line, (size_t)(line.data - text), paint, part);
        indent += hanging;
        hanging = 0;
    } while (rest.length > 0);
}

void page_line(const struct page *page, enum paint paint, const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = text_format(format, arguments);
    va_end(arguments);
    if (text != NULL)
        print_line(page, span_of(text), 0, paint, whole);
    else
        page_out_of_memory(page);
    free(text);
}

void page_empty_line(const struct page *page)
{
    (void)fputc('\n', page->file);
}

void page_paragraph(const struct page *page, size_t indent, size_t hanging, enum paint paint,
                    const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = text_format(format, arguments);
    va_end(arguments);
    if (text != NULL)
        print_paragraph(page, indent, hanging, paint, whole, text);
    else
        page_out_of_memory(page);
    free(text);
}

__attribute__((format(printf, 1, 2))) static char *format_text(const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = text_format(format, arguments);
    va_end(arguments);
    return text;
}

void page_remark(const struct page *page, const char *where, enum paint paint, const char *word,
                 const char *format, ...)
{
    char *start = format_text("%s: ", where), *text, *all = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = text_format(format, arguments);
    va_end(arguments);
    if (start != NULL && text != NULL)
        all = format_text("%s%s: %s", start, word, text);
    if (all != NULL) {
        size_t from = strlen(start);

        print_paragraph(page, 0, REMARK_HANGING, paint, (struct part){ from, from + strlen(word) },
                        all);
    } else {
        page_out_of_memory(page);
    }
    free(start);
    free(text);
    free(all);
}
