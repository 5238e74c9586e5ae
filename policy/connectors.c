/* SPDX-License-Identifier: ISC */
#include "policy/connectors.h"

#include <stdlib.h>
#include <string.h>

#include "policy/network_table.h"
#include "policy/next_hop.h"

struct connectors {
    struct connector **list;
    size_t count, room;
    struct domain_table *tables[DIRECTIONS];
    struct network_table clients; /* of the inbound ones */
    struct domain_table *hops;    /* hosts of next_hops of the outbound ones */
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
    connectors->hops = domain_table_new();
    if (connectors->hops == NULL) {
        connectors_free(connectors);
        return NULL;
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
    domain_table_free(connectors->hops);
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

static bool keep_name(struct connector *connector, const struct pattern *pattern)
{
    char text[DOMAIN_MAX + 3];

    if (!connector->directions[DIRECTION_OUTBOUND] || connector->level != LEVEL_SECURE ||
        connector->certificate_count > 0 || connector->domain_names.count == CONNECTOR_NAMES_MOST)
        return true;
    pattern_format(pattern->kind, pattern->domain.name, text, sizeof(text));
    return string_list_add(&connector->domain_names, text);
}

bool connectors_add_domain(struct connectors *connectors, uint32_t index,
                           const struct pattern *pattern)
{
    struct connector *connector = connectors->list[index];

    for (int i = 0; i < DIRECTIONS; i++) {
        if (connector->directions[i] && !domain_table_add(connectors->tables[i], pattern, index))
            return false;
    }
    return keep_name(connector, pattern);
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

static bool add_clients(struct connectors *connectors, const struct connector *connector,
                        uint32_t index)
{
    for (size_t n = 0; n < connector->client_networks.count; n++) {
        if (!network_table_add(&connectors->clients, &connector->client_networks.networks[n],
                               index))
            return false;
    }
    return true;
}

/* The hosts table's name for a hop. */
static void set_host(struct pattern *pattern, const struct next_hop *hop)
{
    char address[IP_TEXT_SIZE];

    pattern->kind = PATTERN_EXACT;
    pattern->domain = hop->name;
    if (hop->kind != NEXT_HOP_ADDRESS)
        return;
    ip_format(&hop->ip, address);
    domain_set(&pattern->domain, span_of(address));
}

/* policy/conf lets no next hop in that cannot be read. */
static bool add_next_hops(struct connectors *connectors, const struct connector *connector,
                          uint32_t index)
{
    for (size_t n = 0; n < connector->next_hops.count; n++) {
        struct next_hop hop;
        struct pattern pattern;

        if (!next_hop_parse(&hop, span_of(connector->next_hops.strings[n]), NULL))
            continue;
        set_host(&pattern, &hop);
        if (!domain_table_add(connectors->hops, &pattern, index))
            return false;
    }
    return true;
}

struct hop_search {
    const struct connectors *connectors;
    const struct next_hop *hop;
    void (*visit)(void *data, const struct connector *connector);
    void *data;
    const struct connector *last; /* one with two ports of a host is there twice, side by side */
};

static void hop_visit(void *data, uint32_t value)
{
    struct hop_search *search = data;
    const struct connector *connector = search->connectors->list[value];
    bool has = false;

    for (size_t n = 0; n < connector->next_hops.count && connector != search->last; n++) {
        struct next_hop hop;

        has = has || (next_hop_parse(&hop, span_of(connector->next_hops.strings[n]), NULL) &&
                      next_hop_same_place(&hop, search->hop));
    }
    search->last = connector;
    if (has)
        search->visit(search->data, connector);
}

void connectors_by_next_hop(const struct connectors *connectors, const struct next_hop *hop,
                            void (*visit)(void *data, const struct connector *connector),
                            void *data)
{
    struct hop_search search = { connectors, hop, visit, data, NULL };
    struct pattern pattern;

    set_host(&pattern, hop);
    domain_table_same(connectors->hops, &pattern, hop_visit, &search);
}

bool connectors_finish(struct connectors *connectors)
{
    for (size_t i = 0; i < connectors->count; i++) {
        const struct connector *connector = connectors->list[i];

        if (connector->directions[DIRECTION_INBOUND] &&
            !add_clients(connectors, connector, (uint32_t)i))
            return false;
        if (connector->directions[DIRECTION_OUTBOUND] &&
            !add_next_hops(connectors, connector, (uint32_t)i))
            return false;
    }
    network_table_finish(&connectors->clients);
    domain_table_finish(connectors->hops);
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
    return bytes + domain_table_bytes(connectors->hops);
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
