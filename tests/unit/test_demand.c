/* SPDX-License-Identifier: ISC */
/* Tests of policy/demand: each check, met, unmet and not known. */
#include "tests/unit/build.h"

#include <stdlib.h>
#include <string.h>

#include "policy/demand.h"

struct bench {
    struct rules *rules;
    struct connector *connector; /* still ours to change: check() reads it as it is */
    struct scene scene;
    struct trail trail;
};

static void bench_init(struct bench *bench, enum level level)
{
    bench->rules = build_rules();
    bench->connector = build_connector("contoso-in", level);
    (void)build_add(bench->rules, bench->connector, "*.contoso.com");
    build_finish(bench->rules);
    scene_init(&bench->scene, "<a@contoso.com>", "<b@example.org>");
}

static void bench_release(struct bench *bench)
{
    scene_release(&bench->scene);
    rules_free(bench->rules);
}

/* The result of one check, or NULL where it did not run. */
static const struct check_result *check(struct bench *bench, enum check check)
{
    demand_check(bench->rules->connectors, bench->connector, &bench->scene.facts, DIRECTION_INBOUND,
                 &bench->trail);
    for (size_t i = 0; i < bench->trail.count; i++) {
        if (bench->trail.results[i].check == check)
            return &bench->trail.results[i];
    }
    return NULL;
}

static bool all_met(struct bench *bench)
{
    (void)check(bench, CHECKS);
    for (size_t i = 0; i < bench->trail.count; i++) {
        if (bench->trail.results[i].outcome != CHECK_MET)
            return false;
    }
    return true;
}

static unsigned result_row(const char *label, const struct check_result *result,
                           enum check_outcome outcome, enum reason reason)
{
    if (result == NULL)
        return row(false, "%s: the check did not run", label);
    return row(result->outcome == outcome && (outcome == CHECK_MET || result->reason == reason),
               "%s: outcome %d reason %s, wanted %d %s", label, (int)result->outcome,
               reason_word(result->reason), (int)outcome, reason_word(reason));
}

static void demand_check__level_may__asks_for_nothing(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, LEVEL_MAY);
    build_networks(&bench.connector->client_networks, "198.51.100.0/24");
    build_strings(&bench.connector->ciphers, "AES128-SHA");
    bench.connector->forward_secrecy = true;
    scene_plain(&bench.scene);
    assert_true(all_met(&bench));
    assert_int_equal(bench.trail.count, 0);
    bench_release(&bench);
}

static void demand_check__each_level__its_checks_in_order(void **state)
{
    static const bool wanted[LEVELS][CHECKS] = {
        [LEVEL_ENCRYPT] = { [CHECK_ENCRYPTED] = 1, [CHECK_PROTOCOL] = 1, [CHECK_CIPHER_BITS] = 1 },
        [LEVEL_VERIFY] = { [CHECK_ENCRYPTED] = 1,
                           [CHECK_PROTOCOL] = 1,
                           [CHECK_CIPHER_BITS] = 1,
                           [CHECK_TRUSTED] = 1 },
        [LEVEL_SECURE] = { [CHECK_ENCRYPTED] = 1,
                           [CHECK_PROTOCOL] = 1,
                           [CHECK_CIPHER_BITS] = 1,
                           [CHECK_TRUSTED] = 1,
                           [CHECK_CERTIFICATE] = 1 },
        [LEVEL_FINGERPRINT] = { [CHECK_ENCRYPTED] = 1,
                                [CHECK_PROTOCOL] = 1,
                                [CHECK_CIPHER_BITS] = 1,
                                [CHECK_CERTIFICATE] = 1 },
    };

    (void)state;
    for (int level = LEVEL_ENCRYPT; level < LEVELS; level++) {
        struct bench bench;

        bench_init(&bench, (enum level)level);
        build_entry_name(build_entry(bench.connector), "mail.contoso.com");
        for (int c = 0; c < CHECKS; c++) {
            const struct check_result *result = check(&bench, (enum check)c);

            if (wanted[level][c] && result == NULL)
                fail_msg("%s: no check %s", level_word((enum level)level),
                         check_word((enum check)c));
        }
        if (level != LEVEL_FINGERPRINT)
            assert_null(level < LEVEL_SECURE ? check(&bench, CHECK_CERTIFICATE) : NULL);
        if (level == LEVEL_FINGERPRINT || level == LEVEL_ENCRYPT)
            assert_null(check(&bench, CHECK_TRUSTED));
        for (size_t i = 1; i < bench.trail.count; i++)
            assert_true(bench.trail.results[i - 1].check < bench.trail.results[i].check);
        bench_release(&bench);
    }
}

static void check_client__address__table(void **state)
{
    static const struct {
        const char *networks, *ip;
        enum check_outcome outcome;
        enum reason reason;
    } rows[] = {
        { "192.0.2.0/24", "192.0.2.25", CHECK_MET, REASON_NONE },
        { "192.0.2.0/24", "::ffff:192.0.2.25", CHECK_MET, REASON_NONE },
        { "198.51.100.0/24 2001:db8::/32", "2001:db8::25", CHECK_MET, REASON_NONE },
        { "192.0.2.0/24", "192.0.3.25", CHECK_UNMET, REASON_CLIENT_NOT_ALLOWED },
        { "192.0.2.0/24", "2001:db8::1", CHECK_UNMET, REASON_CLIENT_NOT_ALLOWED },
        { "192.0.2.0/24", NULL, CHECK_UNKNOWN, REASON_NOT_REPORTED },
        { "0.0.0.0/0 ::/0", NULL, CHECK_UNKNOWN, REASON_NOT_REPORTED },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct bench bench;

        bench_init(&bench, LEVEL_ENCRYPT);
        build_networks(&bench.connector->client_networks, rows[i].networks);
        scene_set_client(&bench.scene, rows[i].ip, "mail.contoso.com", true);
        bad += result_row(rows[i].ip != NULL ? rows[i].ip : "unknown", check(&bench, CHECK_CLIENT),
                          rows[i].outcome, rows[i].reason);
        bench_release(&bench);
    }
    assert_int_equal(bad, 0);
}

