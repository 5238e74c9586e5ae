/* SPDX-License-Identifier: ISC */
/* Tests of policy/cipher: protocols and suites by name, against OpenSSL's own list of suites. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cipher.h"

static void protocol_parse__words__table(void **state)
{
    static const struct {
        struct span text;
        enum tls_protocol protocol;
    } rows[] = {
        { S("SSLv2"), PROTOCOL_SSLV2 },
        { S("SSLv3"), PROTOCOL_SSLV3 },
        { S("TLSv1"), PROTOCOL_TLSV1 },
        { S("TLSv1.0"), PROTOCOL_TLSV1 },
        { S("TLSv1.1"), PROTOCOL_TLSV1_1 },
        { S("TLSv1.2"), PROTOCOL_TLSV1_2 },
        { S("TLSv1.3"), PROTOCOL_TLSV1_3 },
        /* What is not on the list is unknown, never newer. */
        { S(""), PROTOCOL_UNKNOWN },
        { { NULL, 0 }, PROTOCOL_UNKNOWN },
        { S("unknown"), PROTOCOL_UNKNOWN },
        { S("TLSv1.4"), PROTOCOL_UNKNOWN },
        { S("TLSv1.3 "), PROTOCOL_UNKNOWN },
        { S(" TLSv1.3"), PROTOCOL_UNKNOWN },
        { S("TLSv1.3\0"), PROTOCOL_UNKNOWN },
        { S("TLSv1.3\n"), PROTOCOL_UNKNOWN },
        { S("TLSv1.30"), PROTOCOL_UNKNOWN },
        { S("TLSv1.3x"), PROTOCOL_UNKNOWN },
        { S("TLSv1.3 (draft 28)"), PROTOCOL_UNKNOWN },
        { S("TLSv1.2,TLSv1.3"), PROTOCOL_UNKNOWN },
        { S("TLSv1."), PROTOCOL_UNKNOWN },
        { S("TLSv"), PROTOCOL_UNKNOWN },
        { S("TLSv2"), PROTOCOL_UNKNOWN },
        { S("TLSv10"), PROTOCOL_UNKNOWN },
        { S("TLS1.3"), PROTOCOL_UNKNOWN },
        { S("1.3"), PROTOCOL_UNKNOWN },
        { S("DTLSv1.2"), PROTOCOL_UNKNOWN },
        { S("SSLv23"), PROTOCOL_UNKNOWN },
        { S("(NONE)"), PROTOCOL_UNKNOWN },
        { S("QUICv1"), PROTOCOL_UNKNOWN },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        bad += row(protocol_parse(rows[i].text) == rows[i].protocol, "'%s': %d",
                   SHOWN(rows[i].text), (int)protocol_parse(rows[i].text));
    }
    assert_int_equal(bad, 0);
}

static void protocol_name__each__parses_back(void **state)
{
    (void)state;
    for (int protocol = PROTOCOL_SSLV2; protocol <= PROTOCOL_TLSV1_3; protocol++) {
        const char *name = protocol_name((enum tls_protocol)protocol);

        assert_non_null(name);
        assert_int_equal(protocol_parse(span_of(name)), protocol);
    }
    assert_non_null(protocol_name(PROTOCOL_UNKNOWN));
    assert_int_equal(protocol_parse(span_of(protocol_name(PROTOCOL_UNKNOWN))), PROTOCOL_UNKNOWN);
}

/* One line of `openssl ciphers -stdname`. */
struct suite {
    char iana[80], openssl[80], exchange[32], authentication[32], encryption[32];
};

enum { SUITES = 300 };

static size_t read_suites(struct suite suites[SUITES])
{
    FILE *list = popen("openssl ciphers -stdname ALL:COMPLEMENTOFALL", "r");
    char line[512];
    size_t count = 0;

    assert_non_null(list);
    while (count < SUITES && fgets(line, sizeof(line), list) != NULL) {
        struct suite *suite = &suites[count];

        if (sscanf(line, "%79s - %79s %*s Kx=%31s Au=%31s Enc=%31s", suite->iana, suite->openssl,
                   suite->exchange, suite->authentication, suite->encryption) == 5)
            count++;
    }
    assert_int_equal(pclose(list), 0);
    return count;
}

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(word, *words) == 0)
            return true;
    }
    return false;
}

