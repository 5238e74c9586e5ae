/* SPDX-License-Identifier: ISC */
/*
 * foreign: bytes of strangers in JSON strings.
 */
#ifndef FORCETLS_POLICY_PROBE_FOREIGN_H
#define FORCETLS_POLICY_PROBE_FOREIGN_H

#include <jansson.h>

#include "policy/span.h"

/* A string of any bytes: valid UTF-8 stays (RFC 3629); any other byte, control characters and the
 * backslash become \xHH. A span that is not known becomes null. */
json_t *foreign_string(struct span value);

#endif
