/* SPDX-License-Identifier: ISC */
/*
 * build: rules and facts in memory, for the unit tests of the engine, and a way to report every
 * failing row of a table and not only the first. Whatever cannot be built ends the test.
 *
 * Never reads a file, never looks at a clock.
 */
#ifndef FORCETLS_TESTS_UNIT_BUILD_H
#define FORCETLS_TESTS_UNIT_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/address.h"
#include "policy/date.h"
#include "policy/decide_outbound.h"
#include "policy/facts.h"
#include "policy/rules.h"
#include "policy/span.h"

/* A literal with its length, NULs inside included: an initialiser, and an expression. */
#define S(literal)                   \
    {                                \
        literal, sizeof(literal) - 1 \
    }
#define SPAN(literal) ((struct span){ literal, sizeof(literal) - 1 })

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* The moment at which the tests play, unless they say otherwise: 2026-01-01 00:00:00 UTC. */
#define NOW INT64_C(1767225600)

/* 0 where `ok`, else 1 and a line of explanation; rows are added up and compared with 0. */
unsigned row(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct shown {
    char text[400];
};

/* Printable form of any bytes, for messages; cut to fit. */
const char *shown(struct shown *buffer, struct span span);
#define SHOWN(span) shown(&(struct shown){ { 0 } }, (span))

bool printable(const char *text);

struct pattern build_pattern(const char *text);
struct ip build_ip(const char *text);

/* Rules with every default in place and no connectors. */
struct rules *build_rules(void);

/* An inbound connector with the language's defaults (TLSv1.2, 128 bits, defer, enforce). */
struct connector *build_connector(const char *name, enum level level);
struct certificate_entry *build_entry(struct connector *connector);
void build_entry_name(struct certificate_entry *entry, const char *name);
struct digest build_digest(unsigned char filler);
void build_networks(struct network_list *list, const char *networks);
void build_local_domains(struct connector *connector, const char *patterns);
void build_strings(struct string_list *list, const char *words);

/* Hands the connector over to the rules, with patterns separated by spaces. */
const struct connector *build_add(struct rules *rules, struct connector *connector,
                                  const char *patterns);
void build_finish(struct rules *rules);

/* Facts with the addresses that they point to. */
struct scene {
    struct facts facts;
    struct address sender;
    struct address recipient;
    struct domain helo_domain;
    struct domain client_domain;
};

/* TLSv1.3, a good cipher, a trusted certificate "mail.contoso.com" of "Example Issuing CA", no
 * pins, client mail.contoso.com[192.0.2.25], on Postfix. `recipient` NULL: before RCPT. */
void scene_init(struct scene *scene, const char *sender, const char *recipient);
void scene_init_span(struct scene *scene, struct span sender, const char *recipient);
void scene_plain(struct scene *scene);
void scene_set_helo(struct scene *scene, const char *name);
void scene_set_client(struct scene *scene, const char *ip, const char *name, bool confirmed);
void scene_release(struct scene *scene);

/* An outbound connector with the language's defaults (and `unknown` defer). */
struct connector *build_outbound(const char *name, enum level level);

/* A partner's hop in memory: MX hosts with an address each, all of them good until a test spoils
 * them: TLSv1.3, a certificate for the host of "Example Issuing CA", which the default store trusts
 * with the anchor "Example Root CA", pins 0xaa and 0xbb. */
#define PARTY_HOSTS 4
#define PARTY_ADDRESSES 3

struct party {
    struct hop_facts facts;
    struct hop_knowledge knowledge; /* fresh, confirmed, 312 seconds old */
    struct hop_host hosts[PARTY_HOSTS];
    struct hop_address addresses[PARTY_HOSTS][PARTY_ADDRESSES];
    struct hop_trust trusts[PARTY_HOSTS][PARTY_ADDRESSES];
    struct span names[PARTY_HOSTS]; /* of the certificates */
    unsigned asked;                 /* times that a decision asked for the hop */
    char last[NEXT_HOP_TEXT_SIZE];  /* which it was */
};

/* mx1.contoso.com[192.0.2.9], mx2.contoso.com[192.0.2.10] ...: up to PARTY_HOSTS. */
void party_init(struct party *party, size_t hosts);

/* The same address without STARTTLS, refusing it ...; HOP_TLS is good again. */
void party_set_state(struct party *party, size_t host, enum hop_state state, const char *reply);

/* A source that has this party for every hop. */
struct hop_source party_source(struct party *party);

/* Facts of a message from a@example.org, that Postfix sends to `next_hop` by smtp(8). */
void scene_init_outbound(struct scene *scene, const char *recipient, const char *next_hop);

#endif
