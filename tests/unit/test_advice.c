/* SPDX-License-Identifier: ISC */
/* The advice for a reason: there is some for all that can be logged, and it is for the right MTA.
 */
#include "tests/unit/build.h"

#include <string.h>

#include "policy/cli/explain/advice.h"

/* What a line of the inbound log can have as its reason (forcetls-milter(8), REASONS). */
static const int inbound_reasons[] = {
    REASON_NO_TLS,
    REASON_PROTOCOL_TOO_OLD,
    REASON_CIPHER_TOO_WEAK,
    REASON_NO_FORWARD_SECRECY,
    REASON_CIPHER_NOT_ALLOWED,
    REASON_NO_TRUSTED_CERTIFICATE,
    REASON_NO_CERTIFICATE,
    REASON_CERTIFICATE_NOT_TRUSTED,
    REASON_CERTIFICATE_MISMATCH,
    REASON_CERTIFICATE_RETIRED,
    REASON_CLIENT_NOT_ALLOWED,
    REASON_NOT_REPORTED,
    REASON_INTERNAL_ERROR,
    REASON_NETWORK,
    REASON_AUTHENTICATED,
    ADVICE_NEAR_MISS,
};

/* Likewise of the outbound log. */
static const int outbound_reasons[] = {
    REASON_PROTOCOL_TOO_OLD,     REASON_CIPHER_TOO_WEAK,     REASON_NO_FORWARD_SECRECY,
    REASON_CIPHER_NOT_ALLOWED,   REASON_NO_CERTIFICATE,      REASON_CERTIFICATE_NOT_TRUSTED,
    REASON_CERTIFICATE_MISMATCH, REASON_CERTIFICATE_EXPIRED, REASON_CERTIFICATE_RETIRED,
    REASON_CERTIFICATE_REVOKED,  REASON_KEY_TOO_SMALL,       REASON_STARTTLS_NOT_OFFERED,
    REASON_STARTTLS_FAILED,      REASON_TLS_NOT_REQUIRED,    REASON_WRONG_NEXT_HOP,
    REASON_NOT_PROBED_YET,       REASON_DNS_FAILURE,         REASON_MX_UNREACHABLE,
    REASON_PROBER_FAILURE,       REASON_NOT_REPORTED,        REASON_INTERNAL_ERROR,
};

static const struct {
    enum direction direction;
    const int *reasons;
    size_t count;
} directions[] = {
    { DIRECTION_INBOUND, inbound_reasons, ROWS(inbound_reasons) },
    { DIRECTION_OUTBOUND, outbound_reasons, ROWS(outbound_reasons) },
};

static size_t count(const struct advice_case *wanted, enum advice_who who, const char *containing)
{
    const struct advice_step *step;
    size_t position = 0, found = 0;

    while ((step = advice_next(wanted, &position)) != NULL)
        found += step->who == who && strstr(step->text, containing) != NULL;
    return found;
}

static void reason__of_the_log__has_a_meaning_and_a_step_on_either_mta(void **state)
{
    static const enum mta mtas[] = { MTA_POSTFIX, MTA_SENDMAIL };
    unsigned failed = 0;

    (void)state;
    for (size_t d = 0; d < ROWS(directions); d++) {
        for (size_t i = 0; i < directions[d].count; i++) {
            int reason = directions[d].reasons[i];

            failed += row(advice_meaning(directions[d].direction, reason) != NULL,
                          "direction %zu, reason %d: no meaning", d, reason);
            for (size_t m = 0; m < ROWS(mtas); m++) {
                const struct advice_case wanted = { reason, NULL, mtas[m], false,
                                                    directions[d].direction };

                failed +=
                    row(count(&wanted, ADVICE_ADMINISTRATOR, "") > 0,
                        "direction %zu, reason %d: nothing to do on MTA %d", d, reason, mtas[m]);
            }
        }
    }
    assert_int_equal(failed, 0);
}

/* Every reason that there is, but for none at all, can be met in one direction or the other. */
static void reason__of_a_decision__has_a_meaning_in_some_direction(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (int reason = REASON_NONE + 1; reason < REASONS; reason++)
        failed += row(advice_meaning(DIRECTION_INBOUND, reason) != NULL ||
                          advice_meaning(DIRECTION_OUTBOUND, reason) != NULL,
                      "%s", reason_word((enum reason)reason));
    assert_int_equal(failed, 0);
}

