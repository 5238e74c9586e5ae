/* SPDX-License-Identifier: ISC */
/*
 * The daemon writes printable ASCII only. So what syslog writes for control characters, "#012" and
 * its like, is a peer's own where it stands inside a value, and is left as it is there.
 */
#include "config.h"

#include "policy/cli/log/log_line.h"

#include <string.h>

#include "policy/logfields.h"

#define HOST_MOST 255
#define REPEATED_DIGITS 9

void log_line_reader_init(struct log_line_reader *reader, int64_t now)
{
    reader->bare = false;
    reader->length = 0;
    timestamp_reader_init(&reader->times, now);
}

static inline struct span span_from(struct span text, size_t at)
{
    return (struct span){ text.data + at, text.length - at };
}

static inline bool skip(struct span *text, const char *start)
{
    if (!span_starts_with(*text, start))
        return false;
    *text = span_from(*text, strlen(start));
    return true;
}

static bool skip_number(struct span *text, uint64_t *number)
{
    size_t digits = 0;

    *number = 0;
    for (; digits < text->length && ascii_digit(text->data[digits]); digits++) {
        if (digits == REPEATED_DIGITS)
            return false;
        *number = *number * 10 + (uint64_t)(text->data[digits] - '0');
    }
    *text = span_from(*text, digits);
    return digits > 0;
}

/* A word that may be a host's name. Another program's tag ends with a colon. */
static bool skip_host(struct span *text)
{
    size_t most = text->length < HOST_MOST + 1 ? text->length : HOST_MOST + 1;
    const char *blank = most > 0 ? memchr(text->data, ' ', most) : NULL;

    if (blank == NULL || blank == text->data || blank[-1] == ':')
        return false;
    *text = span_from(*text, (size_t)(blank - text->data) + 1);
    return true;
}

static bool skip_tag(struct span *text)
{
    uint64_t pid;

    return skip(text, LOG_TAG) && skip_number(text, &pid) && skip(text, "]: ");
}

/* Everything in front of the message. */
static bool skip_header(struct log_line_reader *reader, struct span *line, int64_t *time)
{
    size_t length = timestamp_read(&reader->times, *line, time);

    *line = span_from(*line, length);
    return skip_tag(line) || (length > 0 && skip_host(line) && skip_tag(line));
}

/* What may stand behind a line's end: nothing of it is the daemon's. */
static struct span without_end(struct span text)
{
    while (text.length > 0) {
        if (strchr("\r ", text.data[text.length - 1]) != NULL && text.data[text.length - 1] != '\0')
            text.length--;
        else if (text.length >= 4 && (memcmp(text.data + text.length - 4, "#012", 4) == 0 ||
                                      memcmp(text.data + text.length - 4, "#015", 4) == 0))
            text.length -= 4;
        else
            break;
    }
    return text;
}

/* "last message repeated 3 times", "message repeated 3 times: [ NOQUEUE: inbound ...]": rsyslog,
 * which cuts what is in the brackets after 800 bytes. Each says how many came after the first. */
static bool read_repeated(const struct log_line_reader *reader, struct log_message *message)
{
    struct span text = message->text, last = { reader->last, reader->length };
    bool known = skip(&text, "last ");
    uint64_t count;

    if (!skip(&text, "message repeated ") || !skip_number(&text, &count) || !skip(&text, " times"))
        return false;
    if (!known) {
        if (!skip(&text, ": ["))
            return false;
        (void)skip(&text, " ");
        if (text.length > 0 && text.data[text.length - 1] == ']')
            text.length--;
        known = last.length >= text.length && memcmp(last.data, text.data, text.length) == 0;
    }
    if (known && last.length == 0)
        return false;
    message->text = known ? last : text;
    message->count = count;
    return true;
}

static void remember(struct log_line_reader *reader, struct span text)
{
    reader->length = text.length <= sizeof(reader->last) ? text.length : 0;
    memcpy(reader->last, text.data, reader->length);
}

bool log_line_read(struct log_line_reader *reader, struct span line, struct log_message *message)
{
    struct logfields fields;
    struct span text = line;

    if (!skip_header(reader, &text, &message->time)) {
        if (!reader->bare || message->time != TIMESTAMP_UNKNOWN)
            return false;
        text = without_end(line);
        if (!logfields_read(&fields, text))
            return false;
    }
    message->text = without_end(text);
    message->count = 1;
    if (!read_repeated(reader, message))
        remember(reader, message->text);
    return true;
}

/* Lines of journalctl about itself, "-- Boot ... --", say nothing about the others. */
void log_line_reader_start(struct log_line_reader *reader, struct span text)
{
    struct span line;
    int64_t time;

    reader->length = 0;
    reader->bare = false;
    do {
        const char *feed = text.length > 0 ? memchr(text.data, '\n', text.length) : NULL;
        size_t length = feed != NULL ? (size_t)(feed - text.data) : text.length;

        line = (struct span){ text.data, length };
        text = span_from(text, feed != NULL ? length + 1 : length);
    } while (span_starts_with(line, "-- "));
    reader->bare = timestamp_read(&reader->times, line, &time) == 0 && !skip_tag(&line);
}
