/* SPDX-License-Identifier: ISC */
/* Tests of policy/decide: which connector counts, and what comes of it. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/decide.h"

static const char *chosen(const struct decision *decision)
{
    return decision->match.connector != NULL ? decision->match.connector->name : "-";
}

/* Decides about one message and gives the connector's name, "-" for none. */
static const char *choose(const struct rules *rules, const char *sender, const char *recipient,
                          struct decision *decision)
{
    struct scene scene;
    const char *name;

    scene_init(&scene, sender, recipient);
    decide_inbound(rules, &scene.facts, decision);
    name = chosen(decision);
    scene_release(&scene);
    return name;
}

static struct rules *one_rule(struct connector *connector, const char *patterns)
{
    struct rules *rules = build_rules();

    (void)build_add(rules, connector, patterns);
    build_finish(rules);
    return rules;
}

/* ------------------------------------------------------------ from outcome to verdict */

enum session { GOOD, PLAIN, NOT_REPORTED };

static void act__outcome_action_and_mode__table(void **state)
{
    static const struct {
        enum session session;
        enum action action;
        enum mode mode, global;
        enum outcome outcome;
        enum verdict would, verdict;
    } rows[] = {
        { GOOD, ACTION_DEFER, MODE_ENFORCE, MODE_ENFORCE, OUTCOME_PASS, VERDICT_PASS,
          VERDICT_PASS },
        { GOOD, ACTION_REJECT, MODE_MONITOR, MODE_ENFORCE, OUTCOME_PASS, VERDICT_PASS,
          VERDICT_PASS },
        { PLAIN, ACTION_DEFER, MODE_ENFORCE, MODE_ENFORCE, OUTCOME_FAIL, VERDICT_DEFER,
          VERDICT_DEFER },
        { PLAIN, ACTION_REJECT, MODE_ENFORCE, MODE_ENFORCE, OUTCOME_FAIL, VERDICT_REJECT,
          VERDICT_REJECT },
        { PLAIN, ACTION_REJECT, MODE_MONITOR, MODE_ENFORCE, OUTCOME_FAIL, VERDICT_REJECT,
          VERDICT_PASS },
        { PLAIN, ACTION_REJECT, MODE_ENFORCE, MODE_MONITOR, OUTCOME_FAIL, VERDICT_REJECT,
          VERDICT_PASS },
        { PLAIN, ACTION_DEFER, MODE_MONITOR, MODE_MONITOR, OUTCOME_FAIL, VERDICT_DEFER,
          VERDICT_PASS },
        /* what cannot be told is a 4xx, whatever the action */
        { NOT_REPORTED, ACTION_REJECT, MODE_ENFORCE, MODE_ENFORCE, OUTCOME_UNKNOWN, VERDICT_DEFER,
          VERDICT_DEFER },
        { NOT_REPORTED, ACTION_DEFER, MODE_ENFORCE, MODE_ENFORCE, OUTCOME_UNKNOWN, VERDICT_DEFER,
          VERDICT_DEFER },
        { NOT_REPORTED, ACTION_REJECT, MODE_MONITOR, MODE_ENFORCE, OUTCOME_UNKNOWN, VERDICT_DEFER,
          VERDICT_PASS },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct connector *connector = build_connector("contoso-in", LEVEL_ENCRYPT);
        struct rules *rules;
        struct scene scene;
        struct decision decision;
        bool monitored = rows[i].mode == MODE_MONITOR || rows[i].global == MODE_MONITOR;

        connector->action = rows[i].action;
        connector->mode = rows[i].mode;
        rules = one_rule(connector, "contoso.com");
        rules->settings.mode = rows[i].global;
        scene_init(&scene, "<a@contoso.com>", "<b@example.org>");
        if (rows[i].session != GOOD)
            scene_plain(&scene);
        if (rows[i].session == NOT_REPORTED)
            scene.facts.tls.state = TLS_NOT_REPORTED;
        decide_inbound(rules, &scene.facts, &decision);
        bad += row(decision.outcome == rows[i].outcome && decision.would == rows[i].would &&
                       decision.verdict == rows[i].verdict && decision.monitored == monitored &&
                       decision.match.connector == connector,
                   "row %zu: %s would %s does %s", i, outcome_word(decision.outcome),
                   verdict_word(decision.would), verdict_word(decision.verdict));
        scene_release(&scene);
        rules_free(rules);
    }
    assert_int_equal(bad, 0);
}

static void act__enforce_from__at_the_exact_second(void **state)
{
    static const struct {
        int64_t from, now;
        bool monitored;
    } rows[] = {
        { DATE_ALWAYS, NOW, false }, { NOW, NOW - 1, true },    { NOW, NOW, false },
        { NOW, NOW + 1, false },     { DATE_NEVER, NOW, true },
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct connector *connector = build_connector("contoso-in", LEVEL_ENCRYPT);
        struct rules *rules;
        struct scene scene;
        struct decision decision;

        connector->action = ACTION_REJECT;
        connector->enforce_from = rows[i].from;
        rules = one_rule(connector, "contoso.com");
        scene_init(&scene, "<a@contoso.com>", "<b@example.org>");
        scene_plain(&scene);
        scene.facts.now = rows[i].now;
        decide_inbound(rules, &scene.facts, &decision);
        assert_int_equal(decision.monitored, rows[i].monitored);
        assert_int_equal(decision.would, VERDICT_REJECT);
        assert_int_equal(decision.verdict, rows[i].monitored ? VERDICT_PASS : VERDICT_REJECT);
        scene_release(&scene);
        rules_free(rules);
    }
}

