/* SPDX-License-Identifier: ISC */
#include "policy/reported.h"

/* Of MTA_POSTFIX and MTA_SENDMAIL. Sendmail gives names of untrusted certificates too; the chain is
 * asked for by the level, not by the entry. */
static const struct reported_row {
    enum reported postfix, sendmail;
} rows[FIELDS] = {
    [FIELD_NONE] = { REPORTED_NEVER, REPORTED_NEVER },
    [FIELD_NAME] = { REPORTED_IF_TRUSTED, REPORTED_ALWAYS },
    [FIELD_ISSUER] = { REPORTED_IF_TRUSTED, REPORTED_ALWAYS },
    [FIELD_ROOT] = { REPORTED_NEVER, REPORTED_NEVER },
    [FIELD_ORGANIZATION] = { REPORTED_NEVER, REPORTED_ALWAYS },
    [FIELD_ORGANIZATIONAL_UNIT] = { REPORTED_NEVER, REPORTED_ALWAYS },
    [FIELD_KEY_BITS] = { REPORTED_NEVER, REPORTED_NEVER },
    [FIELD_FINGERPRINT] = { REPORTED_TO_POLICY, REPORTED_ALWAYS },
    [FIELD_PUBLIC_KEY] = { REPORTED_TO_POLICY, REPORTED_NEVER },
    [FIELD_PIN_FILE] = { REPORTED_TO_POLICY, REPORTED_ALWAYS },
    [FIELD_FROM] = { REPORTED_NEVER, REPORTED_NEVER },
    [FIELD_UNTIL] = { REPORTED_NEVER, REPORTED_NEVER },
};

enum reported reported_by(enum mta mta, enum certificate_field field)
{
    return mta == MTA_SENDMAIL ? rows[field].sendmail : rows[field].postfix;
}
