/* SPDX-License-Identifier: ISC */
/*
 * certificates: reads X.509 certificates in PEM form: from a text, a file, a folder, OpenSSL's own
 * places.
 */
#ifndef FORCETLS_POLICY_X509_CERTIFICATES_H
#define FORCETLS_POLICY_X509_CERTIFICATES_H

#include <stdbool.h>

#include "policy/span.h"
#include "policy/why.h"

struct x509_st;       /* OpenSSL's X509 */
struct stack_st_X509; /* and STACK_OF(X509) */

/* Appends the certificates of the CERTIFICATE and TRUSTED CERTIFICATE blocks of the text; other
 * blocks are passed over, and so is what stands between blocks. False: `why`; a damaged block
 * spoils all of the text, as it does for OpenSSL. `into` holds what came before it. */
bool certificates_parse(struct span pem, struct stack_st_X509 *into, struct why *why);

/* Gives each certificate of a PEM file, or of each file of a folder once (several names for one
 * file, as c_rehash makes them, count once; files that are damaged or no PEM are passed over) to
 * `take`, until that returns false. NULL: OpenSSL's own places
 * (X509_get_default_cert_file(3), SSL_CERT_FILE and SSL_CERT_DIR included), which may be missing.
 * Files and the whole are bounded. `take` does not own the certificate. False: `why`. */
bool certificates_read(const char *path,
                       bool (*take)(void *taker, struct x509_st *certificate, struct why *why),
                       void *taker, struct why *why);

/* OpenSSL's own folders of certificates (SSL_CERT_DIR included), with colons between them. */
const char *certificates_default_folder(void);

#endif
