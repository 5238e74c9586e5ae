/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/hosts.h"

#include <stdlib.h>
#include <string.h>

#include "policy/probe/memory.h"

#define LABEL_MAX 63

/* ---- hosts ---------------------------------------------------------------------------------- */

/* Labels of letters, digits, "-" and "_", not all digits at the right. */
bool host_name_usable(const struct domain *name)
{
    size_t label = 0;
    bool digits = true;

    if (name->cut || name->length == 0)
        return false;
    for (size_t i = 0; i < name->length; i++) {
        char c = name->name[i];

        if (c == '.' && (label == 0 || i + 1 == name->length))
            return false;
        if (c == '.') {
            label = 0;
            digits = true;
            continue;
        }
        if (!ascii_alnum(c) && c != '-' && c != '_')
            return false;
        if (++label > LABEL_MAX)
            return false;
        digits = digits && ascii_digit(c);
    }
    return !digits;
}

void hosts_set_one(struct hop_found *found, const struct domain *name)
{
    found->hosts = memory_new(1, sizeof(*found->hosts));
    found->hosts[0].name = *name;
    found->count = 1;
}

static int by_name(const void *left, const void *right)
{
    const struct dns_record *a = left, *b = right;
    int order = strcmp(a->name.name, b->name.name);

    if (order != 0)
        return order;
    return a->preference < b->preference ? -1 : a->preference > b->preference;
}

static int by_preference(const void *left, const void *right)
{
    const struct dns_record *a = left, *b = right;

    if (a->preference != b->preference)
        return a->preference < b->preference ? -1 : 1;
    return strcmp(a->name.name, b->name.name);
}

/* Sorted; without doubles and empty ones. */
static size_t tidy(struct dns_record *records, size_t count)
{
    size_t kept = 0;

    qsort(records, count, sizeof(*records), by_name);
    for (size_t i = 0; i < count; i++) {
        if (records[i].name.length == 0 ||
            (kept > 0 && strcmp(records[kept - 1].name.name, records[i].name.name) == 0))
            continue;
        records[kept++] = records[i];
    }
    qsort(records, kept, sizeof(*records), by_preference);
    return kept;
}

void hosts_set_mx(struct hop_found *found, const struct dns_answer *mx)
{
    struct dns_record *records = memory_new(mx->count, sizeof(*records));
    size_t count;

    if (mx->count > 0)
        memcpy(records, mx->records, mx->count * sizeof(*records));
    count = tidy(records, mx->count);
    found->count = count < HOSTS_MOST ? count : HOSTS_MOST;
    found->left_out = count - found->count;
    found->hosts = memory_new(found->count, sizeof(*found->hosts));
    for (size_t i = 0; i < found->count; i++) {
        found->hosts[i].name = records[i].name;
        found->hosts[i].preference = records[i].preference;
    }
    free(records);
}

/* ---- addresses ------------------------------------------------------------------------------ */

static bool has_address(const struct host_found *host, const struct ip *ip)
{
    for (size_t i = 0; i < host->count; i++) {
        if (ip_equal(&host->addresses[i].ip, ip))
            return true;
    }
    return false;
}

/* More than would be kept are not even looked at. */
static void add_address(struct host_found *host, const struct ip *ip, unsigned port)
{
    if (has_address(host, ip))
        return;
    if (host->count == ADDRESSES_MOST) {
        host->left_out++;
        return;
    }
    host->addresses[host->count].ip = *ip;
    host->addresses[host->count].port = port;
    host->count++;
}

/* What two lookups come to: found if either found something, else the worse news. */
static enum lookup state_of_both(enum lookup a, enum lookup b)
{
    static const int badness[] = {
        [LOOKUP_NOT_ASKED] = 0, [LOOKUP_NULL_MX] = 0, [LOOKUP_NONE] = 1,  [LOOKUP_NXDOMAIN] = 2,
        [LOOKUP_SERVFAIL] = 3,  [LOOKUP_TIMEOUT] = 4, [LOOKUP_BOGUS] = 5, [LOOKUP_FOUND] = 6,
    };

    return badness[a] >= badness[b] ? a : b;
}

static enum dnssec dnssec_of_both(enum dnssec a, enum dnssec b)
{
    return a < b ? a : b;
}

void hosts_set_addresses(struct host_found *host, const struct dns_answer *a,
                         const struct dns_answer *aaaa, unsigned port)
{
    static const struct dns_answer nothing = { .state = LOOKUP_NOT_ASKED, .dnssec = DNSSEC_SECURE };
    const struct dns_answer *first = aaaa != NULL ? aaaa : &nothing;
    const struct dns_answer *second = a != NULL ? a : &nothing;
    size_t room;

    host->addresses_state = state_of_both(first->state, second->state);
    host->dnssec = dnssec_of_both(first->dnssec, second->dnssec);
    room = first->count + second->count;
    host->addresses =
        memory_new(room < ADDRESSES_MOST ? room : ADDRESSES_MOST, sizeof(*host->addresses));
    for (size_t i = 0; i < first->count || i < second->count; i++) {
        if (i < first->count)
            add_address(host, &first->records[i].ip, port);
        if (i < second->count)
            add_address(host, &second->records[i].ip, port);
    }
}

/* Each host in its turn keeps one more, until all is dealt or there is no room. */
static size_t deal(const struct hop_found *found, bool self, size_t keep[HOSTS_MOST], size_t kept)
{
    size_t before;

    do {
        before = kept;
        for (size_t i = 0; i < found->count && kept < ADDRESSES_MOST; i++) {
            if (found->hosts[i].self == self && keep[i] < found->hosts[i].count) {
                keep[i]++;
                kept++;
            }
        }
    } while (kept > before);
    return kept;
}

void hosts_bound_addresses(struct hop_found *found)
{
    size_t keep[HOSTS_MOST] = { 0 };

    (void)deal(found, true, keep, deal(found, false, keep, 0));
    for (size_t i = 0; i < found->count; i++) {
        found->hosts[i].left_out += found->hosts[i].count - keep[i];
        found->hosts[i].count = keep[i];
    }
}

/* ---- ourselves ------------------------------------------------------------------------------ */

static bool is_self(const struct host_found *host, const struct ourselves *us)
{
    if (ourselves_has_name(us, &host->name))
        return true;
    for (size_t i = 0; i < host->count; i++) {
        if (ourselves_has_address(us, &host->addresses[i].ip))
            return true;
    }
    return false;
}

void hosts_mark_self(struct hop_found *found, const struct ourselves *us)
{
    size_t first = 0;

    while (first < found->count && !is_self(&found->hosts[first], us))
        first++;
    for (size_t i = 0; i < found->count; i++) {
        found->hosts[i].self =
            first < found->count && found->hosts[i].preference >= found->hosts[first].preference;
    }
}