static void conclude__one_unmet_and_one_unknown__fail(void **state)
{
    struct connector *connector = build_connector("contoso-in", LEVEL_VERIFY);
    struct rules *rules;
    struct scene scene;
    struct decision decision;

    (void)state;
    connector->action = ACTION_REJECT;
    rules = one_rule(connector, "contoso.com");
    scene_init(&scene, "<a@contoso.com>", "<b@example.org>");
    scene.facts.tls.cipher_bits = -1;
    decide_inbound(rules, &scene.facts, &decision);
    assert_int_equal(decision.outcome, OUTCOME_UNKNOWN);
    assert_int_equal(decision.reason, REASON_NOT_REPORTED);
    scene.facts.certificate.trust = TRUST_UNTRUSTED;
    decide_inbound(rules, &scene.facts, &decision);
    assert_int_equal(decision.outcome, OUTCOME_FAIL);
    assert_int_equal(decision.reason, REASON_CERTIFICATE_NOT_TRUSTED);
    assert_int_equal(decision.would, VERDICT_REJECT);
    scene_release(&scene);
    rules_free(rules);
}

static void decide_inbound__level_may__passes_whatever_comes(void **state)
{
    struct connector *may = build_connector("exception", LEVEL_MAY);
    struct rules *rules = build_rules();
    struct scene scene;
    struct decision decision;

    (void)state;
    (void)build_add(rules, build_connector("wide", LEVEL_SECURE), "*.contoso.com");
    (void)build_add(rules, may, "list.contoso.com");
    build_finish(rules);
    scene_init(&scene, "<a@list.contoso.com>", "<b@example.org>");
    scene_plain(&scene);
    decide_inbound(rules, &scene.facts, &decision);
    assert_ptr_equal(decision.match.connector, may);
    assert_int_equal(decision.would, VERDICT_PASS);
    assert_int_equal(decision.verdict, VERDICT_PASS);
    scene_release(&scene);
    rules_free(rules);
}

static void decide_inbound__no_connector__none(void **state)
{
    static const char *const senders[] = { "<a@fabrikam.com>",
                                           "<x@[192.0.2.1]>",
                                           "<root>",
                                           "<>",
                                           "<bounce@mail_1.news.example>",
                                           "<a@evilcontoso.com>",
                                           "<a@contoso.com.evil.example>",
                                           "<\"a@contoso.com\"@x.example>" };
    struct rules *rules = one_rule(build_connector("contoso-in", LEVEL_SECURE), "*.contoso.com");

    (void)state;
    for (size_t i = 0; i < ROWS(senders); i++) {
        struct scene scene;
        struct decision decision;

        scene_init(&scene, senders[i], "<b@example.org>");
        scene_plain(&scene);
        scene_set_helo(&scene, "mx.fabrikam.com");
        scene_set_client(&scene, "203.0.113.9", "mx.fabrikam.com", true);
        decide_inbound(rules, &scene.facts, &decision);
        assert_string_equal(chosen(&decision), "-");
        assert_int_equal(decision.outcome, OUTCOME_NONE);
        assert_int_equal(decision.verdict, VERDICT_PASS);
        assert_int_equal(decision.would, VERDICT_PASS);
        assert_null(decision.near_miss);
        assert_false(decide_inbound_possible(rules, &scene.facts, &decision));
        scene_release(&scene);
    }
    rules_free(rules);
}

/* ------------------------------------------------------------ which connector */

static void choice__most_specific_entry__table(void **state)
{
    static const struct {
        const char *sender, *wanted;
    } rows[] = {
        { "<a@contoso.com>", "exact" },
        { "<A@CONTOSO.COM.>", "exact" },
        { "<a@mail.contoso.com>", "tree" },
        { "<a@x.mail.contoso.com>", "tree" },
        { "<a@eu.contoso.com>", "eu-below-parent" },
        { "<a@fr.eu.contoso.com>", "eu-below" },
        { "<a@x.fr.eu.contoso.com>", "eu-below" },
        { "<a@com>", "com" },
        { "<a@fabrikam.com>", "com" },
        { "<a@evilcontoso.com>", "com" },
        { "<a@example.net>", "any" },
        { "<a@contoso.com.evil.example>", "any" },
        { "<root>", "any" },
        { "<x@[192.0.2.1]>", "any" },
        { "<bounce@mail_1.news.example>", "any" },
        { "<>", "any" },
    };
    struct rules *rules = build_rules();
    unsigned bad = 0;

    (void)state;
    (void)build_add(rules, build_connector("any", LEVEL_ENCRYPT), "*");
    (void)build_add(rules, build_connector("com", LEVEL_ENCRYPT), "*.com");
    (void)build_add(rules, build_connector("tree", LEVEL_ENCRYPT), "*.contoso.com");
    (void)build_add(rules, build_connector("eu-below-parent", LEVEL_ENCRYPT), "eu.contoso.com");
    (void)build_add(rules, build_connector("eu-below", LEVEL_ENCRYPT), ".eu.contoso.com");
    (void)build_add(rules, build_connector("exact", LEVEL_ENCRYPT), "contoso.com");
    build_finish(rules);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct scene scene;
        struct decision decision;

        scene_init(&scene, rows[i].sender, "<b@example.org>");
        scene_set_helo(&scene, "mx.example.net");
        scene_set_client(&scene, "192.0.2.25", "mx.example.net", true);
        decide_inbound(rules, &scene.facts, &decision);
        bad += row(strcmp(chosen(&decision), rows[i].wanted) == 0, "%s: %s, wanted %s",
                   rows[i].sender, chosen(&decision), rows[i].wanted);
        scene_release(&scene);
    }
    rules_free(rules);
    assert_int_equal(bad, 0);
}

