/* SPDX-License-Identifier: ISC */
/*
 * demands: any connector and any facts, for the proofs about checks and decisions, and what the
 * modules that are proven by themselves could say of them (names, ciphers, networks, digests):
 * open, but the same each time.
 *
 * Each is included by one proof only, so that all of it may stand here.
 */
#ifndef FORCETLS_PROVE_DEMANDS_H
#define FORCETLS_PROVE_DEMANDS_H

#include "policy/certificate.h"
#include "policy/demand.h"
#include "tests/prove/open.h"

#define LIST_MOST 2

/* ---- the C library's, for texts that differ in their first byte --------------------------------
 */

size_t strlen(const char *text)
{
    if (text[0] == '\0')
        return 0;
    return text[0] == 'c'   ? sizeof("certificate-expired") - 1
           : text[0] == 'r' ? sizeof("revoked") - 1
                            : 1;
}

int memcmp(const void *a, const void *b, size_t size)
{
    return size > 0 ? *(const char *)a - *(const char *)b : 0;
}

/* ---- what other modules say ------------------------------------------------------------------ */

/* Texts are "", "a" or "b" (or not known): by the first byte. */
#define TEXTS 3

static int text_index(struct span text)
{
    return text.length == 0 ? 0 : text.data[0] == 'a' ? 1 : 2;
}

static struct world {
    bool null, anonymous, suite, agrees, contains;
    int secrecy;
    bool equal[TEXTS], readable[TEXTS], wildcard, owned[TEXTS], fits[2][2][TEXTS];
} world;

bool cipher_is_null(struct span name)
{
    return !span_empty(name) && world.null;
}

bool cipher_is_anonymous(struct span name)
{
    return !span_empty(name) && world.anonymous;
}

bool cipher_is_name(struct span name)
{
    return !span_empty(name) && world.suite;
}

bool cipher_agrees(struct span name, enum tls_protocol protocol)
{
    return span_empty(name) || protocol == PROTOCOL_UNKNOWN || world.agrees;
}

enum forward_secrecy cipher_forward_secrecy(struct span name, enum tls_protocol protocol)
{
    if (span_empty(name) || protocol == PROTOCOL_UNKNOWN || !world.agrees)
        return FORWARD_SECRECY_UNKNOWN;
    return (enum forward_secrecy)world.secrecy;
}

bool cipher_equal(struct span listed, struct span cipher)
{
    (void)cipher;
    return world.equal[text_index(listed)];
}

bool wanted_name_fits(const struct wanted_name *wanted, struct span presented, bool wildcards_count)
{
    return world.readable[text_index(presented)] &&
           world.fits[wanted->wildcard][wildcards_count][text_index(presented)];
}

bool presented_name_read(struct span presented, bool *wildcard, struct domain *domain)
{
    if (span_empty(presented) || !world.readable[text_index(presented)])
        return false;
    *wildcard = world.wildcard;
    domain->length = (uint8_t)text_index(presented);
    return true;
}

bool connectors_owns_name(const struct connectors *connectors, const struct connector *connector,
                          const struct domain *name)
{
    (void)connectors;
    (void)connector;
    return world.owned[name->length];
}

bool network_list_contains(const struct network_list *list, const struct ip *ip)
{
    return list->count > 0 && ip->family != 0 && world.contains;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return a->bytes[0] == b->bytes[0];
}

static void open_world(void)
{
    world = (struct world){ .null = open_bool(),
                            .anonymous = open_bool(),
                            .suite = open_bool(),
                            .agrees = open_bool(),
                            .contains = open_bool(),
                            .wildcard = open_bool(),
                            .secrecy = open_upto(FORWARD_SECRECY_YES) };
    for (int i = 0; i < TEXTS; i++) {
        world.equal[i] = open_bool();
        world.readable[i] = open_bool();
        world.owned[i] = open_bool();
        for (int j = 0; j < 4; j++)
            world.fits[j / 2][j % 2][i] = open_bool();
    }
}

/* ---- any connector, any facts ---------------------------------------------------------------- */

/* Not NULL. */
static char *open_string(void)
{
    static char empty[] = "", a[] = "a", b[] = "b";

    return open_bool() ? empty : open_bool() ? a : b;
}

