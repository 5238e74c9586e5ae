/* SPDX-License-Identifier: ISC */
/*
 * hop_rules: which hops the rules name, and whether a hop is as all of them demand.
 */
#ifndef FORCETLS_MILTER_HOPS_HOP_RULES_H
#define FORCETLS_MILTER_HOPS_HOP_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "milter/hops/hops.h"
#include "policy/rules.h"

/* Pins all single hops that outbound connectors which demand anything name, and no others: of each
 * its next_hops, or else its domains (of "*.x" x itself). False: there is no such connector. */
bool hop_rules_pin(const struct rules *rules, struct hops *hops, int64_t now_ms);

/* Whether every connector that leads to a hop gets what it demands there. */
bool hop_rules_meet(const struct rules *rules, const char *hop, const struct hop_facts *facts);

#endif
