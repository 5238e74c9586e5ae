/* SPDX-License-Identifier: ISC */
/*
 * Tests of decide_inbound_traced(): which entries were looked at and what became of each.
 */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/decide.h"

/* "CONNECTOR PATTERN FATE[ to RECIPIENT]", a line each; for <> with what led there. */
static void write_trace(const struct trace *trace, char *text, size_t size)
{
    static const char *const ways[] = { [MATCHED_BY_SENDER] = "",
                                        [MATCHED_BY_NETWORK] = " by network",
                                        [MATCHED_BY_HELO] = " by helo",
                                        [MATCHED_BY_CLIENT_NAME] = " by client" };
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < trace->count; i++) {
        const struct candidate *candidate = &trace->candidates[i];
        const struct match *match = &candidate->match;
        char pattern[DOMAIN_MAX + 3] = "-";

        if (match->entry != NULL)
            pattern_format(match->kind, match->entry, pattern, sizeof(pattern));
        length += (size_t)snprintf(
            text + length, size - length, "%s %s%s %s%s%.*s\n", match->connector->name, pattern,
            ways[match->by], fate_word(candidate->fate), span_known(candidate->ours) ? " to " : "",
            (int)candidate->ours.length, span_known(candidate->ours) ? candidate->ours.data : "");
    }
}

struct scenario {
    const char *sender, *recipient;
    const char *wanted;
};

static unsigned check_scenarios(const struct rules *rules, const struct scenario *rows,
                                size_t count)
{
    unsigned bad = 0;

    for (size_t i = 0; i < count; i++) {
        static char text[8192];
        struct trace trace;
        struct scene scene;
        struct decision decision;

        scene_init(&scene, rows[i].sender, rows[i].recipient);
        scene_set_client(&scene, "192.0.2.25", "mail.named.example", true);
        scene_set_helo(&scene, "mail.helo.example");
        decide_inbound_traced(rules, &scene.facts, &decision, &trace);
        write_trace(&trace, text, sizeof(text));
        bad += row(strcmp(text, rows[i].wanted) == 0 && trace.left_out == 0,
                   "%s to %s:\n%swanted:\n%s", rows[i].sender, rows[i].recipient, text,
                   rows[i].wanted);
        scene_release(&scene);
    }
    return bad;
}

static void add(struct rules *rules, const char *name, enum level level, const char *local_domains,
                const char *patterns)
{
    struct connector *connector = build_connector(name, level);

    if (local_domains != NULL)
        build_local_domains(connector, local_domains);
    (void)build_add(rules, connector, patterns);
}

static void trace__one_sender__every_entry_from_the_closest_on(void **state)
{
    static const struct scenario rows[] = {
        { "<a@contoso.com>", "<b@x.example>",
          "exact contoso.com counts to x.example\n"
          "tree *.contoso.com less-specific to x.example\n"
          "com .com less-specific to x.example\n"
          "any * less-specific to x.example\n" },
        { "<a@mail.contoso.com>", "<b@x.example>",
          "exact contoso.com no-subdomains to x.example\n"
          "tree *.contoso.com counts to x.example\n"
          "com .com less-specific to x.example\n"
          "any * less-specific to x.example\n" },
        { "<a@com>", "<b@x.example>",
          "com .com only-subdomains to x.example\n"
          "any * counts to x.example\n" },
        { "<a@x.com>", "<b@x.example>",
          "com .com counts to x.example\n"
          "any * less-specific to x.example\n" },
        { "<a@evilcontoso.com>", "<b@x.example>",
          "com .com counts to x.example\n"
          "any * less-specific to x.example\n" },
        { "<a@other.test>", "<b@x.example>", "any * counts to x.example\n" },
        { "<root>", "<b@x.example>", "any * counts to x.example\n" },
        /* no domain: any of ours */
        { "<a@other.test>", "<postmaster>", "any * counts\n" },
    };
    struct rules *rules = build_rules();
    unsigned bad;

    (void)state;
    add(rules, "any", LEVEL_ENCRYPT, NULL, "*");
    add(rules, "com", LEVEL_ENCRYPT, NULL, ".com");
    add(rules, "tree", LEVEL_ENCRYPT, NULL, "*.contoso.com");
    add(rules, "exact", LEVEL_ENCRYPT, NULL, "contoso.com");
    build_finish(rules);
    bad = check_scenarios(rules, rows, ROWS(rows));
    rules_free(rules);
    assert_int_equal(bad, 0);
}