/* Of what the partner alone can mend. */
static void reason__the_partner_can_mend__has_a_step_for_the_partner(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (int reason = REASON_NO_TLS; reason <= REASON_STARTTLS_FAILED; reason++) {
        for (size_t d = 0; d < ROWS(directions); d++) {
            const struct advice_case wanted = { reason, NULL, MTA_POSTFIX, false,
                                                directions[d].direction };

            if (advice_meaning(directions[d].direction, reason) != NULL)
                failed += row(count(&wanted, ADVICE_PARTNER, "") > 0, "%s in direction %zu",
                              reason_word((enum reason)reason), d);
        }
    }
    assert_int_equal(failed, 0);
}

static void meaning__of_a_pass_or_of_a_reason_of_the_other_direction__is_none(void **state)
{
    (void)state;
    assert_null(advice_meaning(DIRECTION_INBOUND, REASON_NONE));
    assert_null(advice_meaning(DIRECTION_INBOUND, REASON_STARTTLS_NOT_OFFERED));
    assert_null(advice_meaning(DIRECTION_INBOUND, REASON_DNS_FAILURE));
    assert_null(advice_meaning(DIRECTION_INBOUND, -1));
    assert_null(advice_meaning(DIRECTION_INBOUND, ADVICE_NEAR_MISS + 1));
    assert_null(advice_meaning(DIRECTION_OUTBOUND, REASON_NONE));
    assert_null(advice_meaning(DIRECTION_OUTBOUND, REASON_CLIENT_NOT_ALLOWED));
    assert_null(advice_meaning(DIRECTION_OUTBOUND, ADVICE_NEAR_MISS));
}

/* Every step belongs to a reason that has a meaning, and can be shown as it is. */
static void step__of_the_table__is_a_printable_sentence_of_a_known_reason(void **state)
{
    unsigned failed = 0;
    size_t steps = 0;

    (void)state;
    for (int number = 0; number < (int)DIRECTIONS * (ADVICE_NEAR_MISS + 1); number++) {
        enum direction direction = (enum direction)(number % (int)DIRECTIONS);
        int reason = number / (int)DIRECTIONS;
        const struct advice_case wanted = { reason, NULL, MTA_UNKNOWN, false, direction };
        const struct advice_step *step;
        size_t position = 0;

        while ((step = advice_next(&wanted, &position)) != NULL) {
            size_t length = strlen(step->text);

            steps++;
            failed +=
                row(advice_meaning(direction, reason) != NULL, "%d: '%s'", reason, step->text);
            failed += row(printable(step->text) && length > 0 && length < 300 &&
                              step->text[length - 1] != '.',
                          "%d: '%s'", reason, step->text);
        }
    }
    assert_int_equal(failed, 0);
    assert_true(steps > 2 * (ROWS(inbound_reasons) + ROWS(outbound_reasons)));
}

static void step__of_one_mta__is_not_told_to_the_other(void **state)
{
    const struct advice_case postfix = { REASON_NO_CERTIFICATE, NULL, MTA_POSTFIX, false,
                                         DIRECTION_INBOUND };
    const struct advice_case sendmail = { REASON_NO_CERTIFICATE, NULL, MTA_SENDMAIL, false,
                                          DIRECTION_INBOUND };
    const struct advice_case unknown = { REASON_NO_CERTIFICATE, NULL, MTA_UNKNOWN, false,
                                         DIRECTION_INBOUND };

    (void)state;
    assert_int_equal(count(&postfix, ADVICE_ADMINISTRATOR, "smtpd_tls_ask_ccert"), 1);
    assert_int_equal(count(&postfix, ADVICE_ADMINISTRATOR, "TLSSrvOptions"), 0);
    assert_int_equal(count(&sendmail, ADVICE_ADMINISTRATOR, "smtpd_tls_ask_ccert"), 0);
    assert_int_equal(count(&sendmail, ADVICE_ADMINISTRATOR, "TLSSrvOptions"), 1);
    assert_int_equal(count(&unknown, ADVICE_ADMINISTRATOR, "smtpd_tls_ask_ccert"), 1);
    assert_int_equal(count(&unknown, ADVICE_ADMINISTRATOR, "TLSSrvOptions"), 1);
}

