/* SPDX-License-Identifier: ISC */
/*
 * Questions of the command line become what the milter would know, and are judged as it would.
 * Rules are built in memory and put in force, as the daemon does.
 */
#include "tests/unit/build.h"

#include <stdlib.h>
#include <string.h>

#include "policy/cli/explain/inquiry.h"
#include "policy/cli/explain/judgement.h"

#define PIN_TEXT "ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB"
#define OTHER_TEXT "CDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCD"

#define LIST_MOST 9

/* Strings of a case; NULL: not given. */
struct words {
    const char *from, *to, *client_addr, *client_name, *helo, *mta;
    const char *macros[LIST_MOST], *attributes[LIST_MOST];
};

/* One question with all that comes of it. */
struct asked {
    struct question question;
    struct inquiry inquiry;
    struct notes notes;
    struct judgement judgement;
    struct why why;
};

static struct rules *in_force;

static int install(void **state)
{
    struct connector *connector;

    (void)state;
    in_force = build_rules();
    in_force->settings.smtpd_policy_socket = strdup("unix:/run/policy.sock");
    connector = build_connector("contoso-in", LEVEL_SECURE);
    connector->action = ACTION_REJECT;
    build_entry_name(build_entry(connector), "mail.contoso.com");
    connector->certificates[0].issuer = strdup("Example Issuing CA");
    build_networks(&connector->client_networks, "192.0.2.0/24 2001:db8::/32");
    (void)build_add(in_force, connector, "contoso.com");
    connector = build_connector("pins-in", LEVEL_FINGERPRINT);
    build_entry(connector)->has_fingerprint = true;
    connector->certificates[0].fingerprint = build_digest(0xab);
    (void)build_add(in_force, connector, "pins.example");
    connector = build_connector("key-in", LEVEL_FINGERPRINT);
    build_entry(connector)->has_public_key = true;
    connector->certificates[0].public_key = build_digest(0xab);
    (void)build_add(in_force, connector, "key.example");
    connector = build_connector("tree-in", LEVEL_ENCRYPT);
    (void)build_add(in_force, connector, "*.tree.example");
    build_finish(in_force);
    assert_true(snapshot_install(in_force));
    return 0;
}

static int uninstall(void **state)
{
    (void)state;
    snapshot_uninstall();
    return 0;
}

static struct option_texts texts_of(const char *const list[LIST_MOST])
{
    struct option_texts texts = { (const char **)(uintptr_t)list, 0 };

    while (texts.count < LIST_MOST && list[texts.count] != NULL)
        texts.count++;
    return texts;
}

/* False: refused, and `why` says why. */
static bool ask(struct asked *asked, const struct words *words)
{
    memset(asked, 0, sizeof(*asked));
    asked->question = (struct question){ .from = words->from,
                                         .to = words->to,
                                         .client_addr = words->client_addr,
                                         .client_name = words->client_name,
                                         .helo = words->helo,
                                         .mta = words->mta,
                                         .macros = texts_of(words->macros),
                                         .attributes = texts_of(words->attributes) };
    if (!inquiry_read(&asked->inquiry, &asked->question, &asked->notes, &asked->why) ||
        !inquiry_play(&asked->inquiry, in_force, NOW, &asked->notes, &asked->why))
        return false;
    judgement_make(&asked->judgement, in_force, &asked->inquiry.facts, 1, asked->inquiry.queue_id);
    return true;
}

static bool is_noted(const struct notes *notes, const char *text)
{
    for (size_t i = 0; i < notes->count; i++) {
        if (strstr(notes->texts[i], text) != NULL)
            return true;
    }
    return false;
}

#define TLS "tls_version=TLSv1.3", "cipher=TLS_AES_256_GCM_SHA384", "cipher_bits=256"
#define POSTFIX .client_addr = "192.0.2.25", .mta = "postfix"
#define SENDMAIL .client_addr = "192.0.2.25", .mta = "sendmail"

