/* SPDX-License-Identifier: ISC */
/* Moments as the administrator writes them. */
#include "tests/unit/build.h"

#include <string.h>

#include "policy/cli/explain/moment.h"

#define DAY INT64_C(86400)

static const struct moment_case {
    const char *text;
    bool good;
    int64_t seconds;
    const char *written; /* NULL: as it was given */
} cases[] = {
    { "1970-01-01", true, 0, "1970-01-01T00:00:00Z" },
    { "2026-01-01", true, NOW, "2026-01-01T00:00:00Z" },
    { "2026-01-01T00:00", true, NOW, "2026-01-01T00:00:00Z" },
    { "2026-01-01T23:59", true, NOW + DAY - 60, "2026-01-01T23:59:00Z" },
    { "2026-01-01T23:59:59", true, NOW + DAY - 1, "2026-01-01T23:59:59Z" },
    { "2026-01-01T12:30:15Z", true, NOW + 45015, NULL },
    { "2026-01-01T12:30Z", true, NOW + 45000, "2026-01-01T12:30:00Z" },
    { "2024-02-29T01:00", true, INT64_C(1709168400), "2024-02-29T01:00:00Z" },
    { "", false, 0, NULL },
    { "2026", false, 0, NULL },
    { "2025-02-29", false, 0, NULL },
    { "2026-01-01T", false, 0, NULL },
    { "2026-01-01Z", false, 0, NULL },
    { "2026-01-01 12:30", false, 0, NULL },
    { "2026-01-01T1:30", false, 0, NULL },
    { "2026-01-01T24:00", false, 0, NULL },
    { "2026-01-01T12:60", false, 0, NULL },
    { "2026-01-01T12:30:60", false, 0, NULL },
    { "2026-01-01T12:30:", false, 0, NULL },
    { "2026-01-01T12:30:15+01:00", false, 0, NULL },
    { "2026-01-01T12:30:15ZZ", false, 0, NULL },
    { "now", false, 0, NULL },
};

static void moment__as_written__is_read_in_utc(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++) {
        char written[MOMENT_TEXT_SIZE] = "";
        int64_t seconds = -1;
        bool good = moment_parse(&seconds, span_of(cases[i].text));
        const char *wanted = cases[i].written != NULL ? cases[i].written : cases[i].text;

        failed += row(good == cases[i].good, "'%s': %d", cases[i].text, good);
        if (!good || !cases[i].good)
            continue;
        moment_format(seconds, written);
        failed += row(seconds == cases[i].seconds, "'%s': %lld", cases[i].text, (long long)seconds);
        failed += row(strcmp(written, wanted) == 0, "'%s' written '%s'", cases[i].text, written);
    }
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moment__as_written__is_read_in_utc),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
