/* SPDX-License-Identifier: ISC */
/*
 * roots: whether the roots that outbound connectors name are in the trust stores that count for
 * them: the connector's own, else the file's, else OpenSSL's. Each store is read once, and one
 * after the other.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_ROOTS_H
#define FORCETLS_POLICY_CLI_CHECK_ROOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/cli/check/findings.h"
#include "policy/rules.h"

/* What OpenSSL's own is called. */
#define ROOTS_DEFAULT_STORE "OpenSSL's trust store"

enum root_state {
    ROOT_NOT_ASKED, /* inbound, or the entry names no root */
    ROOT_MISSING,
    ROOT_EXPIRED, /* there is one of that name, and none that is within its own dates */
    ROOT_PRESENT,
    ROOT_UNKNOWN /* the trust store cannot be read */
};

/* An entry of certificates, or (`root` NULL) a connector whose chain is verified. */
struct root_row {
    const char *store; /* NULL: OpenSSL's; the strings are the rules' */
    const char *root;
    const struct connector *connector;
    uint32_t index; /* of the connector */
    size_t entry;
    enum root_state state;
};

struct roots {
    struct root_row *rows; /* in the order of the file */
    size_t count;
};

/* Reads the stores that outbound connectors need, looks for each root, and adds a finding for each
 * store that is of no use and each root that is not there (of entries that are past at `now` none
 * is missed; of those to come it is a note). False: memory ran out. Release it in any case. */
bool roots_check(struct roots *roots, const struct rules *rules, int64_t now,
                 struct findings *findings);
void roots_release(struct roots *roots);

enum root_state roots_state(const struct roots *roots, uint32_t connector, size_t entry);

/* The trust store that counts for a connector; NULL: OpenSSL's. */
const char *roots_store(const struct rules *rules, const struct connector *connector);

#endif