static void choice__match__says_what_matched(void **state)
{
    struct rules *rules = one_rule(build_connector("contoso-in", LEVEL_ENCRYPT), "*.contoso.com");
    struct scene scene;
    struct decision decision;

    (void)state;
    scene_init(&scene, "<a@Mail.CONTOSO.com.>", "<b@example.org>");
    decide_inbound(rules, &scene.facts, &decision);
    assert_int_equal(decision.match.by, MATCHED_BY_SENDER);
    assert_int_equal(decision.match.kind, PATTERN_TREE);
    assert_string_equal(decision.match.entry, "contoso.com");
    assert_true(span_equal(decision.match.domain, SPAN("mail.contoso.com")));
    scene_release(&scene);
    rules_free(rules);
}

static void choice__local_domains__fall_through_to_the_next_entry(void **state)
{
    static const struct {
        const char *sender, *recipient, *wanted;
    } rows[] = {
        { "<a@contoso.com>", "<b@one.example>", "exact-one" },
        { "<a@contoso.com>", "<b@ONE.Example.>", "exact-one" },
        { "<a@contoso.com>", "<b@two.example>", "exact-two" },
        { "<a@contoso.com>", "<b@sub.two.example>", "exact-two" },
        { "<a@contoso.com>", "<b@three.example>", "tree-three" },
        { "<a@contoso.com>", "<b@four.example>", "com" },
        { "<a@contoso.com>", "<b@sub.one.example>", "com" },
        { "<a@contoso.com>", "<b@evilone.example>", "com" },
        /* without a domain it could be any of ours: the strictest of all that serve one */
        { "<a@contoso.com>", "<postmaster>", "exact-two" },
        { "<a@contoso.com>", "<b@[192.0.2.1]>", "exact-two" },
        { "<a@mail.contoso.com>", "<b@one.example>", "com" },
        { "<a@mail.contoso.com>", "<b@three.example>", "tree-three" },
        { "<a@contoso.net>", "<b@one.example>", "-" },
        /* any reading of the recipient */
        { "<a@contoso.com>", "<b%one.example@four.example>", "exact-one" },
        { "<a@contoso.com>", "<b%four.example@one.example>", "exact-one" },
        { "<a@contoso.com>", "<@one.example:b@four.example>", "exact-one" },
        { "<a@contoso.com>", "<@four.example:b@one.example>", "exact-one" },
    };
    struct rules *rules = build_rules();
    struct connector *connector;
    unsigned bad = 0;

    (void)state;
    connector = build_connector("exact-one", LEVEL_ENCRYPT);
    build_local_domains(connector, "one.example");
    (void)build_add(rules, connector, "contoso.com");
    connector = build_connector("exact-two", LEVEL_ENCRYPT);
    build_local_domains(connector, "*.two.example");
    (void)build_add(rules, connector, "contoso.com");
    connector = build_connector("tree-three", LEVEL_ENCRYPT);
    build_local_domains(connector, "three.example");
    (void)build_add(rules, connector, "*.contoso.com");
    (void)build_add(rules, build_connector("com", LEVEL_ENCRYPT), ".com");
    build_finish(rules);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct decision decision;
        const char *name = choose(rules, rows[i].sender, rows[i].recipient, &decision);

        bad += row(strcmp(name, rows[i].wanted) == 0, "%s to %s: %s, wanted %s", rows[i].sender,
                   rows[i].recipient, name, rows[i].wanted);
    }
    rules_free(rules);
    assert_int_equal(bad, 0);
}

static void choice__local_domains_beside_none__the_same_in_any_order(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct rules *rules = build_rules();
        struct decision decision;

        for (int i = 0; i < 2; i++) {
            struct connector *connector =
                build_connector(i == order ? "limited" : "all", LEVEL_ENCRYPT);

            if (i == order)
                build_local_domains(connector, "one.example");
            (void)build_add(rules, connector, "contoso.com");
        }
        build_finish(rules);
        /* Assumed: the one that names the recipient's domain is the more specific one. */
        assert_string_equal(choose(rules, "<a@contoso.com>", "<b@one.example>", &decision),
                            "limited");
        assert_string_equal(choose(rules, "<a@contoso.com>", "<b@two.example>", &decision), "all");
        rules_free(rules);
    }
}

static void choice__before_rcpt__local_domains_always_fit(void **state)
{
    struct connector *connector = build_connector("limited", LEVEL_ENCRYPT);
    struct rules *rules;
    struct decision decision;

    (void)state;
    build_local_domains(connector, "one.example");
    rules = one_rule(connector, "contoso.com");
    assert_string_equal(choose(rules, "<a@contoso.com>", NULL, &decision), "limited");
    assert_string_equal(choose(rules, "<a@contoso.com>", "<b@two.example>", &decision), "-");
    rules_free(rules);
}

