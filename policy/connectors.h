/* SPDX-License-Identifier: ISC */
/*
 * connectors: all connectors of a file, and the way from a partner's domain or address to one.
 *
 * Built by policy/conf in one thread, then read-only and shared.
 */
#ifndef FORCETLS_POLICY_CONNECTORS_H
#define FORCETLS_POLICY_CONNECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/connector.h"
#include "policy/domain_table.h"

struct connectors;

struct connectors *connectors_new(void);
void connectors_free(struct connectors *connectors);

/* Takes the connector over, also on failure (memory). `*index` is its number from then on. */
bool connectors_add(struct connectors *connectors, struct connector *connector, uint32_t *index);

/* Lets a pattern lead to a connector, in each of its directions. False where memory ran out. */
bool connectors_add_domain(struct connectors *connectors, uint32_t index,
                           const struct pattern *pattern);

/* The connector that the same pattern, or one that covers the same names at the same rank (.x
 * beside *.x), already leads to, in one direction of `index`'s and with a local_domains entry
 * in common (or both without); NULL: none. Ask before adding. */
const struct connector *connectors_conflict(const struct connectors *connectors, uint32_t index,
                                            const struct pattern *pattern);

/* Call it once, when all is added: sorts the client networks, indexes the next hops. False where
 * memory ran out. */
bool connectors_finish(struct connectors *connectors);

size_t connectors_count(const struct connectors *connectors);
const struct connector *connectors_get(const struct connectors *connectors, uint32_t index);
size_t connectors_bytes(const struct connectors *connectors);
bool connectors_has_direction(const struct connectors *connectors, enum direction direction);

/* The table of one direction; its values are indexes for connectors_get(). */
const struct domain_table *connectors_table(const struct connectors *connectors,
                                            enum direction direction);

/* Inbound connectors whose client_networks contain the address, one after the other (one whose
 * networks overlap may come twice): start with *position = 0; NULL: no more. Does not slow down
 * with the number of connectors. */
const struct connector *connectors_by_client(const struct connectors *connectors,
                                             const struct ip *client, size_t *position);

/* Outbound connectors of which one of next_hops is this place (next_hop_same_place()): calls
 * `visit(data, connector)` for each. Does not slow down with the number of connectors. */
struct next_hop;
void connectors_by_next_hop(const struct connectors *connectors, const struct next_hop *hop,
                            void (*visit)(void *data, const struct connector *connector),
                            void *data);

/* Whether a name is one of the connector's domains or lies below one. */
bool connectors_owns_name(const struct connectors *connectors, const struct connector *connector,
                          const struct domain *name);

#endif
