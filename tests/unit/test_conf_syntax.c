/* SPDX-License-Identifier: ISC */
/* Tests of policy/conf: what is not libconfig's language, and files that cannot be read. */
#include "tests/unit/conf_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void syntax__slips_of_the_pen__told_with_line_and_hint(void **state)
{
    static const struct conf_case rows[] = {
        { "mode = enforce;\n",
          "t.conf:1: error: syntax error: strings, dates and durations must be in "
          "double quotes ('mode = enforce;')\n" },
        { "mode = 'enforce';\n",
          "t.conf:1: error: syntax error: strings go in double quotes, not in single ones "
          "('mode = 'enforce';')\n" },
        { "probe: {\n  interval = 6h;\n};\n",
          "t.conf:2: error: syntax error: strings, dates and durations must be in "
          "double quotes ('interval = 6h;')\n" },
        { "x = ( { until = 2018-08-01; } );\n",
          "t.conf:1: error: syntax error: strings, dates and durations must be in "
          "double quotes ('x = ( { until = 2018-08-01; } );')\n" },
        { "x = [ 192.0.2.1 ];\n",
          "t.conf:1: error: syntax error: strings, dates and durations must be in "
          "double quotes ('x = [ 192.0.2.1 ];')\n" },
        { "x = [ \"a\", ];\n", "t.conf:1: error: syntax error: a comma before the closing bracket "
                               "('x = [ \"a\", ];')\n" },
        { "x = (\n  { a = 1; }\n  { a = 2; }\n);\n",
          "t.conf:3: error: syntax error: a comma is missing before '{' ('{ a = 2; }')\n" },
        { "x = ( 1 2 );\n", "t.conf:1: error: syntax error: a comma is missing between two values "
                            "('x = ( 1 2 );')\n" },
        { "x = (\n  name = \"x\";\n);\n",
          "t.conf:2: error: syntax error: a key in a list, '{' is missing behind the '(' of "
          "line 1 ('name = \"x\";')\n" },
        { "x = (\n  { name = \"x\";\n);\n",
          "t.conf:3: error: syntax error: the '{' of line 2 is not closed with '}' (');')\n" },
        { "x = (\n  { domains = [ \"a\"\n    level = \"may\"; } );\n",
          "t.conf:3: error: syntax error: the '[' of line 2 is not closed with ']' "
          "('level = \"may\"; } );')\n" },
        { "x = ( {\n", "t.conf:1: error: syntax error: the '{' of line 1 is not closed with '}' "
                       "('x = ( {')\n" },
        { "mode = \"enforce\";\n}\n",
          "t.conf:2: error: syntax error: a closing bracket without an opening one ('}')\n" },
        { "mode \"enforce\";\n",
          "t.conf:1: error: syntax error: '=' is missing behind the key ('mode \"enforce\";')\n" },
        { "mode\n", "t.conf:1: error: syntax error: '=' is missing behind the key ('mode')\n" },
        { "mode = ;\n", "t.conf:1: error: syntax error: a value is missing ('mode = ;')\n" },
        { "mode =\n", "t.conf:1: error: syntax error: a value is missing ('mode =')\n" },
        { "mode = \"enforce\";;\n",
          "t.conf:1: error: syntax error: one ';' too many ('mode = \"enforce\";;')\n" },
        { "\"enforce\"\n",
          "t.conf:1: error: syntax error: a value without a key and '=' ('\"enforce\"')\n" },
        { "$mode = 1;\n", "t.conf:1: error: syntax error: a key is wanted here ('$mode = 1;')\n" },
        { "x = [ { a = 1; } ];\n",
          "t.conf:1: error: syntax error: '[ ]' holds texts, a list of groups stands in '( )' "
          "('x = [ { a = 1; } ];')\n" },
        { "x = [ \"a\", 1 ];\n",
          "t.conf:1: error: syntax error: '[ ]' holds values of one kind, strings in double quotes "
          "or numbers ('x = [ \"a\", 1 ];')\n" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void syntax__what_libconfig_takes_otherwise_than_meant__error(void **state)
{
    static const struct conf_case rows[] = {
        { "contact = \"a@example.org;\nmode = \"monitor\";\n",
          "t.conf:1: error: a string's closing double quote is missing ('\"a@example.org;')\n" },
        { "/* to be done\nmode = \"monitor\";\n",
          "t.conf:1: error: a comment is opened with /* and never closed ('/* to be done')\n" },
        /* libconfig makes one domain of the two, and another number of the large one. */
        { "x = [ \"contoso.com\"\n      \"fabrikam.com\" ];\n",
          "t.conf:2: error: a comma is missing between two texts ('\"fabrikam.com\"')\n" },
        { "x = 4294969344;\n", "t.conf:1: error: a number is too large ('4294969344')\n" },
        { "x = 0x100000000;\n", "t.conf:1: error: a number is too large ('0x100000000')\n" },
        /* 660 for one version of libconfig, 432 for another. */
        { "x = 0660; y = -01; z = [ 0, 10, 0x10 ]; r = 00.5;\n",
          "t.conf:1: error: a number must not begin with 0, octal digits go in double quotes "
          "('-01')\n"
          "t.conf:1: error: a number must not begin with 0, octal digits go in double quotes "
          "('0660')\n" },
        { "x = \"a\\x00b\";\n", "t.conf:1: error: a NUL byte in the text\n" },
        /* Several of them, all at once. */
        { "x = 4294969344;\ny = \"a;\nz = 4294969345;\n",
          "t.conf:1: error: a number is too large ('4294969344')\n"
          "t.conf:2: error: a string's closing double quote is missing ('\"a;')\n"
          "t.conf:3: error: a number is too large ('4294969345')\n" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void syntax__key_twice_in_a_group__error_with_both_lines(void **state)
{
    static const struct conf_case rows[] = {
        { "mode = \"enforce\";\ncontact = \"a\";\nmode = \"monitor\";\ncontact = \"b\";\n",
          "t.conf:3: error: this key stands in line 1 already ('mode')\n"
          "t.conf:4: error: this key stands in line 2 already ('contact')\n" },
        { "connectors = ( { name = \"a\"; }, { name = \"b\";\n name = \"c\"; } );\n",
          "t.conf:2: error: this key stands in line 1 already ('name')\n" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void syntax__nul_bytes_and_a_byte_order_mark__refused_and_skipped(void **state)
{
    char *drawn;
    bool good;

    (void)state;
    conf_write("t.conf", SPAN("mode = \"en\0force\";\n# \0\n"));
    drawn = conf_diagnostics("t.conf", &good);
    assert_string_equal(drawn, "t.conf:1: error: a NUL byte in the text\n"
                               "t.conf:2: error: a NUL byte in the text\n");
    free(drawn);
    conf_write("t.conf", SPAN("\xef\xbb\xbfmode = \"enforce\";\r\n" CONF_NONE));
    drawn = conf_diagnostics("t.conf", &good);
    assert_string_equal(drawn, "");
    assert_true(good);
    free(drawn);
}

static void syntax__comment_without_newline_at_the_end__good(void **state)
{
    static const struct conf_case rows[] = {
        { CONF_NONE "# the end", "" },
        { CONF_NONE "// the end", "" },
        { CONF_NONE "/* the end */", "" },
        { CONF_NONE "mode = \"enforce\"", "" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void syntax__deep_nesting__error_and_no_recursion(void **state)
{
    const size_t depth = 2000000;
    char *text = malloc(depth + 4), *drawn;
    bool good;

    (void)state;
    assert_non_null(text);
    memcpy(text, "x =", 3);
    memset(text + 3, '(', depth);
    conf_write("t.conf", (struct span){ text, depth + 3 });
    drawn = conf_diagnostics("t.conf", &good);
    assert_false(good);
    assert_memory_equal(drawn, "t.conf:1: error: syntax error: brackets are nested too deeply", 61);
    free(drawn);
    free(text);
}

static void source__include__places_in_its_own_file(void **state)
{
    char *drawn;
    bool good;

    (void)state;
    conf_write("probe.inc", span_of("\nprobe: { intervall = \"6h\"; };\n"));
    conf_write("t.conf",
               span_of("mod = \"x\";\n  @include \"probe.inc\" # here\nmode = \"y\";\n" CONF_NONE));
    drawn = conf_diagnostics("t.conf", &good);
    assert_string_equal(
        drawn, "t.conf:1: error: unknown key, did you mean 'mode'? ('mod')\n"
               "probe.inc:2: error: unknown key in probe, did you mean 'interval'? ('intervall')\n"
               "t.conf:3: error: mode must be enforce or monitor ('y')\n");
    free(drawn);
}

static void source__include_that_cannot_be__error_where_it_is_named(void **state)
{
    static const struct conf_case rows[] = {
        { "\n@include \"nothing.inc\"\n",
          "t.conf:2: error: cannot open the file: No such file or directory ('nothing.inc')\n" },
        { "@include \"folder\"\n", "t.conf:1: error: not a regular file ('folder')\n" },
        { "@include \"fifo\"\n", "t.conf:1: error: not a regular file ('fifo')\n" },
        { "@include nothing.inc\n",
          "t.conf:1: error: @include wants the name of a file in double quotes ('@include ')\n" },
        { "@include \"\"\n", "t.conf:1: error: @include wants the name of a file in double quotes "
                             "('@include \"\"')\n" },
        { "@include \"t.conf\"\n",
          "t.conf:1: error: includes are nested too deeply (does a file include itself?) "
          "('t.conf')\n" },
    };

    (void)state;
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void source__file_that_cannot_be_read__one_error(void **state)
{
    static const struct {
        const char *file, *expected;
    } rows[] = {
        { "nothing.conf",
          "nothing.conf: error: cannot open the file: No such file or directory\n" },
        { "/", "/: error: not a regular file\n" },
        { "/dev/zero", "/dev/zero: error: not a regular file\n" },
        { "", ": error: cannot open the file: No such file or directory\n" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        bool good;
        char *drawn = conf_diagnostics(rows[i].file, &good);

        bad += row(!good && strcmp(drawn, rows[i].expected) == 0, "%s: %s", rows[i].file, drawn);
        free(drawn);
    }
    assert_int_equal(bad, 0);
}

static void diagnostics__any_bytes__printable(void **state)
{
    unsigned seed = 4711, bad = 0;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        static const char parts[] = "\"\"\"{}[]()=;,#\n\n ab1.-\\\xff\xc3\xbc\x01\x7f";
        char text[200], *drawn;
        bool good;

        for (size_t i = 0; i < sizeof(text); i++) {
            seed = seed * 1103515245 + 12345;
            text[i] = parts[(seed >> 16) % (sizeof(parts) - 1)];
        }
        conf_write("t.conf", (struct span){ text, sizeof(text) });
        drawn = conf_diagnostics("t.conf", &good);
        for (char *c = drawn; *c != '\0'; c++) {
            if (*c == '\n')
                *c = ' ';
        }
        bad += row(printable(drawn), "round %d", round);
        free(drawn);
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(syntax__slips_of_the_pen__told_with_line_and_hint),
        cmocka_unit_test(syntax__what_libconfig_takes_otherwise_than_meant__error),
        cmocka_unit_test(syntax__key_twice_in_a_group__error_with_both_lines),
        cmocka_unit_test(syntax__nul_bytes_and_a_byte_order_mark__refused_and_skipped),
        cmocka_unit_test(syntax__comment_without_newline_at_the_end__good),
        cmocka_unit_test(syntax__deep_nesting__error_and_no_recursion),
        cmocka_unit_test(source__include__places_in_its_own_file),
        cmocka_unit_test(source__include_that_cannot_be__error_where_it_is_named),
        cmocka_unit_test(source__file_that_cannot_be_read__one_error),
        cmocka_unit_test(diagnostics__any_bytes__printable),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, conf_folder_make, conf_folder_remove);
}