/* Two readings: the stricter connector counts, in whatever order they stand. */
static void choice__several_readings__the_strictest(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (int a = LEVEL_MAY; a < LEVELS; a++) {
        for (int b = LEVEL_MAY; b < LEVELS; b++) {
            static const char *const senders[] = {
                "<x%a.example@b.example>",  "<x%b.example@a.example>", "<@a.example:x@b.example>",
                "<@b.example:x@a.example>", "<a.example!x@b.example>", "<x@a.example@b.example>"
            };
            struct rules *rules = build_rules();
            struct connector *of_a = build_connector("a", (enum level)a);
            struct connector *of_b = build_connector("b", (enum level)b);

            build_entry_name(build_entry(of_a), "mail.contoso.com");
            build_entry_name(build_entry(of_b), "mail.contoso.com");
            (void)build_add(rules, of_a, "a.example");
            (void)build_add(rules, of_b, "b.example");
            build_finish(rules);
            for (size_t i = 0; i < ROWS(senders) && a != b; i++) {
                struct decision decision;
                struct scene scene;

                scene_init(&scene, senders[i], "<b@example.org>");
                scene_plain(&scene);
                decide_inbound(rules, &scene.facts, &decision);
                bad += row(decision.match.connector == (a > b ? of_a : of_b),
                           "%s: %s, levels %d %d", senders[i], chosen(&decision), a, b);
                bad += row(decision.verdict == VERDICT_DEFER, "%s: passed", senders[i]);
                scene_release(&scene);
            }
            rules_free(rules);
        }
    }
    assert_int_equal(bad, 0);
}

/* The reading that fails must not hide behind one that passes: equal levels, monitor mode, a
 * wider connector. */
static void choice__several_readings__no_hiding_behind_a_passing_one(void **state)
{
    static const char *const senders[] = { "<x%a.example@b.example>", "<x%b.example@a.example>",
                                           "<@a.example:x@b.example>", "<x@b.example@a.example>" };
    unsigned bad = 0;

    (void)state;
    for (int variant = 0; variant < 3; variant++) {
        struct rules *rules = build_rules();
        struct connector *of_a = build_connector("a", LEVEL_ENCRYPT);
        struct connector *of_b = build_connector("b", variant == 0 ? LEVEL_ENCRYPT : LEVEL_VERIFY);

        build_networks(&of_a->client_networks, "198.51.100.0/24"); /* not met */
        of_a->action = ACTION_REJECT;
        if (variant == 1) {
            of_b->mode = MODE_MONITOR;
            build_networks(&of_b->client_networks, "198.51.100.0/24");
        }
        (void)build_add(rules, of_a, "a.example");
        (void)build_add(rules, of_b, variant == 2 ? "*" : "b.example");
        build_finish(rules);
        for (size_t i = 0; i < ROWS(senders); i++) {
            struct decision decision;

            (void)choose(rules, senders[i], "<b@example.org>", &decision);
            bad += row(decision.verdict == VERDICT_REJECT, "%s passes, variant %d", senders[i],
                       variant);
        }
        rules_free(rules);
    }
    assert_int_equal(bad, 0);
}

/* In monitor mode too the log must say what the strictest would have done. */
static void choice__several_readings_all_monitored__would_is_the_strictest(void **state)
{
    static const char *const senders[] = { "<x%a.example@b.example>", "<x%b.example@a.example>" };
    struct rules *rules = build_rules();
    struct connector *of_a = build_connector("a", LEVEL_ENCRYPT);

    (void)state;
    rules->settings.mode = MODE_MONITOR;
    of_a->action = ACTION_REJECT;
    build_networks(&of_a->client_networks, "198.51.100.0/24"); /* not met */
    (void)build_add(rules, of_a, "a.example");
    (void)build_add(rules, build_connector("b", LEVEL_VERIFY), "b.example");
    build_finish(rules);
    for (size_t i = 0; i < ROWS(senders); i++) {
        struct decision decision;

        assert_string_equal(choose(rules, senders[i], "<b@example.org>", &decision), "a");
        assert_int_equal(decision.verdict, VERDICT_PASS);
        assert_int_equal(decision.would, VERDICT_REJECT);
    }
    rules_free(rules);
}

/* ------------------------------------------------------------ <> */

static struct connector *null_connector(const char *name, const char *networks)
{
    struct connector *connector = build_connector(name, LEVEL_ENCRYPT);

    build_networks(&connector->client_networks, networks);
    return connector;
}

