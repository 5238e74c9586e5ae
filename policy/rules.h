/* SPDX-License-Identifier: ISC */
/*
 * rules: a whole configuration file: settings and connectors. Filled by policy/conf, read-only
 * afterwards.
 */
#ifndef FORCETLS_POLICY_RULES_H
#define FORCETLS_POLICY_RULES_H

#include <stdbool.h>

#include "policy/connectors.h"
#include "policy/network.h"

/* Bytes of a contact, so that it fits whole behind every refusal. */
#define CONTACT_MAX 64

struct probe_settings {
    int interval, retry, max_age, timeout; /* seconds */
    int max_parallel;
    double rate; /* probes a second */
    int port;
    char *helo_name, *source_address, *source_address6; /* NULL: not set; likewise below */
    bool private_addresses;
    char *certificate, *key;
};

struct dns_settings {
    struct string_list servers; /* none: resolv.conf */
    char *trust_anchor;
};

struct settings {
    enum mode mode;
    char *contact;
    char *milter_socket; /* libmilter's form: unix:PATH, inet:PORT@HOST, inet6:PORT@HOST */
    char *smtpd_policy_socket;
    char *tls_policy_socket;
    char *control_socket;
    unsigned socket_mode;
    char *socket_group;
    char *user;
    char *trust_store;
    struct network_list inbound_exempt_networks;
    bool inbound_exempt_authenticated;
    struct string_list local_transports;
    struct probe_settings probe;
    struct dns_settings dns;
};

struct rules {
    struct settings settings;
    struct connectors *connectors;
};

/* Whether a connector's verdict is logged and not carried out at a moment (seconds since 1970). */
bool rules_monitor(const struct rules *rules, const struct connector *connector, int64_t now);

/* The trust store that counts for a connector outbound: its own, else the file's, else ""
 * (OpenSSL's default). */
const char *rules_trust_store(const struct rules *rules, const struct connector *connector);

/* Empty rules with every default in place, or NULL where memory ran out. */
struct rules *rules_new(void);
void rules_free(struct rules *rules);

#endif
