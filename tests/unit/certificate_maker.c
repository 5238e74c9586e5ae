/* SPDX-License-Identifier: ISC */
#include "tests/unit/certificate_maker.h"

#include <string.h>

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#define EXTENSIONS_MOST 16

/* ---- keys ----------------------------------------------------------------------------------- */

static EVP_PKEY *keys[KEYS];

static EVP_PKEY *make_dsa(void)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_DSA, NULL);
    EVP_PKEY *parameters = NULL, *key = NULL;

    assert_int_equal(EVP_PKEY_paramgen_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_dsa_paramgen_bits(context, 2048), 1);
    assert_int_equal(EVP_PKEY_CTX_set_dsa_paramgen_q_bits(context, 224), 1);
    assert_int_equal(EVP_PKEY_paramgen(context, &parameters), 1);
    EVP_PKEY_CTX_free(context);
    context = EVP_PKEY_CTX_new(parameters, NULL);
    assert_int_equal(EVP_PKEY_keygen_init(context), 1);
    assert_int_equal(EVP_PKEY_keygen(context, &key), 1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(parameters);
    return key;
}

static EVP_PKEY *make_explicit(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING,
                                                    OSSL_PKEY_EC_ENCODING_EXPLICIT),
                     1);
    return key;
}

static EVP_PKEY *make_pss(void)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA_PSS, NULL);
    EVP_PKEY *key = NULL;

    assert_int_equal(EVP_PKEY_keygen_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
    assert_int_equal(EVP_PKEY_keygen(context, &key), 1);
    EVP_PKEY_CTX_free(context);
    return key;
}

/* A public key alone: nobody can sign with such exponents. */
static EVP_PKEY *make_exponent(unsigned exponent)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *modulus = NULL;
    OSSL_PARAM *parameters;
    EVP_PKEY *key = NULL;

    assert_int_equal(
        EVP_PKEY_get_bn_param(maker_key(KEY_RSA_2048), OSSL_PKEY_PARAM_RSA_N, &modulus), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_uint(builder, OSSL_PKEY_PARAM_RSA_E, exponent), 1);
    parameters = OSSL_PARAM_BLD_to_param(builder);
    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters), 1);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    BN_free(modulus);
    return key;
}

static EVP_PKEY *make_key(enum maker_key key)
{
    switch (key) {
    case KEY_P384:
        return EVP_EC_gen("P-384");
    case KEY_P224:
        return EVP_EC_gen("P-224");
    case KEY_EXPLICIT:
        return make_explicit();
    case KEY_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case KEY_RSA_2048:
        return EVP_RSA_gen(2048);
    case KEY_RSA_1024:
        return EVP_RSA_gen(1024);
    case KEY_RSA_2040:
        return EVP_RSA_gen(2040);
    case KEY_RSA_2052:
        return EVP_RSA_gen(2052);
    case KEY_DSA:
        return make_dsa();
    case KEY_PSS_2048:
        return make_pss();
    case KEY_EXPONENT_1:
        return make_exponent(1);
    case KEY_EXPONENT_EVEN:
        return make_exponent(65536);
    default:
        return EVP_EC_gen("P-256");
    }
}

EVP_PKEY *maker_key(enum maker_key key)
{
    if (keys[key] == NULL)
        keys[key] = make_key(key);
    assert_non_null(keys[key]);
    return keys[key];
}

void maker_free_keys(void)
{
    for (size_t i = 0; i < KEYS; i++) {
        EVP_PKEY_free(keys[i]);
        keys[i] = NULL;
    }
}

/* The key that a certificate certifies. */
static EVP_PKEY *private_key_of(X509 *certificate)
{
    for (size_t i = 0; i < KEYS; i++) {
        if (keys[i] != NULL && EVP_PKEY_eq(keys[i], X509_get0_pubkey(certificate)) == 1)
            return keys[i];
    }
    fail_msg("a key that was not made here");
    return NULL;
}

/* ---- fields --------------------------------------------------------------------------------- */

