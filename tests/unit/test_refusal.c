/* SPDX-License-Identifier: ISC */
/* Tests of policy/refusal and policy/verdict: codes, words, and the sentence itself. */
#define _GNU_SOURCE 1 /* strcasestr() */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/refusal.h"

/* The manual says "at most 200 characters or so"; taken as: never more than this. */
#define ABOUT_200 230

static const struct {
    enum reason reason;
    const char *word, *detail, *tlsrpt;
} reasons[] = {
    { REASON_NO_TLS, "no-tls", "7.10", "starttls-not-supported" },
    { REASON_PROTOCOL_TOO_OLD, "protocol-too-old", "7.6", "validation-failure" },
    { REASON_CIPHER_TOO_WEAK, "cipher-too-weak", "7.6", "validation-failure" },
    { REASON_NO_FORWARD_SECRECY, "no-forward-secrecy", "7.6", "validation-failure" },
    { REASON_CIPHER_NOT_ALLOWED, "cipher-not-allowed", "7.6", "validation-failure" },
    { REASON_NO_TRUSTED_CERTIFICATE, "no-trusted-certificate", "7.5", "certificate-not-trusted" },
    { REASON_NO_CERTIFICATE, "no-certificate", "7.5", "certificate-not-trusted" },
    { REASON_CERTIFICATE_NOT_TRUSTED, "certificate-not-trusted", "7.5", "certificate-not-trusted" },
    { REASON_CERTIFICATE_MISMATCH, "certificate-mismatch", "7.5", "certificate-host-mismatch" },
    { REASON_CERTIFICATE_EXPIRED, "certificate-expired", "7.5", "certificate-expired" },
    { REASON_CERTIFICATE_RETIRED, "certificate-retired", "7.5", "certificate-expired" },
    { REASON_CERTIFICATE_REVOKED, "certificate-revoked", "7.5", "certificate-not-trusted" },
    { REASON_KEY_TOO_SMALL, "key-too-small", "7.5", "validation-failure" },
    { REASON_CLIENT_NOT_ALLOWED, "client-not-allowed", "7.1", NULL },
    { REASON_STARTTLS_NOT_OFFERED, "starttls-not-offered", "7.4", "starttls-not-supported" },
    { REASON_STARTTLS_FAILED, "starttls-failed", "7.4", "validation-failure" },
    { REASON_TLS_NOT_REQUIRED, "tls-not-required", "7.10", NULL },
    { REASON_WRONG_NEXT_HOP, "wrong-next-hop", "7.5", NULL },
    { REASON_NOT_PROBED_YET, "not-probed-yet", "7.5", NULL },
    { REASON_DNS_FAILURE, "dns-failure", "4.3", NULL },
    { REASON_MX_UNREACHABLE, "mx-unreachable", "4.1", NULL },
    { REASON_PROBER_FAILURE, "prober-failure", "3.0", NULL },
    { REASON_NOT_REPORTED, "not-reported", "3.5", NULL },
    { REASON_INTERNAL_ERROR, "internal-error", "3.0", NULL },
};

static void reason_row__each_reason__word_code_and_tlsrpt(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(reasons); i++) {
        const struct reason_row *got = reason_row(reasons[i].reason);
        const char *tlsrpt = got->tlsrpt != NULL ? got->tlsrpt : "-";

        bad +=
            row(strcmp(got->word, reasons[i].word) == 0, "%s: word %s", reasons[i].word, got->word);
        bad += row(strcmp(got->detail, reasons[i].detail) == 0, "%s: detail %s", reasons[i].word,
                   got->detail);
        bad += row(strcmp(tlsrpt, reasons[i].tlsrpt != NULL ? reasons[i].tlsrpt : "-") == 0,
                   "%s: TLSRPT %s", reasons[i].word, tlsrpt);
        bad += row(strcmp(reason_word(reasons[i].reason), reasons[i].word) == 0, "%s",
                   reasons[i].word);
    }
    assert_int_equal(bad, 0);
    assert_string_equal(reason_word(REASON_NETWORK), "network");
    assert_string_equal(reason_word(REASON_AUTHENTICATED), "authenticated");
    for (int reason = 0; reason < REASONS; reason++)
        assert_non_null(reason_row((enum reason)reason));
}

