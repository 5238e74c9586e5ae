/* SPDX-License-Identifier: ISC */
/*
 * Open addressing over names; each name has a chain of (kind, value). The hash runs over a name
 * from its right end, so that one pass over a domain gives the hash of each of its suffixes.
 * Names come from the administrator's file, domains that are looked up from strangers: those
 * are never inserted, so nobody outside can make chains long.
 */
#include "policy/domain_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NOTHING UINT32_MAX
#define NEXT_NONE ((1u << 30) - 1)

struct slot {
    uint32_t hash;
    uint32_t name; /* offset into names; NOTHING: the slot is free */
    uint32_t head; /* the first entry */
};

struct entry {
    uint32_t value;
    uint32_t next : 30;
    uint32_t kind : 2;
};

struct domain_table {
    struct slot *slots;
    uint32_t slot_count; /* a power of 2 */
    uint32_t name_count;
    struct entry *entries;
    uint32_t entry_count, entry_room;
    char *names; /* NUL-terminated, one behind the other; names[0] is "" */
    size_t names_used, names_room;
};

#define HASH_START 2166136261u

/* FNV-1a, with a finish so that the low bits depend on all. */
static uint32_t hash_byte(uint32_t hash, char c)
{
    return (hash ^ (unsigned char)c) * 16777619u;
}

static uint32_t hash_finish(uint32_t hash)
{
    hash ^= hash >> 15;
    hash *= 0x2c1b3c6du;
    return hash ^ hash >> 13;
}

static uint32_t hash_name(const char *name, size_t length)
{
    uint32_t hash = HASH_START;

    while (length > 0)
        hash = hash_byte(hash, name[--length]);
    return hash_finish(hash);
}

struct domain_table *domain_table_new(void)
{
    struct domain_table *table = calloc(1, sizeof(*table));

    if (table == NULL)
        return NULL;
    table->slot_count = 4;
    table->slots = malloc(table->slot_count * sizeof(*table->slots));
    if (table->slots == NULL) {
        free(table);
        return NULL;
    }
    memset(table->slots, 0xff, table->slot_count * sizeof(*table->slots));
    return table;
}

void domain_table_free(struct domain_table *table)
{
    if (table == NULL)
        return;
    free(table->slots);
    free(table->entries);
    free(table->names);
    free(table);
}

/* The slot of a name, or the free one where it belongs. The table is never full. */
static struct slot *find_slot(const struct domain_table *table, uint32_t hash, const char *name,
                              size_t length)
{
    uint32_t mask = table->slot_count - 1;

    for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
        struct slot *slot = &table->slots[i];

        if (slot->name == NOTHING)
            return slot;
        if (slot->hash == hash && strlen(table->names + slot->name) == length &&
            memcmp(table->names + slot->name, name, length) == 0)
            return slot;
    }
}

/* Makes room so that at most three quarters of the slots are taken. */
static bool grow_slots(struct domain_table *table)
{
    uint32_t old_count = table->slot_count;
    struct slot *old = table->slots, *slots;

    if (table->name_count + 1 <= old_count / 4 * 3)
        return true;
    if (old_count > UINT32_MAX / 4)
        return false;
    slots = malloc(2 * (size_t)old_count * sizeof(*slots));
    if (slots == NULL)
        return false;
    memset(slots, 0xff, 2 * (size_t)old_count * sizeof(*slots));
    table->slot_count = 2 * old_count;
    table->slots = slots;
    for (uint32_t i = 0; i < old_count; i++) {
        uint32_t at = old[i].hash & (table->slot_count - 1);

        if (old[i].name == NOTHING)
            continue;
        while (slots[at].name != NOTHING)
            at = (at + 1) & (table->slot_count - 1);
        slots[at] = old[i];
    }
    free(old);
    return true;
}

static bool grow_names(struct domain_table *table, size_t length)
{
    size_t room = table->names_room != 0 ? table->names_room : 64;
    char *names;

    while (room - table->names_used < length + 1)
        room *= 2;
    if (room == table->names_room)
        return true;
    if (room >= NOTHING)
        return false;
    names = realloc(table->names, room);
    if (names == NULL)
        return false;
    table->names = names;
    table->names_room = room;
    return true;
}

