/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/page: width and colour, lines and paragraphs. */
#include "config.h"

#include "tests/unit/page_case.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "policy/cli/text.h"

static void page_init__columns_in_the_environment__only_a_sane_number_counts(void **state)
{
    static const struct {
        const char *columns;
        size_t width;
    } rows[] = {
        { NULL, 100 },
        { "", 100 },
        { "80", 80 },
        { "40", 40 },
        { "39", 100 },
        { "0", 100 },
        { "-80", 100 },
        { "80x", 100 },
        { " 80", 100 },
        { "+80", 100 },
        { "10000", 10000 },
        { "10001", 100 },
        { "99999999999999999999999", 100 },
        { "x", 100 },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        FILE *file = tmpfile();
        struct page page;

        assert_non_null(file);
        if (rows[i].columns != NULL)
            assert_int_equal(setenv("COLUMNS", rows[i].columns, 1), 0);
        else
            assert_int_equal(unsetenv("COLUMNS"), 0);
        page_init(&page, file);
        bad += row(page.width == rows[i].width, "row %zu: %zu", i, page.width);
        bad += row(!page.colour, "row %zu: colour into a file", i);
        assert_int_equal(fclose(file), 0);
    }
    assert_int_equal(unsetenv("COLUMNS"), 0);
    assert_int_equal(bad, 0);
}

/* A pseudoterminal: `*master` to close, and a stream to its other end; NULL where there are none.
 */
static FILE *open_terminal(int *master, unsigned short columns)
{
    struct winsize size = { .ws_row = 25, .ws_col = columns };
    char name[128];
    int fd;

    *master = posix_openpt(O_RDWR | O_NOCTTY);
    if (*master < 0)
        return NULL;
    assert_int_equal(grantpt(*master), 0);
    assert_int_equal(unlockpt(*master), 0);
    assert_int_equal(ptsname_r(*master, name, sizeof(name)), 0);
    fd = open(name, O_RDWR | O_NOCTTY);
    assert_true(fd >= 0);
    assert_int_equal(ioctl(fd, TIOCSWINSZ, &size), 0);
    return fdopen(fd, "w");
}

static void set(const char *name, const char *value)
{
    if (value != NULL)
        assert_int_equal(setenv(name, value, 1), 0);
    else
        assert_int_equal(unsetenv(name), 0);
}

static void page_init__terminal__its_width_and_colour_unless_declined(void **state)
{
    static const struct {
        unsigned short terminal;
        const char *columns, *term, *no_colour;
        size_t width;
        bool colour;
    } rows[] = {
        { 132, NULL, "xterm", NULL, 132, true }, { 132, "80", "xterm", NULL, 80, true },
        { 132, "none", "xterm", "", 132, true }, { 0, NULL, "xterm", NULL, 100, true },
        { 20, NULL, "xterm", NULL, 40, true },   { 132, NULL, "xterm", "1", 132, false },
        { 132, NULL, "xterm", "0", 132, false }, { 132, NULL, "dumb", NULL, 132, false },
        { 132, NULL, "", NULL, 132, false },     { 132, NULL, NULL, NULL, 132, false },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct page page;
        int master;
        FILE *file = open_terminal(&master, rows[i].terminal);

        if (file == NULL) {
            print_message("# no pseudoterminals here\n");
            return;
        }
        set("COLUMNS", rows[i].columns);
        set("TERM", rows[i].term);
        set("NO_COLOR", rows[i].no_colour);
        page_init(&page, file);
        bad += row(page.width == rows[i].width && page.colour == rows[i].colour,
                   "row %zu: %zu columns, %s", i, page.width, page.colour ? "colour" : "plain");
        assert_int_equal(fclose(file), 0);
        assert_int_equal(close(master), 0);
    }
    set("COLUMNS", NULL);
    set("TERM", NULL);
    set("NO_COLOR", NULL);
    assert_int_equal(bad, 0);
}

