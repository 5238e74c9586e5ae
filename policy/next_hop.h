/* SPDX-License-Identifier: ISC */
/*
 * next_hop: where a message goes next, as Postfix and Sendmail write it, in one form.
 *
 * Postfix (transport(5), "nexthop"): DOMAIN, DOMAIN:PORT (MX lookup), [HOST], [HOST]:PORT,
 * [ADDRESS]:PORT (no MX lookup), smtps://HOST:PORT in our file. Sendmail: a host, perhaps with a
 * trailing dot, [HOST] without MX lookup, several with ":" between them.
 */
#ifndef FORCETLS_POLICY_NEXT_HOP_H
#define FORCETLS_POLICY_NEXT_HOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/connector.h"
#include "policy/domain.h"
#include "policy/facts.h"
#include "policy/network.h"
#include "policy/why.h"

enum next_hop_kind {
    NEXT_HOP_DOMAIN, /* MX records are asked for */
    NEXT_HOP_HOST,   /* a host name, no MX lookup */
    NEXT_HOP_ADDRESS /* an address literal */
};

struct next_hop {
    enum next_hop_kind kind;
    bool tls_first;     /* smtps://: TLS from the first byte */
    struct domain name; /* canonical; empty for an address */
    struct ip ip;       /* NEXT_HOP_ADDRESS */
    uint16_t port;      /* 0: the default one, never with tls_first */
};

#define NEXT_HOP_TEXT_SIZE (DOMAIN_MAX + 20)

/* One next hop of our file: names must be host names. Port 25 and "smtp" are the default port; the
 * names "submission", "submissions" and "smtps" are read too. smtps:// without a port is 465. */
bool next_hop_parse(struct next_hop *hop, struct span text, struct why *why);

/* The same as an MTA reports it, or asks its tables for it: any name that DNS could be asked for
 * ("mail_1.news.example"), in any case, with a trailing dot, U-labels or A-labels. */
bool next_hop_read(struct next_hop *hop, struct span text);

/* The one way to write it: "contoso.com", "contoso.com:587", "[mail.hq.example]:587",
 * "[192.0.2.1]", "[2001:db8::1]:26", "smtps://mail.hq.example:465". This is also the key of the
 * hops table and what the prober is asked. */
void next_hop_format(const struct next_hop *hop, char text[NEXT_HOP_TEXT_SIZE]);

bool next_hop_equal(const struct next_hop *a, const struct next_hop *b);

/* The same host and port, whether or not TLS comes first: that is a setting of the transport
 * (smtp_tls_wrappermode), of which a milter and a policy map are told nothing. */
bool next_hop_same_place(const struct next_hop *a, const struct next_hop *b);

#define NEXT_HOPS_MOST 8

enum way {
    WAY_LOCAL,  /* does not leave this host */
    WAY_HOPS,   /* one of `hops`, in order of preference */
    WAY_UNKNOWN /* it was not told, or it cannot be read */
};

/* What an MTA says about one recipient's way. */
struct next_hops {
    enum way way;
    struct next_hop hops[NEXT_HOPS_MOST];
    size_t count;
};

/* Reads {rcpt_mailer} and {rcpt_host} as this MTA writes them (MTA_UNKNOWN: Postfix's form). A
 * mailer in `local_transports` stays here, and so does a UNIX-domain socket (LMTP). More hops than
 * there is room for, or one that cannot be read: WAY_UNKNOWN. */
void next_hops_read(struct next_hops *hops, enum mta mta, struct span mailer, struct span host,
                    const struct string_list *local_transports);

#endif
