/* SPDX-License-Identifier: ISC */
/*
 * A hop that several connectors name is looked at once, with the trust stores of all of them.
 */
#include "config.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cli/probe/probe.h"
#include "policy/find.h"
#include "policy/probe/ask.h"

/* ---- lists ----------------------------------------------------------------------------------- */

/* Room for one more of `size` bytes; false: no memory. */
static bool grow(void **items, size_t count, size_t *room, size_t size)
{
    size_t more = *room != 0 ? 2 * *room : 16;
    void *grown;

    if (count < *room)
        return true;
    grown = realloc(*items, more * size);
    if (grown == NULL)
        return false;
    *items = grown;
    *room = more;
    return true;
}

static void hop_free(struct probe_hop *hop)
{
    string_list_release(&hop->stores);
    json_decref(hop->result);
    free(hop->facts);
    free(hop->error);
    free(hop);
}

static int compare_hops(const void *a, const void *b)
{
    return strcmp(((const struct probe_hop *)a)->text, ((const struct probe_hop *)b)->text);
}

static bool hops_append(struct probe *probe, struct probe_hop *hop)
{
    void *items = probe->hops;

    if (!grow(&items, probe->hop_count, &probe->hop_room, sizeof(struct probe_hop *)))
        return false;
    probe->hops = items;
    probe->hops[probe->hop_count] = hop;
    return true;
}

/* The hop of that name, perhaps a new one; NULL: no memory. */
static struct probe_hop *find_hop(struct probe *probe, const struct next_hop *wanted)
{
    struct probe_hop *hop = calloc(1, sizeof(*hop)), **found;

    if (hop == NULL || !hops_append(probe, hop)) {
        free(hop);
        return NULL;
    }
    next_hop_format(wanted, hop->text);
    found = tsearch(hop, &probe->by_text, compare_hops);
    if (found != NULL && *found == hop)
        probe->hop_count++;
    else
        free(hop);
    return found != NULL ? *found : NULL;
}

struct probe_hop *probe_find(struct probe *probe, const char *text)
{
    struct next_hop hop;

    return next_hop_read(&hop, span_of(text)) ? find_hop(probe, &hop) : NULL;
}

static bool add_case(struct probe *probe, uint32_t connector, struct probe_hop *hop)
{
    void *items = probe->cases;

    for (size_t i = probe->all ? probe->case_count : 0; i < probe->case_count; i++) {
        if (probe->cases[i].index == connector && probe->cases[i].hop == hop)
            return true; /* named twice */
    }
    if (!grow(&items, probe->case_count, &probe->case_room, sizeof(struct probe_case)))
        return false;
    probe->cases = items;
    probe->cases[probe->case_count++] = (struct probe_case){
        .connector = connectors_get(probe->rules->connectors, connector),
        .index = connector,
        .hop = hop,
    };
    return true;
}

/* By connector, then by hop. */
static int compare_cases(const void *left, const void *right)
{
    const struct probe_case *a = left, *b = right;

    if (a->index != b->index)
        return a->index > b->index ? 1 : -1;
    if (a->hop == NULL || b->hop == NULL)
        return (a->hop != NULL) - (b->hop != NULL);
    return strcmp(a->hop->text, b->hop->text);
}

/* Those from `first` on, which a table of domains gave in no order. */
static void sort_cases(struct probe *probe, size_t first)
{
    if (probe->case_count > first)
        qsort(probe->cases + first, probe->case_count - first, sizeof(*probe->cases),
              compare_cases);
}

static bool has_store(const struct probe_hop *hop, const char *store)
{
    for (size_t i = 0; i < hop->stores.count; i++) {
        if (strcmp(hop->stores.strings[i], store) == 0)
            return true;
    }
    return false;
}

/* A store more than the prober takes is left out: what it would say is not known then. */
static bool add_store(struct probe_hop *hop, const char *store)
{
    return has_store(hop, store) || hop->stores.count == ASK_STORES_MOST ||
           string_list_add(&hop->stores, store);
}

/* ---- a connector's hops ---------------------------------------------------------------------- */

struct gathering {
    struct probe *probe;
    uint32_t index; /* whose hops are wanted */
    bool allows_private;
    size_t added;
    bool failed;
};

