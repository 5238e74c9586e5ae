/* SPDX-License-Identifier: ISC */
/*
 * chain_checks: what OpenSSL does not look at when it verifies a chain. Each adds to the verdict
 * what it finds.
 */
#ifndef FORCETLS_POLICY_X509_CHAIN_CHECKS_H
#define FORCETLS_POLICY_X509_CHAIN_CHECKS_H

#include <stdbool.h>

#include <openssl/x509.h>

#include "policy/x509/chain.h"

/* A certificate in its place in the chain that was built; 0 is the server's. */
struct chain_link {
    X509 *certificate;
    int depth;
    bool self_signed;
    bool anchor; /* the chain ends here, and the trust store has it */
};

/* Keys and signatures: RSA from 2048 bits, elliptic curves from 256, 112 bits of strength. */
void chain_check_strength(const struct chain_link *link, struct chain_verdict *verdict);

/* RFC 5280's profile (4.1 and 4.2) in what can be told of one certificate alone. */
void chain_check_profile(const struct chain_link *link, struct chain_verdict *verdict);

/* Its extensions: none twice, each that OpenSSL knows is what it says, bytes to the end. */
void chain_check_extensions(const struct chain_link *link, struct chain_verdict *verdict);

/* The server's certificate: no CA, serverAuth, and a common name that is among its subjectAltNames
 * (CA/Browser Forum, Baseline Requirements, 7.1.2.7 and 7.1.4.3). */
void chain_check_leaf(const struct chain_link *link, struct chain_verdict *verdict);

/* Names of the leaf that OpenSSL finds within the name constraints of this CA and that may stand
 * for one outside: wildcards. */
void chain_check_constraints(const struct chain_link *link, X509 *leaf,
                             struct chain_verdict *verdict);

/* Whether the certificate names the host (a name, or an address in text); if not, the verdict has
 * the reason. */
bool chain_check_name(X509 *leaf, const char *host, struct chain_verdict *verdict);

#endif
