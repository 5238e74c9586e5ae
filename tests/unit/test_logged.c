/* SPDX-License-Identifier: ISC */
/*
 * Lines of the log, read back and judged again: with and without a syslog header, of every verdict,
 * of older versions, and what is none.
 */
#include "tests/unit/build.h"

#include <stdlib.h>
#include <string.h>

#include "policy/cli/explain/advice.h"
#include "policy/cli/explain/logged.h"

static struct rules *make_rules(void)
{
    struct rules *rules = build_rules();
    struct connector *connector = build_connector("contoso-in", LEVEL_SECURE);

    connector->action = ACTION_REJECT;
    build_entry_name(build_entry(connector), "mail.contoso.com");
    (void)build_add(rules, connector, "contoso.com");
    connector = build_connector("unit-in", LEVEL_SECURE);
    build_entry(connector)->organizational_unit = strdup("Mail");
    (void)build_add(rules, connector, "unit.example");
    connector = build_connector("key-in", LEVEL_FINGERPRINT);
    build_entry(connector)->has_public_key = true;
    connector->certificates[0].public_key = build_digest(0xab);
    (void)build_add(rules, connector, "key.example");
    connector = build_connector("local-in", LEVEL_ENCRYPT);
    build_local_domains(connector, "example.org");
    (void)build_add(rules, connector, "local.example");
    connector = build_connector("watched-in", LEVEL_ENCRYPT);
    connector->mode = MODE_MONITOR;
    (void)build_add(rules, connector, "watched.example");
    connector = build_connector("below-in", LEVEL_ENCRYPT);
    build_local_domains(connector, "example.org");
    (void)build_add(rules, connector, ".watched.example");
    build_finish(rules);
    return rules;
}

/* A line, judged by the rules above. */
struct again {
    struct logged logged;
    struct judgement judgement;
    struct notes notes, missing;
    enum sameness sameness;
    struct why why;
};

static bool judge_again(struct again *again, const struct rules *rules, const char *line,
                        const struct question *question)
{
    memset(again, 0, sizeof(*again));
    if (!logged_read(&again->logged, span_of(line), &again->why) ||
        !logged_facts(&again->logged, question, NOW, &again->notes, &again->why))
        return false;
    judgement_make(&again->judgement, rules, &again->logged.facts, again->logged.recipients,
                   again->logged.queue_id);
    logged_missing(&again->logged, &again->judgement, &again->missing);
    again->sameness = logged_compare(&again->logged, &again->judgement, &again->missing);
    return true;
}

/* ---- headers -------------------------------------------------------------------------------- */

#define LINE "NOQUEUE: inbound verdict=pass connector=c level=may from=<a@b> nrcpt=1"

static const struct header_case {
    const char *line;
    const char *when; /* NULL: it is no line of the daemon */
} headers[] = {
    { LINE, "" },
    { "  " LINE "\r\n", "" },
    { "4XqZ8l2bYz: inbound verdict=pass", "" },
    { "Nov 25 00:58:09 mx forcetls-milter[123]: " LINE, "Nov 25 00:58:09 mx" },
    { "2026-11-25T00:58:09.123456+01:00 mx forcetls-milter[123]: " LINE,
      "2026-11-25T00:58:09.123456+01:00 mx" },
    { "<22>Nov 25 00:58:09 forcetls-milter: " LINE, "<22>Nov 25 00:58:09" },
    { "<22>1 2026-11-25T00:58:09Z mx forcetls-milter 123 - - " LINE,
      "<22>1 2026-11-25T00:58:09Z mx" },
    { "/var/log/mail.log:Nov 25 00:58:09 mx forcetls-milter[123]: " LINE,
      "/var/log/mail.log:Nov 25 00:58:09 mx" },
    { "forcetls-milter[123]: " LINE, "" },
    /* Somebody else's, whatever it quotes. */
    { "Nov 25 00:58:09 mx postfix/smtpd[1]: forcetls-milter[1]: " LINE, NULL },
    { "Nov 25 00:58:09 mx postfix/smtpd[1]: " LINE, NULL },
    { "Nov 25 00:58:09 mx forcetls-milterx[123]: " LINE, NULL },
    { "Nov 25 00:58:09 mx " LINE, NULL },
    { "Nov 25 00:58:09 mx postfix/smtpd[1]: NOQUEUE: milter-reject: RCPT from x[192.0.2.1]: 550",
      NULL },
    { "Nov 25 00:58:09 mx forcetls-milter[123]: ready: version 0.1.0", NULL },
    { "Nov 25 00:58:09 mx forcetls-milter[123]:", NULL },
    { "NOQUEUE: inbound connector=c", NULL },
    { "NOQUEUE: inbound verdict=pass from=\"x", NULL },
    { "hello", NULL },
    { "", NULL },
};

