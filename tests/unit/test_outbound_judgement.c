/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/judgement outbound: what probe and explain make of what was found at a hop.
 */
#include "tests/unit/build.h"

#include <stdlib.h>
#include <string.h>

#include "policy/cli/explain/judgement.h"

struct stage {
    struct rules *rules;
    struct connector *connector;
    struct party party;
    struct scene scene;
    struct outbound outbound;
    char sentence[REFUSAL_SIZE];
};

static struct stage *stage_open(const char *contact)
{
    struct stage *stage = calloc(1, sizeof(*stage));

    assert_non_null(stage);
    stage->rules = build_rules();
    stage->rules->settings.contact = contact != NULL ? strdup(contact) : NULL;
    stage->connector = build_outbound("contoso-out", LEVEL_ENCRYPT);
    party_init(&stage->party, 1);
    scene_init_outbound(&stage->scene, "<b@contoso.com>", "contoso.com");
    return stage;
}

static void stage_play(struct stage *stage)
{
    struct hop_source source = party_source(&stage->party);

    build_add(stage->rules, stage->connector, "contoso.com");
    build_finish(stage->rules);
    outbound_judge(&stage->outbound, stage->rules, &stage->scene.facts, &source, span_of("4XqZ"));
    outbound_sentence(&stage->outbound, stage->rules, &stage->scene.facts, stage->sentence);
}

static void stage_close(struct stage *stage)
{
    scene_release(&stage->scene);
    rules_free(stage->rules);
    free(stage);
}

static void outbound_judge__demands_met__passes_without_a_sentence(void **state)
{
    struct stage *stage = stage_open("postmaster@example.org");

    (void)state;
    stage_play(stage);
    assert_true(stage->outbound.judged);
    assert_false(stage->outbound.refused);
    assert_ptr_equal(stage->outbound.connector, stage->connector);
    assert_string_equal(stage->sentence, "");
    assert_int_equal(outbound_status(&stage->outbound), STATUS_GOOD);
    assert_int_equal(decision_status(&stage->outbound.decision), STATUS_GOOD);
    assert_non_null(strstr(stage->outbound.log, "4XqZ: outbound verdict=pass connector="));
    stage_close(stage);
}

static void outbound_judge__not_met__the_reason_alone(void **state)
{
    static const char *const contacts[] = { NULL, "postmaster@example.org" };

    (void)state;
    for (size_t i = 0; i < ROWS(contacts); i++) {
        struct stage *stage = stage_open(contacts[i]);

        party_set_state(&stage->party, 0, HOP_NO_STARTTLS, "");
        stage_play(stage);
        assert_true(stage->outbound.refused);
        assert_string_equal(stage->sentence, "mx1.contoso.com does not offer STARTTLS");
        assert_int_equal(outbound_status(&stage->outbound), STATUS_NO);
        assert_int_equal(decision_status(&stage->outbound.decision), STATUS_NO);
        assert_non_null(strstr(stage->outbound.log, "reason=starttls-not-offered"));
        stage_close(stage);
    }
}

static void outbound_judge__a_contact_of_the_connector__not_in_the_sentence(void **state)
{
    struct stage *stage = stage_open("postmaster@example.org");

    (void)state;
    stage->connector->contact = strdup("tls@example.org");
    party_set_state(&stage->party, 0, HOP_NO_STARTTLS, "");
    stage_play(stage);
    assert_non_null(strstr(stage->outbound.refusal.text, "; tls@example.org"));
    assert_string_equal(stage->sentence, "mx1.contoso.com does not offer STARTTLS");
    stage_close(stage);
}

/* The mail passes, and what is wrong is said all the same. */
static void outbound_judge__monitor_mode__fails_and_passes(void **state)
{
    struct stage *stage = stage_open(NULL);

    (void)state;
    stage->connector->mode = MODE_MONITOR;
    party_set_state(&stage->party, 0, HOP_NO_STARTTLS, "");
    stage_play(stage);
    assert_string_equal(stage->sentence, "mx1.contoso.com does not offer STARTTLS");
    assert_int_equal(outbound_status(&stage->outbound), STATUS_NO);
    assert_int_equal(decision_status(&stage->outbound.decision), STATUS_GOOD);
    stage_close(stage);
}

static void outbound_judge__unknown_and_accepted__said(void **state)
{
    struct stage *stage = stage_open(NULL);

    (void)state;
    stage->connector->unknown = UNKNOWN_ACCEPT;
    stage->rules->settings.tls_policy_socket = strdup("unix:/x");
    party_set_state(&stage->party, 0, HOP_BUSY, "421 full");
    stage_play(stage);
    assert_false(stage->outbound.refused);
    assert_non_null(strstr(stage->sentence, "gives no service now: '421 full'"));
    assert_int_equal(outbound_status(&stage->outbound), STATUS_UNKNOWN);
    assert_int_equal(decision_status(&stage->outbound.decision), STATUS_GOOD);
    stage_close(stage);
}

static void outbound_judge__no_connector__not_judged(void **state)
{
    struct stage *stage = stage_open(NULL);

    (void)state;
    scene_release(&stage->scene);
    scene_init_outbound(&stage->scene, "<b@elsewhere.example>", "elsewhere.example");
    stage_play(stage);
    assert_false(stage->outbound.judged);
    assert_null(stage->outbound.connector);
    assert_string_equal(stage->sentence, "");
    assert_string_equal(stage->outbound.log, "");
    assert_int_equal(outbound_status(&stage->outbound), STATUS_GOOD);
    stage_close(stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outbound_judge__demands_met__passes_without_a_sentence),
        cmocka_unit_test(outbound_judge__not_met__the_reason_alone),
        cmocka_unit_test(outbound_judge__a_contact_of_the_connector__not_in_the_sentence),
        cmocka_unit_test(outbound_judge__monitor_mode__fails_and_passes),
        cmocka_unit_test(outbound_judge__unknown_and_accepted__said),
        cmocka_unit_test(outbound_judge__no_connector__not_judged),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
