/* SPDX-License-Identifier: ISC */
#include "policy/x509/chain_errors.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509_vfy.h>

static const char *const words[CHAIN_ERRORS] = {
    [CHAIN_EXPIRED] = "certificate-expired",
    [CHAIN_NOT_YET_VALID] = "certificate-not-yet-valid",
    [CHAIN_SELF_SIGNED] = "self-signed",
    [CHAIN_UNKNOWN_ISSUER] = "unknown-issuer",
    [CHAIN_UNTRUSTED_ROOT] = "untrusted-root",
    [CHAIN_REVOKED] = "revoked",
    [CHAIN_WRONG_PURPOSE] = "wrong-purpose",
    [CHAIN_WEAK_KEY] = "weak-key",
    [CHAIN_WEAK_SIGNATURE] = "weak-signature",
    [CHAIN_NAME_MISMATCH] = "name-mismatch",
    [CHAIN_NAME_CONSTRAINTS] = "name-constraints",
    [CHAIN_INVALID_CA] = "invalid-ca",
    [CHAIN_PATH_LENGTH] = "path-length",
    [CHAIN_CRITICAL_EXTENSION] = "critical-extension",
    [CHAIN_MALFORMED] = "malformed",
    [CHAIN_TOO_LONG] = "chain-too-long",
    [CHAIN_NO_CERTIFICATE] = "no-certificate",
    [CHAIN_OTHER] = "other",
};

/* X509_STORE_CTX_get_error(3); what is not here is CHAIN_OTHER. */
static const struct {
    int code;
    enum chain_error error;
} codes[] = {
    { X509_V_ERR_CERT_HAS_EXPIRED, CHAIN_EXPIRED },
    { X509_V_ERR_CERT_NOT_YET_VALID, CHAIN_NOT_YET_VALID },
    { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, CHAIN_SELF_SIGNED },
    { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, CHAIN_UNKNOWN_ISSUER },
    { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, CHAIN_UNKNOWN_ISSUER },
    { X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, CHAIN_UNKNOWN_ISSUER },
    { X509_V_ERR_CERT_SIGNATURE_FAILURE, CHAIN_UNKNOWN_ISSUER },
    { X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, CHAIN_UNKNOWN_ISSUER },
    { X509_V_ERR_AKID_SKID_MISMATCH, CHAIN_UNKNOWN_ISSUER },
    { X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH, CHAIN_UNKNOWN_ISSUER },
    { X509_V_ERR_SUBJECT_ISSUER_MISMATCH, CHAIN_UNKNOWN_ISSUER },
    { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, CHAIN_UNTRUSTED_ROOT },
    { X509_V_ERR_CERT_UNTRUSTED, CHAIN_UNTRUSTED_ROOT },
    { X509_V_ERR_CERT_REJECTED, CHAIN_UNTRUSTED_ROOT },
    { X509_V_ERR_CERT_REVOKED, CHAIN_REVOKED },
    { X509_V_ERR_INVALID_PURPOSE, CHAIN_WRONG_PURPOSE },
    { X509_V_ERR_EE_KEY_TOO_SMALL, CHAIN_WEAK_KEY },
    { X509_V_ERR_CA_KEY_TOO_SMALL, CHAIN_WEAK_KEY },
    { X509_V_ERR_EC_KEY_EXPLICIT_PARAMS, CHAIN_WEAK_KEY },
    { X509_V_ERR_CA_MD_TOO_WEAK, CHAIN_WEAK_SIGNATURE },
    { X509_V_ERR_PERMITTED_VIOLATION, CHAIN_NAME_CONSTRAINTS },
    { X509_V_ERR_EXCLUDED_VIOLATION, CHAIN_NAME_CONSTRAINTS },
    { X509_V_ERR_SUBTREE_MINMAX, CHAIN_NAME_CONSTRAINTS },
    { X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, CHAIN_NAME_CONSTRAINTS },
    { X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, CHAIN_NAME_CONSTRAINTS },
    { X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, CHAIN_NAME_CONSTRAINTS },
    { X509_V_ERR_INVALID_CA, CHAIN_INVALID_CA },
    { X509_V_ERR_INVALID_NON_CA, CHAIN_INVALID_CA },
    { X509_V_ERR_KEYUSAGE_NO_CERTSIGN, CHAIN_INVALID_CA },
    { X509_V_ERR_CA_BCONS_NOT_CRITICAL, CHAIN_INVALID_CA },
    { X509_V_ERR_CA_CERT_MISSING_KEY_USAGE, CHAIN_INVALID_CA },
    { X509_V_ERR_KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA, CHAIN_INVALID_CA },
    { X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA, CHAIN_INVALID_CA },
    { X509_V_ERR_PATHLEN_WITHOUT_KU_KEY_CERT_SIGN, CHAIN_INVALID_CA },
    { X509_V_ERR_PROXY_CERTIFICATES_NOT_ALLOWED, CHAIN_INVALID_CA },
    { X509_V_ERR_PATH_LENGTH_EXCEEDED, CHAIN_PATH_LENGTH },
    { X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, CHAIN_CRITICAL_EXTENSION },
    { X509_V_ERR_CERT_CHAIN_TOO_LONG, CHAIN_TOO_LONG },
    { X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD, CHAIN_MALFORMED },
    { X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD, CHAIN_MALFORMED },
    { X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, CHAIN_MALFORMED },
    { X509_V_ERR_NO_ISSUER_PUBLIC_KEY, CHAIN_MALFORMED },
    { X509_V_ERR_INVALID_EXTENSION, CHAIN_MALFORMED },
    { X509_V_ERR_INVALID_POLICY_EXTENSION, CHAIN_MALFORMED },
    { X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH, CHAIN_MALFORMED },
    { X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY, CHAIN_MALFORMED },
    { X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM, CHAIN_MALFORMED },
    { X509_V_ERR_ISSUER_NAME_EMPTY, CHAIN_MALFORMED },
    { X509_V_ERR_SUBJECT_NAME_EMPTY, CHAIN_MALFORMED },
    { X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER, CHAIN_MALFORMED },
    { X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER, CHAIN_MALFORMED },
    { X509_V_ERR_AUTHORITY_KEY_IDENTIFIER_CRITICAL, CHAIN_MALFORMED },
    { X509_V_ERR_SUBJECT_KEY_IDENTIFIER_CRITICAL, CHAIN_MALFORMED },
    { X509_V_ERR_EMPTY_SUBJECT_ALT_NAME, CHAIN_MALFORMED },
    { X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL, CHAIN_MALFORMED },
    { X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3, CHAIN_MALFORMED },
};

