/* SPDX-License-Identifier: ISC */
/*
 * needs: what a file's connectors need of the host's MTA, as the first connector that needs it.
 * Level may needs nothing.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_NEEDS_H
#define FORCETLS_POLICY_CLI_CHECK_NEEDS_H

#include "policy/rules.h"

struct needs {
    const struct connector *inbound;     /* demands anything of mail from the partner */
    const struct connector *certificate; /* inbound: the client has to show a certificate */
    const struct connector *chain;       /* inbound, verify or secure: a CA has to vouch for it */
    const struct connector *verify;      /* inbound, verify: whoever that CA vouches for */
    const struct connector *pins;        /* inbound: a fingerprint or a public key is compared */
    const struct connector *outbound;    /* demands anything of mail to the partner */
};

void needs_of(const struct rules *rules, struct needs *needs);

#endif
