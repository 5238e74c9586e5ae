/* SPDX-License-Identifier: ISC */
/*
 * names: does a name that a certificate presents fit a name that the file wants?
 */
#ifndef FORCETLS_POLICY_NAMES_H
#define FORCETLS_POLICY_NAMES_H

#include <stdbool.h>

#include "policy/domain.h"
#include "policy/span.h"
#include "policy/why.h"

/* A certificate name in the file: a host name, or "*." and a host name. */
struct wanted_name {
    bool wildcard;
    struct domain domain; /* without the "*." */
};

bool wanted_name_parse(struct wanted_name *wanted, struct span text, struct why *why);
void wanted_name_format(const struct wanted_name *wanted, char *text, size_t size);

/* A presented name that may be compared at all: letters, digits, hyphens, dots, "_", at most a
 * leading "*." label; no NUL, no control character, no partial wildcard (RFC 9525, 6.3). On
 * success `domain` is its canonical form without "*.". */
bool presented_name_read(struct span presented, bool *wildcard, struct domain *domain);

/* The four cases: literal and literal: equal. Literal wanted, wildcard presented: one label
 * (RFC 9525, 6.3), and only where `wildcards_count` (outbound). Wildcard wanted, literal
 * presented: one label. Both wildcards: identical. */
bool wanted_name_fits(const struct wanted_name *wanted, struct span presented,
                      bool wildcards_count);

/* A name that a mail platform's certificate shares among all its customers, so that it shows
 * the platform and not the partner (mail.protection.outlook.com and the like). */
bool name_is_shared(const struct wanted_name *wanted);

#endif
