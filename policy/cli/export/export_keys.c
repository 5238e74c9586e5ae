/* SPDX-License-Identifier: ISC */
/*
 * An entry "contoso.com" needs the key of the name, ".contoso.com" that of the names below it,
 * "*.contoso.com" both. What counts for a key is asked of the rules, of a name that the key is for:
 * so the closest entry decides, and local_domains add up as in the TLS policy map.
 */
#include "config.h"

#include "policy/cli/export/export_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/find.h"

struct list {
    const struct rules *rules;
    struct export_keys *keys;
    size_t room;
    bool failed;
};

/* With a copy of the name. */
static void add(struct list *list, enum key_kind kind, const char *name, uint32_t index)
{
    struct export_keys *keys = list->keys;

    if (keys->count == list->room) {
        size_t room = list->room != 0 ? 2 * list->room : 64;
        struct export_key *grown = realloc(keys->keys, room * sizeof(*grown));

        if (grown == NULL) {
            list->failed = true;
            return;
        }
        keys->keys = grown;
        list->room = room;
    }
    keys->keys[keys->count] =
        (struct export_key){ .kind = kind, .name = strdup(name), .index = index };
    if (keys->keys[keys->count].name != NULL)
        keys->count++;
    else
        list->failed = true;
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_entry(const struct rules *rules, const struct domain *domain)
{
    struct domain_walk walk;

    domain_walk_start(&walk, connectors_table(rules->connectors, DIRECTION_OUTBOUND), domain);
    return domain_walk_next(&walk) && strcmp(walk.name, domain->name) == 0;
}

/* A name below `name` for which there is no entry of its own. False: none fits into the DNS. */
static bool make_name_below(const struct rules *rules, const char *name, struct domain *below)
{
    char text[DOMAIN_MAX + 3];

    for (char label = 'a'; label <= 'z'; label++) {
        int length = snprintf(text, sizeof(text), "%c.%s", label, name);

        if (length > DOMAIN_MAX)
            return false;
        domain_set(below, span_of(text));
        if (!is_entry(rules, below))
            return true;
    }
    return false;
}

static void add_entry(void *data, enum pattern_kind kind, const char *name, uint32_t value)
{
    struct list *list = data;
    struct domain below;

    if (kind == PATTERN_ANY) {
        if (list->keys->everybody == NULL)
            list->keys->everybody = connectors_get(list->rules->connectors, value);
        return;
    }
    if (kind != PATTERN_BELOW)
        add(list, KEY_NAME, name, value);
    if (kind != PATTERN_EXACT && make_name_below(list->rules, name, &below))
        add(list, KEY_BELOW, name, value);
}

static void add_hops(struct list *list, uint32_t index)
{
    const struct connector *connector = connectors_get(list->rules->connectors, index);
    char text[NEXT_HOP_TEXT_SIZE];
    struct next_hop hop;

    if (!connector->directions[DIRECTION_OUTBOUND])
        return;
    for (size_t i = 0; i < connector->next_hops.count; i++) {
        if (!next_hop_parse(&hop, span_of(connector->next_hops.strings[i]), NULL))
            continue;
        hop.tls_first = false; /* a setting of the transport: MTAs ask without it */
        next_hop_format(&hop, text);
        add(list, KEY_HOP, text, index);
    }
}

void export_key_asked(const struct rules *rules, const struct export_key *key,
                      char asked[EXPORT_ASKED_SIZE])
{
    struct domain below;

    if (key->kind == KEY_BELOW && make_name_below(rules, key->name, &below))
        (void)snprintf(asked, EXPORT_ASKED_SIZE, "%s", below.name);
    else
        (void)snprintf(asked, EXPORT_ASKED_SIZE, "%s", key->name);
}

/* ---- orders ---------------------------------------------------------------------------------- */

/* A hop that is a domain is the key of that domain. */
static bool same_key(const struct export_key *a, const struct export_key *b)
{
    return (a->kind == KEY_BELOW) == (b->kind == KEY_BELOW) && strcmp(a->name, b->name) == 0;
}

/* By what the key says, so that the same ones stand together, and first the one that stays. */
static int compare_keys(const void *left, const void *right)
{
    const struct export_key *a = left, *b = right;
    int order = strcmp(a->name, b->name);

    if (order == 0)
        order = (a->kind == KEY_BELOW) - (b->kind == KEY_BELOW);
    if (order == 0)
        order = (a->kind == KEY_HOP) - (b->kind == KEY_HOP);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

/* As they are printed. */
static int compare_places(const void *left, const void *right)
{
    const struct export_key *a = *(struct export_key *const *)left,
                            *b = *(struct export_key *const *)right;
    int order = (a->index > b->index) - (a->index < b->index);

    if (order == 0)
        order = (a->kind == KEY_HOP) - (b->kind == KEY_HOP);
    return order != 0 ? order : compare_keys(a, b);
}

static void drop_doubles(struct export_keys *keys)
{
    size_t kept = 0;

    for (size_t i = 0; i < keys->count; i++) {
        if (kept == 0 || !same_key(&keys->keys[kept - 1], &keys->keys[i]))
            keys->keys[kept++] = keys->keys[i];
        else
            free(keys->keys[i].name);
    }
    keys->count = kept;
}

/* ---- states ---------------------------------------------------------------------------------- */

struct gathered {
    const struct rules *rules;
    int64_t now;
    const struct connector **connectors;
    size_t most, count;
};

static void gather(void *data, const struct connector *connector)
{
    struct gathered *gathered = data;

    if (connector->level == LEVEL_MAY || rules_monitor(gathered->rules, connector, gathered->now))
        return;
    for (size_t i = 0; i < gathered->count && i < gathered->most; i++) {
        if (gathered->connectors[i] == connector)
            return;
    }
    if (gathered->count < gathered->most)
        gathered->connectors[gathered->count] = connector;
    gathered->count++;
}

/* Gives the number of the first connector, whether or not it demands anything; UINT32_MAX: none. */
static uint32_t gather_by_domain(struct gathered *gathered, const struct domain *domain)
{
    struct finder finder = { gathered->rules->connectors, DIRECTION_OUTBOUND, NULL };
    struct match match = { .by = MATCHED_BY_RECIPIENT };
    uint32_t first = UINT32_MAX;
    struct find_walk walk;

    find_walk_start(&walk, &finder, domain);
    while (find_walk_next(&walk, &match)) {
        if (first == UINT32_MAX)
            first = walk.walk.value;
        gather(gathered, match.connector);
    }
    return first;
}

static uint32_t gather_for(struct gathered *gathered, const struct export_key *key)
{
    char asked[EXPORT_ASKED_SIZE];
    struct domain domain;
    struct next_hop hop;

    if (key->kind == KEY_HOP) {
        if (next_hop_read(&hop, span_of(key->name)))
            connectors_by_next_hop(gathered->rules->connectors, &hop, gather, gathered);
        return key->index;
    }
    export_key_asked(gathered->rules, key, asked);
    domain_set(&domain, span_of(asked));
    return gather_by_domain(gathered, &domain);
}

size_t export_key_connectors(const struct rules *rules, const struct export_key *key, int64_t now,
                             const struct connector **connectors, size_t most)
{
    struct gathered gathered = { rules, now, connectors, most, 0 };

    (void)gather_for(&gathered, key);
    return gathered.count;
}

size_t export_everybody_connectors(const struct rules *rules, int64_t now,
                                   const struct connector **connectors, size_t most)
{
    struct gathered gathered = { rules, now, connectors, most, 0 };

    (void)gather_by_domain(&gathered, NULL);
    return gathered.count;
}

static void set_state(struct list *list, struct export_key *key, int64_t now)
{
    const struct connector *connectors[1];
    struct gathered gathered = { list->rules, now, connectors, 1, 0 };
    uint32_t index = gather_for(&gathered, key);
    struct next_hop hop;

    if (index != UINT32_MAX)
        key->index = index;
    /* Mail to a domain that is somebody's hop too goes there as well. */
    if (key->kind == KEY_NAME && next_hop_read(&hop, span_of(key->name)))
        connectors_by_next_hop(list->rules->connectors, &hop, gather, &gathered);
    key->state = gathered.count > 0 ? KEY_DEMANDED : KEY_FREE;
}

const struct export_key *export_keys_find(const struct export_keys *keys, const char *name,
                                          bool below)
{
    size_t first = 0, behind = keys->count;

    while (first < behind) {
        size_t middle = first + (behind - first) / 2;
        const struct export_key *key = &keys->keys[middle];
        int order = strcmp(key->name, name);

        if (order == 0)
            order = (key->kind == KEY_BELOW) - below;
        if (order == 0)
            return key;
        if (order < 0)
            first = middle + 1;
        else
            behind = middle;
    }
    return NULL;
}

/* The closest parent that has a key decides what a name without one would get. */
static bool parent_demands(const struct export_keys *keys, const struct export_key *key,
                           bool everybody)
{
    const char *parent = key->name;

    while ((parent = domain_parent(parent)) != NULL) {
        const struct export_key *found = export_keys_find(keys, parent, true);

        if (found != NULL)
            return found->state == KEY_DEMANDED;
    }
    return everybody;
}

static void set_states(struct list *list, bool everybody, int64_t now)
{
    struct export_keys *keys = list->keys;
    const struct connector *connectors[1];

    for (size_t i = 0; i < keys->count; i++)
        set_state(list, &keys->keys[i], now);
    everybody = everybody && export_everybody_connectors(list->rules, now, connectors, 1) > 0;
    for (size_t i = 0; i < keys->count; i++) {
        struct export_key *key = &keys->keys[i];

        if (key->state == KEY_FREE && key->kind != KEY_HOP && parent_demands(keys, key, everybody))
            key->state = KEY_EXCEPTED;
    }
}

static bool set_places(struct export_keys *keys)
{
    keys->places = calloc(keys->count + 1, sizeof(*keys->places));
    if (keys->places == NULL)
        return false;
    for (size_t i = 0; i < keys->count; i++)
        keys->places[i] = &keys->keys[i];
    qsort(keys->places, keys->count, sizeof(*keys->places), compare_places);
    return true;
}

/* ---- all of it ------------------------------------------------------------------------------- */

bool export_keys_make(struct export_keys *keys, const struct rules *rules, bool everybody,
                      int64_t now)
{
    struct list list = { .rules = rules, .keys = keys };

    *keys = (struct export_keys){ .keys = NULL };
    domain_table_each(connectors_table(rules->connectors, DIRECTION_OUTBOUND), add_entry, &list);
    for (uint32_t i = 0; i < connectors_count(rules->connectors); i++)
        add_hops(&list, i);
    if (list.failed)
        return false;
    if (keys->count > 0)
        qsort(keys->keys, keys->count, sizeof(*keys->keys), compare_keys);
    drop_doubles(keys);
    set_states(&list, everybody, now);
    return set_places(keys);
}

void export_keys_release(struct export_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        free(keys->keys[i].name);
    free(keys->keys);
    free(keys->places);
    *keys = (struct export_keys){ .keys = NULL };
}
