/* SPDX-License-Identifier: ISC */
/*
 * chain_facts: what one certificate of a chain says.
 */
#ifndef FORCETLS_POLICY_X509_CHAIN_FACTS_H
#define FORCETLS_POLICY_X509_CHAIN_FACTS_H

#include <stdbool.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "policy/x509/chain.h"

/* The facts, and what their spans point into. The certificate must outlive them. */
struct chain_facts {
    struct chain_certificate told;
    char *texts[6]; /* of subject, issuer, subject_dn, issuer_dn, organization and unit */
    struct span *alt_names, *crls, *ocsp;
    GENERAL_NAMES *general_names;
    CRL_DIST_POINTS *points;
    AUTHORITY_INFO_ACCESS *access;
    char signature[80];
};

/* False: memory. Release it in any case. */
bool chain_facts_init(struct chain_facts *facts, const X509 *certificate);
void chain_facts_release(struct chain_facts *facts);

#endif
