/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/table: tables that fit the page. */
#include "tests/unit/page_case.h"

#include <string.h>

static void table__no_memory__said_in_the_page_and_at_the_end(void **state)
{
    struct page_case page_case;

    (void)state;
    page_case_open(&page_case, 80, false);
    table_cell(NULL, PAINT_NONE, "a");
    table_print(NULL, &page_case.page, 0);
    table_free(NULL);
    assert_string_equal(page_case_text(&page_case), "(out of memory)\n");
    assert_false(page_finish(&page_case.page));
    page_case_close(&page_case);
}

#define COLUMNS_MOST 4

struct table_case {
    size_t width, indent, count;
    struct column columns[COLUMNS_MOST];
    const char *cells[4 * COLUMNS_MOST]; /* NULL ends them */
    const char *wanted;
};

static unsigned check_tables(const struct table_case *rows, size_t count)
{
    unsigned bad = 0;

    for (size_t i = 0; i < count; i++) {
        struct table *table = table_new(rows[i].columns, rows[i].count);
        struct page_case page_case;

        assert_non_null(table);
        for (size_t n = 0; n < ROWS(rows[i].cells) && rows[i].cells[n] != NULL; n++)
            table_cell(table, PAINT_NONE, "%s", rows[i].cells[n]);
        page_case_open(&page_case, rows[i].width, false);
        table_print(table, &page_case.page, rows[i].indent);
        assert_true(page_finish(&page_case.page));
        bad += row(page_case_is(&page_case, rows[i].wanted), "row %zu", i);
    }
    return bad;
}

static void table_print__enough_room__as_wide_as_its_cells(void **state)
{
    static const struct table_case rows[] = {
        { 40,
          0,
          2,
          { { "NAME", 0, 0 }, { "LEVEL", 0, 0 } },
          { "contoso-in", "secure", "x", "may" },
          "NAME        LEVEL\ncontoso-in  secure\nx           may\n" },
        /* indented; without headings; a row that is not complete */
        { 40,
          3,
          2,
          { { NULL, 0, 0 }, { NULL, 0, 0 } },
          { "a", "b", "ccc" },
          "   a    b\n   ccc\n" },
        /* one heading is missing */
        { 40, 0, 2, { { NULL, 0, 0 }, { "B", 0, 0 } }, { "a", "b" }, "   B\na  b\n" },
        { 40, 0, 2, { { "A", 0, 0 }, { NULL, 0, 0 } }, { "a", "b" }, "A\na  b\n" },
        /* no rows: nothing at all */
        { 40, 2, 2, { { "A", 0, 0 }, { "B", 0, 0 } }, { NULL }, "" },
        /* numbers */
        { 40,
          0,
          3,
          { { "WHO", 0, 0 }, { "MAILS", 0, 1 }, { "N", 0, 1 } },
          { "a", "1", "100", "bb", "1234567", "2" },
          "WHO    MAILS    N\na          1  100\nbb   1234567    2\n" },
        /* empty cells leave no blanks behind */
        { 40,
          0,
          3,
          { { "A", 0, 0 }, { "B", 0, 1 }, { "C", 1, 0 } },
          { "aa", "", "", "", "1", "", "", "", "c", "", "", "" },
          "A   B  C\naa\n    1\n       c\n\n" },
        /* blanks behind a text are dropped, columns are code points */
        { 40,
          0,
          2,
          { { "A", 0, 0 }, { "B", 0, 0 } },
          { "\xc3\xb6\xc3\xb6", "b  ", "abc", "d" },
          "A    B\n\xc3\xb6\xc3\xb6   b\nabc  d\n" },
    };

    (void)state;
    assert_int_equal(check_tables(rows, ROWS(rows)), 0);
}

