/* SPDX-License-Identifier: ISC */
/*
 * check_text: what the files that print `forcetls check` for people share.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_CHECK_TEXT_H
#define FORCETLS_POLICY_CLI_CHECK_CHECK_TEXT_H

#include "policy/cli/check/check.h"
#include "policy/cli/page.h"

#define CHECK_INDENT 2 /* of what stands below a heading */

/* check_text_mta.c: the parts about an MTA, if it was asked about. */
void check_print_mta(const struct page *page, const struct survey *survey, enum mta mta);

#endif
