/* SPDX-License-Identifier: ISC */
/*
 * refusal: the sentence of a refusal, as the other postmaster reads it.
 */
#ifndef FORCETLS_POLICY_REFUSAL_H
#define FORCETLS_POLICY_REFUSAL_H

#include <stddef.h>

#include "policy/decide.h"

#define REFUSAL_SIZE 256 /* a text of about 200 characters, bounded */

struct refusal {
    char code[4];            /* "550" or "451" */
    char status[8];          /* enhanced status code: "5.7.10" (RFC 3463) */
    char text[REFUSAL_SIZE]; /* printable ASCII, one line; "%" not doubled */
};

/* Of a decision whose `would` is not VERDICT_PASS. */
void refusal_of(const struct rules *rules, const struct facts *facts,
                const struct decision *decision, struct refusal *refusal);

/* Of an error of ours, for which there may be neither facts nor rules (`contact` may be NULL). */
void refusal_internal_error(const char *contact, struct refusal *refusal);

/* Of a session that began under rules that did not show what the ones in force need: another one
 * will do. */
void refusal_other_session(const char *contact, struct refusal *refusal);

/* Of an address that could mean more domains than are judged. Trying again is of no use. */
void refusal_too_many_domains(const char *contact, unsigned most, struct refusal *refusal);

#endif
