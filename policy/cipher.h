/* SPDX-License-Identifier: ISC */
/*
 * cipher: TLS protocols and cipher suites by name, OpenSSL's and IANA's spelling.
 */
#ifndef FORCETLS_POLICY_CIPHER_H
#define FORCETLS_POLICY_CIPHER_H

#include <stdbool.h>

#include "policy/span.h"

/* In the order of their age; what is not on the list is unknown, never "newer". */
enum tls_protocol {
    PROTOCOL_UNKNOWN,
    PROTOCOL_SSLV2,
    PROTOCOL_SSLV3,
    PROTOCOL_TLSV1,
    PROTOCOL_TLSV1_1,
    PROTOCOL_TLSV1_2,
    PROTOCOL_TLSV1_3
};

enum forward_secrecy { FORWARD_SECRECY_UNKNOWN, FORWARD_SECRECY_NO, FORWARD_SECRECY_YES };

/* OpenSSL's word (SSL_get_version(3)): "TLSv1.2"; "TLSv1.0" is read as "TLSv1". */
enum tls_protocol protocol_parse(struct span text);
const char *protocol_name(enum tls_protocol protocol);

/* Whether this build knows a suite of that name (for the configuration's checks). */
bool cipher_known(struct span name);

/* OpenSSL's spelling of a suite; of one that is not known the name as it is. */
const char *cipher_openssl_name(const char *name);

/* A suite of TLSv1.3: those have names of their own, and OpenSSL's cipher lists do not reach them.
 */
bool cipher_is_tls13(struct span name);

/* Letters, digits, "-" and "_": what every suite's name is made of. */
bool cipher_is_name(struct span name);

/* The same suite, whichever of its two spellings each side uses. */
bool cipher_equal(struct span a, struct span b);

/* Encrypts nothing (RFC 2246's NULL and RFC 9150's integrity-only suites). */
bool cipher_is_null(struct span name);

/* Nobody was authenticated (anonymous Diffie-Hellman). */
bool cipher_is_anonymous(struct span name);

/* A suite of TLSv1.3 under TLSv1.3, any other under an older protocol; what is not reported
 * disagrees with nothing. */
bool cipher_agrees(struct span name, enum tls_protocol protocol);

/* From the suite; for TLSv1.3 from the protocol (every suite of it has forward secrecy, but for
 * psk_ke, which no MTA reports). Unknown where protocol or suite are not known or disagree. */
enum forward_secrecy cipher_forward_secrecy(struct span name, enum tls_protocol protocol);

#endif