static void line__with_or_without_a_header__is_read_if_it_is_the_daemons(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(headers); i++) {
        struct logged logged;
        struct why why = { "" };
        bool good = logged_read(&logged, span_of(headers[i].line), &why);

        failed += row(good == (headers[i].when != NULL), "'%s': %d", headers[i].line, good);
        if (good && headers[i].when != NULL)
            failed += row(
                logged.when.length == strlen(headers[i].when) &&
                    (headers[i].when[0] == '\0' || span_starts_with(logged.when, headers[i].when)),
                "'%s': when '%s'", headers[i].line, SHOWN(logged.when));
        failed += row(good || (why.text[0] != '\0' && printable(why.text)), "'%s': no reason",
                      headers[i].line);
        logged_release(&logged);
    }
    assert_int_equal(failed, 0);
}

static void line__of_the_mta__is_told_from_the_daemons(void **state)
{
    struct logged logged;
    struct why why;

    (void)state;
    assert_false(logged_read(
        &logged, span_of("mx postfix/smtpd[1]: NOQUEUE: milter-reject: RCPT from x: 550"), &why));
    assert_non_null(strstr(why.text, "the MTA's own line"));
    logged_release(&logged);
}

static void line__too_long_or_hostile__is_refused_and_its_bytes_escaped(void **state)
{
    char *line = malloc(LOGGED_LINE_MOST + 2);
    struct logged logged;
    struct why why;

    (void)state;
    assert_non_null(line);
    memset(line, 'x', LOGGED_LINE_MOST + 1);
    line[LOGGED_LINE_MOST + 1] = '\0';
    assert_false(logged_read(&logged, span_of(line), &why));
    assert_non_null(strstr(why.text, "too long"));
    logged_release(&logged);
    assert_false(logged_read(&logged, SPAN("a\0\033[31m\xff: inbound"), &why));
    assert_true(printable(why.text));
    logged_release(&logged);
    free(line);
}

/* ---- facts ---------------------------------------------------------------------------------- */

#define DEFER "NOQUEUE: inbound verdict=defer reason=no-tls connector=contoso-in level=secure "
#define WHO "from=<a@contoso.com> to=<b@example.org> client=mail.contoso.com[192.0.2.25] "
#define SESSION "tls=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384/256 "

static void facts__of_a_line__are_what_it_says(void **state)
{
    static const char line[] =
        DEFER WHO SESSION "certificate=trusted subject=\"a \\\"b\\\" \\x0a\" issuer=\"CA\" "
                          "fingerprint="
                          "abababababababababababababababababababababababababababababababab "
                          "mode=enforce text=\"x\"";
    static const struct question question = { .mta = "postfix", .helo = "Mail.Contoso.Com." };
    struct rules *rules = make_rules();
    const struct facts *facts;
    struct digest digest = build_digest(0xab);
    struct again again;

    (void)state;
    assert_true(judge_again(&again, rules, line, &question));
    facts = &again.logged.facts;
    assert_true(span_equal(facts->sender, span_of("<a@contoso.com>")));
    assert_true(span_equal(facts->recipient, span_of("<b@example.org>")));
    assert_int_equal(facts->recipient_address->count, 1);
    assert_int_equal(facts->client.family, 4);
    assert_true(span_equal(facts->client_name, span_of("mail.contoso.com")));
    assert_string_equal(facts->client_domain->name, "mail.contoso.com");
    assert_string_equal(facts->helo_domain->name, "mail.contoso.com");
    assert_int_equal(facts->mta, MTA_POSTFIX);
    assert_int_equal(facts->now, NOW);
    assert_int_equal(facts->tls.state, TLS_ENCRYPTED);
    assert_int_equal(facts->tls.protocol, PROTOCOL_TLSV1_3);
    assert_int_equal(facts->tls.cipher_bits, 256);
    assert_true(span_equal(facts->tls.cipher, span_of("TLS_AES_256_GCM_SHA384")));
    assert_int_equal(facts->certificate.trust, TRUST_TRUSTED);
    assert_true(span_equal(facts->certificate.subject, span_of("a \"b\" \n")));
    assert_int_equal(facts->certificate.fingerprint_state, PIN_KNOWN);
    assert_true(digest_equal(&facts->certificate.fingerprint, &digest));
    assert_int_equal(facts->certificate.public_key_state, PIN_NOT_REPORTED);
    assert_false(span_known(facts->certificate.organization));
    logged_release(&again.logged);
    rules_free(rules);
}

