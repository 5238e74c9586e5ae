/* SPDX-License-Identifier: ISC */
/* Tests of policy/refusal and policy/logline outbound: the sentence, and the line, of each reason.
 */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/describe.h"
#include "policy/logfields.h"
#include "policy/logline.h"

#define ABOUT_200 230

static const struct span no_queue_id = { NULL, 0 };

struct stage {
    struct rules *rules;
    struct connector *connector;
    struct party party;
    struct scene scene;
    struct decision decision;
    struct refusal refusal;
    char line[LOGLINE_SIZE];
};

/* What is wrong. */
enum trouble {
    NOT_OFFERED,
    REFUSED,
    INJECTED,
    HANDSHAKE,
    OLD_PROTOCOL,
    WEAK_CIPHER,
    NULL_CIPHER,
    FIXED_KEY,
    FORBIDDEN_CIPHER,
    NEW_CIPHER,
    NO_CERTIFICATE,
    UNTRUSTED,
    EXPIRED,
    EXPIRED_ABOVE,
    REVOKED,
    OTHER_HOST,
    OTHER_NAME,
    NO_NAME,
    OTHER_ROOT,
    OTHER_ORGANIZATION,
    OTHER_PIN,
    SMALL_KEY,
    UNKNOWN_KEY,
    RETIRED,
    WRONG_HOP,
    NOT_PROBED,
    NEW_STORE,
    BAD_STORE,
    PROBER,
    NO_DOMAIN,
    NULL_MX,
    BOGUS,
    SERVFAIL,
    NO_ADDRESS,
    UNREACHABLE,
    BUSY,
    REJECTED,
    NOT_SMTP,
    PRIVATE,
    OURSELVES,
    LEFT_OUT,
    NO_WAY,
    ODD_WAY,
    TROUBLES
};

static void cause_lookup(struct stage *stage, enum lookup lookup)
{
    stage->party.facts.host_count = 0;
    stage->party.facts.lookup = lookup;
}

static void cause_way(struct stage *stage, enum trouble trouble)
{
    struct party *party = &stage->party;
    struct hop_host *host = &party->hosts[0];

    switch (trouble) {
    case NOT_OFFERED:
        party_set_state(party, 0, HOP_NO_STARTTLS, NULL);
        break;
    case REFUSED:
        party_set_state(party, 0, HOP_STARTTLS_REFUSED, "502 5.5.1 not here");
        break;
    case INJECTED:
        party_set_state(party, 0, HOP_INJECTED, "220 go on\\x0d\\x0a250 trust me");
        break;
    case HANDSHAKE:
        party_set_state(party, 0, HOP_TLS_FAILED, "alert handshake failure");
        break;
    case WRONG_HOP:
        stage->scene.facts.next_hop = span_of("[relay.example]:587");
        break;
    case NOT_PROBED:
    case PROBER:
        party->knowledge =
            (struct hop_knowledge){ .missing = trouble == PROBER ? REASON_PROBER_FAILURE
                                                                 : REASON_NOT_PROBED_YET };
        break;
    case NO_DOMAIN:
        cause_lookup(stage, LOOKUP_NXDOMAIN);
        break;
    case NULL_MX:
        cause_lookup(stage, LOOKUP_NULL_MX);
        break;
    case BOGUS:
        cause_lookup(stage, LOOKUP_BOGUS);
        break;
    case SERVFAIL:
        cause_lookup(stage, LOOKUP_SERVFAIL);
        break;
    case NO_ADDRESS:
        host->address_count = 0;
        host->lookup = LOOKUP_TIMEOUT;
        break;
    case UNREACHABLE:
        party_set_state(party, 0, HOP_UNREACHABLE, "Connection refused");
        break;
    case BUSY:
        party_set_state(party, 0, HOP_BUSY, "454 4.7.0 TLS not available due to local problem");
        break;
    case REJECTED:
        party_set_state(party, 0, HOP_REJECTED, "554 no SMTP service here");
        break;
    case NOT_SMTP:
        party_set_state(party, 0, HOP_NOT_SMTP, "* OK IMAP4rev1");
        break;
    case PRIVATE:
        party_set_state(party, 0, HOP_NOT_ALLOWED, NULL);
        break;
    case OURSELVES:
        host->self = true;
        break;
    case LEFT_OUT:
        host->left_out = 3;
        break;
    case NO_WAY:
        stage->scene.facts.next_hop = stage->scene.facts.mailer = span_of(NULL);
        break;
    case ODD_WAY:
        stage->scene.facts.next_hop = span_of("[relay.example]:x y");
        break;
    default:
        break;
    }
}

