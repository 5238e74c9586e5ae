/* SPDX-License-Identifier: ISC */
/* Tests of policy/x509/chain, facts: what certificates say, however odd they are. */
#include "tests/unit/chain_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>
#include <openssl/pem.h>

/* Made with openssl(1), which says the rest of it, too. */
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

static struct chain *read_chain(const char *pem)
{
    struct why why = { "" };
    struct chain *chain = chain_read(span_of(pem), &why);

    assert_string_equal(why.text, "");
    assert_non_null(chain);
    return chain;
}

static struct chain *made(const struct maker_recipe *recipe)
{
    X509 *root = maker_make(PLACE_ROOT, NULL, NULL);
    X509 *leaf = maker_make(PLACE_LEAF, recipe, root);
    struct chain *chain = chain_of((X509 *[]){ leaf, NULL });

    X509_free(leaf);
    X509_free(root);
    return chain;
}

static void check_span(struct span found, const char *expected)
{
    if (expected == NULL)
        assert_false(span_known(found));
    else if (!span_equal(found, span_of(expected)))
        fail_msg("found '%s' instead of '%s'", SHOWN(found), expected);
}

static void check_digest(const struct digest *digest, const char *expected)
{
    char text[DIGEST_TEXT_SIZE];

    digest_format(digest, text);
    assert_string_equal(text, expected);
}

static void facts__certificate_of_openssls__the_same_as_openssl_says(void **state)
{
    struct chain *chain = read_chain("subject=CN = mail.partner.test\n" CERTIFICATE);
    const struct chain_certificate *facts = chain_get(chain, 0);
    char *pem = chain_pem(chain, 0);

    (void)state;
    assert_int_equal(chain_count(chain), 1);
    check_span(facts->subject, "mail.partner.test");
    check_span(facts->issuer, "mail.partner.test");
    check_span(facts->subject_dn, "CN=mail.partner.test");
    check_span(facts->issuer_dn, "CN=mail.partner.test");
    check_span(facts->organization, NULL);
    check_span(facts->organizational_unit, NULL);
    assert_false(facts->has_alt_names);
    assert_int_equal(facts->alt_name_count + facts->crl_count + facts->ocsp_count, 0);
    assert_string_equal(facts->key_type, "EC");
    assert_int_equal(facts->key_bits, 256);
    assert_string_equal(facts->signature, "ecdsa-with-SHA256");
    assert_int_equal(facts->from, 1795563262);
    assert_int_equal(facts->until, 4949163262);
    check_digest(&facts->fingerprint,
                 "f025ffb3d1d634338a8b492af6186399f5aeab69383eac4cfe68186f39003d73");
    check_digest(&facts->public_key,
                 "1c3d98ca41a119317f76429cb2bd06289dabc4d83b53ad82d2e8305d50fab59b");
    assert_string_equal(pem, CERTIFICATE);
    free(pem);
    chain_free(chain);
}

/* ---- names ---------------------------------------------------------------------------------- */

static void facts__common_name__of_any_type_whole(void **state)
{
    static const struct {
        const char *what;
        struct maker_attribute first, second;
        struct span expected;
    } rows[] = {
        { "UTF-8", { NID_commonName, 0, S("m\xc3\xbcx.test") }, { 0 }, S("m\xc3\xbcx.test") },
        { "T61, taken as Latin 1",
          { NID_commonName, V_ASN1_T61STRING, S("m\xfcx.test") },
          { 0 },
          S("m\xc3\xbcx.test") },
        { "BMP", { NID_commonName, V_ASN1_BMPSTRING, S("\0m\0\xfc\0x") }, { 0 }, S("m\xc3\xbcx") },
        { "Universal",
          { NID_commonName, V_ASN1_UNIVERSALSTRING, S("\0\0\0m\0\1\xf4\xe7") },
          { 0 },
          S("m\xf0\x9f\x93\xa7") },
        { "IA5", { NID_commonName, V_ASN1_IA5STRING, S("mx.test") }, { 0 }, S("mx.test") },
        { "a NUL",
          { NID_commonName, 0, S("mx.test\0.evil.test") },
          { 0 },
          S("mx.test\0.evil.test") },
        { "control characters",
          { NID_commonName, 0, S("mx\r\n\x7f%n+0A") },
          { 0 },
          S("mx\r\n\x7f%n+0A") },
        { "two",
          { NID_commonName, 0, S("mx1.test") },
          { NID_commonName, 0, S("mx2.test") },
          S("mx1.test") },
        { "an address", { NID_commonName, 0, S("192.0.2.1") }, { 0 }, S("192.0.2.1") },
        { "empty", { NID_commonName, 0, S("") }, { 0 }, S("") },
        { "no text", { NID_commonName, V_ASN1_BIT_STRING, S("\1\2\xff") }, { 0 }, S("\1\2\xff") },
        { "none", { NID_organizationName, 0, S("Contoso") }, { 0 }, { NULL, 0 } },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        const struct maker_attribute subject[] = { rows[i].first, rows[i].second, { 0 } };
        const struct maker_recipe recipe = { .subject = subject };
        struct chain *chain = made(&recipe);
        struct span found = chain_get(chain, 0)->subject;

        bad += row(span_known(rows[i].expected) ? span_equal(found, rows[i].expected)
                                                : !span_known(found),
                   "%s: %s", rows[i].what, SHOWN(found));
        assert_true(span_known(chain_get(chain, 0)->subject_dn));
        chain_free(chain);
    }
    assert_int_equal(bad, 0);
}