static const struct question_case {
    const char *name;
    struct words words;
    const char *connector; /* NULL: none */
    enum reason reason;
    enum status status;
    const char *note; /* NULL: nothing is noted */
} cases[] = {
    { "plaintext, since no TLS macro is given",
      { .from = "a@contoso.com", .to = "b@example.org", POSTFIX },
      "contoso-in",
      REASON_NO_TLS,
      STATUS_NO,
      "no TLS macro was given" },
    { "a certificate that Postfix trusts",
      { .from = "a@contoso.com",
        .to = "b@example.org",
        POSTFIX,
        .macros = { TLS, "{cert_subject}=mail.contoso.com", "cert_issuer=Example Issuing CA" } },
      "contoso-in",
      REASON_NONE,
      STATUS_GOOD,
      NULL },
    { "none that Postfix trusts",
      { .from = "a@contoso.com", .to = "b@example.org", POSTFIX, .macros = { TLS } },
      "contoso-in",
      REASON_NO_TRUSTED_CERTIFICATE,
      STATUS_NO,
      NULL },
    { "a certificate that Sendmail trusts, encoded as it does",
      { .from = "a@contoso.com",
        .to = "b@example.org",
        SENDMAIL,
        .macros = { TLS, "verify=OK", "cn_subject=mail.contoso.com",
                    "cn_issuer=Example+20Issuing+20CA" } },
      "contoso-in",
      REASON_NONE,
      STATUS_GOOD,
      NULL },
    { "one that Sendmail does not trust, with the right names",
      { .from = "a@contoso.com",
        .to = "b@example.org",
        SENDMAIL,
        .macros = { TLS, "verify=FAIL", "cn_subject=mail.contoso.com",
                    "cn_issuer=Example+20Issuing+20CA" } },
      "contoso-in",
      REASON_CERTIFICATE_NOT_TRUSTED,
      STATUS_NO,
      NULL },
    { "Postfix's macros on Sendmail prove nothing",
      { .from = "a@contoso.com",
        .to = "b@example.org",
        SENDMAIL,
        .macros = { TLS, "cert_subject=mail.contoso.com", "cert_issuer=Example Issuing CA" } },
      "contoso-in",
      REASON_NOT_REPORTED,
      STATUS_UNKNOWN,
      NULL },
    { "macro v instead of --mta",
      { .from = "a@contoso.com",
        .to = "b@example.org",
        .client_addr = "192.0.2.25",
        .macros = { TLS, "v=Postfix 3.7.11", "cert_subject=mail.contoso.com",
                    "cert_issuer=Example Issuing CA" } },
      "contoso-in",
      REASON_NONE,
      STATUS_GOOD,
      NULL },
    { "an address as the MTA spells it",
      { .from = "a@contoso.com",
        .to = "b@example.org",
        .client_addr = "2001:db8::25",
        .mta = "postfix",
        .macros = { "client_addr=IPv6:2001:DB8:0:0::25", TLS } },
      "contoso-in",
      REASON_NO_TRUSTED_CERTIFICATE,
      STATUS_NO,
      NULL },
    { "the address by macro alone",
      { .from = "a@contoso.com",
        .to = "b@example.org",
        .mta = "postfix",
        .macros = { "client_addr=198.51.100.1", TLS } },
      "contoso-in",
      REASON_CLIENT_NOT_ALLOWED,
      STATUS_NO,
      NULL },
    { "no address: in no network, and that is no answer",
      { .from = "a@contoso.com",
        .to = "b@example.org",
        .mta = "postfix",
        .macros = { TLS, "cert_subject=mail.contoso.com", "cert_issuer=Example Issuing CA" } },
      "contoso-in",
      REASON_NOT_REPORTED,
      STATUS_UNKNOWN,
      "the client's address was not given" },
    { "any recipient",
      { .from = "a@contoso.com", POSTFIX, .macros = { TLS } },
      "contoso-in",
      REASON_NO_TRUSTED_CERTIFICATE,
      STATUS_NO,
      NULL },
    { "nobody's",
      { .from = "<a@elsewhere.example>", .to = "b@example.org", POSTFIX, .macros = { TLS } },
      NULL,
      REASON_NONE,
      STATUS_GOOD,
      NULL },
    { "a bounce, by network",
      { .from = "<>", .to = "b@example.org", POSTFIX, .macros = { TLS } },
      "contoso-in",
      REASON_NO_TRUSTED_CERTIFICATE,
      STATUS_NO,
      NULL },
    { "a bounce without brackets, by HELO",
      { .from = "",
        .to = "b@example.org",
        .client_addr = "198.51.100.1",
        .mta = "postfix",
        .helo = "mx.tree.example",
        .macros = { TLS } },
      "tree-in",
      REASON_NONE,
      STATUS_GOOD,
      NULL },
    { "a bounce, by the confirmed client name",
      { .from = "<>",
        .to = "b@example.org",
        .client_addr = "198.51.100.1",
        .mta = "postfix",
        .client_name = "mx.tree.example" },
      "tree-in",
      REASON_NO_TLS,
      STATUS_NO,
      "no TLS macro was given" },
    { "a client name that is not confirmed",
      { .from = "<>",
        .to = "b@example.org",
        .client_addr = "198.51.100.1",
        .mta = "postfix",
        .macros = { TLS, "client_name=mx.tree.example", "client_resolve=FAIL" } },
      NULL,
      REASON_NONE,
      STATUS_GOOD,
      NULL },
    { "mail that did not come by SMTP",
      { .from = "a@contoso.com",
        .to = "b@example.org",
        .mta = "postfix",
        .macros = { "i=4XqZ8l2bYz", "client_addr=127.0.0.1", "client_port=0", "daemon_port=0" } },
      NULL,
      REASON_NONE,
      STATUS_GOOD,
      "did not come by SMTP" },
    { "a macro that nobody reads",
      { .from = "a@tree.example",
        .to = "b@example.org",
        POSTFIX,
        .macros = { TLS, "mail_host=x" } },
      "tree-in",
      REASON_NONE,
      STATUS_GOOD,
      "does not read the macro {mail_host}" },
    { "no MTA",
      { .from = "a@tree.example",
        .to = "b@example.org",
        .client_addr = "192.0.2.25",
        .macros = { TLS } },
      "tree-in",
      REASON_NONE,
      STATUS_GOOD,
      "the MTA was not given" },
    { "a pin, and nobody tells",
      { .from = "a@pins.example", .to = "b@example.org", POSTFIX, .macros = { TLS } },
      "pins-in",
      REASON_NOT_REPORTED,
      STATUS_UNKNOWN,
      NULL },
    { "a pin, told by the policy request",
      { .from = "a@pins.example",
        .to = "\"b c\"@Example.ORG",
        POSTFIX,
        .macros = { TLS },
        .attributes = { "ccert_fingerprint=" PIN_TEXT } },
      "pins-in",
      REASON_NONE,
      STATUS_GOOD,
      NULL },
    { "another pin, told by the policy request",
      { .from = "a@pins.example",
        .to = "b@example.org",
        POSTFIX,
        .macros = { TLS },
        .attributes = { "ccert_fingerprint=" OTHER_TEXT } },
      "pins-in",
      REASON_CERTIFICATE_MISMATCH,
      STATUS_NO,
      NULL },
    { "no certificate, told by the policy request",
      { .from = "a@pins.example",
        .to = "b@example.org",
        POSTFIX,
        .macros = { TLS },
        .attributes = { "ccert_fingerprint=" } },
      "pins-in",
      REASON_NO_CERTIFICATE,
      STATUS_NO,
      NULL },
    { "the certificate's digest says nothing of the key's",
      { .from = "a@key.example",
        .to = "b@example.org",
        POSTFIX,
        .macros = { TLS },
        .attributes = { "ccert_fingerprint=" PIN_TEXT } },
      "key-in",
      REASON_NOT_REPORTED,
      STATUS_UNKNOWN,
      NULL },
    { "the key's digest",
      { .from = "a@key.example",
        .to = "b@example.org",
        POSTFIX,
        .macros = { TLS },
        .attributes = { "ccert_pubkey_fingerprint=" PIN_TEXT, "reverse_client_name=x" } },
      "key-in",
      REASON_NONE,
      STATUS_GOOD,
      "does not read the attribute reverse_client_name" },
    { "a policy request about another session",
      { .from = "a@pins.example",
        .to = "b@example.org",
        POSTFIX,
        .macros = { TLS },
        .attributes = { "ccert_fingerprint=" PIN_TEXT, "encryption_protocol=TLSv1.2" } },
      "pins-in",
      REASON_NOT_REPORTED,
      STATUS_UNKNOWN,
      "not believed" },
    { "a policy request about another recipient",
      { .from = "a@pins.example",
        .to = "b@example.org",
        POSTFIX,
        .macros = { TLS },
        .attributes = { "ccert_fingerprint=" PIN_TEXT, "recipient=c@example.org" } },
      "pins-in",
      REASON_NOT_REPORTED,
      STATUS_UNKNOWN,
      "not believed" },
    { "a policy request from before RCPT",
      { .from = "a@pins.example",
        .to = "b@example.org",
        POSTFIX,
        .macros = { TLS },
        .attributes = { "ccert_fingerprint=" PIN_TEXT, "protocol_state=MAIL" } },
      "pins-in",
      REASON_NOT_REPORTED,
      STATUS_UNKNOWN,
      "protocol_state is 'MAIL'" },
    { "a policy request without a port, as behind XCLIENT",
      { .from = "a@pins.example",
        .to = "b@example.org",
        POSTFIX,
        .macros = { TLS },
        .attributes = { "ccert_fingerprint=" PIN_TEXT, "client_port=unknown" } },
      "pins-in",
      REASON_NOT_REPORTED,
      STATUS_UNKNOWN,
      "not believed" },
    { "a whole policy request, with the session's ends",
      { .from = "a@pins.example",
        .to = "b@example.org",
        .mta = "postfix",
        .macros = { TLS },
        .attributes = { "client_address=198.51.100.7", "client_port=40000",
                        "server_address=203.0.113.1", "server_port=25",
                        "ccert_fingerprint=" PIN_TEXT, "ccert_pubkey_fingerprint=" OTHER_TEXT,
                        "instance=1.2.3" } },
      "pins-in",
      REASON_NONE,
      STATUS_GOOD,
      NULL },
};