static void check_encrypted__state__table(void **state)
{
    static const struct {
        enum tls_state state;
        enum check_outcome outcome;
        enum reason reason;
    } rows[] = {
        { TLS_ENCRYPTED, CHECK_MET, REASON_NONE },
        { TLS_PLAIN, CHECK_UNMET, REASON_NO_TLS },
        { TLS_NOT_REPORTED, CHECK_UNKNOWN, REASON_NOT_REPORTED },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct bench bench;

        bench_init(&bench, LEVEL_ENCRYPT);
        bench.scene.facts.tls.state = rows[i].state;
        bad += result_row("state", check(&bench, CHECK_ENCRYPTED), rows[i].outcome, rows[i].reason);
        /* All the other good news does not help. */
        bad += row(all_met(&bench) == (rows[i].outcome == CHECK_MET), "state %zu: all met", i);
        bench_release(&bench);
    }
    assert_int_equal(bad, 0);
}

static void check_protocol__each_minimum__table(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (int min = PROTOCOL_TLSV1; min <= PROTOCOL_TLSV1_3; min++) {
        for (int got = PROTOCOL_UNKNOWN; got <= PROTOCOL_TLSV1_3; got++) {
            struct bench bench;
            enum check_outcome wanted = got >= min ? CHECK_MET : CHECK_UNMET;

            bench_init(&bench, LEVEL_ENCRYPT);
            bench.connector->min_protocol = (enum tls_protocol)min;
            bench.scene.facts.tls.protocol = (enum tls_protocol)got;
            bench.scene.facts.tls.protocol_name = span_of(protocol_name((enum tls_protocol)got));
            if (got != PROTOCOL_TLSV1_3)
                bench.scene.facts.tls.cipher = SPAN("ECDHE-RSA-AES256-SHA");
            if (got == PROTOCOL_UNKNOWN)
                wanted = CHECK_UNKNOWN;
            bad += result_row(
                protocol_name((enum tls_protocol)got), check(&bench, CHECK_PROTOCOL), wanted,
                wanted == CHECK_UNMET ? REASON_PROTOCOL_TOO_OLD : REASON_NOT_REPORTED);
            bench_release(&bench);
        }
    }
    assert_int_equal(bad, 0);
}

static void check_cipher_bits__bits_and_suite__table(void **state)
{
    static const struct {
        struct span cipher;
        int bits, minimum;
        enum check_outcome outcome;
        enum reason reason;
    } rows[] = {
        { S("TLS_AES_256_GCM_SHA384"), 256, 128, CHECK_MET, REASON_NONE },
        { S("TLS_AES_128_GCM_SHA256"), 128, 128, CHECK_MET, REASON_NONE },
        { S("TLS_AES_128_GCM_SHA256"), 128, 129, CHECK_UNMET, REASON_CIPHER_TOO_WEAK },
        { S("TLS_AES_128_GCM_SHA256"), 128, 256, CHECK_UNMET, REASON_CIPHER_TOO_WEAK },
        { S("ECDHE-RSA-DES-CBC3-SHA"), 112, 128, CHECK_UNMET, REASON_CIPHER_TOO_WEAK },
        { S("ECDHE-RSA-DES-CBC3-SHA"), 112, 112, CHECK_MET, REASON_NONE },
        { S("EXP-RC4-MD5"), 40, 128, CHECK_UNMET, REASON_CIPHER_TOO_WEAK },
        { S("EXP-RC4-MD5"), 40, 41, CHECK_UNMET, REASON_CIPHER_TOO_WEAK },
        { S("TLS_AES_256_GCM_SHA384"), 0, 128, CHECK_UNMET, REASON_CIPHER_TOO_WEAK },
        { S("TLS_AES_256_GCM_SHA384"), -1, 128, CHECK_UNKNOWN, REASON_NOT_REPORTED },
        { S("TLS_AES_256_GCM_SHA384"), -256, 128, CHECK_UNKNOWN, REASON_NOT_REPORTED },
        /* A suite that encrypts nothing does not encrypt, whatever the bits say. */
        { S("ECDHE-RSA-NULL-SHA"), 256, 128, CHECK_UNMET, REASON_CIPHER_TOO_WEAK },
        { S("NULL-SHA256"), 0, 1, CHECK_UNMET, REASON_CIPHER_TOO_WEAK },
        { S("NULL-SHA256"), 256, 0, CHECK_UNMET, REASON_CIPHER_TOO_WEAK },
        { S("TLS_RSA_WITH_NULL_SHA"), 128, 128, CHECK_UNMET, REASON_CIPHER_TOO_WEAK },
        { S("TLS_SHA256_SHA256"), 256, 128, CHECK_UNMET, REASON_CIPHER_TOO_WEAK },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct bench bench;

        bench_init(&bench, LEVEL_ENCRYPT);
        bench.connector->min_protocol = PROTOCOL_TLSV1;
        bench.connector->min_cipher_bits = rows[i].minimum;
        bench.scene.facts.tls.cipher = rows[i].cipher;
        bench.scene.facts.tls.cipher_bits = rows[i].bits;
        if (strncmp(rows[i].cipher.data, "TLS_AES", 7) != 0 &&
            strncmp(rows[i].cipher.data, "TLS_SHA", 7) != 0)
            bench.scene.facts.tls.protocol = PROTOCOL_TLSV1_2;
        bad += result_row(rows[i].cipher.data, check(&bench, CHECK_CIPHER_BITS), rows[i].outcome,
                          rows[i].reason);
        bad += row(all_met(&bench) == (rows[i].outcome == CHECK_MET), "%s: all met",
                   rows[i].cipher.data);
        bench_release(&bench);
    }
    assert_int_equal(bad, 0);
}

