/* SPDX-License-Identifier: ISC */
#include "policy/cli/check/sendmail_lines.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* One line of the file; false: the end. */
static bool next_line(struct sendmail_lines *lines, const char **text, size_t *length)
{
    const char *feed;

    if (lines->next == lines->end)
        return false;
    feed = memchr(lines->next, '\n', (size_t)(lines->end - lines->next));
    *text = lines->next;
    *length = (size_t)((feed != NULL ? feed : lines->end) - *text);
    lines->next = feed != NULL ? feed + 1 : lines->end;
    if (*length > 0 && (*text)[*length - 1] == '\r')
        (*length)--;
    lines->line++;
    return true;
}

/* Copies a line without its comment; "\#" and "$#" begin none. Gives the end. */
static char *copy_line(char *to, const char *text, size_t length)
{
    const char *start = to;

    for (size_t i = 0; i < length; i++) {
        char before = to > start ? to[-1] : '\0';

        if (text[i] == '#' && before == '\\')
            to[-1] = '#';
        else if (text[i] == '#' && before != '$')
            break;
        else
            *to++ = text[i];
    }
    while (to > start && is_blank(to[-1]))
        to--;
    return to;
}

unsigned sendmail_lines_next(struct sendmail_lines *lines, char *folded)
{
    const char *text;
    size_t length;
    unsigned line;
    bool comment;

    *folded = '\0';
    if (!next_line(lines, &text, &length))
        return 0;
    line = lines->line;
    comment = length > 0 && *text == '#';
    if (!comment)
        folded = copy_line(folded, text, length);
    while (lines->next < lines->end && is_blank(*lines->next) && next_line(lines, &text, &length)) {
        if (!comment)
            folded = copy_line(folded, text, length);
    }
    *folded = '\0';
    return line;
}

bool sendmail_lines_are_m4(const char *text, size_t length)
{
    static const char *const words[] = { "dnl",       "divert(",  "include(`",       "define(`",
                                         "FEATURE(`", "OSTYPE(`", "DAEMON_OPTIONS(`" };
    struct sendmail_lines lines = { text, text + length, 0 };
    const char *line;
    size_t size;

    while (next_line(&lines, &line, &size)) {
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            size_t start = strlen(words[i]);

            if (size >= start && memcmp(line, words[i], start) == 0)
                return true;
        }
    }
    return false;
}