static unsigned suite_row(const struct suite *suite, struct span name, bool tls13)
{
    static const char *const ephemeral[] = { "ECDH", "DH", NULL };
    enum forward_secrecy secrecy = cipher_forward_secrecy(name, PROTOCOL_TLSV1_2);
    unsigned bad = 0;

    bad += row(cipher_known(name), "%s is not known", name.data);
    bad += row(cipher_is_null(name) == (strcmp(suite->encryption, "None") == 0), "%s: NULL",
               name.data);
    bad += row(cipher_is_anonymous(name) == (strcmp(suite->authentication, "None") == 0),
               "%s: anonymous", name.data);
    if (tls13) {
        bad += row(cipher_forward_secrecy(name, PROTOCOL_TLSV1_3) == FORWARD_SECRECY_YES,
                   "%s: forward secrecy", name.data);
    } else if (is_one_of(suite->exchange, ephemeral)) {
        bad += row(secrecy == FORWARD_SECRECY_YES, "%s: forward secrecy", name.data);
    } else {
        bad += row(secrecy == FORWARD_SECRECY_NO, "%s: no forward secrecy", name.data);
    }
    return bad;
}

/* Pre-shared keys and passwords instead of certificates: no SMTP server speaks them. They need
 * not be known, but they are nothing that they are not. */
static bool has_certificates(const struct suite *suite)
{
    static const char *const others[] = { "PSK", "RSAPSK", "DHEPSK", "ECDHEPSK", "SRP", NULL };

    return !is_one_of(suite->exchange, others);
}

static unsigned other_suite_row(const struct suite *suite, struct span name)
{
    enum forward_secrecy secrecy = cipher_forward_secrecy(name, PROTOCOL_TLSV1_2);
    bool ephemeral = strstr(suite->exchange, "DHE") != NULL;
    unsigned bad = 0;

    bad += row(cipher_is_null(name) == (strcmp(suite->encryption, "None") == 0), "%s: NULL",
               name.data);
    bad += row(ephemeral || secrecy != FORWARD_SECRECY_YES, "%s: only (EC)DHE counts", name.data);
    return bad;
}

static void cipher__every_suite_of_openssl__both_names(void **state)
{
    static struct suite suites[SUITES];
    size_t count = read_suites(suites);
    unsigned bad = 0;

    (void)state;
    assert_true(count > 60);
    for (size_t i = 0; i < count; i++) {
        struct span iana = span_of(suites[i].iana), openssl = span_of(suites[i].openssl);
        bool tls13 = strcmp(suites[i].exchange, "any") == 0;

        if (!has_certificates(&suites[i])) {
            bad += other_suite_row(&suites[i], iana) + other_suite_row(&suites[i], openssl);
            continue;
        }
        bad += suite_row(&suites[i], iana, tls13);
        bad += suite_row(&suites[i], openssl, tls13);
        bad += row(cipher_equal(iana, openssl) && cipher_equal(openssl, iana) &&
                       cipher_equal(iana, iana) && cipher_equal(openssl, openssl),
                   "%s is %s", iana.data, openssl.data);
        for (size_t j = 0; j < i; j++) {
            bad += row(!cipher_equal(iana, span_of(suites[j].openssl)) &&
                           !cipher_equal(openssl, span_of(suites[j].openssl)) &&
                           !cipher_equal(span_of(suites[j].iana), openssl) &&
                           !cipher_equal(span_of(suites[j].iana), iana),
                       "%s is not %s", iana.data, suites[j].openssl);
        }
    }
    assert_int_equal(bad, 0);
}