static void check_cipher_bits__no_minimum_and_no_report__never_met(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, LEVEL_ENCRYPT);
    bench.connector->min_cipher_bits = 0;
    bench.scene.facts.tls.cipher = (struct span){ NULL, 0 };
    bench.scene.facts.tls.cipher_bits = -1;
    assert_false(all_met(&bench));
    bench_release(&bench);
}

static void check_forward_secrecy__suites__table(void **state)
{
    static const struct {
        struct span cipher;
        enum tls_protocol protocol;
        enum check_outcome outcome;
        enum reason reason;
    } rows[] = {
        { S("TLS_AES_128_GCM_SHA256"), PROTOCOL_TLSV1_3, CHECK_MET, REASON_NONE },
        { S("ECDHE-RSA-AES128-GCM-SHA256"), PROTOCOL_TLSV1_2, CHECK_MET, REASON_NONE },
        { S("DHE-RSA-AES128-SHA"), PROTOCOL_TLSV1_2, CHECK_MET, REASON_NONE },
        { S("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), PROTOCOL_TLSV1_2, CHECK_MET, REASON_NONE },
        { S("AES128-SHA"), PROTOCOL_TLSV1_2, CHECK_UNMET, REASON_NO_FORWARD_SECRECY },
        { S("TLS_RSA_WITH_AES_128_CBC_SHA"), PROTOCOL_TLSV1_2, CHECK_UNMET,
          REASON_NO_FORWARD_SECRECY },
        { S("SOMETHING-NEW"), PROTOCOL_TLSV1_2, CHECK_UNKNOWN, REASON_NOT_REPORTED },
        { { NULL, 0 }, PROTOCOL_TLSV1_2, CHECK_UNKNOWN, REASON_NOT_REPORTED },
        { S(""), PROTOCOL_TLSV1_2, CHECK_UNKNOWN, REASON_NOT_REPORTED },
        { S("ECDHE-RSA-AES128-GCM-SHA256"), PROTOCOL_TLSV1_3, CHECK_UNKNOWN, REASON_NOT_REPORTED },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct bench bench;

        bench_init(&bench, LEVEL_ENCRYPT);
        bench.connector->forward_secrecy = true;
        bench.scene.facts.tls.cipher = rows[i].cipher;
        bench.scene.facts.tls.protocol = rows[i].protocol;
        bad += result_row(SHOWN(rows[i].cipher), check(&bench, CHECK_FORWARD_SECRECY),
                          rows[i].outcome, rows[i].reason);
        bench_release(&bench);
    }
    assert_int_equal(bad, 0);
}

static void check_cipher__lists__either_spelling(void **state)
{
    static const struct {
        const char *allow, *exclude;
        struct span cipher;
        enum check_outcome outcome;
        enum reason reason;
    } rows[] = {
        { "TLS_AES_256_GCM_SHA384", "", S("TLS_AES_256_GCM_SHA384"), CHECK_MET, REASON_NONE },
        { "AES128-SHA TLS_AES_256_GCM_SHA384", "", S("TLS_AES_256_GCM_SHA384"), CHECK_MET,
          REASON_NONE },
        { "TLS_AES_128_GCM_SHA256", "", S("TLS_AES_256_GCM_SHA384"), CHECK_UNMET,
          REASON_CIPHER_NOT_ALLOWED },
        { "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "", S("ECDHE-RSA-AES128-GCM-SHA256"), CHECK_MET,
          REASON_NONE },
        { "ECDHE-RSA-AES128-GCM-SHA256", "", S("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), CHECK_MET,
          REASON_NONE },
        { "", "ECDHE-RSA-AES128-GCM-SHA256", S("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
          CHECK_UNMET, REASON_CIPHER_NOT_ALLOWED },
        { "", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", S("ECDHE-RSA-AES128-GCM-SHA256"),
          CHECK_UNMET, REASON_CIPHER_NOT_ALLOWED },
        { "", "AES128-SHA", S("ECDHE-RSA-AES128-GCM-SHA256"), CHECK_MET, REASON_NONE },
        { "AES128-SHA", "AES128-SHA", S("AES128-SHA"), CHECK_UNMET, REASON_CIPHER_NOT_ALLOWED },
        { "AES128-SHA", "", S("SOMETHING-NEW"), CHECK_UNMET, REASON_CIPHER_NOT_ALLOWED },
        { "AES128-SHA", "", S("AES128-SHA256"), CHECK_UNMET, REASON_CIPHER_NOT_ALLOWED },
        { "AES128-SHA", "", { NULL, 0 }, CHECK_UNKNOWN, REASON_NOT_REPORTED },
        { "", "AES128-SHA", { NULL, 0 }, CHECK_UNKNOWN, REASON_NOT_REPORTED },
        { "", "AES128-SHA", S(""), CHECK_UNKNOWN, REASON_NOT_REPORTED },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct bench bench;

        bench_init(&bench, LEVEL_ENCRYPT);
        build_strings(&bench.connector->ciphers, rows[i].allow);
        build_strings(&bench.connector->exclude_ciphers, rows[i].exclude);
        bench.scene.facts.tls.cipher = rows[i].cipher;
        bad += result_row(SHOWN(rows[i].cipher), check(&bench, CHECK_CIPHER), rows[i].outcome,
                          rows[i].reason);
        bench_release(&bench);
    }
    assert_int_equal(bad, 0);
}

static void check_trusted__trust__table(void **state)
{
    static const struct {
        enum trust trust;
        enum check_outcome outcome;
        enum reason reason;
    } rows[] = {
        { TRUST_TRUSTED, CHECK_MET, REASON_NONE },
        { TRUST_NO_CERTIFICATE, CHECK_UNMET, REASON_NO_CERTIFICATE },
        { TRUST_UNTRUSTED, CHECK_UNMET, REASON_CERTIFICATE_NOT_TRUSTED },
        { TRUST_NONE_OR_UNTRUSTED, CHECK_UNMET, REASON_NO_TRUSTED_CERTIFICATE },
        { TRUST_NOT_REPORTED, CHECK_UNKNOWN, REASON_NOT_REPORTED },
    };
    unsigned bad = 0;

    (void)state;
    for (int level = LEVEL_VERIFY; level <= LEVEL_SECURE; level++) {
        for (size_t i = 0; i < ROWS(rows); i++) {
            struct bench bench;

            bench_init(&bench, (enum level)level);
            bench.scene.facts.certificate.trust = rows[i].trust;
            bad += result_row(level_word((enum level)level), check(&bench, CHECK_TRUSTED),
                              rows[i].outcome, rows[i].reason);
            bad += row(all_met(&bench) == (rows[i].outcome == CHECK_MET), "trust %zu: all met", i);
            bench_release(&bench);
        }
    }
    assert_int_equal(bad, 0);
}

static void check_trusted__anonymous_suite__never_met(void **state)
{
    static const char *const suites[] = { "ADH-AES256-GCM-SHA384", "AECDH-AES256-SHA",
                                          "TLS_DH_anon_WITH_AES_128_CBC_SHA" };

    (void)state;
    for (int level = LEVEL_VERIFY; level <= LEVEL_FINGERPRINT; level++) {
        for (size_t i = 0; i < ROWS(suites); i++) {
            struct bench bench;
            struct certificate_entry *entry;

            bench_init(&bench, (enum level)level);
            entry = build_entry(bench.connector);
            entry->has_fingerprint = level == LEVEL_FINGERPRINT;
            entry->fingerprint = build_digest(7);
            bench.scene.facts.certificate.fingerprint = entry->fingerprint;
            bench.scene.facts.certificate.fingerprint_state = PIN_KNOWN;
            bench.scene.facts.tls.protocol = PROTOCOL_TLSV1_2;
            bench.scene.facts.tls.cipher = span_of(suites[i]);
            assert_false(all_met(&bench));
            bench_release(&bench);
        }
    }
}

/* CHECK_CERTIFICATE: one field of one entry, and what the MTA reports of it. */
enum fact { FACT_SUBJECT, FACT_ISSUER, FACT_ROOT, FACT_ORGANIZATION, FACT_UNIT };

static void set_fact(struct certificate_facts *facts, enum fact fact, struct span value)
{
    struct span *const fields[] = { &facts->subject, &facts->issuer, &facts->root,
                                    &facts->organization, &facts->organizational_unit };

    *fields[fact] = value;
}

static void want_text(struct certificate_entry *entry, enum fact fact, const char *text)
{
    char **const fields[] = { NULL, &entry->issuer, &entry->root, &entry->organization,
                              &entry->organizational_unit };

    if (fact == FACT_SUBJECT) {
        build_entry_name(entry, text);
        return;
    }
    *fields[fact] = strdup(text);
    assert_non_null(*fields[fact]);
}

static void check_certificate__text_fields__table(void **state)
{
    static const struct {
        enum fact fact;
        const char *wanted;
        struct span got;
        enum check_outcome outcome;
        enum certificate_field field;
    } rows[] = {
        { FACT_SUBJECT, "mail.contoso.com", S("mail.contoso.com"), CHECK_MET, FIELD_NONE },
        { FACT_SUBJECT, "mail.contoso.com", S("MAIL.CONTOSO.COM"), CHECK_MET, FIELD_NONE },
        { FACT_SUBJECT, "*.contoso.com", S("mail.contoso.com"), CHECK_MET, FIELD_NONE },
        { FACT_SUBJECT, "*.contoso.com", S("a.mail.contoso.com"), CHECK_UNMET, FIELD_NAME },
        { FACT_SUBJECT, "mail.contoso.com", S("*.contoso.com"), CHECK_UNMET, FIELD_NAME },
        { FACT_SUBJECT, "mail.contoso.com", S("mail.fabrikam.com"), CHECK_UNMET, FIELD_NAME },
        { FACT_SUBJECT, "mail.contoso.com", S("mail.contoso.com\0.evil.example"), CHECK_UNMET,
          FIELD_NAME },
        { FACT_SUBJECT, "mail.contoso.com", { NULL, 0 }, CHECK_UNKNOWN, FIELD_NAME },
        { FACT_ISSUER, "Example Issuing CA", S("Example Issuing CA"), CHECK_MET, FIELD_NONE },
        { FACT_ISSUER, "Example Issuing CA", S("Other CA"), CHECK_UNMET, FIELD_ISSUER },
        { FACT_ISSUER, "Example Issuing CA", S("Example Issuing CA "), CHECK_UNMET, FIELD_ISSUER },
        { FACT_ISSUER, "Example Issuing CA", S("Example Issuing CA\0"), CHECK_UNMET, FIELD_ISSUER },
        { FACT_ISSUER, "Example Issuing CA", S("Example Issuing"), CHECK_UNMET, FIELD_ISSUER },
        { FACT_ISSUER, "Example Issuing CA", { NULL, 0 }, CHECK_UNKNOWN, FIELD_ISSUER },
        { FACT_ROOT, "Example Root", S("Example Root"), CHECK_MET, FIELD_NONE },
        { FACT_ROOT, "Example Root", S("Example Root 2"), CHECK_UNMET, FIELD_ROOT },
        { FACT_ROOT, "Example Root", { NULL, 0 }, CHECK_UNKNOWN, FIELD_ROOT },
        { FACT_ORGANIZATION, "Contoso Ltd", S("Contoso Ltd"), CHECK_MET, FIELD_NONE },
        { FACT_ORGANIZATION, "Contoso Ltd", S("Contoso"), CHECK_UNMET, FIELD_ORGANIZATION },
        { FACT_ORGANIZATION, "Contoso Ltd", S(""), CHECK_UNMET, FIELD_ORGANIZATION },
        { FACT_ORGANIZATION, "Contoso Ltd", { NULL, 0 }, CHECK_UNKNOWN, FIELD_ORGANIZATION },
        { FACT_UNIT, "Mail", S("Mail"), CHECK_MET, FIELD_NONE },
        { FACT_UNIT, "Mail", S("Sales"), CHECK_UNMET, FIELD_ORGANIZATIONAL_UNIT },
        { FACT_UNIT, "Mail", { NULL, 0 }, CHECK_UNKNOWN, FIELD_ORGANIZATIONAL_UNIT },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct bench bench;
        const struct check_result *result;
        enum reason reason =
            rows[i].outcome == CHECK_UNMET ? REASON_CERTIFICATE_MISMATCH : REASON_NOT_REPORTED;

        bench_init(&bench, LEVEL_SECURE);
        want_text(build_entry(bench.connector), rows[i].fact, rows[i].wanted);
        set_fact(&bench.scene.facts.certificate, rows[i].fact, rows[i].got);
        result = check(&bench, CHECK_CERTIFICATE);
        bad += result_row(SHOWN(rows[i].got), result, rows[i].outcome, reason);
        bad += row(result != NULL && result->entry == 0 && result->field == rows[i].field,
                   "%s for %s: field %s", SHOWN(rows[i].got), rows[i].wanted,
                   result != NULL ? certificate_field_word(result->field) : "-");
        bench_release(&bench);
    }
    assert_int_equal(bad, 0);
}

/* A certificate with subjectAltName only: Postfix shows an empty common name. */
static void check_certificate__common_name_empty__never_met(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, LEVEL_SECURE);
    build_entry_name(build_entry(bench.connector), "mail.contoso.com");
    bench.scene.facts.certificate.subject = SPAN("");
    assert_int_not_equal(check(&bench, CHECK_CERTIFICATE)->outcome, CHECK_MET);
    assert_int_equal(check(&bench, CHECK_CERTIFICATE)->field, FIELD_NAME);
    bench_release(&bench);
}

static void check_certificate__alt_names__they_count_and_the_common_name_does_not(void **state)
{
    static const struct span fitting[] = { S("other.example"), S("mail.contoso.com") };
    static const struct span others[] = { S("other.example"), S("mail.contoso.com\0") };
    struct bench bench;

    (void)state;
    bench_init(&bench, LEVEL_SECURE);
    build_entry_name(build_entry(bench.connector), "mail.contoso.com");
    bench.scene.facts.certificate.alt_names = others;
    bench.scene.facts.certificate.alt_name_count = 2;
    assert_int_equal(check(&bench, CHECK_CERTIFICATE)->outcome, CHECK_UNMET);
    bench.scene.facts.certificate.alt_names = fitting;
    bench.scene.facts.certificate.subject = SPAN("unrelated");
    assert_int_equal(check(&bench, CHECK_CERTIFICATE)->outcome, CHECK_MET);
    bench.scene.facts.certificate.subject = (struct span){ NULL, 0 };
    assert_int_equal(check(&bench, CHECK_CERTIFICATE)->outcome, CHECK_MET);
    bench_release(&bench);
}

static void check_certificate__key_bits__table(void **state)
{
    static const struct {
        int wanted, got;
        enum check_outcome outcome;
        enum reason reason;
    } rows[] = {
        { 2048, 2048, CHECK_MET, REASON_NONE },
        { 2048, 4096, CHECK_MET, REASON_NONE },
        { 2048, 2047, CHECK_UNMET, REASON_KEY_TOO_SMALL },
        { 2048, 1024, CHECK_UNMET, REASON_KEY_TOO_SMALL },
        { 2048, 0, CHECK_UNKNOWN, REASON_NOT_REPORTED },
        { 2048, -1, CHECK_UNKNOWN, REASON_NOT_REPORTED },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct bench bench;

        bench_init(&bench, LEVEL_SECURE);
        build_entry(bench.connector)->key_bits = rows[i].wanted;
        bench.scene.facts.certificate.key_bits = rows[i].got;
        bad += result_row("key_bits", check(&bench, CHECK_CERTIFICATE), rows[i].outcome,
                          rows[i].reason);
        bench_release(&bench);
    }
    assert_int_equal(bad, 0);
}

/* The three ways to pin, against each state of what was reported. */
enum pinned { PINNED_FINGERPRINT, PINNED_PUBLIC_KEY, PINNED_FILE, PINNED_KEY_FILE, PINNED_WAYS };

static void pin(struct certificate_entry *entry, int way, struct digest digest)
{
    if (way == PINNED_FINGERPRINT) {
        entry->has_fingerprint = true;
        entry->fingerprint = digest;
    } else if (way == PINNED_PUBLIC_KEY) {
        entry->has_public_key = true;
        entry->public_key = digest;
    } else {
        entry->pin_file = strdup("partner.pem");
        entry->pins = calloc(2, sizeof(*entry->pins));
        assert_non_null(entry->pins);
        entry->pin_count = 2;
        entry->pins[0] = (struct pin){ way == PINNED_KEY_FILE, build_digest(0x11) };
        entry->pins[1] = (struct pin){ way == PINNED_KEY_FILE, digest };
    }
}

static void check_certificate__pins__table(void **state)
{
    static const struct {
        enum pin_state state;
        unsigned char filler;
        enum check_outcome outcome;
        enum reason reason;
    } rows[] = {
        { PIN_KNOWN, 0xaa, CHECK_MET, REASON_NONE },
        { PIN_KNOWN, 0xab, CHECK_UNMET, REASON_CERTIFICATE_MISMATCH },
        { PIN_NO_CERTIFICATE, 0xaa, CHECK_UNMET, REASON_NO_CERTIFICATE },
        { PIN_NO_CERTIFICATE, 0, CHECK_UNMET, REASON_NO_CERTIFICATE },
        { PIN_NOT_REPORTED, 0xaa, CHECK_UNKNOWN, REASON_NOT_REPORTED },
        { PIN_OTHER_DIGEST, 0xaa, CHECK_UNKNOWN, REASON_NOT_REPORTED },
    };
    static const enum certificate_field fields[PINNED_WAYS] = { FIELD_FINGERPRINT, FIELD_PUBLIC_KEY,
                                                                FIELD_PIN_FILE, FIELD_PIN_FILE };
    unsigned bad = 0;

    (void)state;
    for (int way = 0; way < PINNED_WAYS; way++) {
        for (size_t i = 0; i < ROWS(rows); i++) {
            struct bench bench;
            struct certificate_facts *certificate = &bench.scene.facts.certificate;
            const struct check_result *result;

            bench_init(&bench, LEVEL_FINGERPRINT);
            pin(build_entry(bench.connector), way, build_digest(0xaa));
            certificate->trust = TRUST_NONE_OR_UNTRUSTED; /* whatever its chain */
            if (way == PINNED_FINGERPRINT || way == PINNED_FILE) {
                certificate->fingerprint_state = rows[i].state;
                certificate->fingerprint = build_digest(rows[i].filler);
            } else {
                certificate->public_key_state = rows[i].state;
                certificate->public_key = build_digest(rows[i].filler);
            }
            result = check(&bench, CHECK_CERTIFICATE);
            bad += result_row(certificate_field_word(fields[way]), result, rows[i].outcome,
                              rows[i].reason);
            bad +=
                row(result != NULL &&
                        result->field == (rows[i].outcome == CHECK_MET ? FIELD_NONE : fields[way]),
                    "%s, row %zu: field", certificate_field_word(fields[way]), i);
            bad += row(all_met(&bench) == (rows[i].outcome == CHECK_MET), "%s, row %zu: all met",
                       certificate_field_word(fields[way]), i);
            bench_release(&bench);
        }
    }
    assert_int_equal(bad, 0);
}

/* A pin of a certificate is not a pin of a key: the same 32 bytes in the other place. */
static void check_certificate__digest_of_the_other_kind__not_met(void **state)
{
    (void)state;
    for (int way = 0; way < PINNED_WAYS; way++) {
        struct bench bench;
        struct certificate_facts *certificate = &bench.scene.facts.certificate;
        bool of_key = way == PINNED_PUBLIC_KEY || way == PINNED_KEY_FILE;

        bench_init(&bench, LEVEL_FINGERPRINT);
        pin(build_entry(bench.connector), way, build_digest(0xaa));
        certificate->fingerprint_state = certificate->public_key_state = PIN_KNOWN;
        certificate->fingerprint = build_digest(of_key ? 0xaa : 0xbb);
        certificate->public_key = build_digest(of_key ? 0xbb : 0xaa);
        assert_int_equal(check(&bench, CHECK_CERTIFICATE)->outcome, CHECK_UNMET);
        bench_release(&bench);
    }
}

/* CONFIG: fingerprint is "one of the pinned certificates or keys, whatever its chain". An entry
 * that pins nothing says nothing there: anybody can write any name into a certificate. */
static void check_certificate__fingerprint_level_entry_without_pin__not_met(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, LEVEL_FINGERPRINT);
    build_entry_name(build_entry(bench.connector), "mail.contoso.com");
    bench.scene.facts.certificate.trust = TRUST_UNTRUSTED;
    bench.scene.facts.certificate.fingerprint_state = PIN_KNOWN;
    assert_false(all_met(&bench));
    pin(build_entry(bench.connector), PINNED_FINGERPRINT, build_digest(0xaa));
    assert_false(all_met(&bench));
    bench_release(&bench);
}

static void check_certificate__fingerprint_level_and_no_entries__not_met(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, LEVEL_FINGERPRINT);
    assert_false(all_met(&bench));
    bench_release(&bench);
}

static void check_certificate__several_fields__all_must_fit(void **state)
{
    struct bench bench;
    struct certificate_entry *entry;
    struct certificate_facts *certificate = &bench.scene.facts.certificate;

    (void)state;
    bench_init(&bench, LEVEL_SECURE);
    entry = build_entry(bench.connector);
    build_entry_name(entry, "mail.contoso.com");
    entry->issuer = strdup("Example Issuing CA");
    pin(entry, PINNED_FINGERPRINT, build_digest(0xaa));
    certificate->fingerprint_state = PIN_KNOWN;
    certificate->fingerprint = build_digest(0xaa);
    assert_true(all_met(&bench));
    certificate->issuer = SPAN("Other CA");
    assert_int_equal(check(&bench, CHECK_CERTIFICATE)->field, FIELD_ISSUER);
    assert_false(all_met(&bench));
    /* A field that does not fit outweighs one that is not known. */
    certificate->fingerprint_state = PIN_NOT_REPORTED;
    assert_int_equal(check(&bench, CHECK_CERTIFICATE)->outcome, CHECK_UNMET);
    certificate->issuer = SPAN("Example Issuing CA");
    assert_int_equal(check(&bench, CHECK_CERTIFICATE)->outcome, CHECK_UNKNOWN);
    bench_release(&bench);
}

static void check_certificate__alternatives__one_is_enough_and_unknown_outweighs_unmet(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench, LEVEL_SECURE);
    build_entry_name(build_entry(bench.connector), "other.contoso.com");
    assert_int_equal(check(&bench, CHECK_CERTIFICATE)->outcome, CHECK_UNMET);
    build_entry(bench.connector)->organization = strdup("Contoso Ltd");
    assert_int_equal(check(&bench, CHECK_CERTIFICATE)->outcome, CHECK_UNKNOWN);
    assert_int_equal(check(&bench, CHECK_CERTIFICATE)->entry, 1);
    build_entry_name(build_entry(bench.connector), "mail.contoso.com");
    assert_int_equal(check(&bench, CHECK_CERTIFICATE)->outcome, CHECK_MET);
    assert_int_equal(check(&bench, CHECK_CERTIFICATE)->entry, 2);
    bench_release(&bench);
}