static void set_cipher(struct stage *stage, enum tls_protocol protocol, const char *cipher,
                       int bits)
{
    struct tls_facts *tls = &stage->party.addresses[0][0].tls;

    tls->protocol = protocol;
    tls->protocol_name = span_of(protocol_name(protocol));
    tls->cipher = span_of(cipher);
    tls->cipher_bits = bits;
}

static void cause_session(struct stage *stage, enum trouble trouble)
{
    if (trouble == OLD_PROTOCOL)
        set_cipher(stage, PROTOCOL_TLSV1_1, "ECDHE-RSA-AES256-SHA", 256);
    else if (trouble == WEAK_CIPHER)
        set_cipher(stage, PROTOCOL_TLSV1_2, "DES-CBC3-SHA", 112);
    else if (trouble == NULL_CIPHER)
        set_cipher(stage, PROTOCOL_TLSV1_2, "NULL-SHA256", 0);
    else if (trouble == FIXED_KEY || trouble == FORBIDDEN_CIPHER)
        set_cipher(stage, PROTOCOL_TLSV1_2, "AES128-SHA", 128);
    else if (trouble == NEW_CIPHER)
        set_cipher(stage, PROTOCOL_TLSV1_2, "NEW-SUITE", 128);
    stage->connector->forward_secrecy = trouble == FIXED_KEY || trouble == NEW_CIPHER;
    if (trouble == FORBIDDEN_CIPHER)
        build_strings(&stage->connector->exclude_ciphers, "AES128-SHA");
}

static void cause_trust(struct stage *stage, enum trouble trouble)
{
    struct hop_address *address = &stage->party.addresses[0][0];
    struct hop_trust *trust = &stage->party.trusts[0][0];

    address->has_certificate = trouble != NO_CERTIFICATE;
    address->revoked = trouble == REVOKED;
    if (trouble == UNTRUSTED || trouble == EXPIRED || trouble == EXPIRED_ABOVE)
        trust->state = STORE_UNTRUSTED;
    trust->error = trouble == UNTRUSTED                             ? SPAN("self-signed")
                   : trouble == EXPIRED || trouble == EXPIRED_ABOVE ? SPAN("certificate-expired")
                                                                    : span_of(NULL);
    if (trouble == EXPIRED)
        address->certificate_until = NOW - 2 * 86400;
    if (trouble == BAD_STORE)
        trust->state = STORE_ERROR;
    if (trouble == NEW_STORE)
        address->trust_count = 0;
    trust->names_ok = trouble != OTHER_HOST;
}

static void cause_certificate(struct stage *stage, enum trouble trouble)
{
    struct certificate_facts *got = &stage->party.addresses[0][0].certificate;
    struct certificate_entry *entry = build_entry(stage->connector);

    build_entry_name(entry, "mx1.contoso.com");
    if (trouble == OTHER_NAME)
        stage->party.names[0] = SPAN("mx.fabrikam.com");
    if (trouble == NO_NAME)
        got->alt_name_count = 0;
    if (trouble == OTHER_ROOT)
        entry->root = strdup("Wanted Root");
    if (trouble == OTHER_ORGANIZATION)
        entry->organization = strdup("Contoso Ltd");
    if (trouble == OTHER_PIN) {
        entry->has_fingerprint = true;
        entry->fingerprint = build_digest(0xcc);
    }
    if (trouble == SMALL_KEY || trouble == UNKNOWN_KEY)
        entry->key_bits = 4096;
    if (trouble == UNKNOWN_KEY)
        got->key_bits = 0;
    if (trouble == RETIRED)
        entry->until = NOW - 86400;
}

