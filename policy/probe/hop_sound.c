/* SPDX-License-Identifier: ISC */
/*
 * Tables of sentences that must not be true, for the hop as a whole, a host, an address, and what a
 * trust store says.
 */
#include "policy/probe/hop_sound.h"

/* What is looked at; the parts that a table is not about are NULL. */
struct view {
    const struct next_hop *hop;
    const struct hop_facts *facts;
    const struct hop_host *host;
    const struct hop_address *address;
    const struct hop_trust *trust;
};

struct contradiction {
    bool (*is)(const struct view *view);
    const char *what;
};

#define FIRST_WRONG(table, view, why) \
    first_wrong(table, sizeof(table) / sizeof((table)[0]), view, why)

/* Whether none of them is there. */
static bool first_wrong(const struct contradiction *table, size_t count, const struct view *view,
                        struct why *why)
{
    for (size_t i = 0; i < count; i++) {
        if (table[i].is(view))
            return why_fail(why, "it contradicts itself: %s", table[i].what);
    }
    return true;
}

/* ---- a trust store -------------------------------------------------------------------------- */

static bool trusts_nothing(const struct view *view)
{
    return !view->address->has_certificate &&
           (view->trust->state == STORE_TRUSTED || view->trust->names_ok);
}

static bool has_stray_anchor(const struct view *view)
{
    return view->trust->state != STORE_TRUSTED && span_known(view->trust->anchor);
}

static bool store_is_there_twice(const struct view *view)
{
    for (const struct hop_trust *other = view->address->trusts; other < view->trust; other++) {
        if (span_equal(other->store, view->trust->store))
            return true;
    }
    return false;
}

static const struct contradiction of_trust[] = {
    { trusts_nothing, "a certificate is trusted that is not there" },
    { has_stray_anchor, "what is not trusted has an anchor" },
    { store_is_there_twice, "a trust store is there twice" },
};

/* ---- an address ----------------------------------------------------------------------------- */

static bool is_revoked_nothing(const struct view *view)
{
    return view->address->revoked && !view->address->has_certificate;
}

static bool has_other_port(const struct view *view)
{
    const struct hop_host *hosts = view->facts->hosts;
    uint16_t port = view->hop->port;

    for (size_t i = 0; port == 0; i++) {
        if (hosts[i].address_count > 0) /* ours at the latest */
            port = hosts[i].addresses[0].port;
    }
    return view->address->port != port;
}

static bool is_own_and_tried(const struct view *view)
{
    return view->host->self && view->address->state != HOP_NOT_ALLOWED;
}

static bool is_other_literal(const struct view *view)
{
    return view->hop->kind == NEXT_HOP_ADDRESS && !ip_equal(&view->address->ip, &view->hop->ip);
}

static bool address_is_there_twice(const struct view *view)
{
    for (const struct hop_address *other = view->host->addresses; other < view->address; other++) {
        if (ip_equal(&other->ip, &view->address->ip))
            return true;
    }
    return false;
}

static const struct contradiction of_address[] = {
    { is_revoked_nothing, "a certificate is revoked that is not there" },
    { has_other_port, "another port than the hop's" },
    { is_own_and_tried, "an address of ours was connected to" },
    { is_other_literal, "another address than the hop's" },
    { address_is_there_twice, "an address is there twice" },
};

static bool address_sound(struct view view, struct why *why)
{
    const struct hop_address *address = view.address;

    if (!FIRST_WRONG(of_address, &view, why))
        return false;
    for (size_t i = 0; i < address->trust_count; i++) {
        view.trust = &address->trusts[i];
        if (!FIRST_WRONG(of_trust, &view, why))
            return false;
    }
    return true;
}

/* ---- a host --------------------------------------------------------------------------------- */

static bool is_answer(enum lookup lookup)
{
    return lookup == LOOKUP_FOUND || lookup == LOOKUP_NONE || lookup == LOOKUP_NULL_MX ||
           lookup == LOOKUP_NXDOMAIN;
}