static void null_sender__network_then_helo_then_client_name__table(void **state)
{
    static const struct {
        const char *ip, *helo, *client_name;
        bool confirmed;
        const char *wanted;
        enum matched_by by;
    } rows[] = {
        { "198.51.100.7", "x.example", "x.example", true, "net", MATCHED_BY_NETWORK },
        { "::ffff:198.51.100.7", NULL, NULL, false, "net", MATCHED_BY_NETWORK },
        /* the network comes first */
        { "198.51.100.7", "mail.named.example", "mail.named.example", true, "net",
          MATCHED_BY_NETWORK },
        { "203.0.113.9", "named.example", NULL, false, "named", MATCHED_BY_HELO },
        { "203.0.113.9", "Mail.NAMED.example.", NULL, false, "named", MATCHED_BY_HELO },
        { NULL, "mail.named.example", NULL, false, "named", MATCHED_BY_HELO },
        { "203.0.113.9", "x.example", "mail.named.example", true, "named", MATCHED_BY_CLIENT_NAME },
        { "203.0.113.9", NULL, "mail.named.example", true, "named", MATCHED_BY_CLIENT_NAME },
        /* not confirmed: anybody can write any name into his reverse zone */
        { "203.0.113.9", "x.example", "mail.named.example", false, "-", MATCHED_BY_SENDER },
        { "203.0.113.9", "evilnamed.example", "x.example", true, "-", MATCHED_BY_SENDER },
        { "203.0.113.9", "named.example.evil", NULL, false, "-", MATCHED_BY_SENDER },
        { "203.0.113.9", "[203.0.113.9]", NULL, false, "-", MATCHED_BY_SENDER },
        { "203.0.113.9", "", NULL, false, "-", MATCHED_BY_SENDER },
        { "203.0.113.9", NULL, NULL, false, "-", MATCHED_BY_SENDER },
        { NULL, NULL, NULL, false, "-", MATCHED_BY_SENDER },
    };
    struct rules *rules = build_rules();
    unsigned bad = 0;

    (void)state;
    (void)build_add(rules, null_connector("net", "198.51.100.0/24"), "net.example");
    (void)build_add(rules, build_connector("named", LEVEL_ENCRYPT), "*.named.example");
    build_finish(rules);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct scene scene;
        struct decision decision;

        scene_init(&scene, "<>", "<b@example.org>");
        scene_set_client(&scene, rows[i].ip, rows[i].client_name, rows[i].confirmed);
        scene_set_helo(&scene, rows[i].helo);
        scene_plain(&scene);
        decide_inbound(rules, &scene.facts, &decision);
        bad += row(strcmp(chosen(&decision), rows[i].wanted) == 0, "row %zu: %s", i,
                   chosen(&decision));
        if (decision.match.connector != NULL)
            bad += row(decision.match.by == rows[i].by && decision.verdict == VERDICT_DEFER,
                       "row %zu: matched by %d", i, (int)decision.match.by);
        bad += row(decide_inbound_possible(rules, &scene.facts, &decision) ==
                       (strcmp(rows[i].wanted, "-") != 0),
                   "row %zu: possible", i);
        scene_release(&scene);
    }
    rules_free(rules);
    assert_int_equal(bad, 0);
}

static void null_sender__certificate_of_the_partner__recognises_nobody(void **state)
{
    struct rules *rules = one_rule(build_connector("contoso-in", LEVEL_SECURE), "*.contoso.com");
    struct scene scene;
    struct decision decision;

    (void)state;
    scene_init(&scene, "<>", "<b@example.org>");
    scene_set_client(&scene, "203.0.113.9", "x.example", true);
    scene_set_helo(&scene, "x.example");
    decide_inbound(rules, &scene.facts, &decision);
    assert_int_equal(decision.outcome, OUTCOME_NONE);
    scene_release(&scene);
    rules_free(rules);
}

static void null_sender__named_sender__helo_and_networks_do_not_matter(void **state)
{
    struct rules *rules = build_rules();
    struct decision decision;

    (void)state;
    (void)build_add(rules, null_connector("net", "192.0.2.0/24"), "net.example");
    (void)build_add(rules, build_connector("contoso-in", LEVEL_ENCRYPT), "*.contoso.com");
    build_finish(rules);
    /* client 192.0.2.25, HELO and name mail.contoso.com, and yet */
    assert_string_equal(choose(rules, "<a@fabrikam.com>", "<b@example.org>", &decision), "-");
    assert_string_equal(choose(rules, "<root>", "<b@example.org>", &decision), "-");
    rules_free(rules);
}

/* Several match: satisfying one is enough; satisfying none is not. */
static void null_sender__several_match__one_satisfied_is_enough(void **state)
{
    static const struct {
        enum level first, second;
        bool trusted, encrypted;
        bool passes;
    } rows[] = {
        { LEVEL_ENCRYPT, LEVEL_VERIFY, false, true, true },
        { LEVEL_VERIFY, LEVEL_ENCRYPT, false, true, true },
        { LEVEL_VERIFY, LEVEL_SECURE, false, true, false },
        { LEVEL_VERIFY, LEVEL_SECURE, true, true, true },
        { LEVEL_ENCRYPT, LEVEL_ENCRYPT, true, false, false },
        { LEVEL_MAY, LEVEL_SECURE, false, false, true },
        { LEVEL_SECURE, LEVEL_MAY, false, false, true },
    };
    unsigned bad = 0;

    (void)state;
    for (int by_name = 0; by_name < 2; by_name++) {
        for (size_t i = 0; i < ROWS(rows); i++) {
            struct rules *rules = build_rules();
            struct scene scene;
            struct decision decision;
            const char *networks = by_name ? "" : "192.0.2.0/24";
            struct connector *first = build_connector("first", rows[i].first);
            struct connector *second = build_connector("second", rows[i].second);

            build_networks(&first->client_networks, networks);
            build_networks(&second->client_networks, networks);
            build_entry_name(build_entry(first), "mail.contoso.com");
            build_entry_name(build_entry(second), "mail.contoso.com");
            (void)build_add(rules, first, "first.example");
            (void)build_add(rules, second, "second.example");
            build_finish(rules);
            scene_init(&scene, "<>", "<b@example.org>");
            scene_set_helo(&scene, "first.example");
            scene_set_client(&scene, "192.0.2.25", "second.example", true);
            if (!rows[i].trusted)
                scene.facts.certificate.trust = TRUST_NONE_OR_UNTRUSTED;
            if (!rows[i].encrypted)
                scene_plain(&scene);
            decide_inbound(rules, &scene.facts, &decision);
            bad += row((decision.verdict == VERDICT_PASS) == rows[i].passes, "row %zu%s", i,
                       by_name ? ", by name" : ", by network");
            bad += row(decision.match.connector != NULL, "row %zu: no connector", i);
            scene_release(&scene);
            rules_free(rules);
        }
    }
    assert_int_equal(bad, 0);
}