static void stage_init(struct stage *stage, enum trouble trouble, enum level level)
{
    memset(stage, 0, sizeof(*stage));
    stage->rules = build_rules();
    free(stage->rules->settings.contact);
    stage->rules->settings.contact = strdup("postmaster@example.org");
    stage->connector = build_outbound("contoso-out", level);
    stage->connector->action = ACTION_REJECT;
    party_init(&stage->party, 1);
    scene_init_outbound(&stage->scene, "<b@contoso.com>", "contoso.com");
    cause_way(stage, trouble);
    cause_session(stage, trouble);
    cause_trust(stage, trouble);
    if (level >= LEVEL_SECURE)
        cause_certificate(stage, trouble);
    (void)build_add(stage->rules, stage->connector, "*.contoso.com");
    build_finish(stage->rules);
}

static void stage_decide(struct stage *stage)
{
    struct hop_source source = party_source(&stage->party);

    decide_outbound(stage->rules, &stage->scene.facts, &source, &stage->decision);
    memset(&stage->refusal, 'x', sizeof(stage->refusal));
    memset(stage->line, 'x', sizeof(stage->line));
    if (stage->decision.would == VERDICT_PASS)
        return;
    refusal_of(stage->rules, &stage->scene.facts, &stage->decision, &stage->refusal);
    logline_refused(&stage->scene.facts, &stage->decision, &stage->refusal, no_queue_id,
                    stage->line);
}

static void stage_release(struct stage *stage)
{
    scene_release(&stage->scene);
    rules_free(stage->rules);
}

#define HEAD \
    "Encryption needed: mail to contoso.com may only be sent over TLS (connector contoso-out): "
#define WAY_HEAD \
    "Wrong next hop: mail to contoso.com may only go to its own servers (connector contoso-out): "

