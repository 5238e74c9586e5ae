/* SPDX-License-Identifier: ISC */
/*
 * dns_packet: an answer of the DNS in wire format (RFC 1035, 4) and the records in it that were
 * asked for.
 */
#ifndef FORCETLS_POLICY_PROBE_DNS_PACKET_H
#define FORCETLS_POLICY_PROBE_DNS_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "policy/domain.h"
#include "policy/hop.h"
#include "policy/network.h"

enum dns_type { DNS_A = 1, DNS_MX = 15, DNS_AAAA = 28 };

struct dns_record {
    unsigned preference; /* MX */
    struct domain name;  /* MX: the host, canonical; empty in a null MX */
    struct ip ip;        /* A, AAAA */
};

#define DNS_RECORDS_MOST 4096

struct dns_answer {
    enum lookup state;
    enum dnssec dnssec;
    struct dns_record *records; /* of LOOKUP_FOUND */
    size_t count;
};

/* Reads state and records; aliases (CNAME) are followed within the packet. What cannot be read is
 * LOOKUP_SERVFAIL. Release the answer. */
void dns_packet_read(struct dns_answer *answer, enum dns_type type, const void *packet,
                     size_t length);
void dns_answer_release(struct dns_answer *answer);

#endif
