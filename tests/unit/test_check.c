/* SPDX-License-Identifier: ISC */
/*
 * Tests of what `forcetls check` says: the summary, modes and changeovers in words, what an MTA
 * does not report, and which roots are missing where.
 */
#include "tests/unit/conf_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cli/check/check_words.h"
#include "policy/cli/check/gaps.h"
#include "policy/cli/check/roots.h"
#include "policy/summary.h"

#define DAY INT64_C(86400)
#define TEXT_SIZE 1000

/* Issued by itself, common name "mail.partner.test", from 2026-11-24 to 2126-10-31. */
#define CERTIFICATE                                                      \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIIBjzCCATWgAwIBAgIUPLX27PMytPHWvCkaZWtAznI9SewwCgYIKoZIzj0EAwIw\n" \
    "HDEaMBgGA1UEAwwRbWFpbC5wYXJ0bmVyLnRlc3QwIBcNMjYxMTI0MjMzNDIyWhgP\n" \
    "MjEyNjEwMzEyMzM0MjJaMBwxGjAYBgNVBAMMEW1haWwucGFydG5lci50ZXN0MFkw\n" \
    "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAESsc500gQi4HCUcYLvLVbQliCRsPABDoI\n" \
    "Ofjq4MH5nlTHQSshIRaDxDk7Wcg4SJSBN5CoXb5vuv7PNqk2ERQIN6NTMFEwHQYD\n" \
    "VR0OBBYEFHfE3OkWexJ9Iq7E5Mz1soiculGkMB8GA1UdIwQYMBaAFHfE3OkWexJ9\n" \
    "Iq7E5Mz1soiculGkMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIh\n" \
    "AImx5tREOvd8rmFIuHNNZ47H/YlB+voIUMVNzQAhUd49AiBSqlf7vXez8jZOnvlv\n" \
    "hNVId1Jfl5OdL8tRpxOGlhKpCQ==\n"                                     \
    "-----END CERTIFICATE-----\n"
#define PUBLIC_KEY                                                       \
    "-----BEGIN PUBLIC KEY-----\n"                                       \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAESsc500gQi4HCUcYLvLVbQliCRsPA\n" \
    "BDoIOfjq4MH5nlTHQSshIRaDxDk7Wcg4SJSBN5CoXb5vuv7PNqk2ERQINw==\n"     \
    "-----END PUBLIC KEY-----\n"
#define PIN "f025ffb3d1d634338a8b492af6186399f5aeab69383eac4cfe68186f39003d73"

/* The day on which the certificate above counts. */
#define LATER (NOW + 365 * DAY)

static int64_t day(const char *text)
{
    int64_t moment;

    assert_true(date_parse(&moment, span_of(text)));
    return moment;
}

/* ---- the summary ---------------------------------------------------------------------------- */

static void check_summary(struct rules *rules, int64_t now, const char *expected)
{
    char text[TEXT_SIZE];
    struct line line;

    line_init(&line, text, sizeof(text));
    summary_add(&line, "f.conf", rules, now);
    assert_string_equal(text, expected);
}

static void summary__numbers__singular_and_plural(void **state)
{
    struct rules *rules = build_rules();
    struct connector *now = build_connector("a", LEVEL_ENCRYPT);
    struct connector *soon = build_connector("b", LEVEL_ENCRYPT);

    (void)state;
    check_summary(rules, NOW, "f.conf: 0 connectors, 0 domains, mode enforce");
    now->domain_count = 1;
    build_add(rules, now, "a.example");
    check_summary(rules, NOW, "f.conf: 1 connector, 1 domain, mode enforce");
    soon->domain_count = 2;
    soon->enforce_from = NOW + DAY;
    build_add(rules, soon, "b.example c.example");
    rules->settings.mode = MODE_MONITOR;
    check_summary(rules, NOW, "f.conf: 2 connectors (1 in monitor mode), 3 domains, mode monitor");
    check_summary(rules, NOW + DAY, "f.conf: 2 connectors, 3 domains, mode monitor");
    rules_free(rules);
}

static void summary__file_name_with_control_characters__escaped(void **state)
{
    struct rules *rules = build_rules();
    char text[TEXT_SIZE];
    struct line line;

    (void)state;
    line_init(&line, text, sizeof(text));
    summary_add(&line, "a\x1b[2J\n.conf", rules, NOW);
    assert_string_equal(text, "a\\x1b[2J\\x0a.conf: 0 connectors, 0 domains, mode enforce");
    rules_free(rules);
}