static void question__as_an_mta_would_report_it__is_judged_as_the_milter_does(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++) {
        const struct question_case *wanted = &cases[i];
        const struct decision *got;
        struct asked asked;

        if (!ask(&asked, &wanted->words)) {
            failed += row(false, "%s: refused: %s", wanted->name, asked.why.text);
            inquiry_release(&asked.inquiry);
            continue;
        }
        got = &asked.judgement.decision;
        failed += row((got->match.connector == NULL) == (wanted->connector == NULL) &&
                          (wanted->connector == NULL ||
                           strcmp(got->match.connector->name, wanted->connector) == 0),
                      "%s: connector %s", wanted->name,
                      got->match.connector != NULL ? got->match.connector->name : "none");
        failed +=
            row(got->reason == wanted->reason, "%s: %s", wanted->name, reason_word(got->reason));
        failed += row(judgement_status(&asked.judgement) == wanted->status, "%s: status %d",
                      wanted->name, judgement_status(&asked.judgement));
        if (wanted->note == NULL)
            failed +=
                row(asked.notes.count == 0, "%s: noted '%s'", wanted->name, asked.notes.texts[0]);
        else
            failed += row(is_noted(&asked.notes, wanted->note), "%s: not noted '%s'", wanted->name,
                          wanted->note);
        inquiry_release(&asked.inquiry);
    }
    assert_int_equal(failed, 0);
}

