/* SPDX-License-Identifier: ISC */
/* Tests of policy/x509/chain, verification: what makes a server's chain a bad one, and what does
 * not: each rule with its neighbours, good and bad. */
#include "tests/unit/chain_case.h"

#include <openssl/evp.h>
#include <openssl/objects.h>

static void check_table(const struct chain_row *rows, size_t count)
{
    unsigned bad = 0;

    for (size_t i = 0; i < count; i++)
        bad += chain_row_check(&rows[i]);
    assert_int_equal(bad, 0);
}
#define CHECK_TABLE(rows) check_table(rows, ROWS(rows))

static void verify__purpose__serverauth_and_not_any(void **state)
{
    static const struct chain_row rows[] = {
        { "as public CAs issue it", .expected = "" },
        { "servers only", .leaf = { SET("extendedKeyUsage", "serverAuth") }, .expected = "" },
        { "no extended key usage", .leaf = { SET("extendedKeyUsage", NULL) },
          .expected = "0:wrong-purpose" },
        { "clients only", .leaf = { SET("extendedKeyUsage", "clientAuth") },
          .expected = "0:wrong-purpose" },
        { "any purpose", .leaf = { SET("extendedKeyUsage", "anyExtendedKeyUsage") },
          .expected = "0:wrong-purpose" },
        { "servers and any purpose",
          .leaf = { SET("extendedKeyUsage", "serverAuth,anyExtendedKeyUsage") },
          .expected = "0:wrong-purpose" },
        { "critical", .leaf = { SET("extendedKeyUsage", "critical,serverAuth") },
          .expected = "0:wrong-purpose" },
        { "an empty list",
          .leaf = { SET("2.5.29.37", "DER:3000"), .changes[1] = { "extendedKeyUsage", NULL } },
          .expected = "0:malformed 0:wrong-purpose" },
        { "a key that must not sign", .leaf = { SET("keyUsage", "critical,cRLSign") },
          .expected = "0:wrong-purpose" },
        { "a key that encrypts", .leaf = { SET("keyUsage", "critical,keyEncipherment") },
          .expected = "" },
        { "no key usage", .leaf = { SET("keyUsage", NULL) }, .expected = "" },
        { "a CA for clients' certificates", .ca = { SET("extendedKeyUsage", "clientAuth") },
          .expected = "1:wrong-purpose" },
        { "a CA for servers' certificates", .ca = { SET("extendedKeyUsage", "serverAuth") },
          .expected = "" },
        { "a root for servers' certificates", .root = { SET("extendedKeyUsage", "serverAuth") },
          .expected = "" },
        { "a root for mail", .root = { SET("extendedKeyUsage", "emailProtection") },
          .expected = "2:wrong-purpose" },
    };

    (void)state;
    CHECK_TABLE(rows);
}

static void verify__keys__112_bits_and_more(void **state)
{
    static const struct chain_row rows[] = {
        { "RSA, 2048 bits", .leaf = { .key = KEY_RSA_2048 }, .expected = "" },
        { "RSA, 1024 bits", .leaf = { .key = KEY_RSA_1024 }, .expected = "0:weak-key" },
        { "RSA, 2040 bits", .leaf = { .key = KEY_RSA_2040 }, .expected = "0:weak-key" },
        { "RSA, the exponent 1", .leaf = { .key = KEY_EXPONENT_1 }, .expected = "0:weak-key" },
        { "RSA, an even exponent", .leaf = { .key = KEY_EXPONENT_EVEN }, .expected = "0:weak-key" },
        { "RSA, 1024 bits, the CA", .ca = { .key = KEY_RSA_1024 }, .expected = "1:weak-key" },
        { "RSA, 1024 bits, the root", .root = { .key = KEY_RSA_1024 }, .expected = "2:weak-key" },
        { "RSA, 2052 bits", .leaf = { .key = KEY_RSA_2052 }, .expected = "0:weak-key" },
        { "RSA-PSS, 2048 bits", .ca = { .key = KEY_PSS_2048 }, .expected = "" },
        { "P-384", .leaf = { .key = KEY_P384 }, .expected = "" },
        { "P-224", .leaf = { .key = KEY_P224 }, .expected = "0:weak-key" },
        { "P-224, the CA", .ca = { .key = KEY_P224 }, .expected = "1:weak-key" },
        { "a curve written out", .leaf = { .key = KEY_EXPLICIT }, .expected = "0:weak-key" },
        { "Ed25519", .leaf = { .key = KEY_ED25519 }, .ca = { .key = KEY_ED25519 }, .expected = "" },
        { "DSA", .leaf = { .key = KEY_DSA }, .expected = "0:weak-key" },
    };

    (void)state;
    CHECK_TABLE(rows);
}