static void notes__what_the_file_asks_for__each_once(void **state)
{
    struct rules *rules = build_rules();
    struct connector *out = build_connector("out", LEVEL_ENCRYPT);
    struct summary_note note;
    size_t position = 0;

    (void)state;
    out->directions[DIRECTION_INBOUND] = false;
    out->directions[DIRECTION_OUTBOUND] = true;
    build_add(rules, out, "a.example");
    assert_false(summary_note_next(rules, &position, &note));
    rules->settings.mode = MODE_MONITOR;
    position = 0;
    assert_true(summary_note_next(rules, &position, &note));
    assert_false(note.warning);
    assert_string_equal(note.text, "mode is monitor: decisions are logged, and nothing is refused");
    assert_false(summary_note_next(rules, &position, &note));
    rules_free(rules);
}

/* ---- modes and dates ------------------------------------------------------------------------ */

static void mode__what_there_is__in_words(void **state)
{
    static const struct {
        enum level level;
        enum mode global, own;
        const char *from, *expected;
        bool enforces;
    } rows[] = {
        { LEVEL_ENCRYPT, MODE_ENFORCE, MODE_ENFORCE, NULL, "enforce", true },
        { LEVEL_ENCRYPT, MODE_ENFORCE, MODE_ENFORCE, "2026-01-01", "enforce", true },
        { LEVEL_ENCRYPT, MODE_ENFORCE, MODE_ENFORCE, "2026-01-02",
          "monitor, enforce from 2026-01-02", false },
        { LEVEL_ENCRYPT, MODE_ENFORCE, MODE_MONITOR, NULL, "monitor", false },
        { LEVEL_ENCRYPT, MODE_ENFORCE, MODE_MONITOR, "2026-01-02", "monitor", false },
        { LEVEL_ENCRYPT, MODE_MONITOR, MODE_ENFORCE, NULL, "monitor", false },
        { LEVEL_ENCRYPT, MODE_MONITOR, MODE_ENFORCE, "2026-01-02", "monitor", false },
        { LEVEL_MAY, MODE_ENFORCE, MODE_ENFORCE, NULL, "enforce", false },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct rules *rules = build_rules();
        struct connector *connector = build_connector("a", rows[i].level);
        char text[TEXT_SIZE];
        struct line line;

        rules->settings.mode = rows[i].global;
        connector->mode = rows[i].own;
        if (rows[i].from != NULL)
            connector->enforce_from = day(rows[i].from);
        line_init(&line, text, sizeof(text));
        words_mode(&line, rules, connector, NOW);
        bad += row(strcmp(text, rows[i].expected) == 0 &&
                       words_enforces(rules, connector, NOW) == rows[i].enforces,
                   "row %zu: %s", i, text);
        connector_free(connector);
        rules_free(rules);
    }
    assert_int_equal(bad, 0);
}

static void next_change__days_of_a_connector__each_in_its_turn(void **state)
{
    static const struct {
        const char *now, *expected;
    } rows[] = {
        { "2025-12-31", "2026-02-01: entry 2 begins" },
        { "2026-02-01", "2026-03-01: enforced, entry 1 ends, entry 3 begins" },
        { "2026-02-28", "2026-03-01: enforced, entry 1 ends, entry 3 begins" },
        { "2026-03-01", "2026-04-01: entry 2 ends" },
        { "2026-04-01", "-" },
    };
    struct rules *rules = conf_rules(
        CONF_INBOUND("level = \"secure\"; enforce_from = \"2026-03-01\"; certificates = ("
                     "{ name = \"a.example\"; until = \"2026-03-01\"; },"
                     "{ name = \"a.example\"; from = \"2026-02-01\"; until = \"2026-04-01\"; },"
                     "{ name = \"a.example\"; from = \"2026-03-01\"; } );"));
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[TEXT_SIZE];
        struct line line;

        line_init(&line, text, sizeof(text));
        words_next_change(&line, rules, connectors_get(rules->connectors, 0), day(rows[i].now));
        bad += row(strcmp(text, rows[i].expected) == 0, "%s: %s", rows[i].now, text);
    }
    assert_int_equal(bad, 0);
    rules_free(rules);
}