static void check_certificate__no_entries__domains_are_the_names(void **state)
{
    static const struct {
        struct span subject;
        enum check_outcome outcome;
    } rows[] = {
        { S("contoso.com"), CHECK_MET },
        { S("mail.contoso.com"), CHECK_MET },
        { S("a.b.CONTOSO.com"), CHECK_MET },
        { S("evilcontoso.com"), CHECK_UNMET },
        { S("contoso.com.evil.example"), CHECK_UNMET },
        { S("com"), CHECK_UNMET },
        { S("Contoso Ltd"), CHECK_UNMET },
        { S("mail.contoso.com\0.evil.example"), CHECK_UNMET },
        { S("evil\0.contoso.com"), CHECK_UNMET },
        { S("m*.contoso.com"), CHECK_UNMET },
        { S("*.contoso.com"), CHECK_UNMET },
        { { NULL, 0 }, CHECK_UNKNOWN },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct bench bench;
        const struct check_result *result;

        bench_init(&bench, LEVEL_SECURE);
        bench.scene.facts.certificate.subject = rows[i].subject;
        result = check(&bench, CHECK_CERTIFICATE);
        bad += result_row(SHOWN(rows[i].subject), result, rows[i].outcome,
                          rows[i].outcome == CHECK_UNMET ? REASON_CERTIFICATE_MISMATCH
                                                         : REASON_NOT_REPORTED);
        bad += row(result != NULL && result->entry == -1, "%s: entry", SHOWN(rows[i].subject));
        bench_release(&bench);
    }
    assert_int_equal(bad, 0);
}

