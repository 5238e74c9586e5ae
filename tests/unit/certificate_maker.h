/* SPDX-License-Identifier: ISC */
/*
 * certificate_maker: certificates of any kind, the malformed ones too, made on the spot with
 * OpenSSL, for the unit tests of policy/x509. Whatever cannot be made ends the test.
 */
#ifndef FORCETLS_TESTS_UNIT_CERTIFICATE_MAKER_H
#define FORCETLS_TESTS_UNIT_CERTIFICATE_MAKER_H

#include <openssl/x509.h>

#include "tests/unit/build.h"

#define DAY INT64_C(86400)
#define YEAR (365 * DAY)

/* Each is made once, when it is needed first. KEY_ROOT and the like are P-256. */
enum maker_key {
    KEY_DEFAULT, /* that of the certificate's place */
    KEY_ROOT,
    KEY_CA,
    KEY_LEAF,
    KEY_OTHER,
    KEY_P384,
    KEY_P224,
    KEY_EXPLICIT, /* P-256 with its curve written out */
    KEY_ED25519,
    KEY_RSA_2048,
    KEY_RSA_1024,
    KEY_RSA_2040,
    KEY_RSA_2052,
    KEY_DSA,
    KEY_PSS_2048,   /* RSA-PSS */
    KEY_EXPONENT_1, /* RSA, public keys alone */
    KEY_EXPONENT_EVEN,
    KEYS
};

EVP_PKEY *maker_key(enum maker_key key);
void maker_free_keys(void);

/* "basicConstraints" replaces the extension of that name, or adds it where there is none; a value
 * of NULL takes it away; "+basicConstraints" adds one. Values are written as in openssl.cnf
 * (x509v3_config(5)). */
struct maker_change {
    const char *name, *value;
};

/* For a recipe with one change. */
#define SET(name, value) .changes = { { name, value } }

/* One attribute of a name. */
struct maker_attribute {
    int nid;
    int type; /* V_ASN1_...; 0: UTF8String */
    struct span value;
};

struct maker_recipe {
    const char *common_name;               /* NULL: the place's; "": no subject */
    const struct maker_attribute *subject; /* instead, to the row without a nid */
    const char *issuer;                    /* a common name instead of the issuer's subject */
    struct maker_change changes[6];
    enum maker_key key;
    enum maker_key signed_by; /* instead of the issuer's key */
    const EVP_MD *(*digest)(void);
    int64_t from, until;  /* seconds from NOW on; both 0: a year around it */
    const char *serial;   /* hexadecimal, with a sign; NULL: some number */
    int version;          /* 0: 3 */
    bool generalized;     /* notAfter as GeneralizedTime, whatever the year */
    bool outer_algorithm; /* the algorithm outside is another than that inside */
};

enum maker_place { PLACE_ROOT, PLACE_CA, PLACE_LEAF };

/* A certificate as a public CA would have it in this place, but for the recipe (which may be NULL).
 * `issuer`: NULL: itself. */
X509 *maker_make(enum maker_place place, const struct maker_recipe *recipe, X509 *issuer);

#endif
