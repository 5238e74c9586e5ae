/* SPDX-License-Identifier: ISC */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "policy/x509/chain_checks.h"
#include "policy/x509/chain_errors.h"

#define RSA_LEAST 2048 /* bits, */
#define EC_LEAST 256   /* bits */
#define BITS_LEAST 112 /* and of security: what both of them have at least (NIST SP 800-57) */

/* CA/Browser Forum, Baseline Requirements, 6.1.6: odd, 3 or more. */
static bool is_exponent_sound(const EVP_PKEY *key)
{
    BIGNUM *exponent = NULL;
    bool sound = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 &&
                 BN_is_odd(exponent) && !BN_is_one(exponent) && !BN_is_negative(exponent);

    BN_free(exponent);
    return sound;
}

/* What is wrong with it; NULL: nothing. */
static const char *judge_rsa(const EVP_PKEY *key)
{
    int bits = EVP_PKEY_get_bits(key);

    if (bits < RSA_LEAST)
        return "an RSA key of less than 2048 bits";
    if (bits % 8 != 0) /* 6.1.5 there: no key generator makes such keys any more */
        return "an RSA key whose bits are not a multiple of 8";
    return is_exponent_sound(key) ? NULL : "an RSA key whose exponent is even or below 3";
}

static const char *judge_key(const EVP_PKEY *key)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
        return judge_rsa(key);
    case EVP_PKEY_EC:
        return EVP_PKEY_get_bits(key) < EC_LEAST ? "an elliptic curve of less than 256 bits" : NULL;
    case EVP_PKEY_DSA:
        return "a DSA key";
    default:
        return EVP_PKEY_get_security_bits(key) < BITS_LEAST ? "a weak key" : NULL;
    }
}

/* A certificate's own signature counts where somebody else's key made it, and somebody trusts in
 * that. */
static bool is_signature_weak(const struct chain_link *link)
{
    int bits;

    if (link->self_signed || link->anchor)
        return false;
    return X509_get_signature_info(link->certificate, NULL, NULL, &bits, NULL) != 1 ||
           bits < BITS_LEAST;
}

void chain_check_strength(const struct chain_link *link, struct chain_verdict *verdict)
{
    const EVP_PKEY *key = X509_get0_pubkey(link->certificate);
    const char *text = key != NULL ? judge_key(key) : "a key that cannot be read";

    if (text != NULL)
        chain_errors_add(verdict, link->depth, CHAIN_WEAK_KEY, text);
    if (is_signature_weak(link))
        chain_errors_add(verdict, link->depth, CHAIN_WEAK_SIGNATURE,
                         "signed with a digest that is broken or not known");
}