/* What was not reported names the setting that would report it. */
static const struct where_case {
    const char *name;
    enum reason reason;
    enum mta mta;
    struct check_result result;
    const char *told, *not_told;
} wheres[] = {
    { "pins on Postfix: the policy service, not what Sendmail would need",
      REASON_NOT_REPORTED,
      MTA_POSTFIX,
      { .check = CHECK_CERTIFICATE, .field = FIELD_FINGERPRINT },
      "check_policy_service",
      "confCERT_FINGERPRINT_ALGORITHM" },
    { "pins on Sendmail: the digest",
      REASON_NOT_REPORTED,
      MTA_SENDMAIL,
      { .check = CHECK_CERTIFICATE, .field = FIELD_FINGERPRINT },
      "confCERT_FINGERPRINT_ALGORITHM",
      "check_policy_service" },
    { "a public key on Sendmail: never",
      REASON_NOT_REPORTED,
      MTA_SENDMAIL,
      { .check = CHECK_CERTIFICATE, .field = FIELD_PUBLIC_KEY },
      "never tells the public key",
      "confCERT_FINGERPRINT_ALGORITHM" },
    { "an organisation on Postfix: never",
      REASON_NOT_REPORTED,
      MTA_POSTFIX,
      { .check = CHECK_CERTIFICATE, .field = FIELD_ORGANIZATION },
      "never tells organization",
      "check_policy_service" },
    { "a name: no common name",
      REASON_NOT_REPORTED,
      MTA_POSTFIX,
      { .check = CHECK_CERTIFICATE, .field = FIELD_NAME },
      "no common name",
      "check_policy_service" },
    { "the client: a proxy",
      REASON_NOT_REPORTED,
      MTA_POSTFIX,
      { .check = CHECK_CLIENT },
      "proxy",
      "check_policy_service" },
    { "another issuer: intermediates",
      REASON_CERTIFICATE_MISMATCH,
      MTA_POSTFIX,
      { .check = CHECK_CERTIFICATE, .field = FIELD_ISSUER },
      "intermediate",
      "fingerprint=" },
    { "another pin: what was seen is in the log",
      REASON_CERTIFICATE_MISMATCH,
      MTA_POSTFIX,
      { .check = CHECK_CERTIFICATE, .field = FIELD_PIN_FILE },
      "fingerprint=",
      "intermediate" },
    { "an entry that begins later",
      REASON_CERTIFICATE_MISMATCH,
      MTA_SENDMAIL,
      { .check = CHECK_CERTIFICATE, .field = FIELD_FROM },
      "changed over early",
      "intermediate" },
};

static void step__for_a_check_or_a_field__is_told_there_alone(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(wheres); i++) {
        const struct advice_case wanted = { (int)wheres[i].reason, &wheres[i].result, wheres[i].mta,
                                            false, DIRECTION_INBOUND };

        failed += row(count(&wanted, ADVICE_ADMINISTRATOR, wheres[i].told) == 1, "%s: not told",
                      wheres[i].name);
        failed += row(count(&wanted, ADVICE_ADMINISTRATOR, wheres[i].not_told) == 0, "%s: told",
                      wheres[i].name);
    }
    assert_int_equal(failed, 0);
}

static void step__to_let_the_mail_through__is_not_told_where_it_is_let_through(void **state)
{
    struct advice_case wanted = { REASON_NO_TLS, NULL, MTA_POSTFIX, false, DIRECTION_INBOUND };

    (void)state;
    assert_int_equal(count(&wanted, ADVICE_ADMINISTRATOR, "mode = \"monitor\""), 1);
    wanted.monitored = true;
    assert_int_equal(count(&wanted, ADVICE_ADMINISTRATOR, "mode = \"monitor\""), 0);
    assert_true(count(&wanted, ADVICE_ADMINISTRATOR, "") > 0);
}

static void word__of_the_log__is_its_reason(void **state)
{
    int reason = -1;

    (void)state;
    for (int i = 0; i < REASONS; i++) {
        assert_true(advice_reason(&reason, span_of(reason_word((enum reason)i))));
        assert_int_equal(reason, i);
    }
    assert_true(advice_reason(&reason, span_of("near-miss")));
    assert_int_equal(reason, ADVICE_NEAR_MISS);
    assert_false(advice_reason(&reason, span_of("no-tl")));
    assert_false(advice_reason(&reason, span_of("")));
    assert_false(advice_reason(&reason, (struct span){ NULL, 0 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reason__of_the_log__has_a_meaning_and_a_step_on_either_mta),
        cmocka_unit_test(reason__of_a_decision__has_a_meaning_in_some_direction),
        cmocka_unit_test(reason__the_partner_can_mend__has_a_step_for_the_partner),
        cmocka_unit_test(meaning__of_a_pass_or_of_a_reason_of_the_other_direction__is_none),
        cmocka_unit_test(step__of_the_table__is_a_printable_sentence_of_a_known_reason),
        cmocka_unit_test(step__of_one_mta__is_not_told_to_the_other),
        cmocka_unit_test(step__for_a_check_or_a_field__is_told_there_alone),
        cmocka_unit_test(step__to_let_the_mail_through__is_not_told_where_it_is_let_through),
        cmocka_unit_test(word__of_the_log__is_its_reason),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
