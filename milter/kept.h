/* SPDX-License-Identifier: ISC */
/*
 * kept: a decision about a recipient that is needed until the end of the message, when the
 * recipient's own facts have long gone: with copies of all texts, and with what is known of the
 * next hop held.
 */
#ifndef FORCETLS_MILTER_KEPT_H
#define FORCETLS_MILTER_KEPT_H

#include <stdbool.h>

#include "milter/hops/hops.h"
#include "policy/decide.h"

/* All zero: nothing is kept. */
struct kept {
    struct decision decision;
    struct certificate_facts certificate;
    unsigned recipients;             /* that it is about */
    struct span recipient, next_hop; /* of the first of them */
    struct hop_record *record;       /* that the decision points into; NULL: none */
    char *texts;                     /* its own */
};

/* Keeps a decision, in place of what is kept there. What inbound ones point to belongs to the
 * session, and outlives the message; `grip` (NULL: none) holds what an outbound one stands on.
 * False: memory ran out; then nothing is kept. */
bool kept_set(struct kept *kept, const struct decision *decision, const struct facts *facts,
              const struct hop_grip *grip);

/* The facts of that recipient, as far as a log line or a reply needs them. */
void kept_facts(const struct kept *kept, const struct facts *message, struct facts *facts);

/* Keeps nothing any more. */
void kept_release(struct kept *kept);

#endif
