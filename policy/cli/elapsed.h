/* SPDX-License-Identifier: ISC */
/* elapsed: a span of time as people say it. Pure. */
#ifndef FORCETLS_POLICY_CLI_ELAPSED_H
#define FORCETLS_POLICY_CLI_ELAPSED_H

#include <stdint.h>

#define ELAPSED_TEXT_SIZE 48

/* "45 s", "5 min", "2 h 5 min", "3 d 4 h"; a negative one as 0. */
void elapsed_format(int64_t seconds, char text[ELAPSED_TEXT_SIZE]);

#endif