static const struct {
    const char *common_name;
    enum maker_key key;
} places[] = {
    [PLACE_ROOT] = { "Example Root CA", KEY_ROOT },
    [PLACE_CA] = { "Example Issuing CA", KEY_CA },
    [PLACE_LEAF] = { "mx1.contoso.com", KEY_LEAF },
};

static void add_attribute(X509_NAME *name, int nid, int type, struct span value)
{
    assert_int_equal(X509_NAME_add_entry_by_NID(name, nid, type != 0 ? type : V_ASN1_UTF8STRING,
                                                (const unsigned char *)value.data,
                                                (int)value.length, -1, 0),
                     1);
}

static X509_NAME *name_of(const char *common_name)
{
    X509_NAME *name = X509_NAME_new();

    assert_non_null(name);
    if (*common_name != '\0') {
        add_attribute(name, NID_organizationName, 0, span_of("Example Org"));
        add_attribute(name, NID_commonName, 0, span_of(common_name));
    }
    return name;
}

static void set_subject(X509 *certificate, enum maker_place place,
                        const struct maker_recipe *recipe)
{
    const char *common_name =
        recipe->common_name != NULL ? recipe->common_name : places[place].common_name;
    X509_NAME *name = name_of(recipe->subject != NULL ? "" : common_name);

    for (const struct maker_attribute *row = recipe->subject; row != NULL && row->nid != 0; row++)
        add_attribute(name, row->nid, row->type, row->value);
    assert_int_equal(X509_set_subject_name(certificate, name), 1);
    X509_NAME_free(name);
}

static void set_issuer(X509 *certificate, const struct maker_recipe *recipe, X509 *issuer)
{
    X509_NAME *name = recipe->issuer != NULL ? name_of(recipe->issuer)
                                             : X509_NAME_dup(X509_get_subject_name(issuer));

    assert_int_equal(X509_set_issuer_name(certificate, name), 1);
    X509_NAME_free(name);
}

static void set_serial(X509 *certificate, const char *hexadecimal)
{
    static unsigned next = 1;
    BIGNUM *number = NULL;
    char text[16];

    (void)snprintf(text, sizeof(text), "5EED%04X", next++);
    assert_true(BN_hex2bn(&number, hexadecimal != NULL ? hexadecimal : text) > 0);
    assert_non_null(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)));
    BN_free(number);
}

static void set_dates(X509 *certificate, const struct maker_recipe *recipe)
{
    bool ordinary = recipe->from == 0 && recipe->until == 0;
    time_t from = (time_t)(NOW + (ordinary ? -YEAR / 2 : recipe->from));
    time_t until = (time_t)(NOW + (ordinary ? YEAR / 2 : recipe->until));
    ASN1_TIME *date;

    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(certificate), from));
    date = recipe->generalized ? ASN1_GENERALIZEDTIME_set(NULL, until) : ASN1_TIME_set(NULL, until);
    assert_non_null(date);
    assert_int_equal(X509_set1_notAfter(certificate, date), 1);
    ASN1_TIME_free(date);
}

/* ---- extensions ----------------------------------------------------------------------------- */

static const struct maker_change defaults[][5] = {
    [PLACE_ROOT] = { { "subjectKeyIdentifier", "hash" },
                     { "basicConstraints", "critical,CA:TRUE" },
                     { "keyUsage", "critical,keyCertSign,cRLSign" } },
    [PLACE_CA] = { { "subjectKeyIdentifier", "hash" },
                   { "authorityKeyIdentifier", "keyid" },
                   { "basicConstraints", "critical,CA:TRUE" },
                   { "keyUsage", "critical,keyCertSign,cRLSign" } },
    [PLACE_LEAF] = { { "authorityKeyIdentifier", "keyid" },
                     { "basicConstraints", "critical,CA:FALSE" },
                     { "keyUsage", "critical,digitalSignature" },
                     { "extendedKeyUsage", "serverAuth,clientAuth" },
                     { "subjectAltName", "DNS:mx1.contoso.com" } },
};

