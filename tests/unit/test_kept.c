/* SPDX-License-Identifier: ISC */
/* Tests of milter/kept and map_watch: what is known of a recipient once it has gone, and of a map
 * that nobody asks. */
#include "tests/unit/build.h"

#include <stdlib.h>
#include <string.h>

#include "milter/kept.h"
#include "milter/map_watch.h"
#include "policy/logline.h"

/* A partner's hop in the table, as milter/hops/hops.c holds it. */
struct table {
    struct party *party;
    struct hop_record *record;
    struct hop_grip grip;
};

static void table_get(void *data, const struct next_hop *hop, struct hop_knowledge *knowledge)
{
    struct table *table = data;
    struct hop_source source = party_source(table->party);

    source.get(source.data, hop, knowledge);
    knowledge->facts = table->record->facts;
}

/* The facts of a party in one block, with texts that are literals. */
static struct hop_record *record_of(const struct party *party)
{
    struct hop_facts *facts = malloc(sizeof(*facts));

    assert_non_null(facts);
    *facts = party->facts;
    return hop_record_new("contoso.com", facts, sizeof(*facts), NOW, 1000);
}

static void kept__recipient_and_table_gone__line_as_before(void **state)
{
    struct rules *rules = build_rules();
    struct party party;
    struct table table = { .party = &party };
    struct scene *scene = calloc(1, sizeof(*scene));
    struct kept kept = { .recipients = 0 };
    char before[LOGLINE_SIZE], after[LOGLINE_SIZE];
    struct facts message, facts;
    struct decision decision;

    (void)state;
    (void)build_add(rules, build_outbound("contoso-out", LEVEL_ENCRYPT), "*.contoso.com");
    build_finish(rules);
    party_init(&party, 1);
    table.record = record_of(&party);
    table.grip.records[table.grip.count++] = hop_record_get(table.record);
    scene_init_outbound(scene, "<b@sub.contoso.com>", "sub.contoso.com");
    decide_outbound(rules, &scene->facts, &(struct hop_source){ table_get, &table }, &decision);
    assert_int_equal(decision.outcome, OUTCOME_PASS);
    assert_ptr_equal(decision.seen.host, &party.hosts[0]);
    logline_passed(&scene->facts, &decision, 1, SPAN("4Xq"), before);

    assert_true(kept_set(&kept, &decision, &scene->facts, &table.grip));
    assert_true(kept_set(&kept, &decision, &scene->facts, &table.grip)); /* in place of the first */
    message = scene->facts;
    message.recipient = message.next_hop = span_of(NULL);
    message.recipient_address = NULL;
    memset(&decision, 'x', sizeof(decision));
    address_release(&scene->recipient);
    memset(&scene->recipient, 'x', sizeof(scene->recipient));
    hop_grip_release(&table.grip);
    hop_record_put(table.record);

    kept_facts(&kept, &message, &facts);
    assert_true(span_equal(facts.recipient, SPAN("<b@sub.contoso.com>")));
    assert_true(span_equal(facts.next_hop, SPAN("sub.contoso.com")));
    assert_true(span_equal(kept.decision.match.domain, SPAN("sub.contoso.com")));
    assert_string_equal(kept.decision.match.entry, "contoso.com");
    logline_passed(&facts, &kept.decision, 1, SPAN("4Xq"), after);
    assert_string_equal(after, before);
    kept_release(&kept);
    kept_release(&kept);
    assert_int_equal(kept.decision.outcome, OUTCOME_NONE);
    address_init(&scene->recipient);
    scene_release(scene);
    free(scene);
    rules_free(rules);
}

static void kept__nothing_seen__points_to_nothing(void **state)
{
    struct rules *rules = build_rules();
    struct party party;
    struct scene scene;
    struct kept kept = { .recipients = 0 };
    struct decision decision;

    (void)state;
    (void)build_add(rules, build_outbound("contoso-out", LEVEL_ENCRYPT), "contoso.com");
    build_finish(rules);
    party_init(&party, 1);
    scene_init_outbound(&scene, "<b@contoso.com>", "contoso.com");
    /* A decision about facts that nobody holds is kept without them. */
    decide_outbound(rules, &scene.facts, &(struct hop_source){ party_source(&party).get, &party },
                    &decision);
    assert_non_null(decision.seen.host);
    assert_true(kept_set(&kept, &decision, &scene.facts, NULL));
    assert_null(kept.decision.seen.host);
    assert_null(kept.record);
    kept_release(&kept);
    scene_release(&scene);
    rules_free(rules);
}

#define MINUTE (60 * 1000)

static void map_watch__nobody_asks__told_once_after_ten_minutes(void **state)
{
    struct tls_policy_counters counters;
    struct map_watch watch;

    (void)state;
    memset(&counters, 0, sizeof(counters));
    map_watch_init(&watch, &counters);
    assert_false(map_watch_notice(&watch, 1000));
    assert_false(map_watch_notice(&watch, 1000 + 10 * MINUTE - 1));
    assert_true(map_watch_notice(&watch, 1000 + 10 * MINUTE));
    assert_false(map_watch_notice(&watch, 1000 + 20 * MINUTE));
}

static void map_watch__somebody_has_asked__never_told(void **state)
{
    struct tls_policy_counters counters;
    struct map_watch watch;

    (void)state;
    memset(&counters, 0, sizeof(counters));
    map_watch_init(&watch, &counters);
    assert_false(map_watch_notice(&watch, 1000));
    atomic_store(&counters.not_found, 1);
    assert_false(map_watch_notice(&watch, 1000 + 60 * MINUTE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept__recipient_and_table_gone__line_as_before),
        cmocka_unit_test(kept__nothing_seen__points_to_nothing),
        cmocka_unit_test(map_watch__nobody_asks__told_once_after_ten_minutes),
        cmocka_unit_test(map_watch__somebody_has_asked__never_told),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
