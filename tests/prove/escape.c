/* SPDX-License-Identifier: ISC */
/*
 * escape: foreign bytes on their way into a log line or a reply. line_add() is asked for "%s" and
 * for words of ours; what printf makes of other formats is the C library's.
 *
 * sources  policy/escape.c
 * bounds   lines of up to 6 bytes, any rest of them free; values of up to 3 bytes, any bytes
 * unwind   4
 * loops    strchr.0:22 strlen.0:6 line_add_text.0:6 prove_line.0:8 main.0:8
 * options  --slice-formula
 * with     value: -DADD=line_add_value(&line,value,most)
 * with     string: -DADD=line_add_string(&line,value,most) -DQUOTES
 * with     quoted: -DADD=line_add_quoted(&line,value,most) -DLEAST=3
 * with     text: -DADD=line_add(&line,"%s",text) -DTEXT
 */
#include "policy/escape.h"

#include <stdarg.h>
#include <stdio.h>

#include "tests/prove/open.h"

#define SIZE_MOST 6
#define VALUE_MOST 3

#ifndef LEAST
#define LEAST 0
#endif

/* ---- the C library's ------------------------------------------------------------------------- */

/* "\x%02x", into room for it. */
int snprintf(char *text, size_t size, const char *format, ...)
{
    static const char digits[] = "0123456789abcdef";
    va_list arguments;
    unsigned byte;

    va_start(arguments, format);
    byte = va_arg(arguments, unsigned);
    va_end(arguments);
    prove("snprintf() has room", size == 5 && byte <= 0xff);
    text[0] = '\\';
    text[1] = 'x';
    text[2] = digits[byte >> 4 & 15];
    text[3] = digits[byte & 15];
    text[4] = '\0';
    return 4;
}

/* ---- the proof ------------------------------------------------------------------------------- */

static void prove_line(const struct line *line, size_t size)
{
    prove("the line ends with NUL, within its buffer",
          line->size == size && line->length < size && line->text[line->length] == '\0');
    for (size_t i = 0; i < SIZE_MOST; i++) {
        if (i < line->length)
            prove("all of the line is printable ASCII",
                  line->text[i] >= 0x20 && line->text[i] <= 0x7e);
    }
}

int main(void)
{
    size_t size = (size_t)open_upto(SIZE_MOST), before = (size_t)open_upto(SIZE_MOST);
    size_t most = open_size();
    struct span value = open_bytes(VALUE_MOST);
    char text[VALUE_MOST + 1] = { open_char(), open_char(), open_char(), '\0' };
    struct line line;
    char *buffer;

    assume(size > 0 && before < size && most >= LEAST);
    buffer = malloc(size);
    assume(buffer != NULL);
    line_init(&line, buffer, size);
    for (size_t i = 0; i < SIZE_MOST; i++) {
        if (i < before)
            buffer[i] = '"';
    }
    buffer[before] = '\0';
    line.length = before;
    ADD;
    prove_line(&line, size);
    prove("what was there stays", line.length >= before && (before == 0 || buffer[0] == '"'));
#ifdef QUOTES
    prove("what is added stands between quotes",
          line.length == before || (line.length >= before + 2 && buffer[before] == '"' &&
                                    buffer[line.length - 1] == '"'));
#endif
#ifndef TEXT
    prove("no more is added than was asked for", line.length - before <= most || most < 2);
#endif
    return 0;
}
