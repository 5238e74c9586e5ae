/* SPDX-License-Identifier: ISC */
/*
 * tls_identity: whom a connector expects, as Postfix's match= can say it; for tls_policy.c alone.
 *
 * Postfix knows names (of a trusted chain) or digests (of the certificate or its key), and takes
 * any one of them; it can neither ask for both nor for what else a certificate says.
 */
#ifndef FORCETLS_POLICY_TLS_IDENTITY_H
#define FORCETLS_POLICY_TLS_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/escape.h"
#include "policy/find.h"

#define IDENTITY_MOST 256 /* names or pins */

struct identity_name {
    const char *text; /* canonical; belongs to the rules, or to the domain that led to them */
    bool itself;      /* that name, */
    bool below;       /* and the ones below it */
};

struct tls_identity {
    enum level level; /* as Postfix has to be told it */
    bool hostname;    /* level verify, secure: the name of the MX host, too */
    struct identity_name names[IDENTITY_MOST];
    size_t name_count;
    const struct digest *pins[IDENTITY_MOST]; /* level fingerprint */
    size_t pin_count;
    bool left_out; /* there are more than there is room for */
};

/* Reads what a connector expects at a moment, from the entries of certificates that count then;
 * where it is its domains, and these are too many, the one that led to it (`by`; NULL: none did).
 * False: nothing, no certificate could satisfy it. */
bool tls_identity_of(struct tls_identity *identity, const struct connector *connector,
                     const struct match *by, int64_t now);

/* Narrows it to what satisfies the other, of the same level, as well. False: nothing does. */
bool tls_identity_narrow(struct tls_identity *identity, const struct tls_identity *other);

/* Adds " match=..."; nothing at a level that expects nobody. */
void tls_identity_add(struct line *line, const struct tls_identity *identity);

#endif