/* From the first moment until before the second, to the second. */
static void check_certificate__changeover__at_the_exact_second(void **state)
{
    static const struct {
        int64_t from, until, now;
        bool counts;
    } rows[] = {
        { DATE_ALWAYS, DATE_NEVER, NOW, true },   { NOW, DATE_NEVER, NOW - 1, false },
        { NOW, DATE_NEVER, NOW, true },           { NOW, DATE_NEVER, NOW + 1, true },
        { DATE_ALWAYS, NOW, NOW - 1, true },      { DATE_ALWAYS, NOW, NOW, false },
        { DATE_ALWAYS, NOW, NOW + 1, false },     { NOW, NOW + 86400, NOW - 1, false },
        { NOW, NOW + 86400, NOW, true },          { NOW, NOW + 86400, NOW + 86399, true },
        { NOW, NOW + 86400, NOW + 86400, false }, { NOW, NOW, NOW, false },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct bench bench;
        struct certificate_entry *entry;

        bench_init(&bench, LEVEL_SECURE);
        entry = build_entry(bench.connector);
        build_entry_name(entry, "mail.contoso.com");
        entry->from = rows[i].from;
        entry->until = rows[i].until;
        bench.scene.facts.now = rows[i].now;
        bad += row(all_met(&bench) == rows[i].counts, "row %zu", i);
        bench_release(&bench);
    }
    assert_int_equal(bad, 0);
}