static void words__verdicts_and_outcomes__as_in_the_log(void **state)
{
    (void)state;
    assert_string_equal(verdict_word(VERDICT_PASS), "pass");
    assert_string_equal(verdict_word(VERDICT_DEFER), "defer");
    assert_string_equal(verdict_word(VERDICT_REJECT), "reject");
    assert_string_equal(outcome_word(OUTCOME_PASS), "pass");
    assert_string_equal(outcome_word(OUTCOME_NONE), "none");
    assert_string_equal(outcome_word(OUTCOME_EXEMPT), "exempt");
    assert_string_equal(outcome_word(OUTCOME_FAIL), "fail");
    assert_string_equal(outcome_word(OUTCOME_UNKNOWN), "unknown");
}

/* One session and what is said about it. */
struct stage {
    struct rules *rules;
    struct connector *connector;
    struct scene scene;
    struct decision decision;
    struct refusal refusal;
};

static void stage_init(struct stage *stage, enum level level, const char *name)
{
    stage->rules = build_rules();
    free(stage->rules->settings.contact);
    stage->rules->settings.contact = strdup("postmaster@example.org");
    stage->connector = build_connector(name, level);
    stage->connector->action = ACTION_REJECT;
    (void)build_add(stage->rules, stage->connector, "*.contoso.com");
    build_finish(stage->rules);
    scene_init(&stage->scene, "<a@contoso.com>", "<b@example.org>");
}

static const char *stage_text(struct stage *stage)
{
    decide_inbound(stage->rules, &stage->scene.facts, &stage->decision);
    assert_int_not_equal(stage->decision.would, VERDICT_PASS);
    memset(&stage->refusal, 'x', sizeof(stage->refusal));
    refusal_of(stage->rules, &stage->scene.facts, &stage->decision, &stage->refusal);
    assert_non_null(memchr(stage->refusal.text, '\0', sizeof(stage->refusal.text)));
    return stage->refusal.text;
}

static void stage_release(struct stage *stage)
{
    scene_release(&stage->scene);
    rules_free(stage->rules);
}

static unsigned contains(const char *text, const char *part)
{
    return row(strcasestr(text, part) != NULL, "no '%s' in: %s", part, text);
}

static void refusal_of__plaintext__the_sentence_of_the_manual(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, LEVEL_ENCRYPT, "contoso-in");
    scene_plain(&stage.scene);
    assert_string_equal(stage_text(&stage),
                        "Encryption needed: mail from contoso.com must arrive over TLS (connector "
                        "contoso-in): this session is not encrypted; postmaster@example.org");
    assert_string_equal(stage.refusal.code, "550");
    assert_string_equal(stage.refusal.status, "5.7.10");
    stage.connector->action = ACTION_DEFER;
    assert_true(strlen(stage_text(&stage)) > 0);
    assert_string_equal(stage.refusal.code, "451");
    assert_string_equal(stage.refusal.status, "4.7.10");
    stage_release(&stage);
}

/* Monitor mode: the text of what would have been said. */
static void refusal_of__monitor__the_same_text(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, LEVEL_ENCRYPT, "contoso-in");
    stage.connector->mode = MODE_MONITOR;
    scene_plain(&stage.scene);
    assert_int_equal(contains(stage_text(&stage), "this session is not encrypted"), 0);
    assert_string_equal(stage.refusal.code, "550");
    stage_release(&stage);
}

static void refusal_of__contact__the_connectors_own_or_the_global_or_none(void **state)
{
    struct stage stage;
    size_t length;

    (void)state;
    stage_init(&stage, LEVEL_ENCRYPT, "contoso-in");
    scene_plain(&stage.scene);
    stage.connector->contact = strdup("tls@example.org");
    assert_int_equal(contains(stage_text(&stage), "; tls@example.org"), 0);
    assert_null(strstr(stage.refusal.text, "postmaster@"));
    free(stage.connector->contact);
    stage.connector->contact = NULL;
    assert_int_equal(contains(stage_text(&stage), "; postmaster@example.org"), 0);
    free(stage.rules->settings.contact);
    stage.rules->settings.contact = NULL;
    length = strlen(stage_text(&stage));
    assert_null(strstr(stage.refusal.text, "(null)"));
    assert_int_not_equal(stage.refusal.text[length - 1], ' ');
    assert_int_not_equal(stage.refusal.text[length - 1], ';');
    stage_release(&stage);
}