static void add_hop(struct gathering *gathering, const struct next_hop *hop, bool allows_private)
{
    struct probe *probe = gathering->probe;
    const struct connector *connector = connectors_get(probe->rules->connectors, gathering->index);
    struct probe_hop *found = find_hop(probe, hop);

    if (found == NULL || !add_case(probe, gathering->index, found) ||
        !add_store(found, rules_trust_store(probe->rules, connector))) {
        gathering->failed = true;
        return;
    }
    if (allows_private || gathering->allows_private)
        found->allows_private = true;
    found->has_case = true;
    gathering->added++;
}

/* A domain whose mail goes to its own MX. */
static void add_domain(void *data, enum pattern_kind kind, const char *name, uint32_t value)
{
    struct gathering *gathering = data;
    struct next_hop hop;

    if (value == gathering->index && (kind == PATTERN_EXACT || kind == PATTERN_TREE) &&
        next_hop_read(&hop, span_of(name)))
        add_hop(gathering, &hop, false);
}

static void add_next_hops(struct gathering *gathering, const struct connector *connector)
{
    struct next_hop hop;

    for (size_t i = 0; i < connector->next_hops.count; i++) {
        if (next_hop_parse(&hop, span_of(connector->next_hops.strings[i]), NULL))
            add_hop(gathering, &hop, true);
    }
}

/* One of a connector's entries is kept, a single name sooner than others. */
static void keep_entry(void *data, enum pattern_kind kind, const char *name, uint32_t value)
{
    struct probe_entry *entry = &((struct probe *)data)->entries[value];

    if (entry->name == NULL || kind < entry->kind)
        *entry = (struct probe_entry){ name, kind };
}

static bool find_entries(struct probe *probe)
{
    const struct connectors *connectors = probe->rules->connectors;

    if (probe->entries != NULL)
        return true;
    probe->entries = calloc(connectors_count(connectors) + 1, sizeof(*probe->entries));
    if (probe->entries == NULL)
        return false;
    domain_table_each(connectors_table(connectors, DIRECTION_OUTBOUND), keep_entry, probe);
    return true;
}

/* ---- arguments ------------------------------------------------------------------------------- */

static bool find_connector(const struct probe *probe, const char *name, uint32_t *index)
{
    const struct connectors *connectors = probe->rules->connectors;

    for (*index = 0; *index < connectors_count(connectors); ++*index) {
        if (strcmp(connectors_get(connectors, *index)->name, name) == 0)
            return true;
    }
    return false;
}

static bool add_connector(struct probe *probe, uint32_t index, bool allows_private, struct why *why)
{
    const struct connector *connector = connectors_get(probe->rules->connectors, index);
    struct gathering gathering = { probe, index, allows_private, 0, false };
    size_t first = probe->case_count;

    if (!connector->directions[DIRECTION_OUTBOUND])
        return why_fail(why, "connector '%s' is inbound: it names no next hop", connector->name);
    if (connector->next_hops.count > 0)
        add_next_hops(&gathering, connector);
    else
        domain_table_each(connectors_table(probe->rules->connectors, DIRECTION_OUTBOUND),
                          add_domain, &gathering);
    if (gathering.failed)
        return why_fail(why, "out of memory");
    if (connector->next_hops.count == 0)
        sort_cases(probe, first);
    if (gathering.added > 0)
        return true;
    return why_fail(why,
                    "connector '%s' names no single domain, only the names below one, or '*': "
                    "name the domain to look at instead",
                    connector->name);
}

/* Connectors that mail by this hop is held to: those of the domain that it is, and those that have
 * it in next_hops. */
struct holders {
    struct gathering gathering;
    const struct next_hop *hop;
};

static void add_holder(void *data, const struct connector *connector)
{
    struct holders *holders = data;

    if (find_connector(holders->gathering.probe, connector->name, &holders->gathering.index))
        add_hop(&holders->gathering, holders->hop, true);
}

static bool add_holders(struct probe *probe, const struct next_hop *hop, bool allows_private)
{
    struct holders holders = { { probe, 0, allows_private, 0, false }, hop };
    struct finder finder = { probe->rules->connectors, DIRECTION_OUTBOUND, NULL };
    struct match match = { .by = MATCHED_BY_RECIPIENT };
    struct find_walk walk;

    if (hop->kind == NEXT_HOP_DOMAIN && hop->port == 0) {
        find_walk_start(&walk, &finder, &hop->name);
        while (find_walk_next(&walk, &match)) {
            holders.gathering.index = walk.walk.value;
            if (match.connector->next_hops.count == 0)
                add_hop(&holders.gathering, hop, false);
        }
    }
    connectors_by_next_hop(probe->rules->connectors, hop, add_holder, &holders);
    return !holders.gathering.failed;
}

