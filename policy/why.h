/* SPDX-License-Identifier: ISC */
/*
 * why: the reason of a failure, in the caller's storage.
 *
 * Library code fills it and returns false; programs print it. The text is one sentence without
 * a full stop, lower case, the problem first, the offending value in single quotes.
 */
#ifndef FORCETLS_POLICY_WHY_H
#define FORCETLS_POLICY_WHY_H

#include <stdbool.h>

struct why {
    char text[512];
};

/* Sets the text (cut to fit) and returns false, so that a function can end with it.
 * `why` may be NULL: then the caller does not want to know. */
bool why_fail(struct why *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