static void facts__distinguished_name__rfc_2253_in_utf_8(void **state)
{
    static const struct maker_attribute subject[] = {
        { NID_countryName, V_ASN1_PRINTABLESTRING, S("DE") },
        { NID_organizationName, 0, S("M\xc3\xbcller, S\xc3\xb6hne + Co") },
        { NID_commonName, 0, S("a\0b\nc") },
        { 0 },
    };
    static const struct maker_recipe recipe = { .subject = subject };
    struct chain *chain = made(&recipe);

    (void)state;
    check_span(chain_get(chain, 0)->subject_dn,
               "CN=a\\00b\\0Ac,O=M\xc3\xbcller\\, S\xc3\xb6hne \\+ Co,C=DE");
    check_span(chain_get(chain, 0)->issuer_dn, "CN=Example Root CA,O=Example Org");
    check_span(chain_get(chain, 0)->issuer, "Example Root CA");
    chain_free(chain);
}

/* A universal string may hold numbers that are no characters. */
static void facts__name_with_what_is_no_character__written_as_bytes(void **state)
{
    X509 *leaf = maker_make(PLACE_LEAF, NULL, NULL);
    static const unsigned char name[] = { 0x30, 0x0d, 0x31, 0x0b, 0x30, 0x09, 0x06, 0x03,
                                          0x55, 0x04, 0x03, 0x03, 0x02, 0x07, 0x80 };
    const unsigned char *start = name;
    X509_NAME *subject = d2i_X509_NAME(NULL, &start, sizeof(name));
    struct chain *chain;

    (void)state;
    assert_non_null(subject);
    assert_int_equal(X509_set_subject_name(leaf, subject), 1);
    chain = chain_of((X509 *[]){ leaf, NULL });
    check_span(chain_get(chain, 0)->subject_dn, "CN=#03020780");
    chain_free(chain);
    X509_NAME_free(subject);
    X509_free(leaf);
}

static void facts__organisation__only_where_there_is_one(void **state)
{
    static const struct {
        struct maker_attribute attributes[4];
        const char *organization, *unit;
    } rows[] = {
        { { { 0 } }, NULL, NULL },
        { { { NID_organizationName, 0, S("Contoso") } }, "Contoso", NULL },
        { { { NID_organizationName, 0, S("Contoso") },
            { NID_organizationalUnitName, 0, S("Mail") } },
          "Contoso",
          "Mail" },
        { { { NID_organizationName, 0, S("Contoso") }, { NID_organizationName, 0, S("Evil") } },
          NULL,
          NULL },
        { { { NID_organizationalUnitName, 0, S("Mail") },
            { NID_organizationName, 0, S("Contoso") },
            { NID_organizationalUnitName, 0, S("Mail") } },
          "Contoso",
          NULL },
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        const struct maker_recipe recipe = { .subject = rows[i].attributes };
        struct chain *chain = made(&recipe);

        check_span(chain_get(chain, 0)->organization, rows[i].organization);
        check_span(chain_get(chain, 0)->organizational_unit, rows[i].unit);
        chain_free(chain);
    }
}

#define LONG_NAME 65536

static void facts__long_name__not_cut(void **state)
{
    char *text = malloc(LONG_NAME);
    struct maker_attribute subject[] = { { NID_commonName, 0, { text, LONG_NAME } }, { 0 } };
    const struct maker_recipe recipe = { .subject = subject };
    const struct chain_certificate *facts;
    struct chain *chain;

    (void)state;
    memset(text, 'a', LONG_NAME);
    chain = made(&recipe);
    facts = chain_get(chain, 0);
    assert_true(span_equal(facts->subject, subject[0].value));
    assert_int_equal(facts->subject_dn.length, LONG_NAME + strlen("CN="));
    chain_free(chain);
    free(text);
}

