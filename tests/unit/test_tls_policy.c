/* SPDX-License-Identifier: ISC */
/* Tests of policy/tls_policy: what Postfix's TLS policy map is told. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/tls_policy.h"

#define AA "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BB "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define CC "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

#define TAIL " servername=hostname protocols=>=TLSv1.2 ciphers=high"
#define LITERAL_TAIL " protocols=>=TLSv1.2 ciphers=high"

struct answer {
    char text[TLS_POLICY_SIZE];
};

/* "OK text", "NOTFOUND ", "TEMP reason": as a socketmap server says it. */
static const char *answer(struct answer *buffer, const struct rules *rules, struct span key,
                          int64_t now, const struct tls_policy_files *files)
{
    static const char *const words[] = {
        [TLS_POLICY_NOTFOUND] = "NOTFOUND ", [TLS_POLICY_OK] = "OK ", [TLS_POLICY_TEMP] = "TEMP "
    };
    char text[TLS_POLICY_SIZE];
    struct line line;
    enum tls_policy policy;

    line_init(&line, text, sizeof(text));
    policy = tls_policy_answer(rules, key, now, files, &line);
    assert_true(printable(text) && !line.full);
    assert_true((policy == TLS_POLICY_NOTFOUND) == (text[0] == '\0')); /* never an empty OK */
    (void)snprintf(buffer->text, sizeof(buffer->text), "%s%.16000s", words[policy], text);
    return buffer->text;
}
#define ANSWER(rules, key) answer(&(struct answer){ { 0 } }, (rules), span_of(key), NOW, NULL)

static unsigned check_answer(const struct rules *rules, const char *key, const char *wanted)
{
    const char *got = ANSWER(rules, key);

    return row(strcmp(got, wanted) == 0, "%s:\n  %s\nwanted:\n  %s", key, got, wanted);
}

static struct rules *one_rule(struct connector *connector, const char *patterns)
{
    struct rules *rules = build_rules();

