/* SPDX-License-Identifier: ISC */
/*
 * chain: a certificate chain as a server sent it: what its certificates say, and whether a trust
 * store vouches for it.
 *
 * Verification is strict where OpenSSL's defaults are not. It says all that is wrong and not just
 * the first thing. Beyond what OpenSSL and its X509_V_FLAG_X509_STRICT ask for:
 *
 *   purpose    the server's certificate has serverAuth, not anyExtendedKeyUsage, and is no CA's
 *   strength   RSA from 2048 bits, elliptic curves from 256; no MD5, no SHA-1, no DSA
 *   form       RFC 5280's profile of versions, serial numbers, dates and extensions; no control
 *              characters in names
 *   names      RFC 9525: subjectAltName alone. The common name does not count, not even where there
 *              is no subjectAltName; and where there is one, a common name that could be a host's
 *              has to be in it, or the chain is not trusted: it would be a name that no CA vouches
 *              for, and other programs (and a name in our file) are compared with it
 *   anchors    what the trust store has, never what the peer has sent: a root; or where the way to
 *              a root is not there, a CA in the store, whoever issued it, as for Postfix's tafile;
 *              or the server's own certificate, where it is self-signed. What roots in public use
 *              lack (a critical basicConstraints, key usage, identifiers, a serial number) is let
 *              pass in a root, and its own signature does not count
 *
 * One way to an anchor is tried, that which OpenSSL takes, since the MTAs that deliver take it,
 * too. Revocation is not asked for here.
 */
#ifndef FORCETLS_POLICY_X509_CHAIN_H
#define FORCETLS_POLICY_X509_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/digest.h"
#include "policy/span.h"
#include "policy/why.h"

struct stack_st_X509; /* OpenSSL's */

#define CHAIN_MOST 10 /* certificates that are looked at */

struct chain;

/* Takes references on the certificates as sent, leaf first (SSL_get_peer_cert_chain(3)). NULL where
 * memory ran out. An empty or NULL stack makes an empty chain. */
struct chain *chain_new(struct stack_st_X509 *certificates);

/* Reads PEM, leaf first. NULL: `why`. */
struct chain *chain_read(struct span pem, struct why *why);
void chain_free(struct chain *chain);

size_t chain_count(const struct chain *chain);

/* What one certificate says. Texts are the chain's; a span that is not known: it has none, or no
 * single one. */
struct chain_certificate {
    struct span subject, issuer;       /* common names (the first, as the MTAs take it) */
    struct span subject_dn, issuer_dn; /* RFC 2253 */
    struct span organization, organizational_unit;
    bool has_alt_names;           /* subjectAltName is there, even without a DNS name in it */
    const struct span *alt_names; /* its DNS names */
    size_t alt_name_count;
    const char *key_type; /* "RSA", "EC", "Ed25519" ... */
    int key_bits;
    const char *signature; /* "sha256WithRSAEncryption" */
    int64_t from, until;   /* seconds since 1970 */
    struct digest fingerprint, public_key;
    const struct span *crls, *ocsp; /* addresses */
    size_t crl_count, ocsp_count;
};

const struct chain_certificate *chain_get(const struct chain *chain, size_t index);

/* PEM of one; the caller's, to be given to free(). NULL: memory. */
char *chain_pem(const struct chain *chain, size_t index);

/* A loaded trust store (file of PEM certificates or folder; "" is OpenSSL's default). Loaded once,
 * used for many verifications. */
struct trust_anchors;
struct trust_anchors *trust_anchors_load(const char *path, struct why *why);
void trust_anchors_free(struct trust_anchors *anchors);

enum chain_error {
    CHAIN_EXPIRED,
    CHAIN_NOT_YET_VALID,
    CHAIN_SELF_SIGNED,
    CHAIN_UNKNOWN_ISSUER,
    CHAIN_UNTRUSTED_ROOT,
    CHAIN_REVOKED,
    CHAIN_WRONG_PURPOSE,
    CHAIN_WEAK_KEY,
    CHAIN_WEAK_SIGNATURE,
    CHAIN_NAME_MISMATCH,
    CHAIN_NAME_CONSTRAINTS,
    CHAIN_INVALID_CA,
    CHAIN_PATH_LENGTH,
    CHAIN_CRITICAL_EXTENSION,
    CHAIN_MALFORMED,
    CHAIN_TOO_LONG,
    CHAIN_NO_CERTIFICATE,
    CHAIN_OTHER,
    CHAIN_ERRORS
};
const char *chain_error_word(enum chain_error error); /* policy/probe/FORMAT */

#define CHAIN_ERRORS_MOST 8

struct chain_verdict {
    bool trusted;  /* the chain, dates, purpose and strength; the name apart */
    bool names_ok; /* the server's certificate names the host, trusted or not */
    bool has_anchor_name;
    char anchor[256]; /* common name of the verified chain's anchor; only where trusted, and where
                         it is a text without NUL that fits */
    struct digest anchor_fingerprint;
    struct {
        int depth;
        enum chain_error error;
        char text[128];
    } errors[CHAIN_ERRORS_MOST];
    size_t error_count;
};

/* Verifies for a server called `host` (canonical; without a trailing dot; an address in text is
 * held against iPAddress; NULL: no name to check, names_ok false) at the moment `now`. A name
 * mismatch is among the errors and does not make `trusted` false. Errors for which there is no room
 * are not listed. */
void chain_verify(const struct chain *chain, const struct trust_anchors *anchors, const char *host,
                  int64_t now, struct chain_verdict *verdict);

#endif