static const struct usage_case {
    struct words words;
    const char *why;
} usages[] = {
    { { .to = "b@example.org" }, "--from ADDRESS is missing" },
    { { .from = "a@x", .mta = "exim" }, "('exim')" },
    { { .from = "a@x", .client_addr = "mail.x" }, "not an IP address ('mail.x')" },
    { { .from = "a@x", .macros = { "cipher" } }, "wants NAME=VALUE ('cipher')" },
    { { .from = "a@x", .macros = { "=x" } }, "not a name" },
    { { .from = "a@x", .macros = { "{}=x" } }, "not a name" },
    { { .from = "a@x", .macros = { "a b=x" } }, "not a name" },
    { { .from = "a@x", .macros = { "cipher=x", "{cipher}=x" } }, "given twice ('{cipher}')" },
    { { .from = "a@x", .macros = { "i=x", "{i}=y" } }, "given twice ('i')" },
    { { .from = "a@x", .client_addr = "192.0.2.1", .macros = { "client_addr=192.0.2.2" } },
      "do not agree" },
    { { .from = "a@x", .client_name = "a.x", .macros = { "client_name=b.x" } }, "do not agree" },
    { { .from = "a@x", .client_name = "a.x", .macros = { "client_resolve=TEMP" } }, "('TEMP')" },
    { { .from = "a@x", .mta = "postfix", .macros = { "v=8.18.1" } }, "do not agree ('8.18.1')" },
    { { .from = "a@x", POSTFIX, .attributes = { "ccert_fingerprint=" } }, "-p needs --to" },
    { { .from = "a@x", .to = "b@y", SENDMAIL, .attributes = { "ccert_fingerprint=" } },
      "-p is for Postfix" },
    { { .from = "a@x", .to = "b@y", .mta = "postfix", .attributes = { "ccert_fingerprint=" } },
      "-p needs --client-addr" },
    { { .from = "a@x", .to = "b@y", POSTFIX, .attributes = { "instance=1" } },
      "-p without -p ccert_fingerprint" },
    { { .from = "a@x", .to = "b@y", POSTFIX, .attributes = { "client_port=70000" } },
      "no such value ('client_port=70000')" },
    { { .from = "a@x", .to = "b@y", POSTFIX, .attributes = { "instance=1", "instance=1" } },
      "given twice ('instance')" },
};

