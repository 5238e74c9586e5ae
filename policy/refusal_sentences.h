/* SPDX-License-Identifier: ISC */
/*
 * refusal_sentences: what was seen instead of what is demanded, a sentence for each reason; for
 * refusal.c alone.
 */
#ifndef FORCETLS_POLICY_REFUSAL_SENTENCES_H
#define FORCETLS_POLICY_REFUSAL_SENTENCES_H

#include "policy/decide.h"
#include "policy/escape.h"

#define REFUSAL_VALUE_MOST 40 /* of a value that the peer chose */

/* What a sentence is written from. */
struct refusal_writer {
    const struct facts *facts; /* of the session in question: the client's, or that with the host */
    const struct decision *decision;
    const struct connector *connector;
    const struct check_result *result; /* the check that the decision stopped at; NULL: none */
    struct line *line;
};

/* A client that was judged, and a host. */
void refusal_say_client(const struct refusal_writer *writer);
void refusal_say_host(const struct refusal_writer *writer);

/* Both: "the certificate's name 'x' is not 'y'", and the reasons that are near to it. */
void refusal_say_mismatch(const struct refusal_writer *writer);
void refusal_say_retired(const struct refusal_writer *writer);
void refusal_say_key_small(const struct refusal_writer *writer);

#endif
