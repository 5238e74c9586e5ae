/* SPDX-License-Identifier: ISC */
/* timestamp: what an administrator types, as systemd.time(7) has it. */
#include "config.h"

#include "policy/cli/log/timestamp.h"

#include <string.h>

#include "policy/date.h"

#define DAY 86400
#define DAY_TEXT 10   /* YYYY-MM-DD */
#define NUMBER_MOST 9 /* digits of a number: no sum of them gets near the end of int64_t */
#define TEXT_MOST 64

static const struct day_word {
    const char *word;
    int64_t days; /* after today */
} day_words[] = {
    { "yesterday", -1 },
    { "today", 0 },
    { "tomorrow", 1 },
};

static const struct unit {
    const char *word;
    int64_t seconds;
} units[] = {
    { "s", 1 },        { "sec", 1 },         { "second", 1 },
    { "seconds", 1 },  { "m", 60 },          { "min", 60 },
    { "minute", 60 },  { "minutes", 60 },    { "h", 3600 },
    { "hr", 3600 },    { "hour", 3600 },     { "hours", 3600 },
    { "d", DAY },      { "day", DAY },       { "days", DAY },
    { "w", 7 * DAY },  { "week", 7 * DAY },  { "weeks", 7 * DAY },
    { "M", 2629800 },  { "month", 2629800 }, { "months", 2629800 },
    { "y", 31557600 }, { "year", 31557600 }, { "years", 31557600 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void drop(struct span *text, size_t length)
{
    text->data += length;
    text->length -= length;
}

static void drop_blanks(struct span *text)
{
    while (text->length > 0 && text->data[0] == ' ')
        drop(text, 1);
    while (text->length > 0 && text->data[text->length - 1] == ' ')
        text->length--;
}

static bool take_number(struct span *text, int64_t *number)
{
    size_t digits = 0;

    *number = 0;
    for (; digits < text->length && ascii_digit(text->data[digits]); digits++) {
        if (digits == NUMBER_MOST + 2)
            return false;
        *number = *number * 10 + (text->data[digits] - '0');
    }
    drop(text, digits);
    return digits > 0;
}

/* Letters, and the blanks around them. */
static struct span take_word(struct span *text)
{
    struct span word;

    drop_blanks(text);
    word = (struct span){ text->data, 0 };
    while (word.length < text->length && ascii_alnum(word.data[word.length]) &&
           !ascii_digit(word.data[word.length]))
        word.length++;
    drop(text, word.length);
    drop_blanks(text);
    return word;
}

/* "1h 30min" */
static bool parse_span(struct span text, int64_t *seconds)
{
    *seconds = 0;
    while (text.length > 0) {
        size_t digits_before = text.length, i = 0;
        struct span word;
        int64_t number;

        if (!take_number(&text, &number) || digits_before - text.length > NUMBER_MOST)
            return false;
        word = take_word(&text);
        while (i < COUNT(units) && !span_equal(word, span_of(units[i].word)))
            i++;
        if (i == COUNT(units))
            return false;
        *seconds += number * units[i].seconds;
    }
    return true;
}

/* "-2h", "+1d", "2h ago", "@1764032289" */
static bool parse_relative(struct span text, int64_t now, int64_t *time)
{
    static const char ago[] = " ago";
    size_t tail = sizeof(ago) - 1;
    char sign = text.data[0];
    int64_t seconds;

    if (sign == '@' || sign == '-' || sign == '+') {
        drop(&text, 1);
    } else {
        if (text.length <= tail || memcmp(text.data + text.length - tail, ago, tail) != 0)
            return false;
        text.length -= tail;
        sign = '-';
    }
    drop_blanks(&text);
    if (text.length == 0)
        return false;
    if (sign == '@') {
        bool read = take_number(&text, &seconds) && text.length == 0;

        *time = read ? timestamp_of_clock(seconds) : 0;
        return read;
    }
    if (!parse_span(text, &seconds))
        return false;
    *time = sign == '-' ? now - seconds : now + seconds;
    return true;
}

static bool parse_word(struct span text, int64_t now, int64_t *time)
{
    if (span_equal(text, span_of("now"))) {
        *time = now;
        return true;
    }
    for (size_t i = 0; i < COUNT(day_words); i++) {
        if (span_equal(text, span_of(day_words[i].word))) {
            *time = now - now % DAY + day_words[i].days * DAY;
            return true;
        }
    }
    return false;
}

/* A day, a time of day, or both. */
static bool parse_absolute(struct span text, int64_t now, int64_t *time)
{
    int64_t seconds;
    size_t length;

    *time = now - now % DAY;
    if (text.length >= DAY_TEXT && date_parse(time, (struct span){ text.data, DAY_TEXT })) {
        drop(&text, DAY_TEXT);
        if (text.length == 0)
            return true;
        if (text.data[0] != ' ' && text.data[0] != 'T')
            return false;
        drop(&text, 1);
        drop_blanks(&text);
    }
    length = timestamp_read_clock(text, &seconds);
    if (length == 0 || length != text.length)
        return false;
    *time += seconds;
    return true;
}

bool timestamp_parse(int64_t *time, struct span text, int64_t now, struct why *why)
{
    int shown = (int)(text.length < TEXT_MOST ? text.length : TEXT_MOST);
    const char *start = text.data;

    drop_blanks(&text);
    if (text.length > 0 && text.length <= TEXT_MOST &&
        (parse_word(text, now, time) || parse_absolute(text, now, time) ||
         parse_relative(text, now, time)))
        return true;
    return why_fail(why,
                    "no such time: '%.*s' (times are written as '2026-11-24 10:00', 'yesterday', "
                    "'-2h')",
                    shown, start);
}
