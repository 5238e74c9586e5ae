/* SPDX-License-Identifier: ISC */
/*
 * Properties of a decision, on generated rules and facts: less knowledge or higher demands never
 * let mail pass, monitor mode changes nothing but the verdict.
 */
#include "tests/unit/build.h"

#include <string.h>

#include "policy/decide.h"

static struct rules *one_rule(struct connector *connector, const char *patterns)
{
    struct rules *rules = build_rules();

    (void)build_add(rules, connector, patterns);
    build_finish(rules);
    return rules;
}

static uint32_t seed;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % limit;
}

/* The demands of one connector as numbers, so that each can be raised by itself. */
struct demands {
    unsigned level, protocol, bits, secrecy, allow, exclude, networks, entries;
    bool name, issuer, organization, key_bits, fingerprint;
};

static struct demands random_demands(void)
{
    return (struct demands){ .level = random_below(5),
                             .protocol = random_below(4),
                             .bits = random_below(3),
                             .secrecy = random_below(2),
                             .allow = random_below(3),
                             .exclude = random_below(2),
                             .networks = random_below(2),
                             .entries = random_below(3),
                             .name = random_below(2),
                             .issuer = random_below(2),
                             .organization = random_below(4) == 0,
                             .key_bits = random_below(4) == 0,
                             .fingerprint = random_below(3) == 0 };
}

static void demand_entry(struct connector *connector, const struct demands *demands, bool fits)
{
    struct certificate_entry *entry = build_entry(connector);

    if (demands->name)
        build_entry_name(entry, fits ? "mail.contoso.com" : "old.contoso.com");
    if (demands->issuer)
        entry->issuer = strdup("Example Issuing CA");
    if (demands->organization)
        entry->organization = strdup("Contoso Ltd");
    entry->key_bits = demands->key_bits ? 2048 : 0;
    entry->has_fingerprint = demands->fingerprint || connector->level == LEVEL_FINGERPRINT;
    entry->fingerprint = build_digest(0xaa);
}

static struct rules *rules_of(const struct demands *demands)
{
    static const char *const allow[] = { "", "TLS_AES_256_GCM_SHA384 ECDHE-RSA-AES128-GCM-SHA256",
                                         "ECDHE-RSA-AES128-GCM-SHA256" };
    static const int bits[] = { 0, 128, 256 };
    struct connector *connector = build_connector("contoso-in", (enum level)demands->level);

    connector->min_protocol = (enum tls_protocol)(PROTOCOL_TLSV1 + demands->protocol);
    connector->min_cipher_bits = bits[demands->bits];
    connector->forward_secrecy = demands->secrecy != 0;
    build_strings(&connector->ciphers, allow[demands->allow]);
    build_strings(&connector->exclude_ciphers, demands->exclude ? "AES128-SHA" : "");
    build_networks(&connector->client_networks, demands->networks ? "192.0.2.0/24" : "");
    for (unsigned i = 0; i < demands->entries || (i == 0 && demands->level == LEVEL_FINGERPRINT);
         i++)
        demand_entry(connector, demands, i == 1);
    return one_rule(connector, "*.contoso.com");
}

/* What was reported, as numbers; 0 is "not known" in each. */
enum { SUITES = 7 };

struct report {
    unsigned state, protocol, cipher, bits, trust, subject, issuer, organization, key_bits,
        fingerprint, client;
};

static struct report random_report(void)
{
    return (struct report){ random_below(3), random_below(5), random_below(SUITES), random_below(4),
                            random_below(5), random_below(4), random_below(3),      random_below(3),
                            random_below(3), random_below(5), random_below(3) };
}

/* A report that most often passes, so that both sides of each property are visited. */
static struct report good_report(void)
{
    struct report report = { 2, 4, 1, 3, 4, 1, 1, 1, 1, 4, 1 };

    if (random_below(2) == 0)
        report = (struct report){ 2, 3, 2, 2, 4, 1, 1, 1, 1, 4, 1 };
    return report;
}

