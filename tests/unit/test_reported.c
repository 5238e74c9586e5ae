/* SPDX-License-Identifier: ISC */
/* Tests of policy/reported: the table of README, "What each MTA can show". */
#include "tests/unit/build.h"

#include "policy/reported.h"

static void reported_by__every_field__what_was_measured(void **state)
{
    static const struct {
        enum certificate_field field;
        enum reported postfix, sendmail;
    } rows[] = {
        { FIELD_NAME, REPORTED_IF_TRUSTED, REPORTED_ALWAYS },
        { FIELD_ISSUER, REPORTED_IF_TRUSTED, REPORTED_ALWAYS },
        { FIELD_ROOT, REPORTED_NEVER, REPORTED_NEVER },
        { FIELD_ORGANIZATION, REPORTED_NEVER, REPORTED_ALWAYS },
        { FIELD_ORGANIZATIONAL_UNIT, REPORTED_NEVER, REPORTED_ALWAYS },
        { FIELD_KEY_BITS, REPORTED_NEVER, REPORTED_NEVER },
        { FIELD_FINGERPRINT, REPORTED_TO_POLICY, REPORTED_ALWAYS },
        { FIELD_PUBLIC_KEY, REPORTED_TO_POLICY, REPORTED_NEVER },
        { FIELD_PIN_FILE, REPORTED_TO_POLICY, REPORTED_ALWAYS },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        bad += row(reported_by(MTA_POSTFIX, rows[i].field) == rows[i].postfix &&
                       reported_by(MTA_SENDMAIL, rows[i].field) == rows[i].sendmail,
                   "%s", certificate_field_word(rows[i].field));
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reported_by__every_field__what_was_measured),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
