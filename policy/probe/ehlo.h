/* SPDX-License-Identifier: ISC */
/* ehlo: what we say in EHLO, and what its answer offers (RFC 5321, 4.1.1.1). */
#ifndef FORCETLS_POLICY_PROBE_EHLO_H
#define FORCETLS_POLICY_PROBE_EHLO_H

#include <stdbool.h>

#include "policy/network.h"
#include "policy/probe/found.h"
#include "policy/probe/reply.h"
#include "policy/probe/settings.h"

#define EHLO_LINE_SIZE (HELO_MOST + sizeof("EHLO \r\n"))

/* The line, its end included: with `helo`, else this host's name, or, where that has no dot in it,
 * our address as a literal. */
void ehlo_write(char line[EHLO_LINE_SIZE], const char *helo, const char *host,
                const struct ip *ours);

/* The lines of a good answer, all but the first one, into `offered`. Returns whether STARTTLS is
 * among them. */
bool ehlo_read(const struct reply *reply, struct texts_found *offered);

#endif