static void page_line__any_bytes__nothing_that_a_terminal_obeys(void **state)
{
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        { "a b  c ", "a b  c \n" },
        { "gr\xc3\xb6\xc3\x9f", "gr\xc3\xb6\xc3\x9f\n" },
        { "\xe2\x82\xac \xf0\x9f\x93\xa7", "\xe2\x82\xac \xf0\x9f\x93\xa7\n" },
        { "\x1b[2J", "?[2J\n" },
        { "a\nb\tc\rd\x7f", "a?b?c?d?\n" },
        { "\xc2\x9b"
          "2J",
          "?2J\n" },                     /* CSI of C1 */
        { "\xe2\x80\xaegnp", "?gnp\n" }, /* right-to-left override */
        { "a\xe2\x80\x8b"
          "b",
          "a?b\n" },                           /* zero width space */
        { "\xc0\xaf", "??\n" },                /* overlong */
        { "\xe0\x80\xaf", "???\n" },           /* overlong */
        { "\xed\xa0\x80", "???\n" },           /* a surrogate */
        { "\xf4\x90\x80\x80", "????\n" },      /* above U+10FFFF */
        { "\xf8\x88\x80\x80\x80", "?????\n" }, /* five bytes */
        { "a\xc3", "a?\n" },                   /* cut off */
        { "\xe2\x82", "??\n" },                /* cut off */
        { "\xc3(", "?(\n" },                   /* no continuation */
        { "\xbf\xff", "??\n" },
        { "\xef\xbf\xbd\xf4\x8f\xbf\xbf", "\xef\xbf\xbd\xf4\x8f\xbf\xbf\n" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct page_case page_case;

        page_case_open(&page_case, 40, false);
        page_line(&page_case.page, PAINT_BAD, "%s", rows[i].text);
        bad += row(page_case_is(&page_case, rows[i].wanted), "row %zu", i);
    }
    assert_int_equal(bad, 0);
}

static void page_line__longer_than_the_page__not_wrapped(void **state)
{
    struct page_case page_case;

    (void)state;
    page_case_open(&page_case, 40, false);
    page_line(&page_case.page, PAINT_NONE, "%080d %080d", 1, 2);
    page_empty_line(&page_case.page);
    assert_int_equal(strlen(page_case_text(&page_case)), 163);
    assert_string_equal(page_case_text(&page_case) + 160, "2\n\n");
    page_case_close(&page_case);
}

