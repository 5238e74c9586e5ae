/* SPDX-License-Identifier: ISC */
/*
 * network_table: networks, each with a number, found by an address.
 *
 * Sorted by prefix length and address: looking up costs one binary search per prefix length in
 * use, however many networks there are. Built once, then read by many threads at a time.
 */
#ifndef FORCETLS_POLICY_NETWORK_TABLE_H
#define FORCETLS_POLICY_NETWORK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/network.h"

struct network_row {
    struct network network;
    uint32_t value;
};

struct network_table {
    struct network_row *rows;
    size_t count, room;
};

/* False where memory ran out. The caller zeroes the table before the first call. */
bool network_table_add(struct network_table *table, const struct network *network, uint32_t value);

/* Sorts; call it after the last addition. */
void network_table_finish(struct network_table *table);
void network_table_release(struct network_table *table);

/* The rows whose networks contain the address, one after the other: start with *position = 0;
 * NULL: no more. */
const struct network_row *network_table_next(const struct network_table *table, const struct ip *ip,
                                             size_t *position);

#endif