static void scene_of(struct scene *scene, const struct report *report)
{
    static const struct span suites[SUITES] = {
        { NULL, 0 },        S("TLS_AES_256_GCM_SHA384"), S("ECDHE-RSA-AES128-GCM-SHA256"),
        S("AES128-SHA"),    S("ECDHE-RSA-NULL-SHA"),     S("ADH-AES256-GCM-SHA384"),
        S("SOMETHING-NEW"),
    };
    static const int bits[] = { -1, 0, 128, 256 }, key_bits[] = { 0, 2048, 1024 };
    static const enum trust trusts[] = { TRUST_NOT_REPORTED, TRUST_NO_CERTIFICATE, TRUST_UNTRUSTED,
                                         TRUST_NONE_OR_UNTRUSTED, TRUST_TRUSTED };
    static const enum pin_state pins[] = { PIN_NOT_REPORTED, PIN_OTHER_DIGEST, PIN_NO_CERTIFICATE,
                                           PIN_KNOWN, PIN_KNOWN };
    static const struct span subjects[] = {
        { NULL, 0 }, S("mail.contoso.com"), S("x.example"), S("")
    };
    static const struct span issuers[] = { { NULL, 0 }, S("Example Issuing CA"), S("Other CA") };
    static const struct span organizations[] = { { NULL, 0 }, S("Contoso Ltd"), S("Other Ltd") };
    static const char *const ips[] = { NULL, "192.0.2.25", "203.0.113.9" };
    struct facts *facts = &scene->facts;

    scene_init(scene, "<a@contoso.com>", "<b@example.org>");
    facts->tls.state = (enum tls_state)report->state;
    facts->tls.protocol = report->protocol == 0
                              ? PROTOCOL_UNKNOWN
                              : (enum tls_protocol)(PROTOCOL_TLSV1 + report->protocol - 1);
    facts->tls.cipher = suites[report->cipher];
    facts->tls.cipher_bits = bits[report->bits];
    facts->certificate.trust = trusts[report->trust];
    facts->certificate.subject = subjects[report->subject];
    facts->certificate.issuer = issuers[report->issuer];
    facts->certificate.organization = organizations[report->organization];
    facts->certificate.key_bits = key_bits[report->key_bits];
    facts->certificate.fingerprint_state = pins[report->fingerprint];
    facts->certificate.fingerprint = build_digest(report->fingerprint == 4 ? 0xaa : 0xbb);
    scene_set_client(scene, ips[report->client], "mail.contoso.com", true);
}

static enum verdict verdict_of(const struct rules *rules, const struct report *report)
{
    struct scene scene;
    struct decision decision;

    scene_of(&scene, report);
    decide_inbound(rules, &scene.facts, &decision);
    scene_release(&scene);
    assert_non_null(decision.match.connector);
    assert_int_equal(decision.verdict, decision.would);
    assert_int_equal(decision.verdict == VERDICT_PASS, decision.outcome == OUTCOME_PASS);
    assert_int_equal(decision.outcome == OUTCOME_PASS, decision.reason == REASON_NONE);
    return decision.verdict;
}

enum { REPORT_FIELDS = sizeof(struct report) / sizeof(unsigned) };

static void property__any_fact_taken_away__no_refusal_becomes_a_pass(void **state)
{
    unsigned passes = 0, refusals = 0;

    (void)state;
    seed = 1;
    for (int round = 0; round < 20000; round++) {
        struct demands demands = random_demands();
        struct rules *rules = rules_of(&demands);
        struct report report = random_below(2) == 0 ? random_report() : good_report();
        enum verdict verdict;

        ((unsigned *)&report)[random_below(REPORT_FIELDS)] = 2; /* 2 is in every field's range */
        verdict = verdict_of(rules, &report);
        passes += verdict == VERDICT_PASS;
        refusals += verdict != VERDICT_PASS;
        for (size_t field = 0; field < REPORT_FIELDS && verdict != VERDICT_PASS; field++) {
            struct report less = report;

            ((unsigned *)&less)[field] = 0;
            if (verdict_of(rules, &less) == VERDICT_PASS)
                fail_msg("round %d: without fact %zu it passes", round, field);
        }
        rules_free(rules);
    }
    assert_true(passes > 1000);
    assert_true(refusals > 1000);
}

/* Each demand raised by one step; false where there is no higher step. The step from `secure` to
 * `fingerprint` is none: it asks for other things ("whatever its chain"). */
static bool raise(struct demands *demands, unsigned which)
{
    switch (which) {
    case 0:
        demands->level++;
        return demands->level <= LEVEL_SECURE;
    case 1:
        return ++demands->protocol < 4;
    case 2:
        return ++demands->bits < 3;
    case 3:
        return ++demands->secrecy < 2;
    case 4:
        return ++demands->allow < 3;
    case 5:
        return ++demands->exclude < 2;
    case 6:
        return ++demands->networks < 2;
    case 7: /* one alternative fewer; the first one never fits by name */
        return demands->entries == 2 && --demands->entries == 1;
    case 8:
        demands->name = true;
        return demands->entries > 0;
    case 9:
        demands->issuer = true;
        return demands->entries > 0;
    case 10:
        demands->organization = true;
        return demands->entries > 0;
    case 11:
        demands->key_bits = true;
        return demands->entries > 0;
    case 12:
        demands->fingerprint = true;
        return demands->entries > 0;
    default:
        return false;
    }
}

