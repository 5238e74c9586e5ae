/* SPDX-License-Identifier: ISC */
/* timestamp: the forms of log lines. What an administrator types is in timestamp_parse.c. */
#include "config.h"

#include "policy/cli/log/timestamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "policy/date.h"

#define DAY 86400
#define QUARTER 900 /* time zones change at no other moments */
#define DAY_TEXT 10 /* YYYY-MM-DD */
#define YEARS 8     /* from one February 29 to the next, over a year like 1900 */

void timestamp_reader_init(struct timestamp_reader *reader, int64_t now)
{
    *reader = (struct timestamp_reader){ .now = now, .quarter = INT64_MIN };
}

static bool read_digits(const char *text, size_t count, int64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        if (!ascii_digit(text[i]))
            return false;
        *value = *value * 10 + (text[i] - '0');
    }
    return true;
}

size_t timestamp_read_clock(struct span text, int64_t *seconds)
{
    int64_t hour, minute, second = 0;
    size_t length = 5;

    if (text.length < 5 || text.data[2] != ':' || !read_digits(text.data, 2, &hour) ||
        !read_digits(text.data + 3, 2, &minute))
        return 0;
    if (text.length >= 8 && text.data[5] == ':') {
        length = 8;
        if (!read_digits(text.data + 6, 2, &second))
            return 0;
    }
    /* RFC 3339, 5.7: a leap second is 60. */
    if (hour > 23 || minute > 59 || second > 60)
        return 0;
    *seconds = hour * 3600 + minute * 60 + second;
    return length;
}

static void format_day(char text[DAY_TEXT + 1], int64_t year, int month, const char day[2])
{
    text[0] = (char)('0' + year / 1000 % 10);
    text[1] = (char)('0' + year / 100 % 10);
    text[2] = (char)('0' + year / 10 % 10);
    text[3] = (char)('0' + year % 10);
    text[4] = text[7] = '-';
    text[5] = (char)('0' + month / 10);
    text[6] = (char)('0' + month % 10);
    text[8] = day[0] == ' ' ? '0' : day[0];
    text[9] = day[1];
    text[DAY_TEXT] = '\0';
}

/* "Nov 25" or "Nov  5", of the latest year in which it is not after tomorrow. */
static bool find_day(const struct timestamp_reader *reader, const char *text, int64_t *start)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char day[DATE_TEXT_SIZE];
    int64_t year;
    int month = 0;

    while (month < 12 && memcmp(months + 3 * (size_t)month, text, 3) != 0)
        month++;
    date_format(reader->now + DAY, day);
    if (month == 12 || !read_digits(day, 4, &year))
        return false;
    for (int64_t oldest = year - YEARS; year >= oldest; year--) {
        format_day(day, year, month + 1, text + 4);
        if (date_parse(start, (struct span){ day, DAY_TEXT }) && *start <= reader->now + DAY)
            return true;
    }
    return false;
}

/* The day that a line begins with, in either spelling, from memory if it is the last one's. */
static bool read_day(struct timestamp_reader *reader, const char *text, size_t length,
                     int64_t *start)
{
    if (reader->day_length != length || memcmp(reader->day, text, length) != 0) {
        bool known = length == DAY_TEXT ? date_parse(start, (struct span){ text, length })
                                        : find_day(reader, text, start);

        if (!known)
            return false;
        memcpy(reader->day, text, length);
        reader->day_length = length;
        reader->day_start = *start;
    }
    *start = reader->day_start;
    return true;
}

/* Some digits behind a point or a comma, or nothing. */
static size_t skip_fraction(struct span line, size_t at)
{
    if (at >= line.length || (line.data[at] != '.' && line.data[at] != ','))
        return at;
    for (at++; at < line.length && ascii_digit(line.data[at]);)
        at++;
    return at;
}

/* Behind the blank at `at`; 0: there is none. */
static size_t behind_blank(struct span line, size_t at)
{
    return at < line.length && line.data[at] == ' ' ? at + 1 : 0;
}

/* A day, a character, a time of day. */
static size_t read_day_and_clock(struct timestamp_reader *reader, struct span line, size_t day,
                                 int64_t *time)
{
    int64_t start, seconds;

    if (line.length < day + 9 ||
        timestamp_read_clock((struct span){ line.data + day + 1, 8 }, &seconds) != 8 ||
        !read_day(reader, line.data, day, &start))
        return 0;
    *time = start + seconds;
    return skip_fraction(line, day + 9);
}

