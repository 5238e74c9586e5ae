/* SPDX-License-Identifier: ISC */
/*
 * logline: a decision as one line of the log, key=value in a fixed order.
 */
#ifndef FORCETLS_POLICY_LOGLINE_H
#define FORCETLS_POLICY_LOGLINE_H

#include <stddef.h>

#include "policy/decide.h"
#include "policy/refusal.h"

#define LOGLINE_SIZE 1001 /* 1000 bytes and the NUL */

/* The line of one recipient that was, or would have been, refused. `queue_id` may be unknown:
 * then NOQUEUE. `text` is the first part to be cut. */
void logline_refused(const struct facts *facts, const struct decision *decision,
                     const struct refusal *refusal, struct span queue_id, char line[LOGLINE_SIZE]);

/* The line of the recipients that passed one connector, or were exempt from it. One that passed
 * though it failed or is unknown (the TLS policy map holds the delivery) has the reason behind
 * "verdict=pass". Nothing of the recipient is looked at but, outbound, facts->next_hop, and what
 * decision->seen points to, which must still be there. */
void logline_passed(const struct facts *facts, const struct decision *decision, unsigned recipients,
                    struct span queue_id, char line[LOGLINE_SIZE]);

/* The line of a sender, outbound of a recipient, that just misses an exact entry. */
void logline_near_miss(const struct facts *facts, const struct decision *decision,
                       struct span queue_id, char line[LOGLINE_SIZE]);

#endif
