/* SPDX-License-Identifier: ISC */
/*
 * details: single details of a certificate as texts, numbers and digests.
 */
#ifndef FORCETLS_POLICY_X509_DETAILS_H
#define FORCETLS_POLICY_X509_DETAILS_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "policy/digest.h"
#include "policy/span.h"

/* The text of a string of ASN.1 in UTF-8, NULs and control characters and all; the bytes as they
 * are where it is no text of its type (invalid UTF-8, say), and then `*sound` is false. A NUL
 * stands behind it. The caller's, to be given to free(); NULL: memory. */
char *details_text(const ASN1_STRING *string, size_t *length, bool *sound);

/* The bytes of a string of ASN.1 where they are; never NULL. */
struct span details_bytes(const ASN1_STRING *string);

/* Seconds since 1970; `otherwise` for a date that is none. */
int64_t details_seconds(const ASN1_TIME *date, int64_t otherwise);

/* SHA-256 of the certificate, of its SubjectPublicKeyInfo. False: memory. */
bool details_fingerprint(const X509 *certificate, struct digest *digest);
bool details_public_key(const X509 *certificate, struct digest *digest);

#endif
