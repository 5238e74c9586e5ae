/* SPDX-License-Identifier: ISC */
/*
 * status: what `forcetls status` has been told by the daemon (milter/status.h has the shape), for
 * those that print it.
 */
#ifndef FORCETLS_POLICY_CLI_STATUS_STATUS_H
#define FORCETLS_POLICY_CLI_STATUS_STATUS_H

#include <jansson.h>
#include <stdbool.h>

#include "policy/cli/page.h"
#include "policy/why.h"

/* Asks the daemon behind a unix socket for its status. NULL: it does not answer, or with something
 * else; `why` says what, and what to look at. */
json_t *status_ask(const char *path, struct why *why);

/* Prints it as tables. */
void status_print(const struct page *page, const json_t *status);

#endif
