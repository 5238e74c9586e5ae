/* SPDX-License-Identifier: ISC */
/* Tests of policy/decide_outbound and judge_hop: where mail goes, and what was seen there. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/decide_outbound.h"
#include "policy/judge_hop.h"

/* One partner, its hop, and a recipient. */
struct stage {
    struct rules *rules;
    struct connector *connector;
    struct party party;
    struct scene scene;
    struct decision decision;
};

static void stage_init(struct stage *stage, enum level level, size_t hosts)
{
    memset(stage, 0, sizeof(*stage));
    stage->rules = build_rules();
    stage->connector = build_outbound("contoso-out", level);
    stage->connector->action = ACTION_REJECT;
    party_init(&stage->party, hosts);
    scene_init_outbound(&stage->scene, "<b@contoso.com>", "contoso.com");
}

/* The file is complete. */
static void stage_ready(struct stage *stage)
{
    (void)build_add(stage->rules, stage->connector, "*.contoso.com");
    build_finish(stage->rules);
}

static const struct decision *stage_decide(struct stage *stage)
{
    struct hop_source source = party_source(&stage->party);

    memset(&stage->decision, 'x', sizeof(stage->decision));
    decide_outbound(stage->rules, &stage->scene.facts, &source, &stage->decision);
    return &stage->decision;
}

static void stage_release(struct stage *stage)
{
    scene_release(&stage->scene);
    rules_free(stage->rules);
}

static unsigned expect(const struct stage *stage, enum outcome outcome, enum reason reason,
                       enum verdict verdict, const char *label)
{
    const struct decision *got = &stage->decision;

    return row(got->outcome == outcome && got->reason == reason && got->verdict == verdict &&
                   got->direction == DIRECTION_OUTBOUND,
               "%s: %s %s %s", label, outcome_word(got->outcome), reason_word(got->reason),
               verdict_word(got->verdict));
}

/* ---- states ---------------------------------------------------------------------------------- */

static const struct state_row {
    enum hop_state state;
    enum outcome outcome; /* OUTCOME_NONE: it does not count beside another that can be reached */
    enum reason reason;
} states[HOP_STATES] = {
    [HOP_NOT_ALLOWED] = { HOP_NOT_ALLOWED, OUTCOME_UNKNOWN, REASON_MX_UNREACHABLE },
    [HOP_UNREACHABLE] = { HOP_UNREACHABLE, OUTCOME_NONE, REASON_MX_UNREACHABLE },
    [HOP_BUSY] = { HOP_BUSY, OUTCOME_UNKNOWN, REASON_MX_UNREACHABLE },
    [HOP_REJECTED] = { HOP_REJECTED, OUTCOME_UNKNOWN, REASON_MX_UNREACHABLE },
    [HOP_NOT_SMTP] = { HOP_NOT_SMTP, OUTCOME_UNKNOWN, REASON_MX_UNREACHABLE },
    [HOP_NO_STARTTLS] = { HOP_NO_STARTTLS, OUTCOME_FAIL, REASON_STARTTLS_NOT_OFFERED },
    [HOP_STARTTLS_REFUSED] = { HOP_STARTTLS_REFUSED, OUTCOME_FAIL, REASON_STARTTLS_FAILED },
    [HOP_INJECTED] = { HOP_INJECTED, OUTCOME_FAIL, REASON_STARTTLS_FAILED },
    [HOP_TLS_FAILED] = { HOP_TLS_FAILED, OUTCOME_FAIL, REASON_STARTTLS_FAILED },
    [HOP_TLS] = { HOP_TLS, OUTCOME_PASS, REASON_NONE },
};

static enum verdict wanted_verdict(enum outcome outcome, enum action action,
                                   enum unknown_rule unknown, bool fresh, bool confirmed)
{
    if (outcome == OUTCOME_PASS)
        return VERDICT_PASS;
    if (outcome != OUTCOME_FAIL)
        return unknown == UNKNOWN_ACCEPT ? VERDICT_PASS : VERDICT_DEFER;
    return action == ACTION_REJECT && fresh && confirmed ? VERDICT_REJECT : VERDICT_DEFER;
}

