/* SPDX-License-Identifier: ISC */
/*
 * facts: what is known about a hop. Plain data; nobody here decides anything.
 *
 * Every field has a value that means "not known", and that value is never good news. The spans
 * point into the caller's memory and live as long as the facts do.
 */
#ifndef FORCETLS_POLICY_FACTS_H
#define FORCETLS_POLICY_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/address.h"
#include "policy/cipher.h"
#include "policy/digest.h"
#include "policy/network.h"
#include "policy/span.h"

/* Which program reports: it decides what can be known, and which setting a text names. */
enum mta { MTA_UNKNOWN, MTA_POSTFIX, MTA_SENDMAIL };

enum tls_state {
    TLS_NOT_REPORTED, /* the MTA says nothing about TLS at all */
    TLS_PLAIN,        /* the session is not encrypted */
    TLS_ENCRYPTED
};

struct tls_facts {
    enum tls_state state;
    enum tls_protocol protocol;
    struct span protocol_name; /* as reported */
    struct span cipher;
    int cipher_bits; /* -1: not reported */
};

enum trust {
    TRUST_NOT_REPORTED,
    TRUST_NO_CERTIFICATE,
    TRUST_UNTRUSTED,         /* there is a certificate, and its chain is not trusted */
    TRUST_NONE_OR_UNTRUSTED, /* Postfix does not tell which */
    TRUST_TRUSTED
};

/* Whether the certificate names the host that it was seen at (RFC 9525). */
enum host_name { HOST_NAME_NOT_REPORTED, HOST_NAME_FITS, HOST_NAME_OTHER };

enum pin_state {
    PIN_NOT_REPORTED, /* the MTA told nothing (Postfix: smtpd_policy_socket not attached) */
    PIN_OTHER_DIGEST, /* told, but not as SHA-256 */
    PIN_NO_CERTIFICATE,
    PIN_KNOWN
};

struct certificate_facts {
    enum trust trust;
    struct span trust_error;  /* outbound: why it is not trusted, a code of policy/probe/FORMAT */
    enum host_name host_name; /* outbound */
    struct span subject;      /* common name */
    struct span issuer;       /* the issuer's common name */
    struct span root;         /* common name of the verified chain's anchor */
    struct span organization;
    struct span organizational_unit;
    bool has_alt_names; /* there is a subjectAltName, even without DNS names; then no CN counts */
    const struct span *alt_names; /* its DNS names; likewise where there are any */
    size_t alt_name_count;
    int key_bits; /* 0: not known */
    enum pin_state fingerprint_state;
    struct digest fingerprint; /* SHA-256 of the certificate */
    enum pin_state public_key_state;
    struct digest public_key; /* SHA-256 of its SubjectPublicKeyInfo */
};

/* One recipient. */
struct facts {
    enum mta mta;
    int64_t now;        /* seconds since 1970 */
    bool local;         /* did not come by SMTP: crosses no inbound hop, and is told no way out */
    bool authenticated; /* SMTP AUTH */
    struct ip client;
    struct span client_name;            /* as the MTA shows it in its own log */
    const struct domain *helo_domain;   /* canonical; NULL: none. Looked at for <> only */
    const struct domain *client_domain; /* of client_name where confirmed; NULL otherwise */
    struct span sender;                 /* as given, for the log */
    struct span recipient;              /* as given, for the log */
    const struct address *sender_address;
    const struct address *recipient_address; /* NULL before RCPT: local_domains always fit */
    struct span mailer;                      /* {rcpt_mailer}: the transport, */
    struct span next_hop;                    /* {rcpt_host}: and where it delivers to; outbound */
    struct tls_facts tls;
    struct certificate_facts certificate;
};

/* Everything unknown. */
void facts_init(struct facts *facts);

#endif
