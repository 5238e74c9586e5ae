/* SPDX-License-Identifier: ISC */
#include "policy/verdict.h"

#include <stddef.h>

static const struct reason_row rows[REASONS] = {
    [REASON_NONE] = { "none", "0.0", NULL },
    [REASON_NO_TLS] = { "no-tls", "7.10", "starttls-not-supported" },
    [REASON_PROTOCOL_TOO_OLD] = { "protocol-too-old", "7.6", "validation-failure" },
    [REASON_CIPHER_TOO_WEAK] = { "cipher-too-weak", "7.6", "validation-failure" },
    [REASON_NO_FORWARD_SECRECY] = { "no-forward-secrecy", "7.6", "validation-failure" },
    [REASON_CIPHER_NOT_ALLOWED] = { "cipher-not-allowed", "7.6", "validation-failure" },
    [REASON_NO_TRUSTED_CERTIFICATE] = { "no-trusted-certificate", "7.5",
                                        "certificate-not-trusted" },
    [REASON_NO_CERTIFICATE] = { "no-certificate", "7.5", "certificate-not-trusted" },
    [REASON_CERTIFICATE_NOT_TRUSTED] = { "certificate-not-trusted", "7.5",
                                         "certificate-not-trusted" },
    [REASON_CERTIFICATE_MISMATCH] = { "certificate-mismatch", "7.5", "certificate-host-mismatch" },
    [REASON_CERTIFICATE_EXPIRED] = { "certificate-expired", "7.5", "certificate-expired" },
    [REASON_CERTIFICATE_RETIRED] = { "certificate-retired", "7.5", "certificate-expired" },
    [REASON_CERTIFICATE_REVOKED] = { "certificate-revoked", "7.5", "certificate-not-trusted" },
    [REASON_KEY_TOO_SMALL] = { "key-too-small", "7.5", "validation-failure" },
    [REASON_CLIENT_NOT_ALLOWED] = { "client-not-allowed", "7.1", NULL },
    [REASON_STARTTLS_NOT_OFFERED] = { "starttls-not-offered", "7.4", "starttls-not-supported" },
    [REASON_STARTTLS_FAILED] = { "starttls-failed", "7.4", "validation-failure" },
    [REASON_TLS_NOT_REQUIRED] = { "tls-not-required", "7.10", NULL },
    [REASON_WRONG_NEXT_HOP] = { "wrong-next-hop", "7.5", NULL },
    [REASON_NOT_PROBED_YET] = { "not-probed-yet", "7.5", NULL },
    [REASON_DNS_FAILURE] = { "dns-failure", "4.3", NULL },
    [REASON_MX_UNREACHABLE] = { "mx-unreachable", "4.1", NULL },
    [REASON_PROBER_FAILURE] = { "prober-failure", "3.0", NULL },
    [REASON_NOT_REPORTED] = { "not-reported", "3.5", NULL },
    [REASON_INTERNAL_ERROR] = { "internal-error", "3.0", NULL },
    [REASON_NETWORK] = { "network", "0.0", NULL },
    [REASON_AUTHENTICATED] = { "authenticated", "0.0", NULL },
};

const struct reason_row *reason_row(enum reason reason)
{
    return &rows[reason];
}

const char *reason_word(enum reason reason)
{
    return rows[reason].word;
}

const char *outcome_word(enum outcome outcome)
{
    static const char *const words[] = {
        [OUTCOME_NONE] = "none", [OUTCOME_PASS] = "pass",       [OUTCOME_EXEMPT] = "exempt",
        [OUTCOME_FAIL] = "fail", [OUTCOME_UNKNOWN] = "unknown",
    };

    return words[outcome];
}

const char *verdict_word(enum verdict verdict)
{
    static const char *const words[] = {
        [VERDICT_PASS] = "pass", [VERDICT_DEFER] = "defer", [VERDICT_REJECT] = "reject"
    };

    return words[verdict];
}

enum verdict verdict_stricter(enum verdict a, enum verdict b)
{
    return a > b ? a : b;
}
