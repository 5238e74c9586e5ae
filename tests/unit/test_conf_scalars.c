/* SPDX-License-Identifier: ISC */
/* Tests of policy/conf/scalars, endpoints and suggest: single values. */
#include "tests/unit/build.h"

#include <stdlib.h>
#include <string.h>

#include "policy/conf/scalars.h"
#include "policy/conf/suggest.h"

static void duration_parse__number_and_unit__seconds(void **state)
{
    static const struct {
        struct span text;
        long seconds; /* -1: none */
    } rows[] = {
        { S("60s"), 60 },    { S("10m"), 600 },  { S("6h"), 21600 },
        { S("7d"), 604800 }, { S("0s"), 0 },     { S("999999999d"), 86399999913600 },
        { S(""), -1 },       { S("60"), -1 },    { S("s"), -1 },
        { S("-1s"), -1 },    { S("1.5h"), -1 },  { S("6 h"), -1 },
        { S("6H"), -1 },     { S("1h30m"), -1 }, { S("9999999999s"), -1 },
        { S("6h "), -1 },    { S("6h\0"), -1 },  { S("6w"), -1 },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct why why = { "" };
        long seconds = -1;
        bool parsed = duration_parse(rows[i].text, &seconds, &why);

        bad += row(parsed == (rows[i].seconds >= 0) && seconds == rows[i].seconds, "%s: %ld %s",
                   SHOWN(rows[i].text), seconds, why.text);
    }
    assert_int_equal(bad, 0);
}

static void duration_format__seconds__largest_whole_unit(void **state)
{
    static const struct {
        long seconds;
        const char *text;
    } rows[] = { { 0, "0s" },    { 1, "1s" },     { 60, "1m" },     { 90, "90s" },
                 { 3600, "1h" }, { 86400, "1d" }, { 90000, "25h" }, { 604800, "7d" } };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[DURATION_TEXT_SIZE];

        duration_format(rows[i].seconds, text);
        bad += row(strcmp(text, rows[i].text) == 0, "%ld: %s", rows[i].seconds, text);
    }
    assert_int_equal(bad, 0);
}

static void octal_mode_parse__three_octal_digits__mode(void **state)
{
    static const struct {
        struct span text;
        int mode; /* -1: none */
    } rows[] = {
        { S("0660"), 0660 }, { S("660"), 0660 }, { S("0000"), 0 },  { S("0777"), 0777 },
        { S(""), -1 },       { S("0"), -1 },     { S("0680"), -1 }, { S("1777"), -1 },
        { S("06600"), -1 },  { S("0x1f"), -1 },  { S("rw-"), -1 },  { S("-660"), -1 },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        unsigned mode = 0;
        bool parsed = octal_mode_parse(rows[i].text, &mode, NULL);

        bad += row(parsed == (rows[i].mode >= 0) && (!parsed || (int)mode == rows[i].mode),
                   "%s: %o", SHOWN(rows[i].text), mode);
    }
    assert_int_equal(bad, 0);
}

#define A20 "aaaaaaaaaaaaaaaaaaaa"

