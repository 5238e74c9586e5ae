/* SPDX-License-Identifier: ISC */
/*
 * chain_inside: what a chain and a set of anchors are made of; for chain*.c and trust_anchors.c.
 */
#ifndef FORCETLS_POLICY_X509_CHAIN_INSIDE_H
#define FORCETLS_POLICY_X509_CHAIN_INSIDE_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/x509.h>

#include "policy/x509/chain.h"
#include "policy/x509/chain_facts.h"

struct chain {
    STACK_OF(X509) * certificates; /* `count` of them */
    struct chain_facts facts[CHAIN_MOST];
    size_t count;
    bool cut; /* there were more */
};

struct trust_anchors {
    X509_STORE *store;
};

#endif