static void trace__local_domains__lost_by_them_or_to_closer_ones(void **state)
{
    static const struct scenario rows[] = {
        { "<a@contoso.com>", "<b@one.example>",
          "all contoso.com less-specific to one.example\n"
          "wide contoso.com less-specific to one.example\n"
          "two contoso.com local-domains to one.example\n"
          "one contoso.com counts to one.example\n"
          "any * less-specific to one.example\n" },
        { "<a@contoso.com>", "<b@three.example>",
          "all contoso.com less-specific to three.example\n"
          "wide contoso.com counts to three.example\n"
          "two contoso.com local-domains to three.example\n"
          "one contoso.com local-domains to three.example\n"
          "any * less-specific to three.example\n" },
        { "<a@contoso.com>", "<b@else.test>",
          "all contoso.com counts to else.test\n"
          "wide contoso.com local-domains to else.test\n"
          "two contoso.com local-domains to else.test\n"
          "one contoso.com local-domains to else.test\n"
          "any * less-specific to else.test\n" },
        /* any domain of ours: all of them are judged, and the strictest counts */
        { "<a@contoso.com>", "<postmaster>",
          "all contoso.com less-strict\n"
          "wide contoso.com less-strict\n"
          "two contoso.com counts\n"
          "one contoso.com less-strict\n"
          "any * less-specific\n" },
        { "<a@sub.contoso.com>", "<b@one.example>",
          "all contoso.com no-subdomains to one.example\n"
          "wide contoso.com no-subdomains to one.example\n"
          "two contoso.com no-subdomains to one.example\n"
          "one contoso.com no-subdomains to one.example\n"
          "any * counts to one.example\n" },
    };
    struct rules *rules = build_rules();
    unsigned bad;

    (void)state;
    add(rules, "any", LEVEL_MAY, NULL, "*");
    add(rules, "one", LEVEL_ENCRYPT, "one.example", "contoso.com");
    add(rules, "two", LEVEL_VERIFY, "*.two.example", "contoso.com");
    add(rules, "wide", LEVEL_ENCRYPT, "*.example", "contoso.com");
    add(rules, "all", LEVEL_ENCRYPT, NULL, "contoso.com");
    build_finish(rules);
    bad = check_scenarios(rules, rows, ROWS(rows));
    rules_free(rules);
    assert_int_equal(bad, 0);
}

static void trace__several_readings__each_with_its_judgement(void **state)
{
    static const struct scenario rows[] = {
        { "<x%a.example@b.example>", "<b@x.example>",
          "a a.example counts to x.example\n"
          "b b.example less-strict to x.example\n" },
        { "<x%b.example@a.example>", "<b@x.example>",
          "b b.example less-strict to x.example\n"
          "a a.example counts to x.example\n" },
        { "<x@b.example>", "<y%one.example@two.example>",
          "b b.example counts to one.example\n"
          "b b.example less-strict to two.example\n" },
        { "<x@c.example>", "<y%two.example@one.example>",
          "c c.example local-domains to two.example\n"
          "c c.example counts to one.example\n" },
        { "<x@c.example>", "<y@[192.0.2.1]@one.example>",
          "c c.example counts\n"
          "c c.example local-domains to 192.0.2.1\n"
          "c c.example less-strict to one.example\n" },
    };
    struct rules *rules = build_rules();
    unsigned bad;

    (void)state;
    add(rules, "a", LEVEL_VERIFY, NULL, "a.example");
    add(rules, "b", LEVEL_ENCRYPT, NULL, "b.example");
    add(rules, "c", LEVEL_ENCRYPT, "one.example", "c.example");
    build_finish(rules);
    bad = check_scenarios(rules, rows, ROWS(rows));
    rules_free(rules);
    assert_int_equal(bad, 0);
}

static void add_null(struct rules *rules, const char *name, enum level level, const char *networks,
                     const char *local_domains, const char *patterns)
{
    struct connector *connector = build_connector(name, level);

    build_networks(&connector->client_networks, networks);
    if (local_domains != NULL)
        build_local_domains(connector, local_domains);
    (void)build_add(rules, connector, patterns);
}