static void check_certificate__only_a_retired_pin_and_none_reported__retired(void **state)
{
    struct bench bench;
    struct certificate_entry *entry;
    const struct check_result *result;

    (void)state;
    bench_init(&bench, LEVEL_FINGERPRINT);
    entry = build_entry(bench.connector);
    entry->has_fingerprint = true;
    entry->until = NOW - 10;
    bench.scene.facts.certificate.fingerprint_state = PIN_NOT_REPORTED;
    result = check(&bench, CHECK_CERTIFICATE);
    assert_int_equal(result->outcome, CHECK_UNMET);
    assert_int_equal(result->reason, REASON_CERTIFICATE_RETIRED);
    assert_int_equal(result->field, FIELD_UNTIL);
    bench_release(&bench);
}

static void check_certificate__only_a_retired_entry_fits__retired(void **state)
{
    struct bench bench;
    struct certificate_entry *entry;
    const struct check_result *result;

    (void)state;
    bench_init(&bench, LEVEL_SECURE);
    entry = build_entry(bench.connector);
    build_entry_name(entry, "new.contoso.com");
    entry->from = NOW - 10;
    entry = build_entry(bench.connector);
    build_entry_name(entry, "mail.contoso.com");
    entry->until = NOW - 10;
    result = check(&bench, CHECK_CERTIFICATE);
    assert_int_equal(result->outcome, CHECK_UNMET);
    assert_int_equal(result->reason, REASON_CERTIFICATE_RETIRED);
    assert_int_equal(result->entry, 1);
    assert_int_equal(result->field, FIELD_UNTIL);
    /* Neither fits: a mismatch. */
    bench.scene.facts.certificate.subject = SPAN("other.contoso.com");
    result = check(&bench, CHECK_CERTIFICATE);
    assert_int_equal(result->reason, REASON_CERTIFICATE_MISMATCH);
    /* The new one fits. */
    bench.scene.facts.certificate.subject = SPAN("new.contoso.com");
    assert_true(all_met(&bench));
    /* And before its time it does not. */
    bench.scene.facts.now = NOW - 11;
    result = check(&bench, CHECK_CERTIFICATE);
    assert_int_equal(result->outcome, CHECK_UNMET);
    assert_int_equal(result->reason, REASON_CERTIFICATE_MISMATCH);
    assert_int_equal(result->field, FIELD_FROM);
    bench_release(&bench);
}

