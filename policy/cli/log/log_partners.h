/* SPDX-License-Identifier: ISC */
/*
 * log_partners: the partners of connectors. A partner is a domain of senders (inbound) or of
 * recipients (outbound) within one connector.
 *
 * There is room for so many. A partner that has been seen a few times settles and stays, until
 * three quarters of the room are taken. The others make room for new ones of the same connector,
 * those first that were not seen for longest. So names that somebody invents by the million neither
 * push out who was there before nor keep out for good who comes after them. What partners had that
 * were forgotten is counted as the others' of their connector.
 */
#ifndef FORCETLS_POLICY_CLI_LOG_LOG_PARTNERS_H
#define FORCETLS_POLICY_CLI_LOG_LOG_PARTNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "milter/hash.h"
#include "policy/cli/log/log_facts.h"
#include "policy/cli/log/log_history.h"
#include "policy/cli/log/log_tally.h"

#define LOG_PARTNERS_MOST 20000
#define LOG_CONNECTOR_PARTNERS_MOST 2000
#define LOG_KNOWN_LINES 4                          /* so often a partner was seen that settles */
#define LOG_BYTES_MOST (64 * 1024 * 1024)          /* of partners and their values */
#define LOG_CONNECTOR_BYTES_MOST (8 * 1024 * 1024) /* of one connector's */

struct log_partner {
    struct log_partner *next;          /* of the same hash */
    struct log_partner *older, *newer; /* of those that have not settled */
    struct log_circle *circle;
    bool settled;
    uint64_t lines;
    struct log_tally tally;
    struct log_history history;
    size_t length;
    char name[]; /* the domain in canonical form, "<>"; not NUL-terminated */
};

/* The partners of one connector. */
struct log_circle {
    size_t count, settled;
    struct log_partner *oldest, *newest; /* of those that have not settled */
    struct log_budget budget;

    /* Of messages whose partner is not kept. */
    struct log_tally others;
    uint64_t others_forgotten; /* partners that had to make room */
    uint64_t others_changes;   /* of them */
};

#define LOG_PARTNER_BUCKETS 32768

struct log_partners {
    struct hash_key key;
    struct log_budget budget;
    size_t count, settled;
    struct log_partner *buckets[LOG_PARTNER_BUCKETS];
};

void log_partners_init(struct log_partners *partners);
void log_partners_release(struct log_partners *partners);

/* The circle must live until log_partners_release(). */
void log_circle_init(struct log_circle *circle, struct log_partners *partners);

/* Counts one line. */
void log_partners_count(struct log_partners *partners, struct log_circle *circle,
                        const struct log_facts *facts);

/* All of them, into an array of `partners->count`, in no order. */
void log_partners_list(const struct log_partners *partners, const struct log_partner **list);

#endif
