/* SPDX-License-Identifier: ISC */
/*
 * chain_case: chains made on the spot, and what verification must say of them, for the unit tests
 * of policy/x509/chain. The current folder is that of conf_folder_make().
 */
#ifndef FORCETLS_TESTS_UNIT_CHAIN_CASE_H
#define FORCETLS_TESTS_UNIT_CHAIN_CASE_H

#include "policy/x509/chain.h"
#include "tests/unit/certificate_maker.h"
#include "tests/unit/conf_case.h"

/* A server's certificate, a CA's and a root; the trust store holds the root, the server sends the
 * other two. */
struct chain_row {
    const char *what;
    struct maker_recipe leaf, ca, root;
    const char *host;     /* NULL: mx1.contoso.com */
    const char *expected; /* each error as "DEPTH:WORD", once, with spaces between; "": trusted, and
                             the host is named */
    const char *text;     /* of one of them; NULL: any */
};

/* The verdict of a row must be what it expects; 1 where it is not. */
unsigned chain_row_check(const struct chain_row *wanted);

/* Lists of certificates end with NULL. */
void chain_write_pem(const char *file, X509 *const *certificates);
struct chain *chain_of(X509 *const *certificates);
void chain_verdict_of(X509 *const *sent, X509 *const *anchors, const char *host, int64_t now,
                      struct chain_verdict *verdict);

/* The test fails where the errors for the host mx1.contoso.com are others. */
void chain_check(X509 *const *sent, X509 *const *anchors, const char *expected);

#endif