static void next_change__global_monitor_mode__enforce_from_has_no_effect(void **state)
{
    struct rules *rules = build_rules();
    struct connector *connector = build_connector("a", LEVEL_ENCRYPT);
    char text[TEXT_SIZE];
    struct line line;

    (void)state;
    rules->settings.mode = MODE_MONITOR;
    connector->enforce_from = NOW + DAY;
    line_init(&line, text, sizeof(text));
    words_next_change(&line, rules, connector, NOW);
    assert_string_equal(text, "2026-01-02: enforce_from, without effect in monitor mode");
    connector_free(connector);
    rules_free(rules);
}

static void entry_state__before_within_and_behind__with_the_date(void **state)
{
    static const struct {
        const char *now, *expected;
    } rows[] = {
        { "2026-01-31", "not yet (from 2026-02-01)" },
        { "2026-02-01", "active" },
        { "2026-03-31", "active" },
        { "2026-04-01", "past (until 2026-04-01)" },
    };
    struct connector *connector = build_connector("a", LEVEL_SECURE);
    struct certificate_entry *entry = build_entry(connector);
    unsigned bad = 0;

    (void)state;
    entry->from = day("2026-02-01");
    entry->until = day("2026-04-01");
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[TEXT_SIZE];
        struct line line;

        line_init(&line, text, sizeof(text));
        words_entry_state(&line, entry, day(rows[i].now));
        bad += row(strcmp(text, rows[i].expected) == 0, "%s: %s", rows[i].now, text);
    }
    assert_int_equal(bad, 0);
    connector_free(connector);
}

/* ---- what an MTA does not report ------------------------------------------------------------ */

struct gap_text {
    char text[TEXT_SIZE];
    struct line line;
    enum mta mta;
};

static void add_gap(void *data, const struct gap *gap)
{
    struct gap_text *found = data;

    line_add(&found->line, "%zu %s %s%s;", gap->entry + 1, certificate_field_word(gap->field),
             gap_word(gap->kind), gap_is_fatal(gap) ? "!" : "");
}

#define SOCKET "smtpd_policy_socket = \"unix:/run/p\";\n"
#define SECURE(entries) CONF_INBOUND("level = \"secure\"; certificates = (" entries ");")
#define PINNED(entries) CONF_INBOUND("level = \"fingerprint\"; certificates = (" entries ");")

static void gaps__what_a_file_compares__by_what_each_mta_reports(void **state)
{
    static const struct {
        const char *text;
        const char *postfix, *sendmail; /* "-" before it: nothing fits */
    } rows[] = {
        { CONF_INBOUND("level = \"encrypt\";"), "", "" },
        { CONF_INBOUND("level = \"verify\";"), "", "" },
        { CONF_INBOUND("level = \"secure\";"), "", "" },
        { SECURE("{ name = \"a.b\"; issuer = \"x\"; }"), "", "" },
        { SECURE("{ organization = \"x\"; }"), "-1 organization never!;", "" },
        { SECURE("{ organization = \"x\"; organizational_unit = \"y\"; }, { name = \"a.b\"; }"),
          "1 organization never!;1 organizational_unit never!;", "" },
        { SECURE("{ root = \"x\"; }, { key_bits = 2048; }, { issuer = \"x\"; }"),
          "1 root never!;2 key_bits never!;", "1 root never!;2 key_bits never!;" },
        { SECURE("{ fingerprint = \"" PIN "\"; }"), "-1 fingerprint no-socket!;", "" },
        { SOCKET SECURE("{ fingerprint = \"" PIN "\"; }"), "1 fingerprint socket;", "" },
        { SOCKET PINNED("{ public_key = \"" PIN "\"; }"), "1 public_key socket;",
          "-1 public_key never!;" },
        { SOCKET PINNED("{ name = \"a.b\"; fingerprint = \"" PIN "\"; }"),
          "1 name if-trusted;1 fingerprint socket;", "" },
        { SOCKET PINNED("{ pin_file = \"both.pem\"; }"), "1 pin_file socket;",
          "1 pin_file some-pins;" },
        { SOCKET PINNED("{ pin_file = \"keys.pem\"; }"), "1 pin_file socket;",
          "-1 pin_file never!;" },
        { PINNED("{ pin_file = \"certificates.pem\"; }"), "-1 pin_file no-socket!;", "" },
        /* What is past is nobody's last hope, and nobody's loss. */
        { SECURE("{ name = \"a.b\"; until = \"2025-01-01\"; }, { organization = \"x\"; }"),
          "-2 organization never!;", "" },
        { SECURE("{ organization = \"x\"; until = \"2025-01-01\"; }"), "1 organization never!;",
          "" },
        { CONF_OUTBOUND("level = \"secure\"; certificates = ( { root = \"x\"; } );"), "", "" },
    };
    unsigned bad = 0;

    (void)state;
    conf_write("both.pem", SPAN(CERTIFICATE PUBLIC_KEY));
    conf_write("keys.pem", SPAN(PUBLIC_KEY));
    conf_write("certificates.pem", SPAN(CERTIFICATE));
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct rules *rules = conf_rules(rows[i].text);

        for (int mta = MTA_POSTFIX; mta <= MTA_SENDMAIL; mta++) {
            const char *expected = mta == MTA_POSTFIX ? rows[i].postfix : rows[i].sendmail;
            struct gap_text found = { .mta = (enum mta)mta };

            line_init(&found.line, found.text, sizeof(found.text));
            bad += row(gaps_visit(rules, connectors_get(rules->connectors, 0), found.mta, NOW,
                                  add_gap, &found) == (expected[0] != '-') &&
                           strcmp(found.text, expected + (expected[0] == '-')) == 0,
                       "row %zu, %s: %s", i, words_mta(found.mta), found.text);
        }
        rules_free(rules);
    }
    assert_int_equal(bad, 0);
}

