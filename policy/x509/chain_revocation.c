/* SPDX-License-Identifier: ISC */
#include "policy/x509/chain_revocation.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "policy/date.h"
#include "policy/x509/chain_inside.h"
#include "policy/x509/details.h"

/* How far a clock may be off, in seconds. */
#define SLACK 300

const char *revocation_state_word(enum revocation_state state)
{
    static const char *const words[] = {
        [REVOCATION_GOOD] = "good",
        [REVOCATION_REVOKED] = "revoked",
        [REVOCATION_UNKNOWN] = "unknown",
        [REVOCATION_STALE] = "stale",
        [REVOCATION_INVALID] = "invalid",
        [REVOCATION_UNVERIFIED] = "unverified",
        [REVOCATION_MALFORMED] = "malformed",
        [REVOCATION_REFUSED] = "refused",
        [REVOCATION_UNREACHABLE] = "unreachable",
        [REVOCATION_NOT_ALLOWED] = "not-allowed",
        [REVOCATION_NOT_TRIED] = "not-tried",
    };

    return words[state];
}

/* ---- the certificate and its issuer ---------------------------------------------------------- */

static X509 *leaf_of(const struct chain *chain)
{
    return chain->count > 0 ? sk_X509_value(chain->certificates, 0) : NULL;
}

/* By its signature: a name can be anybody's. */
static X509 *find_issuer(const struct chain *chain)
{
    X509 *leaf = leaf_of(chain), *found = NULL;

    for (size_t i = 1; i < chain->count && found == NULL; i++) {
        X509 *candidate = sk_X509_value(chain->certificates, (int)i);
        EVP_PKEY *key = X509_get0_pubkey(candidate);

        if (X509_check_issued(candidate, leaf) == X509_V_OK && key != NULL &&
            X509_verify(leaf, key) == 1)
            found = candidate;
    }
    ERR_clear_error();
    return found;
}

bool chain_has_issuer(const struct chain *chain)
{
    return find_issuer(chain) != NULL;
}

/* ---- words ----------------------------------------------------------------------------------- */

static void conclude(struct revocation_judgement *judgement, enum revocation_state state,
                     const char *text)
{
    judgement->state = state;
    (void)snprintf(judgement->text, sizeof(judgement->text), "%s", text);
}

/* "WORDS 2026-12-31"; a date that is not there, or none, has no words. */
static void conclude_on(struct revocation_judgement *judgement, enum revocation_state state,
                        const char *words, const ASN1_TIME *date)
{
    int64_t seconds = date != NULL ? details_seconds(date, DATE_NEVER) : DATE_NEVER;
    char day[DATE_TEXT_SIZE];

    conclude(judgement, state, "");
    if (seconds == DATE_NEVER)
        return;
    date_format(seconds, day);
    (void)snprintf(judgement->text, sizeof(judgement->text), "%s %s", words, day);
}

static void conclude_revoked(struct revocation_judgement *judgement, const ASN1_TIME *since,
                             int reason)
{
    size_t length;

    conclude_on(judgement, REVOCATION_REVOKED, "since", since);
    length = strlen(judgement->text);
    if (reason >= 0)
        (void)snprintf(judgement->text + length, sizeof(judgement->text) - length, "%s%s",
                       length > 0 ? ", " : "", OCSP_crl_reason_str(reason));
}

/* ---- OCSP ------------------------------------------------------------------------------------ */

static char *encode(OCSP_REQUEST *request, size_t *length)
{
    unsigned char *data = NULL;
    int size = i2d_OCSP_REQUEST(request, &data);
    char *copy = size > 0 ? malloc((size_t)size) : NULL;

    if (copy != NULL) {
        memcpy(copy, data, (size_t)size);
        *length = (size_t)size;
    }
    OPENSSL_free(data);
    return copy;
}

char *chain_ocsp_request(const struct chain *chain, size_t *length)
{
    X509 *leaf = leaf_of(chain), *issuer = find_issuer(chain);
    OCSP_REQUEST *request = issuer != NULL ? OCSP_REQUEST_new() : NULL;
    OCSP_CERTID *id = request != NULL ? OCSP_cert_to_id(EVP_sha1(), leaf, issuer) : NULL;
    char *encoded = NULL;

    if (id != NULL && OCSP_request_add0_id(request, id) != NULL)
        encoded = encode(request, length);
    else
        OCSP_CERTID_free(id);
    OCSP_REQUEST_free(request);
    ERR_clear_error();
    return encoded;
}