    (void)build_add(rules, connector, patterns);
    build_finish(rules);
    return rules;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void answer__key__domain_or_next_hop_in_any_spelling(void **state)
{
    static const struct {
        struct span key;
        const char *answer;
    } rows[] = {
        { S("contoso.com"), "OK encrypt" TAIL },
        { S("Contoso.COM"), "OK encrypt" TAIL },
        { S("contoso.com."), "OK encrypt" TAIL },
        { S("contoso.com:25"), "OK encrypt" TAIL },
        { S("a.b.contoso.com"), "OK encrypt" TAIL },
        { S("mail_1.contoso.com"), "OK encrypt" TAIL },
        { S("b\xc3\xbc"
            "cher.contoso.com"),
          "OK encrypt" TAIL },
        { S("xn--bcher-kva.contoso.com"), "OK encrypt" TAIL },
        { S("[relay.example]:587"), "OK encrypt" TAIL },
        { S("[Relay.Example.]:587"), "OK encrypt" TAIL },
        { S("[relay.example]:submission"), "OK encrypt" TAIL },
        { S("[hub.example]"), "OK encrypt" TAIL },
        { S("[hub.example]:25"), "OK encrypt" TAIL },
        { S("[hub.example]:smtp"), "OK encrypt" TAIL },
        { S("other.example"), "OK encrypt" TAIL },
        { S("[first.example]:465"), "OK encrypt" TAIL }, /* smtps://first.example */
        { S("[192.0.2.9]"), "OK encrypt" LITERAL_TAIL },
        { S("[2001:db8::9]:26"), "OK encrypt" LITERAL_TAIL },
        { S("[IPv6:2001:DB8:0::9]:26"), "OK encrypt" LITERAL_TAIL },
        /* what belongs to nobody */
        { S(".contoso.com"), "NOTFOUND " },
        { S(".com"), "NOTFOUND " },
        { S("."), "NOTFOUND " },
        { S(""), "NOTFOUND " },
        { { NULL, 0 }, "NOTFOUND " },
        { S("com"), "NOTFOUND " },
        { S("evilcontoso.com"), "NOTFOUND " },
        { S("contoso.com.evil"), "NOTFOUND " },
        { S("[contoso.com]"), "NOTFOUND " },
        { S("contoso.com:587"), "NOTFOUND " },
        { S("[relay.example]"), "NOTFOUND " },
        { S("relay.example:587"), "NOTFOUND " },
        { S("[hub.example]:26"), "NOTFOUND " },
        { S("hub.example"), "NOTFOUND " },
        { S("x.other.example"), "NOTFOUND " },
        { S("[192.0.2.10]"), "NOTFOUND " },
        { S("[2001:db8::9]"), "NOTFOUND " },
        { S("/var/run/lmtp"), "NOTFOUND " },
        { S("unix:/var/run/lmtp"), "NOTFOUND " },
        { S("fabrikam.com"), "NOTFOUND " },
        /* a doubt about a partner */
        { S("a b.contoso.com"), "TEMP connector contoso-out: not a next hop that can be read" },
        { S("a\0.contoso.com"), "TEMP connector contoso-out: not a next hop that can be read" },
        { S("a..contoso.com"), "TEMP connector contoso-out: not a next hop that can be read" },
    };
    struct connector *connector = build_outbound("contoso-out", LEVEL_ENCRYPT);
    struct rules *rules;
    unsigned bad = 0;

    (void)state;
    build_strings(&connector->next_hops,
                  "[relay.example]:587 [hub.example] other.example smtps://first.example:465 "
                  "[192.0.2.9] [2001:db8::9]:26");
    rules = one_rule(connector, "*.contoso.com");
    for (size_t i = 0; i < ROWS(rows); i++) {
        const char *got = answer(&(struct answer){ { 0 } }, rules, rows[i].key, NOW, NULL);

        bad += row(strcmp(got, rows[i].answer) == 0, "%s: %s", SHOWN(rows[i].key), got);
    }
    rules_free(rules);
    assert_int_equal(bad, 0);
}

/* Postfix tries the parents where the full key has no answer: they have none. */
static void answer__patterns__as_at_rcpt(void **state)
{
    struct rules *rules = build_rules();
    unsigned bad = 0;

    (void)state;
    (void)build_add(rules, build_outbound("exact", LEVEL_ENCRYPT), "exact.example");
    (void)build_add(rules, build_outbound("below", LEVEL_VERIFY), ".below.example");
    (void)build_add(rules, build_outbound("may", LEVEL_MAY), "may.exact.example may.below.example");
    build_finish(rules);
    bad += check_answer(rules, "exact.example", "OK encrypt" TAIL);
    bad += check_answer(rules, "a.exact.example", "NOTFOUND ");
    bad += check_answer(rules, "below.example", "NOTFOUND ");
    bad += check_answer(rules, "a.below.example", "OK verify match=hostname" TAIL);
    bad += check_answer(rules, "may.below.example", "NOTFOUND ");
    bad += check_answer(rules, "a.may.below.example", "OK verify match=hostname" TAIL);
    rules_free(rules);
    assert_int_equal(bad, 0);
}

/* "*" is everything that has a domain of its own, address literals too. */
static void answer__every_domain__literals_too(void **state)
{
    struct rules *rules = one_rule(build_outbound("any", LEVEL_ENCRYPT), "*");
    unsigned bad = 0;

    (void)state;
    bad += check_answer(rules, "a.example", "OK encrypt" TAIL);
    bad += check_answer(rules, "[192.0.2.1]", "OK encrypt" LITERAL_TAIL);
    bad += check_answer(rules, "[IPv6:2001:db8::1]", "OK encrypt" LITERAL_TAIL);
    bad += check_answer(rules, ".example", "NOTFOUND ");
    bad += check_answer(rules, "[relay.example]", "NOTFOUND ");
    rules_free(rules);
    assert_int_equal(bad, 0);
}

static void answer__monitor_and_dates_of_enforcement__notfound_until_enforced(void **state)
{
    struct connector *connector = build_outbound("c", LEVEL_ENCRYPT);
    struct rules *rules = one_rule(connector, "contoso.com");

    (void)state;
    connector->mode = MODE_MONITOR;
    assert_string_equal(ANSWER(rules, "contoso.com"), "NOTFOUND ");
    connector->mode = MODE_ENFORCE;
    rules->settings.mode = MODE_MONITOR;
    assert_string_equal(ANSWER(rules, "contoso.com"), "NOTFOUND ");
    rules->settings.mode = MODE_ENFORCE;
    connector->enforce_from = NOW + 1;
    assert_string_equal(ANSWER(rules, "contoso.com"), "NOTFOUND ");
    connector->enforce_from = NOW;
    assert_string_equal(ANSWER(rules, "contoso.com"), "OK encrypt" TAIL);
    rules_free(rules);
}

/* Inbound connectors have no say. */
static void answer__inbound_only__notfound(void **state)
{
    struct rules *rules = one_rule(build_connector("in", LEVEL_ENCRYPT), "contoso.com");

    (void)state;
    assert_string_equal(ANSWER(rules, "contoso.com"), "NOTFOUND ");
    rules_free(rules);
}

/* ---- whom it expects ------------------------------------------------------------------------- */

static void answer__secure_without_certificates__the_domains(void **state)
{
    struct rules *rules =
        one_rule(build_outbound("c", LEVEL_SECURE), "contoso.com *.fabrikam.com .sub.example");
    unsigned bad = 0;

    (void)state;
    bad += check_answer(
        rules, "contoso.com",
        "OK secure match=contoso.com:.contoso.com:fabrikam.com:.fabrikam.com:.sub.example" TAIL);
    rules_free(rules);
    assert_int_equal(bad, 0);
}

/* A connector with too many domains to name: the one that was asked for. */
static void answer__secure_with_many_domains__the_keys_own(void **state)
{
    struct connector *connector = build_outbound("many", LEVEL_SECURE);
    struct rules *rules = build_rules();
    unsigned bad = 0;

    (void)state;
    build_strings(&connector->next_hops, "[relay.example]");
    (void)build_add(rules, connector, "*.contoso.com .sub.example");
    for (int i = 0; i < CONNECTOR_NAMES_MOST; i++) {
        char name[32];
        struct pattern pattern;

        (void)snprintf(name, sizeof(name), "p%d.example", i);
        pattern = build_pattern(name);
        assert_true(connectors_add_domain(rules->connectors, 0, &pattern));
    }
    build_finish(rules);
    connector->domain_count = CONNECTOR_NAMES_MOST + 2;
    assert_int_equal(connector->domain_names.count, CONNECTOR_NAMES_MOST);
    bad += check_answer(rules, "a.contoso.com", "OK secure match=contoso.com:.contoso.com" TAIL);
    bad += check_answer(rules, "a.sub.example", "OK secure match=.sub.example" TAIL);
    bad += check_answer(rules, "p7.example", "OK secure match=p7.example:.p7.example" TAIL);
    bad += check_answer(rules, "[relay.example]",
                        "TEMP connector many: more names than a policy has room for");
    rules_free(rules);
    assert_int_equal(bad, 0);
}

/* What an entry has: n name, N wildcard, f fingerprint, k public key, p pin_file, r root, o
 * organization; < past, > not yet. */
static void add_entry(struct connector *connector, const char *parts)
{
    struct certificate_entry *entry = build_entry(connector);

    for (const char *part = parts; *part != '\0'; part++) {
        if (*part == 'n')
            build_entry_name(entry, "mail.contoso.com");
        else if (*part == 'N')
            build_entry_name(entry, "*.contoso.com");
        entry->has_fingerprint = entry->has_fingerprint || *part == 'f';
        entry->has_public_key = entry->has_public_key || *part == 'k';
        if (*part == 'p') {
            entry->pin_count = 2;
            entry->pins = calloc(2, sizeof(*entry->pins));
            assert_non_null(entry->pins);
            entry->pins[0] = (struct pin){ false, build_digest(0xcc) };
            entry->pins[1] = (struct pin){ true, build_digest(0xbb) };
        } else if (*part == 'r') {
            entry->root = strdup("Root");
        } else if (*part == 'o') {
            entry->organization = strdup("Contoso");
        }
        entry->fingerprint = build_digest(0xaa);
        entry->public_key = build_digest(0xbb);
        entry->until = *part == '<' ? NOW : entry->until;
        entry->from = *part == '>' ? NOW + 1 : entry->from;
    }
}

static void answer__certificates__what_postfix_can_say(void **state)
{
    static const struct {
        enum level level;
        const char *entries[3];
        const char *answer;
    } rows[] = {
        { LEVEL_SECURE, { "n" }, "OK secure match=mail.contoso.com" TAIL },
        { LEVEL_SECURE, { "no" }, "OK secure match=mail.contoso.com" TAIL },
        { LEVEL_SECURE, { "N" }, "OK secure match=.contoso.com" TAIL },
        { LEVEL_SECURE, { "n", "N" }, "OK secure match=mail.contoso.com:.contoso.com" TAIL },
        /* no name: the MX host's, as at RCPT */
        { LEVEL_SECURE, { "o" }, "OK secure match=hostname" TAIL },
        { LEVEL_SECURE, { "n", "r" }, "OK secure match=mail.contoso.com:hostname" TAIL },
        /* dates */
        { LEVEL_SECURE, { "n<", "N" }, "OK secure match=.contoso.com" TAIL },
        { LEVEL_SECURE, { "n", "N>" }, "OK secure match=mail.contoso.com" TAIL },
        { LEVEL_SECURE, { "n<" }, "TEMP connector c: no entry of certificates counts now" },
        { LEVEL_SECURE, { "n>" }, "TEMP connector c: no entry of certificates counts now" },
        /* pins say more than names */
        { LEVEL_SECURE, { "nf" }, "OK fingerprint match=" AA TAIL },
        { LEVEL_SECURE, { "f", "k" }, "OK fingerprint match=" AA "|" BB TAIL },
        { LEVEL_SECURE, { "nf", "n<" }, "OK fingerprint match=" AA TAIL },
        /* a pin beside an entry without one: by its name, or not at all */
        { LEVEL_SECURE, { "nf", "N" }, "OK secure match=mail.contoso.com:.contoso.com" TAIL },
        { LEVEL_SECURE, { "f", "N" }, "OK secure match=.contoso.com" TAIL },
        { LEVEL_FINGERPRINT, { "f" }, "OK fingerprint match=" AA TAIL },
        { LEVEL_FINGERPRINT, { "k" }, "OK fingerprint match=" BB TAIL },
        { LEVEL_FINGERPRINT, { "fk" }, "OK fingerprint match=" AA TAIL },
        { LEVEL_FINGERPRINT, { "p" }, "OK fingerprint match=" CC "|" BB TAIL },
        { LEVEL_FINGERPRINT, { "f", "p" }, "OK fingerprint match=" AA "|" CC "|" BB TAIL },
        { LEVEL_FINGERPRINT, { "f<", "k" }, "OK fingerprint match=" BB TAIL },
        { LEVEL_FINGERPRINT, { "f<" }, "TEMP connector c: no entry of certificates counts now" },
        { LEVEL_VERIFY, { NULL }, "OK verify match=hostname" TAIL },
        { LEVEL_VERIFY, { "n" }, "OK verify match=hostname" TAIL },
        { LEVEL_ENCRYPT, { "n" }, "OK encrypt" TAIL },
        { LEVEL_MAY, { NULL }, "NOTFOUND " },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct connector *connector = build_outbound("c", rows[i].level);
        struct rules *rules;

        for (size_t n = 0; n < ROWS(rows[i].entries) && rows[i].entries[n] != NULL; n++)
            add_entry(connector, rows[i].entries[n]);
        rules = one_rule(connector, "contoso.com");
        bad += row(check_answer(rules, "contoso.com", rows[i].answer) == 0, "row %zu", i);
        rules_free(rules);
    }
    assert_int_equal(bad, 0);
}

static void answer__more_pins_than_there_is_room_for__temp(void **state)
{
    struct connector *connector = build_outbound("c", LEVEL_FINGERPRINT);
    struct certificate_entry *entry = build_entry(connector);
    struct rules *rules = one_rule(connector, "contoso.com");
    unsigned bad = 0;

    (void)state;
    entry->pin_count = 300;
    entry->pins = calloc(entry->pin_count, sizeof(*entry->pins));
    assert_non_null(entry->pins);
    bad += check_answer(rules, "contoso.com",
                        "TEMP connector c: more names than a policy has room for");
    entry->pin_count = 255; /* 65 characters each: there is room for their number, not for them */
    bad += check_answer(rules, "contoso.com", "TEMP connector c: the policy is too long");
    entry->pin_count = 200;
    bad += row(strlen(ANSWER(rules, "contoso.com")) > 13000, "200 pins");
    rules_free(rules);
    assert_int_equal(bad, 0);
}

/* ---- protocols and ciphers ------------------------------------------------------------------- */

static void answer__demands_of_the_session__attributes(void **state)
{
    static const struct {
        enum tls_protocol protocol;
        int bits;
        bool forward_secrecy;
        const char *excluded;
        const char *attributes;
    } rows[] = {
        { PROTOCOL_TLSV1, 0, false, "", "protocols=>=TLSv1" },
        { PROTOCOL_TLSV1_1, 112, false, "", "protocols=>=TLSv1.1" },
        { PROTOCOL_TLSV1_2, 113, false, "", "protocols=>=TLSv1.2 ciphers=high" },
        { PROTOCOL_TLSV1_3, 128, false, "", "protocols=>=TLSv1.3 ciphers=high" },
        { PROTOCOL_TLSV1_2, 256, false, "",
          "protocols=>=TLSv1.2 ciphers=high "
          "exclude=AES128:CAMELLIA128:ARIA128:SEED:IDEA:RC4" },
        { PROTOCOL_TLSV1_2, 128, true, "",
          "protocols=>=TLSv1.2 ciphers=high exclude=kRSA:kRSAPSK:kPSK:kSRP" },
        { PROTOCOL_TLSV1_2, 128, false, "AES128-SHA TLS_RSA_WITH_AES_256_CBC_SHA SOME-NEW-SUITE",
          "protocols=>=TLSv1.2 ciphers=high exclude=AES128-SHA:AES256-SHA:SOME-NEW-SUITE" },
        /* no list of Postfix's reaches the suites of TLSv1.3 */
        { PROTOCOL_TLSV1_2, 128, false, "TLS_AES_128_GCM_SHA256",
          "protocols=>=TLSv1.2 ciphers=high" },
        { PROTOCOL_TLSV1_2, 128, true, "AES256-SHA TLS_AES_128_GCM_SHA256",
          "protocols=>=TLSv1.2 ciphers=high exclude=kRSA:kRSAPSK:kPSK:kSRP:AES256-SHA" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct connector *connector = build_outbound("c", LEVEL_ENCRYPT);
        struct rules *rules;
        char wanted[256];

        connector->min_protocol = rows[i].protocol;
        connector->min_cipher_bits = rows[i].bits;
        connector->forward_secrecy = rows[i].forward_secrecy;
        build_strings(&connector->exclude_ciphers, rows[i].excluded);
        rules = one_rule(connector, "contoso.com");
        (void)snprintf(wanted, sizeof(wanted), "OK encrypt servername=hostname %s",
                       rows[i].attributes);
        bad += check_answer(rules, "contoso.com", wanted);
        rules_free(rules);
    }
    assert_int_equal(bad, 0);
}

/* ---- trust anchors --------------------------------------------------------------------------- */

struct anchors {
    const char *path;
    bool failed;
    const struct connector *asked;
};

static const char *tafile(void *data, const struct connector *connector, bool *failed)
{
    struct anchors *anchors = data;

    anchors->asked = connector;
    *failed = anchors->failed;
    return anchors->path;
}

static void answer__trust_anchors__their_file_or_temp(void **state)
{
    static const struct {
        enum level level;
        bool own_store;
        const char *entry;
        const char *path;
        bool failed;
        const char *answer;
    } rows[] = {
        { LEVEL_VERIFY, true, "", "forcetls/ta/c.pem", false,
          "OK verify match=hostname" TAIL " tafile=forcetls/ta/c.pem" },
        { LEVEL_VERIFY, false, "", NULL, false, "OK verify match=hostname" TAIL },
        { LEVEL_SECURE, true, "n", "ta", false,
          "OK secure match=mail.contoso.com" TAIL " tafile=ta" },
        { LEVEL_SECURE, false, "nr", "ta", false,
          "OK secure match=mail.contoso.com" TAIL " tafile=ta" },
        { LEVEL_SECURE, false, "n", "ta", false, "OK secure match=mail.contoso.com" TAIL },
        { LEVEL_SECURE, false, "nr", NULL, false,
          "TEMP connector c: its trust anchors cannot be had" },
        { LEVEL_SECURE, false, "nr", "ta", true,
          "TEMP connector c: its trust anchors cannot be had" },
        { LEVEL_SECURE, true, "n", "a b", false,
          "TEMP connector c: its trust anchors cannot be had" },
        { LEVEL_SECURE, true, "n", "a,b", false,
          "TEMP connector c: its trust anchors cannot be had" },
        { LEVEL_SECURE, true, "n", "", false, "TEMP connector c: its trust anchors cannot be had" },
        /* who asks for no chain needs no anchor */
        { LEVEL_ENCRYPT, true, "", NULL, true, "OK encrypt" TAIL },
        { LEVEL_FINGERPRINT, true, "f", NULL, true, "OK fingerprint match=" AA TAIL },
        { LEVEL_SECURE, true, "f", NULL, true, "OK fingerprint match=" AA TAIL },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct connector *connector = build_outbound("c", rows[i].level);
        struct anchors anchors = { rows[i].path, rows[i].failed, NULL };
        struct tls_policy_files files = { tafile, &anchors };
        struct rules *rules;
        const char *got;

        if (rows[i].own_store)
            connector->trust_store = strdup("/roots.pem");
        if (rows[i].entry[0] != '\0')
            add_entry(connector, rows[i].entry);
        rules = one_rule(connector, "contoso.com");
        got = answer(&(struct answer){ { 0 } }, rules, SPAN("contoso.com"), NOW, &files);
        bad += row(strcmp(got, rows[i].answer) == 0, "row %zu: %s", i, got);
        bad += row(anchors.asked == NULL || anchors.asked == connector, "row %zu: asked", i);
        rules_free(rules);
    }
    assert_int_equal(bad, 0);
}

static void roots__entries_that_count__only_if_each_has_one(void **state)
{
    static const struct {
        const char *entries[3];
        size_t count;
        bool needed;
    } rows[] = {
        { { "nr" }, 1, true },       { { "nr", "Nr" }, 1, true }, /* the same one */
        { { "nr", "n" }, 0, false }, { { "nr", "n<" }, 1, true }, { { "nr<", "n" }, 0, false },
        { { "nr<" }, 0, false },     { { "n" }, 0, false },       { { NULL }, 0, false },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct connector *connector = build_outbound("c", LEVEL_SECURE);
        const char *roots[4];
        size_t count;

        for (size_t n = 0; n < ROWS(rows[i].entries) && rows[i].entries[n] != NULL; n++)
            add_entry(connector, rows[i].entries[n]);
        count = tls_policy_roots(connector, NOW, roots, ROWS(roots));
        bad += row(count == rows[i].count && (count == 0 || strcmp(roots[0], "Root") == 0),
                   "row %zu: %zu roots", i, count);
        bad +=
            row(tls_policy_needs_anchors(connector, NOW) == rows[i].needed, "row %zu: needed", i);
        connector_free(connector);
    }
    assert_int_equal(bad, 0);
}

/* ---- several connectors on one key ----------------------------------------------------------- */

/* Two connectors with domains of their own and a next hop in common. */
static struct rules *two_rules(struct connector *a, struct connector *b)
{
    struct rules *rules = build_rules();

    build_strings(&a->next_hops, "[relay.example]:587");
    build_strings(&b->next_hops, "[relay.example]:587");
    (void)build_add(rules, a, "a.example");
    (void)build_add(rules, b, "b.example");
    build_finish(rules);
    return rules;
}

static void answer__shared_next_hop__the_strictest_of_both(void **state)
{
    static const struct {
        enum level a, b;
        const char *answer;
    } rows[] = {
        { LEVEL_ENCRYPT, LEVEL_ENCRYPT, "OK encrypt" TAIL },
        { LEVEL_ENCRYPT, LEVEL_VERIFY, "OK verify match=hostname" TAIL },
        { LEVEL_VERIFY, LEVEL_VERIFY, "OK verify match=hostname" TAIL },
        { LEVEL_VERIFY, LEVEL_SECURE, "OK secure match=b.example:.b.example" TAIL },
        { LEVEL_MAY, LEVEL_ENCRYPT, "OK encrypt" TAIL },
        { LEVEL_MAY, LEVEL_MAY, "NOTFOUND " },
        { LEVEL_SECURE, LEVEL_SECURE,
          "TEMP connectors a and b: they expect different certificates" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct rules *rules =
            two_rules(build_outbound("a", rows[i].a), build_outbound("b", rows[i].b));
        const char *got = ANSWER(rules, "[relay.example]:587");

        if (strncmp(rows[i].answer, "TEMP", 4) == 0)
            bad += row(strcmp(got, rows[i].answer) == 0 ||
                           strcmp(got, "TEMP connectors b and a: they expect different "
                                       "certificates") == 0,
                       "%s", got);
        else
            bad += check_answer(rules, "[relay.example]:587", rows[i].answer);
        rules_free(rules);
    }
    assert_int_equal(bad, 0);
}

static void answer__shared_next_hop__session_demands_add_up(void **state)
{
    struct connector *a = build_outbound("a", LEVEL_ENCRYPT),
                     *b = build_outbound("b", LEVEL_ENCRYPT);
    struct rules *rules;
    const char *got;

    (void)state;
    a->min_protocol = PROTOCOL_TLSV1;
    a->min_cipher_bits = 0;
    a->forward_secrecy = true;
    build_strings(&a->exclude_ciphers, "AES128-SHA");
    b->min_protocol = PROTOCOL_TLSV1_3;
    build_strings(&b->exclude_ciphers, "AES256-SHA");
    rules = two_rules(a, b);
    got = ANSWER(rules, "[relay.example]:587");
    assert_non_null(strstr(got, " protocols=>=TLSv1.3 ciphers=high exclude=kRSA:"));
    assert_non_null(strstr(got, ":AES128-SHA"));
    assert_non_null(strstr(got, ":AES256-SHA"));
    /* each domain alone is held to its own */
    assert_int_equal(check_answer(rules, "b.example",
                                  "OK encrypt servername=hostname protocols=>=TLSv1.3 ciphers=high "
                                  "exclude=AES256-SHA"),
                     0);
    /* one in monitor mode has no say */
    b->mode = MODE_MONITOR;
    got = ANSWER(rules, "[relay.example]:587");
    assert_non_null(strstr(got, " protocols=>=TLSv1 exclude="));
    rules_free(rules);
}

/* Names that both take. */
static void answer__shared_next_hop__names_in_common(void **state)
{
    static const struct {
        const char *a[2], *b[2];
        const char *match; /* NULL: none */
    } rows[] = {
        { { "x.relay.example" }, { "x.relay.example" }, "x.relay.example" },
        { { "x.relay.example", "y.relay.example" }, { "y.relay.example" }, "y.relay.example" },
        { { "x.relay.example" }, { "*.relay.example" }, "x.relay.example" },
        { { "*.relay.example" }, { "x.relay.example" }, "x.relay.example" },
        { { "*.relay.example" }, { "*.relay.example" }, ".relay.example" },
        { { "*.relay.example" }, { "*.eu.relay.example" }, ".eu.relay.example" },
        { { "x.relay.example" }, { "y.relay.example" }, NULL },
        { { "relay.example" }, { "*.relay.example" }, NULL },
        { { "x.relay.example" }, { "*.lay.example" }, NULL },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct connector *a = build_outbound("a", LEVEL_SECURE);
        struct connector *b = build_outbound("b", LEVEL_SECURE);
        struct tls_policy_clash clash;
        struct rules *rules;
        char wanted[256];
        bool fits;

        for (size_t n = 0; n < 2; n++) {
            if (rows[i].a[n] != NULL)
                build_entry_name(build_entry(a), rows[i].a[n]);
            if (rows[i].b[n] != NULL)
                build_entry_name(build_entry(b), rows[i].b[n]);
        }
        rules = two_rules(a, b);
        fits = tls_policy_fits(rules, SPAN("[relay.example]:587"), NOW, &clash);
        bad += row(fits == (rows[i].match != NULL), "row %zu: fits %d", i, fits);
        (void)snprintf(wanted, sizeof(wanted), "OK secure match=%s" TAIL,
                       rows[i].match != NULL ? rows[i].match : "");
        if (fits)
            bad += check_answer(rules, "[relay.example]:587", wanted);
        else
            bad += row((clash.first == a && clash.second == b) ||
                           (clash.first == b && clash.second == a),
                       "row %zu: other connectors", i);
        rules_free(rules);
    }
    assert_int_equal(bad, 0);
}

static void answer__shared_next_hop__pins_and_anchors_in_common(void **state)
{
    struct connector *a = build_outbound("a", LEVEL_FINGERPRINT);
    struct connector *b = build_outbound("b", LEVEL_FINGERPRINT);
    struct tls_policy_clash clash;
    struct rules *rules;

    (void)state;
    add_entry(a, "f");
    add_entry(a, "k");
    add_entry(b, "p");
    rules = two_rules(a, b);
    assert_int_equal(check_answer(rules, "[relay.example]:587", "OK fingerprint match=" BB TAIL),
                     0);
    b->certificates[0].pin_count = 1; /* 0xcc alone */
    assert_false(tls_policy_fits(rules, SPAN("[relay.example]:587"), NOW, &clash));
    /* a pin against names: fingerprint is the stricter level */
    b->level = LEVEL_VERIFY;
    assert_int_equal(
        check_answer(rules, "[relay.example]:587", "OK fingerprint match=" AA "|" BB TAIL), 0);
    a->level = LEVEL_VERIFY;
    assert_true(tls_policy_fits(rules, SPAN("[relay.example]:587"), NOW, &clash));
    a->trust_store = strdup("/a.pem");
    assert_false(tls_policy_fits(rules, SPAN("[relay.example]:587"), NOW, &clash));
    assert_string_equal(clash.sentence, "they trust different certificate authorities");
    b->trust_store = strdup("/a.pem");
    assert_true(tls_policy_fits(rules, SPAN("[relay.example]:587"), NOW, &clash));
    rules_free(rules);
}

/* A policy names one set of anchors, the stricter connector's: the other's must be the same store.
 */
static void answer__shared_next_hop__levels_with_other_stores_clash(void **state)
{
    static const struct {
        enum level a, b;
        const char *store_a, *store_b; /* NULL: the global one */
        bool fits;
    } rows[] = {
        { LEVEL_SECURE, LEVEL_VERIFY, NULL, NULL, true },
        { LEVEL_SECURE, LEVEL_VERIFY, "/x.pem", "/x.pem", true },
        { LEVEL_SECURE, LEVEL_VERIFY, NULL, "/x.pem", false },
        { LEVEL_SECURE, LEVEL_VERIFY, "/x.pem", NULL, false },
        { LEVEL_VERIFY, LEVEL_SECURE, "/x.pem", "/y.pem", false },
        /* who checks no chain has no store */
        { LEVEL_ENCRYPT, LEVEL_SECURE, NULL, "/x.pem", true },
        { LEVEL_FINGERPRINT, LEVEL_VERIFY, NULL, "/x.pem", true },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct connector *a = build_outbound("a", rows[i].a);
        struct connector *b = build_outbound("b", rows[i].b);
        struct tls_policy_clash clash = { .sentence = "" };
        struct rules *rules;
        bool fits;

        a->trust_store = rows[i].store_a != NULL ? strdup(rows[i].store_a) : NULL;
        b->trust_store = rows[i].store_b != NULL ? strdup(rows[i].store_b) : NULL;
        if (a->level == LEVEL_FINGERPRINT)
            add_entry(a, "f");
        rules = two_rules(a, b);
        fits = tls_policy_fits(rules, SPAN("[relay.example]:587"), NOW, &clash);
        bad += row(fits == rows[i].fits, "row %zu: fits %d", i, fits);
        if (!fits)
            bad += row(strcmp(clash.sentence, "they trust different certificate authorities") == 0,
                       "row %zu: %s", i, clash.sentence);
        rules_free(rules);
    }
    assert_int_equal(bad, 0);
}

/* The map is not told who sends: all connectors that the domain could have count. */
static void answer__local_domains__the_strictest_that_could_apply(void **state)
{
    struct rules *rules = build_rules();
    struct connector *ours = build_outbound("ours", LEVEL_VERIFY);
    struct connector *wide = build_outbound("wide", LEVEL_ENCRYPT);
    unsigned bad = 0;

    (void)state;
    build_local_domains(ours, "ours.example");
    wide->min_protocol = PROTOCOL_TLSV1_3;
    (void)build_add(rules, ours, "contoso.com a.fabrikam.com");
    (void)build_add(rules, wide, "*.fabrikam.com");
    build_finish(rules);
    bad += check_answer(rules, "contoso.com", "OK verify match=hostname" TAIL);
    bad += check_answer(rules, "a.fabrikam.com",
                        "OK verify match=hostname servername=hostname protocols=>=TLSv1.3 "
                        "ciphers=high");
    bad += check_answer(rules, "b.fabrikam.com",
                        "OK encrypt servername=hostname protocols=>=TLSv1.3 ciphers=high");
    rules_free(rules);
    assert_int_equal(bad, 0);
}

/* A domain that is a next hop of another connector, too. */
static void answer__domain_and_next_hop__both_count(void **state)
{
    struct rules *rules = build_rules();
    struct connector *a = build_outbound("a", LEVEL_ENCRYPT);
    unsigned bad = 0;

    (void)state;
    build_strings(&a->next_hops, "hub.example a.example");
    (void)build_add(rules, a, "a.example");
    (void)build_add(rules, build_outbound("hub", LEVEL_VERIFY), "hub.example");
    build_finish(rules);
    bad += check_answer(rules, "hub.example", "OK verify match=hostname" TAIL);
    bad += check_answer(rules, "a.example", "OK encrypt" TAIL);
    rules_free(rules);
    assert_int_equal(bad, 0);
}

static void unsaid__what_only_rcpt_judges__named(void **state)
{
    static const struct {
        enum level level;
        const char *entry;
        const char *text;
    } rows[] = {
        { LEVEL_SECURE, "n", "" },
        { LEVEL_SECURE, "nr", "" },
        { LEVEL_SECURE, "no", ", organization" },
        { LEVEL_VERIFY, "no", "" },
        { LEVEL_FINGERPRINT, "f", "" },
        { LEVEL_SECURE, "nf", ", pins together with a chain" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct connector *connector = build_outbound("c", rows[i].level);
        char text[256];
        struct line line;
        bool unsaid;

        add_entry(connector, rows[i].entry);
        line_init(&line, text, sizeof(text));
        unsaid = tls_policy_unsaid(connector, &line);
        bad += row(strcmp(text, rows[i].text) == 0 && unsaid == (text[0] != '\0'), "row %zu: %s", i,
                   text);
        connector_free(connector);
    }
    assert_int_equal(bad, 0);
}

/* ---- hostile keys ---------------------------------------------------------------------------- */

/* Whatever the key: an answer, within bounds, and for one that is below the partner's domain never
 * none. */
static void answer__any_bytes__bounded_and_safe(void **state)
{
    struct rules *rules = one_rule(build_outbound("c", LEVEL_SECURE), "*.contoso.com");
    uint32_t seed = 7;
    unsigned bad = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        char key[300];
        size_t length = 0, most = (size_t)i % 280;

        while (length < most) {
            static const char bytes[] = "ab.-_[]:0123\xc3\xbc\xe3\x80\x82@%!\" \x01\x80xn";

            seed = seed * 1664525u + 1013904223u;
            key[length++] = bytes[(seed >> 16) % (sizeof(bytes) - 1)];
        }
        (void)answer(&(struct answer){ { 0 } }, rules, (struct span){ key, length }, NOW, NULL);
        if (length == 0 || key[0] == '.' || length > 250)
            continue;
        (void)snprintf(key + length, sizeof(key) - length, ".contoso.com");
        bad += row(strncmp(answer(&(struct answer){ { 0 } }, rules,
                                  (struct span){ key, length + 12 }, NOW, NULL),
                           "NOTFOUND", 8) != 0 ||
                       key[0] == '[' || memchr(key, ':', length) != NULL,
                   "a partner's domain without an answer: %s",
                   SHOWN(((struct span){ key, length + 12 })));
    }
    rules_free(rules);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer__key__domain_or_next_hop_in_any_spelling),
        cmocka_unit_test(answer__patterns__as_at_rcpt),
        cmocka_unit_test(answer__every_domain__literals_too),
        cmocka_unit_test(answer__monitor_and_dates_of_enforcement__notfound_until_enforced),
        cmocka_unit_test(answer__inbound_only__notfound),
        cmocka_unit_test(answer__secure_without_certificates__the_domains),
        cmocka_unit_test(answer__secure_with_many_domains__the_keys_own),
        cmocka_unit_test(answer__certificates__what_postfix_can_say),
        cmocka_unit_test(answer__more_pins_than_there_is_room_for__temp),
        cmocka_unit_test(answer__demands_of_the_session__attributes),
        cmocka_unit_test(answer__trust_anchors__their_file_or_temp),
        cmocka_unit_test(roots__entries_that_count__only_if_each_has_one),
        cmocka_unit_test(answer__shared_next_hop__the_strictest_of_both),
        cmocka_unit_test(answer__shared_next_hop__session_demands_add_up),
        cmocka_unit_test(answer__shared_next_hop__names_in_common),
        cmocka_unit_test(answer__shared_next_hop__pins_and_anchors_in_common),
        cmocka_unit_test(answer__shared_next_hop__levels_with_other_stores_clash),
        cmocka_unit_test(answer__local_domains__the_strictest_that_could_apply),
        cmocka_unit_test(answer__domain_and_next_hop__both_count),
        cmocka_unit_test(unsaid__what_only_rcpt_judges__named),
        cmocka_unit_test(answer__any_bytes__bounded_and_safe),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
