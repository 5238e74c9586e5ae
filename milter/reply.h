/* SPDX-License-Identifier: ISC */
/* reply: a refusal becomes an SMTP reply of the MTA. */
#ifndef FORCETLS_MILTER_REPLY_H
#define FORCETLS_MILTER_REPLY_H

#include <libmilter/mfapi.h>

#include "policy/refusal.h"

/* Sets the reply and returns what the callback returns: SMFIS_REJECT or SMFIS_TEMPFAIL. Where
 * libmilter does not take the text, the MTA's own words stand; the verdict is the same. */
sfsistat reply_refuse(SMFICTX *ctx, const struct refusal *refusal);

#endif