static const struct text_row {
    enum level level;
    const char *reply; /* code and status */
    const char *text;  /* behind the head, without the contact */
    const char *hop;   /* from hop= to age=, of the line */
} texts[TROUBLES] = {
    [NOT_OFFERED] = { LEVEL_SECURE, "550 5.7.4", "mx1.contoso.com does not offer STARTTLS",
                      "hop=mx1.contoso.com[192.0.2.9]:25 mx=insecure tls=none age=312" },
    [REFUSED] = { LEVEL_ENCRYPT, "550 5.7.4",
                  "mx1.contoso.com offers STARTTLS and refuses it: '502 5.5.1 not here'",
                  "hop=mx1.contoso.com[192.0.2.9]:25 mx=insecure tls=none age=312" },
    [INJECTED] = { LEVEL_ENCRYPT, "550 5.7.4",
                   "mx1.contoso.com sent more than its reply to STARTTLS in front of TLS",
                   "hop=mx1.contoso.com[192.0.2.9]:25 mx=insecure tls=none age=312" },
    [HANDSHAKE] = { LEVEL_ENCRYPT, "550 5.7.4",
                    "mx1.contoso.com does not get through its TLS handshake: 'alert handshake "
                    "failure'",
                    "hop=mx1.contoso.com[192.0.2.9]:25 mx=insecure tls=none age=312" },
    [OLD_PROTOCOL] = { LEVEL_ENCRYPT, "550 5.7.6",
                       "mx1.contoso.com uses TLSv1.1, TLSv1.2 or later is needed",
                       "hop=mx1.contoso.com[192.0.2.9]:25 mx=insecure tls=TLSv1.1 "
                       "cipher=ECDHE-RSA-AES256-SHA/256 certificate=trusted "
                       "subject=\"mx1.contoso.com\" issuer=\"Example Issuing CA\" "
                       "root=\"Example Root CA\"" },
    [WEAK_CIPHER] = { LEVEL_ENCRYPT, "550 5.7.6",
                      "mx1.contoso.com chooses cipher DES-CBC3-SHA with 112 bits, 128 are needed",
                      NULL },
    [NULL_CIPHER] = { LEVEL_ENCRYPT, "550 5.7.6",
                      "mx1.contoso.com chooses cipher NULL-SHA256, which encrypts nothing", NULL },
    [FIXED_KEY] = { LEVEL_ENCRYPT, "550 5.7.6",
                    "mx1.contoso.com chooses cipher AES128-SHA, which has no forward secrecy",
                    NULL },
    [FORBIDDEN_CIPHER] = { LEVEL_ENCRYPT, "550 5.7.6",
                           "mx1.contoso.com chooses cipher AES128-SHA, which is not allowed",
                           NULL },
    [NEW_CIPHER] = { LEVEL_ENCRYPT, "451 4.3.5",
                     "mx1.contoso.com: TLS protocol 'TLSv1.2' with cipher 'NEW-SUITE' is not known",
                     NULL },
    [NO_CERTIFICATE] = { LEVEL_VERIFY, "550 5.7.5", "mx1.contoso.com shows no certificate",
                         "tls=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384/256 certificate=none age=312" },
    [UNTRUSTED] = { LEVEL_VERIFY, "550 5.7.5",
                    "the certificate of mx1.contoso.com is not trusted (self-signed)",
                    "certificate=untrusted subject=\"mx1.contoso.com\" issuer=\"Example Issuing "
                    "CA\" fingerprint=" },
    [EXPIRED] = { LEVEL_VERIFY, "550 5.7.5",
                  "the certificate of mx1.contoso.com expired on 2025-12-30", NULL },
    [EXPIRED_ABOVE] = { LEVEL_VERIFY, "550 5.7.5",
                        "a certificate in the chain of mx1.contoso.com has expired", NULL },
    [REVOKED] = { LEVEL_VERIFY, "550 5.7.5", "the certificate of mx1.contoso.com is revoked",
                  NULL },
    [OTHER_HOST] = { LEVEL_VERIFY, "550 5.7.5",
                     "mx1.contoso.com: the certificate's name 'mx1.contoso.com' is not the host's",
                     NULL },
    [OTHER_NAME] = { LEVEL_SECURE, "550 5.7.5",
                     "mx1.contoso.com: the certificate's name 'mx.fabrikam.com' is not "
                     "'mx1.contoso.com'",
                     NULL },
    [NO_NAME] = { LEVEL_SECURE, "550 5.7.5",
                  "mx1.contoso.com: the certificate has no name of a host", NULL },
    [OTHER_ROOT] = { LEVEL_SECURE, "550 5.7.5",
                     "mx1.contoso.com: the certificate's root 'Example Root CA' is not 'Wanted "
                     "Root'",
                     NULL },
    [OTHER_ORGANIZATION] = { LEVEL_SECURE, "550 5.7.5",
                             "mx1.contoso.com: the certificate's organization 'Contoso' is not "
                             "'Contoso Ltd'",
                             NULL },
    [OTHER_PIN] = { LEVEL_FINGERPRINT, "550 5.7.5",
                    "mx1.contoso.com: the certificate's fingerprint aaaaaaaaaaaaaaaa... is not "
                    "cccccccccccccccc...",
                    "fingerprint=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
                    "public_key=bbbbbbbb" },
    [SMALL_KEY] = { LEVEL_SECURE, "550 5.7.5",
                    "mx1.contoso.com: the certificate's key has 2048 bits, 4096 are needed", NULL },
    [UNKNOWN_KEY] = { LEVEL_SECURE, "451 4.3.5",
                      "mx1.contoso.com: the certificate's key_bits cannot be told", NULL },
    [RETIRED] = { LEVEL_SECURE, "550 5.7.5",
                  "mx1.contoso.com: the certificate was accepted until 2025-12-31 only", NULL },
    [WRONG_HOP] = { LEVEL_SECURE, "451 4.7.5",
                    "this server would send it to '[relay.example]:587', which is neither its MX "
                    "nor in next_hops",
                    "hop=[relay.example]:587 mode=enforce" },
    [NOT_PROBED] = { LEVEL_SECURE, "451 4.7.5",
                     "its mail servers have not been looked at yet, try again in a few minutes",
                     "hop=contoso.com mode=enforce" },
    [NEW_STORE] = { LEVEL_VERIFY, "451 4.7.5",
                    "mx1.contoso.com has not been looked at since this was configured, try again "
                    "in a few minutes",
                    NULL },
    [BAD_STORE] = { LEVEL_VERIFY, "451 4.3.0", "its mail servers cannot be looked at now", NULL },
    [PROBER] = { LEVEL_VERIFY, "451 4.3.0", "its mail servers cannot be looked at now",
                 "hop=contoso.com mode=enforce" },
    [NO_DOMAIN] = { LEVEL_VERIFY, "451 4.4.3", "there is no such domain in the DNS",
                    "hop=contoso.com mx=insecure age=312 mode=enforce" },
    [NULL_MX] = { LEVEL_VERIFY, "451 4.4.3", "it takes no mail (null MX)", NULL },
    [BOGUS] = { LEVEL_VERIFY, "451 4.4.3", "its MX records fail DNSSEC validation", NULL },
    [SERVFAIL] = { LEVEL_VERIFY, "451 4.4.3",
                   "the DNS does not give its mail servers now (servfail)", NULL },
    [NO_ADDRESS] = { LEVEL_VERIFY, "451 4.4.3",
                     "the DNS gives no address of mx1.contoso.com (timeout)",
                     "hop=mx1.contoso.com mx=insecure age=312 mode=enforce" },
    [UNREACHABLE] = { LEVEL_VERIFY, "451 4.4.1",
                      "mx1.contoso.com[192.0.2.9] cannot be reached now: 'Connection refused'",
                      "hop=mx1.contoso.com[192.0.2.9]:25 mx=insecure tls=unknown age=312" },
    [BUSY] = { LEVEL_VERIFY, "451 4.4.1",
               "mx1.contoso.com[192.0.2.9] gives no service now: '454 4.7.0 TLS not ", NULL },
    [REJECTED] = { LEVEL_VERIFY, "451 4.4.1",
                   "mx1.contoso.com[192.0.2.9] does not talk to this host: '554 no SMTP service "
                   "here'",
                   NULL },
    [NOT_SMTP] = { LEVEL_VERIFY, "451 4.4.1",
                   "mx1.contoso.com[192.0.2.9] does not speak SMTP: '* OK IMAP4rev1'", NULL },
    [PRIVATE] = { LEVEL_VERIFY, "451 4.4.1",
                  "mx1.contoso.com[192.0.2.9] has a special-purpose address, which is not looked "
                  "at",
                  NULL },
    [OURSELVES] = { LEVEL_VERIFY, "451 4.4.1", "none of its other mail servers has been looked at",
                    NULL },
    [LEFT_OUT] = { LEVEL_VERIFY, "451 4.4.1",
                   "mx1.contoso.com has more addresses than are looked at", NULL },
    [NO_WAY] = { LEVEL_VERIFY, "451 4.3.5",
                 "the MTA did not report the next hop (milter macros {rcpt_mailer} {rcpt_host})",
                 "hop=contoso.com mode=enforce" },
    [ODD_WAY] = { LEVEL_VERIFY, "451 4.3.5", "the next hop '[relay.example]:x y' cannot be read",
                  "hop=\"[relay.example]:x y\" mode=enforce" },
};