static void socket_parse__libmilters_forms__canonical(void **state)
{
    static const struct {
        struct span text;
        const char *canonical; /* or, where it is no socket, */
        const char *why;
    } rows[] = {
        { S("unix:/run/forcetls/x.sock"), "unix:/run/forcetls/x.sock", NULL },
        { S("local:/run/forcetls/x.sock"), "unix:/run/forcetls/x.sock", NULL },
        { S("inet:8891@127.0.0.1"), "inet:8891@127.0.0.1", NULL },
        { S("inet:8891@[127.0.0.1]"), "inet:8891@127.0.0.1", NULL },
        { S("inet:8891@localhost"), "inet:8891@localhost", NULL },
        { S("inet6:8891@::1"), "inet6:8891@::1", NULL },
        { S("inet6:8891@[::1]"), "inet6:8891@::1", NULL },
        { S("inet6:1@mx.example.org"), "inet6:1@mx.example.org", NULL },
        { S("/run/forcetls/x.sock"), NULL, "must be unix:PATH, inet:PORT@HOST or inet6:PORT@HOST" },
        { S(""), NULL, "must be unix:PATH, inet:PORT@HOST or inet6:PORT@HOST" },
        { S("unix:forcetls/x.sock"), NULL, "the path of a socket must be absolute" },
        { S("unix:"), NULL, "the path of a socket must be absolute" },
        { S("unix:/" A20 A20 A20 A20 A20 A20), NULL,
          "the path of a socket is longer than 107 bytes" },
        { S("unix:/a\x01"), NULL, "the path of a socket must be printable ASCII" },
        { S("inet:8891@b\xc3\xbc" "cher.example"), NULL,
          "the host must be a host name or an IPv4 address" },
        { S("inet:127.0.0.1:8891"), NULL,
          "must be inet:PORT@HOST (inet:HOST:PORT is Postfix's spelling)" },
        { S("inet:8891"), NULL, "the host is missing: inet:PORT@HOST" },
        { S("inet:0@127.0.0.1"), NULL, "the port must be a number from 1 to 65535" },
        { S("inet:65536@127.0.0.1"), NULL, "the port must be a number from 1 to 65535" },
        { S("inet:smtp@127.0.0.1"), NULL, "the port must be a number from 1 to 65535" },
        { S("inet:8891@"), NULL, "the host must be a host name or an IPv4 address" },
        { S("inet:8891@::1"), NULL, "the host must be a host name or an IPv4 address" },
        { S("inet:8891@a b"), NULL, "the host must be a host name or an IPv4 address" },
        { S("inet6:8891@127.0.0.1"), NULL, "the host must be a host name or an IPv6 address" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct why why = { "" };
        char *canonical = NULL;
        bool parsed = socket_parse(rows[i].text, false, &canonical, &why);
        bool good = rows[i].canonical != NULL ? parsed && strcmp(canonical, rows[i].canonical) == 0
                                              : !parsed && strcmp(why.text, rows[i].why) == 0;

        bad += row(good, "%s: %s%s", SHOWN(rows[i].text), parsed ? canonical : "", why.text);
        if (parsed)
            free(canonical);
    }
    assert_int_equal(bad, 0);
}

static void socket_parse__unix_only__refuses_the_network(void **state)
{
    struct why why = { "" };
    char *canonical = NULL;

    (void)state;
    assert_false(socket_parse(SPAN("inet:8891@127.0.0.1"), true, &canonical, &why));
    assert_string_equal(why.text, "must be unix:PATH");
    assert_true(socket_parse(SPAN("unix:/run/x"), true, &canonical, &why));
    free(canonical);
}

static void dns_server_parse__address_and_port__told(void **state)
{
    static const struct {
        struct span text;
        bool good;
    } rows[] = {
        { S("127.0.0.1"), true },   { S("::1"), true },        { S("127.0.0.1@5353"), true },
        { S("::1@53"), true },      { S("localhost"), false }, { S("127.0.0.1:53"), false },
        { S("127.0.0.1@"), false }, { S("@53"), false },       { S("127.0.0.1@70000"), false },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        bad += row(dns_server_parse(rows[i].text, NULL) == rows[i].good, "%s", SHOWN(rows[i].text));
    assert_int_equal(bad, 0);
}

static void edit_distance__pairs__counted(void **state)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } rows[] = {
        { "", "", 0 },           { "level", "level", 0 },
        { "Level", "level", 0 }, { "levle", "level", 1 },
        { "leve", "level", 1 },  { "levels", "level", 1 },
        { "lebel", "level", 1 }, { "kitten", "sitting", 3 },
        { "", "mx", 2 },         { "organisation", "organization", 1 },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        bad += row(edit_distance(rows[i].a, rows[i].b) == rows[i].distance &&
                       edit_distance(rows[i].b, rows[i].a) == rows[i].distance,
                   "%s, %s: %zu", rows[i].a, rows[i].b, edit_distance(rows[i].a, rows[i].b));
    assert_int_equal(bad, 0);
}

static void suggestion__nearest_word__offered(void **state)
{
    static const char *const words[] = { "mode", "contact", "mx", "domains", "domains_file" };
    static const struct {
        const char *given, *text;
    } rows[] = {
        { "moed", ", did you mean 'mode'?" },
        { "Mode", ", did you mean 'mode'?" },
        { "mz", ", did you mean 'mx'?" },
        { "domain", ", did you mean 'domains'?" },
        { "domainfile", ", did you mean 'domains_file'?" },
        { "xyzzy", "" },
        { "", "" },
        { A20 A20 A20 A20, "" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct suggestion suggestion;
        char text[SUGGESTION_SIZE];

        suggestion_start(&suggestion, rows[i].given);
        for (size_t n = 0; n < ROWS(words); n++)
            suggestion_offer(&suggestion, words[n]);
        suggestion_format(&suggestion, text);
        bad += row(strcmp(text, rows[i].text) == 0, "%s: %s", rows[i].given, text);
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(duration_parse__number_and_unit__seconds),
        cmocka_unit_test(duration_format__seconds__largest_whole_unit),
        cmocka_unit_test(octal_mode_parse__three_octal_digits__mode),
        cmocka_unit_test(socket_parse__libmilters_forms__canonical),
        cmocka_unit_test(socket_parse__unix_only__refuses_the_network),
        cmocka_unit_test(dns_server_parse__address_and_port__told),
        cmocka_unit_test(edit_distance__pairs__counted),
        cmocka_unit_test(suggestion__nearest_word__offered),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
