/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/staple.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>

/* How far a clock may be off, in seconds. */
#define SLACK 300

static X509 *find_issuer(X509 *leaf, STACK_OF(X509) * chain)
{
    for (int i = 1; i < sk_X509_num(chain) && i < CHAIN_MOST; i++) {
        if (X509_check_issued(sk_X509_value(chain, i), leaf) == X509_V_OK)
            return sk_X509_value(chain, i);
    }
    return NULL;
}

/* Signed by the issuer or in its name? */
static bool is_signed(OCSP_BASICRESP *basic, X509 *issuer)
{
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *others = sk_X509_new_null();
    bool verified = false;

    if (store != NULL && others != NULL && sk_X509_push(others, issuer) > 0 &&
        X509_STORE_add_cert(store, issuer) == 1 &&
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1)
        verified = OCSP_basic_verify(basic, others, store, 0) == 1;
    sk_X509_free(others);
    X509_STORE_free(store);
    return verified;
}

/* The word on this certificate, or -1; a responder may use any digest for its name. */
static int find_status(OCSP_BASICRESP *basic, X509 *leaf, X509 *issuer)
{
    for (int i = 0; i < OCSP_resp_count(basic); i++) {
        OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
        const OCSP_CERTID *named = OCSP_SINGLERESP_get0_id(single);
        ASN1_GENERALIZEDTIME *revoked, *this_update, *next_update;
        ASN1_OBJECT *digest = NULL;
        OCSP_CERTID *ours;
        const EVP_MD *md;
        int status, reason;
        bool same;

        (void)OCSP_id_get0_info(NULL, &digest, NULL, NULL, (OCSP_CERTID *)named);
        md = EVP_get_digestbyobj(digest);
        ours = md != NULL ? OCSP_cert_to_id(md, leaf, issuer) : NULL;
        same = ours != NULL && OCSP_id_cmp(ours, named) == 0;
        OCSP_CERTID_free(ours);
        if (!same)
            continue;
        status = OCSP_single_get0_status(single, &reason, &revoked, &this_update, &next_update);
        return OCSP_check_validity(this_update, next_update, SLACK, -1) == 1 ? status : -1;
    }
    return -1;
}

static enum staple judge(OCSP_BASICRESP *basic, X509 *leaf, X509 *issuer)
{
    if (issuer == NULL || !is_signed(basic, issuer))
        return STAPLE_INVALID;
    switch (find_status(basic, leaf, issuer)) {
    case V_OCSP_CERTSTATUS_GOOD:
        return STAPLE_GOOD;
    case V_OCSP_CERTSTATUS_REVOKED:
        return STAPLE_REVOKED;
    case V_OCSP_CERTSTATUS_UNKNOWN:
        return STAPLE_UNKNOWN;
    default:
        return STAPLE_INVALID;
    }
}

enum staple staple_read(const unsigned char *response, long length, STACK_OF(X509) * chain)
{
    enum staple staple = STAPLE_INVALID;
    OCSP_BASICRESP *basic = NULL;
    OCSP_RESPONSE *whole;

    if (response == NULL || length <= 0)
        return STAPLE_NONE;
    whole = d2i_OCSP_RESPONSE(NULL, &response, length);
    if (whole != NULL && OCSP_response_status(whole) == OCSP_RESPONSE_STATUS_SUCCESSFUL)
        basic = OCSP_response_get1_basic(whole);
    if (basic != NULL && sk_X509_num(chain) > 0)
        staple = judge(basic, sk_X509_value(chain, 0), find_issuer(sk_X509_value(chain, 0), chain));
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(whole);
    ERR_clear_error();
    return staple;
}