static void gap_say__each_kind__a_sentence(void **state)
{
    static const struct {
        struct gap gap;
        enum mta mta;
        const char *expected;
    } rows[] = {
        { { 0, FIELD_ORGANIZATION, GAP_NEVER },
          MTA_POSTFIX,
          "Postfix does not report the organization: no certificate fits this entry" },
        { { 0, FIELD_PIN_FILE, GAP_NEVER },
          MTA_SENDMAIL,
          "Sendmail does not report the public_key, which is all that pin_file has: no certificate "
          "fits this entry" },
        { { 0, FIELD_FINGERPRINT, GAP_NO_SOCKET },
          MTA_POSTFIX,
          "Postfix reports the fingerprint only through smtpd_policy_socket, which is not set: no "
          "certificate fits this entry" },
        { { 0, FIELD_PIN_FILE, GAP_SOCKET },
          MTA_POSTFIX,
          "Postfix reports the pins of pin_file only through smtpd_policy_socket, which is set" },
        { { 0, FIELD_NAME, GAP_IF_TRUSTED },
          MTA_POSTFIX,
          "Postfix reports the name only of a certificate that it trusts: a pinned one has to be "
          "trusted as well" },
        { { 0, FIELD_PIN_FILE, GAP_SOME_PINS },
          MTA_SENDMAIL,
          "Sendmail does not report all pins of pin_file: the certificates in it count, the public "
          "keys do not" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[TEXT_SIZE];
        struct line line;

        line_init(&line, text, sizeof(text));
        gap_say(&line, &rows[i].gap, rows[i].mta);
        bad += row(strcmp(text, rows[i].expected) == 0, "row %zu: %s", i, text);
    }
    assert_int_equal(bad, 0);
}

static void gaps__names_and_fingerprints__only_where_compared_inbound(void **state)
{
    static const struct {
        const char *text;
        bool name, fingerprint;
    } rows[] = {
        { CONF_INBOUND("level = \"encrypt\";"), false, false },
        { CONF_INBOUND("level = \"secure\";"), true, false },
        { SECURE("{ issuer = \"x\"; }"), false, false },
        { SECURE("{ issuer = \"x\"; }, { name = \"a.b\"; }"), true, false },
        { SOCKET PINNED("{ fingerprint = \"" PIN "\"; }"), false, true },
        { SOCKET PINNED("{ public_key = \"" PIN "\"; }"), false, false },
        { SOCKET PINNED("{ pin_file = \"both.pem\"; }"), false, true },
        { SOCKET PINNED("{ pin_file = \"keys.pem\"; }"), false, false },
        { CONF_OUTBOUND("level = \"secure\";"), false, false },
    };
    unsigned bad = 0;

    (void)state;
    conf_write("both.pem", SPAN(CERTIFICATE PUBLIC_KEY));
    conf_write("keys.pem", SPAN(PUBLIC_KEY));
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct rules *rules = conf_rules(rows[i].text);

        bad += row(gaps_name_is_compared(rules) == rows[i].name &&
                       gaps_fingerprint_is_compared(rules) == rows[i].fingerprint,
                   "row %zu", i);
        rules_free(rules);
    }
    assert_int_equal(bad, 0);
}