static void facts__subject_alternative_names__dns_names_as_they_are(void **state)
{
    static const struct {
        const char *extension, *value;
        bool has;
        size_t count;
        struct span first;
    } rows[] = {
        { "subjectAltName", NULL, false, 0, { NULL, 0 } },
        { "subjectAltName", "IP:192.0.2.1,email:a@b.test", true, 0, { NULL, 0 } },
        { "subjectAltName", "IP:192.0.2.1,DNS:*.B.test,DNS:c", true, 2, S("*.B.test") },
        { "2.5.29.17", "DER:30058203610062", true, 1, S("a\0b") },
        { "2.5.29.17", "DER:30028200", true, 1, S("") },
        { "2.5.29.17", "DER:0500", true, 0, { NULL, 0 } },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        const struct maker_recipe recipe = { .changes = { { "subjectAltName", NULL },
                                                          { rows[i].extension, rows[i].value } } };
        struct chain *chain = made(&recipe);
        const struct chain_certificate *facts = chain_get(chain, 0);

        bad += row(facts->has_alt_names == rows[i].has && facts->alt_name_count == rows[i].count &&
                       (rows[i].count == 0 || span_equal(facts->alt_names[0], rows[i].first)),
                   "%s: %zu names", rows[i].value != NULL ? rows[i].value : "none",
                   facts->alt_name_count);
        chain_free(chain);
    }
    assert_int_equal(bad, 0);
}

static void facts__many_names__all_of_them(void **state)
{
    char value[8000] = "";
    const struct maker_recipe recipe = { .changes = { { "subjectAltName", value } } };
    struct chain *chain;

    (void)state;
    for (int i = 0; i < 333; i++)
        (void)snprintf(value + strlen(value), sizeof(value) - strlen(value),
                       "%sDNS:mx%d.contoso.com", i > 0 ? "," : "", i);
    chain = made(&recipe);
    assert_int_equal(chain_get(chain, 0)->alt_name_count, 333);
    check_span(chain_get(chain, 0)->alt_names[332], "mx332.contoso.com");
    chain_free(chain);
}

/* ---- the rest ------------------------------------------------------------------------------- */

static void facts__addresses_for_revocation__those_that_are_named(void **state)
{
    static const struct maker_recipe recipe = {
        .changes = { { "crlDistributionPoints",
                       "URI:http://crl.example/1.crl,URI:ldap://ldap.example/cn=x" },
                     { "authorityInfoAccess",
                       "caIssuers;URI:http://ca.example/ca.cer,"
                       "OCSP;URI:http://ocsp.example/,OCSP;DNS:example" } }
    };
    struct chain *chain = made(&recipe);
    const struct chain_certificate *facts = chain_get(chain, 0);

    (void)state;
    assert_int_equal(facts->crl_count, 2);
    check_span(facts->crls[0], "http://crl.example/1.crl");
    check_span(facts->crls[1], "ldap://ldap.example/cn=x");
    assert_int_equal(facts->ocsp_count, 1);
    check_span(facts->ocsp[0], "http://ocsp.example/");
    chain_free(chain);
}

static void facts__keys__kind_and_bits(void **state)
{
    static const struct {
        enum maker_key key;
        const char *type;
        int bits;
    } rows[] = {
        { KEY_RSA_2048, "RSA", 2048 }, { KEY_RSA_1024, "RSA", 1024 },
        { KEY_LEAF, "EC", 256 },       { KEY_P384, "EC", 384 },
        { KEY_DSA, "DSA", 2048 },      { KEY_PSS_2048, "RSA-PSS", 2048 },
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        const struct maker_recipe recipe = { .key = rows[i].key };
        struct chain *chain = made(&recipe);

        assert_string_equal(chain_get(chain, 0)->key_type, rows[i].type);
        assert_int_equal(chain_get(chain, 0)->key_bits, rows[i].bits);
        chain_free(chain);
    }
}

static void facts__ed25519__its_signature_too(void **state)
{
    static const struct maker_recipe recipe = { .key = KEY_ED25519 };
    X509 *root = maker_make(PLACE_ROOT, &recipe, NULL);
    struct chain *chain = chain_of((X509 *[]){ root, NULL });

    (void)state;
    assert_string_equal(chain_get(chain, 0)->key_type, "Ed25519");
    assert_string_equal(chain_get(chain, 0)->signature, "ED25519");
    chain_free(chain);
    X509_free(root);
}

/* ---- reading -------------------------------------------------------------------------------- */

