/* SPDX-License-Identifier: ISC */
/*
 * A probe that could not tell is no reason to forget what the one before it saw: a mail server that
 * is busy now, or a DNS server that does not answer, proves nothing. It is held against single
 * addresses, so that what was seen anew counts beside what is remembered:
 *
 *   nothing was found at all      what the older probe found, whole
 *   a host without its addresses  its addresses, as the older probe found them
 *   a busy address                the same address of the same host
 *
 * What was merged points into both and is merged from these two alone, never from something merged.
 */
#include "milter/hops/hop_record.h"

#include <stdlib.h>
#include <string.h>

/* ---- counting ------------------------------------------------------------------------------- */

static struct hop_record *record_new(const char *hop, struct hop_facts *block, size_t size)
{
    struct hop_record *record = calloc(1, sizeof(*record));

    if (record != NULL)
        record->hop = strdup(hop);
    if (record == NULL || record->hop == NULL) {
        free(record);
        free(block);
        return NULL;
    }
    atomic_init(&record->holders, 1);
    record->facts = record->block = block;
    record->size = sizeof(*record) + strlen(hop) + 1 + size;
    return record;
}

struct hop_record *hop_record_new(const char *hop, struct hop_facts *facts, size_t size,
                                  int64_t started, int64_t probed_ms)
{
    struct hop_record *record = record_new(hop, facts, size);

    if (record != NULL) {
        record->started = started;
        record->probed_ms = record->since_ms = probed_ms;
    }
    return record;
}

struct hop_record *hop_record_get(struct hop_record *record)
{
    (void)atomic_fetch_add_explicit(&record->holders, 1, memory_order_relaxed);
    return record;
}

void hop_record_put(struct hop_record *record)
{
    if (record == NULL || atomic_fetch_sub_explicit(&record->holders, 1, memory_order_acq_rel) != 1)
        return;
    hop_record_put(record->newest_part);
    hop_record_put(record->older_part);
    free(record->block);
    free(record->hop);
    free(record);
}

/* ---- what facts tell ------------------------------------------------------------------------ */

static bool lookup_failed(enum lookup lookup)
{
    return lookup == LOOKUP_SERVFAIL || lookup == LOOKUP_TIMEOUT || lookup == LOOKUP_BOGUS;
}

static bool state_decides(enum hop_state state)
{
    switch (state) {
    case HOP_NO_STARTTLS:
    case HOP_STARTTLS_REFUSED:
    case HOP_INJECTED:
    case HOP_TLS_FAILED:
    case HOP_TLS:
        return true;
    default:
        return false;
    }
}

/* The server, or something in front of it, did not let it come that far this time. */
static bool state_is_busy(enum hop_state state)
{
    return state == HOP_BUSY || state == HOP_REJECTED || state == HOP_NOT_SMTP;
}

static bool any_address(const struct hop_facts *facts, bool (*is)(enum hop_state state))
{
    for (size_t i = 0; i < facts->host_count; i++) {
        const struct hop_host *host = &facts->hosts[i];

        for (size_t n = 0; n < host->address_count && !host->self; n++) {
            if (is(host->addresses[n].state))
                return true;
        }
    }
    return false;
}

bool hop_facts_decide(const struct hop_facts *facts)
{
    return any_address(facts, state_decides) ||
           (facts->host_count == 0 && !lookup_failed(facts->lookup));
}

bool hop_facts_complete(const struct hop_facts *facts)
{
    for (size_t i = 0; i < facts->host_count; i++) {
        if (!facts->hosts[i].self && lookup_failed(facts->hosts[i].lookup))
            return false;
    }
    return hop_facts_decide(facts) && !any_address(facts, state_is_busy);
}

/* ---- the same ------------------------------------------------------------------------------- */

static bool same_text(struct span a, struct span b)
{
    return span_known(a) == span_known(b) && (!span_known(a) || span_equal(a, b));
}

static bool same_trust(const struct hop_address *a, const struct hop_address *b)
{
    if (a->trust_count != b->trust_count)
        return false;
    for (size_t i = 0; i < a->trust_count; i++) {
        const struct hop_trust *x = &a->trusts[i], *y = &b->trusts[i];

        if (!same_text(x->store, y->store) || x->state != y->state || x->names_ok != y->names_ok ||
            !same_text(x->anchor, y->anchor) || !same_text(x->error, y->error))
            return false;
    }
    return true;
}

static bool same_session(const struct hop_address *a, const struct hop_address *b)
{
    return same_text(a->tls.protocol_name, b->tls.protocol_name) &&
           same_text(a->tls.cipher, b->tls.cipher) && a->tls.cipher_bits == b->tls.cipher_bits &&
           a->revoked == b->revoked && a->has_certificate == b->has_certificate &&
           (!a->has_certificate ||
            digest_equal(&a->certificate.fingerprint, &b->certificate.fingerprint)) &&
           same_trust(a, b);
}

