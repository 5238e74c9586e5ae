/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/elapsed. */
#include "tests/unit/build.h"

#include <string.h>

#include "policy/cli/elapsed.h"

static void elapsed_format__any_time__two_units_at_most(void **state)
{
    static const struct {
        int64_t seconds;
        const char *wanted;
    } rows[] = {
        { INT64_MIN, "0 s" },
        { -1, "0 s" },
        { 0, "0 s" },
        { 1, "1 s" },
        { 119, "119 s" },
        { 120, "2 min" },
        { 3599, "59 min" },
        { 3600, "1 h" },
        { 3660, "1 h 1 min" },
        { 7259, "2 h" },
        { 86400, "24 h" },
        { 172799, "47 h 59 min" },
        { 172800, "2 d" },
        { 176400, "2 d 1 h" },
        { 400 * 86400, "400 d" },
        { INT64_MAX, "106751991167300 d 15 h" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[ELAPSED_TEXT_SIZE];

        elapsed_format(rows[i].seconds, text);
        bad += row(strcmp(text, rows[i].wanted) == 0, "row %zu: %s", i, text);
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elapsed_format__any_time__two_units_at_most),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