static void read__what_is_no_chain__error(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        { "", "no certificate in PEM form" },
        { "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
          "no certificate in PEM form" },
        { CERTIFICATE "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
          "a CERTIFICATE block holds no certificate" },
        { CERTIFICATE "-----BEGIN CERTIFICATE-----\nMIIB\n", "a PEM block is damaged" },
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct why why = { "" };

        assert_null(chain_read(span_of(rows[i].text), &why));
        assert_string_equal(why.text, rows[i].why);
    }
    assert_null(chain_read((struct span){ NULL, 0 }, NULL));
}

static void read__more_than_the_bound__error(void **state)
{
    size_t size = ((size_t)1 << 20) + 1;
    char *text = malloc(size);
    struct why why = { "" };

    (void)state;
    memset(text, '\n', size);
    memcpy(text, CERTIFICATE, strlen(CERTIFICATE));
    assert_null(chain_read((struct span){ text, size }, &why));
    assert_string_equal(why.text, "more than 1048576 bytes");
    free(text);
}

static void read__more_certificates_than_are_looked_at__the_first(void **state)
{
    char text[(CHAIN_MOST + 2) * sizeof(CERTIFICATE)] = "";
    struct chain *chain;

    (void)state;
    for (size_t i = 0; i < CHAIN_MOST + 2; i++)
        strcat(text, CERTIFICATE);
    chain = read_chain(text);
    assert_int_equal(chain_count(chain), CHAIN_MOST);
    chain_free(chain);
}

static void new__nothing__an_empty_chain(void **state)
{
    struct chain *chain = chain_new(NULL);

    (void)state;
    assert_int_equal(chain_count(chain), 0);
    chain_free(chain);
    chain_free(NULL);
}

/* Bytes of a good one changed anywhere: it is not read, or it is not trusted. */
static void any_damage__no_crash_and_no_trust(void **state)
{
    static const struct maker_recipe recipe = {
        .changes = { { "subjectAltName", "DNS:mx1.contoso.com,IP:192.0.2.1,DNS:*.contoso.com" },
                     { "crlDistributionPoints", "URI:http://crl.example/1.crl" },
                     { "authorityInfoAccess", "OCSP;URI:http://ocsp.example/" } }
    };
    X509 *root = maker_make(PLACE_ROOT, NULL, NULL);
    X509 *leaf = maker_make(PLACE_LEAF, &recipe, root);
    unsigned char *good = NULL;
    int length = i2d_X509(leaf, &good);
    unsigned seed = 4711, read = 0;
    struct chain_verdict verdict;

    (void)state;
    chain_verdict_of((X509 *[]){ leaf, NULL }, (X509 *[]){ root, NULL }, NULL, NOW, &verdict);
    assert_true(verdict.trusted);
    for (int round = 0; round < 2000; round++) {
        unsigned char *bad = malloc((size_t)length);
        const unsigned char *start = bad;
        X509 *damaged;

        memcpy(bad, good, (size_t)length);
        for (int change = round % 3; change >= 0; change--) {
            seed = seed * 1103515245 + 12345;
            bad[(seed >> 8) % (unsigned)length] ^= (unsigned char)(1 + seed % 255);
        }
        damaged = d2i_X509(NULL, &start, length);
        if (damaged != NULL) {
            chain_verdict_of((X509 *[]){ damaged, NULL }, (X509 *[]){ root, NULL },
                             "mx1.contoso.com", NOW, &verdict);
            assert_false(verdict.trusted);
            read++;
        }
        X509_free(damaged);
        free(bad);
    }
    assert_true(read >= 500 && read <= 1999);
    OPENSSL_free(good);
    X509_free(leaf);
    X509_free(root);
}

static int teardown(void **state)
{
    maker_free_keys();
    return conf_folder_remove(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts__certificate_of_openssls__the_same_as_openssl_says),
        cmocka_unit_test(facts__common_name__of_any_type_whole),
        cmocka_unit_test(facts__distinguished_name__rfc_2253_in_utf_8),
        cmocka_unit_test(facts__name_with_what_is_no_character__written_as_bytes),
        cmocka_unit_test(facts__organisation__only_where_there_is_one),
        cmocka_unit_test(facts__long_name__not_cut),
        cmocka_unit_test(facts__subject_alternative_names__dns_names_as_they_are),
        cmocka_unit_test(facts__many_names__all_of_them),
        cmocka_unit_test(facts__addresses_for_revocation__those_that_are_named),
        cmocka_unit_test(facts__keys__kind_and_bits),
        cmocka_unit_test(facts__ed25519__its_signature_too),
        cmocka_unit_test(read__what_is_no_chain__error),
        cmocka_unit_test(read__more_than_the_bound__error),
        cmocka_unit_test(read__more_certificates_than_are_looked_at__the_first),
        cmocka_unit_test(new__nothing__an_empty_chain),
        cmocka_unit_test(any_damage__no_crash_and_no_trust),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, conf_folder_make, teardown);
}