static void refusal_of__each_outbound_reason__host_and_fact(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (int trouble = 0; trouble < TROUBLES; trouble++) {
        const struct text_row *wanted = &texts[trouble];
        char reply[16], text[512];
        struct stage stage;

        stage_init(&stage, (enum trouble)trouble, wanted->level);
        stage_decide(&stage);
        (void)snprintf(reply, sizeof(reply), "%s %s", stage.refusal.code, stage.refusal.status);
        (void)snprintf(text, sizeof(text), "%s%s%s", trouble == WRONG_HOP ? WAY_HEAD : HEAD,
                       wanted->text, trouble == BUSY ? "" : "; postmaster@example.org");
        bad += row(strcmp(reply, wanted->reply) == 0, "trouble %d: %s", trouble, reply);
        bad += row(strncmp(stage.refusal.text, text, strlen(text)) == 0, "%s:\n  %s",
                   reason_word(stage.decision.reason), stage.refusal.text);
        bad += row(strlen(stage.refusal.text) <= ABOUT_200 && printable(stage.refusal.text),
                   "%zu characters", strlen(stage.refusal.text));
        bad += row(wanted->hop == NULL || strstr(stage.line, wanted->hop) != NULL, "%s:\n  %s",
                   reason_word(stage.decision.reason), stage.line);
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

static void refusal_of__tls_not_required__5xx(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, TROUBLES, LEVEL_ENCRYPT);
    stage.connector->action = ACTION_DEFER;
    assert_false(decide_tls_required(stage.rules, &stage.scene.facts, &stage.decision));
    refusal_of(stage.rules, &stage.scene.facts, &stage.decision, &stage.refusal);
    assert_string_equal(stage.refusal.code, "550");
    assert_string_equal(stage.refusal.status, "5.7.10");
    assert_string_equal(stage.refusal.text, HEAD "the message has the header TLS-Required: No; "
                                                 "postmaster@example.org");
    stage_release(&stage);
}

/* ---- the log --------------------------------------------------------------------------------- */

static void logline_refused__starttls_not_offered__the_line_of_the_manual(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, NOT_OFFERED, LEVEL_SECURE);
    stage.connector->action = ACTION_DEFER;
    stage_decide(&stage);
    assert_string_equal(
        stage.line,
        "NOQUEUE: outbound verdict=defer reason=starttls-not-offered connector=contoso-out "
        "level=secure from=<a@example.org> to=<b@contoso.com> client=mail.contoso.com[192.0.2.25] "
        "hop=mx1.contoso.com[192.0.2.9]:25 mx=insecure tls=none age=312 mode=enforce text=\"451 "
        "4.7.4 Encryption needed: mail to contoso.com may only be sent over TLS (connector "
        "contoso-out): mx1.contoso.com does not offer STARTTLS; postmaster@example.org\"");
    stage_release(&stage);
}

