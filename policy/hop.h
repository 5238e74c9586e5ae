/* SPDX-License-Identifier: ISC */
/*
 * hop: what the prober found at a next hop. Plain data; nobody here judges anything.
 *
 * The spans and arrays belong to whoever owns the struct hop_facts (milter/hops/hops.c, or a command)
 * and live as long as it does. policy/probe/FORMAT says what the words mean.
 */
#ifndef FORCETLS_POLICY_HOP_H
#define FORCETLS_POLICY_HOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/facts.h"
#include "policy/verdict.h"

enum lookup {
    LOOKUP_NOT_ASKED, /* [HOST]: there was nothing to ask */
    LOOKUP_FOUND,
    LOOKUP_NONE, /* the name is there, such records are not */
    LOOKUP_NULL_MX,
    LOOKUP_NXDOMAIN,
    LOOKUP_SERVFAIL,
    LOOKUP_TIMEOUT,
    LOOKUP_BOGUS,
    LOOKUPS
};

enum dnssec { DNSSEC_UNKNOWN, DNSSEC_INSECURE, DNSSEC_SECURE };

enum hop_state {
    HOP_NOT_ALLOWED,
    HOP_UNREACHABLE,
    HOP_BUSY,
    HOP_REJECTED,
    HOP_NOT_SMTP,
    HOP_NO_STARTTLS,
    HOP_STARTTLS_REFUSED,
    HOP_INJECTED,
    HOP_TLS_FAILED,
    HOP_TLS,
    HOP_STATES
};

/* What one trust store says about a certificate. */
struct hop_trust {
    struct span store;
    enum { STORE_ERROR, STORE_UNTRUSTED, STORE_TRUSTED } state;
    struct span anchor; /* common name of the anchor; not known where untrusted */
    bool names_ok;      /* the certificate names the MX host */
    struct span error;  /* UNTRUSTED: the first error that makes it so; not known: none */
};

struct hop_address {
    struct ip ip;
    uint16_t port;
    enum hop_state state;
    struct span reply; /* the server's words, or the local error, that the state stands on */
    /* HOP_TLS: */
    struct tls_facts tls;
    enum forward_secrecy forward_secrecy; /* for people; the rule goes by the cipher */
    /* All but what the stores say: trust, trust_error, host_name and root. What the certificate
     * does not have is "" and not unknown. */
    struct certificate_facts certificate;
    bool has_certificate;
    bool revoked; /* a stapled OCSP answer says so */
    int64_t certificate_from, certificate_until;
    const struct hop_trust *trusts;
    size_t trust_count;
};

struct hop_host {
    struct span name; /* canonical host name, or the address literal */
    int preference;
    bool self; /* ourselves, or no better than ourselves: not used for delivery */
    enum lookup lookup;
    enum dnssec dnssec;
    const struct hop_address *addresses;
    size_t address_count;
    size_t left_out; /* addresses that were not looked at */
};

struct hop_facts {
    enum lookup lookup;
    enum dnssec dnssec;           /* of the MX answer */
    const struct hop_host *hosts; /* in order of preference */
    size_t host_count;
    size_t left_out; /* hosts that were not looked at */
};

/* What is known about a hop at the moment of a decision. */
struct hop_knowledge {
    const struct hop_facts *facts; /* NULL: none */
    enum reason missing; /* where there are none: REASON_NOT_PROBED_YET, _PROBER_FAILURE */
    int64_t age;         /* seconds since the probe */
    bool fresh;          /* not older than `interval` */
    bool confirmed;      /* the probe before it, at least `retry` earlier, found the same failure */
};

/* What of a hop a judgement speaks of. It points into the facts and lives as long as they do. */
struct hop_seen {
    const struct hop_host *host;       /* NULL: none */
    const struct hop_address *address; /* NULL: none */
    const struct hop_trust *trust;     /* what the connector's trust store says; NULL: nothing */
    enum lookup lookup;                /* of the MX records */
    enum dnssec dnssec;
    int64_t age; /* seconds since the probe; -1: there was none */
};

/* Nothing seen. */
void hop_seen_init(struct hop_seen *seen);

/* The session with the host in place of that with our client: sets `tls` and `certificate` of
 * `facts`, whose `now` must be set. A certificate that has run out since the probe is untrusted. */
void hop_seen_session(const struct hop_seen *seen, struct facts *facts);

/* Whether the probe trusted the certificate, and it has run out since: no later probe confirms it.
 */
bool hop_seen_expired_since(const struct hop_seen *seen, int64_t now);

const char *lookup_word(enum lookup lookup); /* policy/probe/FORMAT; likewise below */
const char *dnssec_word(enum dnssec dnssec);
const char *hop_state_word(enum hop_state state);

#endif
