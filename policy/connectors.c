/* SPDX-License-Identifier: ISC */
#include "policy/connectors.h"

#include <stdlib.h>
#include <string.h>

#include "policy/network_table.h"

struct connectors {
    struct connector **list;
    size_t count, room;
    struct domain_table *tables[DIRECTIONS];
    struct network_table clients; /* of the inbound ones */
};

struct connectors *connectors_new(void)
{
    struct connectors *connectors = calloc(1, sizeof(*connectors));

    if (connectors == NULL)
        return NULL;
    for (int i = 0; i < DIRECTIONS; i++) {
        connectors->tables[i] = domain_table_new();
        if (connectors->tables[i] == NULL) {
            connectors_free(connectors);
            return NULL;
        }
    }
    return connectors;
}

void connectors_free(struct connectors *connectors)
{
    if (connectors == NULL)
        return;
    for (size_t i = 0; i < connectors->count; i++)
        connector_free(connectors->list[i]);
    free(connectors->list);
    for (int i = 0; i < DIRECTIONS; i++)
        domain_table_free(connectors->tables[i]);
    network_table_release(&connectors->clients);
    free(connectors);
}

bool connectors_add(struct connectors *connectors, struct connector *connector, uint32_t *index)
{
    if (connectors->count == connectors->room) {
        size_t room = connectors->room != 0 ? 2 * connectors->room : 8;
        struct connector **list = realloc(connectors->list, room * sizeof(*list));

        if (list == NULL) {
            connector_free(connector);
            return false;
        }
        connectors->list = list;
        connectors->room = room;
    }
    *index = (uint32_t)connectors->count;
    connectors->list[connectors->count++] = connector;
    return true;
}

bool connectors_add_domain(struct connectors *connectors, uint32_t index,
                           const struct pattern *pattern)
{
    const struct connector *connector = connectors->list[index];

    for (int i = 0; i < DIRECTIONS; i++) {
        if (connector->directions[i] && !domain_table_add(connectors->tables[i], pattern, index))
            return false;
    }
    return true;
}

/* Both serve all domains of ours, or there is an entry that both have. */
static bool local_domains_meet(const struct connector *a, const struct connector *b)
{
    if (a->local_domains == NULL || b->local_domains == NULL)
        return a->local_domains == b->local_domains;
    return domain_table_meet(a->local_domains, b->local_domains);
}

struct conflict_search {
    const struct connectors *connectors;
    const struct connector *asking;
    const struct connector *found;
};

static void conflict_visit(void *data, uint32_t value)
{
    struct conflict_search *search = data;
    const struct connector *other = search->connectors->list[value];

    if (other != search->asking && local_domains_meet(search->asking, other))
        search->found = other;
}

const struct connector *connectors_conflict(const struct connectors *connectors, uint32_t index,
                                            const struct pattern *pattern)
{
    struct conflict_search search = { connectors, connectors->list[index], NULL };
    struct pattern beside = *pattern;

    if (pattern->kind == PATTERN_TREE)
        beside.kind = PATTERN_BELOW;
    else if (pattern->kind == PATTERN_BELOW)
        beside.kind = PATTERN_TREE;
    for (int i = 0; i < DIRECTIONS && search.found == NULL; i++) {
        if (!search.asking->directions[i])
            continue;
        domain_table_same(connectors->tables[i], pattern, conflict_visit, &search);
        if (beside.kind != pattern->kind)
            domain_table_same(connectors->tables[i], &beside, conflict_visit, &search);
    }
    return search.found;
}

bool connectors_finish(struct connectors *connectors)
{
    for (size_t i = 0; i < connectors->count; i++) {
        const struct connector *connector = connectors->list[i];

        if (!connector->directions[DIRECTION_INBOUND])
            continue;
        for (size_t n = 0; n < connector->client_networks.count; n++) {
            if (!network_table_add(&connectors->clients, &connector->client_networks.networks[n],
                                   (uint32_t)i))
                return false;
        }
    }
    network_table_finish(&connectors->clients);
    for (int i = 0; i < DIRECTIONS; i++)
        domain_table_finish(connectors->tables[i]);
    return true;
}

size_t connectors_count(const struct connectors *connectors)
{
    return connectors->count;
}

const struct connector *connectors_get(const struct connectors *connectors, uint32_t index)
{
    return connectors->list[index];
}

size_t connectors_bytes(const struct connectors *connectors)
{
    size_t bytes = sizeof(*connectors) + connectors->room * sizeof(void *) +
                   connectors->count * sizeof(struct connector) +
                   connectors->clients.room * sizeof(struct network_row);

    for (int i = 0; i < DIRECTIONS; i++)
        bytes += domain_table_bytes(connectors->tables[i]);
    return bytes;
}

bool connectors_has_direction(const struct connectors *connectors, enum direction direction)
{
    for (size_t i = 0; i < connectors->count; i++) {
        if (connectors->list[i]->directions[direction])
            return true;
    }
    return false;
}

const struct domain_table *connectors_table(const struct connectors *connectors,
                                            enum direction direction)
{
    return connectors->tables[direction];
}

const struct connector *connectors_by_client(const struct connectors *connectors,
                                             const struct ip *client, size_t *position)
{
    const struct network_row *row = network_table_next(&connectors->clients, client, position);

    return row != NULL ? connectors->list[row->value] : NULL;
}

bool connectors_owns_name(const struct connectors *connectors, const struct connector *connector,
                          const struct domain *name)
{
    int direction =
        connector->directions[DIRECTION_INBOUND] ? DIRECTION_INBOUND : DIRECTION_OUTBOUND;
    struct domain_walk walk;

    domain_walk_start(&walk, connectors->tables[direction], name);
    while (domain_walk_next(&walk)) {
        /* Below an exact entry, or covered by any other; "*" owns no name. */
        if (connectors->list[walk.value] == connector && walk.kind != PATTERN_ANY &&
            (walk.fits || walk.kind == PATTERN_EXACT))
            return true;
    }
    return false;
}
