/* SPDX-License-Identifier: ISC */
/* Tests of policy/x509/chain, verification: which way to which anchor, and trust stores. */
#include "tests/unit/chain_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/objects.h>

/* ---- which anchor --------------------------------------------------------------------------- */

/* A small world: two roots, a CA below each of them with one name and one key (cross-signed), and
 * the server's certificate below that CA. */
static X509 *root, *other_root, *ca, *other_ca, *leaf;

static int make_world(void **state)
{
    static const struct maker_recipe other = { .common_name = "Other Root CA", .key = KEY_OTHER };

    if (conf_folder_make(state) != 0)
        return -1;
    root = maker_make(PLACE_ROOT, NULL, NULL);
    other_root = maker_make(PLACE_ROOT, &other, NULL);
    ca = maker_make(PLACE_CA, NULL, root);
    other_ca = maker_make(PLACE_CA, NULL, other_root);
    leaf = maker_make(PLACE_LEAF, NULL, ca);
    return 0;
}

static int free_world(void **state)
{
    X509_free(root);
    X509_free(other_root);
    X509_free(ca);
    X509_free(other_ca);
    X509_free(leaf);
    maker_free_keys();
    return conf_folder_remove(state);
}

#define SENT(...) ((X509 *[]){ __VA_ARGS__, NULL })

static void verify__root_that_was_sent__is_no_anchor(void **state)
{
    (void)state;
    chain_check(SENT(leaf, ca, root), SENT(other_root), "2:untrusted-root");
    chain_check(SENT(leaf, ca), SENT(other_root), "1:unknown-issuer");
    chain_check(SENT(leaf), SENT(root), "0:unknown-issuer");
    chain_check(SENT(leaf, ca, root), SENT(root), "");
}

static void verify__order_and_company__do_not_matter(void **state)
{
    (void)state;
    chain_check(SENT(leaf, other_root, root, ca, ca), SENT(root), "");
    chain_check(SENT(leaf, ca), SENT(other_root, root, root), "");
}

static void verify__cross_signed__the_anchor_of_the_store_decides(void **state)
{
    struct chain_verdict verdict;
    struct digest digest;

    (void)state;
    chain_verdict_of(SENT(leaf, ca, other_ca), SENT(root), NULL, NOW, &verdict);
    assert_true(verdict.trusted && verdict.has_anchor_name);
    assert_string_equal(verdict.anchor, "Example Root CA");
    chain_verdict_of(SENT(leaf, other_ca, other_root), SENT(other_root), NULL, NOW, &verdict);
    assert_true(verdict.trusted && verdict.has_anchor_name);
    assert_string_equal(verdict.anchor, "Other Root CA");
    assert_int_equal(X509_digest(other_root, EVP_sha256(), digest.bytes, NULL), 1);
    assert_true(digest_equal(&digest, &verdict.anchor_fingerprint));
}

/* An impostor's root has the name of a good one, and another key. */
static void verify__two_roots_of_one_name__told_apart_by_their_keys(void **state)
{
    static const struct maker_recipe recipe = { .key = KEY_P384 };
    X509 *impostor = maker_make(PLACE_ROOT, &recipe, NULL);
    X509 *his_ca = maker_make(PLACE_CA, NULL, impostor);
    X509 *his_leaf = maker_make(PLACE_LEAF, NULL, his_ca);
    struct chain_verdict verdict;
    struct digest digest;

    (void)state;
    chain_check(SENT(his_leaf, his_ca), SENT(root), "1:unknown-issuer");
    chain_check(SENT(his_leaf, his_ca, impostor), SENT(root), "2:untrusted-root");
    chain_verdict_of(SENT(his_leaf, his_ca), SENT(root, impostor), NULL, NOW, &verdict);
    assert_true(verdict.trusted);
    assert_int_equal(X509_digest(impostor, EVP_sha256(), digest.bytes, NULL), 1);
    assert_true(digest_equal(&digest, &verdict.anchor_fingerprint));
    chain_check(SENT(leaf, ca), SENT(impostor, root), "");
    X509_free(impostor);
    X509_free(his_ca);
    X509_free(his_leaf);
}

static void verify__ca_in_the_store__is_an_anchor(void **state)
{
    struct chain_verdict verdict;

    (void)state;
    chain_verdict_of(SENT(leaf), SENT(ca), NULL, NOW, &verdict);
    assert_true(verdict.trusted);
    assert_string_equal(verdict.anchor, "Example Issuing CA");
    chain_verdict_of(SENT(leaf), SENT(ca, root), NULL, NOW, &verdict);
    assert_true(verdict.trusted);
    assert_string_equal(verdict.anchor, "Example Root CA");
}