/* A line without certificate= is of an older version: only what could not have been otherwise. */
static const struct trust_case {
    const char *line;
    enum trust trust;
} trusts[] = {
    { "level=secure certificate=untrusted", TRUST_UNTRUSTED },
    { "level=secure certificate=none", TRUST_NO_CERTIFICATE },
    { "level=secure certificate=none-or-untrusted", TRUST_NONE_OR_UNTRUSTED },
    { "verdict=pass level=secure", TRUST_TRUSTED },
    { "verdict=pass level=verify", TRUST_TRUSTED },
    { "verdict=pass level=encrypt", TRUST_NOT_REPORTED },
    { "verdict=pass level=fingerprint", TRUST_NOT_REPORTED },
    { "verdict=exempt level=secure reason=network", TRUST_NOT_REPORTED },
    { "verdict=reject level=secure reason=certificate-mismatch", TRUST_TRUSTED },
    { "verdict=monitor level=secure reason=certificate-retired", TRUST_TRUSTED },
    { "verdict=reject level=fingerprint reason=certificate-mismatch", TRUST_NOT_REPORTED },
    { "verdict=reject level=secure reason=protocol-too-old", TRUST_NOT_REPORTED },
    { "verdict=defer level=secure reason=not-reported", TRUST_NOT_REPORTED },
    { "verdict=reject level=secure reason=no-certificate", TRUST_NO_CERTIFICATE },
    { "verdict=reject level=secure reason=no-trusted-certificate", TRUST_NONE_OR_UNTRUSTED },
    { "verdict=reject level=secure reason=certificate-not-trusted", TRUST_UNTRUSTED },
};

static void trust__of_a_line__is_what_it_says_or_proves(void **state)
{
    static const struct question question = { .mta = NULL };
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(trusts); i++) {
        char line[400];
        struct notes notes = { .count = 0 };
        struct logged logged;
        struct why why;

        (void)snprintf(line, sizeof(line),
                       "NOQUEUE: inbound %s subject=\"mail.contoso.com\" issuer=\"CA\" from=<a@b> "
                       "%s%s",
                       trusts[i].line, SESSION,
                       strstr(trusts[i].line, "verdict=") == NULL ? "verdict=defer"
                                                                  : "mode=enforce");
        if (!logged_read(&logged, span_of(line), &why) ||
            !logged_facts(&logged, &question, NOW, &notes, &why))
            failed += row(false, "%s: %s", trusts[i].line, why.text);
        else
            failed += row(logged.facts.certificate.trust == trusts[i].trust, "%s: %d",
                          trusts[i].line, logged.facts.certificate.trust);
        logged_release(&logged);
    }
    assert_int_equal(failed, 0);
}

static void option__against_the_line__is_refused(void **state)
{
    static const struct question questions[] = {
        { .to = "c@example.org" },
        { .client_name = "other.contoso.com" },
        { .mta = "exim" },
    };
    struct rules *rules = make_rules();
    struct again again;

    (void)state;
    for (size_t i = 0; i < ROWS(questions); i++) {
        assert_false(judge_again(&again, rules, DEFER WHO "tls=none", &questions[i]));
        assert_true(printable(again.why.text));
        logged_release(&again.logged);
    }
    assert_true(judge_again(
        &again, rules, DEFER WHO "tls=none",
        &(struct question){ .to = "B@Example.Org", .client_name = "Mail.Contoso.Com" }));
    logged_release(&again.logged);
    rules_free(rules);
}

/* ---- then and now --------------------------------------------------------------------------- */