static void verify__signatures__no_md5_and_no_sha1_but_the_roots_own(void **state)
{
    static const struct chain_row rows[] = {
        { "SHA-384", .leaf = { .digest = EVP_sha384 }, .expected = "" },
        { "SHA-224", .leaf = { .digest = EVP_sha224 }, .expected = "" },
        { "SHA-1, the server's", .leaf = { .digest = EVP_sha1 }, .expected = "0:weak-signature" },
        { "SHA-1, the CA's", .ca = { .digest = EVP_sha1 }, .expected = "1:weak-signature" },
        { "SHA-1, the root's own", .root = { .digest = EVP_sha1 }, .expected = "" },
        { "MD5, the server's", .leaf = { .digest = EVP_md5 }, .ca = { .key = KEY_RSA_2048 },
          .expected = "0:weak-signature" },
        { "somebody else's", .leaf = { .signed_by = KEY_OTHER }, .expected = "0:unknown-issuer" },
        { "somebody else's, the CA's", .ca = { .signed_by = KEY_OTHER },
          .expected = "1:unknown-issuer" },
        { "another algorithm outside than inside", .leaf = { .outer_algorithm = true },
          .expected = "0:malformed 0:unknown-issuer" },
    };

    (void)state;
    CHECK_TABLE(rows);
}

static void verify__dates__of_each_certificate_both_ends_included(void **state)
{
    static const struct chain_row rows[] = {
        { "over since a second", .leaf = { .from = -YEAR, .until = -1 },
          .expected = "0:certificate-expired" },
        { "over in this second", .leaf = { .from = -YEAR, .until = 0 }, .expected = "" },
        { "begins in this second", .leaf = { .from = 0, .until = YEAR }, .expected = "" },
        { "begins in a second", .leaf = { .from = 1, .until = YEAR },
          .expected = "0:certificate-not-yet-valid" },
        { "the CA is over", .ca = { .from = -YEAR, .until = -DAY },
          .expected = "1:certificate-expired" },
        { "the root is over", .root = { .from = -YEAR, .until = -DAY },
          .expected = "2:certificate-expired" },
        { "over before it began", .leaf = { .from = YEAR, .until = -YEAR },
          .expected = "0:certificate-not-yet-valid 0:certificate-expired" },
        { "for longer than the calendar of UTCTime", .leaf = { .from = -YEAR, .until = 100 * YEAR },
          .expected = "" },
        { "GeneralizedTime before 2050",
          .leaf = { .from = -YEAR, .until = YEAR, .generalized = true },
          .expected = "0:malformed" },
        { "GeneralizedTime before 2050, the root",
          .root = { .from = -YEAR, .until = YEAR, .generalized = true }, .expected = "" },
    };

    (void)state;
    CHECK_TABLE(rows);
}