/* ---- roots ---------------------------------------------------------------------------------- */

/* "severity word where: text" of each finding, a line each. */
static char *findings_text(const struct findings *findings)
{
    size_t size = findings->count * TEXT_SIZE + 1;
    char *text = calloc(1, size);

    assert_non_null(text);
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        size_t length = strlen(text);

        assert_non_null(finding->type);
        (void)snprintf(text + length, size - length, "%s %s %s: %s\n",
                       finding->severity == SEVERITY_WARNING ? "warning" : "note", finding->word,
                       finding->where, finding->text);
    }
    return text;
}

static unsigned check_roots(const char *conf, int64_t now, const char *states, const char *expected)
{
    static const char letters[] = "-meP?"; /* in the order of enum root_state */
    struct rules *rules = conf_rules(conf);
    struct findings findings = { .items = NULL };
    struct roots roots;
    char got[64], *text;
    size_t length = 0;
    unsigned bad;

    assert_true(roots_check(&roots, rules, now, &findings));
    for (uint32_t i = 0; i < connectors_count(rules->connectors); i++) {
        for (size_t n = 0; n < connectors_get(rules->connectors, i)->certificate_count; n++)
            got[length++] = letters[roots_state(&roots, i, n)];
    }
    got[length] = '\0';
    text = findings_text(&findings);
    bad = row(strcmp(got, states) == 0 && strcmp(text, expected) == 0, "%s\n%s", got, text);
    free(text);
    roots_release(&roots);
    findings_release(&findings);
    rules_free(rules);
    return bad;
}

#define OUT(name, keys) \
    "{ name = \"" name "\"; direction = \"outbound\"; domains = [ \"" name ".example\" ]; " keys "}"
#define STORE "trust_store = \"ca.pem\";\n"
#define ROOT(name) "{ root = \"" name "\"; }"

static void roots__one_store__each_root_is_looked_for(void **state)
{
    unsigned bad = 0;

    (void)state;
    conf_write("ca.pem", SPAN(CERTIFICATE));
    bad += check_roots(
        STORE "connectors = ( " OUT(
            "a", "level = \"secure\"; certificates = ( " ROOT(
                     "mail.partner.test") ", { name = \"a.b\"; }, " ROOT("x") " );") " );",
        LATER, "P-m",
        "warning root-missing ca.pem: no certificate has the common name 'x', the "
        "root of a (entry 3)\n");
    bad +=
        check_roots(STORE "connectors = ( " OUT("a", "level = \"secure\"; certificates = ( " ROOT(
                                                         "mail.partner.test") " );") " );",
                    NOW, "e",
                    "warning root-expired ca.pem: no certificate with the common name "
                    "'mail.partner.test' is within its dates, the root of a (entry 1)\n");
    assert_int_equal(bad, 0);
}

static void roots__entries_that_do_not_count_today__a_note_or_nothing(void **state)
{
    (void)state;
    conf_write("ca.pem", SPAN(CERTIFICATE));
    assert_int_equal(
        check_roots(STORE "connectors = ( " OUT(
                        "a", "level = \"secure\"; certificates = ( "
                             "{ root = \"gone\"; until = \"2025-06-01\"; }, "
                             "{ root = \"mail.partner.test\"; }, "
                             "{ root = \"next\"; from = \"2030-01-01\"; } );") " );",
                    LATER, "mPm",
                    "note root-missing ca.pem: no certificate has the common name 'next', the root "
                    "of a (entry 3)\n"),
        0);
}

