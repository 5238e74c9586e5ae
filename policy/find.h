/* SPDX-License-Identifier: ISC */
/*
 * find: from a partner's domain to the entry of the file that counts for it, in either direction.
 *
 * Allocates nothing; bounded by the labels of a name and the entries of these names.
 */
#ifndef FORCETLS_POLICY_FIND_H
#define FORCETLS_POLICY_FIND_H

#include "policy/connectors.h"
#include "policy/domain.h"

/* What led to the connector. */
enum matched_by {
    MATCHED_BY_SENDER,
    MATCHED_BY_NETWORK,     /* <>: the client lies in client_networks */
    MATCHED_BY_HELO,        /* <>: the HELO name lies in domains */
    MATCHED_BY_CLIENT_NAME, /* <>: the confirmed client name does */
    MATCHED_BY_RECIPIENT    /* outbound */
};

struct match {
    const struct connector *connector; /* NULL: none */
    enum matched_by by;
    enum pattern_kind kind; /* the entry that matched, */
    const char *entry;      /* its name, inside the facts' domain; NULL when matched by network */
    struct span domain;     /* the partner's domain in canonical form, owned by the facts;
                               not known when matched by network */
};

/* Where to look, and for mail with which domain of ours. */
struct finder {
    const struct connectors *connectors;
    enum direction direction;
    const struct domain *ours; /* for local_domains; NULL: it could be any of ours */
};

/* How well our domain fits a connector's local_domains: -1 not at all, 0 there are none to fit,
 * else the higher the more specific the entry. */
int find_rank(const struct finder *finder, const struct connector *connector);

/*
 * The most specific entry that covers the domain (NULL: only "*") and whose connector serves our
 * domain. Entries of the same name and rank (there are several only where local_domains differ)
 * compete by how specific their local_domains are. False: none. `match` keeps its `by`.
 *
 * `missed` (may be NULL) is the closest exact entry that the domain lies below, unless what matched
 * is as close; its connector is NULL where there is none.
 */
bool find_entry(const struct finder *finder, const struct domain *domain, struct match *match,
                struct match *missed);

/*
 * Where it could be any domain of ours: the entries that cover the domain one after the other, up
 * to the first name that one of them has for all our domains. local_domains are not looked at.
 */
struct find_walk {
    const struct finder *finder;
    const struct domain *domain;
    struct domain_walk walk;
    const char *last;
};

void find_walk_start(struct find_walk *walk, const struct finder *finder,
                     const struct domain *domain);
bool find_walk_next(struct find_walk *walk, struct match *match);

#endif