static bool grow_entries(struct domain_table *table)
{
    uint32_t room = table->entry_room != 0 ? 2 * table->entry_room : 4;
    struct entry *entries;

    if (table->entry_count < table->entry_room)
        return true;
    if (room > NEXT_NONE)
        return false;
    entries = realloc(table->entries, room * sizeof(*entries));
    if (entries == NULL)
        return false;
    table->entries = entries;
    table->entry_room = room;
    return true;
}

bool domain_table_add(struct domain_table *table, const struct pattern *pattern, uint32_t value)
{
    const char *name = pattern->domain.name;
    size_t length = pattern->domain.length;
    uint32_t hash = hash_name(name, length);
    struct slot *slot;
    struct entry *entry;

    assert(!pattern->domain.cut && value <= NEXT_NONE);
    if (!grow_slots(table) || !grow_names(table, length) || !grow_entries(table))
        return false;
    slot = find_slot(table, hash, name, length);
    if (slot->name == NOTHING) {
        slot->hash = hash;
        slot->name = (uint32_t)table->names_used;
        slot->head = NEXT_NONE;
        memcpy(table->names + table->names_used, name, length + 1);
        table->names_used += length + 1;
        table->name_count++;
    }
    entry = &table->entries[table->entry_count];
    entry->value = value;
    entry->next = slot->head & NEXT_NONE;
    entry->kind = (uint32_t)pattern->kind & 3;
    slot->head = table->entry_count++;
    return true;
}

void domain_table_finish(struct domain_table *table)
{
    char *names = realloc(table->names, table->names_used + 1);
    struct entry *entries = realloc(table->entries, (table->entry_count + 1) * sizeof(*entries));

    if (names != NULL) {
        table->names = names;
        table->names_room = table->names_used + 1;
    }
    if (entries != NULL) {
        table->entries = entries;
        table->entry_room = table->entry_count + 1;
    }
}

size_t domain_table_count(const struct domain_table *table)
{
    return table->entry_count;
}

size_t domain_table_bytes(const struct domain_table *table)
{
    return sizeof(*table) + table->slot_count * sizeof(struct slot) +
           table->entry_room * sizeof(struct entry) + table->names_room;
}

/*
 * The walk: levels 0 .. levels - 1 are the domain and its parents, the last one is "". At each
 * level the chain is walked once per pass, so that an exact entry comes before a tree.
 */

static const enum pattern_kind pass_kinds[] = { PATTERN_EXACT, PATTERN_TREE, PATTERN_BELOW };
#define PASSES 3

/* The start and the hash of each suffix, longest first, from one pass from the right. */
static void walk_hash(struct domain_walk *walk)
{
    const struct domain *domain = walk->domain;
    uint32_t hash = HASH_START;
    unsigned found = 0, most = sizeof(walk->starts) / sizeof(walk->starts[0]);

    for (size_t i = domain->length; i > 0; i--) {
        hash = hash_byte(hash, domain->name[i - 1]);
        if ((i == 1 || domain->name[i - 2] == '.') && found < most) {
            walk->starts[found] = (uint8_t)(i - 1);
            walk->hashes[found++] = hash_finish(hash);
        }
    }
    walk->levels = found;
}

/* Level 0 is the whole name: the last suffix that was found. */
static uint32_t level_head(const struct domain_walk *walk)
{
    const struct domain_table *table = walk->table;
    unsigned i = walk->levels - 1 - walk->level;
    const char *name = walk->domain->name + walk->starts[i];
    size_t length = walk->domain->length - (size_t)walk->starts[i];
    const struct slot *slot = find_slot(table, walk->hashes[i], name, length);

    return slot->name == NOTHING ? NEXT_NONE : slot->head;
}

static uint32_t any_head(const struct domain_table *table)
{
    const struct slot *slot = find_slot(table, hash_name("", 0), "", 0);

    return slot->name == NOTHING ? NEXT_NONE : slot->head;
}

/* Finds the chain of the walk's level. */
static void walk_enter(struct domain_walk *walk)
{
    walk->pass = 0;
    walk->head = walk->level < walk->levels ? level_head(walk) : any_head(walk->table);
    walk->next = walk->head;
}