static const struct again_case {
    const char *name, *line;
    struct question question;
    enum sameness sameness;
    const char *missing; /* NULL: nothing */
} agains[] = {
    { "refused then and now",
      "NOQUEUE: inbound verdict=reject reason=no-tls connector=contoso-in level=secure " WHO
      "tls=none mode=enforce text=\"550\"",
      { .mta = NULL },
      SAME,
      NULL },
    { "deferred then, refused now",
      DEFER WHO "tls=none mode=enforce",
      { .mta = NULL },
      DIFFERENT,
      NULL },
    { "another connector then",
      "NOQUEUE: inbound verdict=reject reason=no-tls connector=old level=secure " WHO "tls=none",
      { .mta = NULL },
      DIFFERENT,
      NULL },
    { "passed, by an older version",
      "ABC: inbound verdict=pass connector=contoso-in level=secure from=<a@contoso.com> nrcpt=3 "
      "client=x[192.0.2.1] " SESSION "subject=\"mail.contoso.com\" issuer=\"CA\" mode=enforce",
      { .mta = NULL },
      SAME,
      NULL },
    { "would have been refused",
      "NOQUEUE: inbound verdict=monitor would=defer reason=no-tls connector=watched-in "
      "level=encrypt "
      "from=<a@watched.example> to=<b@example.org> client=x[192.0.2.1] tls=none mode=monitor",
      { .mta = NULL },
      SAME,
      NULL },
    { "exempt then, judged now",
      "ABC: inbound verdict=exempt reason=network connector=contoso-in level=secure "
      "from=<a@contoso.com> nrcpt=1 client=x[192.0.2.1] tls=none mode=enforce",
      { .mta = NULL },
      DIFFERENT,
      NULL },
    { "exempt then and now",
      "ABC: inbound verdict=exempt reason=network connector=contoso-in level=secure "
      "from=<a@contoso.com> nrcpt=1 client=x[127.0.0.1] tls=none mode=enforce",
      { .mta = NULL },
      SAME,
      NULL },
    { "a near miss",
      "ABC: inbound verdict=none reason=near-miss connector=contoso-in level=secure "
      "from=<a@sub.contoso.com> client=x[192.0.2.1] tls=none text=\"x\"",
      { .mta = NULL },
      SAME,
      NULL },
    { "a near miss then, none now",
      "ABC: inbound verdict=none reason=near-miss connector=contoso-in level=secure "
      "from=<a@elsewhere.example> client=x[192.0.2.1] tls=none text=\"x\"",
      { .mta = NULL },
      DIFFERENT,
      NULL },
    { "an organisational unit is in no line",
      "ABC: inbound verdict=pass connector=unit-in level=secure from=<a@unit.example> nrcpt=1 "
      "client=x[192.0.2.1] " SESSION "certificate=trusted subject=\"x\" issuer=\"CA\" mode=enforce",
      { .mta = "sendmail" },
      SAMENESS_UNKNOWN,
      "organizational_unit" },
    { "a public key is in no line of what passed",
      "ABC: inbound verdict=pass connector=key-in level=fingerprint from=<a@key.example> nrcpt=1 "
      "client=x[192.0.2.1] " SESSION "certificate=untrusted mode=enforce",
      { .mta = "postfix" },
      SAMENESS_UNKNOWN,
      "public key" },
    { "an older line that proves nothing of trust",
      "NOQUEUE: inbound verdict=reject reason=cipher-too-weak connector=contoso-in "
      "level=secure " WHO
      "tls=TLSv1.2 cipher=AES128-SHA/128 subject=\"mail.contoso.com\" issuer=\"CA\" mode=enforce",
      { .mta = NULL },
      SAMENESS_UNKNOWN,
      "whether the certificate was trusted" },
    { "a bounce without its HELO name",
      "NOQUEUE: inbound verdict=reject reason=no-tls connector=contoso-in level=secure from=<> "
      "to=<b@example.org> client=unknown[192.0.2.1] tls=none mode=enforce",
      { .mta = NULL },
      SAMENESS_UNKNOWN,
      "--helo" },
    { "a bounce with its HELO name",
      "NOQUEUE: inbound verdict=reject reason=no-tls connector=contoso-in level=secure from=<> "
      "to=<b@example.org> client=unknown[192.0.2.1] tls=none mode=enforce",
      { .helo = "contoso.com" },
      SAME,
      NULL },
    { "recipients that are not named, and local_domains",
      "ABC: inbound verdict=pass connector=local-in level=encrypt from=<a@local.example> nrcpt=2 "
      "client=x[192.0.2.1] " SESSION "mode=enforce",
      { .mta = NULL },
      SAME,
      "--to" },
    { "recipients that are named by an option",
      "ABC: inbound verdict=pass connector=local-in level=encrypt from=<a@local.example> nrcpt=2 "
      "client=x[192.0.2.1] " SESSION "mode=enforce",
      { .to = "b@example.org" },
      SAME,
      NULL },
    { "recipients that are not named, and local_domains of subdomains alone",
      "ABC: inbound verdict=pass connector=watched-in level=encrypt from=<a@watched.example> "
      "nrcpt=2 client=x[192.0.2.1] " SESSION "mode=monitor",
      { .mta = NULL },
      SAME,
      NULL },
    { "a sender that was too long for the line",
      "ABC: inbound verdict=reject reason=no-tls connector=contoso-in level=secure from=<aaaa "
      "to=<b@example.org> client=x[192.0.2.1] tls=none mode=enforce",
      { .mta = NULL },
      SAMENESS_UNKNOWN,
      "from= is cut" },
};

