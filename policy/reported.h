/* SPDX-License-Identifier: ISC */
/*
 * reported: what an MTA tells a milter about a client's certificate (measured), as a table.
 */
#ifndef FORCETLS_POLICY_REPORTED_H
#define FORCETLS_POLICY_REPORTED_H

#include "policy/demand.h"

enum reported {
    REPORTED_ALWAYS,     /* of every certificate */
    REPORTED_IF_TRUSTED, /* of one that the MTA trusts */
    REPORTED_TO_POLICY,  /* to a policy server: needs smtpd_policy_socket */
    REPORTED_NEVER
};

/* For MTA_POSTFIX and MTA_SENDMAIL, and a field that compares something of the certificate. */
enum reported reported_by(enum mta mta, enum certificate_field field);

#endif