static void words__checks_and_fields__all_there(void **state)
{
    (void)state;
    for (int c = 0; c < CHECKS; c++)
        assert_true(strlen(check_word((enum check)c)) > 0);
    for (int field = FIELD_NAME; field < FIELDS; field++)
        assert_true(strlen(certificate_field_word((enum certificate_field)field)) > 0);
    assert_string_equal(certificate_field_word(FIELD_ORGANIZATIONAL_UNIT), "organizational_unit");
    assert_string_equal(certificate_field_word(FIELD_PUBLIC_KEY), "public_key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(demand_check__level_may__asks_for_nothing),
        cmocka_unit_test(demand_check__each_level__its_checks_in_order),
        cmocka_unit_test(check_client__address__table),
        cmocka_unit_test(check_encrypted__state__table),
        cmocka_unit_test(check_protocol__each_minimum__table),
        cmocka_unit_test(check_cipher_bits__bits_and_suite__table),
        cmocka_unit_test(check_cipher_bits__no_minimum_and_no_report__never_met),
        cmocka_unit_test(check_forward_secrecy__suites__table),
        cmocka_unit_test(check_cipher__lists__either_spelling),
        cmocka_unit_test(check_trusted__trust__table),
        cmocka_unit_test(check_trusted__anonymous_suite__never_met),
        cmocka_unit_test(check_certificate__text_fields__table),
        cmocka_unit_test(check_certificate__common_name_empty__never_met),
        cmocka_unit_test(check_certificate__alt_names__they_count_and_the_common_name_does_not),
        cmocka_unit_test(check_certificate__key_bits__table),
        cmocka_unit_test(check_certificate__pins__table),
        cmocka_unit_test(check_certificate__digest_of_the_other_kind__not_met),
        cmocka_unit_test(check_certificate__fingerprint_level_entry_without_pin__not_met),
        cmocka_unit_test(check_certificate__fingerprint_level_and_no_entries__not_met),
        cmocka_unit_test(check_certificate__several_fields__all_must_fit),
        cmocka_unit_test(
            check_certificate__alternatives__one_is_enough_and_unknown_outweighs_unmet),
        cmocka_unit_test(check_certificate__no_entries__domains_are_the_names),
        cmocka_unit_test(check_certificate__changeover__at_the_exact_second),
        cmocka_unit_test(check_certificate__only_a_retired_pin_and_none_reported__retired),
        cmocka_unit_test(check_certificate__only_a_retired_entry_fits__retired),
        cmocka_unit_test(words__checks_and_fields__all_there),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