/* The HELO name is the client's own word: it buys nothing where the network has spoken. */
static void null_sender__network_not_satisfied__no_way_out_by_helo(void **state)
{
    struct rules *rules = build_rules();
    struct connector *net = null_connector("net", "192.0.2.0/24");
    struct scene scene;
    struct decision decision;

    (void)state;
    net->level = LEVEL_VERIFY;
    (void)build_add(rules, net, "net.example");
    (void)build_add(rules, build_connector("easy", LEVEL_MAY), "*.easy.example");
    build_finish(rules);
    scene_init(&scene, "<>", "<b@example.org>");
    scene_set_helo(&scene, "mail.easy.example");
    scene_set_client(&scene, "192.0.2.25", "mail.easy.example", true);
    scene_plain(&scene);
    decide_inbound(rules, &scene.facts, &decision);
    assert_string_equal(chosen(&decision), "net");
    assert_int_equal(decision.verdict, VERDICT_DEFER);
    scene_release(&scene);
    rules_free(rules);
}

static void null_sender__any_connector__applies(void **state)
{
    static const char *const helos[] = { NULL, "", "x.example", "[192.0.2.1]" };
    struct rules *rules = build_rules();

    (void)state;
    (void)build_add(rules, build_connector("any", LEVEL_ENCRYPT), "*");
    (void)build_add(rules, null_connector("net", "198.51.100.0/24"), "net.example");
    build_finish(rules);
    for (size_t i = 0; i < ROWS(helos); i++) {
        struct scene scene;
        struct decision decision;

        scene_init(&scene, "<>", "<b@example.org>");
        scene_set_helo(&scene, helos[i]);
        scene_set_client(&scene, "203.0.113.9", NULL, false);
        scene_plain(&scene);
        decide_inbound(rules, &scene.facts, &decision);
        assert_string_equal(chosen(&decision), "any");
        assert_int_equal(decision.verdict, VERDICT_DEFER);
        scene_set_client(&scene, "198.51.100.7", NULL, false);
        decide_inbound(rules, &scene.facts, &decision);
        assert_string_equal(chosen(&decision), "net");
        scene_release(&scene);
    }
    rules_free(rules);
}

static void null_sender__local_domains__only_for_those(void **state)
{
    struct connector *connector = null_connector("net", "192.0.2.0/24");
    struct rules *rules;
    struct decision decision;

    (void)state;
    build_local_domains(connector, "one.example");
    rules = one_rule(connector, "net.example");
    assert_string_equal(choose(rules, "<>", "<b@one.example>", &decision), "net");
    assert_string_equal(choose(rules, "<>", "<b@two.example>", &decision), "-");
    rules_free(rules);
}

/* ------------------------------------------------------------ exemptions */

static void exempt__networks_and_authentication__table(void **state)
{
    static const struct {
        const char *sender, *ip;
        bool authenticated, believed;
        enum outcome outcome;
        enum reason reason;
    } rows[] = {
        { "<a@contoso.com>", "127.0.0.1", false, false, OUTCOME_EXEMPT, REASON_NETWORK },
        { "<a@contoso.com>", "127.9.9.9", false, false, OUTCOME_EXEMPT, REASON_NETWORK },
        { "<a@contoso.com>", "::1", false, false, OUTCOME_EXEMPT, REASON_NETWORK },
        { "<a@contoso.com>", "::ffff:127.0.0.1", false, false, OUTCOME_EXEMPT, REASON_NETWORK },
        { "<a@contoso.com>", "203.0.113.7", false, false, OUTCOME_EXEMPT, REASON_NETWORK },
        { "<a@contoso.com>", "203.0.114.7", false, false, OUTCOME_FAIL, REASON_NO_TLS },
        { "<a@contoso.com>", "::2", false, false, OUTCOME_FAIL, REASON_NO_TLS },
        { "<a@contoso.com>", NULL, false, false, OUTCOME_FAIL, REASON_NO_TLS },
        { "<a@contoso.com>", "192.0.2.1", true, false, OUTCOME_FAIL, REASON_NO_TLS },
        { "<a@contoso.com>", "192.0.2.1", true, true, OUTCOME_EXEMPT, REASON_AUTHENTICATED },
        { "<a@contoso.com>", "192.0.2.1", false, true, OUTCOME_FAIL, REASON_NO_TLS },
        /* exempt_networks of one connector do not exempt from another */
        { "<a@fabrikam.com>", "203.0.113.7", false, false, OUTCOME_FAIL, REASON_NO_TLS },
        { "<a@contoso.com@fabrikam.com>", "203.0.113.7", false, false, OUTCOME_FAIL,
          REASON_NO_TLS },
        /* no connector: nothing to be exempt from */
        { "<a@example.net>", "127.0.0.1", true, true, OUTCOME_NONE, REASON_NONE },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct rules *rules = build_rules();
        struct connector *contoso = build_connector("contoso-in", LEVEL_ENCRYPT);
        struct scene scene;
        struct decision decision;

        rules->settings.inbound_exempt_authenticated = rows[i].believed;
        build_networks(&contoso->exempt_networks, "203.0.113.0/24");
        (void)build_add(rules, contoso, "contoso.com");
        (void)build_add(rules, build_connector("fabrikam-in", LEVEL_ENCRYPT), "fabrikam.com");
        build_finish(rules);
        scene_init(&scene, rows[i].sender, "<b@example.org>");
        scene_set_client(&scene, rows[i].ip, "x.example", true);
        scene.facts.authenticated = rows[i].authenticated;
        scene_plain(&scene);
        decide_inbound(rules, &scene.facts, &decision);
        bad +=
            row(decision.outcome == rows[i].outcome && decision.reason == rows[i].reason,
                "row %zu: %s %s", i, outcome_word(decision.outcome), reason_word(decision.reason));
        bad += row((decision.verdict == VERDICT_PASS) == (rows[i].outcome != OUTCOME_FAIL),
                   "row %zu: verdict", i);
        scene_release(&scene);
        rules_free(rules);
    }
    assert_int_equal(bad, 0);
}