/* Each reason that an inbound session can have: code, status and what the text must name. */
enum trouble {
    OLD_PROTOCOL,
    WEAK_CIPHER,
    NULL_CIPHER,
    FIXED_KEY,
    FORBIDDEN_CIPHER,
    NO_TRUSTED,
    NO_CERTIFICATE,
    UNTRUSTED,
    WRONG_NAME,
    WRONG_ISSUER,
    WRONG_PIN,
    RETIRED,
    SMALL_KEY,
    WRONG_CLIENT,
    WRONG_DEFAULT_NAME,
    STATE_NOT_REPORTED,
    TRUST_NOT_TOLD,
    PIN_NOT_TOLD,
    PIN_IN_MD5,
    ORGANIZATION_NOT_TOLD,
    TROUBLES
};

static void cause_session(struct stage *stage, enum trouble trouble)
{
    struct connector *connector = stage->connector;
    struct tls_facts *tls = &stage->scene.facts.tls;

    switch (trouble) {
    case OLD_PROTOCOL:
        tls->protocol = PROTOCOL_TLSV1_1;
        tls->protocol_name = SPAN("TLSv1.1");
        tls->cipher = SPAN("ECDHE-RSA-AES256-SHA");
        break;
    case WEAK_CIPHER:
        tls->protocol = PROTOCOL_TLSV1_2;
        tls->cipher = SPAN("ECDHE-RSA-DES-CBC3-SHA");
        tls->cipher_bits = 112;
        break;
    case NULL_CIPHER:
        tls->protocol = PROTOCOL_TLSV1_2;
        tls->cipher = SPAN("ECDHE-RSA-NULL-SHA");
        tls->cipher_bits = 0;
        break;
    case FIXED_KEY:
        connector->forward_secrecy = true;
        tls->protocol = PROTOCOL_TLSV1_2;
        tls->cipher = SPAN("AES256-SHA");
        break;
    case FORBIDDEN_CIPHER:
        build_strings(&connector->exclude_ciphers, "TLS_AES_256_GCM_SHA384");
        break;
    case WRONG_CLIENT:
        build_networks(&connector->client_networks, "198.51.100.0/24");
        break;
    case STATE_NOT_REPORTED:
        tls->state = TLS_NOT_REPORTED;
        break;
    default:
        break;
    }
}

static void cause_certificate(struct stage *stage, enum trouble trouble)
{
    struct certificate_facts *facts = &stage->scene.facts.certificate;
    struct certificate_entry *entry;

    if (trouble == NO_TRUSTED)
        facts->trust = TRUST_NONE_OR_UNTRUSTED;
    else if (trouble == NO_CERTIFICATE)
        facts->trust = TRUST_NO_CERTIFICATE;
    else if (trouble == UNTRUSTED)
        facts->trust = TRUST_UNTRUSTED;
    else if (trouble == TRUST_NOT_TOLD)
        facts->trust = TRUST_NOT_REPORTED;
    else if (trouble == WRONG_DEFAULT_NAME)
        facts->subject = SPAN("mx.fabrikam.com");
    if (trouble < WRONG_NAME || trouble == WRONG_DEFAULT_NAME || trouble == STATE_NOT_REPORTED ||
        trouble == TRUST_NOT_TOLD || trouble == WRONG_CLIENT)
        return;
    entry = build_entry(stage->connector);
    if (trouble == WRONG_NAME) {
        build_entry_name(entry, "mail.contoso.com");
        facts->subject = SPAN("mx.fabrikam.com");
    } else if (trouble == WRONG_ISSUER) {
        entry->issuer = strdup("Wanted CA");
    } else if (trouble == RETIRED) {
        entry->until = NOW - 86400;
    } else if (trouble == SMALL_KEY) {
        entry->key_bits = 2048;
        facts->key_bits = 1024;
    } else if (trouble == ORGANIZATION_NOT_TOLD) {
        entry->organization = strdup("Contoso Ltd");
    } else {
        entry->has_fingerprint = true;
        entry->fingerprint = build_digest(0xaa);
        facts->fingerprint = build_digest(0xbb);
        facts->fingerprint_state = trouble == WRONG_PIN    ? PIN_KNOWN
                                   : trouble == PIN_IN_MD5 ? PIN_OTHER_DIGEST
                                                           : PIN_NOT_REPORTED;
    }
}

