/* SPDX-License-Identifier: ISC */
/*
 * staple: an OCSP response that a server sent with its certificate (RFC 6066, 8).
 */
#ifndef FORCETLS_POLICY_PROBE_STAPLE_H
#define FORCETLS_POLICY_PROBE_STAPLE_H

#include <openssl/x509.h>

#include "policy/probe/found.h"

/* What the response says of the first certificate. It must be signed by the issuer among those
 * that were sent (whom the trust stores vouch for or not), or by whom the issuer has put in charge,
 * and be fresh; else STAPLE_INVALID. No bytes: STAPLE_NONE. */
enum staple staple_read(const unsigned char *response, long length, STACK_OF(X509) * chain);

#endif
