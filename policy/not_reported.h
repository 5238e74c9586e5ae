/* SPDX-License-Identifier: ISC */
/*
 * not_reported: what an MTA did not tell, and the setting that would make it.
 */
#ifndef FORCETLS_POLICY_NOT_REPORTED_H
#define FORCETLS_POLICY_NOT_REPORTED_H

#include "policy/demand.h"
#include "policy/escape.h"
#include "policy/facts.h"

/* Adds the sentence for a check whose outcome is CHECK_UNKNOWN (NULL: nothing at all is known). */
void not_reported_say(struct line *line, const struct facts *facts,
                      const struct check_result *result);

#endif