static const struct trouble_row {
    enum level level;
    enum reason reason;
    const char *code, *status;
    const char *parts[4]; /* in any case of letters */
} troubles[TROUBLES] = {
    [OLD_PROTOCOL] = { LEVEL_ENCRYPT,
                       REASON_PROTOCOL_TOO_OLD,
                       "550",
                       "5.7.6",
                       { "TLSv1.1", "TLSv1.2" } },
    [WEAK_CIPHER] = { LEVEL_ENCRYPT, REASON_CIPHER_TOO_WEAK, "550", "5.7.6", { "112", "128" } },
    [NULL_CIPHER] = { LEVEL_ENCRYPT, REASON_CIPHER_TOO_WEAK, "550", "5.7.6", { NULL } },
    [FIXED_KEY] = { LEVEL_ENCRYPT,
                    REASON_NO_FORWARD_SECRECY,
                    "550",
                    "5.7.6",
                    { "forward secrecy" } },
    [FORBIDDEN_CIPHER] = { LEVEL_ENCRYPT,
                           REASON_CIPHER_NOT_ALLOWED,
                           "550",
                           "5.7.6",
                           { "TLS_AES_256_GCM_SHA384" } },
    [NO_TRUSTED] = { LEVEL_VERIFY,
                     REASON_NO_TRUSTED_CERTIFICATE,
                     "550",
                     "5.7.5",
                     { "certificate", "asked", "CA", "server" } },
    [NO_CERTIFICATE] = { LEVEL_VERIFY, REASON_NO_CERTIFICATE, "550", "5.7.5", { "certificate" } },
    [UNTRUSTED] = { LEVEL_VERIFY, REASON_CERTIFICATE_NOT_TRUSTED, "550", "5.7.5", { "trusted" } },
    [WRONG_NAME] = { LEVEL_SECURE,
                     REASON_CERTIFICATE_MISMATCH,
                     "550",
                     "5.7.5",
                     { "name", "mail.contoso.com", "mx.fabrikam.com" } },
    [WRONG_ISSUER] = { LEVEL_SECURE,
                       REASON_CERTIFICATE_MISMATCH,
                       "550",
                       "5.7.5",
                       { "issuer", "Wanted CA", "Example Issuing CA" } },
    [WRONG_PIN] = { LEVEL_FINGERPRINT,
                    REASON_CERTIFICATE_MISMATCH,
                    "550",
                    "5.7.5",
                    { "fingerprint", "aaaa", "bbbb" } },
    [RETIRED] = { LEVEL_SECURE, REASON_CERTIFICATE_RETIRED, "550", "5.7.5", { "2025-12-31" } },
    [SMALL_KEY] = { LEVEL_SECURE, REASON_KEY_TOO_SMALL, "550", "5.7.5", { "1024", "2048" } },
    [WRONG_CLIENT] = { LEVEL_ENCRYPT, REASON_CLIENT_NOT_ALLOWED, "550", "5.7.1", { "192.0.2.25" } },
    [WRONG_DEFAULT_NAME] = { LEVEL_SECURE,
                             REASON_CERTIFICATE_MISMATCH,
                             "550",
                             "5.7.5",
                             { "mx.fabrikam.com" } },
    [STATE_NOT_REPORTED] = { LEVEL_ENCRYPT, REASON_NOT_REPORTED, "451", "4.3.5", { NULL } },
    [TRUST_NOT_TOLD] = { LEVEL_VERIFY, REASON_NOT_REPORTED, "451", "4.3.5", { NULL } },
    [PIN_NOT_TOLD] = { LEVEL_FINGERPRINT,
                       REASON_NOT_REPORTED,
                       "451",
                       "4.3.5",
                       { "check_policy_service" } },
    [PIN_IN_MD5] = { LEVEL_FINGERPRINT,
                     REASON_NOT_REPORTED,
                     "451",
                     "4.3.5",
                     { "smtpd_tls_fingerprint_digest" } },
    [ORGANIZATION_NOT_TOLD] = { LEVEL_SECURE,
                                REASON_NOT_REPORTED,
                                "451",
                                "4.3.5",
                                { "organization" } },
};

