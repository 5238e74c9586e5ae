/* SPDX-License-Identifier: ISC */
#include "policy/network_table.h"

#include <stdlib.h>
#include <string.h>

bool network_table_add(struct network_table *table, const struct network *network, uint32_t value)
{
    if (table->count == table->room) {
        size_t room = table->room != 0 ? 2 * table->room : 8;
        struct network_row *rows = realloc(table->rows, room * sizeof(*rows));

        if (rows == NULL)
            return false;
        table->rows = rows;
        table->room = room;
    }
    table->rows[table->count].network = *network;
    table->rows[table->count++].value = value;
    return true;
}

/* IPv4 before IPv6, then by prefix, then by address. */
static int compare_networks(const struct network *a, const struct network *b)
{
    if (a->ip.family != b->ip.family)
        return a->ip.family < b->ip.family ? -1 : 1;
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix ? -1 : 1;
    return memcmp(a->ip.bytes, b->ip.bytes, sizeof(a->ip.bytes));
}

static int compare_rows(const void *a, const void *b)
{
    const struct network_row *left = a, *right = b;
    int order = compare_networks(&left->network, &right->network);

    if (order != 0)
        return order;
    return left->value < right->value ? -1 : left->value > right->value;
}

void network_table_finish(struct network_table *table)
{
    if (table->count > 1)
        qsort(table->rows, table->count, sizeof(*table->rows), compare_rows);
}

void network_table_release(struct network_table *table)
{
    free(table->rows);
    memset(table, 0, sizeof(*table));
}

/* The first row from `start` on that is not below the network. */
static size_t lower_bound(const struct network_table *table, size_t start,
                          const struct network *network)
{
    size_t end = table->count;

    while (start < end) {
        size_t middle = start + (end - start) / 2;

        if (compare_networks(&table->rows[middle].network, network) < 0)
            start = middle + 1;
        else
            end = middle;
    }
    return start;
}

const struct network_row *network_table_next(const struct network_table *table, const struct ip *ip,
                                             size_t *position)
{
    while (ip->family != 0 && *position < table->count) {
        const struct network_row *row = &table->rows[*position];
        struct network wanted;

        if (network_contains(&row->network, ip)) {
            ++*position;
            return row;
        }
        if (row->network.ip.family > ip->family)
            break;
        if (row->network.ip.family < ip->family) {
            wanted = (struct network){ .ip = { .family = ip->family }, .prefix = 0 };
        } else {
            wanted = network_around(ip, row->network.prefix);
            /* Past this prefix length's only candidate: on to the next length. */
            if (compare_networks(&row->network, &wanted) > 0) {
                if (row->network.prefix == UINT8_MAX)
                    break;
                wanted = (struct network){ .ip = { .family = ip->family },
                                           .prefix = (uint8_t)(row->network.prefix + 1) };
            }
        }
        *position = lower_bound(table, *position, &wanted);
    }
    *position = table->count;
    return NULL;
}