static bool same_finding(const struct hop_address *a, const struct hop_address *b)
{
    return a->state == b->state && a->port == b->port &&
           (a->state != HOP_TLS || same_session(a, b));
}

static const struct hop_host *find_host(const struct hop_facts *facts, struct span name)
{
    for (size_t i = 0; i < facts->host_count; i++) {
        if (span_equal(facts->hosts[i].name, name))
            return &facts->hosts[i];
    }
    return NULL;
}

/* Some address of the host has this to show, whichever it is: hosts with many addresses hand them
 * out in turns. */
static bool shows(const struct hop_host *host, const struct hop_address *finding)
{
    for (size_t i = 0; i < host->address_count; i++) {
        if (same_finding(&host->addresses[i], finding))
            return true;
    }
    return false;
}

/* Everything that was found in `a` was found in `b`. */
static bool has_findings_of(const struct hop_facts *b, const struct hop_facts *a)
{
    for (size_t i = 0; i < a->host_count; i++) {
        const struct hop_host *host = &a->hosts[i], *other = find_host(b, host->name);

        for (size_t n = 0; n < host->address_count && !host->self; n++) {
            if (state_decides(host->addresses[n].state) &&
                (other == NULL || other->self || !shows(other, &host->addresses[n])))
                return false;
        }
    }
    return true;
}

bool hop_facts_same(const struct hop_facts *a, const struct hop_facts *b)
{
    return hop_facts_decide(a) && hop_facts_decide(b) && has_findings_of(a, b) &&
           has_findings_of(b, a);
}

/* ---- merging -------------------------------------------------------------------------------- */

static const struct hop_address *find_address(const struct hop_host *host,
                                              const struct hop_address *like)
{
    for (size_t i = 0; host != NULL && i < host->address_count; i++) {
        if (host->addresses[i].port == like->port && ip_equal(&host->addresses[i].ip, &like->ip))
            return &host->addresses[i];
    }
    return NULL;
}

/* The addresses of a host, one by one; whether any of them is an older one. */
static bool merge_addresses(const struct hop_host *host, const struct hop_host *older,
                            struct hop_address *addresses)
{
    bool merged = false;

    for (size_t i = 0; i < host->address_count; i++) {
        const struct hop_address *address = &host->addresses[i];
        const struct hop_address *before =
            state_is_busy(address->state) ? find_address(older, address) : NULL;

        if (before != NULL && state_decides(before->state)) {
            address = before;
            merged = true;
        }
        addresses[i] = *address;
    }
    return merged;
}

/* Writes the hosts and their addresses; whether any of it is older. */
static bool merge_hosts(const struct hop_facts *newest, const struct hop_facts *older,
                        struct hop_host *hosts, struct hop_address *addresses)
{
    bool merged = false;

    for (size_t i = 0; i < newest->host_count; i++) {
        const struct hop_host *host = &newest->hosts[i], *before = find_host(older, host->name);

        hosts[i] = *host;
        if (lookup_failed(host->lookup) && before != NULL && before->address_count > 0) {
            hosts[i].lookup = before->lookup;
            hosts[i].addresses = before->addresses;
            hosts[i].address_count = before->address_count;
            hosts[i].left_out = before->left_out;
            merged = true;
            continue;
        }
        hosts[i].addresses = addresses;
        merged = merge_addresses(host, before, addresses) || merged;
        addresses += host->address_count;
    }
    return merged;
}

/* Facts of both; NULL: nothing of the older ones is wanted, or memory ran out. */
static struct hop_facts *merge_facts(const struct hop_facts *newest, const struct hop_facts *older,
                                     size_t *size)
{
    size_t addresses = 0;
    struct hop_facts *facts;
    struct hop_host *hosts;
    struct hop_address *first;

    for (size_t i = 0; i < newest->host_count; i++)
        addresses += newest->hosts[i].address_count;
    *size = sizeof(*facts) + newest->host_count * sizeof(*hosts) + addresses * sizeof(*first);
    facts = malloc(*size);
    if (facts == NULL)
        return NULL;
    hosts = (struct hop_host *)(void *)(facts + 1);
    first = (struct hop_address *)(void *)(hosts + newest->host_count);
    *facts = *newest;
    facts->hosts = hosts;
    if (merge_hosts(newest, older, hosts, first))
        return facts;
    free(facts);
    return NULL;
}

struct hop_record *hop_record_merge(struct hop_record *newest, struct hop_record *older)
{
    bool whole = !hop_facts_decide(newest->facts);
    struct hop_record *record;
    struct hop_facts *facts;
    size_t size;

    if (whole)
        return hop_record_get(older);
    facts = merge_facts(newest->facts, older->facts, &size);
    if (facts == NULL)
        return NULL;
    record = record_new(newest->hop, facts, size);
    if (record == NULL)
        return NULL;
    record->newest_part = hop_record_get(newest);
    record->older_part = hop_record_get(older);
    record->started = older->started;
    record->probed_ms = record->since_ms = older->probed_ms;
    return record;
}