static void verify__form__rfc_5280(void **state)
{
    static const struct chain_row rows[] = {
        { "20 octets of serial number",
          .leaf = { .serial = "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF" }, .expected = "" },
        { "20 octets and one for the sign",
          .leaf = { .serial = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF" },
          .expected = "0:malformed" },
        { "serial number 0", .leaf = { .serial = "0" }, .expected = "0:malformed" },
        { "serial number 0, the CA", .ca = { .serial = "0" }, .expected = "1:malformed" },
        { "serial number 0, the root", .root = { .serial = "0" }, .expected = "" },
        { "negative serial number", .leaf = { .serial = "-17" }, .expected = "0:malformed" },
        { "version 1, and so no extensions",
          .leaf = { .version = 1,
                    .changes = { { "authorityKeyIdentifier", NULL },
                                 { "basicConstraints", NULL },
                                 { "keyUsage", NULL },
                                 { "extendedKeyUsage", NULL },
                                 { "subjectAltName", NULL } } },
          .expected = "0:malformed 0:wrong-purpose 0:name-mismatch",
          .text = "not an X.509 certificate of version 3" },
        { "no authority key identifier", .leaf = { SET("authorityKeyIdentifier", NULL) },
          .expected = "0:malformed" },
        { "no authority key identifier, the CA", .ca = { SET("authorityKeyIdentifier", NULL) },
          .expected = "1:malformed" },
        { "a root that names its own key",
          .root = { SET("authorityKeyIdentifier", "keyid:always") }, .expected = "" },
        { "a root that names itself, with its serial number",
          .root = { SET("authorityKeyIdentifier", "keyid:always,issuer:always") }, .expected = "" },
        { "a root that names another serial number",
          .root = { .serial = "23",
                    SET("subjectKeyIdentifier", "3333333333333333333333333333333333333333"),
                    .changes
                        [1] = { "2.5.29.35",
                                "DER:301980143333333333333333333333333333333333333333820124" } },
          .expected = "2:malformed" },
        { "a root that names another issuer",
          .root = { SET("subjectKeyIdentifier", "3333333333333333333333333333333333333333"),
                    .changes[1] = { "2.5.29.35",
                                    "DER:30288014333333333333333333333333333333333333333"
                                    "3A110A40E300C310A300806035504030C0178" } },
          .expected = "2:malformed" },
        { "a root that names another key",
          .root = { SET("2.5.29.35", "DER:301680143333333333333333333333333333333333333333") },
          .expected = "2:malformed" },
        { "an extension twice", .leaf = { SET("+subjectAltName", "DNS:mx2.contoso.com") },
          .expected = "0:malformed 0:unknown-issuer 0:wrong-purpose 0:name-mismatch" },
        { "an extension that nobody knows, twice",
          .leaf = { .changes = { { "+1.2.3.4", "DER:0500" }, { "+1.2.3.4", "DER:0500" } } },
          .expected = "0:malformed" },
        { "an extension that nobody knows, twice, the CA",
          .ca = { .changes = { { "+1.2.3.4", "DER:0500" }, { "+1.2.3.4", "DER:0500" } } },
          .expected = "1:malformed" },
        { "an extension that nobody knows", .leaf = { SET("1.2.3.4", "DER:FF") }, .expected = "" },
        { "one that is critical", .leaf = { SET("1.2.3.4", "critical,DER:0500") },
          .expected = "0:critical-extension" },
        { "one that is critical, the CA", .ca = { SET("1.2.3.4", "critical,DER:0500") },
          .expected = "1:critical-extension" },
        { "one that is critical, the root", .root = { SET("1.2.3.4", "critical,DER:0500") },
          .expected = "2:critical-extension" },
        { "an authority information access that is none",
          .leaf = { SET("1.3.6.1.5.5.7.1.1", "DER:6D616C666F726D6564") },
          .expected = "0:malformed" },
        { "an empty one", .leaf = { SET("1.3.6.1.5.5.7.1.1", "DER:3000") },
          .expected = "0:malformed" },
        { "bytes behind the value of one",
          .leaf = { SET("keyUsage", NULL), .changes[1] = { "2.5.29.15", "DER:030207800500" } },
          .expected = "0:malformed" },
        { "policy constraints",
          .ca = { SET("policyConstraints", "critical,inhibitPolicyMapping:0") }, .expected = "" },
        { "policy constraints that are not critical",
          .ca = { SET("policyConstraints", "inhibitPolicyMapping:0") }, .expected = "1:malformed" },
        { "a policy is demanded and there is none",
          .ca = { SET("policyConstraints", "critical,requireExplicitPolicy:0") },
          .expected = "0:other" },
        { "a policy is demanded and there is one",
          .ca = { .changes = { { "policyConstraints", "critical,requireExplicitPolicy:0" },
                               { "2.5.29.32", "DER:3007300506032A0304" } } },
          .leaf = { SET("2.5.29.32", "DER:3007300506032A0304") }, .expected = "" },
    };

    (void)state;
    CHECK_TABLE(rows);
}

static void verify__authorities__ca_and_nobody_else(void **state)
{
    static const struct chain_row rows[] = {
        { "the CA is none", .ca = { SET("basicConstraints", "critical,CA:FALSE") },
          .expected = "1:invalid-ca 1:wrong-purpose" },
        { "the CA does not say that it is one", .ca = { SET("basicConstraints", NULL) },
          .expected = "1:invalid-ca" },
        { "the CA does not say so critically", .ca = { SET("basicConstraints", "CA:TRUE") },
          .expected = "1:invalid-ca" },
        { "the root does not say so critically", .root = { SET("basicConstraints", "CA:TRUE") },
          .expected = "" },
        { "the root does not say that it is one", .root = { SET("basicConstraints", NULL) },
          .expected = "2:invalid-ca" },
        { "the CA may not sign", .ca = { SET("keyUsage", "critical,cRLSign") },
          .expected = "1:invalid-ca 1:wrong-purpose" },
        { "the CA has no key usage", .ca = { SET("keyUsage", NULL) }, .expected = "1:invalid-ca" },
        { "the root has no key usage", .root = { SET("keyUsage", NULL) }, .expected = "" },
        { "the server is a CA",
          .leaf = { SET("basicConstraints", "critical,CA:TRUE"),
                    .changes[1] = { "subjectKeyIdentifier", "hash" } },
          .expected = "0:invalid-ca" },
        { "the server may sign certificates",
          .leaf = { SET("keyUsage", "critical,digitalSignature,keyCertSign") },
          .expected = "0:invalid-ca" },
        { "the server has no basic constraints", .leaf = { SET("basicConstraints", NULL) },
          .expected = "" },
        { "no CA below the root", .root = { SET("basicConstraints", "critical,CA:TRUE,pathlen:0") },
          .expected = "2:path-length" },
        { "one CA below the root",
          .root = { SET("basicConstraints", "critical,CA:TRUE,pathlen:1") }, .expected = "" },
        { "no CA below the CA", .ca = { SET("basicConstraints", "critical,CA:TRUE,pathlen:0") },
          .expected = "" },
    };

    (void)state;
    CHECK_TABLE(rows);
}

static void verify__name_constraints__enforced_and_not_outwitted(void **state)
{
    static const struct chain_row rows[] = {
        { "within", .ca = { SET("nameConstraints", "critical,permitted;DNS:contoso.com") },
          .expected = "" },
        { "within, not critical", .ca = { SET("nameConstraints", "permitted;DNS:contoso.com") },
          .expected = "" },
        { "within, with a dot",
          .ca = { SET("nameConstraints", "critical,permitted;DNS:.contoso.com") }, .expected = "" },
        { "outside", .ca = { SET("nameConstraints", "critical,permitted;DNS:fabrikam.com") },
          .expected = "0:name-constraints" },
        { "outside what the root permits",
          .root = { SET("nameConstraints", "critical,permitted;DNS:fabrikam.com") },
          .expected = "0:name-constraints" },
        { "excluded", .ca = { SET("nameConstraints", "critical,excluded;DNS:contoso.com") },
          .expected = "0:name-constraints" },
        { "another is excluded",
          .ca = { SET("nameConstraints", "critical,excluded;DNS:fabrikam.com") }, .expected = "" },
        { "a common name outside, no subjectAltName",
          .ca = { SET("nameConstraints", "critical,permitted;DNS:fabrikam.com") },
          .leaf = { SET("subjectAltName", NULL) },
          .expected = "0:name-constraints 0:name-mismatch" },
        { "an address outside",
          .ca = { SET("nameConstraints", "critical,permitted;IP:192.0.2.0/255.255.255.0") },
          .leaf = { SET("subjectAltName", "IP:198.51.100.1"), .common_name = "a server" },
          .host = "198.51.100.1", .expected = "0:name-constraints" },
        { "a wildcard that stands for an excluded name",
          .ca = { SET("nameConstraints", "critical,excluded;DNS:ceo.contoso.com") },
          .leaf = { SET("subjectAltName", "DNS:*.contoso.com"), .common_name = "*.contoso.com" },
          .expected = "0:name-constraints" },
        { "a wildcard that does not reach it",
          .ca = { SET("nameConstraints", "critical,excluded;DNS:a.ceo.contoso.com") },
          .leaf = { SET("subjectAltName", "DNS:*.contoso.com"), .common_name = "*.contoso.com" },
          .expected = "" },
        { "excluded with a dot, and the domain itself",
          .ca = { SET("nameConstraints", "critical,excluded;DNS:.mx1.contoso.com") },
          .expected = "0:name-constraints" },
        { "empty lists", .ca = { SET("2.5.29.30", "critical,DER:3004A000A100") },
          .expected = "1:malformed" },
        { "no lists", .ca = { SET("2.5.29.30", "critical,DER:3000") }, .expected = "1:malformed" },
        { "in the server's certificate",
          .leaf = { SET("nameConstraints", "critical,permitted;DNS:contoso.com") },
          .expected = "0:malformed" },
    };

    (void)state;
    CHECK_TABLE(rows);
}

/* The leaf's subjectAltName, a host, and whether it is named. */
static void verify__host__one_of_the_names(void **state)
{
    static const struct {
        const char *names, *host;
        bool fits;
    } rows[] = {
        { "DNS:mx1.contoso.com", "mx1.contoso.com", true },
        { "DNS:MX1.Contoso.COM", "mx1.contoso.com", true },
        { "DNS:mx1.contoso.com", "mx2.contoso.com", false },
        { "DNS:mx2.contoso.com,DNS:mx1.contoso.com", "mx1.contoso.com", true },
        { "DNS:contoso.com", "mx1.contoso.com", false },
        { "DNS:mx1.contoso.com", "contoso.com", false },
        { "DNS:mx1.contoso.com", "evil-mx1.contoso.com", false },
        { "DNS:mx1.contoso.com", "mx1.contoso.com.evil.example", false },
        { "DNS:mx1.contoso.com.", "mx1.contoso.com", false },
        { "DNS:xn--mx-1xa.contoso.com", "xn--mx-1xa.contoso.com", true },
        { "DNS:*.contoso.com", "mx1.contoso.com", true },
        { "DNS:*.CONTOSO.com", "mx1.contoso.com", true },
        { "DNS:*.contoso.com", "contoso.com", false },
        { "DNS:*.contoso.com", "a.mx1.contoso.com", false },
        { "DNS:*.contoso.com", "xn--mx-1xa.contoso.com", true },
        { "DNS:*.mx1.contoso.com", "mx1.contoso.com", false },
        { "DNS:*.com", "contoso.com", false },
        { "DNS:*", "com", false },
        { "DNS:*", "contoso.com", false },
        { "DNS:m*.contoso.com", "mx1.contoso.com", false },
        { "DNS:*1.contoso.com", "mx1.contoso.com", false },
        { "DNS:mx1.*.com", "mx1.contoso.com", false },
        { "DNS:*.*.com", "mx1.contoso.com", false },
        { "DNS:**.contoso.com", "mx1.contoso.com", false },
        { "DNS:mx_1.contoso.com", "mx_1.contoso.com", false },
        { "DNS:-mx.contoso.com", "-mx.contoso.com", false },
        { "DNS:mx-.contoso.com", "mx-.contoso.com", false },
        { "DNS:192.0.2.1", "192.0.2.1", false },
        { "IP:192.0.2.1", "192.0.2.1", true },
        { "IP:192.0.2.1", "192.0.2.2", false },
        { "IP:c000:201::1", "192.0.2.1", false },
        { "IP:2001:db8::1", "2001:db8:0::1", true },
        { "IP:2001:db8::1", "2001:db8::2", false },
        { "URI:smtp://mx1.contoso.com/", "mx1.contoso.com", false },
        { "email:postmaster@mx1.contoso.com", "mx1.contoso.com", false },
        { NULL, "mx1.contoso.com", false }, /* the common name alone does not count */
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct chain_row check = { rows[i].names, .leaf = { SET("subjectAltName", rows[i].names) },
                                   .host = rows[i].host,
                                   .expected = rows[i].fits ? "" : "0:name-mismatch" };

        check.what = check.what != NULL ? check.what : "no subjectAltName";
        check.leaf.common_name = check.leaf.changes[0].value != NULL ? "a server" : NULL;
        bad += chain_row_check(&check);
    }
    assert_int_equal(bad, 0);
}

static void verify__common_name__vouched_for_or_a_description(void **state)
{
    static const struct maker_attribute with_nul[] = {
        { NID_commonName, 0, S("mx1.contoso.com\0.evil.example") }, { 0 }
    };
    static const struct maker_attribute two[] = {
        { NID_commonName, 0, S("mx1.contoso.com") },
        { NID_commonName, 0, S("mail.fabrikam.com") },
        { 0 },
    };
    static const struct maker_attribute bits[] = {
        { NID_commonName, V_ASN1_BIT_STRING, S("mx1.contoso.com") }, { 0 }
    };
    static const struct maker_attribute line_feed[] = {
        { NID_organizationName, 0, S("Contoso\nverdict=pass") }, { 0 }
    };
    static const struct maker_attribute latin1[] = {
        { NID_organizationName, V_ASN1_T61STRING, S("Contoso \xe4") }, { 0 }
    };
    static const struct chain_row rows[] = {
        { "in another case", .leaf = { .common_name = "MX1.contoso.com" }, .expected = "" },
        { "of another host", .leaf = { .common_name = "mail.contoso.com" },
          .expected = "0:malformed" },
        { "of another host, no subjectAltName",
          .leaf = { .common_name = "mail.contoso.com", SET("subjectAltName", NULL) },
          .expected = "0:name-mismatch" },
        { "the domain above", .leaf = { .common_name = "contoso.com" }, .expected = "0:malformed" },
        { "a U-label", .leaf = { .common_name = "m\xc3\xbcx.contoso.com" },
          .expected = "0:malformed" },
        { "a description", .leaf = { .common_name = "Contoso Ltd. mail gateway" }, .expected = "" },
        { "one word", .leaf = { .common_name = "EXCH01" }, .expected = "" },
        { "none",
          .leaf = { .common_name = "", SET("subjectAltName", "critical,DNS:mx1.contoso.com") },
          .expected = "" },
        { "no subject, and not critical", .leaf = { .common_name = "" },
          .expected = "0:malformed" },
        { "a critical subjectAltName beside a subject",
          .leaf = { SET("subjectAltName", "critical,DNS:mx1.contoso.com") },
          .expected = "0:malformed" },
        { "an address", .leaf = { .common_name = "192.0.2.1" }, .expected = "0:malformed" },
        { "an address in hexadecimal", .leaf = { .common_name = "0xC0000201" },
          .expected = "0:malformed" },
        { "an address that is vouched for",
          .leaf = { .common_name = "2001:db8::1",
                    SET("subjectAltName", "IP:2001:db8::1,DNS:mx1.contoso.com") },
          .expected = "" },
        { "an address in another spelling",
          .leaf = { .common_name = "2001:db8:0::1",
                    SET("subjectAltName", "IP:2001:db8::1,DNS:mx1.contoso.com") },
          .expected = "0:malformed" },
        { "a NUL in it", .leaf = { .subject = with_nul }, .expected = "0:malformed" },
        { "two, and one of another host", .leaf = { .subject = two }, .expected = "0:malformed" },
        { "no text", .leaf = { .subject = bits }, .expected = "0:malformed" },
        { "a line feed in the organisation", .leaf = { .subject = line_feed },
          .expected = "0:malformed" },
        { "Latin 1 where it may be", .leaf = { .subject = latin1 }, .expected = "" },
        { "a NUL in a DNS name",
          .leaf = { SET("subjectAltName", NULL),
                    .changes[1] = { "2.5.29.17", "DER:302082"
                                                 "1E"
                                                 "6D78312E636F6E746F736F2E636F6D00"
                                                 "2E6576696C2E6578616D706C652E"
                                                 "2E" } },
          .expected = "0:malformed 0:name-mismatch" },
        { "a DNS name that begins with a dot",
          .leaf = { SET("subjectAltName", "DNS:mx1.contoso.com,DNS:.contoso.com") },
          .expected = "0:malformed" },
        { "a subjectAltName that is none",
          .leaf = { SET("subjectAltName", NULL), .changes[1] = { "2.5.29.17", "DER:0500" } },
          .expected = "0:malformed 0:unknown-issuer 0:wrong-purpose 0:name-mismatch" },
    };

    (void)state;
    CHECK_TABLE(rows);
}

static void verify__several_faults__all_told(void **state)
{
    static const struct chain_row rows[] = {
        { "three certificates, three faults each",
          .leaf = { .from = -YEAR, .until = -DAY, SET("extendedKeyUsage", NULL), .key = KEY_P224 },
          .ca = { .digest = EVP_sha1, .serial = "0" }, .root = { .from = -YEAR, .until = -DAY },
          .host = "mx2.contoso.com",
          .expected = "1:weak-signature 2:certificate-expired 0:certificate-expired 0:weak-key "
                      "0:wrong-purpose 1:malformed 0:name-mismatch" },
    };

    (void)state;
    CHECK_TABLE(rows);
}

static int teardown(void **state)
{
    maker_free_keys();
    return conf_folder_remove(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify__purpose__serverauth_and_not_any),
        cmocka_unit_test(verify__keys__112_bits_and_more),
        cmocka_unit_test(verify__signatures__no_md5_and_no_sha1_but_the_roots_own),
        cmocka_unit_test(verify__dates__of_each_certificate_both_ends_included),
        cmocka_unit_test(verify__form__rfc_5280),
        cmocka_unit_test(verify__authorities__ca_and_nobody_else),
        cmocka_unit_test(verify__name_constraints__enforced_and_not_outwitted),
        cmocka_unit_test(verify__host__one_of_the_names),
        cmocka_unit_test(verify__common_name__vouched_for_or_a_description),
        cmocka_unit_test(verify__several_faults__all_told),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, conf_folder_make, teardown);
}