/* One host in each state, at each level, with every combination of what is to be done. */
static void decide_outbound__each_state_level_and_rule__outcome_and_verdict(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (int i = 0; i < HOP_STATES * LEVELS * 64; i++) {
        enum hop_state hop_state = (enum hop_state)(i % HOP_STATES);
        enum level level = (enum level)(i / HOP_STATES % LEVELS);
        unsigned bits = (unsigned)(i / HOP_STATES / LEVELS);
        bool fresh = bits & 8, confirmed = bits & 16;
        enum outcome outcome = states[hop_state].outcome;
        enum reason reason = states[hop_state].reason;
        struct stage stage;
        char label[128];

        stage_init(&stage, level, 1);
        stage.connector->action = bits & 1 ? ACTION_REJECT : ACTION_DEFER;
        stage.connector->unknown = bits & 2 ? UNKNOWN_DEFER : UNKNOWN_ACCEPT;
        if (!(bits & 2))
            stage.rules->settings.tls_policy_socket = strdup("unix:/x");
        stage.connector->mx = bits & 4 ? MX_ANY : MX_ALL;
        stage.connector->mode = bits & 32 ? MODE_MONITOR : MODE_ENFORCE;
        stage.party.knowledge.fresh = fresh;
        stage.party.knowledge.confirmed = confirmed;
        party_set_state(&stage.party, 0, hop_state, "451 no");
        if (level == LEVEL_FINGERPRINT) {
            struct certificate_entry *entry = build_entry(stage.connector);

            entry->has_fingerprint = true;
            entry->fingerprint = build_digest(0xaa);
        }
        stage_ready(&stage);
        (void)stage_decide(&stage);
        if (level == LEVEL_MAY) {
            outcome = OUTCOME_PASS;
            reason = REASON_NONE;
        } else if (outcome == OUTCOME_NONE) {
            outcome = OUTCOME_UNKNOWN;
        }
        (void)snprintf(label, sizeof(label), "%s at %s, bits %x", hop_state_word(hop_state),
                       level_word(level), bits);
        bad +=
            row(stage.decision.would == wanted_verdict(outcome, stage.connector->action,
                                                       stage.connector->unknown, fresh, confirmed),
                "%s: would %s", label, verdict_word(stage.decision.would));
        bad +=
            expect(&stage, outcome, reason, bits & 32 ? VERDICT_PASS : stage.decision.would, label);
        bad += row(stage.decision.monitored == (bool)(bits & 32), "%s: monitored", label);
        if (level != LEVEL_MAY)
            bad += row(stage.decision.seen.host == &stage.party.hosts[0] &&
                           stage.decision.seen.address == &stage.party.addresses[0][0] &&
                           stage.decision.seen.age == 312 && stage.decision.trail.count > 0,
                       "%s: seen", label);
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

/* ---- several hosts --------------------------------------------------------------------------- */

/* A letter a host: P passes, F does not offer STARTTLS, W has a weak cipher, B is busy, U cannot be
 * reached, S is ourselves, N has no address, D cannot be resolved. */
static void set_hosts(struct stage *stage, const char *hosts)
{
    stage->party.facts.host_count = strlen(hosts);
    for (size_t i = 0; hosts[i] != '\0'; i++) {
        struct hop_host *host = &stage->party.hosts[i];

        if (hosts[i] == 'F')
            party_set_state(&stage->party, i, HOP_NO_STARTTLS, NULL);
        else if (hosts[i] == 'B')
            party_set_state(&stage->party, i, HOP_BUSY, "454 4.7.0 TLS not available");
        else if (hosts[i] == 'U')
            party_set_state(&stage->party, i, HOP_UNREACHABLE, "Connection refused");
        else if (hosts[i] == 'W')
            stage->party.addresses[i][0].tls.cipher_bits = 112;
        else if (hosts[i] == 'S')
            host->self = true;
        if (hosts[i] != 'N' && hosts[i] != 'D')
            continue;
        host->address_count = 0;
        host->lookup = hosts[i] == 'N' ? LOOKUP_NXDOMAIN : LOOKUP_SERVFAIL;
    }
}

static void decide_outbound__several_hosts__all_or_any(void **state)
{
    static const struct {
        const char *hosts;
        enum outcome all, any;
        enum reason all_reason, any_reason;
        int all_host, any_host; /* that the decision stands on; -1: none */
    } rows[] = {
        { "P", OUTCOME_PASS, OUTCOME_PASS, 0, 0, 0, 0 },
        { "PP", OUTCOME_PASS, OUTCOME_PASS, 0, 0, 0, 0 },
        { "PF", OUTCOME_FAIL, OUTCOME_PASS, REASON_STARTTLS_NOT_OFFERED, 0, 1, 0 },
        { "FP", OUTCOME_FAIL, OUTCOME_PASS, REASON_STARTTLS_NOT_OFFERED, 0, 0, 1 },
        { "FF", OUTCOME_FAIL, OUTCOME_FAIL, REASON_STARTTLS_NOT_OFFERED,
          REASON_STARTTLS_NOT_OFFERED, 0, 0 },
        /* the worst one, not the first */
        { "WF", OUTCOME_FAIL, OUTCOME_FAIL, REASON_STARTTLS_NOT_OFFERED,
          REASON_STARTTLS_NOT_OFFERED, 1, 1 },
        { "FW", OUTCOME_FAIL, OUTCOME_FAIL, REASON_STARTTLS_NOT_OFFERED,
          REASON_STARTTLS_NOT_OFFERED, 0, 0 },
        { "PW", OUTCOME_FAIL, OUTCOME_PASS, REASON_CIPHER_TOO_WEAK, 0, 1, 0 },
        /* what cannot be reached does not count beside what can */
        { "PU", OUTCOME_PASS, OUTCOME_PASS, 0, 0, 0, 0 },
        { "UP", OUTCOME_PASS, OUTCOME_PASS, 0, 0, 1, 1 },
        { "NP", OUTCOME_PASS, OUTCOME_PASS, 0, 0, 1, 1 },
        { "UF", OUTCOME_FAIL, OUTCOME_UNKNOWN, REASON_STARTTLS_NOT_OFFERED, REASON_MX_UNREACHABLE,
          1, 0 },
        { "UU", OUTCOME_UNKNOWN, OUTCOME_UNKNOWN, REASON_MX_UNREACHABLE, REASON_MX_UNREACHABLE, 0,
          0 },
        { "N", OUTCOME_UNKNOWN, OUTCOME_UNKNOWN, REASON_DNS_FAILURE, REASON_DNS_FAILURE, 0, 0 },
        /* overload, and a DNS that does not answer, are not known */
        { "PB", OUTCOME_UNKNOWN, OUTCOME_PASS, REASON_MX_UNREACHABLE, 0, 1, 0 },
        { "PD", OUTCOME_UNKNOWN, OUTCOME_PASS, REASON_DNS_FAILURE, 0, 1, 0 },
        { "BF", OUTCOME_FAIL, OUTCOME_UNKNOWN, REASON_STARTTLS_NOT_OFFERED, REASON_MX_UNREACHABLE,
          1, 0 },
        { "UB", OUTCOME_UNKNOWN, OUTCOME_UNKNOWN, REASON_MX_UNREACHABLE, REASON_MX_UNREACHABLE, 1,
          1 },
        /* ourselves */
        { "PS", OUTCOME_PASS, OUTCOME_PASS, 0, 0, 0, 0 },
        { "FS", OUTCOME_FAIL, OUTCOME_FAIL, REASON_STARTTLS_NOT_OFFERED,
          REASON_STARTTLS_NOT_OFFERED, 0, 0 },
        { "S", OUTCOME_UNKNOWN, OUTCOME_UNKNOWN, REASON_MX_UNREACHABLE, REASON_MX_UNREACHABLE, -1,
          -1 },
        { "", OUTCOME_UNKNOWN, OUTCOME_UNKNOWN, REASON_DNS_FAILURE, REASON_DNS_FAILURE, -1, -1 },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < 2 * ROWS(rows); i++) {
        bool any = i % 2;
        int host = any ? rows[i / 2].any_host : rows[i / 2].all_host;
        enum outcome outcome = any ? rows[i / 2].any : rows[i / 2].all;
        struct stage stage;
        char label[64];

        stage_init(&stage, LEVEL_ENCRYPT, 0);
        stage.connector->mx = any ? MX_ANY : MX_ALL;
        set_hosts(&stage, rows[i / 2].hosts);
        stage_ready(&stage);
        (void)stage_decide(&stage);
        (void)snprintf(label, sizeof(label), "%s %s", rows[i / 2].hosts, any ? "any" : "all");
        bad += expect(&stage, outcome, any ? rows[i / 2].any_reason : rows[i / 2].all_reason,
                      outcome == OUTCOME_PASS   ? VERDICT_PASS
                      : outcome == OUTCOME_FAIL ? VERDICT_REJECT
                                                : VERDICT_DEFER,
                      label);
        bad += row(stage.decision.seen.host == (host < 0 ? NULL : &stage.party.hosts[host]),
                   "%s: another host", label);
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

/* Each address of a host that can be reached must do. */
static void decide_outbound__several_addresses__each_counts(void **state)
{
    static const struct {
        enum hop_state first, second;
        enum outcome outcome;
        int address;
    } rows[] = {
        { HOP_TLS, HOP_TLS, OUTCOME_PASS, 0 },
        { HOP_TLS, HOP_NO_STARTTLS, OUTCOME_FAIL, 1 },
        { HOP_NO_STARTTLS, HOP_TLS, OUTCOME_FAIL, 0 },
        { HOP_UNREACHABLE, HOP_TLS, OUTCOME_PASS, 1 },
        { HOP_TLS, HOP_UNREACHABLE, OUTCOME_PASS, 0 },
        { HOP_TLS, HOP_BUSY, OUTCOME_UNKNOWN, 1 },
        { HOP_TLS, HOP_NOT_ALLOWED, OUTCOME_UNKNOWN, 1 },
        { HOP_UNREACHABLE, HOP_UNREACHABLE, OUTCOME_UNKNOWN, 0 },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < 2 * ROWS(rows); i++) {
        struct stage stage;

        stage_init(&stage, LEVEL_VERIFY, 1);
        stage.connector->mx = i % 2 ? MX_ANY : MX_ALL; /* a rule for hosts, not for addresses */
        stage.party.hosts[0].address_count = 2;
        stage.party.addresses[0][0].state = rows[i / 2].first;
        stage.party.addresses[0][1].state = rows[i / 2].second;
        stage_ready(&stage);
        (void)stage_decide(&stage);
        bad +=
            row(stage.decision.outcome == rows[i / 2].outcome &&
                    stage.decision.seen.address == &stage.party.addresses[0][rows[i / 2].address],
                "row %zu: %s", i / 2, outcome_word(stage.decision.outcome));
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

/* A bound of the prober's was reached: what it left out could be anything. */
static void decide_outbound__hosts_or_addresses_left_out__unknown(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, LEVEL_ENCRYPT, 2);
    stage.party.facts.left_out = 1;
    stage_ready(&stage);
    (void)stage_decide(&stage);
    assert_int_equal(expect(&stage, OUTCOME_UNKNOWN, REASON_MX_UNREACHABLE, VERDICT_DEFER, "hosts"),
                     0);
    stage.connector->mx = MX_ANY;
    (void)stage_decide(&stage);
    assert_int_equal(expect(&stage, OUTCOME_PASS, REASON_NONE, VERDICT_PASS, "any"), 0);
    stage.connector->mx = MX_ALL;
    stage.party.facts.left_out = 0;
    stage.party.hosts[1].left_out = 1;
    (void)stage_decide(&stage);
    assert_int_equal(
        expect(&stage, OUTCOME_UNKNOWN, REASON_MX_UNREACHABLE, VERDICT_DEFER, "addresses"), 0);
    stage_release(&stage);
}

/* ---- what is known --------------------------------------------------------------------------- */

static void decide_outbound__nothing_known__its_reason(void **state)
{
    static const struct {
        enum reason missing, reason;
    } rows[] = {
        { REASON_NOT_PROBED_YET, REASON_NOT_PROBED_YET },
        { REASON_PROBER_FAILURE, REASON_PROBER_FAILURE },
        { REASON_NONE, REASON_NOT_PROBED_YET },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < 4 * ROWS(rows); i++) {
        struct stage stage;

        stage_init(&stage, LEVEL_ENCRYPT, 0);
        stage.connector->unknown = i % 2 ? UNKNOWN_ACCEPT : UNKNOWN_DEFER;
        if (i % 2)
            stage.rules->settings.tls_policy_socket = strdup("unix:/x");
        stage.connector->mx = i / 2 % 2 ? MX_ANY : MX_ALL;
        stage.party.knowledge.facts = NULL;
        stage.party.knowledge.missing = rows[i / 4].missing;
        stage_ready(&stage);
        (void)stage_decide(&stage);
        bad += expect(&stage, OUTCOME_UNKNOWN, rows[i / 4].reason,
                      i % 2 ? VERDICT_PASS : VERDICT_DEFER, "nothing known");
        bad += row(stage.decision.seen.age == -1, "an age of nothing");
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

static void decide_outbound__dns__each_result_is_unknown(void **state)
{
    static const enum lookup rows[] = { LOOKUP_NULL_MX, LOOKUP_NXDOMAIN, LOOKUP_SERVFAIL,
                                        LOOKUP_TIMEOUT, LOOKUP_BOGUS,    LOOKUP_NONE };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct stage stage;

        stage_init(&stage, LEVEL_ENCRYPT, 0);
        stage.party.facts.lookup = rows[i];
        stage_ready(&stage);
        (void)stage_decide(&stage);
        bad += expect(&stage, OUTCOME_UNKNOWN, REASON_DNS_FAILURE, VERDICT_DEFER,
                      lookup_word(rows[i]));
        bad += row(stage.decision.seen.lookup == rows[i], "%s: lost", lookup_word(rows[i]));
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

/* Facts that were gathered for other trust stores, or a store that cannot be read. */
static void decide_outbound__trust_store__the_connectors_own_counts(void **state)
{
    static const struct {
        const char *own, *global;
        struct hop_trust trusts[2];
        enum outcome outcome;
        enum reason reason;
    } rows[] = {
        { NULL, NULL, { { S(""), STORE_TRUSTED, S("R"), true, S("") } }, OUTCOME_PASS, 0 },
        { NULL,
          "/g",
          { { S(""), STORE_TRUSTED, S("R"), true, S("") } },
          OUTCOME_UNKNOWN,
          REASON_NOT_PROBED_YET },
        { NULL,
          "/g",
          { { S(""), STORE_UNTRUSTED, S(""), true, S("") },
            { S("/g"), STORE_TRUSTED, S("R"), true, S("") } },
          OUTCOME_PASS,
          0 },
        { "/o",
          "/g",
          { { S("/o"), STORE_UNTRUSTED, S(""), true, S("unknown-issuer") },
            { S("/g"), STORE_TRUSTED, S("R"), true, S("") } },
          OUTCOME_FAIL,
          REASON_CERTIFICATE_NOT_TRUSTED },
        { "/o",
          "/g",
          { { S("/g"), STORE_UNTRUSTED, S(""), true, S("") },
            { S("/o"), STORE_TRUSTED, S("R"), true, S("") } },
          OUTCOME_PASS,
          0 },
        { "/o",
          "/g",
          { { S("/o"), STORE_ERROR, S(""), false, S("") },
            { S("/g"), STORE_TRUSTED, S("R"), true, S("") } },
          OUTCOME_UNKNOWN,
          REASON_PROBER_FAILURE },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct stage stage;

        stage_init(&stage, LEVEL_VERIFY, 1);
        if (rows[i].own != NULL)
            stage.connector->trust_store = strdup(rows[i].own);
        if (rows[i].global != NULL)
            stage.rules->settings.trust_store = strdup(rows[i].global);
        stage.party.addresses[0][0].trusts = rows[i].trusts;
        stage.party.addresses[0][0].trust_count = rows[i].trusts[1].store.length > 0 ? 2 : 1;
        stage_ready(&stage);
        (void)stage_decide(&stage);
        bad += row(stage.decision.outcome == rows[i].outcome &&
                       stage.decision.reason == rows[i].reason,
                   "row %zu: %s %s", i, outcome_word(stage.decision.outcome),
                   reason_word(stage.decision.reason));
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

/* Two connectors share a host: facts are shared, verdicts never. */
static void decide_outbound__two_connectors_and_one_host__each_its_own_verdict(void **state)
{
    static const struct hop_trust trusts[] = {
        { S("/strict"), STORE_UNTRUSTED, S(""), true, S("unknown-issuer") },
        { S("/wide"), STORE_TRUSTED, S("R"), true, S("") },
    };

    (void)state;
    for (int flip = 0; flip < 2; flip++) {
        struct rules *rules = build_rules();
        struct connector *strict = build_outbound("strict", LEVEL_VERIFY);
        struct connector *wide = build_outbound("wide", LEVEL_VERIFY);
        struct party party;
        struct hop_source source = party_source(&party);

        strict->trust_store = strdup("/strict");
        wide->trust_store = strdup("/wide");
        (void)build_add(rules, flip ? wide : strict, flip ? "wide.example" : "strict.example");
        (void)build_add(rules, flip ? strict : wide, flip ? "strict.example" : "wide.example");
        build_finish(rules);
        party_init(&party, 1);
        party.addresses[0][0].trusts = trusts;
        party.addresses[0][0].trust_count = 2;
        for (int i = 0; i < 4; i++) {
            bool is_strict = (i + flip) % 2;
            struct scene scene;
            struct decision decision;

            scene_init_outbound(&scene, is_strict ? "<b@strict.example>" : "<b@wide.example>",
                                is_strict ? "strict.example" : "wide.example");
            decide_outbound(rules, &scene.facts, &source, &decision);
            assert_ptr_equal(decision.match.connector, is_strict ? strict : wide);
            assert_int_equal(decision.outcome, is_strict ? OUTCOME_FAIL : OUTCOME_PASS);
            scene_release(&scene);
        }
        rules_free(rules);
    }
}

/* ---- the certificate ------------------------------------------------------------------------- */

static void decide_outbound__certificate__each_level(void **state)
{
    enum spoil {
        GOOD,
        NONE,
        UNTRUSTED,
        EXPIRED,
        REVOKED,
        STAPLED,
        RAN_OUT,
        OTHER_HOST,
        OTHER_NAME
    };
    static const struct {
        enum spoil spoil;
        enum reason at[LEVELS]; /* 0: pass */
    } rows[] = {
        { GOOD, { 0 } },
        { NONE,
          { [LEVEL_VERIFY] = REASON_NO_CERTIFICATE,
            [LEVEL_SECURE] = REASON_NO_CERTIFICATE,
            [LEVEL_FINGERPRINT] = REASON_NO_CERTIFICATE } },
        { UNTRUSTED,
          { [LEVEL_VERIFY] = REASON_CERTIFICATE_NOT_TRUSTED,
            [LEVEL_SECURE] = REASON_CERTIFICATE_NOT_TRUSTED } },
        { EXPIRED,
          { [LEVEL_VERIFY] = REASON_CERTIFICATE_EXPIRED,
            [LEVEL_SECURE] = REASON_CERTIFICATE_EXPIRED } },
        { REVOKED,
          { [LEVEL_VERIFY] = REASON_CERTIFICATE_REVOKED,
            [LEVEL_SECURE] = REASON_CERTIFICATE_REVOKED } },
        { STAPLED,
          { [LEVEL_VERIFY] = REASON_CERTIFICATE_REVOKED,
            [LEVEL_SECURE] = REASON_CERTIFICATE_REVOKED } },
        { RAN_OUT,
          { [LEVEL_VERIFY] = REASON_CERTIFICATE_EXPIRED,
            [LEVEL_SECURE] = REASON_CERTIFICATE_EXPIRED } },
        { OTHER_HOST, { [LEVEL_VERIFY] = REASON_CERTIFICATE_MISMATCH } },
        { OTHER_NAME, { [LEVEL_SECURE] = REASON_CERTIFICATE_MISMATCH } },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows) * LEVELS; i++) {
        enum level level = (enum level)(i % LEVELS);
        enum spoil spoil = rows[i / LEVELS].spoil;
        enum reason reason = rows[i / LEVELS].at[level];
        struct hop_address *address;
        struct hop_trust *trust;
        struct stage stage;
        char label[64];

        stage_init(&stage, level, 1);
        address = &stage.party.addresses[0][0];
        trust = &stage.party.trusts[0][0];
        if (level == LEVEL_FINGERPRINT) {
            struct certificate_entry *entry = build_entry(stage.connector);

            entry->has_public_key = true;
            entry->public_key = build_digest(0xbb);
        }
        address->has_certificate = spoil != NONE;
        address->revoked = spoil == STAPLED;
        if (spoil == UNTRUSTED || spoil == EXPIRED || spoil == REVOKED)
            trust->state = STORE_UNTRUSTED;
        trust->error = spoil == UNTRUSTED ? SPAN("self-signed")
                       : spoil == EXPIRED ? SPAN("certificate-expired")
                       : spoil == REVOKED ? SPAN("revoked")
                                          : SPAN("");
        trust->names_ok = spoil != OTHER_HOST;
        if (spoil == RAN_OUT)
            address->certificate_until = NOW;
        if (spoil == OTHER_NAME)
            stage.party.names[0] = SPAN("mx1.fabrikam.com");
        stage_ready(&stage);
        (void)stage_decide(&stage);
        (void)snprintf(label, sizeof(label), "certificate %d at %s", (int)spoil, level_word(level));
        /* What has run out since the probe may have been renewed since: no 5xx. */
        bad += expect(&stage, reason == 0 ? OUTCOME_PASS : OUTCOME_FAIL, reason,
                      reason == 0        ? VERDICT_PASS
                      : spoil == RAN_OUT ? VERDICT_DEFER
                                         : VERDICT_REJECT,
                      label);
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

/* Outbound everything of a certificate was seen: what it does not have it does not have. */
static void decide_outbound__entries_of_certificates__everything_can_be_compared(void **state)
{
    static const struct {
        const char *name, *issuer, *root, *organization, *unit;
        int key_bits;
        enum reason reason;
    } rows[] = {
        { .name = "mx1.contoso.com" },
        { .name = "*.contoso.com" },
        { .name = "mx1.contoso.com",
          .issuer = "Example Issuing CA",
          .root = "Example Root CA",
          .organization = "Contoso",
          .key_bits = 2048 },
        { .name = "mail.contoso.com", .reason = REASON_CERTIFICATE_MISMATCH },
        { .name = "mx1.contoso.com", .issuer = "Other", .reason = REASON_CERTIFICATE_MISMATCH },
        { .name = "mx1.contoso.com", .root = "Other", .reason = REASON_CERTIFICATE_MISMATCH },
        { .name = "mx1.contoso.com",
          .organization = "Other",
          .reason = REASON_CERTIFICATE_MISMATCH },
        { .name = "mx1.contoso.com", .unit = "Mail", .reason = REASON_CERTIFICATE_MISMATCH },
        { .name = "mx1.contoso.com", .key_bits = 3072, .reason = REASON_KEY_TOO_SMALL },
        /* without a name: that of the host */
        { .root = "Example Root CA" },
        { .root = "Other", .reason = REASON_CERTIFICATE_MISMATCH },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct certificate_entry *entry;
        struct stage stage;
        char label[32];

        stage_init(&stage, LEVEL_SECURE, 1);
        entry = build_entry(stage.connector);
        if (rows[i].name != NULL)
            build_entry_name(entry, rows[i].name);
        entry->issuer = rows[i].issuer != NULL ? strdup(rows[i].issuer) : NULL;
        entry->root = rows[i].root != NULL ? strdup(rows[i].root) : NULL;
        entry->organization = rows[i].organization != NULL ? strdup(rows[i].organization) : NULL;
        entry->organizational_unit = rows[i].unit != NULL ? strdup(rows[i].unit) : NULL;
        entry->key_bits = rows[i].key_bits;
        stage_ready(&stage);
        (void)stage_decide(&stage);
        (void)snprintf(label, sizeof(label), "entry %zu", i);
        bad += expect(&stage, rows[i].reason == 0 ? OUTCOME_PASS : OUTCOME_FAIL, rows[i].reason,
                      rows[i].reason == 0 ? VERDICT_PASS : VERDICT_REJECT, label);
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

/* RFC 9525, 6.3: no CN where there is a subjectAltName, even one without DNS names. */
static void decide_outbound__names__the_cn_counts_only_alone(void **state)
{
    static const struct {
        struct span cn;
        bool has_alt_names;
        size_t count;
        struct span alt;
        enum reason reason;
    } rows[] = {
        { S("mx.contoso.com"), false, 0, S(""), 0 },
        { S("mx.contoso.com"), true, 0, S(""), REASON_CERTIFICATE_MISMATCH },
        { S("mx.contoso.com"), true, 1, S("mx.fabrikam.com"), REASON_CERTIFICATE_MISMATCH },
        { S("mx.fabrikam.com"), true, 1, S("mx.contoso.com"), 0 },
        { S("mx.fabrikam.com"), true, 1, S("*.contoso.com"), 0 },
        { S("mx.fabrikam.com"), true, 1, S("*.com"), REASON_CERTIFICATE_MISMATCH },
        { S(""), false, 0, S(""), REASON_CERTIFICATE_MISMATCH },
        { S(""), true, 1, S("mx.contoso.com"), 0 },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct certificate_facts *certificate;
        struct stage stage;

        stage_init(&stage, LEVEL_SECURE, 1);
        build_entry_name(build_entry(stage.connector), "mx.contoso.com");
        certificate = &stage.party.addresses[0][0].certificate;
        certificate->subject = rows[i].cn;
        certificate->has_alt_names = rows[i].has_alt_names;
        certificate->alt_name_count = rows[i].count;
        stage.party.names[0] = rows[i].alt;
        stage_ready(&stage);
        (void)stage_decide(&stage);
        bad += row(stage.decision.reason == rows[i].reason, "row %zu: %s", i,
                   reason_word(stage.decision.reason));
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

/* An entry without a name and without a pin does not let any certificate of a CA in. */
static void decide_outbound__entry_without_a_name__the_hosts_name(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, LEVEL_SECURE, 1);
    build_entry(stage.connector)->root = strdup("Example Root CA");
    stage.party.trusts[0][0].names_ok = false;
    stage_ready(&stage);
    (void)stage_decide(&stage);
    assert_int_equal(
        expect(&stage, OUTCOME_FAIL, REASON_CERTIFICATE_MISMATCH, VERDICT_REJECT, "other host"), 0);
    assert_int_equal(trail_decisive(&stage.decision.trail)->field, FIELD_NAME);
    stage.connector->certificates[0].has_fingerprint = true;
    stage.connector->certificates[0].fingerprint = build_digest(0xaa);
    (void)stage_decide(&stage);
    assert_int_equal(expect(&stage, OUTCOME_PASS, REASON_NONE, VERDICT_PASS, "pinned"), 0);
    stage_release(&stage);
}

static void decide_outbound__cipher_demands__seen(void **state)
{
    static const struct {
        enum tls_protocol protocol;
        const char *cipher;
        int bits;
        bool forward_secrecy;
        const char *excluded;
        enum reason reason;
    } rows[] = {
        { PROTOCOL_TLSV1_2, "ECDHE-RSA-AES128-GCM-SHA256", 128, true, "", 0 },
        { PROTOCOL_TLSV1_1, "ECDHE-RSA-AES128-SHA", 128, false, "", REASON_PROTOCOL_TOO_OLD },
        { PROTOCOL_TLSV1_2, "DES-CBC3-SHA", 112, false, "", REASON_CIPHER_TOO_WEAK },
        { PROTOCOL_TLSV1_2, "AES128-SHA", 128, true, "", REASON_NO_FORWARD_SECRECY },
        { PROTOCOL_TLSV1_2, "AES128-SHA", 128, false, "TLS_RSA_WITH_AES_128_CBC_SHA",
          REASON_CIPHER_NOT_ALLOWED },
        { PROTOCOL_TLSV1_2, "X25519-NEW-SUITE", 128, true, "", REASON_NOT_REPORTED },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct tls_facts *tls;
        struct stage stage;

        stage_init(&stage, LEVEL_ENCRYPT, 1);
        stage.connector->forward_secrecy = rows[i].forward_secrecy;
        build_strings(&stage.connector->exclude_ciphers, rows[i].excluded);
        tls = &stage.party.addresses[0][0].tls;
        tls->protocol = rows[i].protocol;
        tls->protocol_name = span_of(protocol_name(rows[i].protocol));
        tls->cipher = span_of(rows[i].cipher);
        tls->cipher_bits = rows[i].bits;
        stage_ready(&stage);
        (void)stage_decide(&stage);
        bad += row(stage.decision.reason == rows[i].reason, "%s: %s", rows[i].cipher,
                   reason_word(stage.decision.reason));
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

/* ---- where it goes --------------------------------------------------------------------------- */

static const struct way_row {
    const char *recipient, *rcpt_addr, *mailer, *next_hop;
    const char *next_hops; /* of the connector */
    enum outcome outcome;
    enum reason reason;
    const char *asked; /* the hop that was asked for last; NULL: none */
} ways[] = {
    { "<b@contoso.com>", NULL, "smtp", "contoso.com", "", OUTCOME_PASS, 0, "contoso.com" },
    { "<b@a.contoso.com>", NULL, "smtp", "a.contoso.com", "", OUTCOME_PASS, 0, "a.contoso.com" },
    { "<b@Contoso.COM>", NULL, "relay", "contoso.com.", "", OUTCOME_PASS, 0, "contoso.com" },
    { "<b@contoso.com>", NULL, "smtp", "contoso.com:25", "", OUTCOME_PASS, 0, "contoso.com" },
    { "<b@mail_1.contoso.com>", NULL, "smtp", "mail_1.contoso.com", "", OUTCOME_PASS, 0,
      "mail_1.contoso.com" },
    /* no hop at all */
    { "<b@contoso.com>", NULL, "local", "mx.example.org", "", OUTCOME_NONE, 0, NULL },
    { "<b@contoso.com>", NULL, "virtual", "contoso.com", "", OUTCOME_NONE, 0, NULL },
    { "<b@contoso.com>", NULL, "lmtp", "unix:/store", "", OUTCOME_NONE, 0, NULL },
    { "<b%contoso.com@example.org>", "b%contoso.com@example.org", "local", "mx.example.org", "",
      OUTCOME_NONE, 0, NULL },
    /* no partner */
    { "<b@fabrikam.com>", NULL, "smtp", "fabrikam.com", "", OUTCOME_NONE, 0, NULL },
    { "<b@evilcontoso.com>", NULL, "smtp", "evilcontoso.com", "", OUTCOME_NONE, 0, NULL },
    { "<b@fabrikam.com>", NULL, "smtp", "contoso.com", "", OUTCOME_NONE, 0, NULL },
    /* somewhere else */
    { "<b@contoso.com>", NULL, "smtp", "[relay.example]:587", "", OUTCOME_FAIL,
      REASON_WRONG_NEXT_HOP, NULL },
    { "<b@contoso.com>", NULL, "smtp", "[contoso.com]", "", OUTCOME_FAIL, REASON_WRONG_NEXT_HOP,
      NULL },
    { "<b@contoso.com>", NULL, "smtp", "contoso.com:587", "", OUTCOME_FAIL, REASON_WRONG_NEXT_HOP,
      NULL },
    { "<b@contoso.com>", NULL, "smtp", "fabrikam.com", "", OUTCOME_FAIL, REASON_WRONG_NEXT_HOP,
      NULL },
    { "<b@contoso.com>", NULL, "smtp", "[relay.example]", "[relay.example]:587", OUTCOME_FAIL,
      REASON_WRONG_NEXT_HOP, NULL },
    { "<b@contoso.com>", NULL, "smtp", "[a.example], [b.example]", "[a.example]", OUTCOME_FAIL,
      REASON_WRONG_NEXT_HOP, "[a.example]" },
    /* one of next_hops */
    { "<b@contoso.com>", NULL, "smtp", "[Relay.example]:587", "[relay.example]:587", OUTCOME_PASS,
      0, "[relay.example]:587" },
    { "<b@contoso.com>", NULL, "smtp", "[relay.example]:smtp", "[relay.example]", OUTCOME_PASS, 0,
      "[relay.example]" },
    { "<b@contoso.com>", NULL, "smtps", "[relay.example]:465", "smtps://relay.example:465",
      OUTCOME_PASS, 0, "smtps://relay.example:465" },
    { "<b@contoso.com>", NULL, "smtp", "contoso.com", "[relay.example]", OUTCOME_PASS, 0,
      "contoso.com" },
    { "<b@contoso.com>", NULL, "smtp", "[a.example], [b.example]", "[a.example] [b.example]",
      OUTCOME_PASS, 0, "[b.example]" },
    { "<b@contoso.com>", NULL, "smtp", "hub.example", "hub.example", OUTCOME_PASS, 0,
      "hub.example" },
    /* not told, or not to be read */
    { "<b@contoso.com>", NULL, NULL, NULL, "", OUTCOME_UNKNOWN, REASON_NOT_REPORTED, NULL },
    { "<b@contoso.com>", NULL, "smtp", NULL, "", OUTCOME_UNKNOWN, REASON_NOT_REPORTED, NULL },
    { "<b@contoso.com>", NULL, "smtp", "[a.example]:imap", "", OUTCOME_UNKNOWN, REASON_NOT_REPORTED,
      NULL },
    /* several readings; the MTA shows by the hop which one it means */
    { "<u%contoso.com@example.org>", "u@contoso.com", "smtp", "contoso.com", "", OUTCOME_PASS, 0,
      "contoso.com" },
    { "<u%contoso.com@a.contoso.com>", NULL, "smtp", "a.contoso.com", "", OUTCOME_PASS, 0,
      "a.contoso.com" },
    { "<@relay.example:u@contoso.com>", NULL, "smtp", "contoso.com", "", OUTCOME_PASS, 0,
      "contoso.com" },
    { "<u%contoso.com@relay.example>", NULL, "smtp", "relay.example", "", OUTCOME_FAIL,
      REASON_WRONG_NEXT_HOP, NULL },
    { "<contoso.com!u@relay.example>", NULL, "smtp", "relay.example", "", OUTCOME_FAIL,
      REASON_WRONG_NEXT_HOP, NULL },
    { "<u@alias.example>", "u@contoso.com", "smtp", "contoso.com", "", OUTCOME_PASS, 0,
      "contoso.com" },
};

static void decide_outbound__way__allowed_hops_only(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(ways); i++) {
        const struct way_row *way = &ways[i];
        struct stage stage;

        stage_init(&stage, LEVEL_ENCRYPT, 1);
        build_strings(&stage.connector->next_hops, way->next_hops);
        stage_ready(&stage);
        scene_release(&stage.scene);
        scene_init_outbound(&stage.scene, way->recipient, way->next_hop);
        stage.scene.facts.mailer = span_of(way->mailer);
        if (way->rcpt_addr != NULL)
            assert_true(address_add(&stage.scene.recipient, span_of(way->rcpt_addr)));
        (void)stage_decide(&stage);
        /* A wrong next hop is never answered 5xx: somebody here has to mend it. */
        bad += row(stage.decision.outcome == way->outcome && stage.decision.reason == way->reason &&
                       stage.decision.verdict ==
                           (way->outcome == OUTCOME_FAIL || way->outcome == OUTCOME_UNKNOWN
                                ? VERDICT_DEFER
                                : VERDICT_PASS),
                   "%s to %s: %s %s %s", way->recipient, way->next_hop,
                   outcome_word(stage.decision.outcome), reason_word(stage.decision.reason),
                   verdict_word(stage.decision.verdict));
        bad += row(way->asked == NULL ? stage.party.asked == 0
                                      : strcmp(stage.party.last, way->asked) == 0,
                   "%s to %s: asked for %s", way->recipient, way->next_hop, stage.party.last);
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

/* Nothing would hold the delivery. */
static void decide_outbound__unknown_is_accepted_without_a_map__deferred(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, LEVEL_ENCRYPT, 0);
    stage.connector->unknown = UNKNOWN_ACCEPT;
    stage.party.knowledge.facts = NULL;
    stage_ready(&stage);
    (void)stage_decide(&stage);
    assert_int_equal(
        expect(&stage, OUTCOME_UNKNOWN, REASON_NOT_PROBED_YET, VERDICT_DEFER, "no map"), 0);
    stage_release(&stage);
}

/* A hop that is not known to the policy map cannot be held by it. */
static void decide_outbound__way_not_told__deferred_even_if_unknown_is_accepted(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, LEVEL_ENCRYPT, 1);
    stage.connector->unknown = UNKNOWN_ACCEPT;
    stage.rules->settings.tls_policy_socket = strdup("unix:/x");
    stage_ready(&stage);
    stage.scene.facts.next_hop = span_of(NULL);
    (void)stage_decide(&stage);
    assert_int_equal(
        expect(&stage, OUTCOME_UNKNOWN, REASON_NOT_REPORTED, VERDICT_DEFER, "not told"), 0);
    stage_release(&stage);
}

static void decide_outbound__every_domain__literals_and_other_entries(void **state)
{
    static const struct {
        const char *recipient, *next_hop;
        enum outcome outcome;
        const char *connector;
    } rows[] = {
        { "<u@[192.0.2.9]>", "[192.0.2.9]", OUTCOME_PASS, "any" },
        { "<u@[IPv6:2001:db8::9]>", "[IPv6:2001:db8::9]", OUTCOME_PASS, "any" },
        { "<u@[192.0.2.9]>", "[192.0.2.10]", OUTCOME_FAIL, "any" },
        { "<u@a.example>", "a.example", OUTCOME_PASS, "any" },
        { "<u@a.example>", "b.example", OUTCOME_FAIL, "any" },
        { "<u@contoso.com>", "contoso.com", OUTCOME_PASS, "closer" },
        /* a local domain by its percent hack: its reading is in "*" */
        { "<u%contoso.com@example.org>", "contoso.com", OUTCOME_PASS, "closer" },
        { "<u%a.example@example.org>", "a.example", OUTCOME_PASS, "any" },
        { "<postmaster>", "mx.example.org", OUTCOME_FAIL, "any" },
    };
    struct rules *rules = build_rules();
    struct party party;
    struct hop_source source = party_source(&party);
    unsigned bad = 0;

    (void)state;
    (void)build_add(rules, build_outbound("any", LEVEL_ENCRYPT), "*");
    (void)build_add(rules, build_outbound("closer", LEVEL_VERIFY), "contoso.com");
    build_finish(rules);
    party_init(&party, 1);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct scene scene;
        struct decision decision;

        scene_init_outbound(&scene, rows[i].recipient, rows[i].next_hop);
        decide_outbound(rules, &scene.facts, &source, &decision);
        bad += row(decision.outcome == rows[i].outcome &&
                       strcmp(decision.match.connector->name, rows[i].connector) == 0,
                   "%s to %s: %s %s", rows[i].recipient, rows[i].next_hop,
                   outcome_word(decision.outcome), decision.match.connector->name);
        scene_release(&scene);
    }
    rules_free(rules);
    assert_int_equal(bad, 0);
}

/* Outbound, local_domains are the senders' domains. */
static void decide_outbound__local_domains__by_the_sender(void **state)
{
    static const struct {
        const char *sender, *connector;
    } rows[] = {
        { "<a@ours.example>", "ours" },
        { "<a@other.example>", "wide" },
        { "<a@x.other.example>", "wide" },
        { "<>", "ours" }, /* a bounce: any of ours */
        { "<a@[192.0.2.1]>", "ours" },
        { "<root>", "ours" },
        { "<a%ours.example@other.example>", "ours" },
    };
    struct rules *rules = build_rules();
    struct connector *ours = build_outbound("ours", LEVEL_SECURE);
    struct connector *wide = build_outbound("wide", LEVEL_ENCRYPT);
    struct party party;
    struct hop_source source = party_source(&party);
    unsigned bad = 0;

    (void)state;
    build_local_domains(ours, "ours.example");
    (void)build_add(rules, ours, "contoso.com");
    (void)build_add(rules, wide, "*.contoso.com");
    build_finish(rules);
    party_init(&party, 1);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct scene scene;
        struct decision decision;

        scene_init_outbound(&scene, "<b@contoso.com>", "contoso.com");
        address_release(&scene.sender);
        assert_true(address_parse(&scene.sender, span_of(rows[i].sender)));
        decide_outbound(rules, &scene.facts, &source, &decision);
        bad += row(strcmp(decision.match.connector->name, rows[i].connector) == 0, "%s: %s",
                   rows[i].sender, decision.match.connector->name);
        scene_release(&scene);
    }
    rules_free(rules);
    assert_int_equal(bad, 0);
}

/* A sender of another domain, where no entry is for all of ours: nothing is demanded. */
static void decide_outbound__local_domains_of_others__none(void **state)
{
    struct rules *rules = build_rules();
    struct connector *ours = build_outbound("ours", LEVEL_SECURE);
    struct party party;
    struct hop_source source = party_source(&party);
    struct scene scene;
    struct decision decision;

    (void)state;
    build_local_domains(ours, "ours.example");
    (void)build_add(rules, ours, "contoso.com");
    build_finish(rules);
    party_init(&party, 1);
    scene_init_outbound(&scene, "<b@contoso.com>", "contoso.com");
    address_release(&scene.sender);
    assert_true(address_parse(&scene.sender, span_of("<a@other.example>")));
    decide_outbound(rules, &scene.facts, &source, &decision);
    assert_null(decision.match.connector);
    assert_int_equal(decision.outcome, OUTCOME_NONE);
    scene_release(&scene);
    rules_free(rules);
}

/* An address with two partners in it is held to the stricter verdict, not to the stricter level. */
static void decide_outbound__two_partners_in_an_address__the_stricter_verdict(void **state)
{
    struct rules *rules = build_rules();
    struct connector *watched = build_outbound("watched", LEVEL_FINGERPRINT);
    struct party party;
    struct hop_source source = party_source(&party);
    struct scene scene;
    struct decision decision;

    (void)state;
    watched->mode = MODE_MONITOR;
    build_entry(watched)->has_fingerprint = true;
    (void)build_add(rules, watched, "watched.example");
    (void)build_add(rules, build_outbound("held", LEVEL_ENCRYPT), "contoso.com");
    build_finish(rules);
    party_init(&party, 1);
    party_set_state(&party, 0, HOP_NO_STARTTLS, NULL);
    scene_init_outbound(&scene, "<@watched.example:b@contoso.com>", "contoso.com");
    decide_outbound(rules, &scene.facts, &source, &decision);
    assert_string_equal(decision.match.connector->name, "held");
    assert_int_equal(decision.verdict, VERDICT_DEFER);
    assert_int_equal(decision.reason, REASON_STARTTLS_NOT_OFFERED);
    scene_release(&scene);
    rules_free(rules);
}

/* ---- sendmail(1) ----------------------------------------------------------------------------- */

static void decide_outbound__not_by_smtp__never_deferred(void **state)
{
    static const struct {
        bool map;
        enum hop_state state;
        const char *next_hops;
        enum outcome outcome;
        enum verdict verdict;
        const char *asked;
    } rows[] = {
        { false, HOP_TLS, "", OUTCOME_PASS, VERDICT_PASS, "contoso.com" },
        { false, HOP_NO_STARTTLS, "", OUTCOME_FAIL, VERDICT_REJECT, "contoso.com" },
        { false, HOP_BUSY, "", OUTCOME_UNKNOWN, VERDICT_REJECT, "contoso.com" },
        { true, HOP_TLS, "", OUTCOME_PASS, VERDICT_PASS, "contoso.com" },
        { true, HOP_NO_STARTTLS, "", OUTCOME_FAIL, VERDICT_PASS, "contoso.com" },
        { true, HOP_BUSY, "", OUTCOME_UNKNOWN, VERDICT_PASS, "contoso.com" },
        { false, HOP_TLS, "[hub.example]", OUTCOME_PASS, VERDICT_PASS, "[hub.example]" },
        { false, HOP_NO_STARTTLS, "[hub.example]", OUTCOME_FAIL, VERDICT_REJECT, "[hub.example]" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < 8 * ROWS(rows); i++) {
        struct stage stage;
        char label[32];

        stage_init(&stage, LEVEL_ENCRYPT, 1);
        stage.connector->action = i & 1 ? ACTION_REJECT : ACTION_DEFER;
        stage.connector->unknown = i & 2 ? UNKNOWN_ACCEPT : UNKNOWN_DEFER;
        stage.party.knowledge.confirmed = i & 4;
        build_strings(&stage.connector->next_hops, rows[i / 8].next_hops);
        if (rows[i / 8].map)
            stage.rules->settings.tls_policy_socket = strdup("unix:/x");
        party_set_state(&stage.party, 0, rows[i / 8].state, NULL);
        stage_ready(&stage);
        stage.scene.facts.local = true;
        stage.scene.facts.mailer = stage.scene.facts.next_hop = span_of(NULL);
        (void)stage_decide(&stage);
        (void)snprintf(label, sizeof(label), "row %zu", i);
        bad +=
            expect(&stage, rows[i / 8].outcome, stage.decision.reason, rows[i / 8].verdict, label);
        bad += row(strcmp(stage.party.last, rows[i / 8].asked) == 0, "%s: %s", label,
                   stage.party.last);
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

/* ---- TLS-Required: No ------------------------------------------------------------------------ */

static void decide_tls_required__each_level_and_mode__table(void **state)
{
    static const struct {
        const char *mailer;
        enum level level;
        enum mode mode;
        bool may; /* the message may say so */
        enum verdict verdict;
    } rows[] = {
        { "smtp", LEVEL_MAY, MODE_ENFORCE, true, VERDICT_PASS },
        { "smtp", LEVEL_ENCRYPT, MODE_ENFORCE, false, VERDICT_REJECT },
        { "smtp", LEVEL_FINGERPRINT, MODE_ENFORCE, false, VERDICT_REJECT },
        { "smtp", LEVEL_ENCRYPT, MODE_MONITOR, false, VERDICT_PASS },
        { "local", LEVEL_ENCRYPT, MODE_ENFORCE, true, VERDICT_PASS },
        { NULL, LEVEL_ENCRYPT, MODE_ENFORCE, false, VERDICT_REJECT },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct stage stage;
        bool may;

        stage_init(&stage, rows[i].level, 1);
        stage.connector->mode = rows[i].mode;
        stage.connector->action = ACTION_DEFER;
        stage_ready(&stage);
        stage.scene.facts.mailer = span_of(rows[i].mailer);
        may = decide_tls_required(stage.rules, &stage.scene.facts, &stage.decision);
        bad += row(may == rows[i].may && stage.decision.verdict == rows[i].verdict,
                   "row %zu: %d %s", i, may, verdict_word(stage.decision.verdict));
        if (!may)
            bad += row(stage.decision.reason == REASON_TLS_NOT_REQUIRED &&
                           stage.decision.match.connector == stage.connector,
                       "row %zu: %s", i, reason_word(stage.decision.reason));
        bad += row(stage.party.asked == 0, "row %zu: what was probed plays no part", i);
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

static void decide_tls_required__no_partner__may(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, LEVEL_ENCRYPT, 1);
    stage_ready(&stage);
    scene_release(&stage.scene);
    scene_init_outbound(&stage.scene, "<b@fabrikam.com>", "fabrikam.com");
    assert_true(decide_tls_required(stage.rules, &stage.scene.facts, &stage.decision));
    assert_int_equal(stage.decision.outcome, OUTCOME_NONE);
    stage_release(&stage);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void decide_outbound_possible__a_connector_outbound__true(void **state)
{
    struct rules *rules = build_rules();
    struct rules *inbound = build_rules();

    (void)state;
    (void)build_add(inbound, build_connector("in", LEVEL_ENCRYPT), "contoso.com");
    (void)build_add(rules, build_outbound("out", LEVEL_MAY), "contoso.com");
    build_finish(rules);
    build_finish(inbound);
    assert_true(decide_outbound_possible(rules));
    assert_false(decide_outbound_possible(inbound));
    rules_free(rules);
    rules_free(inbound);
}

static void decide_outbound__enforce_from__at_the_exact_second(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, LEVEL_ENCRYPT, 1);
    party_set_state(&stage.party, 0, HOP_NO_STARTTLS, NULL);
    stage.connector->enforce_from = NOW;
    stage_ready(&stage);
    assert_false(stage_decide(&stage)->monitored);
    stage.scene.facts.now = NOW - 1;
    assert_true(stage_decide(&stage)->monitored);
    assert_int_equal(stage.decision.verdict, VERDICT_PASS);
    assert_int_equal(stage.decision.would, VERDICT_REJECT);
    stage_release(&stage);
}

static void decide_outbound__below_an_exact_entry__near_miss(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, LEVEL_ENCRYPT, 1);
    (void)build_add(stage.rules, stage.connector, "contoso.com");
    build_finish(stage.rules);
    scene_release(&stage.scene);
    scene_init_outbound(&stage.scene, "<b@a.contoso.com>", "a.contoso.com");
    (void)stage_decide(&stage);
    assert_int_equal(stage.decision.outcome, OUTCOME_NONE);
    assert_ptr_equal(stage.decision.near_miss, stage.connector);
    assert_true(span_equal(stage.decision.near_miss_domain, SPAN("a.contoso.com")));
    stage_release(&stage);
}

/* One decision about a recipient inbound and one outbound: the stricter counts. */
static void decision_stricter__both_directions__the_stricter(void **state)
{
    struct stage stage;
    struct decision inbound;

    (void)state;
    stage_init(&stage, LEVEL_ENCRYPT, 1);
    party_set_state(&stage.party, 0, HOP_NO_STARTTLS, NULL);
    (void)build_add(stage.rules, build_connector("in", LEVEL_ENCRYPT), "example.org");
    stage_ready(&stage);
    (void)stage_decide(&stage);
    decide_inbound(stage.rules, &stage.scene.facts, &inbound);
    assert_int_equal(inbound.verdict, VERDICT_DEFER); /* a plain session */
    assert_int_equal(inbound.direction, DIRECTION_INBOUND);
    assert_ptr_equal(decision_stricter(&inbound, &stage.decision), &stage.decision);
    assert_ptr_equal(decision_stricter(&stage.decision, &inbound), &stage.decision);
    party_set_state(&stage.party, 0, HOP_TLS, NULL);
    (void)stage_decide(&stage);
    assert_ptr_equal(decision_stricter(&inbound, &stage.decision), &inbound);
    assert_ptr_equal(decision_stricter(&stage.decision, &inbound), &inbound);
    stage_release(&stage);
}

static void decide_outbound_traced__entries__the_same_decision(void **state)
{
    struct rules *rules = build_rules();
    struct connector *exact = build_outbound("exact", LEVEL_ENCRYPT);
    struct party party;
    struct hop_source source = party_source(&party);
    struct scene scene;
    struct decision decision, traced;
    struct trace trace;

    (void)state;
    build_local_domains(exact, "elsewhere.example");
    (void)build_add(rules, exact, "contoso.com");
    (void)build_add(rules, build_outbound("tree", LEVEL_VERIFY), "*.contoso.com");
    (void)build_add(rules, build_outbound("any", LEVEL_ENCRYPT), "*");
    build_finish(rules);
    party_init(&party, 1);
    scene_init_outbound(&scene, "<b@contoso.com>", "contoso.com");
    decide_outbound(rules, &scene.facts, &source, &decision);
    decide_outbound_traced(rules, &scene.facts, &source, &traced, &trace);
    assert_ptr_equal(decision.match.connector, traced.match.connector);
    assert_int_equal(decision.outcome, traced.outcome);
    assert_int_equal(trace.count, 3);
    assert_int_equal(trace.candidates[0].fate, FATE_LOCAL_DOMAINS);
    assert_true(span_equal(trace.candidates[0].ours, SPAN("example.org")));
    assert_int_equal(trace.candidates[1].fate, FATE_COUNTS);
    assert_int_equal(trace.candidates[1].match.by, MATCHED_BY_RECIPIENT);
    assert_int_equal(trace.candidates[1].outcome, OUTCOME_PASS);
    assert_int_equal(trace.candidates[2].fate, FATE_LESS_SPECIFIC);
    scene_release(&scene);
    rules_free(rules);
}

/* ---- unknown is never a pass ----------------------------------------------------------------- */

static uint32_t seed = 20260101;

static uint32_t below(uint32_t limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)seed * limit) >> 32);
}

/* Makes an address anything at all; true: what was seen there leaves nothing open. */
static bool set_random_address(struct party *party, size_t host, size_t n)
{
    struct hop_address *address = &party->addresses[host][n];
    struct hop_trust *trust = &party->trusts[host][n];

    address->state = below(3) > 0 ? HOP_TLS : (enum hop_state)below(HOP_STATES);
    if (below(8) == 0)
        address->tls.cipher = span_of(NULL);
    if (below(8) == 0)
        address->tls.protocol = PROTOCOL_UNKNOWN;
    if (below(8) == 0)
        address->tls.cipher_bits = -1;
    address->has_certificate = below(8) > 0;
    if (below(6) == 0)
        trust->state = below(2) ? STORE_ERROR : STORE_UNTRUSTED;
    trust->names_ok = below(6) > 0;
    address->trust_count = below(8) > 0;
    if (below(8) == 0)
        address->certificate_until = NOW - 1;
    return address->state == HOP_TLS && !span_empty(address->tls.cipher) &&
           address->tls.protocol != PROTOCOL_UNKNOWN && address->tls.cipher_bits >= 0 &&
           address->has_certificate && trust->state == STORE_TRUSTED && trust->names_ok &&
           address->trust_count == 1 && address->certificate_until > NOW;
}

/* Whatever is found: who passes has been seen, every host of it that counts (or one, with `any`).
 */
static void decide_outbound__anything_found__no_pass_without_all_of_it_seen(void **state)
{
    unsigned bad = 0, passes = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct stage stage;
        bool good[PARTY_HOSTS][PARTY_ADDRESSES], any_good = false, all_good = true;
        bool known = below(20) > 0;

        stage_init(&stage, LEVEL_VERIFY, 1 + below(PARTY_HOSTS));
        stage.connector->mx = below(2) ? MX_ANY : MX_ALL;
        stage.connector->action = below(2) ? ACTION_REJECT : ACTION_DEFER;
        for (size_t h = 0; h < stage.party.facts.host_count; h++) {
            struct hop_host *host = &stage.party.hosts[h];
            bool host_good = true, host_met = false;

            host->self = below(10) == 0;
            host->address_count = below(PARTY_ADDRESSES + 1);
            host->lookup = host->address_count > 0 ? LOOKUP_FOUND : (enum lookup)below(LOOKUPS);
            for (size_t n = 0; n < host->address_count; n++) {
                good[h][n] = set_random_address(&stage.party, h, n);
                host_met = host_met || good[h][n];
                host_good = host_good &&
                            (good[h][n] || stage.party.addresses[h][n].state == HOP_UNREACHABLE);
            }
            any_good = any_good || (!host->self && host_good && host_met);
            if (!host->self && !host_good)
                all_good = false;
        }
        if (!known)
            stage.party.knowledge.facts = NULL;
        stage_ready(&stage);
        (void)stage_decide(&stage);
        if (stage.decision.verdict == VERDICT_PASS || stage.decision.outcome == OUTCOME_PASS) {
            passes++;
            bad += row(known && any_good && (all_good || stage.connector->mx == MX_ANY) &&
                           stage.decision.outcome == OUTCOME_PASS &&
                           stage.decision.verdict == VERDICT_PASS,
                       "round %d: a pass of what was not seen", i);
        }
        if (stage.decision.outcome == OUTCOME_UNKNOWN)
            bad += row(stage.decision.verdict == VERDICT_DEFER && stage.decision.reason != 0,
                       "round %d: unknown is %s", i, verdict_word(stage.decision.verdict));
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
    assert_true(passes >= 500 && passes <= 15000); /* else it shows nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decide_outbound__each_state_level_and_rule__outcome_and_verdict),
        cmocka_unit_test(decide_outbound__several_hosts__all_or_any),
        cmocka_unit_test(decide_outbound__several_addresses__each_counts),
        cmocka_unit_test(decide_outbound__hosts_or_addresses_left_out__unknown),
        cmocka_unit_test(decide_outbound__nothing_known__its_reason),
        cmocka_unit_test(decide_outbound__dns__each_result_is_unknown),
        cmocka_unit_test(decide_outbound__trust_store__the_connectors_own_counts),
        cmocka_unit_test(decide_outbound__two_connectors_and_one_host__each_its_own_verdict),
        cmocka_unit_test(decide_outbound__certificate__each_level),
        cmocka_unit_test(decide_outbound__entries_of_certificates__everything_can_be_compared),
        cmocka_unit_test(decide_outbound__names__the_cn_counts_only_alone),
        cmocka_unit_test(decide_outbound__entry_without_a_name__the_hosts_name),
        cmocka_unit_test(decide_outbound__cipher_demands__seen),
        cmocka_unit_test(decide_outbound__way__allowed_hops_only),
        cmocka_unit_test(decide_outbound__unknown_is_accepted_without_a_map__deferred),
        cmocka_unit_test(decide_outbound__way_not_told__deferred_even_if_unknown_is_accepted),
        cmocka_unit_test(decide_outbound__every_domain__literals_and_other_entries),
        cmocka_unit_test(decide_outbound__local_domains__by_the_sender),
        cmocka_unit_test(decide_outbound__local_domains_of_others__none),
        cmocka_unit_test(decide_outbound__two_partners_in_an_address__the_stricter_verdict),
        cmocka_unit_test(decide_outbound__not_by_smtp__never_deferred),
        cmocka_unit_test(decide_tls_required__each_level_and_mode__table),
        cmocka_unit_test(decide_tls_required__no_partner__may),
        cmocka_unit_test(decide_outbound_possible__a_connector_outbound__true),
        cmocka_unit_test(decide_outbound__enforce_from__at_the_exact_second),
        cmocka_unit_test(decide_outbound__below_an_exact_entry__near_miss),
        cmocka_unit_test(decision_stricter__both_directions__the_stricter),
        cmocka_unit_test(decide_outbound_traced__entries__the_same_decision),
        cmocka_unit_test(decide_outbound__anything_found__no_pass_without_all_of_it_seen),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
