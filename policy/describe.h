/* SPDX-License-Identifier: ISC */
/*
 * describe: a check in words: what the connector wants and what was seen. For people who ask why;
 * the sentence of a refusal is refusal.h's.
 */
#ifndef FORCETLS_POLICY_DESCRIBE_H
#define FORCETLS_POLICY_DESCRIBE_H

#include "policy/demand.h"
#include "policy/escape.h"

#define DESCRIBE_SIZE 600

/* "TLSv1.2 or later", "192.0.2.0/24 or 2001:db8::/32", "name mail.contoso.com, issuer 'Example
 * CA'": appended to the line, printable, bounded. For CHECK_CERTIFICATE the entry that the result
 * names; without entries, the connector's domains. */
void describe_wanted(struct line *line, const struct connector *connector,
                     const struct check_result *result);

/* "TLSv1.1", "192.0.2.25", "name 'mail.fabrikam.com', issuer 'Other CA'"; "not reported" where the
 * MTA told nothing. For CHECK_CERTIFICATE the fields that the wanted entry compares. */
void describe_got(struct line *line, const struct connector *connector, const struct facts *facts,
                  const struct check_result *result);

/* The same for any entry of certificates: "name mail.contoso.com, issuer 'Example CA', at least
 * 2048 bits, until 2018-10-01". */
void describe_entry(struct line *line, const struct certificate_entry *entry);

#endif
