/* SPDX-License-Identifier: ISC */
/*
 * result: the lines that answer (FORMAT, "Answers").
 */
#ifndef FORCETLS_POLICY_PROBE_RESULT_H
#define FORCETLS_POLICY_PROBE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/probe/found.h"

#define RESULT_LINE_MOST ((size_t)256 * 1024)

/* The answer to a probe, without a line end, to be given to free(). Where all that was found is
 * longer than RESULT_LINE_MOST the least telling of it is left out. */
char *result_line(int64_t id, const char *hop, const struct hop_found *found);

/* `id` NULL: the line had none. */
char *result_error_line(const int64_t *id, const char *text);

char *result_pong_line(int64_t id);

#endif