/* Signed by the issuer, or by whom the issuer has put in charge? */
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

/* The word on this certificate; a responder may use any digest for its name. */
static OCSP_SINGLERESP *find_single(OCSP_BASICRESP *basic, X509 *leaf, X509 *issuer)
{
    for (int i = 0; i < OCSP_resp_count(basic); i++) {
        OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
        const OCSP_CERTID *named = OCSP_SINGLERESP_get0_id(single);
        ASN1_OBJECT *digest = NULL;
        OCSP_CERTID *ours;
        const EVP_MD *md;
        bool same;

        (void)OCSP_id_get0_info(NULL, &digest, NULL, NULL, (OCSP_CERTID *)named);
        md = EVP_get_digestbyobj(digest);
        ours = md != NULL ? OCSP_cert_to_id(md, leaf, issuer) : NULL;
        same = ours != NULL && OCSP_id_cmp(ours, named) == 0;
        OCSP_CERTID_free(ours);
        if (same)
            return single;
    }
    return NULL;
}

static void judge_single(OCSP_SINGLERESP *single, struct revocation_judgement *judgement)
{
    ASN1_GENERALIZEDTIME *revoked = NULL, *this_update = NULL, *next_update = NULL;
    int reason = -1;
    int status = OCSP_single_get0_status(single, &reason, &revoked, &this_update, &next_update);

    if (OCSP_check_validity(this_update, next_update, SLACK, -1) != 1)
        conclude_on(judgement, REVOCATION_STALE, "it was to be renewed by", next_update);
    else if (status == V_OCSP_CERTSTATUS_GOOD)
        conclude_on(judgement, REVOCATION_GOOD, "until", next_update);
    else if (status == V_OCSP_CERTSTATUS_REVOKED)
        conclude_revoked(judgement, revoked, reason);
    else
        conclude(judgement, REVOCATION_UNKNOWN, "");
}

static void judge_basic(const struct chain *chain, OCSP_BASICRESP *basic,
                        struct revocation_judgement *judgement)
{
    X509 *issuer = find_issuer(chain);
    OCSP_SINGLERESP *single;

    if (issuer == NULL)
        conclude(judgement, REVOCATION_UNVERIFIED, "the issuer was not sent");
    else if (!is_signed(basic, issuer))
        conclude(judgement, REVOCATION_INVALID, "not signed by the issuer or in its name");
    else if ((single = find_single(basic, leaf_of(chain), issuer)) == NULL)
        conclude(judgement, REVOCATION_INVALID, "about another certificate");
    else
        judge_single(single, judgement);
}

void chain_judge_ocsp(const struct chain *chain, struct span response,
                      struct revocation_judgement *judgement)
{
    const unsigned char *data = (const unsigned char *)response.data;
    OCSP_RESPONSE *whole =
        response.length < LONG_MAX ? d2i_OCSP_RESPONSE(NULL, &data, (long)response.length) : NULL;
    int status = whole != NULL ? OCSP_response_status(whole) : -1;
    OCSP_BASICRESP *basic = NULL;

