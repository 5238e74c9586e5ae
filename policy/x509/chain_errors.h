/* SPDX-License-Identifier: ISC */
/*
 * chain_errors: collects what is wrong with a chain.
 */
#ifndef FORCETLS_POLICY_X509_CHAIN_ERRORS_H
#define FORCETLS_POLICY_X509_CHAIN_ERRORS_H

#include "policy/x509/chain.h"

/* Adds an error (once) to the verdict; any but CHAIN_NAME_MISMATCH ends `trusted`, also one for
 * which there is no room left. The text is cut to fit. */
void chain_errors_add(struct chain_verdict *verdict, int depth, enum chain_error error,
                      const char *text);

/* The same for one of OpenSSL's X509_V_ERR_ codes. */
void chain_errors_add_code(struct chain_verdict *verdict, int depth, int code);

#endif
