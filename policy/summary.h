/* SPDX-License-Identifier: ISC */
/*
 * summary: rules in a line, and what an administrator has to know of them, in the words that the
 * daemon logs when it starts and that the command prints.
 */
#ifndef FORCETLS_POLICY_SUMMARY_H
#define FORCETLS_POLICY_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/escape.h"
#include "policy/rules.h"

/* "FILE: 3 connectors (1 in monitor mode), 120 domains, mode enforce". `now`: seconds since 1970,
 * for enforce_from. */
void summary_add(struct line *line, const char *file, const struct rules *rules, int64_t now);

struct summary_note {
    bool warning;     /* something has no effect; else only worth knowing */
    const char *text; /* a literal, lower case */
};

/* What the file asks for and this version does not do, and that mode monitor refuses nothing. The
 * note at `*position`, which goes on; start with 0. False: no more. */
bool summary_note_next(const struct rules *rules, size_t *position, struct summary_note *note);

#endif
