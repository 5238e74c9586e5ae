/* SPDX-License-Identifier: ISC */
/*
 * chain_revocation: what a list (CRL, RFC 5280, 5) or a responder (OCSP, RFC 6960) says of the
 * server's certificate. It is held against the issuer among the certificates that were sent,
 * whether a trust store vouches for that one or not. Nothing is fetched here.
 */
#ifndef FORCETLS_POLICY_X509_CHAIN_REVOCATION_H
#define FORCETLS_POLICY_X509_CHAIN_REVOCATION_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/span.h"
#include "policy/x509/chain.h"

enum revocation_state {
    REVOCATION_GOOD,
    REVOCATION_REVOKED,
    REVOCATION_UNKNOWN,     /* the responder does not know the certificate */
    REVOCATION_STALE,       /* out of date, or not yet in force */
    REVOCATION_INVALID,     /* not the issuer's word on this certificate */
    REVOCATION_UNVERIFIED,  /* the issuer was not sent, so that nothing can be held against it */
    REVOCATION_MALFORMED,   /* no list, no response */
    REVOCATION_REFUSED,     /* an HTTP status, an OCSP status that is no answer */
    REVOCATION_UNREACHABLE, /* no such name, no connection, no answer in time */
    REVOCATION_NOT_ALLOWED, /* an address that is not asked */
    REVOCATION_NOT_TRIED    /* for want of time, or because there are too many */
};

/* The words of policy/probe/FORMAT. */
const char *revocation_state_word(enum revocation_state state);

struct revocation_judgement {
    enum revocation_state state;
    char text[128]; /* more of it, in words; "": nothing */
};

/* The certificate that has signed the server's was sent with it. */
bool chain_has_issuer(const struct chain *chain);

/* A request about the server's certificate (DER), to be given to free(). NULL: there is no issuer,
 * or memory ran out. */
char *chain_ocsp_request(const struct chain *chain, size_t *length);

/* What these bytes (DER) say, now. */
void chain_judge_ocsp(const struct chain *chain, struct span response,
                      struct revocation_judgement *judgement);
void chain_judge_crl(const struct chain *chain, struct span list,
                     struct revocation_judgement *judgement);

#endif