    if (status == OCSP_RESPONSE_STATUS_SUCCESSFUL)
        basic = OCSP_response_get1_basic(whole);
    if (basic != NULL)
        judge_basic(chain, basic, judgement);
    else if (whole != NULL && status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        conclude(judgement, REVOCATION_REFUSED, OCSP_response_status_str(status));
    else
        conclude(judgement, REVOCATION_MALFORMED, "no OCSP response");
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(whole);
    ERR_clear_error();
}

/* ---- CRL ------------------------------------------------------------------------------------- */

/* What OpenSSL finds wrong while it holds a certificate against a list, what counts most first: a
 * list that is not the issuer's says nothing, and one that is out of date has still revoked whom
 * it names. */
static const struct fault {
    int error;
    enum revocation_state state;
    const char *text;
} faults[] = {
    { X509_V_ERR_UNABLE_TO_GET_CRL, REVOCATION_INVALID, "not a list for this certificate" },
    { X509_V_ERR_DIFFERENT_CRL_SCOPE, REVOCATION_INVALID, "not a list for this certificate" },
    { X509_V_ERR_CRL_PATH_VALIDATION_ERROR, REVOCATION_INVALID, "not the issuer's list" },
    { X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, REVOCATION_INVALID, "not the issuer's list" },
    { X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, REVOCATION_INVALID, "the issuer may not sign lists" },
    { X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, REVOCATION_INVALID,
      "not signed by the issuer" },
    { X509_V_ERR_CRL_SIGNATURE_FAILURE, REVOCATION_INVALID, "not signed by the issuer" },
    { X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, REVOCATION_INVALID,
      "it has a critical extension that is not known" },
    { X509_V_ERR_INVALID_EXTENSION, REVOCATION_INVALID, "it has an invalid extension" },
    { X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, REVOCATION_MALFORMED, "it has no valid date" },
    { X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD, REVOCATION_MALFORMED, "it has no valid date" },
    { X509_V_ERR_CERT_REVOKED, REVOCATION_REVOKED, "" },
    { X509_V_ERR_CRL_HAS_EXPIRED, REVOCATION_STALE, "" },
    { X509_V_ERR_CRL_NOT_YET_VALID, REVOCATION_STALE, "not yet in force" },
};

#define NO_FAULT (sizeof(faults) / sizeof(faults[0]))

/* Goes on after all of it. What is wrong with the chain itself is not asked here. */
static int on_error(int fine, X509_STORE_CTX *context)
{
    size_t *worst = X509_STORE_CTX_get_app_data(context);

    for (size_t i = 0; !fine && i < *worst; i++) {
        if (faults[i].error == X509_STORE_CTX_get_error(context))
            *worst = i;
    }
    return 1;
}

/* False: memory. */
static bool hold_against(X509 *leaf, X509 *issuer, X509_CRL *list, size_t *worst)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509_CRL) *lists = sk_X509_CRL_new_null();
    bool done = false;

    if (store != NULL && context != NULL && lists != NULL && sk_X509_CRL_push(lists, list) > 0 &&
        X509_STORE_add_cert(store, issuer) == 1 &&
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_CRL_CHECK) == 1 &&
        X509_STORE_CTX_init(context, store, leaf, NULL) == 1 &&
        X509_STORE_CTX_set_app_data(context, worst) == 1) {
        X509_STORE_CTX_set0_crls(context, lists);
        X509_STORE_CTX_set_verify_cb(context, on_error);
        done = X509_verify_cert(context) == 1;
    }
    X509_STORE_CTX_free(context);
    sk_X509_CRL_free(lists);
    X509_STORE_free(store);
    return done;
}

static void conclude_listed(X509_CRL *list, X509 *leaf, struct revocation_judgement *judgement)
{
    X509_REVOKED *entry = NULL;
    ASN1_ENUMERATED *reason;

    if (X509_CRL_get0_by_cert(list, &entry, leaf) != 1) {
        conclude(judgement, REVOCATION_REVOKED, "");
        return;
    }
    reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    conclude_revoked(judgement, X509_REVOKED_get0_revocationDate(entry),
                     reason != NULL ? (int)ASN1_ENUMERATED_get(reason) : -1);
    ASN1_ENUMERATED_free(reason);
}

static void judge_list(X509 *leaf, X509 *issuer, X509_CRL *list,
                       struct revocation_judgement *judgement)
{
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(list);
    size_t worst = NO_FAULT;

    if (!hold_against(leaf, issuer, list, &worst))
        conclude(judgement, REVOCATION_NOT_TRIED, "no memory");
    else if (worst == NO_FAULT)
        conclude_on(judgement, REVOCATION_GOOD, "until", next);
    else if (faults[worst].state == REVOCATION_REVOKED)
        conclude_listed(list, leaf, judgement);
    else if (faults[worst].error == X509_V_ERR_CRL_HAS_EXPIRED)
        conclude_on(judgement, REVOCATION_STALE, "it was to be renewed by", next);
    else
        conclude(judgement, faults[worst].state, faults[worst].text);
}

void chain_judge_crl(const struct chain *chain, struct span list,
                     struct revocation_judgement *judgement)
{
    const unsigned char *data = (const unsigned char *)list.data;
    X509_CRL *read = list.length < LONG_MAX ? d2i_X509_CRL(NULL, &data, (long)list.length) : NULL;
    X509 *issuer = find_issuer(chain);

    if (read == NULL)
        conclude(judgement, REVOCATION_MALFORMED, "no list of revoked certificates");
    else if (issuer == NULL)
        conclude(judgement, REVOCATION_UNVERIFIED, "the issuer was not sent");
    else
        judge_list(leaf_of(chain), issuer, read, judgement);
    X509_CRL_free(read);
    ERR_clear_error();
}