static void page_paragraph__text__wrapped_at_blanks(void **state)
{
    static const struct {
        size_t width, indent, hanging;
        const char *text, *wanted;
    } rows[] = {
        { 40, 0, 0, "short", "short\n" },
        { 40, 2, 4, "short", "  short\n" },
        { 40, 2, 4, "", "\n" },
        { 10, 0, 0, "0123456789", "0123456789\n" },
        { 10, 0, 0, "012345678 a", "012345678\na\n" },
        { 10, 0, 0, "01234567 a", "01234567 a\n" },
        { 10, 0, 0, "01234567 ab", "01234567\nab\n" },
        { 10, 0, 0, "aaa bbb ccc ddd", "aaa bbb\nccc ddd\n" },
        { 12, 2, 0, "aaa bbb ccc ddd", "  aaa bbb\n  ccc ddd\n" },
        { 12, 2, 2, "aaa bbb ccc ddd", "  aaa bbb\n    ccc ddd\n" },
        /* blanks: kept inside, dropped at breaks and at the end */
        { 10, 0, 0, "a  b", "a  b\n" },
        { 10, 0, 0, "aaaaaaaa      b  ", "aaaaaaaa\nb\n" },
        { 10, 0, 0, "  aaa bbbbb", "  aaa\nbbbbb\n" },
        { 10, 0, 0, "aaa        ", "aaa\n" },
        /* a word that is too long stays whole, on a line of its own */
        { 10, 0, 0, "see /etc/forcetls/forcetls.conf now",
          "see\n/etc/forcetls/forcetls.conf\nnow\n" },
        { 10, 0, 0, "/etc/forcetls/forcetls.conf", "/etc/forcetls/forcetls.conf\n" },
        /* columns, not bytes */
        { 8, 0, 0, "\xc3\xb6\xc3\xb6\xc3\xb6 \xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6 \xc3\xb6",
          "\xc3\xb6\xc3\xb6\xc3\xb6 \xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\n\xc3\xb6\n" },
        /* an indentation that leaves no room */
        { 10, 12, 0, "aaa bbb ccc", "            aaa bbb\n            ccc\n" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct page_case page_case;

        page_case_open(&page_case, rows[i].width, false);
        page_paragraph(&page_case.page, rows[i].indent, rows[i].hanging, PAINT_NONE, "%s",
                       rows[i].text);
        bad += row(page_case_is(&page_case, rows[i].wanted), "row %zu", i);
    }
    assert_int_equal(bad, 0);
}

static void paint__colour__each_line_alone_and_no_blanks(void **state)
{
    static const char *const painted[PAINTS] = {
        [PAINT_NONE] = "aaa bbb\n  ccc\n",
        [PAINT_BOLD] = "\033[1maaa bbb\033[0m\n  \033[1mccc\033[0m\n",
        [PAINT_DIM] = "\033[2maaa bbb\033[0m\n  \033[2mccc\033[0m\n",
        [PAINT_GOOD] = "\033[32maaa bbb\033[0m\n  \033[32mccc\033[0m\n",
        [PAINT_WARN] = "\033[33maaa bbb\033[0m\n  \033[33mccc\033[0m\n",
        [PAINT_BAD] = "\033[31maaa bbb\033[0m\n  \033[31mccc\033[0m\n",
    };
    unsigned bad = 0;

    (void)state;
    for (int paint = 0; paint < PAINTS; paint++) {
        struct page_case page_case;

        page_case_open(&page_case, 8, true);
        page_paragraph(&page_case.page, 0, 2, (enum paint)paint, "aaa bbb ccc");
        bad += row(page_case_is(&page_case, painted[paint]), "paint %d", paint);
        page_case_open(&page_case, 8, false);
        page_paragraph(&page_case.page, 0, 2, (enum paint)paint, "aaa bbb ccc");
        bad += row(page_case_is(&page_case, painted[PAINT_NONE]), "paint %d, plain", paint);
    }
    assert_int_equal(bad, 0);
}

static void page_remark__colour__only_the_word(void **state)
{
    static const struct {
        size_t width;
        const char *where, *wanted;
    } rows[] = {
        { 80, "main.cf", "main.cf: \033[33mwarning\033[0m: a warning of warnings\n" },
        { 26, "main.cf", "main.cf: \033[33mwarning\033[0m: a\n  warning of warnings\n" },
        /* the word on a line that is not the first */
        { 19, "master.cf smtp/inet",
          "master.cf\n  smtp/inet:\n  \033[33mwarning\033[0m: a\n  warning of\n  warnings\n" },
        { 80, "a\nb\xc2\x9b", "a?b?: \033[33mwarning\033[0m: a warning of warnings\n" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct page_case page_case;

        page_case_open(&page_case, rows[i].width, true);
        page_remark(&page_case.page, rows[i].where, PAINT_WARN, "warning", "a %s of %s", "warning",
                    "warnings");
        bad += row(page_case_is(&page_case, rows[i].wanted), "row %zu", i);
    }
    assert_int_equal(bad, 0);
}

static void page_finish__full_disk__false(void **state)
{
    struct page page;
    FILE *file = fopen("/dev/full", "w");

    (void)state;
    if (file == NULL) {
        print_message("# no /dev/full here\n");
        return;
    }
    page_init(&page, file);
    assert_true(page_finish(&page));
    page_line(&page, PAINT_NONE, "something");
    assert_false(page_finish(&page));
    (void)fclose(file);
}

static void page_finish__full_disk_noticed_early__still_false(void **state)
{
    struct page page;
    FILE *file = fopen("/dev/full", "w");

    (void)state;
    if (file == NULL) {
        print_message("# no /dev/full here\n");
        return;
    }
    page_init(&page, file);
    page_line(&page, PAINT_NONE, "%0100000d", 1);
    (void)fflush(file);
    assert_false(page_finish(&page));
    (void)fclose(file);
}

static void page_finish__all_is_written__true(void **state)
{
    struct page_case page_case;

    (void)state;
    page_case_open(&page_case, 80, false);
    page_line(&page_case.page, PAINT_NONE, "something");
    assert_true(page_finish(&page_case.page));
    page_case_close(&page_case);
}

static void page_paragraph__page_case_randoms__fit_and_lose_nothing(void **state)
{
    unsigned seed = 7, bad = 0;

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        size_t width = 40 + page_case_draw(&seed, 80), longest, widest;
        struct page_case page_case;
        char text[3000];

        page_case_random(&seed, text, 900, true);
        longest = text_longest_word(span_of(text));
        page_case_open(&page_case, width, false);
        page_paragraph(&page_case.page, 2, 4, PAINT_NONE, "%s", text);
        widest = page_case_widest(page_case_text(&page_case));
        bad += row(widest <= width || widest <= longest + 6, "round %u: %zu columns of %zu", round,
                   widest, width);
        bad += row(page_case_visible(page_case_text(&page_case)) == page_case_visible(text),
                   "round %u: lost", round);
        page_case_close(&page_case);
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_init__columns_in_the_environment__only_a_sane_number_counts),
        cmocka_unit_test(page_init__terminal__its_width_and_colour_unless_declined),
        cmocka_unit_test(page_line__any_bytes__nothing_that_a_terminal_obeys),
        cmocka_unit_test(page_line__longer_than_the_page__not_wrapped),
        cmocka_unit_test(page_paragraph__text__wrapped_at_blanks),
        cmocka_unit_test(page_paragraph__page_case_randoms__fit_and_lose_nothing),
        cmocka_unit_test(paint__colour__each_line_alone_and_no_blanks),
        cmocka_unit_test(page_remark__colour__only_the_word),
        cmocka_unit_test(page_finish__full_disk__false),
        cmocka_unit_test(page_finish__full_disk_noticed_early__still_false),
        cmocka_unit_test(page_finish__all_is_written__true),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