static void line__judged_again__is_compared_and_says_what_it_lacks(void **state)
{
    struct rules *rules = make_rules();
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(agains); i++) {
        const struct again_case *wanted = &agains[i];
        struct again again;

        if (!judge_again(&again, rules, wanted->line, &wanted->question)) {
            failed += row(false, "%s: %s", wanted->name, again.why.text);
            logged_release(&again.logged);
            continue;
        }
        failed += row(again.sameness == wanted->sameness, "%s: %d, now %s", wanted->name,
                      again.sameness, again.judgement.log);
        failed += row((again.missing.count > 0) == (wanted->missing != NULL) &&
                          (wanted->missing == NULL ||
                           strstr(again.missing.texts[0], wanted->missing) != NULL),
                      "%s: missing '%s'", wanted->name, again.missing.texts[0]);
        logged_release(&again.logged);
    }
    rules_free(rules);
    assert_int_equal(failed, 0);
}

/* ---- there and back ------------------------------------------------------------------------- */

/* A decision's own line, judged again by the same rules, is the same decision, and writes the same
 * line. */
static unsigned there_and_back(const struct rules *rules, const struct scene *scene,
                               const char *name)
{
    struct judgement judgement;
    struct again again;
    unsigned failed;

    judgement_make(&judgement, rules, &scene->facts, 1, span_of("4XqZ8l2bYz"));
    if (!judge_again(&again, rules, judgement.log, &(struct question){ .mta = "postfix" })) {
        failed = row(false, "%s: %s", name, again.why.text);
    } else {
        failed = row(again.sameness == SAME, "%s: '%s', again '%s'", name, judgement.log,
                     again.judgement.log);
        failed += row(strcmp(judgement.log, again.judgement.log) == 0, "%s: '%s', again '%s'", name,
                      judgement.log, again.judgement.log);
    }
    logged_release(&again.logged);
    return failed;
}

static void decision__logged_and_judged_again__is_the_same(void **state)
{
    static const enum trust trust[] = { TRUST_NOT_REPORTED, TRUST_NO_CERTIFICATE, TRUST_UNTRUSTED,
                                        TRUST_NONE_OR_UNTRUSTED, TRUST_TRUSTED };
    static const char *const subjects[] = { "mail.contoso.com", "mail \"x\"\\\n\xff", "" };
    struct rules *rules = make_rules();
    struct scene scene;
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(trust); i++) {
        for (size_t n = 0; n < ROWS(subjects); n++) {
            scene_init(&scene, "<a@contoso.com>", "<b@example.org>");
            scene.facts.certificate.trust = trust[i];
            scene.facts.certificate.subject = span_of(subjects[n]);
            failed += there_and_back(rules, &scene, subjects[n]);
            scene_release(&scene);
        }
    }
    scene_init(&scene, "<a@contoso.com>", "<b@example.org>");
    scene_plain(&scene);
    failed += there_and_back(rules, &scene, "plaintext");
    scene.facts.tls.state = TLS_NOT_REPORTED;
    failed += there_and_back(rules, &scene, "nothing reported");
    scene.facts.client.family = 0;
    failed += there_and_back(rules, &scene, "no client");
    scene_release(&scene);
    scene_init(&scene, "<a@watched.example>", "<b@example.org>");
    scene_plain(&scene);
    failed += there_and_back(rules, &scene, "monitor mode");
    scene_release(&scene);
    rules_free(rules);
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line__with_or_without_a_header__is_read_if_it_is_the_daemons),
        cmocka_unit_test(line__of_the_mta__is_told_from_the_daemons),
        cmocka_unit_test(line__too_long_or_hostile__is_refused_and_its_bytes_escaped),
        cmocka_unit_test(facts__of_a_line__are_what_it_says),
        cmocka_unit_test(trust__of_a_line__is_what_it_says_or_proves),
        cmocka_unit_test(option__against_the_line__is_refused),
        cmocka_unit_test(line__judged_again__is_compared_and_says_what_it_lacks),
        cmocka_unit_test(decision__logged_and_judged_again__is_the_same),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
