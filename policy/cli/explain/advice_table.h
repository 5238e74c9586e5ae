/* SPDX-License-Identifier: ISC */
/*
 * advice_table: what the tables of advice are written with; for advice*.c.
 */
#ifndef FORCETLS_POLICY_CLI_EXPLAIN_ADVICE_TABLE_H
#define FORCETLS_POLICY_CLI_EXPLAIN_ADVICE_TABLE_H

#include "policy/cli/explain/advice.h"

struct advice_table {
    const char *const *meanings; /* REASONS + 1 of them; NULL: the reason does not occur */
    const struct advice_step *steps;
    size_t count;
};

extern const struct advice_table advice_inbound, advice_outbound;

/* Where a step is told: at these checks, or fields of a certificate. */
#define ANYWHERE 0U
#define FIELD(field) (1U << (field))
#define CHECK(check) (1U << (16 + (check)))
#define PINS (FIELD(FIELD_FINGERPRINT) | FIELD(FIELD_PUBLIC_KEY) | FIELD(FIELD_PIN_FILE))
#define SUBJECT (FIELD(FIELD_ORGANIZATION) | FIELD(FIELD_ORGANIZATIONAL_UNIT))

/* Rows. */
#define HERE(reason, where, text)                                     \
    {                                                                 \
        reason, where, MTA_UNKNOWN, ADVICE_ADMINISTRATOR, false, text \
    }
#define POSTFIX(reason, where, text)                                  \
    {                                                                 \
        reason, where, MTA_POSTFIX, ADVICE_ADMINISTRATOR, false, text \
    }
#define SENDMAIL(reason, where, text)                                  \
    {                                                                  \
        reason, where, MTA_SENDMAIL, ADVICE_ADMINISTRATOR, false, text \
    }
#define PARTNER(reason, where, text)                            \
    {                                                           \
        reason, where, MTA_UNKNOWN, ADVICE_PARTNER, false, text \
    }

#define MEANWHILE(reason, text)                                         \
    {                                                                   \
        reason, ANYWHERE, MTA_UNKNOWN, ADVICE_ADMINISTRATOR, true, text \
    }

#endif
