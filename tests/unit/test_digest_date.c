/* SPDX-License-Identifier: ISC */
/* Tests of policy/digest and policy/date. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <string.h>

#include "policy/date.h"
#include "policy/digest.h"

#define HEX32 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define COLONS32                                       \
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:" \
    "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F"

static void digest_parse__spellings__the_same_digest(void **state)
{
    static const struct span rows[] = {
        S(HEX32),
        S("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"),
        S("000102030405060708090a0B0c0D0e0F101112131415161718191A1b1C1d1E1f"),
        S(COLONS32),
        S("00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:"
          "10:11:12:13:14:15:16:17:18:19:1a:1b:1c:1d:1e:1f"),
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct digest digest;

        assert_true(digest_parse(&digest, rows[i]));
        for (unsigned byte = 0; byte < DIGEST_SIZE; byte++)
            assert_int_equal(digest.bytes[byte], byte);
    }
}

static void digest_parse__no_sha256__false(void **state)
{
    static const struct span rows[] = {
        S(""),
        { NULL, 0 },
        S("0001"),
        S("d41d8cd98f00b204e9800998ecf8427e"), /* MD5 */
        S("D4:1D:8C:D9:8F:00:B2:04:E9:80:09:98:EC:F8:42:7E"),
        S("da39a3ee5e6b4b0d3255bfef95601890afd80709"), /* SHA-1 */
        S("DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF:95:60:18:90:AF:D8:07:09"),
        S(HEX32 HEX32), /* SHA-512 */
        S(HEX32 "0"),
        S(HEX32 "00"),
        S("0" HEX32),
        S("00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"), /* 63 */
        S("0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),  /* 62 */
        S("g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
        S("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1g"),
        S("0x0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
        S(HEX32 " "),
        S(" " HEX32),
        S(HEX32 "\n"),
        S(HEX32 "\0"),
        S("000102030405060708090a0b0c0d0e0f\0"
          "01112131415161718191a1b1c1d1e1f"),
        S(COLONS32 ":"),
        S(":" COLONS32),
        S(COLONS32 ":20"),
        S("00::01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"
          "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F"),
        S("0:001:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"
          "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F"),
        S("00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F "
          "10 11 12 13 14 15 16 17 18 19 1A 1B 1C 1D 1E 1F"),
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct digest digest;

        bad += row(!digest_parse(&digest, rows[i]), "'%s' was taken", SHOWN(rows[i]));
    }
    assert_int_equal(bad, 0);
}

static void digest_format__parsed_again__equal(void **state)
{
    struct digest digest, again;
    char text[DIGEST_TEXT_SIZE];

    (void)state;
    for (unsigned byte = 0; byte < DIGEST_SIZE; byte++)
        digest.bytes[byte] = (unsigned char)(byte * 37 + 200);
    digest_format(&digest, text);
    assert_int_equal(strlen(text), 2 * DIGEST_SIZE);
    assert_true(digest_parse(&again, span_of(text)));
    assert_true(digest_equal(&digest, &again));
    for (unsigned byte = 0; byte < DIGEST_SIZE; byte++) {
        again.bytes[byte] ^= 1;
        assert_false(digest_equal(&digest, &again));
        again.bytes[byte] ^= 1;
    }
}

static void date_parse__days__seconds(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        { "1970-01-01", 0 },
        { "1970-01-02", 86400 },
        { "1970-12-31", 31449600 },
        { "1972-02-29", 68169600 },
        { "2000-02-29", 951782400 },
        { "2000-03-01", 951868800 },
        { "2018-08-01", 1533081600 },
        { "2018-09-03", 1535932800 },
        { "2018-10-01", 1538352000 },
        { "2024-02-29", 1709164800 },
        { "2024-12-31", 1735603200 },
        { "2026-01-01", NOW },
        { "2038-01-19", 2147472000 },
        { "2038-01-20", 2147558400 },
        { "2100-02-28", 4107456000 },
        { "2100-03-01", 4107542400 },
        { "2106-02-07", 4294944000 },
        { "2400-02-29", INT64_C(13574563200) },
        { "9999-12-31", INT64_C(253402214400) },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        int64_t seconds = -1;

        bad += row(date_parse(&seconds, span_of(rows[i].text)) && seconds == rows[i].seconds,
                   "%s: %lld", rows[i].text, (long long)seconds);
    }
    assert_int_equal(bad, 0);
}