static void logline_passed__secure__what_was_seen_at_the_hop(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, TROUBLES, LEVEL_SECURE);
    stage.party.facts.dnssec = DNSSEC_SECURE;
    stage_decide(&stage);
    assert_int_equal(stage.decision.outcome, OUTCOME_PASS);
    logline_passed(&stage.scene.facts, &stage.decision, 2, SPAN("4XqZ8l2bYz"), stage.line);
    assert_string_equal(
        stage.line,
        "4XqZ8l2bYz: outbound verdict=pass connector=contoso-out level=secure "
        "from=<a@example.org> nrcpt=2 client=mail.contoso.com[192.0.2.25] "
        "hop=mx1.contoso.com[192.0.2.9]:25 mx=secure tls=TLSv1.3 "
        "cipher=TLS_AES_256_GCM_SHA384/256 certificate=trusted subject=\"mx1.contoso.com\" "
        "issuer=\"Example Issuing CA\" root=\"Example Root CA\" "
        "fingerprint=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa age=312 "
        "mode=enforce");
    stage_release(&stage);
}

/* Accepted though nothing is known: the line says so. */
static void logline_passed__unknown_and_accepted__with_its_reason(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, NOT_PROBED, LEVEL_ENCRYPT);
    stage.connector->unknown = UNKNOWN_ACCEPT;
    stage.rules->settings.tls_policy_socket = strdup("unix:/x");
    stage_decide(&stage);
    assert_int_equal(stage.decision.verdict, VERDICT_PASS);
    assert_int_equal(stage.decision.outcome, OUTCOME_UNKNOWN);
    logline_passed(&stage.scene.facts, &stage.decision, 1, no_queue_id, stage.line);
    assert_string_equal(stage.line,
                        "NOQUEUE: outbound verdict=pass reason=not-probed-yet "
                        "connector=contoso-out level=encrypt from=<a@example.org> nrcpt=1 "
                        "client=mail.contoso.com[192.0.2.25] hop=contoso.com mode=enforce");
    stage_release(&stage);
}