static void table_print__too_wide__wrapping_columns_give_way(void **state)
{
    static const struct table_case rows[] = {
        { 20,
          0,
          2,
          { { "NAME", 0, 0 }, { "TEXT", 1, 0 } },
          { "contoso-in", "one two three", "x", "four" },
          "NAME        TEXT\ncontoso-in  one two\n            three\nx           four\n" },
        /* the first column wraps, the second goes on beside it */
        { 20,
          0,
          2,
          { { NULL, 1, 0 }, { NULL, 0, 0 } },
          { "one two three four five", "0123456789", "x", "y" },
          "one two   0123456789\nthree\nfour\nfive\nx         y\n" },
        /* the widest gives way first; then they share */
        { 30,
          0,
          2,
          { { NULL, 1, 0 }, { NULL, 1, 0 } },
          { "aa bb cc dd", "aaaa bbbb cccc dddd eeee ffff gggg" },
          "aa bb cc dd  aaaa bbbb cccc\n             dddd eeee ffff\n             gggg\n" },
        { 22,
          0,
          2,
          { { NULL, 1, 0 }, { NULL, 1, 0 } },
          { "aa bb cc dd ee ff gg", "aaa bbb ccc ddd eee fff" },
          "aa bb cc    aaa bbb\ndd ee ff    ccc ddd\ngg          eee fff\n" },
        /* a long word breaks anywhere */
        { 24,
          0,
          2,
          { { NULL, 0, 0 }, { NULL, 1, 0 } },
          { "0123456789", "mail.protection.outlook.com" },
          "0123456789  mail.protect\n            ion.outlook.\n            com\n" },
        { 24,
          0,
          2,
          { { NULL, 0, 0 }, { NULL, 1, 0 } },
          { "0123456789", "to mail.protection.outlook.com" },
          "0123456789  to\n            mail.protect\n            ion.outlook.\n            com\n" },
        { 20,
          0,
          2,
          { { NULL, 0, 0 }, { NULL, 1, 0 } },
          { "0123456789",
            "\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6" },
          "0123456789  \xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\n"
          "            \xc3\xb6\n" },
        /* a word of up to a half of the page is kept whole as long as others have room to give */
        { 40,
          0,
          2,
          { { NULL, 1, 0 }, { NULL, 1, 0 } },
          { "mx.fabrikam.de mx.contoso.com", "a b c d e f g h i j k l m n o p q r s t u v w x" },
          "mx.fabrikam.de       a b c d e f g h i j\nmx.contoso.com       k l m n o p q r s t\n"
          "                     u v w x\n" },
        { 46,
          0,
          3,
          { { NULL, 0, 0 }, { NULL, 1, 0 }, { NULL, 1, 0 } },
          { "01234567890123456789", "mx.contoso.com", "a b c d e f g h i j k l m n o p" },
          "01234567890123456789  mx.contoso.com  a b c d\n"
          "                                      e f g h\n"
          "                                      i j k l\n"
          "                                      m n o p\n" },
        /* a longer one is broken */
        { 40,
          0,
          2,
          { { NULL, 1, 0 }, { NULL, 1, 0 } },
          { "012345678901234567890123456789", "a b c d e f g h i j k l m n o p q r s t" },
          "0123456789012345678  a b c d e f g h i j\n90123456789          k l m n o p q r s t\n" },
        /* where words have to be broken, one column gives all that it can before another does */
        { 40,
          0,
          3,
          { { "A", 1, 0 }, { "B", 1, 0 }, { "C", 0, 0 } },
          { "mail.contoso.com", "mx.contoso.example", "0123456" },
          "A                 B              C\nmail.contoso.com  mx.contoso.ex  0123456\n"
          "                  ample\n" },
        /* a heading keeps its words whole, and wraps as cells do */
        { 26,
          0,
          2,
          { { "CERTIFICATE ENTRIES", 1, 0 }, { "B", 0, 0 } },
          { "a b c d e f g h i j k l", "01234567890" },
          "CERTIFICATE    B\nENTRIES\na b c d e f g  01234567890\nh i j k l\n" },
        { 21,
          0,
          2,
          { { "CERTIFICATE", 1, 0 }, { "TEXT", 1, 0 } },
          { "a b c d e f g", "a b c d e f g" },
          "CERTIFICATE  TEXT\na b c d e f  a b c d\ng            e f g\n" },
        /* flush right, wrapped */
        { 20,
          0,
          2,
          { { NULL, 0, 0 }, { NULL, 1, 1 } },
          { "0123456789", "12 345 6789" },
          "0123456789    12 345\n                6789\n" },
        /* in need even below eight, but what does not wrap is left as it is */
        { 16,
          0,
          2,
          { { NULL, 0, 0 }, { NULL, 1, 0 } },
          { "0123456789", "abcdefgh" },
          "0123456789  abcd\n            efgh\n" },
        { 10,
          0,
          2,
          { { NULL, 0, 0 }, { NULL, 1, 0 } },
          { "0123456789", "abc" },
          "0123456789  a\n            b\n            c\n" },
        { 10,
          20,
          1,
          { { NULL, 1, 0 } },
          { "ab c" },
          "                    a\n                    b\n                    c\n" },
    };

    (void)state;
    assert_int_equal(check_tables(rows, ROWS(rows)), 0);
}

