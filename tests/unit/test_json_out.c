/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/json_out: foreign bytes, dates, and a document on stdout. */
#include "config.h"

#include "policy/cli/json_out.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/build.h"

static void json_foreign__bytes__utf8_stays_and_the_rest_is_spelt(void **state)
{
    static const struct {
        struct span bytes, wanted;
    } rows[] = {
        { S(""), S("") },
        { S("mail.contoso.com"), S("mail.contoso.com") },
        { S("a\"b\\c"), S("a\"b\\c") },
        { S("gr\xc3\xb6 \xe2\x82\xac \xf0\x9f\x93\xa7"),
          S("gr\xc3\xb6 \xe2\x82\xac \xf0\x9f\x93\xa7") },
        { S("a\nb\x1b"), S("a\nb\x1b") }, /* the document spells them */
        { S("a\0b"), S("a\\x00b") },
        { S("\x7f"), S("\\x7f") },
        { S("\xff"), S("\\xff") },
        { S("gr\xf6\xdf"), S("gr\\xf6\\xdf") },               /* Latin-1 */
        { S("\xc3"), S("\\xc3") },                            /* cut off */
        { S("\xe2\x82"), S("\\xe2\\x82") },                   /* cut off */
        { S("\xc0\xaf"), S("\\xc0\\xaf") },                   /* overlong */
        { S("\xed\xa0\x80"), S("\\xed\\xa0\\x80") },          /* a surrogate */
        { S("\xf4\x90\x80\x80"), S("\\xf4\\x90\\x80\\x80") }, /* above U+10FFFF */
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        json_t *json = json_foreign(rows[i].bytes);
        struct span got = { json_string_value(json), json_string_length(json) };

        bad += row(span_equal(got, rows[i].wanted), "row %zu: %s", i, SHOWN(got));
        json_decref(json);
    }
    assert_int_equal(bad, 0);
}

static void json_foreign__every_pair_of_bytes__a_string(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            char bytes[] = { (char)first, (char)second };
            json_t *json = json_foreign((struct span){ bytes, 2 });

            bad += row(json_is_string(json), "%02x %02x", first, second);
            json_decref(json);
        }
    }
    assert_int_equal(bad, 0);
}

static void json_foreign__not_known__null(void **state)
{
    json_t *json = json_foreign((struct span){ NULL, 0 });

    (void)state;
    assert_true(json_is_null(json));
    json_decref(json);
}

static void json_date__moments__the_day_or_null(void **state)
{
    json_t *json = json_date(NOW);

    (void)state;
    assert_string_equal(json_string_value(json), "2026-01-01");
    json_decref(json);
    json = json_date(NOW - 1);
    assert_string_equal(json_string_value(json), "2025-12-31");
    json_decref(json);
    json = json_date(DATE_ALWAYS);
    assert_true(json_is_null(json));
    json_decref(json);
    json = json_date(DATE_NEVER);
    assert_true(json_is_null(json));
    json_decref(json);
}

/* json_print() in a child whose stdout is this descriptor: whether it said true. */
static bool print_to(int fd, json_t *document)
{
    int status;
    pid_t pid;

    assert_int_equal(fflush(stdout), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (dup2(fd, STDOUT_FILENO) < 0)
            _exit(3);
        _exit(json_print(document) ? 0 : 1);
    }
    json_decref(document);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) <= 1);
    return WEXITSTATUS(status) == 0;
}

static void json_print__document__ascii_in_the_order_of_setting(void **state)
{
    static const char wanted[] = "{\n  \"z\": 1,\n  \"a\": [\n    \"gr\\u00F6\\u009B\\n\"\n  ],\n"
                                 "  \"m\": null\n}\n";
    FILE *file = tmpfile();
    char text[200] = "";

    (void)state;
    assert_non_null(file);
    assert_true(print_to(fileno(file), json_pack("{s:i, s:[o], s:o}", "z", 1, "a",
                                                 json_foreign(SPAN("gr\xc3\xb6\xc2\x9b\n")), "m",
                                                 json_foreign((struct span){ NULL, 0 }))));
    rewind(file);
    (void)!fread(text, 1, sizeof(text) - 1, file);
    assert_string_equal(text, wanted);
    assert_int_equal(fclose(file), 0);
}

static void json_print__full_disk__false(void **state)
{
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    json_t *large = json_array();

    (void)state;
    if (fd < 0) {
        print_message("# no /dev/full here\n");
        json_decref(large);
        return;
    }
    assert_false(print_to(fd, json_pack("{s:i}", "a", 1)));
    /* more than a stream's buffer: the failure comes while it is written */
    for (int i = 0; i < 100000; i++)
        assert_int_equal(json_array_append_new(large, json_integer(i)), 0);
    assert_false(print_to(fd, large));
    assert_int_equal(close(fd), 0);
}

static void json_print__no_document__false_and_nothing_printed(void **state)
{
    FILE *file = tmpfile();

    (void)state;
    assert_non_null(file);
    assert_false(print_to(fileno(file), NULL));
    assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
    assert_int_equal(fclose(file), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_foreign__bytes__utf8_stays_and_the_rest_is_spelt),
        cmocka_unit_test(json_foreign__every_pair_of_bytes__a_string),
        cmocka_unit_test(json_foreign__not_known__null),
        cmocka_unit_test(json_date__moments__the_day_or_null),
        cmocka_unit_test(json_print__document__ascii_in_the_order_of_setting),
        cmocka_unit_test(json_print__full_disk__false),
        cmocka_unit_test(json_print__no_document__false_and_nothing_printed),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
