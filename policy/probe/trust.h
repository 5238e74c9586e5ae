/* SPDX-License-Identifier: ISC */
/*
 * trust: the trust stores that requests name, loaded, and what they say of a chain.
 */
#ifndef FORCETLS_POLICY_PROBE_TRUST_H
#define FORCETLS_POLICY_PROBE_TRUST_H

#include <stdint.h>

#include "policy/connector.h"
#include "policy/probe/found.h"

/* Stores that are kept loaded, and for how long: one that was changed is seen after that. */
#define TRUST_STORES_MOST 64
#define TRUST_KEPT_MS 300000

struct trust_stores;

struct trust_stores *trust_new(void);
void trust_free(struct trust_stores *trust);

/* Verifies the address's chain against each store, in their order. `host`: the name that the
 * certificate is to have; NULL: there is none (an address). `now`: monotonic, for the stores. */
void trust_judge(struct trust_stores *trust, const struct string_list *stores, const char *host,
                 int64_t now, struct address_found *found);

#endif