static void cipher_is_null__suites_that_encrypt_nothing__told(void **state)
{
    static const struct {
        struct span name;
        bool wanted;
    } rows[] = {
        { S("NULL-MD5"), true },
        { S("NULL-SHA"), true },
        { S("NULL-SHA256"), true },
        { S("AECDH-NULL-SHA"), true },
        { S("ECDHE-RSA-NULL-SHA"), true },
        { S("ECDHE-ECDSA-NULL-SHA"), true },
        { S("ECDH-RSA-NULL-SHA"), true },
        { S("PSK-NULL-SHA256"), true },
        { S("DHE-PSK-NULL-SHA"), true },
        { S("TLS_NULL_WITH_NULL_NULL"), true },
        { S("TLS_RSA_WITH_NULL_SHA256"), true },
        { S("TLS_RSA_WITH_NULL_MD5"), true },
        { S("TLS_ECDH_anon_WITH_NULL_SHA"), true },
        { S("TLS_ECDHE_PSK_WITH_NULL_SHA384"), true },
        { S("TLS_SHA256_SHA256"), true }, /* RFC 9150: integrity only */
        { S("TLS_SHA384_SHA384"), true },
        { S("TLS_AES_128_GCM_SHA256"), false },
        { S("TLS_CHACHA20_POLY1305_SHA256"), false },
        { S("ECDHE-RSA-AES128-SHA256"), false },
        { S("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"), false },
        { S("ADH-AES128-SHA"), false },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        bad += row(cipher_is_null(rows[i].name) == rows[i].wanted, "%s", rows[i].name.data);
    assert_int_equal(bad, 0);
}

static void cipher_is_anonymous__suites_without_certificates__told(void **state)
{
    static const struct {
        struct span name;
        bool wanted;
    } rows[] = {
        { S("ADH-AES256-GCM-SHA384"), true },
        { S("ADH-DES-CBC3-SHA"), true },
        { S("ADH-RC4-MD5"), true },
        { S("AECDH-AES256-SHA"), true },
        { S("AECDH-NULL-SHA"), true },
        { S("EXP-ADH-RC4-MD5"), true },
        { S("EXP-ADH-DES-CBC-SHA"), true },
        { S("TLS_DH_anon_WITH_AES_128_CBC_SHA"), true },
        { S("TLS_ECDH_anon_WITH_AES_256_CBC_SHA"), true },
        { S("TLS_DH_anon_EXPORT_WITH_RC4_40_MD5"), true },
        { S("DHE-RSA-AES256-SHA"), false },
        { S("ECDHE-ECDSA-AES256-SHA"), false },
        { S("TLS_DH_RSA_WITH_AES_128_CBC_SHA"), false },
        { S("TLS_AES_256_GCM_SHA384"), false },
        { S("AES256-SHA"), false },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        bad += row(cipher_is_anonymous(rows[i].name) == rows[i].wanted, "%s", rows[i].name.data);
    assert_int_equal(bad, 0);
}

/* Names that today's OpenSSL no longer has, and older MTAs still report. */
static void cipher_forward_secrecy__old_names_and_unknown_ones__never_guessed(void **state)
{
    static const struct {
        struct span name;
        enum tls_protocol protocol;
        enum forward_secrecy secrecy;
    } rows[] = {
        { S("ECDHE-RSA-RC4-SHA"), PROTOCOL_TLSV1_2, FORWARD_SECRECY_YES },
        { S("ECDHE-RSA-DES-CBC3-SHA"), PROTOCOL_TLSV1, FORWARD_SECRECY_YES },
        { S("EDH-RSA-DES-CBC3-SHA"), PROTOCOL_TLSV1, FORWARD_SECRECY_YES },
        { S("DHE-RSA-DES-CBC3-SHA"), PROTOCOL_TLSV1, FORWARD_SECRECY_YES },
        { S("TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"), PROTOCOL_TLSV1, FORWARD_SECRECY_YES },
        { S("TLS_ECDHE_RSA_WITH_RC4_128_SHA"), PROTOCOL_TLSV1, FORWARD_SECRECY_YES },
        { S("DES-CBC3-SHA"), PROTOCOL_TLSV1, FORWARD_SECRECY_NO },
        { S("RC4-SHA"), PROTOCOL_TLSV1, FORWARD_SECRECY_NO },
        { S("RC4-MD5"), PROTOCOL_TLSV1, FORWARD_SECRECY_NO },
        { S("TLS_RSA_WITH_RC4_128_SHA"), PROTOCOL_TLSV1, FORWARD_SECRECY_NO },
        { S("TLS_RSA_WITH_3DES_EDE_CBC_SHA"), PROTOCOL_TLSV1, FORWARD_SECRECY_NO },
        { S("AES128-GCM-SHA256"), PROTOCOL_TLSV1_2, FORWARD_SECRECY_NO },
        { S("TLS_RSA_WITH_AES_128_GCM_SHA256"), PROTOCOL_TLSV1_2, FORWARD_SECRECY_NO },
        { S("SOMETHING-NEW"), PROTOCOL_TLSV1_2, FORWARD_SECRECY_UNKNOWN },
        { S("TLS_NEW_WITH_AES_128_GCM_SHA256"), PROTOCOL_TLSV1_2, FORWARD_SECRECY_UNKNOWN },
        { S("NOT-ECDHE-RSA-AES128-SHA"), PROTOCOL_TLSV1_2, FORWARD_SECRECY_UNKNOWN },
        { S(""), PROTOCOL_TLSV1_2, FORWARD_SECRECY_UNKNOWN },
        { { NULL, 0 }, PROTOCOL_TLSV1_2, FORWARD_SECRECY_UNKNOWN },
        { S("SOMETHING-NEW"), PROTOCOL_UNKNOWN, FORWARD_SECRECY_UNKNOWN },
        { S("TLS_AES_256_GCM_SHA384"), PROTOCOL_TLSV1_3, FORWARD_SECRECY_YES },
        { S("TLS_NEW_512_GCM_SHA512"), PROTOCOL_TLSV1_3, FORWARD_SECRECY_YES },
        /* One of the two reports is wrong. */
        { S("AES128-SHA"), PROTOCOL_TLSV1_3, FORWARD_SECRECY_UNKNOWN },
        { S("TLS_AES_256_GCM_SHA384"), PROTOCOL_TLSV1_2, FORWARD_SECRECY_UNKNOWN },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        enum forward_secrecy got = cipher_forward_secrecy(rows[i].name, rows[i].protocol);

        bad += row(got == rows[i].secrecy, "%s at %s: %d", SHOWN(rows[i].name),
                   protocol_name(rows[i].protocol), (int)got);
    }
    assert_int_equal(bad, 0);
}

/* The fixed Diffie-Hellman of certificates: one letter away from the ephemeral one. */
static void cipher_forward_secrecy__fixed_diffie_hellman__not_yes(void **state)
{
    static const struct span rows[] = {
        S("ECDH-RSA-AES256-SHA"),
        S("ECDH-ECDSA-AES128-GCM-SHA256"),
        S("DH-RSA-AES256-SHA"),
        S("DH-DSS-AES128-GCM-SHA256"),
        S("TLS_ECDH_RSA_WITH_AES_128_CBC_SHA"),
        S("TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384"),
        S("TLS_DH_RSA_WITH_AES_128_CBC_SHA"),
        S("TLS_DH_DSS_WITH_AES_256_CBC_SHA"),
        S("KRB5-RC4-SHA"),
        S("EXP-RC4-MD5"),
        S("EXP1024-RC4-SHA"),
        S("TLS_RSA_EXPORT_WITH_RC4_40_MD5"),
        S("GOST2001-GOST89-GOST89"),
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        bad += row(cipher_forward_secrecy(rows[i], PROTOCOL_TLSV1_2) != FORWARD_SECRECY_YES, "%s",
                   SHOWN(rows[i]));
    }
    assert_int_equal(bad, 0);
}

static void cipher_agrees__suite_and_protocol__table(void **state)
{
    static const struct {
        struct span name;
        enum tls_protocol protocol;
        bool agrees;
    } rows[] = {
        { S("TLS_AES_256_GCM_SHA384"), PROTOCOL_TLSV1_3, true },
        { S("TLS_AES_256_GCM_SHA384"), PROTOCOL_TLSV1_2, false },
        { S("TLS_CHACHA20_POLY1305_SHA256"), PROTOCOL_TLSV1, false },
        { S("ECDHE-RSA-AES128-GCM-SHA256"), PROTOCOL_TLSV1_2, true },
        { S("ECDHE-RSA-AES128-GCM-SHA256"), PROTOCOL_TLSV1_3, false },
        { S("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), PROTOCOL_TLSV1_2, true },
        { S("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), PROTOCOL_TLSV1_3, false },
        { S("AES128-SHA"), PROTOCOL_TLSV1, true },
        { S("ADH-AES128-SHA"), PROTOCOL_TLSV1_3, false },
        { { NULL, 0 }, PROTOCOL_TLSV1_3, true },
        { { NULL, 0 }, PROTOCOL_TLSV1_2, true },
        { S("AES128-SHA"), PROTOCOL_UNKNOWN, true },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        bad += row(cipher_agrees(rows[i].name, rows[i].protocol) == rows[i].agrees, "%s at %s",
                   SHOWN(rows[i].name), protocol_name(rows[i].protocol));
    }
    assert_int_equal(bad, 0);
}

static void cipher_known__nonsense__false(void **state)
{
    static const struct span rows[] = {
        S(""),
        { NULL, 0 },
        S("AES"),
        S("FOO"),
        S("TLS_AES_256_GCM_SHA384 "),
        S("ALL"),
        S("HIGH"),
        S("TLS_AES_256_GCM_SHA384\0"),
        S("TLS_AES_256_GCM_SHA38"),
        S("!aNULL"),
        S("ECDHE-"),
        S("ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA"),
        S("TLS_"),
        S("DHE"),
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        bad += row(!cipher_known(rows[i]), "'%s' is known", SHOWN(rows[i]));
    assert_int_equal(bad, 0);
}

static void cipher_equal__unknown_names__only_the_same_bytes(void **state)
{
    (void)state;
    assert_true(cipher_equal(SPAN("SOMETHING-NEW"), SPAN("SOMETHING-NEW")));
    assert_false(cipher_equal(SPAN("SOMETHING-NEW"), SPAN("SOMETHING-ELSE")));
    assert_false(cipher_equal(SPAN("TLS_AES_128_GCM_SHA256"), SPAN("TLS_AES_256_GCM_SHA384")));
    assert_false(cipher_equal(SPAN("AES128-SHA"), SPAN("AES128-SHA256")));
    assert_false(cipher_equal(SPAN("AES128-SHA"), SPAN("AES128-SHA\0")));
    assert_false(cipher_equal(SPAN("AES128-SHA"), (struct span){ NULL, 0 }));
    assert_false(cipher_equal((struct span){ NULL, 0 }, (struct span){ NULL, 0 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protocol_parse__words__table),
        cmocka_unit_test(protocol_name__each__parses_back),
        cmocka_unit_test(cipher__every_suite_of_openssl__both_names),
        cmocka_unit_test(cipher_is_null__suites_that_encrypt_nothing__told),
        cmocka_unit_test(cipher_is_anonymous__suites_without_certificates__told),
        cmocka_unit_test(cipher_forward_secrecy__old_names_and_unknown_ones__never_guessed),
        cmocka_unit_test(cipher_forward_secrecy__fixed_diffie_hellman__not_yes),
        cmocka_unit_test(cipher_agrees__suite_and_protocol__table),
        cmocka_unit_test(cipher_known__nonsense__false),
        cmocka_unit_test(cipher_equal__unknown_names__only_the_same_bytes),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
