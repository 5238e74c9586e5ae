/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/reply.h"

#include <stdlib.h>
#include <string.h>

#include "policy/probe/memory.h"

#define CODE_LENGTH 3

void reply_reset(struct reply *reply)
{
    char *text = reply->text;
    size_t room = reply->room;

    *reply = (struct reply){ .text = text, .room = room };
}

void reply_release(struct reply *reply)
{
    free(reply->text);
    *reply = (struct reply){ .text = NULL };
}

static void append(struct reply *reply, char c)
{
    if (reply->length == reply->room) {
        reply->room = reply->room > 0 ? 2 * reply->room : 256;
        reply->text = memory_grow(reply->text, reply->room, 1);
    }
    reply->text[reply->length++] = c;
}

/* May this byte stand there? The code is 2yz to 5yz; behind it a space or a hyphen, or nothing. */
static bool fits(size_t column, char c)
{
    if (column == 0)
        return c >= '2' && c <= '5';
    if (column < CODE_LENGTH)
        return ascii_digit(c);
    if (column == CODE_LENGTH)
        return c == ' ' || c == '-' || c == '\r';
    return true;
}

/* A line without its LF: is it the last one, is there another, or is it no line of this reply? */
static enum reply_status end_line(struct reply *reply)
{
    const char *line;
    size_t length;
    int code;

    if (reply->length > reply->start && reply->text[reply->length - 1] == '\r')
        reply->length--;
    length = reply->length - reply->start;
    if (length < CODE_LENGTH)
        return REPLY_MALFORMED;
    line = reply->text + reply->start;
    if (length > CODE_LENGTH && line[CODE_LENGTH] == '\r')
        return REPLY_MALFORMED;
    code = 100 * (line[0] - '0') + 10 * (line[1] - '0') + line[2] - '0';
    if (reply->lines > 0 && code != reply->code)
        return REPLY_MALFORMED;
    reply->code = code;
    reply->lines++;
    if (length == CODE_LENGTH || line[CODE_LENGTH] == ' ')
        return REPLY_DONE;
    if (reply->lines == REPLY_LINES_MOST)
        return REPLY_TOO_LONG;
    append(reply, '\n');
    reply->start = reply->length;
    return REPLY_MORE;
}

static enum reply_status take(struct reply *reply, char c)
{
    size_t column = reply->length - reply->start;

    reply->bytes++;
    if (reply->bytes > REPLY_MOST || (column == REPLY_LINE_MOST - 1 && c != '\n'))
        return REPLY_TOO_LONG;
    if (c == '\n')
        return end_line(reply);
    append(reply, c);
    return fits(column, c) ? REPLY_MORE : REPLY_MALFORMED;
}

enum reply_status reply_feed(struct reply *reply, const char *data, size_t length, size_t *used)
{
    *used = 0;
    while (*used < length && reply->status == REPLY_MORE)
        reply->status = take(reply, data[(*used)++]);
    return reply->status;
}

/* The line with its code; there must be such a line. */
static struct span whole_line(const struct reply *reply, size_t index)
{
    const char *line = reply->text, *all = reply->text + reply->length, *end;

    for (;;) {
        end = memchr(line, '\n', (size_t)(all - line));
        if (index == 0 || end == NULL)
            break;
        line = end + 1;
        index--;
    }
    return (struct span){ line, (size_t)((end != NULL ? end : all) - line) };
}

struct span reply_line(const struct reply *reply, size_t index)
{
    struct span line;
    size_t skip;

    if (index >= reply->lines)
        return (struct span){ NULL, 0 };
    line = whole_line(reply, index);
    skip = line.length > CODE_LENGTH ? CODE_LENGTH + 1 : CODE_LENGTH;
    return (struct span){ line.data + skip, line.length - skip };
}

static size_t add(char *text, size_t size, size_t length, struct span part)
{
    size_t fits_in = part.length < size - length ? part.length : size - length;

    if (fits_in > 0)
        memcpy(text + length, part.data, fits_in);
    return length + fits_in;
}

size_t reply_summary(const struct reply *reply, char *text, size_t size)
{
    size_t length;

    if (reply->length == 0)
        return 0;
    if (reply->status != REPLY_DONE)
        return add(text, size, 0,
                   (struct span){ reply->text + reply->start, reply->length - reply->start });
    length = add(text, size, 0, whole_line(reply, 0));
    if (length > CODE_LENGTH)
        text[CODE_LENGTH] = ' ';
    for (size_t i = 1; i < reply->lines; i++) {
        length = add(text, size, length, (struct span){ " ", 1 });
        length = add(text, size, length, reply_line(reply, i));
    }
    return length;
}