static void question__that_makes_no_sense__is_refused_with_the_value(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(usages); i++) {
        struct asked asked;

        failed += row(!ask(&asked, &usages[i].words), "'%s': not refused", usages[i].why);
        failed += row(strstr(asked.why.text, usages[i].why) != NULL, "'%s': '%s'", usages[i].why,
                      asked.why.text);
        inquiry_release(&asked.inquiry);
    }
    assert_int_equal(failed, 0);
}

/* Without smtpd_policy_socket the daemon has no ear for a policy request. */
static void policy_request__without_a_policy_socket__is_not_heard(void **state)
{
    static const struct words words = { .from = "a@pins.example",
                                        .to = "b@example.org",
                                        POSTFIX,
                                        .macros = { TLS },
                                        .attributes = { "ccert_fingerprint=" PIN_TEXT } };
    char *socket = in_force->settings.smtpd_policy_socket;
    struct asked asked;

    (void)state;
    in_force->settings.smtpd_policy_socket = NULL;
    assert_true(ask(&asked, &words));
    assert_int_equal(asked.judgement.decision.reason, REASON_NOT_REPORTED);
    assert_true(is_noted(&asked.notes, "smtpd_policy_socket is not set"));
    inquiry_release(&asked.inquiry);
    in_force->settings.smtpd_policy_socket = socket;
}

/* What is logged and answered is what the daemon's own functions say of the same facts. */
static void judgement__of_a_question__has_the_daemons_reply_and_line(void **state)
{
    static const struct words words = {
        .from = "a@contoso.com", .to = "b@example.org", POSTFIX, .macros = { TLS, "i=4XqZ8l2bYz" }
    };
    struct decision decision;
    struct refusal refusal;
    char line[LOGLINE_SIZE];
    struct asked asked;

    (void)state;
    assert_true(ask(&asked, &words));
    decide_inbound(in_force, &asked.inquiry.facts, &decision);
    refusal_of(in_force, &asked.inquiry.facts, &decision, &refusal);
    logline_refused(&asked.inquiry.facts, &decision, &refusal, span_of("4XqZ8l2bYz"), line);
    assert_true(asked.judgement.refused);
    assert_string_equal(asked.judgement.refusal.text, refusal.text);
    assert_string_equal(asked.judgement.log, line);
    assert_memory_equal("4XqZ8l2bYz: inbound verdict=reject", line, 34);
    assert_int_equal(judgement_decisive(&asked.judgement.decision)->check, CHECK_TRUSTED);
    inquiry_release(&asked.inquiry);
}

static void judgement__of_a_sender_below_an_entry__has_the_near_miss(void **state)
{
    static const struct words words = {
        .from = "a@sub.contoso.com", .to = "b@example.org", POSTFIX, .macros = { TLS }
    };
    struct asked asked;

    (void)state;
    assert_true(ask(&asked, &words));
    assert_int_equal(asked.judgement.decision.outcome, OUTCOME_NONE);
    assert_non_null(asked.judgement.near_miss);
    assert_string_equal(asked.judgement.near_miss->name, "contoso-in");
    assert_non_null(strstr(asked.judgement.near_miss_log, "reason=near-miss connector=contoso-in"));
    assert_string_equal(asked.judgement.log, "");
    inquiry_release(&asked.inquiry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(question__as_an_mta_would_report_it__is_judged_as_the_milter_does),
        cmocka_unit_test(question__that_makes_no_sense__is_refused_with_the_value),
        cmocka_unit_test(policy_request__without_a_policy_socket__is_not_heard),
        cmocka_unit_test(judgement__of_a_question__has_the_daemons_reply_and_line),
        cmocka_unit_test(judgement__of_a_sender_below_an_entry__has_the_near_miss),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, install, uninstall);
}
