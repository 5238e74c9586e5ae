/* SPDX-License-Identifier: ISC */
/*
 * suggest: "did you mean ...?" for a word that is not one of those that are known, and for a
 * text that is no domain.
 */
#ifndef FORCETLS_POLICY_CONF_SUGGEST_H
#define FORCETLS_POLICY_CONF_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/span.h"

struct suggestion {
    const char *given;
    const char *best; /* the nearest word so far that is near enough, or NULL */
    size_t distance;  /* how far it is; what is further away is no suggestion */
};

void suggestion_start(struct suggestion *suggestion, const char *given);

/* Offers a known word; it is kept by its pointer. */
void suggestion_offer(struct suggestion *suggestion, const char *word);

/* ", did you mean 'best'?", or "". */
#define SUGGESTION_SIZE 80
void suggestion_format(const struct suggestion *suggestion, char text[SUGGESTION_SIZE]);

/* Insertions, deletions, replacements and exchanges of neighbours that lead from one word to
 * the other; letters' case does not count. Words longer than 63 bytes are far from all. */
size_t edit_distance(const char *a, const char *b);

/* For a text that pattern_parse() refuses: ", did you mean 'x.example'?" for an address and for a
 * "*" without its dot, or "". */
#define DOMAIN_HINT_SIZE 300
void domain_hint(struct span text, char hint[DOMAIN_HINT_SIZE]);

/* Whether it is several domains with commas between them: each part has a dot ("contoso,com"
 * is a slip of the fingers). */
bool is_domain_row(struct span text);

#endif
