/* SPDX-License-Identifier: ISC */
#include <openssl/x509v3.h>

#include "policy/x509/chain_checks.h"
#include "policy/x509/chain_errors.h"
#include "policy/x509/details.h"

/* As many comparisons as OpenSSL allows itself. */
#define COMPARISONS_MOST (1 << 20)

static struct span without_first(struct span name, size_t count)
{
    return (struct span){ name.data + count, name.length - count };
}

/* The name behind its first label; empty: there is none. */
static struct span parent_of(struct span name)
{
    for (size_t i = 0; i < name.length; i++) {
        if (name.data[i] == '.')
            return without_first(name, i + 1);
    }
    return without_first(name, name.length);
}

/* Whether a presented name may stand for one in the excluded subtree, other than by lying in it by
 * its letters, which OpenSSL looks at: "*.contoso.com" stands for "mx.contoso.com". And what
 * excludes ".contoso.com" (a form that RFC 5280 does not have) is taken to exclude contoso.com. */
static bool may_stand_for(struct span presented, struct span excluded)
{
    if (span_starts_with(excluded, ".")) {
        excluded = without_first(excluded, 1);
        if (span_equal_nocase(presented, excluded))
            return true;
    }
    return span_starts_with(presented, "*.") &&
           span_equal_nocase(without_first(presented, 2), parent_of(excluded));
}

static bool stands_for_excluded(const GENERAL_NAMES *names, const GENERAL_NAME *excluded)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == GEN_DNS &&
            may_stand_for(details_bytes(name->d.dNSName), details_bytes(excluded->d.dNSName)))
            return true;
    }
    return false;
}

static bool is_excluded(const GENERAL_NAMES *names, const NAME_CONSTRAINTS *constraints)
{
    int count = sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees);

    if (count > 0 && sk_GENERAL_NAME_num(names) > COMPARISONS_MOST / count)
        return true;
    for (int i = 0; i < count; i++) {
        const GENERAL_NAME *base = sk_GENERAL_SUBTREE_value(constraints->excludedSubtrees, i)->base;

        if (base->type == GEN_DNS && stands_for_excluded(names, base))
            return true;
    }
    return false;
}

/* RFC 5280, 4.2.1.10: GeneralSubtrees has at least one. */
static bool has_empty_list(const NAME_CONSTRAINTS *constraints)
{
    return (constraints->permittedSubtrees == NULL && constraints->excludedSubtrees == NULL) ||
           sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees) == 0 ||
           sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees) == 0;
}

void chain_check_constraints(const struct chain_link *link, X509 *leaf,
                             struct chain_verdict *verdict)
{
    NAME_CONSTRAINTS *constraints =
        X509_get_ext_d2i(link->certificate, NID_name_constraints, NULL, NULL);
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);

    if (constraints != NULL) {
        if (has_empty_list(constraints))
            chain_errors_add(verdict, link->depth, CHAIN_MALFORMED, "empty name constraints");
        if (is_excluded(names, constraints))
            chain_errors_add(verdict, 0, CHAIN_NAME_CONSTRAINTS,
                             "a name that may stand for one that its CA must not vouch for");
    }
    NAME_CONSTRAINTS_free(constraints);
    GENERAL_NAMES_free(names);
}