static void date_parse__nonsense__false(void **state)
{
    static const struct span rows[] = {
        S(""),
        { NULL, 0 },
        S("2018"),
        S("2018-01"),
        S("2018-13-01"),
        S("2018-00-10"),
        S("2018-01-00"),
        S("2018-01-32"),
        S("2018-04-31"),
        S("2018-06-31"),
        S("2018-09-31"),
        S("2018-11-31"),
        S("2018-02-30"),
        S("2023-02-29"),
        S("2100-02-29"),
        S("1900-02-29"),
        S("2018-1-1"),
        S("18-01-01"),
        S("2018/01/01"),
        S("2018.01.01"),
        S("20180101"),
        S("2018-01-01T00:00:00Z"),
        S("2018-01-01 "),
        S(" 2018-01-01"),
        S("2018-01-01\n"),
        S("2018-01-01\0"),
        S("+018-01-01"),
        S("-018-01-01"),
        S("2018-+1-01"),
        S("2018--1-01"),
        S("2018- 1-01"),
        S("2018-01- 1"),
        S("2018-01-0x"),
        S("10000-01-01"),
        S("02018-01-01"),
        S("2018-001-01"),
        S("2018-01-001"),
        S("01-02-2018"),
        S("today"),
        S("0x7E-01-01"),
        S("2018-99-99"),
        S("2018-0a-01"),
        S("\xef\xbc\x92"
          "018-01-01"),
        S("2018\xe2\x80\x93"
          "01-01"),
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        int64_t seconds;

        bad += row(!date_parse(&seconds, rows[i]), "'%s' was taken", SHOWN(rows[i]));
    }
    assert_int_equal(bad, 0);
}

static int month_days(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

/* Every day from 1970 to 9999, counted one by one, there and back. */
static void date__every_day_of_eighty_centuries__there_and_back(void **state)
{
    int64_t wanted = 0;

    (void)state;
    for (int year = 1970; year <= 9999; year++) {
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= month_days(year, month); day++) {
                char text[32], back[DATE_TEXT_SIZE];
                int64_t seconds;

                (void)snprintf(text, sizeof(text), "%04d-%02d-%02d", year, month, day);
                if (!date_parse(&seconds, span_of(text)) || seconds != wanted)
                    fail_msg("%s", text);
                date_format(seconds, back);
                if (strcmp(back, text) != 0)
                    fail_msg("%s came back as %s", text, back);
                date_format(seconds + 86399, back);
                if (strcmp(back, text) != 0)
                    fail_msg("the last second of %s came back as %s", text, back);
                wanted += 86400;
            }
        }
    }
}

static void date_format__beyond_all_dates__short_and_printable(void **state)
{
    static const int64_t moments[] = { DATE_ALWAYS,           DATE_NEVER,    -1,
                                       INT64_C(253402300800), INT64_MIN + 1, INT64_MAX - 1,
                                       -INT64_C(62167219201) };

    (void)state;
    for (size_t i = 0; i < ROWS(moments); i++) {
        char text[DATE_TEXT_SIZE];

        memset(text, 'x', sizeof(text));
        date_format(moments[i], text);
        assert_non_null(memchr(text, '\0', sizeof(text)));
        assert_true(printable(text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digest_parse__spellings__the_same_digest),
        cmocka_unit_test(digest_parse__no_sha256__false),
        cmocka_unit_test(digest_format__parsed_again__equal),
        cmocka_unit_test(date_parse__days__seconds),
        cmocka_unit_test(date_parse__nonsense__false),
        cmocka_unit_test(date__every_day_of_eighty_centuries__there_and_back),
        cmocka_unit_test(date_format__beyond_all_dates__short_and_printable),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
