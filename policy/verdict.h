/* SPDX-License-Identifier: ISC */
/*
 * verdict: the words of a decision: what came out, what is done, and why.
 */
#ifndef FORCETLS_POLICY_VERDICT_H
#define FORCETLS_POLICY_VERDICT_H

#include <stdbool.h>

/* What came out of the rule, before anybody asks what to do about it. */
enum outcome {
    OUTCOME_NONE,   /* no connector: nothing demanded */
    OUTCOME_PASS,   /* all demands met */
    OUTCOME_EXEMPT, /* a connector applies, and this client is let off it */
    OUTCOME_FAIL,   /* a demand was seen not to be met */
    OUTCOME_UNKNOWN /* it cannot be told now */
};

/* What is done. In the order of strictness. */
enum verdict { VERDICT_PASS, VERDICT_DEFER, VERDICT_REJECT };

enum reason {
    REASON_NONE,
    REASON_NO_TLS,
    REASON_PROTOCOL_TOO_OLD,
    REASON_CIPHER_TOO_WEAK,
    REASON_NO_FORWARD_SECRECY,
    REASON_CIPHER_NOT_ALLOWED,
    REASON_NO_TRUSTED_CERTIFICATE,
    REASON_NO_CERTIFICATE,
    REASON_CERTIFICATE_NOT_TRUSTED,
    REASON_CERTIFICATE_MISMATCH,
    REASON_CERTIFICATE_EXPIRED,
    REASON_CERTIFICATE_RETIRED,
    REASON_CERTIFICATE_REVOKED,
    REASON_KEY_TOO_SMALL,
    REASON_CLIENT_NOT_ALLOWED,
    REASON_STARTTLS_NOT_OFFERED,
    REASON_STARTTLS_FAILED,
    REASON_TLS_NOT_REQUIRED,
    REASON_WRONG_NEXT_HOP,
    REASON_NOT_PROBED_YET,
    REASON_DNS_FAILURE,
    REASON_MX_UNREACHABLE,
    REASON_PROBER_FAILURE,
    REASON_NOT_REPORTED,
    REASON_INTERNAL_ERROR,
    REASON_NETWORK,       /* why a client is exempt */
    REASON_AUTHENTICATED, /* likewise */
    REASONS
};

struct reason_row {
    const char *word; /* in the log */
    const char
        *detail; /* the enhanced status code without its class: "7.10" (RFC 3463, RFC 7505) */
    const char *tlsrpt; /* RFC 8460, 4.3: the result type, or NULL */
};

/* The row of a reason; never NULL. */
const struct reason_row *reason_row(enum reason reason);
const char *reason_word(enum reason reason);
const char *outcome_word(enum outcome outcome);
const char *verdict_word(enum verdict verdict);

/* The stricter of two. */
enum verdict verdict_stricter(enum verdict a, enum verdict b);

#endif
