/* SPDX-License-Identifier: ISC */
/*
 * found: what a probe of a next hop found; facts, no verdict. FORMAT says what each of them means.
 */
#ifndef FORCETLS_POLICY_PROBE_FOUND_H
#define FORCETLS_POLICY_PROBE_FOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/domain.h"
#include "policy/hop.h"
#include "policy/network.h"
#include "policy/x509/chain.h"
#include "policy/x509/chain_revocation.h"

enum client_certificate { CERTIFICATE_NOT_ASKED, CERTIFICATE_ASKED, CERTIFICATE_REQUIRED };

enum staple { STAPLE_NONE, STAPLE_GOOD, STAPLE_REVOKED, STAPLE_UNKNOWN, STAPLE_INVALID };

/* What was negotiated. */
struct tls_found {
    char protocol[16];
    char cipher[80];
    int bits;
    char group[48]; /* "": none, the key was sent encrypted with the server's */
    bool forward_secrecy;
    enum client_certificate client_certificate;
    enum staple staple;
};

/* What one trust store says. */
struct trust_found {
    char *store;
    char *error; /* it cannot be read; NULL: it can */
    struct chain_verdict verdict;
};

/* Bytes as they came. */
struct text_found {
    char *data;
    size_t length;
};

struct texts_found {
    struct text_found *texts;
    size_t count;
};

struct address_found {
    struct ip ip;
    unsigned port;
    bool decided; /* what is below counts */
    enum hop_state state;
    struct text_found reply;
    int64_t milliseconds;
    struct texts_found offered, offered_tls;
    struct tls_found tls; /* of HOP_TLS, as is the rest */
    struct chain *chain;
    struct trust_found *trust; /* one for each store that was asked for */
    size_t trust_count;
};

struct host_found {
    struct domain name;
    unsigned preference;
    bool self;
    enum lookup addresses_state;
    enum dnssec dnssec;
    struct address_found *addresses;
    size_t count, left_out;
};

/* What an address says that a server's certificate names for its revocation. */
#define REVOCATIONS_MOST 16                    /* of a next hop */
#define REVOCATION_ADDRESS_MOST ((size_t)1024) /* bytes */

enum revocation_kind { REVOCATION_OCSP, REVOCATION_CRL };

struct revocation_found {
    enum revocation_kind kind;
    struct text_found address;
    struct digest certificate; /* its fingerprint */
    enum revocation_state state;
    struct text_found text;
    int64_t milliseconds;
};

struct hop_found {
    int64_t started, milliseconds;
    enum lookup mx_state;
    enum dnssec mx_dnssec;
    struct host_found *hosts; /* in order of preference */
    size_t count, left_out;
    bool asked_revocation;
    struct revocation_found *revocations;
    size_t revocation_count;
};

/* The words of FORMAT (policy/hop.h has the others). */
const char *client_certificate_word(enum client_certificate certificate);
const char *staple_word(enum staple staple);
const char *revocation_kind_word(enum revocation_kind kind);

/* Replaces the text by a copy. */
void text_set(struct text_found *text, const char *data, size_t length);
void texts_add(struct texts_found *texts, const char *data, size_t length);
void texts_release(struct texts_found *texts);

void address_found_release(struct address_found *address);
void hop_found_release(struct hop_found *found);

#endif