static void exempt__default__loopback_only(void **state)
{
    struct rules *rules = rules_new();
    struct ip four = build_ip("127.0.0.1"), six = build_ip("::1"), other = build_ip("10.0.0.1");

    (void)state;
    assert_non_null(rules);
    assert_true(network_list_contains(&rules->settings.inbound_exempt_networks, &four));
    assert_true(network_list_contains(&rules->settings.inbound_exempt_networks, &six));
    assert_false(network_list_contains(&rules->settings.inbound_exempt_networks, &other));
    assert_false(rules->settings.inbound_exempt_authenticated);
    assert_int_equal(rules->settings.mode, MODE_ENFORCE);
    rules_free(rules);
}

static void decide_inbound__mail_that_did_not_come_by_smtp__none(void **state)
{
    struct rules *rules = build_rules();
    struct scene scene;
    struct decision decision;

    (void)state;
    (void)build_add(rules, build_connector("any", LEVEL_SECURE), "* contoso.com");
    build_finish(rules);
    scene_init(&scene, "a@contoso.com", "b@example.org");
    scene_plain(&scene);
    scene.facts.local = true;
    decide_inbound(rules, &scene.facts, &decision);
    assert_int_equal(decision.outcome, OUTCOME_NONE);
    assert_int_equal(decision.verdict, VERDICT_PASS);
    scene_release(&scene);
    rules_free(rules);
}

/* ------------------------------------------------------------ near-miss */

static void near_miss__below_an_exact_entry__table(void **state)
{
    static const struct {
        const char *patterns, *sender;
        bool near_miss;
    } rows[] = {
        { "contoso.com", "<a@mail.contoso.com>", true },
        { "contoso.com", "<a@x.mail.CONTOSO.com>", true },
        { "contoso.com", "<a@contoso.com>", false },
        { "contoso.com", "<a@evilcontoso.com>", false },
        { "contoso.com", "<a@contoso.com.evil.example>", false },
        { "contoso.com", "<a@com>", false },
        { "contoso.com", "<root>", false },
        { "contoso.com", "<>", false },
        { "*.contoso.com", "<a@mail.contoso.com>", false },
        { ".contoso.com", "<a@contoso.com>", false },
        { ".contoso.com", "<a@mail.contoso.com>", false },
        { "contoso.com *.contoso.com", "<a@mail.contoso.com>", false },
        { "contoso.com .contoso.com", "<a@mail.contoso.com>", false },
        { "contoso.com mail.contoso.com", "<a@mail.contoso.com>", false },
        { "contoso.com mail.contoso.com", "<a@x.mail.contoso.com>", true },
        { "contoso.com *.mail.contoso.com", "<a@x.mail.contoso.com>", false },
        { "contoso.com *.mail.contoso.com", "<a@x.contoso.com>", true },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct connector *connector = build_connector("contoso-in", LEVEL_ENCRYPT);
        struct rules *rules = one_rule(connector, rows[i].patterns);
        struct scene scene;
        struct decision decision;

        scene_init(&scene, rows[i].sender, "<b@example.org>");
        scene_set_helo(&scene, "x.example");
        scene_set_client(&scene, "203.0.113.9", "x.example", true);
        decide_inbound(rules, &scene.facts, &decision);
        bad += row((decision.near_miss != NULL) == rows[i].near_miss, "%s beside %s",
                   rows[i].sender, rows[i].patterns);
        if (rows[i].near_miss) {
            bad += row(decision.near_miss == connector && decision.outcome == OUTCOME_NONE &&
                           span_known(decision.near_miss_domain),
                       "%s beside %s: which", rows[i].sender, rows[i].patterns);
            bad += row(!decide_inbound_possible(rules, &scene.facts, &decision) &&
                           decision.near_miss == connector,
                       "%s beside %s: at MAIL", rows[i].sender, rows[i].patterns);
        }
        scene_release(&scene);
        rules_free(rules);
    }
    assert_int_equal(bad, 0);
}

