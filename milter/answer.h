/* SPDX-License-Identifier: ISC */
/*
 * answer: what a decision becomes: the reply to the MTA, the lines of the log, the counters.
 */
#ifndef FORCETLS_MILTER_ANSWER_H
#define FORCETLS_MILTER_ANSWER_H

#include <libmilter/mfapi.h>

#include "milter/counters.h"
#include "milter/map_watch.h"
#include "milter/recipient.h"

/* With what an answer is given; `queue_id` may not be known. */
struct answerer {
    SMFICTX *ctx;
    struct counters *counters;
    struct map_watch *map_watch;
    struct span queue_id;
};

/* The one exit for errors of our own; `message` may be NULL. */
sfsistat answer_internal_error(const struct answerer *answerer, const struct message *message,
                               const char *what);

/* Tells an address that just misses an entry, once, whatever becomes of the message. */
void answer_near_miss(const struct answerer *answerer, struct message *message,
                      const struct facts *facts, const struct decision *decision);

/* RCPT, decided: refused with a line for each direction that refuses it, or let through and kept.
 */
sfsistat answer_recipient(const struct answerer *answerer, struct message *message,
                          struct recipient *recipient);

/* RCPT, of which nothing can be decided: an error of ours. Mail that did not come by SMTP has its
 * answer at the end of the message. */
sfsistat answer_undecided(const struct answerer *answerer, struct message *message,
                          const struct recipient *recipient, const char *what);

/* RCPT, whose address, or the sender's, could mean so many domains that it is not judged. */
sfsistat answer_too_many_domains(const struct answerer *answerer, struct message *message,
                                 const struct recipient *recipient, size_t domains);

/* The end of a message: the refusals that cannot come earlier, or a line for each connector that
 * let it through. */
sfsistat answer_end(const struct answerer *answerer, const struct message *message);

#endif