static size_t read_traditional(struct timestamp_reader *reader, struct span line, int64_t *time)
{
    size_t length = read_day_and_clock(reader, line, 6, time);

    return length == 0 || line.data[3] != ' ' || line.data[6] != ' ' ? 0
                                                                     : behind_blank(line, length);
}

/* "Z", "+01:00", "+0100", or nothing. */
static size_t skip_zone(struct span line, size_t at)
{
    if (at < line.length && line.data[at] == 'Z')
        return at + 1;
    if (at >= line.length || (line.data[at] != '+' && line.data[at] != '-'))
        return at;
    for (at++; at < line.length && (ascii_digit(line.data[at]) || line.data[at] == ':');)
        at++;
    return at;
}

static size_t read_iso(struct timestamp_reader *reader, struct span line, int64_t *time)
{
    size_t length = read_day_and_clock(reader, line, DAY_TEXT, time);

    if (length == 0 || (line.data[DAY_TEXT] != 'T' && line.data[DAY_TEXT] != ' '))
        return 0;
    return behind_blank(line, skip_zone(line, length));
}

/* The day of the week, and a time zone as a word. */
static size_t read_full(struct timestamp_reader *reader, struct span line, int64_t *time)
{
    struct span rest = { line.data + 4, line.length > 4 ? line.length - 4 : 0 };
    const char *blank;
    size_t length;

    if (line.length <= 4 || line.data[3] != ' ')
        return 0;
    length = read_iso(reader, rest, time);
    if (length == 0)
        return 0;
    blank = memchr(rest.data + length, ' ', rest.length - length);
    return blank != NULL ? (size_t)(blank - line.data) + 1 : 0;
}

static size_t read_unix(struct timestamp_reader *reader, struct span line, int64_t *time)
{
    size_t digits = 0, end;
    int64_t seconds;

    while (digits < line.length && ascii_digit(line.data[digits]))
        digits++;
    if (digits < 9 || digits > 11 || !read_digits(line.data, digits, &seconds))
        return 0;
    end = behind_blank(line, skip_fraction(line, digits));
    if (end == 0 || end == digits + 1)
        return 0;
    if (reader->quarter != seconds / QUARTER) {
        reader->quarter = seconds / QUARTER;
        reader->offset = timestamp_of_clock(seconds) - seconds;
    }
    *time = seconds + reader->offset;
    return end;
}

static size_t read_monotonic(struct timestamp_reader *reader, struct span line, int64_t *time)
{
    size_t at = 1;

    (void)reader;
    while (at < line.length && line.data[at] == ' ')
        at++;
    while (at < line.length && ascii_digit(line.data[at]))
        at++;
    at = skip_fraction(line, at);
    *time = TIMESTAMP_UNKNOWN;
    return at < line.length && line.data[at] == ']' ? behind_blank(line, at + 1) : 0;
}

size_t timestamp_read(struct timestamp_reader *reader, struct span line, int64_t *time)
{
    static size_t (*const forms[])(struct timestamp_reader *, struct span,
                                   int64_t *) = { read_traditional, read_full, read_iso,
                                                  read_unix };
    size_t length = 0;

    if (!span_empty(line) && line.data[0] == '[') {
        length = read_monotonic(reader, line, time);
    } else if (!span_empty(line)) {
        /* Two begin with a letter, two with a digit. */
        size_t first = ascii_digit(line.data[0]) ? 2 : 0;

        for (size_t i = first; i < first + 2 && length == 0; i++)
            length = forms[i](reader, line, time);
    }
    if (length == 0)
        *time = TIMESTAMP_UNKNOWN;
    return length;
}

int64_t timestamp_of_clock(int64_t seconds)
{
    time_t moment = (time_t)seconds;
    char day[40];
    struct tm tm;
    int64_t start;

    if (localtime_r(&moment, &tm) == NULL)
        return seconds;
    (void)snprintf(day, sizeof(day), "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1,
                   tm.tm_mday);
    if (!date_parse(&start, span_of(day)))
        return seconds;
    return start + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
}

void timestamp_format(int64_t time, char middle, char text[TIMESTAMP_TEXT_SIZE])
{
    char day[DATE_TEXT_SIZE];
    int second;

    if (time < 0) {
        (void)snprintf(text, TIMESTAMP_TEXT_SIZE, "-");
        return;
    }
    date_format(time, day);
    second = (int)(time % DAY);
    (void)snprintf(text, TIMESTAMP_TEXT_SIZE, "%s%c%02d:%02d:%02d", day, middle, second / 3600,
                   second / 60 % 60, second % 60);
}