/* ------------------------------------------------------------ possible, stricter */

static void decide_inbound_possible__false__no_recipient_falls_under_a_connector(void **state)
{
    static const char *const senders[] = {
        "<a@contoso.com>",
        "<a@x.contoso.com>",
        "<a@fabrikam.com>",
        "<a@x.fabrikam.com>",
        "<>",
        "<root>",
        "<a%contoso.com@x.example>",
        "<a@example.net>",
        "<x@[192.0.2.1]>",
    };
    static const char *const recipients[] = { "<b@one.example>", "<b@two.example>", "<postmaster>",
                                              "<b%one.example@two.example>" };
    static const char *const ips[] = { "192.0.2.1", "127.0.0.1", "203.0.113.9", "198.51.100.9" };
    struct rules *rules = build_rules();
    struct connector *connector = build_connector("local", LEVEL_SECURE);
    unsigned impossible = 0;

    (void)state;
    build_local_domains(connector, "one.example");
    build_networks(&connector->client_networks, "198.51.100.0/24");
    (void)build_add(rules, connector, "*.contoso.com");
    (void)build_add(rules, build_connector("may", LEVEL_MAY), "fabrikam.com");
    build_finish(rules);
    for (size_t s = 0; s < ROWS(senders); s++) {
        for (size_t c = 0; c < ROWS(ips); c++) {
            struct scene scene;
            struct decision decision;
            bool possible;

            scene_init(&scene, senders[s], NULL);
            scene_set_client(&scene, ips[c], "x.example", true);
            scene_set_helo(&scene, "x.example");
            possible = decide_inbound_possible(rules, &scene.facts, &decision);
            impossible += !possible;
            scene_release(&scene);
            for (size_t r = 0; r < ROWS(recipients); r++) {
                scene_init(&scene, senders[s], recipients[r]);
                scene_set_client(&scene, ips[c], "x.example", true);
                scene_set_helo(&scene, "x.example");
                decide_inbound(rules, &scene.facts, &decision);
                if (!possible && decision.outcome != OUTCOME_NONE)
                    fail_msg("%s to %s", senders[s], recipients[r]);
                /* It does not look at the recipient. */
                assert_int_equal(decide_inbound_possible(rules, &scene.facts, &decision), possible);
                scene_release(&scene);
            }
        }
    }
    assert_true(impossible > 0);
    rules_free(rules);
}

static void decision_stricter__verdicts__reject_defer_pass(void **state)
{
    (void)state;
    for (int a = VERDICT_PASS; a <= VERDICT_REJECT; a++) {
        for (int b = VERDICT_PASS; b <= VERDICT_REJECT; b++) {
            struct decision first = { .verdict = (enum verdict)a, .would = (enum verdict)a };
            struct decision second = { .verdict = (enum verdict)b, .would = (enum verdict)b };
            const struct decision *stricter = decision_stricter(&first, &second);

            assert_true(stricter == &first || stricter == &second);
            assert_int_equal(stricter->verdict, a > b ? a : b);
            assert_int_equal(verdict_stricter((enum verdict)a, (enum verdict)b), a > b ? a : b);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(act__outcome_action_and_mode__table),
        cmocka_unit_test(act__enforce_from__at_the_exact_second),
        cmocka_unit_test(conclude__one_unmet_and_one_unknown__fail),
        cmocka_unit_test(decide_inbound__level_may__passes_whatever_comes),
        cmocka_unit_test(decide_inbound__no_connector__none),
        cmocka_unit_test(choice__most_specific_entry__table),
        cmocka_unit_test(choice__match__says_what_matched),
        cmocka_unit_test(choice__local_domains__fall_through_to_the_next_entry),
        cmocka_unit_test(choice__local_domains_beside_none__the_same_in_any_order),
        cmocka_unit_test(choice__before_rcpt__local_domains_always_fit),
        cmocka_unit_test(choice__several_readings__the_strictest),
        cmocka_unit_test(choice__several_readings__no_hiding_behind_a_passing_one),
        cmocka_unit_test(choice__several_readings_all_monitored__would_is_the_strictest),
        cmocka_unit_test(null_sender__network_then_helo_then_client_name__table),
        cmocka_unit_test(null_sender__certificate_of_the_partner__recognises_nobody),
        cmocka_unit_test(null_sender__named_sender__helo_and_networks_do_not_matter),
        cmocka_unit_test(null_sender__several_match__one_satisfied_is_enough),
        cmocka_unit_test(null_sender__network_not_satisfied__no_way_out_by_helo),
        cmocka_unit_test(null_sender__any_connector__applies),
        cmocka_unit_test(null_sender__local_domains__only_for_those),
        cmocka_unit_test(exempt__networks_and_authentication__table),
        cmocka_unit_test(exempt__default__loopback_only),
        cmocka_unit_test(decide_inbound__mail_that_did_not_come_by_smtp__none),
        cmocka_unit_test(near_miss__below_an_exact_entry__table),
        cmocka_unit_test(decide_inbound_possible__false__no_recipient_falls_under_a_connector),
        cmocka_unit_test(decision_stricter__verdicts__reject_defer_pass),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
