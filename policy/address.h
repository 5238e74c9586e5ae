/* SPDX-License-Identifier: ISC */
/*
 * address: an SMTP path (RFC 5321, 4.1.2) and every domain that it could mean.
 *
 * MTAs disagree about odd addresses (source routes, percent hacks, bang paths, several @,
 * comments). We do not choose a reading: each domain that any of them could see is listed, and
 * the caller lets the strictest connector among them count.
 */
#ifndef FORCETLS_POLICY_ADDRESS_H
#define FORCETLS_POLICY_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/domain.h"
#include "policy/span.h"

struct address {
    bool null;              /* <>, the reverse path of a bounce */
    struct domain *domains; /* `count` of them; the ordinary address has one */
    size_t count, room;
    struct domain first[1]; /* storage of the ordinary case */
};

/* An address that has no domain and is not <>; needs no release. */
void address_init(struct address *address);

/* Reads a path as the MTA hands it over, with or without angle brackets. Returns false only
 * where memory ran out; release it in any case. */
bool address_parse(struct address *address, struct span text);

/* Adds the readings of another spelling of the same address (the MTA's own {mail_addr}, say):
 * domains that are listed already are not listed twice. A spelling without any reading adds
 * none. Returns false where memory ran out. */
bool address_add(struct address *address, struct span text);

void address_release(struct address *address);

#endif
