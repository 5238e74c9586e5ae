/* SPDX-License-Identifier: ISC */
/*
 * demand: the table of checks. Each compares one demand of a connector with the facts.
 */
#ifndef FORCETLS_POLICY_DEMAND_H
#define FORCETLS_POLICY_DEMAND_H

#include <stddef.h>

#include "policy/connectors.h"
#include "policy/facts.h"
#include "policy/verdict.h"

enum check {
    CHECK_CLIENT,
    CHECK_ENCRYPTED,
    CHECK_PROTOCOL,
    CHECK_CIPHER_BITS,
    CHECK_FORWARD_SECRECY,
    CHECK_CIPHER,
    CHECK_TRUSTED,
    CHECK_HOST_NAME, /* outbound: the certificate names the MX host */
    CHECK_CERTIFICATE,
    CHECKS
};

enum check_outcome {
    CHECK_MET,
    CHECK_UNMET,  /* seen not to be met */
    CHECK_UNKNOWN /* cannot be told from what was reported */
};

/* The field of a certificates entry that a check stopped at. */
enum certificate_field {
    FIELD_NONE,
    FIELD_NAME,
    FIELD_ISSUER,
    FIELD_ROOT,
    FIELD_ORGANIZATION,
    FIELD_ORGANIZATIONAL_UNIT,
    FIELD_KEY_BITS,
    FIELD_FINGERPRINT,
    FIELD_PUBLIC_KEY,
    FIELD_PIN_FILE,
    FIELD_FROM,  /* the entry is not in force yet */
    FIELD_UNTIL, /* the entry is no longer in force */
    FIELDS
};

struct check_result {
    enum check check;
    enum check_outcome outcome;
    enum reason reason;
    /* CHECK_CERTIFICATE: the entry that came closest (its index; -1: the connector's domains
     * are the default names) and the field where it stopped. When met: the entry that fits. */
    int entry;
    enum certificate_field field;
};

struct trail {
    struct check_result results[CHECKS];
    size_t count;
};

/* What a check looks at. */
struct check_input {
    const struct connectors *connectors;
    const struct connector *connector;
    const struct facts *facts;
    enum direction direction;
};

static inline void check_met(struct check_result *result)
{
    result->outcome = CHECK_MET;
    result->reason = REASON_NONE;
}

static inline void check_unmet(struct check_result *result, enum reason reason)
{
    result->outcome = CHECK_UNMET;
    result->reason = reason;
}

static inline void check_unknown(struct check_result *result)
{
    result->outcome = CHECK_UNKNOWN;
    result->reason = REASON_NOT_REPORTED;
}

/* What a trail comes to: a demand seen unmet: fail; else one not known: unknown; else pass. Gives
 * the result that decides, or NULL where all are met. */
const struct check_result *trail_decisive(const struct trail *trail);
enum outcome trail_outcome(const struct trail *trail, enum reason *reason);

const char *check_word(enum check check);
const char *certificate_field_word(enum certificate_field field);

/* Runs every check that the connector's level asks for, in the table's order, into `trail`.
 * Level `may` asks for none. */
void demand_check(const struct connectors *connectors, const struct connector *connector,
                  const struct facts *facts, enum direction direction, struct trail *trail);

#endif
