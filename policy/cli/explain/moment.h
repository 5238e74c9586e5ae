/* SPDX-License-Identifier: ISC */
/* moment: a day, or a day and a time of it, UTC, as the administrator writes it (ISO 8601). Pure.
 */
#ifndef FORCETLS_POLICY_CLI_EXPLAIN_MOMENT_H
#define FORCETLS_POLICY_CLI_EXPLAIN_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/date.h"
#include "policy/span.h"

#define MOMENT_TEXT_SIZE (DATE_TEXT_SIZE + 16)

/* YYYY-MM-DD (the beginning of that day), YYYY-MM-DDTHH:MM or YYYY-MM-DDTHH:MM:SS, a "Z" behind
 * the time or none: seconds since 1970. False: no such moment. */
bool moment_parse(int64_t *seconds, struct span text);

/* YYYY-MM-DDTHH:MM:SSZ. */
void moment_format(int64_t seconds, char text[MOMENT_TEXT_SIZE]);

#endif