static void trace__null_sender_by_network__names_lose(void **state)
{
    static const struct scenario rows[] = {
        { "<>", "<b@x.example>",
          "far - by network counts to x.example\n"
          "near - by network less-strict to x.example\n"
          "limited - by network local-domains to x.example\n"
          "helo *.helo.example by helo less-specific to x.example\n"
          "any * by helo less-specific to x.example\n"
          "named mail.named.example by client less-specific to x.example\n"
          "any * by client less-specific to x.example\n" },
    };
    struct rules *rules = build_rules();
    unsigned bad;

    (void)state;
    /* Overlapping networks of one connector: it comes once. */
    add_null(rules, "near", LEVEL_ENCRYPT, "192.0.2.25 192.0.2.0/24", NULL, "near.example");
    add_null(rules, "far", LEVEL_VERIFY, "192.0.0.0/16", NULL, "far.example");
    add_null(rules, "limited", LEVEL_ENCRYPT, "192.0.2.0/28 192.0.2.24/29", "one.example",
             "limited.example");
    add_null(rules, "elsewhere", LEVEL_ENCRYPT, "198.51.100.0/24", NULL, "elsewhere.example");
    add(rules, "helo", LEVEL_ENCRYPT, NULL, "*.helo.example");
    add(rules, "named", LEVEL_ENCRYPT, NULL, "mail.named.example");
    add(rules, "any", LEVEL_ENCRYPT, NULL, "*");
    build_finish(rules);
    bad = check_scenarios(rules, rows, ROWS(rows));
    rules_free(rules);
    assert_int_equal(bad, 0);
}

static void trace__null_sender_by_name__helo_and_client(void **state)
{
    static const struct scenario rows[] = {
        { "<>", "<b@x.example>",
          "helo helo.example by helo no-subdomains to x.example\n"
          "below .helo.example by helo counts to x.example\n"
          "any * by helo less-specific to x.example\n"
          "named *.named.example by client less-strict to x.example\n"
          "any * by client less-specific to x.example\n" },
    };
    struct rules *rules = build_rules();
    struct decision decision;
    struct trace trace;
    struct scene scene;
    char text[8192];
    unsigned bad;

    (void)state;
    add(rules, "helo", LEVEL_ENCRYPT, NULL, "helo.example");
    add(rules, "below", LEVEL_VERIFY, NULL, ".helo.example");
    add(rules, "named", LEVEL_ENCRYPT, NULL, "*.named.example");
    add(rules, "any", LEVEL_ENCRYPT, NULL, "*");
    build_finish(rules);
    bad = check_scenarios(rules, rows, ROWS(rows));
    /* Neither leads anywhere but to "*": both are judged. */
    scene_init(&scene, "<>", "<b@x.example>");
    scene_set_client(&scene, NULL, "client.test", true);
    scene_set_helo(&scene, NULL);
    decide_inbound_traced(rules, &scene.facts, &decision, &trace);
    write_trace(&trace, text, sizeof(text));
    assert_string_equal(text, "any * by helo less-specific to x.example\n"
                              "any * by client counts to x.example\n");
    scene_release(&scene);
    rules_free(rules);
    assert_int_equal(bad, 0);
}

static void trace__of_a_judgement__outcome_reason_and_mode(void **state)
{
    struct rules *rules = build_rules();
    struct connector *of_a = build_connector("a", LEVEL_ENCRYPT);
    struct connector *of_b = build_connector("b", LEVEL_ENCRYPT);
    struct decision decision;
    struct trace trace;
    struct scene scene;

    (void)state;
    of_a->action = ACTION_REJECT;
    of_a->mode = MODE_MONITOR;
    build_networks(&of_b->exempt_networks, "192.0.2.0/24");
    (void)build_add(rules, of_a, "a.example");
    (void)build_add(rules, of_b, "b.example");
    build_finish(rules);
    scene_init(&scene, "<x%b.example@a.example>", "<b@example.org>");
    scene_plain(&scene);
    decide_inbound_traced(rules, &scene.facts, &decision, &trace);
    assert_int_equal(trace.count, 2);
    assert_ptr_equal(trace.candidates[0].match.connector, of_b);
    assert_int_equal(trace.candidates[0].fate, FATE_LESS_STRICT);
    assert_int_equal(trace.candidates[0].outcome, OUTCOME_EXEMPT);
    assert_int_equal(trace.candidates[0].reason, REASON_NETWORK);
    assert_int_equal(trace.candidates[0].would, VERDICT_PASS);
    assert_false(trace.candidates[0].monitored);
    assert_ptr_equal(trace.candidates[1].match.connector, of_a);
    assert_int_equal(trace.candidates[1].fate, FATE_COUNTS);
    assert_int_equal(trace.candidates[1].outcome, OUTCOME_FAIL);
    assert_int_equal(trace.candidates[1].reason, REASON_NO_TLS);
    assert_int_equal(trace.candidates[1].would, VERDICT_REJECT);
    assert_true(trace.candidates[1].monitored);
    scene_release(&scene);
    rules_free(rules);
}

