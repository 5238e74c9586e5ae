/* SPDX-License-Identifier: ISC */
/*
 * outbound_text: an outbound decision for people: what probe and explain share.
 */
#ifndef FORCETLS_POLICY_CLI_OUTBOUND_TEXT_H
#define FORCETLS_POLICY_CLI_OUTBOUND_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/cli/explain/judgement.h"
#include "policy/cli/page.h"

/* The demands, with what was wanted and what was seen at the host that the decision stands on.
 * Nothing where none was looked at. `facts` are the recipient's. */
void outbound_print_demands(const struct page *page, size_t indent, const struct facts *facts,
                            const struct decision *decision);

/* What becomes of the mail, and why; `sentence` is outbound_sentence()'s. */
void outbound_print_verdict(const struct page *page, size_t indent, const struct outbound *outbound,
                            const char *sentence);

#endif