static void verify__servers_certificate_in_the_store__only_where_self_signed(void **state)
{
    static const struct maker_recipe as_exchange = {
        SET("authorityKeyIdentifier", NULL), .changes[1] = { "subjectKeyIdentifier", "hash" }
    };
    static const struct maker_recipe as_openssl = {
        SET("basicConstraints", "critical,CA:TRUE"),
        .changes[1] = { "authorityKeyIdentifier", NULL },
        .changes[2] = { "subjectKeyIdentifier", "hash" },
        .changes[3] = { "authorityKeyIdentifier", "keyid:always" }
    };
    X509 *self_signed = maker_make(PLACE_LEAF, &as_exchange, NULL);
    X509 *self_signed_ca = maker_make(PLACE_LEAF, &as_openssl, NULL);

    (void)state;
    chain_check(SENT(self_signed), SENT(root), "0:self-signed");
    chain_check(SENT(self_signed), SENT(self_signed, root), "");
    chain_check(SENT(self_signed_ca), SENT(self_signed_ca), "0:invalid-ca");
    chain_check(SENT(leaf, ca), SENT(leaf), "0:unknown-issuer");
    chain_check(SENT(leaf, ca), SENT(leaf, root), "");
    X509_free(self_signed);
    X509_free(self_signed_ca);
}

/* A CA that changed its key certifies the new one under its own name. */
static void verify__self_issued__one_more_certificate_of_the_way(void **state)
{
    static const struct maker_recipe rows[] = {
        { .common_name = "Example Root CA" },
        { .common_name = "Example Root CA", .serial = "0" },
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        X509 *new_key = maker_make(PLACE_CA, &rows[i], root);
        X509 *server = maker_make(PLACE_LEAF, NULL, new_key);

        chain_check(SENT(server, new_key), SENT(root), i == 0 ? "" : "1:malformed");
        X509_free(new_key);
        X509_free(server);
    }
}

static void verify__one_of_two_issuers_expired__the_other_is_taken(void **state)
{
    static const struct maker_recipe over = { .from = -YEAR, .until = -DAY };
    X509 *old_ca = maker_make(PLACE_CA, &over, root);

    (void)state;
    chain_check(SENT(leaf, old_ca, ca), SENT(root), "");
    chain_check(SENT(leaf, old_ca), SENT(root), "1:certificate-expired");
    X509_free(old_ca);
}

static void verify__more_faults_than_room__the_first_and_not_trusted(void **state)
{
    static const struct maker_recipe bad_leaf = {
        .key = KEY_P224,
        .from = -YEAR,
        .until = -DAY,
        .serial = "0",
        .generalized = true,
        .common_name = "evil.example",
        .changes = { { "extendedKeyUsage", NULL },
                     { "nameConstraints", "permitted;DNS:a" },
                     { "basicConstraints", "CA:TRUE" },
                     { "authorityKeyIdentifier", NULL },
                     { "+1.2.3.4", "critical,DER:0500" },
                     { "policyConstraints", "requireExplicitPolicy:0" } },
    };
    X509 *bad = maker_make(PLACE_LEAF, &bad_leaf, ca);
    struct chain_verdict verdict;

    (void)state;
    chain_verdict_of(SENT(bad), SENT(root), "mx1.contoso.com", NOW, &verdict);
    assert_false(verdict.trusted);
    assert_int_equal(verdict.error_count, CHAIN_ERRORS_MOST);
    X509_free(bad);
}

static void verify__no_certificate__says_so(void **state)
{
    struct chain_verdict verdict;

    (void)state;
    chain_verdict_of((X509 *[]){ NULL }, SENT(root), "mx1.contoso.com", NOW, &verdict);
    assert_false(verdict.trusted || verdict.names_ok || verdict.has_anchor_name);
    assert_int_equal(verdict.error_count, 1);
    assert_int_equal(verdict.errors[0].error, CHAIN_NO_CERTIFICATE);
}

static void verify__empty_trust_store__nothing_is_trusted(void **state)
{
    (void)state;
    chain_check(SENT(leaf, ca, root), (X509 *[]){ NULL }, "2:untrusted-root");
}

static void verify__weak_and_of_nobody__both_told(void **state)
{
    static const struct maker_recipe recipe = { .digest = EVP_sha1 };
    X509 *weak = maker_make(PLACE_LEAF, &recipe, ca);

    (void)state;
    chain_check(SENT(weak), SENT(root), "0:unknown-issuer 0:weak-signature");
    X509_free(weak);
}

static void add_extension(X509 *certificate, int number)
{
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OBJECT *object;
    X509_EXTENSION *extension;
    char name[32];

    (void)snprintf(name, sizeof(name), "1.2.3.%d", number);
    object = OBJ_txt2obj(name, 1);
    extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, value);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OBJECT_free(object);
    ASN1_OCTET_STRING_free(value);
}

