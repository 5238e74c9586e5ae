/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/timestamp: the times of log lines, and those that an administrator types. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/cli/log/timestamp.h"

/* 2026-11-25 12:00:00, a wall clock. */
#define NOON INT64_C(1795608000)

static const char *shown_time(char text[TIMESTAMP_TEXT_SIZE], int64_t time)
{
    timestamp_format(time, ' ', text);
    return text;
}

static int use_zone(const char *zone)
{
    if (setenv("TZ", zone, 1) != 0)
        return -1;
    tzset();
    return 0;
}

static int use_utc(void **state)
{
    (void)state;
    return use_zone("UTC");
}

/* ------------------------------------------------------------ of log lines */

static void timestamp_read__forms_of_syslog_and_journalctl__time_and_length(void **state)
{
    static const struct {
        const char *header, *time;
    } rows[] = {
        { "Nov 25 00:58:09 ", "2026-11-25 00:58:09" },
        { "Nov  5 00:58:09 ", "2026-11-05 00:58:09" },
        { "Nov 05 23:59:60 ", "2026-11-06 00:00:00" },
        { "Nov 25 00:58:09.123456 ", "2026-11-25 00:58:09" },
        { "2026-11-25T00:58:09.123456+01:00 ", "2026-11-25 00:58:09" },
        { "2026-11-25T00:58:09.123456-11:30 ", "2026-11-25 00:58:09" },
        { "2026-11-25T00:58:09Z ", "2026-11-25 00:58:09" },
        { "2026-11-25T00:58:09+0000 ", "2026-11-25 00:58:09" },
        { "2026-11-25T00:58:09,123456+00:00 ", "2026-11-25 00:58:09" },
        { "2026-11-25 00:58:09 ", "2026-11-25 00:58:09" },
        { "2001-02-03T04:05:06Z ", "2001-02-03 04:05:06" },
        { "Wed 2026-11-25 00:58:09 CET ", "2026-11-25 00:58:09" },
        { "Wed 2026-11-25 00:58:09.123456 UTC ", "2026-11-25 00:58:09" },
        { "1764032289.123456 ", "2025-11-25 00:58:09" },
        { "[   12.345678] ", "-" },
        { "[12345.678901] ", "-" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct timestamp_reader reader;
        char line[200], text[TIMESTAMP_TEXT_SIZE];
        size_t length;
        int64_t time;

        (void)snprintf(line, sizeof(line), "%shost prog[1]: text", rows[i].header);
        timestamp_reader_init(&reader, NOON);
        for (int again = 0; again < 2; again++) {
            length = timestamp_read(&reader, span_of(line), &time);
            bad += row(length == strlen(rows[i].header) &&
                           strcmp(shown_time(text, time), rows[i].time) == 0,
                       "'%s': %zu, %s", rows[i].header, length, text);
        }
    }
    assert_int_equal(bad, 0);
}

static void timestamp_read__no_time__nothing(void **state)
{
    static const char *const lines[] = {
        "",
        "N",
        "Nov 25 00:58:09",
        "Nov 25 00:58 host",
        "Nov 25 24:00:00 host",
        "Nov 25 23:60:00 host",
        "Nov 31 00:00:00 host",
        "Nov 00 00:00:00 host",
        "Foo 25 00:58:09 host",
        "nov 25 00:58:09 host",
        "Nov-25 00:58:09 host",
        "Nov 25T00:58:09 host",
        "2026-02-29T00:00:00 host",
        "2026-11-25_00:58:09 host",
        "2026-11-25T00:58:09*host",
        "2026-11-25T00:58:09+00:00",
        "Wed 2026-11-25 00:58:09",
        "Wed 2026-11-25 00:58:09 UTC",
        "1764032289 host",
        "1764032289.123456",
        "17640322.123456 host",
        "[12.3 host",
        "[   ",
        "NOQUEUE: inbound verdict=pass",
        "forcetls-milter[1]: x",
        "-- Boot 0123456789abcdef --",
    };
    struct timestamp_reader reader;
    unsigned bad = 0;

    (void)state;
    timestamp_reader_init(&reader, NOON);
    for (size_t i = 0; i < ROWS(lines); i++) {
        int64_t time = 0;

        bad +=
            row(timestamp_read(&reader, span_of(lines[i]), &time) == 0 && time == TIMESTAMP_UNKNOWN,
                "%s", lines[i]);
    }
    assert_int_equal(bad, 0);
}

/* Every beginning of every form, in memory of just its size. */
static void timestamp_read__beginnings__never_beyond_their_end(void **state)
{
    static const char *const lines[] = { "Nov 25 00:58:09.123456 h",
                                         "2026-11-25T00:58:09.123456+00:00 h",
                                         "Wed 2026-11-25 00:58:09.123456 UTC h",
                                         "1764032289.123456 h", "[   12.345678] h" };

    (void)state;
    for (size_t i = 0; i < ROWS(lines); i++) {
        for (size_t length = 1; length <= strlen(lines[i]); length++) {
            char *copy = malloc(length);
            struct timestamp_reader reader;
            int64_t time;

            assert_non_null(copy);
            memcpy(copy, lines[i], length);
            timestamp_reader_init(&reader, NOON);
            assert_true(timestamp_read(&reader, (struct span){ copy, length }, &time) <= length);
            free(copy);
        }
    }
}

static void timestamp_read__no_year__the_latest_that_is_not_after_tomorrow(void **state)
{
    static const struct {
        const char *now, *header, *time;
    } rows[] = {
        { "2026-11-25 12:00", "Nov 25 23:00:00 ", "2026-11-25 23:00:00" },
        { "2026-11-25 12:00", "Nov 26 10:00:00 ", "2026-11-26 10:00:00" },
        { "2026-11-25 12:00", "Nov 27 00:00:00 ", "2025-11-27 00:00:00" },
        { "2026-11-25 12:00", "Dec 31 23:59:59 ", "2025-12-31 23:59:59" },
        { "2026-12-31 23:00", "Jan  1 00:00:01 ", "2027-01-01 00:00:01" },
        { "2026-12-30 23:00", "Jan  1 00:00:01 ", "2026-01-01 00:00:01" },
        { "2026-11-25 12:00", "Feb 29 01:02:03 ", "2024-02-29 01:02:03" },
        { "2104-02-28 00:00", "Feb 29 01:02:03 ", "2104-02-29 01:02:03" },
        { "2104-02-27 23:00", "Feb 29 01:02:03 ", "2096-02-29 01:02:03" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char line[100], text[TIMESTAMP_TEXT_SIZE];
        struct timestamp_reader reader;
        int64_t now, time;
        struct why why;

        (void)snprintf(line, sizeof(line), "%shost", rows[i].header);
        assert_true(timestamp_parse(&now, span_of(rows[i].now), 0, &why));
        timestamp_reader_init(&reader, now);
        assert_int_not_equal(timestamp_read(&reader, span_of(line), &time), 0);
        bad += row(strcmp(shown_time(text, time), rows[i].time) == 0, "now %s, %s: %s", rows[i].now,
                   rows[i].header, text);
    }
    assert_int_equal(bad, 0);
}

/* What is remembered of one line must not be believed of the next. */
static void timestamp_read__many_lines__each_its_own_time(void **state)
{
    static const struct {
        const char *line, *time;
    } rows[] = {
        { "Nov 24 23:59:59 h", "2026-11-24 23:59:59" },
        { "Nov 25 00:00:00 h", "2026-11-25 00:00:00" },
        { "2026-11-25T00:00:01Z h", "2026-11-25 00:00:01" },
        { "2026-11-26T00:00:01Z h", "2026-11-26 00:00:01" },
        { "Nov 25 00:00:02 h", "2026-11-25 00:00:02" },
        { "Nov 35 00:00:02 h", "-" },
        { "Nov 25 00:00:03 h", "2026-11-25 00:00:03" },
        { "1764032289.123456 h", "2025-11-25 00:58:09" },
        { "1764033299.123456 h", "2025-11-25 01:14:59" },
        { "1764032289.123456 h", "2025-11-25 00:58:09" },
        { "Wed 2026-11-25 00:00:04 UTC h", "2026-11-25 00:00:04" },
    };
    struct timestamp_reader reader;
    unsigned bad = 0;

    (void)state;
    timestamp_reader_init(&reader, NOON);
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[TIMESTAMP_TEXT_SIZE];
        int64_t time;

        (void)timestamp_read(&reader, span_of(rows[i].line), &time);
        bad += row(strcmp(shown_time(text, time), rows[i].time) == 0, "%s: %s", rows[i].line, text);
    }
    assert_int_equal(bad, 0);
}

static void timestamp_of_clock__time_zone_of_the_host__wall_clock(void **state)
{
    char text[TIMESTAMP_TEXT_SIZE];
    struct timestamp_reader reader;
    int64_t time;

    (void)state;
    assert_int_equal(use_zone("CET-1CEST,M3.5.0,M10.5.0/3"), 0);
    assert_string_equal(shown_time(text, timestamp_of_clock(1764032289)), "2025-11-25 01:58:09");
    assert_string_equal(shown_time(text, timestamp_of_clock(1750000000)), "2025-06-15 17:06:40");
    /* The last second of summer time in 2025, and the first that is none: a line each. */
    timestamp_reader_init(&reader, NOON);
    assert_int_not_equal(timestamp_read(&reader, SPAN("1761440399.999999 h"), &time), 0);
    assert_string_equal(shown_time(text, time), "2025-10-26 02:59:59");
    assert_int_not_equal(timestamp_read(&reader, SPAN("1761440400.000000 h"), &time), 0);
    assert_string_equal(shown_time(text, time), "2025-10-26 02:00:00");
    assert_int_equal(use_zone("UTC"), 0);
}

/* ------------------------------------------------------------ typed */

static void timestamp_parse__as_for_journalctl__the_time(void **state)
{
    static const struct {
        const char *text, *time;
    } rows[] = {
        { "2026-11-24", "2026-11-24 00:00:00" },
        { "2026-11-24 10:00", "2026-11-24 10:00:00" },
        { "2026-11-24 10:00:30", "2026-11-24 10:00:30" },
        { "2026-11-24T10:00", "2026-11-24 10:00:00" },
        { "2026-11-24T10:00:30", "2026-11-24 10:00:30" },
        { "10:15", "2026-11-25 10:15:00" },
        { "10:15:16", "2026-11-25 10:15:16" },
        { "now", "2026-11-25 12:00:00" },
        { "today", "2026-11-25 00:00:00" },
        { "yesterday", "2026-11-24 00:00:00" },
        { "tomorrow", "2026-11-26 00:00:00" },
        { "-2h", "2026-11-25 10:00:00" },
        { "-2 h", "2026-11-25 10:00:00" },
        { "- 2 hours", "2026-11-25 10:00:00" },
        { "+1d", "2026-11-26 12:00:00" },
        { "2h ago", "2026-11-25 10:00:00" },
        { "1h 30min ago", "2026-11-25 10:30:00" },
        { "-1h30m", "2026-11-25 10:30:00" },
        { "-1w", "2026-11-18 12:00:00" },
        { "-1M", "2026-10-26 01:30:00" },
        { "-90s", "2026-11-25 11:58:30" },
        { "  today  ", "2026-11-25 00:00:00" },
        { "@1764032289", "2025-11-25 00:58:09" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[TIMESTAMP_TEXT_SIZE] = "";
        struct why why = { "" };
        int64_t time = 0;

        bad += row(timestamp_parse(&time, span_of(rows[i].text), NOON, &why) &&
                       strcmp(shown_time(text, time), rows[i].time) == 0,
                   "'%s': %s (%s)", rows[i].text, text, why.text);
    }
    assert_int_equal(bad, 0);
}

static void timestamp_parse__no_time__refused_and_cited(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "-",
        "+",
        "@",
        "@x",
        "@1 2",
        "ago",
        " ago",
        "2h",
        "2 ago",
        "-2",
        "-2 lightyears",
        "-h",
        "2026-11-31",
        "2026-11-24x",
        "2026-11-24 10",
        "2026-11-24 10:00Z",
        "2026-11-24 10:00+01:00",
        "2026-11-24T10:00 x",
        "24:00",
        "10:60",
        "1:00",
        "TODAY",
        "someday",
        "-99999999999s",
        "10:00:61",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(texts); i++) {
        struct why why = { "" };
        int64_t time = 0;
        bool read = timestamp_parse(&time, span_of(texts[i]), NOON, &why);

        bad += row(!read && strncmp(why.text, "no such time: '", 15) == 0, "'%s': %s", texts[i],
                   why.text);
    }
    assert_int_equal(bad, 0);
}

static void timestamp_format__any_time__as_it_is_written(void **state)
{
    char text[TIMESTAMP_TEXT_SIZE];

    (void)state;
    timestamp_format(0, 'T', text);
    assert_string_equal(text, "1970-01-01T00:00:00");
    timestamp_format(NOON + 3723, ' ', text);
    assert_string_equal(text, "2026-11-25 13:02:03");
    timestamp_format(TIMESTAMP_UNKNOWN, 'T', text);
    assert_string_equal(text, "-");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timestamp_read__forms_of_syslog_and_journalctl__time_and_length),
        cmocka_unit_test(timestamp_read__no_time__nothing),
        cmocka_unit_test(timestamp_read__beginnings__never_beyond_their_end),
        cmocka_unit_test(timestamp_read__no_year__the_latest_that_is_not_after_tomorrow),
        cmocka_unit_test(timestamp_read__many_lines__each_its_own_time),
        cmocka_unit_test(timestamp_of_clock__time_zone_of_the_host__wall_clock),
        cmocka_unit_test(timestamp_parse__as_for_journalctl__the_time),
        cmocka_unit_test(timestamp_parse__no_time__refused_and_cited),
        cmocka_unit_test(timestamp_format__any_time__as_it_is_written),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, use_utc, NULL);
}
