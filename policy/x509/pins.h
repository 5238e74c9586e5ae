/* SPDX-License-Identifier: ISC */
/*
 * pins: what a PEM file pins: the SHA-256 of each certificate in it, and of the
 * SubjectPublicKeyInfo of each bare public key.
 */
#ifndef FORCETLS_POLICY_X509_PINS_H
#define FORCETLS_POLICY_X509_PINS_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/connector.h"
#include "policy/why.h"

/* Reads all CERTIFICATE and PUBLIC KEY blocks of the file, at most 1 MB of it; other blocks are
 * passed over (a PRIVATE KEY is an error: it has no business there). An empty result is an
 * error. On success `*pins` is the caller's, to be given to free(). */
bool pins_read(const char *file, struct pin **pins, size_t *count, struct why *why);

#endif