static char *open_text(void)
{
    return open_bool() ? NULL : open_string();
}

static struct span open_span(void)
{
    return span_of(open_text());
}

static void open_list(struct string_list *list, char *strings[LIST_MOST])
{
    for (int i = 0; i < LIST_MOST; i++)
        strings[i] = open_string();
    list->strings = strings;
    list->count = (size_t)open_upto(LIST_MOST);
}

static void open_entry(struct certificate_entry *entry, struct pin pins[LIST_MOST])
{
    entry->has_name = open_bool();
    entry->name.wildcard = open_bool();
    entry->issuer = open_text();
    entry->root = open_text();
    entry->organization = open_text();
    entry->organizational_unit = open_text();
    entry->key_bits = open_upto(INT32_MAX);
    entry->has_fingerprint = open_bool();
    entry->has_public_key = open_bool();
    entry->fingerprint.bytes[0] = (uint8_t)open_char();
    entry->public_key.bytes[0] = (uint8_t)open_char();
    for (int i = 0; i < LIST_MOST; i++) {
        pins[i].public_key = open_bool();
        pins[i].digest.bytes[0] = (uint8_t)open_char();
    }
    entry->pins = pins;
    entry->pin_count = (size_t)open_upto(LIST_MOST);
    entry->from = open_int64();
    entry->until = open_int64();
}

/* A connector's demands, and what they stand in. */
struct demands {
    struct connector connector;
    char *ciphers[LIST_MOST], *exclude_ciphers[LIST_MOST];
    struct certificate_entry certificates[LIST_MOST];
    struct pin pins[LIST_MOST][LIST_MOST];
};

static void open_demands(struct demands *demands)
{
    struct connector *connector = &demands->connector;

    connector->level = (enum level)open_upto(LEVELS - 1);
    connector->min_protocol = (enum tls_protocol)open_upto(PROTOCOL_TLSV1_3);
    connector->min_cipher_bits = open_upto(INT32_MAX);
    connector->forward_secrecy = open_bool();
    open_list(&connector->ciphers, demands->ciphers);
    open_list(&connector->exclude_ciphers, demands->exclude_ciphers);
    connector->client_networks.count = (size_t)open_upto(1);
    for (int i = 0; i < LIST_MOST; i++)
        open_entry(&demands->certificates[i], demands->pins[i]);
    connector->certificates = demands->certificates;
    connector->certificate_count = (size_t)open_upto(LIST_MOST);
}

static struct span open_names[LIST_MOST];

static void open_certificate(struct certificate_facts *certificate)
{
    static const char *const errors[] = { NULL, "certificate-expired", "revoked", "x" };

    certificate->trust = (enum trust)open_upto(TRUST_TRUSTED);
    certificate->trust_error = span_of(errors[open_upto(3)]);
    certificate->host_name = (enum host_name)open_upto(HOST_NAME_OTHER);
    certificate->subject = open_span();
    certificate->issuer = open_span();
    certificate->root = open_span();
    certificate->organization = open_span();
    certificate->organizational_unit = open_span();
    certificate->has_alt_names = open_bool();
    for (size_t i = 0; i < LIST_MOST; i++)
        open_names[i] = open_span();
    certificate->alt_names = open_names;
    certificate->alt_name_count = (size_t)open_upto(LIST_MOST);
    certificate->key_bits = open_int();
    certificate->fingerprint_state = (enum pin_state)open_upto(PIN_KNOWN);
    certificate->public_key_state = (enum pin_state)open_upto(PIN_KNOWN);
    certificate->fingerprint.bytes[0] = (uint8_t)open_char();
    certificate->public_key.bytes[0] = (uint8_t)open_char();
}

static void open_facts(struct facts *facts)
{
    facts->now = open_int64();
    facts->client.family = (uint8_t)(open_bool() ? 0 : open_bool() ? 4 : 6);
    facts->tls.state = (enum tls_state)open_upto(TLS_ENCRYPTED);
    facts->tls.protocol = (enum tls_protocol)open_upto(PROTOCOL_TLSV1_3);
    facts->tls.cipher = open_span();
    facts->tls.cipher_bits = open_int();
    open_certificate(&facts->certificate);
}

#endif