static void verify__more_extensions_than_are_looked_at__malformed(void **state)
{
    X509 *many = maker_make(PLACE_LEAF, NULL, ca);

    (void)state;
    while (X509_get_ext_count(many) < 64)
        add_extension(many, X509_get_ext_count(many));
    assert_true(X509_sign(many, maker_key(KEY_CA), EVP_sha256()) > 0);
    chain_check(SENT(many, ca), SENT(root), "");
    add_extension(many, 64);
    assert_true(X509_sign(many, maker_key(KEY_CA), EVP_sha256()) > 0);
    chain_check(SENT(many, ca), SENT(root), "0:malformed");
    X509_free(many);
}

/* Names that cannot be given whole are not given; the fingerprint is. */
static void verify__odd_name_of_the_anchor__not_told(void **state)
{
    static char text[256];
    static const struct maker_attribute with_nul[] = { { NID_commonName, 0, S("Example\0Root") },
                                                       { 0 } };
    const struct maker_attribute long_name[] = { { NID_commonName, 0, { text, 256 } }, { 0 } };
    const struct maker_attribute just_fits[] = { { NID_commonName, 0, { text, 255 } }, { 0 } };
    const struct maker_attribute none[] = { { NID_organizationName, 0, S("Example") }, { 0 } };
    const struct {
        const struct maker_attribute *subject;
        bool told;
    } rows[] = { { with_nul, false }, { long_name, false }, { just_fits, true }, { none, false } };

    (void)state;
    memset(text, 'r', sizeof(text));
    for (size_t i = 0; i < ROWS(rows); i++) {
        const struct maker_recipe recipe = { .subject = rows[i].subject };
        X509 *odd_root = maker_make(PLACE_ROOT, &recipe, NULL);
        X509 *server = maker_make(PLACE_LEAF, NULL, odd_root);
        struct chain_verdict verdict;
        struct digest digest;

        chain_verdict_of(SENT(server), SENT(odd_root), NULL, NOW, &verdict);
        assert_true(verdict.trusted);
        assert_int_equal(verdict.has_anchor_name, rows[i].told);
        assert_int_equal(strlen(verdict.anchor), rows[i].told ? 255 : 0);
        assert_int_equal(X509_digest(odd_root, EVP_sha256(), digest.bytes, NULL), 1);
        assert_true(digest_equal(&digest, &verdict.anchor_fingerprint));
        X509_free(odd_root);
        X509_free(server);
    }
}

static void verify__no_host__no_name_and_no_error(void **state)
{
    struct chain_verdict verdict;

    (void)state;
    chain_verdict_of(SENT(leaf, ca), SENT(root), NULL, NOW, &verdict);
    assert_true(verdict.trusted);
    assert_false(verdict.names_ok);
    assert_int_equal(verdict.error_count, 0);
}

/* A chain of as many certificates as there may be, and one of more. */
static void verify__long_chains__to_the_bound(void **state)
{
    X509 *sent[CHAIN_MOST + 3] = { NULL }, *issuer = root;
    struct chain_verdict verdict;

    (void)state;
    for (size_t i = CHAIN_MOST + 1; i > 0; i--) {
        char name[32];
        struct maker_recipe recipe = { .common_name = name };

        (void)snprintf(name, sizeof(name), "CA %zu", i);
        sent[i] = maker_make(PLACE_CA, &recipe, issuer);
        issuer = sent[i];
    }
    sent[0] = maker_make(PLACE_LEAF, NULL, sent[1]);
    chain_verdict_of(sent, SENT(sent[CHAIN_MOST], root), NULL, NOW, &verdict);
    assert_true(verdict.trusted);
    chain_verdict_of(sent, SENT(root), NULL, NOW, &verdict);
    assert_false(verdict.trusted);
    assert_int_equal(verdict.error_count, 2);
    assert_int_equal(verdict.errors[0].error, CHAIN_UNKNOWN_ISSUER);
    assert_int_equal(verdict.errors[1].error, CHAIN_TOO_LONG);
    for (size_t i = 0; i < CHAIN_MOST + 2; i++)
        X509_free(sent[i]);
}

/* ---- trust stores --------------------------------------------------------------------------- */