static size_t place_of(const struct maker_change *list, size_t count, const char *name)
{
    size_t i = 0;

    while (i < count && strcmp(list[i].name, name) != 0)
        i++;
    return i;
}

static void put(struct maker_change *list, size_t *count, const struct maker_change *change)
{
    bool adds = change->name[0] == '+';
    const char *name = change->name + adds;
    size_t place = adds ? *count : place_of(list, *count, name);

    assert_true(place < EXTENSIONS_MOST);
    if (change->value != NULL) {
        list[place] = (struct maker_change){ name, change->value };
        *count += place == *count;
    } else if (place < *count) {
        memmove(&list[place], &list[place + 1], (*count - place - 1) * sizeof(*list));
        (*count)--;
    }
}

static void add_extension(X509 *certificate, X509 *issuer, const struct maker_change *row)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;
    char value[8192];

    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    (void)snprintf(value, sizeof(value), "%s", row->value);
    extension = X509V3_EXT_nconf(NULL, &context, row->name, value);
    if (extension == NULL)
        fail_msg("cannot make the extension %s = %s", row->name, row->value);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void add_extensions(X509 *certificate, enum maker_place place,
                           const struct maker_recipe *recipe, X509 *issuer)
{
    struct maker_change list[EXTENSIONS_MOST];
    size_t count = 0;

    for (size_t i = 0; i < ROWS(defaults[place]) && defaults[place][i].name != NULL; i++)
        put(list, &count, &defaults[place][i]);
    for (size_t i = 0; i < ROWS(recipe->changes) && recipe->changes[i].name != NULL; i++)
        put(list, &count, &recipe->changes[i]);
    for (size_t i = 0; i < count; i++)
        add_extension(certificate, issuer, &list[i]);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void sign(X509 *certificate, const struct maker_recipe *recipe, EVP_PKEY *key)
{
    const EVP_MD *digest = recipe->digest != NULL ? recipe->digest() : EVP_sha256();

    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
        digest = NULL;
    assert_true(X509_sign(certificate, key, digest) > 0);
}

/* Reads it as it would come over the network. `other_algorithm` changes the algorithm outside of
 * what is signed: ecdsa-with-SHA256 becomes ecdsa-with-SHA512. */
static X509 *read_back(X509 *certificate, bool other_algorithm)
{
    static const unsigned char from[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };
    unsigned char *data = NULL, *at = NULL;
    int length = i2d_X509(certificate, &data);
    const unsigned char *start = data;
    X509 *read;

    for (int i = 0; other_algorithm && i + (int)sizeof(from) <= length; i++) {
        if (memcmp(data + i, from, sizeof(from)) == 0)
            at = data + i;
    }
    assert_true(length > 0 && (at != NULL || !other_algorithm));
    if (at != NULL)
        at[7] = 0x04;
    read = d2i_X509(NULL, &start, length);
    assert_non_null(read);
    OPENSSL_free(data);
    X509_free(certificate);
    return read;
}

X509 *maker_make(enum maker_place place, const struct maker_recipe *recipe, X509 *issuer)
{
    static const struct maker_recipe ordinary;
    X509 *certificate = X509_new();
    EVP_PKEY *key;

    if (recipe == NULL)
        recipe = &ordinary;
    key = maker_key(recipe->key != KEY_DEFAULT ? recipe->key : places[place].key);
    assert_int_equal(X509_set_version(certificate, recipe->version != 0 ? recipe->version - 1 : 2),
                     1);
    set_subject(certificate, place, recipe);
    set_issuer(certificate, recipe, issuer != NULL ? issuer : certificate);
    set_serial(certificate, recipe->serial);
    set_dates(certificate, recipe);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    add_extensions(certificate, place, recipe, issuer != NULL ? issuer : certificate);
    if (recipe->signed_by != KEY_DEFAULT)
        key = maker_key(recipe->signed_by);
    else if (issuer != NULL)
        key = private_key_of(issuer);
    sign(certificate, recipe, key);
    return read_back(certificate, recipe->outer_algorithm);
}
