/* SPDX-License-Identifier: ISC */
/*
 * certificate: does the certificate that was seen fit one of a connector's `certificates`?
 */
#ifndef FORCETLS_POLICY_CERTIFICATE_H
#define FORCETLS_POLICY_CERTIFICATE_H

#include "policy/demand.h"

/* Runs CHECK_CERTIFICATE: one entry that fits and is in force is enough; without entries, a name
 * that is one of the connector's domains or lies below one. Outbound, an entry of level secure that
 * has neither a name nor a pin wants a certificate that names the MX host. Fills outcome, reason,
 * entry and field of the result. */
void certificate_check(const struct check_input *input, struct check_result *result);

#endif
