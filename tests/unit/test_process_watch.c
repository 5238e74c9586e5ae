/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/process: a program that is watched, line by line. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cli/process.h"

#define ENOUGH 30

/* Every line, with "|" behind it. */
struct seen {
    char text[4000];
    size_t lines, bytes, longest;
    unsigned ticks;
};

static void on_line(void *data, const char *line, size_t length)
{
    struct seen *seen = data;
    size_t used = strlen(seen->text);

    seen->lines++;
    seen->bytes += length;
    seen->longest = length > seen->longest ? length : seen->longest;
    if (used + length + 2 < sizeof(seen->text))
        (void)snprintf(seen->text + used, sizeof(seen->text) - used, "%.*s|", (int)length, line);
}

static void on_tick(void *data)
{
    ((struct seen *)data)->ticks++;
}

static bool watch(const char *script, const char *input, unsigned seconds, struct seen *seen,
                  int *status, struct why *why)
{
    char shell[] = "/bin/sh", option[] = "-c", *copy = strdup(script);
    char *argv[] = { shell, option, copy, NULL };
    const struct process_watch watch = { on_line, on_tick, seen };
    bool good;

    memset(seen, 0, sizeof(*seen));
    assert_non_null(copy);
    good = process_watch(argv, input, seconds, &watch, status, why);
    free(copy);
    return good;
}

static void process_watch__programs__their_lines_and_status(void **state)
{
    static const struct {
        const char *script, *input, *wanted;
        int status;
    } rows[] = {
        { "true", NULL, "", 0 },
        { "exit 3", NULL, "", 3 },
        { "kill -9 $$", NULL, "", 137 },
        { "echo a; echo b", NULL, "a|b|", 0 },
        { "printf 'a\\n\\nb\\n'", NULL, "a||b|", 0 },
        { "printf 'a\\nb'", NULL, "a|b|", 0 },
        { "printf a; sleep 0.05; printf 'b\\nc'; sleep 0.05; printf 'd\\n'", NULL, "ab|cd|", 0 },
        { "cat", "one\ntwo\n", "one|two|", 0 },
        { "while read x; do echo \"<$x>\"; done", "one\ntwo\n", "<one>|<two>|", 0 },
        { "exit 0", "nobody reads this\n", "", 0 },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct seen seen;
        struct why why = { "" };
        int status = -1;
        bool good = watch(rows[i].script, rows[i].input, ENOUGH, &seen, &status, &why);

        bad += row(good && status == rows[i].status && strcmp(seen.text, rows[i].wanted) == 0,
                   "row %zu: %s, status %d, %s", i, good ? seen.text : why.text, status,
                   rows[i].wanted);
    }
    assert_int_equal(bad, 0);
}

/* What is read is given away: the program may say more than is ever kept. */
static void process_watch__much_output__all_of_it_in_little_memory(void **state)
{
    struct seen seen;
    struct why why;
    int status;

    (void)state;
    assert_true(watch("head -c 200000000 /dev/zero | tr '\\0' 'x' | fold -w 999", NULL, ENOUGH,
                      &seen, &status, &why));
    assert_int_equal(seen.bytes, 200000000);
    assert_int_equal(seen.longest, 999);
}

static void process_watch__a_line_without_end__given_up(void **state)
{
    struct seen seen;
    struct why why;
    int status;

    (void)state;
    assert_false(watch("cat /dev/zero", NULL, ENOUGH, &seen, &status, &why));
    assert_non_null(strstr(why.text, "64 MB"));
}

/* It has its time for each line, not for all. */
static void process_watch__slow__as_long_as_it_says_something(void **state)
{
    struct seen seen;
    struct why why;
    int status;

    (void)state;
    assert_true(
        watch("for i in 1 2 3 4; do sleep 0.6; echo $i; done", NULL, 1, &seen, &status, &why));
    assert_string_equal(seen.text, "1|2|3|4|");
    assert_true(seen.ticks > 0);
    assert_false(watch("echo a; exec sleep 60", NULL, 1, &seen, &status, &why));
    assert_string_equal(seen.text, "a|");
    assert_non_null(strstr(why.text, "has been silent for 1 s"));
}

static void process_watch__no_such_program__said(void **state)
{
    char name[] = "/nonexistent/program";
    char *argv[] = { name, NULL };
    struct seen seen = { .lines = 0 };
    const struct process_watch watch_it = { on_line, NULL, &seen };
    struct why why;
    int status;

    (void)state;
    assert_false(process_watch(argv, "x", ENOUGH, &watch_it, &status, &why));
    assert_non_null(strstr(why.text, "/nonexistent/program"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(process_watch__programs__their_lines_and_status),
        cmocka_unit_test(process_watch__much_output__all_of_it_in_little_memory),
        cmocka_unit_test(process_watch__a_line_without_end__given_up),
        cmocka_unit_test(process_watch__slow__as_long_as_it_says_something),
        cmocka_unit_test(process_watch__no_such_program__said),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