static void refusal_of__each_inbound_reason__code_and_what_it_names(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (int trouble = 0; trouble < TROUBLES; trouble++) {
        const struct trouble_row *wanted = &troubles[trouble];
        struct stage stage;
        const char *text;

        stage_init(&stage, wanted->level, "contoso-in");
        cause_session(&stage, (enum trouble)trouble);
        cause_certificate(&stage, (enum trouble)trouble);
        text = stage_text(&stage);
        bad += row(stage.decision.reason == wanted->reason, "trouble %d: %s", trouble,
                   reason_word(stage.decision.reason));
        bad +=
            row(strcmp(stage.refusal.code, wanted->code) == 0 &&
                    strcmp(stage.refusal.status, wanted->status) == 0,
                "%s: %s %s", reason_word(wanted->reason), stage.refusal.code, stage.refusal.status);
        for (size_t i = 0; i < 4 && wanted->parts[i] != NULL; i++)
            bad += contains(text, wanted->parts[i]);
        bad += contains(text, "connector contoso-in");
        bad += contains(text, "contoso.com");
        bad += contains(text, "; postmaster@example.org");
        bad += row(strlen(text) <= ABOUT_200, "%zu characters: %s", strlen(text), text);
        bad += row(printable(text), "%s", SHOWN(span_of(text)));
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

static void refusal_of__sendmail__names_sendmails_settings(void **state)
{
    static const enum trouble rows[] = { STATE_NOT_REPORTED, TRUST_NOT_TOLD, PIN_NOT_TOLD,
                                         PIN_IN_MD5 };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct stage stage;
        const char *text;

        stage_init(&stage, troubles[rows[i]].level, "contoso-in");
        cause_session(&stage, rows[i]);
        cause_certificate(&stage, rows[i]);
        stage.scene.facts.mta = MTA_SENDMAIL;
        text = stage_text(&stage);
        bad += row(strstr(text, "smtpd_") == NULL && strstr(text, "check_policy_service") == NULL &&
                       strstr(text, "main.cf") == NULL,
                   "a setting of Postfix: %s", text);
        if (rows[i] == PIN_IN_MD5)
            bad += contains(text, "CertFingerprintAlgorithm");
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

/* Names as long and as hostile as a peer can make them. */
static const char *const hostile_units[] = {
    "a", "\xff", "\n", "\r\n250 OK ", "%s%n", "\\x0a", "\x1b[2J", "\"; DROP ", "\x7f\x80", "(); "
};

static void refusal_of__hostile_names__one_short_line_of_ascii(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (int trouble = 0; trouble < TROUBLES; trouble++) {
        for (size_t unit = 0; unit < ROWS(hostile_units); unit++) {
            struct stage stage;
            char name[1200] = "", sender[400] = "<a@";
            const char *text;

            while (strlen(name) + 20 < sizeof(name))
                strcat(name, hostile_units[unit]);
            while (strlen(sender) + 40 < sizeof(sender))
                strcat(sender, hostile_units[unit]);
            strcat(sender, ".contoso.com>");
            stage_init(&stage, troubles[trouble].level, "contoso-in");
            scene_release(&stage.scene);
            scene_init(&stage.scene, sender, "<b@example.org>");
            scene_set_helo(&stage.scene, name);
            cause_session(&stage, (enum trouble)trouble);
            cause_certificate(&stage, (enum trouble)trouble);
            stage.scene.facts.client_name = span_of(name);
            stage.scene.facts.tls.protocol_name = span_of(name);
            if (trouble == WRONG_NAME || trouble == WRONG_DEFAULT_NAME)
                stage.scene.facts.certificate.subject = (struct span){ name, sizeof(name) };
            if (trouble == WRONG_ISSUER)
                stage.scene.facts.certificate.issuer = (struct span){ name, sizeof(name) };
            decide_inbound(stage.rules, &stage.scene.facts, &stage.decision);
            if (stage.decision.match.connector != NULL) { /* a "(" or "@" may end the domain */
                text = stage_text(&stage);
                bad += row(printable(text), "unit %zu: %s", unit, SHOWN(span_of(text)));
                bad += row(strlen(text) <= ABOUT_200, "unit %zu, trouble %d: %zu characters: %s",
                           unit, trouble, strlen(text), text);
                bad += row(strstr(text, "; postmaster@example.org") != NULL,
                           "unit %zu, trouble %d: no contact: %s", unit, trouble, text);
                bad += row(strstr(text, "connector contoso-in") != NULL,
                           "unit %zu, trouble %d: no connector: %s", unit, trouble, text);
            }
            stage_release(&stage);
        }
    }
    assert_int_equal(bad, 0);
}

static void refusal_of__bytes_that_are_escaped__once(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, LEVEL_SECURE, "contoso-in");
    cause_session(&stage, WRONG_NAME);
    cause_certificate(&stage, WRONG_NAME);
    stage.scene.facts.certificate.subject = span_of("mx\r\n\\x");
    decide_inbound(stage.rules, &stage.scene.facts, &stage.decision);
    assert_int_equal(contains(stage_text(&stage), "name 'mx\\x0d\\x0a\\x5cx' is not "), 0);
    stage_release(&stage);
}

/* Ordinary names, only long: what is wrong, wanted and got must survive. */
static void refusal_of__long_ordinary_names__still_says_wanted_and_got(void **state)
{
    struct stage stage;
    unsigned bad = 0;

    (void)state;
    stage_init(&stage, LEVEL_SECURE, "contoso-europe-inbound");
    scene_release(&stage.scene);
    scene_init(&stage.scene, "<a@human-resources-department.europe.contoso.com>",
               "<b@example.org>");
    cause_certificate(&stage, WRONG_NAME);
    (void)stage_text(&stage);
    bad += contains(stage.refusal.text, "mail.contoso.com");
    bad += contains(stage.refusal.text, "mx.fabrikam.com");
    bad += contains(stage.refusal.text, "; postmaster@example.org");
    stage_release(&stage);
    assert_int_equal(bad, 0);
}

/* Our own file's texts may be long too. */
static void refusal_of__long_contact_and_connector__bounded(void **state)
{
    char name[201], contact[400];

    (void)state;
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    memset(contact, 'c', sizeof(contact) - 1);
    contact[sizeof(contact) - 1] = '\0';
    for (int trouble = 0; trouble < TROUBLES; trouble++) {
        struct stage stage;

        stage_init(&stage, troubles[trouble].level, name);
        free(stage.rules->settings.contact);
        stage.rules->settings.contact = strdup(contact);
        cause_session(&stage, (enum trouble)trouble);
        cause_certificate(&stage, (enum trouble)trouble);
        assert_true(printable(stage_text(&stage)));
        assert_true(strlen(stage.refusal.text) < REFUSAL_SIZE);
        assert_string_equal(stage.refusal.code, troubles[trouble].code);
        stage_release(&stage);
    }
}

/* A reader of the text learns the domain; for <> and for senders without one there is none. */
static void refusal_of__null_sender__a_sentence_all_the_same(void **state)
{
    static const char *const senders[] = { "<>", "<root>" };

    (void)state;
    for (size_t i = 0; i < ROWS(senders); i++) {
        struct stage stage;
        struct connector *any = build_connector("everybody", LEVEL_ENCRYPT);

        stage_init(&stage, LEVEL_ENCRYPT, "contoso-in");
        (void)build_add(stage.rules, any, "*");
        scene_release(&stage.scene);
        scene_init(&stage.scene, senders[i], "<b@example.org>");
        scene_set_client(&stage.scene, "203.0.113.9", NULL, false);
        scene_set_helo(&stage.scene, NULL);
        scene_plain(&stage.scene);
        assert_null(strstr(stage_text(&stage), "(null)"));
        assert_null(strstr(stage.refusal.text, "  "));
        assert_int_equal(contains(stage.refusal.text, "everybody"), 0);
        assert_int_equal(contains(stage.refusal.text, "not encrypted"), 0);
        stage_release(&stage);
    }
}

/* Reasons that only outbound or our own troubles have: a decision made by hand. */
static void refusal_of__every_reason__never_empty(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(reasons); i++) {
        for (int would = VERDICT_DEFER; would <= VERDICT_REJECT; would++) {
            struct stage stage;
            char status[8];

            stage_init(&stage, LEVEL_SECURE, "contoso-in");
            scene_plain(&stage.scene);
            (void)stage_text(&stage);
            stage.decision.reason = reasons[i].reason;
            stage.decision.would = stage.decision.verdict = (enum verdict)would;
            stage.decision.trail.count = 0;
            refusal_of(stage.rules, &stage.scene.facts, &stage.decision, &stage.refusal);
            (void)snprintf(status, sizeof(status), "%c.%s", would == VERDICT_REJECT ? '5' : '4',
                           reasons[i].detail);
            bad += row(strcmp(stage.refusal.status, status) == 0, "%s: %s", reasons[i].word,
                       stage.refusal.status);
            bad += row(strcmp(stage.refusal.code, would == VERDICT_REJECT ? "550" : "451") == 0,
                       "%s: %s", reasons[i].word, stage.refusal.code);
            bad += row(strlen(stage.refusal.text) > 20 && strlen(stage.refusal.text) <= ABOUT_200 &&
                           printable(stage.refusal.text),
                       "%s: %s", reasons[i].word, stage.refusal.text);
            stage_release(&stage);
        }
    }
    assert_int_equal(bad, 0);
}

static void refusal_of__percent_in_a_name__not_doubled(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, LEVEL_SECURE, "contoso-in");
    stage.scene.facts.certificate.subject = SPAN("100%.example");
    assert_non_null(strstr(stage_text(&stage), "100%.example"));
    stage_release(&stage);
}

