/* SPDX-License-Identifier: ISC */
/*
 * trust_store: which CAs are in a PEM file or in a folder of certificates.
 */
#ifndef FORCETLS_POLICY_X509_TRUST_STORE_H
#define FORCETLS_POLICY_X509_TRUST_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/digest.h"
#include "policy/why.h"

struct trust_store;

/* Reads a file of PEM certificates (CERTIFICATE and TRUSTED CERTIFICATE blocks; others are passed
 * over), or each file of a folder once (several names for one file, as c_rehash makes them, count
 * once). NULL: OpenSSL's own places (X509_get_default_cert_file(3), SSL_CERT_FILE and SSL_CERT_DIR
 * included). Files and the whole are bounded. On failure NULL and `why`. */
struct trust_store *trust_store_read(const char *path, struct why *why);
void trust_store_free(struct trust_store *store);

/* OpenSSL's own folder of certificates (SSL_CERT_DIR included), for texts. */
const char *trust_store_default_folder(void);

/* Certificates in it; the same one is counted once. */
size_t trust_store_count(const struct trust_store *store);

enum anchor { ANCHOR_MISSING, ANCHOR_EXPIRED, ANCHOR_PRESENT };

/* Whether a certificate with this common name is there, and whether one of that name is within its
 * own dates at `now` (seconds since 1970). */
enum anchor trust_store_find(const struct trust_store *store, const char *common_name, int64_t now);

/* Certificates in PEM form, one after the other. */
struct trust_pem {
    char *text; /* the caller's, to be given to free(); NULL: none */
    size_t length;
    struct digest digest; /* SHA-256 of the text */
};

/* The certificates with one of these common names (`name_count` 0: all), always in the same order,
 * without those that the store itself does not trust for TLS servers. False: there is none, or no
 * memory (`why`). */
bool trust_store_pem(const struct trust_store *store, const char *const *names, size_t name_count,
                     struct trust_pem *pem, struct why *why);

#endif
