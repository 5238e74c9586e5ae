/* SPDX-License-Identifier: ISC */
/*
 * log_find: where in a large buffer a line of the daemon may be. Most of a maillog is other
 * programs' and is passed over at about the speed of memory.
 */
#ifndef FORCETLS_POLICY_CLI_LOG_LOG_FIND_H
#define FORCETLS_POLICY_CLI_LOG_LOG_FIND_H

#include "policy/span.h"

#define LOG_TAG "forcetls-milter["   /* in the header of each line of the daemon */
#define LOG_VERDICT "bound verdict=" /* in each verdict line, with a header or without */
#define LOG_FIND_BEYOND 128

/* The first place of LOG_TAG, or NULL. LOG_FIND_BEYOND bytes behind the text must be readable,
 * whatever they hold. */
const char *log_find_tag(struct span text);

/* The first place of LOG_TAG or of LOG_VERDICT. */
const char *log_find_any(struct span text);

#endif