/* No MX was asked for. */
static void logline_refused__next_hop_without_mx__no_word_about_it(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, NOT_OFFERED, LEVEL_ENCRYPT);
    stage.party.facts.lookup = LOOKUP_NOT_ASKED;
    build_strings(&stage.connector->next_hops, "[mx1.contoso.com]");
    stage.scene.facts.next_hop = span_of("[mx1.contoso.com]");
    stage_decide(&stage);
    assert_non_null(strstr(stage.line, "hop=mx1.contoso.com[192.0.2.9]:25 tls=none"));
    stage_release(&stage);
}

static void logline_refused__monitor__would(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, NOT_OFFERED, LEVEL_ENCRYPT);
    stage.connector->mode = MODE_MONITOR;
    stage_decide(&stage);
    assert_int_equal(stage.decision.verdict, VERDICT_PASS);
    assert_non_null(
        strstr(stage.line, " verdict=monitor would=reject reason=starttls-not-offered "));
    assert_non_null(strstr(stage.line, " mode=monitor "));
    stage_release(&stage);
}

static void logline_near_miss__recipient__named(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage, NOT_OFFERED, LEVEL_ENCRYPT);
    stage.decision.direction = DIRECTION_OUTBOUND;
    stage.decision.near_miss = stage.connector;
    stage.decision.near_miss_domain = SPAN("a.contoso.com");
    hop_seen_init(&stage.decision.seen);
    logline_near_miss(&stage.scene.facts, &stage.decision, no_queue_id, stage.line);
    assert_string_equal(stage.line,
                        "NOQUEUE: outbound verdict=none reason=near-miss connector=contoso-out "
                        "level=encrypt from=<a@example.org> to=<b@contoso.com> "
                        "client=mail.contoso.com[192.0.2.25] text=\"a.contoso.com lies below an "
                        "entry that covers no subdomains (*.NAME would)\"");
    stage_release(&stage);
}

/* Names, replies and certificates as long and as hostile as a partner can make them: one line of
 * ASCII, within its bounds, that reads back. */
static void texts__hostile_partner__bounded_and_read_back(void **state)
{
    static const char *const units[] = { "a",     "\xff",    "\r\n250 OK ", "%s%n",
                                         "\\x0a", "\x1b[2J", "\"; DROP ",   "' verdict=pass " };
    unsigned bad = 0;

    (void)state;
    for (int i = 0; i < TROUBLES * (int)ROWS(units); i++) {
        enum trouble trouble = (enum trouble)(i / (int)ROWS(units));
        const char *unit = units[i % (int)ROWS(units)];
        struct logfields fields;
        char name[1200] = "";
        struct stage stage;
        struct span span = { name, sizeof(name) };
        struct hop_address *address;

        while (strlen(name) + 20 < sizeof(name))
            strcat(name, unit);
        stage_init(&stage, trouble, texts[trouble].level);
        address = &stage.party.addresses[0][0];
        stage.party.hosts[0].name = address->reply = span;
        address->certificate.subject = address->certificate.issuer = span;
        address->certificate.organization = span;
        address->tls.protocol_name = span;
        stage.party.trusts[0][0].anchor = span;
        if (span_known(stage.party.trusts[0][0].error) && trouble == UNTRUSTED)
            stage.party.trusts[0][0].error = span;
        if (trouble == OTHER_NAME)
            stage.party.names[0] = span;
        if (trouble == ODD_WAY)
            stage.scene.facts.next_hop = span;
        stage_decide(&stage);
        if (stage.decision.would == VERDICT_PASS) {
            stage_release(&stage);
            continue;
        }
        bad += row(printable(stage.refusal.text) && strlen(stage.refusal.text) <= ABOUT_200 &&
                       strstr(stage.refusal.text, "; postmaster@example.org") != NULL &&
                       strstr(stage.refusal.text, "(connector contoso-out): ") != NULL,
                   "%d: %s", i, stage.refusal.text);
        bad += row(printable(stage.line) && strlen(stage.line) <= 1000, "%d: %s", i, stage.line);
        bad += row(logfields_read(&fields, span_of(stage.line)) &&
                       fields.direction == DIRECTION_OUTBOUND &&
                       span_equal(fields.values[LOGFIELD_CONNECTOR], SPAN("contoso-out")) &&
                       span_equal(fields.values[LOGFIELD_REASON],
                                  span_of(reason_word(stage.decision.reason))),
                   "%d: not read back: %s", i, stage.line);
        stage_release(&stage);
    }
    assert_int_equal(bad, 0);
}

