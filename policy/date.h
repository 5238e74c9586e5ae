/* SPDX-License-Identifier: ISC */
/* date: days of the calendar, UTC, without a clock and without time zones. */
#ifndef FORCETLS_POLICY_DATE_H
#define FORCETLS_POLICY_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/span.h"

#define DATE_ALWAYS INT64_MIN /* before every moment */
#define DATE_NEVER INT64_MAX  /* after every moment */
#define DATE_TEXT_SIZE 32

/* YYYY-MM-DD: the seconds since 1970 at which that day begins in UTC. False: no such day. */
bool date_parse(int64_t *seconds, struct span text);

/* YYYY-MM-DD of the day that contains the moment. */
void date_format(int64_t seconds, char text[DATE_TEXT_SIZE]);

#endif