static void refusal_internal_error__with_and_without_contact__451(void **state)
{
    struct refusal refusal;

    (void)state;
    refusal_internal_error("postmaster@example.org", &refusal);
    assert_string_equal(refusal.code, "451");
    assert_string_equal(refusal.status, "4.3.0");
    assert_true(printable(refusal.text));
    assert_non_null(strstr(refusal.text, "; postmaster@example.org"));
    refusal_internal_error(NULL, &refusal);
    assert_string_equal(refusal.code, "451");
    assert_string_equal(refusal.status, "4.3.0");
    assert_true(strlen(refusal.text) > 10);
    assert_null(strstr(refusal.text, "(null)"));
    assert_null(strchr(refusal.text, ';'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reason_row__each_reason__word_code_and_tlsrpt),
        cmocka_unit_test(words__verdicts_and_outcomes__as_in_the_log),
        cmocka_unit_test(refusal_of__plaintext__the_sentence_of_the_manual),
        cmocka_unit_test(refusal_of__monitor__the_same_text),
        cmocka_unit_test(refusal_of__contact__the_connectors_own_or_the_global_or_none),
        cmocka_unit_test(refusal_of__each_inbound_reason__code_and_what_it_names),
        cmocka_unit_test(refusal_of__sendmail__names_sendmails_settings),
        cmocka_unit_test(refusal_of__hostile_names__one_short_line_of_ascii),
        cmocka_unit_test(refusal_of__bytes_that_are_escaped__once),
        cmocka_unit_test(refusal_of__long_ordinary_names__still_says_wanted_and_got),
        cmocka_unit_test(refusal_of__long_contact_and_connector__bounded),
        cmocka_unit_test(refusal_of__null_sender__a_sentence_all_the_same),
        cmocka_unit_test(refusal_of__every_reason__never_empty),
        cmocka_unit_test(refusal_of__percent_in_a_name__not_doubled),
        cmocka_unit_test(refusal_internal_error__with_and_without_contact__451),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
