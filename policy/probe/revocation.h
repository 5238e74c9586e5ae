/* SPDX-License-Identifier: ISC */
/*
 * revocation: asks the addresses that the servers' certificates name for their revocation (CRL
 * distribution points, OCSP responders): once for each certificate that was found, all of them at
 * the same time, as the turns allow.
 *
 * The partner has chosen the addresses. So: http alone, on port 80 or from 1024 on, public
 * addresses alone unless others may be connected to, no redirections, a bounded number, of bounded
 * length, with a bounded answer, for a bounded time.
 */
#ifndef FORCETLS_POLICY_PROBE_REVOCATION_H
#define FORCETLS_POLICY_PROBE_REVOCATION_H

#include <stdbool.h>

#include "policy/probe/found.h"
#include "policy/probe/hop.h"

struct revocation;

/* Begins: adds what is to be asked to `found`, which must not change until `done` was called; once,
 * later, never from within. NULL: nothing is under way, and `done` is not called. */
struct revocation *revocation_start(struct tools *tools, bool allows_private,
                                    struct hop_found *found, void (*done)(void *context),
                                    void *context);

/* Gives it up, without `done`; what has no answer yet was not tried. NULL: nothing. */
void revocation_free(struct revocation *revocation);

#endif