static void anchors__what_is_no_store__error(void **state)
{
    struct why why = { "" };

    (void)state;
    assert_null(trust_anchors_load("missing.pem", &why));
    assert_string_equal(why.text, "cannot open the file: No such file or directory");
    conf_write("empty.pem", span_of("nothing here\n"));
    assert_null(trust_anchors_load("empty.pem", &why));
    assert_string_equal(why.text, "no certificate in PEM form");
    conf_write("bad.pem",
               span_of("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
    assert_null(trust_anchors_load("bad.pem", &why));
    assert_string_equal(why.text, "a CERTIFICATE block holds no certificate");
    trust_anchors_free(NULL);
}

/* A folder without hashed names, and the environment's. */
static void anchors__folder_and_default__each_certificate(void **state)
{
    struct trust_anchors *anchors;
    struct chain_verdict verdict;
    struct chain *chain = chain_of(SENT(leaf, ca));
    struct why why;

    (void)state;
    assert_int_equal(mkdir("roots.d", 0700), 0);
    chain_write_pem("roots.d/one.pem", SENT(root));
    conf_write("roots.d/README", span_of("the roots\n"));
    anchors = trust_anchors_load("roots.d", &why);
    assert_non_null(anchors);
    chain_verify(chain, anchors, NULL, NOW, &verdict);
    assert_true(verdict.trusted);
    trust_anchors_free(anchors);

    chain_write_pem("default.pem", SENT(other_root));
    assert_int_equal(setenv("SSL_CERT_FILE", "default.pem", 1), 0);
    assert_int_equal(setenv("SSL_CERT_DIR", "missing.d:roots.d", 1), 0);
    anchors = trust_anchors_load("", &why);
    assert_non_null(anchors);
    chain_verify(chain, anchors, NULL, NOW, &verdict);
    assert_true(verdict.trusted);
    trust_anchors_free(anchors);
    (void)unsetenv("SSL_CERT_FILE");
    (void)unsetenv("SSL_CERT_DIR");
    assert_int_equal(unlink("roots.d/one.pem"), 0);
    assert_int_equal(unlink("roots.d/README"), 0);
    assert_int_equal(rmdir("roots.d"), 0);
    chain_free(chain);
}

/* As for OpenSSL: nothing of a file counts that is damaged somewhere. */
static void anchors__damaged_file_in_a_folder__passed_over(void **state)
{
    static const char damage[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    struct trust_anchors *anchors;
    struct chain_verdict verdict;
    struct chain *chain = chain_of(SENT(leaf, ca));
    struct why why;
    FILE *file;

    (void)state;
    assert_int_equal(mkdir("half.d", 0700), 0);
    for (int damaged = 0; damaged < 2; damaged++) {
        chain_write_pem("half.d/root.pem", SENT(root));
        file = fopen("half.d/root.pem", "a");
        assert_non_null(file);
        assert_true(fputs(damaged ? damage : "\n", file) >= 0);
        assert_int_equal(fclose(file), 0);
        anchors = trust_anchors_load("half.d", &why);
        assert_non_null(anchors);
        chain_verify(chain, anchors, NULL, NOW, &verdict);
        assert_int_equal(verdict.trusted, !damaged);
        trust_anchors_free(anchors);
    }
    assert_int_equal(unlink("half.d/root.pem"), 0);
    assert_int_equal(rmdir("half.d"), 0);
    chain_free(chain);
}

static void error_word__each__has_one_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < CHAIN_ERRORS; i++) {
        assert_non_null(chain_error_word((enum chain_error)i));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(chain_error_word((enum chain_error)i),
                                    chain_error_word((enum chain_error)j));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify__root_that_was_sent__is_no_anchor),
        cmocka_unit_test(verify__order_and_company__do_not_matter),
        cmocka_unit_test(verify__cross_signed__the_anchor_of_the_store_decides),
        cmocka_unit_test(verify__two_roots_of_one_name__told_apart_by_their_keys),
        cmocka_unit_test(verify__ca_in_the_store__is_an_anchor),
        cmocka_unit_test(verify__servers_certificate_in_the_store__only_where_self_signed),
        cmocka_unit_test(verify__self_issued__one_more_certificate_of_the_way),
        cmocka_unit_test(verify__weak_and_of_nobody__both_told),
        cmocka_unit_test(verify__more_extensions_than_are_looked_at__malformed),
        cmocka_unit_test(verify__odd_name_of_the_anchor__not_told),
        cmocka_unit_test(verify__one_of_two_issuers_expired__the_other_is_taken),
        cmocka_unit_test(verify__more_faults_than_room__the_first_and_not_trusted),
        cmocka_unit_test(verify__no_certificate__says_so),
        cmocka_unit_test(verify__empty_trust_store__nothing_is_trusted),
        cmocka_unit_test(verify__no_host__no_name_and_no_error),
        cmocka_unit_test(verify__long_chains__to_the_bound),
        cmocka_unit_test(anchors__what_is_no_store__error),
        cmocka_unit_test(anchors__folder_and_default__each_certificate),
        cmocka_unit_test(anchors__damaged_file_in_a_folder__passed_over),
        cmocka_unit_test(error_word__each__has_one_of_its_own),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_world, free_world);
}
