/* SPDX-License-Identifier: ISC */
/*
 * syntax: whether the text is libconfig's language, in words that help where it is not.
 *
 * libconfig knows "syntax error" and a line. It also loses memory on some of them, so it is
 * given nothing that it would refuse.
 */
#ifndef FORCETLS_POLICY_CONF_SYNTAX_H
#define FORCETLS_POLICY_CONF_SYNTAX_H

#include <stdbool.h>

#include "policy/conf/report.h"
#include "policy/conf/source.h"

/* Reports the first thing that does not belong where it stands, and keys that a group has twice
 * before that. False: there is such a thing. */
bool syntax_check(const struct source *source, struct report *report);

/* Reports an error that libconfig met all the same. */
void syntax_report(const struct source *source, unsigned order, const char *words,
                   struct report *report);

#endif
