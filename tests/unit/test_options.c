/* SPDX-License-Identifier: ISC */
/* A command line as a table: what is read, what is refused, and the usage text. */
#include "policy/cli/options.h"

#include <stdlib.h>
#include <string.h>

#include "build.h"

struct target {
    bool flag;
    const char *text;
    struct option_maybe maybe;
    struct option_texts texts;
};

static const struct option_row rows[] = {
    { 'f', "flag", OPTION_FLAG, offsetof(struct target, flag), NULL, "a flag" },
    { 't', "text", OPTION_TEXT, offsetof(struct target, text), "TEXT", "a text" },
    { 0, "maybe", OPTION_MAYBE, offsetof(struct target, maybe), "DIR", "perhaps a folder" },
    { 'm', "macro", OPTION_TEXTS, offsetof(struct target, texts), "NAME=VALUE", "more than one" },
};

/* The words of a line as main() gets them; the first is the program. */
static bool read_line(const char *line, struct target *target, int *first, struct why *why)
{
    static char words[16][64];
    static char *argv[17];
    int argc = 0;

    memset(target, 0, sizeof(*target));
    for (const char *at = line; *at != '\0' && argc < 16; argc++) {
        size_t length = strcspn(at, " ");

        assert_true(length < sizeof(words[0]));
        memcpy(words[argc], at, length);
        words[argc][length] = '\0';
        argv[argc] = words[argc];
        at += length + (at[length] == ' ');
    }
    argv[argc] = NULL;
    return options_read(rows, ROWS(rows), target, argc, argv, first, why);
}

static void options_read__each_kind__is_stored(void **state)
{
    struct target target;
    struct why why;

    (void)state;
    assert_true(read_line("p -f -t x --maybe --macro a=1 -m b=2", &target, NULL, &why));
    assert_true(target.flag);
    assert_string_equal(target.text, "x");
    assert_true(target.maybe.given);
    assert_null(target.maybe.text);
    assert_int_equal(target.texts.count, 2);
    assert_string_equal(target.texts.texts[0], "a=1");
    assert_string_equal(target.texts.texts[1], "b=2");
    option_texts_release(&target.texts);
    assert_true(read_line("p", &target, NULL, &why));
    assert_false(target.flag || target.maybe.given || target.text != NULL);
}

static void options_read__an_argument_that_may_be_missing__is_taken_where_it_is_there(void **state)
{
    struct target target;
    struct why why;

    (void)state;
    assert_true(read_line("p --maybe /etc/postfix -f", &target, NULL, &why));
    assert_string_equal(target.maybe.text, "/etc/postfix");
    assert_true(target.flag);
    assert_true(read_line("p --maybe=/etc/postfix", &target, NULL, &why));
    assert_string_equal(target.maybe.text, "/etc/postfix");
    assert_true(read_line("p --maybe -f", &target, NULL, &why));
    assert_null(target.maybe.text);
    assert_true(target.flag);
}

static void options_read__an_argument_that_looks_like_an_option__is_the_argument(void **state)
{
    struct target target;
    struct why why;

    (void)state;
    assert_true(read_line("p -t -2h", &target, NULL, &why));
    assert_string_equal(target.text, "-2h");
}

static void options_read__what_is_no_option__is_refused_or_left(void **state)
{
    struct target target;
    struct why why;
    int first;

    (void)state;
    assert_false(read_line("p -f extra", &target, NULL, &why));
    assert_string_equal(why.text, "unknown argument 'extra'");
    assert_true(read_line("p a -f b", &target, &first, &why));
    assert_int_equal(first, 2); /* sorted behind the options */
    assert_true(target.flag);
    assert_true(read_line("p -- -f", &target, &first, &why));
    assert_int_equal(first, 2);
    assert_false(target.flag);
}

static void options_read__mistakes__are_named(void **state)
{
    static const struct {
        const char *line, *why;
    } cases[] = {
        { "p -x", "unknown option '-x'" },
        { "p -fx", "unknown option '-x'" },
        { "p --nonsense", "unknown option '--nonsense'" },
        { "p --nonsense=3", "unknown option '--nonsense=3'" },
        { "p -t", "option '-t' needs an argument" },
        { "p --text", "option '--text' needs an argument" },
        { "p --flag=yes", "option '--flag' takes no argument" },
        { "p --ma", "unknown option '--ma'" }, /* --maybe or --macro? */
    };
    struct target target;
    struct why why;
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++) {
        bool taken = read_line(cases[i].line, &target, NULL, &why);

        failed += row(!taken && strcmp(why.text, cases[i].why) == 0, "%s: %s", cases[i].line,
                      taken ? "taken" : why.text);
    }
    assert_int_equal(failed, 0);
}

static void options_print__the_table__is_the_usage_text(void **state)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    (void)state;
    assert_non_null(file);
    options_print_short(file, rows, ROWS(rows), 70, 10);
    (void)fputc('\n', file);
    options_print_help(file, rows, ROWS(rows));
    assert_int_equal(fclose(file), 0);
    assert_string_equal(text, " [-f]\n"
                              "          [-t TEXT] [--maybe [DIR]] [-m NAME=VALUE ...]\n"
                              "  -f, --flag               a flag\n"
                              "  -t, --text TEXT          a text\n"
                              "      --maybe [DIR]        perhaps a folder\n"
                              "  -m, --macro NAME=VALUE   more than one\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_read__each_kind__is_stored),
        cmocka_unit_test(options_read__an_argument_that_may_be_missing__is_taken_where_it_is_there),
        cmocka_unit_test(options_read__an_argument_that_looks_like_an_option__is_the_argument),
        cmocka_unit_test(options_read__what_is_no_option__is_refused_or_left),
        cmocka_unit_test(options_read__mistakes__are_named),
        cmocka_unit_test(options_print__the_table__is_the_usage_text),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
