/* SPDX-License-Identifier: ISC */
/*
 * suggest: "did you mean ...?" for a word that is not one of those that are known.
 */
#ifndef FORCETLS_POLICY_CONF_SUGGEST_H
#define FORCETLS_POLICY_CONF_SUGGEST_H

#include <stddef.h>

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

#endif