/* ---- describe -------------------------------------------------------------------------------- */

static void describe__host_name_and_trust__wanted_and_got(void **state)
{
    struct stage stage;
    struct facts facts;
    const struct check_result *result;
    char text[DESCRIBE_SIZE];
    struct line line;

    (void)state;
    stage_init(&stage, OTHER_HOST, LEVEL_VERIFY);
    stage_decide(&stage);
    result = trail_decisive(&stage.decision.trail);
    assert_int_equal(result->check, CHECK_HOST_NAME);
    facts = stage.scene.facts;
    hop_seen_session(&stage.decision.seen, &facts);
    line_init(&line, text, sizeof(text));
    describe_wanted(&line, stage.connector, result);
    assert_string_equal(text, "a certificate that names the MX host");
    line_init(&line, text, sizeof(text));
    describe_got(&line, stage.connector, &facts, result);
    assert_string_equal(text, "name 'mx1.contoso.com'");
    stage_release(&stage);
    stage_init(&stage, UNTRUSTED, LEVEL_VERIFY);
    stage_decide(&stage);
    facts = stage.scene.facts;
    hop_seen_session(&stage.decision.seen, &facts);
    line_init(&line, text, sizeof(text));
    describe_got(&line, stage.connector, &facts, trail_decisive(&stage.decision.trail));
    assert_string_equal(text, "not trusted (self-signed)");
    stage_release(&stage);
}

static void words__states_and_lookups__all_there(void **state)
{
    (void)state;
    for (int i = 0; i < HOP_STATES; i++)
        assert_true(strlen(hop_state_word((enum hop_state)i)) > 1);
    for (int i = 0; i < LOOKUPS; i++)
        assert_true(strlen(lookup_word((enum lookup)i)) > 1);
    assert_string_equal(hop_state_word(HOP_STARTTLS_REFUSED), "starttls-refused");
    assert_string_equal(lookup_word(LOOKUP_NULL_MX), "null-mx");
    assert_string_equal(dnssec_word(DNSSEC_SECURE), "secure");
    assert_string_equal(dnssec_word(DNSSEC_UNKNOWN), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusal_of__each_outbound_reason__host_and_fact),
        cmocka_unit_test(refusal_of__tls_not_required__5xx),
        cmocka_unit_test(logline_refused__starttls_not_offered__the_line_of_the_manual),
        cmocka_unit_test(logline_passed__secure__what_was_seen_at_the_hop),
        cmocka_unit_test(logline_passed__unknown_and_accepted__with_its_reason),
        cmocka_unit_test(logline_refused__next_hop_without_mx__no_word_about_it),
        cmocka_unit_test(logline_refused__monitor__would),
        cmocka_unit_test(logline_near_miss__recipient__named),
        cmocka_unit_test(texts__hostile_partner__bounded_and_read_back),
        cmocka_unit_test(describe__host_name_and_trust__wanted_and_got),
        cmocka_unit_test(words__states_and_lookups__all_there),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
