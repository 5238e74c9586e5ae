/* SPDX-License-Identifier: ISC */
/*
 * domain: one canonical form for the domains of senders, recipients and of our own file, and
 * the patterns that the file writes them in.
 *
 * Canonical: lower case, one trailing dot dropped, A-labels (RFC 5891; UTS #46 mapping, so that
 * full-width letters, soft hyphens and the three ideographic full stops mean what they look
 * like). A label that IDNA refuses stays as it is, which equals nothing in our file, while the
 * labels to the right of it still count: no spelling of a left label hides a suffix.
 */
#ifndef FORCETLS_POLICY_DOMAIN_H
#define FORCETLS_POLICY_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/span.h"
#include "policy/why.h"

/* RFC 1035, 2.3.4: 255 octets on the wire are 253 characters. */
#define DOMAIN_MAX 253

struct domain {
    uint8_t length;
    bool cut; /* it was longer: only its right end is here; it equals no domain, only lies below */
    char name[DOMAIN_MAX + 1]; /* NUL-terminated; may hold any byte where a label was refused */
};

/* Makes the canonical form of `text`. Never fails: what is no domain becomes a name that
 * equals none. Calls libidn2 (which allocates) for names that are not ASCII only. */
void domain_set(struct domain *domain, struct span text);

/* Letters, digits, hyphens, labels of 1 to 63, not all digits at the right (RFC 1123, 2.1):
 * what a name in our file must be. */
bool domain_is_hostname(const struct domain *domain);

/* The name without its first label, or NULL where there is only one. */
const char *domain_parent(const char *name);

/* Equals, or lies below by whole labels. */
bool domain_is(const struct domain *domain, struct span name);
bool domain_is_below(const struct domain *domain, struct span name);

enum pattern_kind {
    PATTERN_EXACT, /* contoso.com: that domain only */
    PATTERN_BELOW, /* .contoso.com: its subdomains only (Postfix) */
    PATTERN_TREE,  /* *.contoso.com: the domain and its subdomains (Exchange Online) */
    PATTERN_ANY    /* *: everything, senders without a domain too */
};

struct pattern {
    enum pattern_kind kind;
    struct domain domain; /* without the leading "." or "*."; empty for PATTERN_ANY */
};

/* Reads a pattern as the file has it; false and `why` for what is none. */
bool pattern_parse(struct pattern *pattern, struct span text, struct why *why);

/* Writes the pattern back in canonical form; `size` of DOMAIN_MAX + 3 is always enough. */
void pattern_format(enum pattern_kind kind, const char *name, char *text, size_t size);

#endif