void domain_walk_start(struct domain_walk *walk, const struct domain_table *table,
                       const struct domain *domain)
{
    walk->table = table;
    walk->domain = domain;
    walk->level = walk->levels = walk->pass = 0;
    if (domain != NULL)
        walk_hash(walk);
    walk_enter(walk);
}

/* Whether a pattern of this kind at the walk's level covers the domain. */
static bool level_fits(const struct domain_walk *walk, enum pattern_kind kind)
{
    bool whole = walk->level == 0 && walk->starts[walk->levels - 1] == 0;

    /* The left end of a domain that was cut is no label boundary. */
    if (whole && walk->domain->cut)
        return false;
    switch (kind) {
    case PATTERN_EXACT:
        return whole;
    case PATTERN_TREE:
        return true;
    case PATTERN_BELOW:
        return !whole;
    case PATTERN_ANY:
        break;
    }
    return true;
}

/* The next level, or the next pass over this one; false: the walk is over. */
static bool walk_advance(struct domain_walk *walk)
{
    if (walk->level == walk->levels)
        return false;
    if (walk->head != NEXT_NONE && ++walk->pass < PASSES) {
        walk->next = walk->head;
        return true;
    }
    walk->level++;
    walk_enter(walk);
    return true;
}

bool domain_walk_next(struct domain_walk *walk)
{
    do {
        bool any = walk->level == walk->levels;

        while (walk->next != NEXT_NONE) {
            const struct entry *entry = &walk->table->entries[walk->next];

            walk->next = entry->next;
            if (!any && entry->kind != pass_kinds[walk->pass])
                continue;
            walk->kind = (enum pattern_kind)entry->kind;
            walk->value = entry->value;
            walk->name =
                any ? "" : walk->domain->name + walk->starts[walk->levels - 1 - walk->level];
            walk->fits = any || level_fits(walk, walk->kind);
            return true;
        }
    } while (walk_advance(walk));
    return false;
}

bool domain_table_covers(const struct domain_table *table, const struct domain *domain)
{
    struct domain_walk walk;

    domain_walk_start(&walk, table, domain);
    while (domain_walk_next(&walk)) {
        if (walk.fits)
            return true;
    }
    return false;
}

void domain_table_same(const struct domain_table *table, const struct pattern *pattern,
                       void (*visit)(void *data, uint32_t value), void *data)
{
    const char *name = pattern->domain.name;
    size_t length = pattern->domain.length;
    const struct slot *slot = find_slot(table, hash_name(name, length), name, length);

    if (slot->name == NOTHING)
        return;
    for (uint32_t i = slot->head; i != NEXT_NONE; i = table->entries[i].next) {
        if (table->entries[i].kind == (uint32_t)pattern->kind)
            visit(data, table->entries[i].value);
    }
}

void domain_table_each(const struct domain_table *table,
                       void (*visit)(void *data, enum pattern_kind kind, const char *name,
                                     uint32_t value),
                       void *data)
{
    for (uint32_t s = 0; s < table->slot_count; s++) {
        const struct slot *slot = &table->slots[s];

        if (slot->name == NOTHING)
            continue;
        for (uint32_t i = slot->head; i != NEXT_NONE; i = table->entries[i].next)
            visit(data, (enum pattern_kind)table->entries[i].kind, table->names + slot->name,
                  table->entries[i].value);
    }
}

static bool has_kind(const struct domain_table *table, uint32_t head, uint32_t kind)
{
    for (uint32_t i = head; i != NEXT_NONE; i = table->entries[i].next) {
        if (table->entries[i].kind == kind)
            return true;
    }
    return false;
}

bool domain_table_meet(const struct domain_table *a, const struct domain_table *b)
{
    for (uint32_t s = 0; s < a->slot_count; s++) {
        const struct slot *mine = &a->slots[s], *other;
        const char *name;

        if (mine->name == NOTHING)
            continue;
        name = a->names + mine->name;
        other = find_slot(b, mine->hash, name, strlen(name));
        if (other->name == NOTHING)
            continue;
        for (uint32_t i = mine->head; i != NEXT_NONE; i = a->entries[i].next) {
            if (has_kind(b, other->head, a->entries[i].kind))
                return true;
        }
    }
    return false;
}