const char *chain_error_word(enum chain_error error)
{
    return words[error];
}

/* Whether the verdict has it. Two malformations of one certificate are two errors, and so are two
 * that nobody knows; of the other kinds there is one of each in a certificate, whoever found it. */
static bool is_known(const struct chain_verdict *verdict, int depth, enum chain_error error,
                     const char *text)
{
    bool by_text = error == CHAIN_MALFORMED || error == CHAIN_INVALID_CA || error == CHAIN_OTHER;

    for (size_t i = 0; i < verdict->error_count; i++) {
        if (verdict->errors[i].depth == depth && verdict->errors[i].error == error &&
            (!by_text || strcmp(verdict->errors[i].text, text) == 0))
            return true;
    }
    return false;
}

void chain_errors_add(struct chain_verdict *verdict, int depth, enum chain_error error,
                      const char *text)
{
    if (error != CHAIN_NAME_MISMATCH)
        verdict->trusted = false;
    if (verdict->error_count == CHAIN_ERRORS_MOST || is_known(verdict, depth, error, text))
        return;
    verdict->errors[verdict->error_count].depth = depth;
    verdict->errors[verdict->error_count].error = error;
    (void)snprintf(verdict->errors[verdict->error_count].text,
                   sizeof(verdict->errors[verdict->error_count].text), "%s", text);
    verdict->error_count++;
}

void chain_errors_add_code(struct chain_verdict *verdict, int depth, int code)
{
    enum chain_error error = CHAIN_OTHER;

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i].code == code)
            error = codes[i].error;
    }
    chain_errors_add(verdict, depth, error, X509_verify_cert_error_string(code));
}