static bool add_next_hop(struct probe *probe, const struct next_hop *hop, bool allows_private)
{
    const char *store = probe->rules->settings.trust_store;
    struct probe_hop *found = find_hop(probe, hop);

    if (found == NULL || !add_holders(probe, hop, allows_private))
        return false;
    if (allows_private)
        found->allows_private = true;
    return found->stores.count > 0 || add_store(found, store != NULL ? store : "");
}

bool probe_add(struct probe *probe, const char *argument, bool allows_private, struct why *why)
{
    struct next_hop hop;
    struct why reason;
    uint32_t index;

    if (!find_entries(probe))
        return why_fail(why, "out of memory");
    if (find_connector(probe, argument, &index))
        return add_connector(probe, index, allows_private, why);
    if (!next_hop_parse(&hop, span_of(argument), &reason))
        return why_fail(why, "no connector of that name, and %s ('%.200s')", reason.text, argument);
    return add_next_hop(probe, &hop, allows_private) || why_fail(why, "out of memory");
}

/* All connectors at once: the table of domains is gone through one time. */
static void add_any_domain(void *data, enum pattern_kind kind, const char *name, uint32_t value)
{
    struct gathering *gathering = data;
    const struct connector *connector = connectors_get(gathering->probe->rules->connectors, value);

    gathering->index = value;
    if (connector->next_hops.count == 0 && connector->level != LEVEL_MAY)
        add_domain(gathering, kind, name, value);
}

/* A case without a hop for each connector that has none. */
static bool add_hopless(struct probe *probe)
{
    size_t found = probe->case_count, position = 0;

    for (uint32_t i = 0; i < connectors_count(probe->rules->connectors); i++) {
        const struct connector *connector = connectors_get(probe->rules->connectors, i);

        while (position < found && probe->cases[position].index < i)
            position++;
        if ((position == found || probe->cases[position].index != i) &&
            connector->directions[DIRECTION_OUTBOUND] && !add_case(probe, i, NULL))
            return false;
    }
    return true;
}

bool probe_add_all(struct probe *probe, bool allows_private, struct why *why)
{
    const struct connectors *connectors = probe->rules->connectors;
    struct gathering gathering = { probe, 0, allows_private, 0, false };

    probe->all = true;
    if (!find_entries(probe))
        return why_fail(why, "out of memory");
    for (gathering.index = 0; gathering.index < connectors_count(connectors); gathering.index++) {
        const struct connector *connector = connectors_get(connectors, gathering.index);

        if (connector->directions[DIRECTION_OUTBOUND] && connector->level != LEVEL_MAY)
            add_next_hops(&gathering, connector);
    }
    domain_table_each(connectors_table(connectors, DIRECTION_OUTBOUND), add_any_domain, &gathering);
    sort_cases(probe, 0);
    if (gathering.failed || !add_hopless(probe))
        return why_fail(why, "out of memory");
    sort_cases(probe, 0);
    return true;
}

void probe_know(const struct probe *probe, const struct next_hop *hop,
                struct hop_knowledge *knowledge)
{
    struct probe_hop key, **found;
    int64_t age;

    next_hop_format(hop, key.text);
    found = tfind(&key, &probe->by_text, compare_hops);
    if (found == NULL) {
        *knowledge = (struct hop_knowledge){ .missing = REASON_NOT_PROBED_YET };
        return;
    }
    age = (*found)->started < probe->now ? probe->now - (*found)->started : 0;
    *knowledge = (struct hop_knowledge){
        .facts = (*found)->facts,
        .missing = (*found)->facts == NULL ? REASON_PROBER_FAILURE : REASON_NONE,
        .age = age,
        .fresh = age <= probe->rules->settings.probe.interval,
    };
}

static void keep_it(void *node)
{
    (void)node;
}

void probe_release(struct probe *probe)
{
    tdestroy(probe->by_text, keep_it);
    for (size_t i = 0; i < probe->hop_count; i++)
        hop_free(probe->hops[i]);
    free(probe->hops);
    free(probe->cases);
    free(probe->entries);
}