static bool host_is_signed_silence(const struct view *view)
{
    return view->host->dnssec == DNSSEC_SECURE && !is_answer(view->host->lookup);
}

static bool has_addresses_of_nowhere(const struct view *view)
{
    bool has = view->host->address_count + view->host->left_out > 0;
    bool should = view->host->lookup == LOOKUP_FOUND || view->host->lookup == LOOKUP_NOT_ASKED;

    return has != should;
}

static bool is_not_asked_for(const struct view *view)
{
    return (view->host->lookup == LOOKUP_NOT_ASKED) != (view->hop->kind == NEXT_HOP_ADDRESS);
}

/* Without MX records the hop is its own host. */
static bool is_other_host(const struct view *view)
{
    bool has_mx = view->facts->lookup == LOOKUP_FOUND;

    return !has_mx && view->hop->kind != NEXT_HOP_ADDRESS &&
           !span_equal(view->host->name,
                       (struct span){ view->hop->name.name, view->hop->name.length });
}

static bool host_is_there_twice(const struct view *view)
{
    for (const struct hop_host *other = view->facts->hosts; other < view->host; other++) {
        if (span_equal(other->name, view->host->name))
            return true;
    }
    return false;
}

static bool is_out_of_order(const struct view *view)
{
    return view->host > view->facts->hosts && view->host[-1].preference > view->host->preference;
}

/* Hosts are in order: once one is ourselves, so are its equals and all that come after it. */
static bool is_own_without_reason(const struct view *view)
{
    bool is_first = view->host == view->facts->hosts;

    if (view->hop->kind != NEXT_HOP_DOMAIN)
        return view->host->self;
    return !is_first && view->host[-1].self && !view->host->self;
}

static const struct contradiction of_host[] = {
    { host_is_signed_silence, "no answer is secure" },
    { has_addresses_of_nowhere, "addresses and the state of their lookup" },
    { is_not_asked_for, "a lookup and the kind of the hop" },
    { is_other_host, "another host than the hop's" },
    { host_is_there_twice, "a host is there twice" },
    { is_out_of_order, "hosts that are not in order" },
    { is_own_without_reason, "a host is ourselves and the next one is not" },
};

static bool host_sound(struct view view, struct why *why)
{
    const struct hop_host *host = view.host;

    if (!FIRST_WRONG(of_host, &view, why))
        return false;
    for (size_t i = 0; i < host->address_count; i++) {
        view.address = &host->addresses[i];
        if (!address_sound(view, why))
            return false;
    }
    return true;
}

/* ---- the hop -------------------------------------------------------------------------------- */

static bool is_signed_silence(const struct view *view)
{
    return view->facts->dnssec == DNSSEC_SECURE && !is_answer(view->facts->lookup);
}

static bool is_asked_for(const struct view *view)
{
    return (view->facts->lookup == LOOKUP_NOT_ASKED) != (view->hop->kind != NEXT_HOP_DOMAIN);
}

static bool has_hosts_of_nowhere(const struct view *view)
{
    switch (view->facts->lookup) {
    case LOOKUP_FOUND:
        return view->facts->host_count == 0;
    case LOOKUP_NONE:
    case LOOKUP_NOT_ASKED:
        return view->facts->host_count != 1 || view->facts->left_out > 0;
    default:
        return view->facts->host_count + view->facts->left_out > 0;
    }
}

static const struct contradiction of_hop[] = {
    { is_signed_silence, "no answer about MX is secure" },
    { is_asked_for, "a lookup of MX and the kind of the hop" },
    { has_hosts_of_nowhere, "hosts and the state of their lookup" },
};

bool hop_facts_sound(const struct hop_facts *facts, const struct next_hop *hop, struct why *why)
{
    struct view view = { .hop = hop, .facts = facts };

    if (!FIRST_WRONG(of_hop, &view, why))
        return false;
    for (size_t i = 0; i < facts->host_count; i++) {
        view.host = &facts->hosts[i];
        if (!host_sound(view, why))
            return false;
    }
    return true;
}