static void property__any_demand_raised__no_refusal_becomes_a_pass(void **state)
{
    unsigned turned = 0;

    (void)state;
    seed = 2;
    for (int round = 0; round < 8000; round++) {
        struct demands demands = random_demands();
        struct rules *rules = rules_of(&demands);
        struct report report = random_below(3) == 0 ? random_report() : good_report();
        enum verdict verdict = verdict_of(rules, &report);

        rules_free(rules);
        for (unsigned which = 0; which < 13; which++) {
            struct demands higher = demands;
            enum verdict then;

            if (!raise(&higher, which))
                continue;
            rules = rules_of(&higher);
            then = verdict_of(rules, &report);
            rules_free(rules);
            if (verdict != VERDICT_PASS && then == VERDICT_PASS)
                fail_msg("round %d: with demand %u raised it passes", round, which);
            turned += verdict == VERDICT_PASS && then != VERDICT_PASS;
        }
    }
    assert_true(turned > 500); /* the demands do bite */
}

static void property__monitor__changes_nothing_but_the_verdict(void **state)
{
    (void)state;
    seed = 3;
    for (int round = 0; round < 5000; round++) {
        struct demands demands = random_demands();
        struct rules *rules = rules_of(&demands);
        struct report report = random_report();
        struct scene scene;
        struct decision enforced, monitored;

        scene_of(&scene, &report);
        decide_inbound(rules, &scene.facts, &enforced);
        rules->settings.mode = MODE_MONITOR;
        decide_inbound(rules, &scene.facts, &monitored);
        assert_false(enforced.monitored);
        assert_true(monitored.monitored);
        assert_int_equal(monitored.verdict, VERDICT_PASS);
        assert_int_equal(monitored.would, enforced.would);
        assert_int_equal(monitored.outcome, enforced.outcome);
        assert_int_equal(monitored.reason, enforced.reason);
        assert_ptr_equal(monitored.match.connector, enforced.match.connector);
        assert_int_equal(monitored.trail.count, enforced.trail.count);
        for (size_t i = 0; i < enforced.trail.count; i++) {
            assert_int_equal(monitored.trail.results[i].check, enforced.trail.results[i].check);
            assert_int_equal(monitored.trail.results[i].outcome, enforced.trail.results[i].outcome);
            assert_int_equal(monitored.trail.results[i].reason, enforced.trail.results[i].reason);
        }
        scene_release(&scene);
        rules_free(rules);
    }
}

/* Everything unknown but the sender: nobody passes that something is demanded of. */
static void property__nothing_reported__no_level_but_may_passes(void **state)
{
    (void)state;
    for (int level = LEVEL_MAY; level < LEVELS; level++) {
        struct connector *connector = build_connector("contoso-in", (enum level)level);
        struct rules *rules;
        struct scene scene;
        struct facts nothing;
        struct decision decision;

        build_entry(connector)->has_fingerprint = true; /* of nothing but zeros */
        rules = one_rule(connector, "contoso.com");
        scene_init(&scene, "<a@contoso.com>", "<b@example.org>");
        facts_init(&nothing);
        nothing.sender_address = scene.facts.sender_address;
        nothing.recipient_address = scene.facts.recipient_address;
        decide_inbound(rules, &nothing, &decision);
        assert_int_equal(decision.verdict, level == LEVEL_MAY ? VERDICT_PASS : VERDICT_DEFER);
        nothing.tls.state = TLS_ENCRYPTED;
        decide_inbound(rules, &nothing, &decision);
        assert_int_equal(decision.verdict, level == LEVEL_MAY ? VERDICT_PASS : VERDICT_DEFER);
        scene_release(&scene);
        rules_free(rules);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(property__any_fact_taken_away__no_refusal_becomes_a_pass),
        cmocka_unit_test(property__any_demand_raised__no_refusal_becomes_a_pass),
        cmocka_unit_test(property__monitor__changes_nothing_but_the_verdict),
        cmocka_unit_test(property__nothing_reported__no_level_but_may_passes),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