static void roots__many_connectors_and_one_root__one_finding(void **state)
{
    static const char secure[] = "level = \"secure\"; certificates = ( " ROOT("x") " );";
    char text[TEXT_SIZE] = STORE "connectors = ( ";

    (void)state;
    conf_write("ca.pem", SPAN(CERTIFICATE));
    for (char c = 'a'; c < 'f'; c++) {
        size_t length = strlen(text);

        (void)snprintf(text + length, sizeof(text) - length,
                       "%s{ name = \"%c\"; direction = \"outbound\"; domains = [ \"%c.example\" ]; "
                       "%s }",
                       c == 'a' ? "" : ", ", c, c, secure);
    }
    strcat(text, " );");
    assert_int_equal(check_roots(text, LATER, "mmmmm",
                                 "warning root-missing ca.pem: no certificate has the common name "
                                 "'x', the root of a (entry 1), b (entry 1), c (entry 1) and 2 "
                                 "more\n"),
                     0);
}

static void roots__own_store_before_the_global_one__the_own_counts(void **state)
{
    (void)state;
    conf_write("ca.pem", SPAN(CERTIFICATE));
    conf_write("damaged.pem", SPAN("-----BEGIN CERTIFICATE-----\nMIIB!\n"));
    assert_int_equal(
        check_roots(
            "trust_store = \"damaged.pem\";\nconnectors = ( " OUT(
                "a",
                "level = \"secure\"; trust_store = \"ca.pem\"; certificates = ( " ROOT(
                    "mail.partner.test") " );") ", " OUT("b",
                                                         "level = \"secure\"; certificates = "
                                                         "( " ROOT("x") " );") ", " OUT("c",
                                                                                        "level = "
                                                                                        "\"verify\""
                                                                                        ";") " );",
            LATER, "P?",
            "warning trust-store-unreadable damaged.pem: a PEM block is damaged, so it "
            "vouches for no certificate: b, c\n"),
        0);
}

static void roots__nobody_needs_a_store__none_is_read(void **state)
{
    unsigned bad = 0;

    (void)state;
    conf_write("damaged.pem", SPAN("-----BEGIN CERTIFICATE-----\nMIIB!\n"));
    bad +=
        check_roots("trust_store = \"damaged.pem\";\n" SECURE("{ issuer = \"x\"; }"), NOW, "-", "");
    bad += check_roots("trust_store = \"damaged.pem\";\n" CONF_OUTBOUND("level = \"encrypt\";"),
                       NOW, "", "");
    bad += check_roots("trust_store = \"damaged.pem\";\n" CONF_OUTBOUND(
                           "level = \"fingerprint\"; certificates = ( { fingerprint = \"" PIN
                           "\"; } );"),
                       NOW, "-", "");
    assert_int_equal(bad, 0);
}

static void roots__name_from_the_file__escaped(void **state)
{
    (void)state;
    conf_write("ca.pem", SPAN(CERTIFICATE));
    assert_int_equal(
        check_roots(STORE "connectors = ( " OUT(
                        "a", "level = \"secure\"; certificates = ( " ROOT("N\xc3\xb6") " );") " );",
                    LATER, "m",
                    "warning root-missing ca.pem: no certificate has the common name "
                    "'N\\xc3\\xb6', the root of a (entry 1)\n"),
        0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(summary__numbers__singular_and_plural),
        cmocka_unit_test(summary__file_name_with_control_characters__escaped),
        cmocka_unit_test(notes__what_the_file_asks_for__each_once),
        cmocka_unit_test(mode__what_there_is__in_words),
        cmocka_unit_test(next_change__days_of_a_connector__each_in_its_turn),
        cmocka_unit_test(next_change__global_monitor_mode__enforce_from_has_no_effect),
        cmocka_unit_test(entry_state__before_within_and_behind__with_the_date),
        cmocka_unit_test(gaps__what_a_file_compares__by_what_each_mta_reports),
        cmocka_unit_test(gap_say__each_kind__a_sentence),
        cmocka_unit_test(gaps__names_and_fingerprints__only_where_compared_inbound),
        cmocka_unit_test(roots__one_store__each_root_is_looked_for),
        cmocka_unit_test(roots__entries_that_do_not_count_today__a_note_or_nothing),
        cmocka_unit_test(roots__many_connectors_and_one_root__one_finding),
        cmocka_unit_test(roots__own_store_before_the_global_one__the_own_counts),
        cmocka_unit_test(roots__nobody_needs_a_store__none_is_read),
        cmocka_unit_test(roots__name_from_the_file__escaped),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, conf_folder_make, conf_folder_remove);
}