static void trace__mail_that_did_not_come_by_smtp__empty(void **state)
{
    struct rules *rules = build_rules();
    struct decision decision;
    struct trace trace;
    struct scene scene;

    (void)state;
    add(rules, "any", LEVEL_ENCRYPT, NULL, "*");
    build_finish(rules);
    scene_init(&scene, "<a@contoso.com>", "<b@example.org>");
    scene.facts.local = true;
    memset(&trace, 0xff, sizeof(trace));
    decide_inbound_traced(rules, &scene.facts, &decision, &trace);
    assert_int_equal(trace.count, 0);
    assert_int_equal(trace.left_out, 0);
    scene_release(&scene);
    rules_free(rules);
}

static void trace__too_many_entries__counted(void **state)
{
    enum { CONNECTORS = TRACE_MOST + 7 };
    struct rules *rules = build_rules();
    struct decision decision, plain;
    static struct trace trace;
    struct scene scene;

    (void)state;
    for (int i = 0; i < CONNECTORS; i++) {
        char name[16], local[32];

        (void)snprintf(name, sizeof(name), "c%d", i);
        (void)snprintf(local, sizeof(local), "d%d.example", i);
        add(rules, name, LEVEL_ENCRYPT, local, "contoso.com");
    }
    build_finish(rules);
    scene_init(&scene, "<a@contoso.com>", "<b@d3.example>");
    decide_inbound_traced(rules, &scene.facts, &decision, &trace);
    decide_inbound(rules, &scene.facts, &plain);
    assert_string_equal(decision.match.connector->name, "c3");
    assert_ptr_equal(decision.match.connector, plain.match.connector);
    assert_int_equal(trace.count, TRACE_MOST);
    assert_int_equal(trace.left_out, CONNECTORS - TRACE_MOST);
    scene_release(&scene);
    rules_free(rules);
}

/* Of a domain that is too long only the right end is kept: what begins there is no label. */
static void trace__domain_that_was_cut__only_whole_labels(void **state)
{
    static const char separators[] = { '.', 'x' };
    char name[DOMAIN_MAX + 1], pattern[DOMAIN_MAX + 3], sender[600];

    (void)state;
    for (int i = 0; i < DOMAIN_MAX; i++)
        name[i] = i % 60 == 59 ? '.' : 'a';
    name[DOMAIN_MAX] = '\0';
    for (size_t i = 0; i < ROWS(separators); i++) {
        struct rules *rules = build_rules();
        struct decision decision;
        struct trace trace;
        struct scene scene;

        (void)snprintf(pattern, sizeof(pattern), "*.%s", name);
        add(rules, "exact", LEVEL_ENCRYPT, NULL, name);
        add(rules, "tree", LEVEL_ENCRYPT, NULL, pattern);
        add(rules, "parent", LEVEL_ENCRYPT, NULL, domain_parent(name));
        add(rules, "below", LEVEL_ENCRYPT, NULL, domain_parent(name) - 1);
        build_finish(rules);
        (void)snprintf(sender, sizeof(sender), "<a@b%c%s>", separators[i], name);
        scene_init(&scene, sender, "<postmaster>");
        decide_inbound_traced(rules, &scene.facts, &decision, &trace);
        assert_int_equal(trace.count, 2);
        assert_string_equal(trace.candidates[0].match.connector->name, "parent");
        assert_int_equal(trace.candidates[0].fate, FATE_NO_SUBDOMAINS);
        assert_string_equal(trace.candidates[1].match.connector->name, "below");
        assert_int_equal(trace.candidates[1].fate, FATE_COUNTS);
        scene_release(&scene);
        rules_free(rules);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trace__one_sender__every_entry_from_the_closest_on),
        cmocka_unit_test(trace__local_domains__lost_by_them_or_to_closer_ones),
        cmocka_unit_test(trace__several_readings__each_with_its_judgement),
        cmocka_unit_test(trace__null_sender_by_network__names_lose),
        cmocka_unit_test(trace__null_sender_by_name__helo_and_client),
        cmocka_unit_test(trace__of_a_judgement__outcome_reason_and_mode),
        cmocka_unit_test(trace__mail_that_did_not_come_by_smtp__empty),
        cmocka_unit_test(trace__too_many_entries__counted),
        cmocka_unit_test(trace__domain_that_was_cut__only_whole_labels),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