static void table_print__far_too_wide__a_line_a_cell(void **state)
{
    static const struct table_case rows[] = {
        { 28,
          2,
          3,
          { { "name", 0, 0 }, { "level", 0, 0 }, { "next change", 1, 0 } },
          { "contoso-in", "fingerprint", "aa bb cc dd ee ff", "x", "", "-", "", "may", "-" },
          "  name         contoso-in\n  level        fingerprint\n  next change  aa bb cc dd\n"
          "               ee ff\n\n  name         x\n  next change  -\n"
          "  level        may\n  next change  -\n" },
        /* what fits is a table; one more column, and it is none */
        { 22,
          0,
          2,
          { { "A", 0, 0 }, { "B", 1, 0 } },
          { "012345678901", "a b c d e f g h" },
          "A             B\n012345678901  a b c d\n              e f g h\n" },
        { 22,
          0,
          2,
          { { "A", 0, 0 }, { "B", 1, 0 } },
          { "0123456789012", "a b c d e f g h" },
          "A  0123456789012\nB  a b c d e f g h\n" },
        /* a row that is not complete; numbers are not moved to the right; eight columns at least */
        { 10,
          0,
          2,
          { { "A", 0, 0 }, { "N", 0, 1 } },
          { "0123456789", "7", "x" },
          "A  01234567\n   89\nN  7\n\nA  x\n" },
    };

    (void)state;
    assert_int_equal(check_tables(rows, ROWS(rows)), 0);
}

static void table_print__colour__cells_stay_aligned(void **state)
{
    static const struct column columns[] = { { "A", 0, 0 }, { "B", 1, 0 }, { "C", 0, 1 } };
    struct table *table = table_new(columns, ROWS(columns));
    struct page_case page_case;

    (void)state;
    table_cell(table, PAINT_GOOD, "pass");
    table_cell(table, PAINT_WARN, "aaaa bbbb cccc");
    table_cell(table, PAINT_BAD, "7");
    table_cell(table, PAINT_BAD, "no");
    table_cell(table, PAINT_NONE, "x");
    table_cell(table, PAINT_NONE, "10");
    page_case_open(&page_case, 19, true);
    table_print(table, &page_case.page, 0);
    assert_true(page_case_is(&page_case,
                             "\033[1mA\033[0m     \033[1mB\033[0m           \033[1mC\033[0m\n"
                             "\033[32mpass\033[0m  \033[33maaaa bbbb\033[0m   \033[31m7\033[0m\n"
                             "      \033[33mcccc\033[0m\n"
                             "\033[31mno\033[0m    x          10\n"));
}

static void table_print__random_tables__fit_and_lose_nothing(void **state)
{
    unsigned seed = 1, bad = 0;

    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        struct column columns[COLUMNS_MOST] = { { NULL, 0, 0 } };
        size_t count = 1 + page_case_draw(&seed, COLUMNS_MOST), headings = 0, widest;
        size_t cells = 0, visible;
        size_t width = 40 + page_case_draw(&seed, 80), indent = page_case_draw(&seed, 8);
        struct table *table;
        struct page_case page_case;

        /* columns that do not wrap are narrow enough to leave room for the others */
        for (size_t i = 0; i < count; i++)
            columns[i] = (struct column){ page_case_draw(&seed, 2) ? "HEAD ING" : NULL,
                                          page_case_draw(&seed, 2), page_case_draw(&seed, 4) == 0 };
        for (size_t i = 0; i < count; i++)
            headings += columns[i].heading != NULL;
        table = table_new(columns, count);
        for (size_t n = 0; n < count * (1 + page_case_draw(&seed, 5)); n++) {
            bool wraps = columns[n % count].wraps;
            char text[400];

            page_case_random(&seed, text, wraps ? 100 : 9, true);
            cells += page_case_visible(text);
            table_cell(table, PAINT_NONE, "%s", text);
        }
        page_case_open(&page_case, width, false);
        table_print(table, &page_case.page, indent);
        widest = page_case_widest(page_case_text(&page_case));
        bad += row(widest <= width, "round %u: %zu columns of %zu", round, widest, width);
        visible = page_case_visible(page_case_text(&page_case));
        /* as records it has headings more than once */
        bad += row(visible == cells + 7 * headings || (headings == count && visible > cells),
                   "round %u: lost", round);
        page_case_close(&page_case);
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table__no_memory__said_in_the_page_and_at_the_end),
        cmocka_unit_test(table_print__enough_room__as_wide_as_its_cells),
        cmocka_unit_test(table_print__too_wide__wrapping_columns_give_way),
        cmocka_unit_test(table_print__far_too_wide__a_line_a_cell),
        cmocka_unit_test(table_print__colour__cells_stay_aligned),
        cmocka_unit_test(table_print__random_tables__fit_and_lose_nothing),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
