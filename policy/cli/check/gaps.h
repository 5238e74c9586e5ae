/* SPDX-License-Identifier: ISC */
/*
 * gaps: what an inbound connector compares of a client's certificate, and an MTA does not tell a
 * milter just so. Pure; what an MTA tells is reported.h's.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_GAPS_H
#define FORCETLS_POLICY_CLI_CHECK_GAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/escape.h"
#include "policy/reported.h"
#include "policy/rules.h"

enum gap_kind {
    GAP_NEVER,      /* not reported at all */
    GAP_NO_SOCKET,  /* only through smtpd_policy_socket, which is not set */
    GAP_SOCKET,     /* only through smtpd_policy_socket, which is set */
    GAP_IF_TRUSTED, /* only of a trusted certificate, where a pinned one need not be trusted */
    GAP_SOME_PINS   /* of a pin_file the certificates only */
};

struct gap {
    size_t entry; /* index in the connector's certificates */
    enum certificate_field field;
    enum gap_kind kind;
};

/* No certificate fits the entry. */
bool gap_is_fatal(const struct gap *gap);

/* "never", "no-socket", "socket", "if-trusted", "some-pins" */
const char *gap_word(enum gap_kind kind);

/* Calls `visit` for each gap of a connector, entry by entry. Outbound connectors, and levels below
 * secure, have none. False: of the entries that are not past at `now` (seconds since 1970) no
 * certificate fits any, as long as this MTA reports. */
bool gaps_visit(const struct rules *rules, const struct connector *connector, enum mta mta,
                int64_t now, void (*visit)(void *data, const struct gap *gap), void *data);

/* The gap as a sentence. */
void gap_say(struct line *line, const struct gap *gap, enum mta mta);

/* Whether an inbound connector of the file compares a name, or a fingerprint, of a certificate. */
bool gaps_name_is_compared(const struct rules *rules);
bool gaps_fingerprint_is_compared(const struct rules *rules);

#endif
