/* SPDX-License-Identifier: ISC */
/*
 * configuration: reads forcetls.conf for a subcommand that needs its rules and nothing else: its
 * errors are printed as the daemon prints them, its warnings are check's.
 */
#ifndef FORCETLS_POLICY_CLI_CONFIGURATION_H
#define FORCETLS_POLICY_CLI_CONFIGURATION_H

#include <stdint.h>

#include "policy/rules.h"
#include "policy/why.h"

/* The rules, for rules_free(). NULL: it cannot be read (`why`), or it has errors, which are on
 * stderr (and `why` says that there are some). `now`: seconds since 1970. */
struct rules *configuration_read(const char *file, int64_t now, struct why *why);

#endif
