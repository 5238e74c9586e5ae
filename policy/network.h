/* SPDX-License-Identifier: ISC */
/*
 * network: IP addresses and networks, IPv4 and IPv6.
 *
 * A v4-mapped address (::ffff:192.0.2.1) is the IPv4 address, always.
 */
#ifndef FORCETLS_POLICY_NETWORK_H
#define FORCETLS_POLICY_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/span.h"
#include "policy/why.h"

#define IP_TEXT_SIZE 46      /* INET6_ADDRSTRLEN */
#define NETWORK_TEXT_SIZE 50 /* and "/128" */

struct ip {
    uint8_t family; /* 4, 6, or 0: not known */
    uint8_t bytes[16];
};

struct network {
    struct ip ip;
    uint8_t prefix; /* bits */
};

struct network_list {
    struct network *networks;
    size_t count;
};

/* From the bytes of a struct in_addr or in6_addr; `family` is 4 or 6. */
struct ip ip_from_bytes(int family, const void *bytes);

/* From text, also with Sendmail's and Postfix's "IPv6:" before it; false: no address. */
bool ip_parse(struct ip *ip, struct span text);

/* Writes the address, or "unknown". */
void ip_format(const struct ip *ip, char text[IP_TEXT_SIZE]);

bool ip_equal(const struct ip *a, const struct ip *b);

/* 127.0.0.0/8, ::1; one that is not known is none. */
bool ip_is_loopback(const struct ip *ip);

/* 0.0.0.0, ::; one that is not known is none. */
bool ip_is_any(const struct ip *ip);

/* ADDRESS or ADDRESS/BITS; bits of the host part that are set are an error, as in Postfix. */
bool network_parse(struct network *network, struct span text, struct why *why);

/* ADDRESS/BITS; of a single address that alone, as network_parse() reads it. */
void network_format(const struct network *network, char text[NETWORK_TEXT_SIZE]);

/* The network of that many bits that an address lies in. */
struct network network_around(const struct ip *ip, uint8_t prefix);

bool network_contains(const struct network *network, const struct ip *ip);

/* An address that is not known lies in no network. */
bool network_list_contains(const struct network_list *list, const struct ip *ip);

/* Appends; false where memory ran out. */
bool network_list_add(struct network_list *list, const struct network *network);
void network_list_release(struct network_list *list);

#endif
