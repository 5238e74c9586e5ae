/* SPDX-License-Identifier: ISC */
/*
 * attributes: what Postfix would tell a policy server about the recipient of an inquiry (-p), by
 * the daemon's own road: a policy request, the feed, and the milter that believes it or not.
 */
#ifndef FORCETLS_POLICY_CLI_EXPLAIN_ATTRIBUTES_H
#define FORCETLS_POLICY_CLI_EXPLAIN_ATTRIBUTES_H

#include "policy/cli/explain/inquiry.h"

/* Reads the -p options and fills in what the session has already. False: wrong usage. */
bool attributes_read(struct inquiry *inquiry, struct notes *notes, struct why *why);

/* Puts the request into a feed, before RCPT, if the rules have a policy service at all. False:
 * memory ran out. */
bool attributes_tell(struct inquiry *inquiry, const struct rules *rules, struct notes *notes);

/* After RCPT: notes what was not believed. */
void attributes_look_back(struct inquiry *inquiry, struct notes *notes);

#endif
