/* SPDX-License-Identifier: ISC */
/* build: see build.h. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned row(bool ok, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    if (ok)
        return 0;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    print_error("# row: %s\n", text);
    return 1;
}

const char *shown(struct shown *buffer, struct span span)
{
    size_t length = 0;

    if (span.data == NULL)
        return "(not reported)";
    for (size_t i = 0; i < span.length && length + 8 < sizeof(buffer->text); i++) {
        unsigned char byte = (unsigned char)span.data[i];

        if (byte >= 0x20 && byte < 0x7f)
            buffer->text[length++] = (char)byte;
        else
            length += (size_t)snprintf(buffer->text + length, 5, "\\x%02x", byte);
    }
    buffer->text[length] = '\0';
    return buffer->text;
}

bool printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
            return false;
    }
    return true;
}

struct pattern build_pattern(const char *text)
{
    struct pattern pattern;
    struct why why = { "" };

    if (!pattern_parse(&pattern, span_of(text), &why))
        fail_msg("pattern '%s': %s", text, why.text);
    return pattern;
}

struct ip build_ip(const char *text)
{
    struct ip ip;

    if (!ip_parse(&ip, span_of(text)))
        fail_msg("address '%s'", text);
    return ip;
}

struct rules *build_rules(void)
{
    struct rules *rules = rules_new();

    assert_non_null(rules);
    if (rules->connectors == NULL)
        rules->connectors = connectors_new();
    assert_non_null(rules->connectors);
    return rules;
}

struct connector *build_connector(const char *name, enum level level)
{
    struct connector *connector = connector_new();

    assert_non_null(connector);
    free(connector->name);
    connector->name = strdup(name);
    assert_non_null(connector->name);
    connector->directions[DIRECTION_INBOUND] = true;
    connector->directions[DIRECTION_OUTBOUND] = false;
    connector->mode = MODE_ENFORCE;
    connector->enforce_from = DATE_ALWAYS;
    connector->level = level;
    connector->action = ACTION_DEFER;
    connector->min_protocol = PROTOCOL_TLSV1_2;
    connector->min_cipher_bits = 128;
    connector->forward_secrecy = false;
    return connector;
}

struct certificate_entry *build_entry(struct connector *connector)
{
    size_t count = connector->certificate_count + 1;
    struct certificate_entry *entries =
        realloc(connector->certificates, count * sizeof(*connector->certificates));
    struct certificate_entry *entry;

    assert_non_null(entries);
    connector->certificates = entries;
    connector->certificate_count = count;
    entry = &entries[count - 1];
    *entry = (struct certificate_entry){ .from = DATE_ALWAYS, .until = DATE_NEVER };
    return entry;
}

void build_entry_name(struct certificate_entry *entry, const char *name)
{
    struct why why = { "" };

    if (!wanted_name_parse(&entry->name, span_of(name), &why))
        fail_msg("name '%s': %s", name, why.text);
    entry->has_name = true;
}

struct digest build_digest(unsigned char filler)
{
    struct digest digest;

    memset(digest.bytes, filler, sizeof(digest.bytes));
    return digest;
}

/* The next word of a list separated by spaces; false at its end. */
static bool next_word(const char **text, char word[512])
{
    size_t length;

    *text += strspn(*text, " ");
    length = strcspn(*text, " ");
    if (length == 0)
        return false;
    assert_true(length < 512);
    memcpy(word, *text, length);
    word[length] = '\0';
    *text += length;
    return true;
}

void build_networks(struct network_list *list, const char *networks)
{
    char word[512];

    while (next_word(&networks, word)) {
        struct network network;
        struct why why = { "" };

        if (!network_parse(&network, span_of(word), &why))
            fail_msg("network '%s': %s", word, why.text);
        assert_true(network_list_add(list, &network));
    }
}

void build_local_domains(struct connector *connector, const char *patterns)
{
    char word[512];

    if (connector->local_domains == NULL)
        connector->local_domains = domain_table_new();
    assert_non_null(connector->local_domains);
    while (next_word(&patterns, word)) {
        struct pattern pattern = build_pattern(word);

        assert_true(domain_table_add(connector->local_domains, &pattern, 0));
    }
    domain_table_finish(connector->local_domains);
}

void build_strings(struct string_list *list, const char *words)
{
    char word[512];

    while (next_word(&words, word))
        assert_true(string_list_add(list, word));
}

const struct connector *build_add(struct rules *rules, struct connector *connector,
                                  const char *patterns)
{
    char word[512];
    uint32_t index;

    assert_true(connectors_add(rules->connectors, connector, &index));
    while (next_word(&patterns, word)) {
        struct pattern pattern = build_pattern(word);

        assert_true(connectors_add_domain(rules->connectors, index, &pattern));
    }
    return connectors_get(rules->connectors, index);
}

void build_finish(struct rules *rules)
{
    assert_true(connectors_finish(rules->connectors));
}

void scene_init(struct scene *scene, const char *sender, const char *recipient)
{
    scene_init_span(scene, span_of(sender), recipient);
}

void scene_init_span(struct scene *scene, struct span sender, const char *recipient)
{
    struct facts *facts = &scene->facts;

    facts_init(facts);
    facts->mta = MTA_POSTFIX;
    facts->now = NOW;
    scene_set_client(scene, "192.0.2.25", "mail.contoso.com", true);
    scene_set_helo(scene, "mail.contoso.com");
    facts->sender = sender;
    facts->recipient = span_of(recipient);
    assert_true(address_parse(&scene->sender, sender));
    facts->sender_address = &scene->sender;
    address_init(&scene->recipient);
    if (recipient != NULL) {
        assert_true(address_parse(&scene->recipient, span_of(recipient)));
        facts->recipient_address = &scene->recipient;
    } else {
        facts->recipient_address = NULL;
    }
    facts->tls.state = TLS_ENCRYPTED;
    facts->tls.protocol = PROTOCOL_TLSV1_3;
    facts->tls.protocol_name = SPAN("TLSv1.3");
    facts->tls.cipher = SPAN("TLS_AES_256_GCM_SHA384");
    facts->tls.cipher_bits = 256;
    facts->certificate.trust = TRUST_TRUSTED;
    facts->certificate.subject = SPAN("mail.contoso.com");
    facts->certificate.issuer = SPAN("Example Issuing CA");
}

/* The same session, had it not been encrypted. */
void scene_plain(struct scene *scene)
{
    struct facts unknown;

    facts_init(&unknown);
    scene->facts.tls = unknown.tls;
    scene->facts.tls.state = TLS_PLAIN;
    scene->facts.certificate = unknown.certificate;
}

/* NULL: no HELO. */
void scene_set_helo(struct scene *scene, const char *name)
{
    scene->facts.helo_domain = NULL;
    if (name != NULL) {
        domain_set(&scene->helo_domain, span_of(name));
        scene->facts.helo_domain = &scene->helo_domain;
    }
}

/* `ip` NULL: the address is not known. */
void scene_set_client(struct scene *scene, const char *ip, const char *name, bool confirmed)
{
    scene->facts.client = ip != NULL ? build_ip(ip) : (struct ip){ .family = 0 };
    scene->facts.client_name = span_of(name);
    scene->facts.client_domain = NULL;
    if (name != NULL && confirmed) {
        domain_set(&scene->client_domain, span_of(name));
        scene->facts.client_domain = &scene->client_domain;
    }
}

void scene_release(struct scene *scene)
{
    address_release(&scene->sender);
    address_release(&scene->recipient);
}

struct connector *build_outbound(const char *name, enum level level)
{
    struct connector *connector = build_connector(name, level);

    connector->directions[DIRECTION_INBOUND] = false;
    connector->directions[DIRECTION_OUTBOUND] = true;
    connector->mx = MX_ALL;
    connector->unknown = UNKNOWN_DEFER;
    return connector;
}

static void party_host_init(struct party *party, size_t i)
{
    static const char *const names[PARTY_HOSTS] = { "mx1.contoso.com", "mx2.contoso.com",
                                                    "mx3.contoso.com", "mx4.contoso.com" };
    struct hop_host *host = &party->hosts[i];

    party->names[i] = span_of(names[i]);
    *host = (struct hop_host){ .name = party->names[i],
                               .preference = 10 * (int)(i + 1),
                               .lookup = LOOKUP_FOUND,
                               .dnssec = DNSSEC_INSECURE,
                               .addresses = party->addresses[i],
                               .address_count = 1 };
    for (size_t n = 0; n < PARTY_ADDRESSES; n++) {
        struct hop_address *address = &party->addresses[i][n];
        const uint8_t bytes[] = { 192, 0, 2, (uint8_t)(9 + i + 100 * n) };

        *address = (struct hop_address){ .ip = ip_from_bytes(4, bytes),
                                         .port = 25,
                                         .has_certificate = true,
                                         .certificate_from = NOW - 86400,
                                         .certificate_until = NOW + 86400,
                                         .trusts = &party->trusts[i][n],
                                         .trust_count = 1 };
        party->trusts[i][n] = (struct hop_trust){ .store = span_of(""),
                                                  .state = STORE_TRUSTED,
                                                  .anchor = span_of("Example Root CA"),
                                                  .names_ok = true };
        address->state = HOP_TLS;
        address->tls = (struct tls_facts){ .state = TLS_ENCRYPTED,
                                           .protocol = PROTOCOL_TLSV1_3,
                                           .protocol_name = SPAN("TLSv1.3"),
                                           .cipher = SPAN("TLS_AES_256_GCM_SHA384"),
                                           .cipher_bits = 256 };
        address->forward_secrecy = FORWARD_SECRECY_YES;
        address->certificate = (struct certificate_facts){ .subject = party->names[i],
                                                           .issuer = SPAN("Example Issuing CA"),
                                                           .organization = SPAN("Contoso"),
                                                           .organizational_unit = SPAN(""),
                                                           .has_alt_names = true,
                                                           .alt_names = &party->names[i],
                                                           .alt_name_count = 1,
                                                           .key_bits = 2048,
                                                           .fingerprint_state = PIN_KNOWN,
                                                           .fingerprint = build_digest(0xaa),
                                                           .public_key_state = PIN_KNOWN,
                                                           .public_key = build_digest(0xbb) };
    }
}

void party_init(struct party *party, size_t hosts)
{
    memset(party, 0, sizeof(*party));
    assert_true(hosts <= PARTY_HOSTS);
    for (size_t i = 0; i < PARTY_HOSTS; i++)
        party_host_init(party, i);
    party->facts = (struct hop_facts){ .lookup = LOOKUP_FOUND,
                                       .dnssec = DNSSEC_INSECURE,
                                       .hosts = party->hosts,
                                       .host_count = hosts };
    party->knowledge = (struct hop_knowledge){
        .facts = &party->facts, .age = 312, .fresh = true, .confirmed = true
    };
}

void party_set_state(struct party *party, size_t host, enum hop_state state, const char *reply)
{
    party->addresses[host][0].state = state;
    party->addresses[host][0].reply = span_of(reply);
}

static void party_get(void *data, const struct next_hop *hop, struct hop_knowledge *knowledge)
{
    struct party *party = data;

    party->asked++;
    next_hop_format(hop, party->last);
    *knowledge = party->knowledge;
}

struct hop_source party_source(struct party *party)
{
    return (struct hop_source){ party_get, party };
}

void scene_init_outbound(struct scene *scene, const char *recipient, const char *next_hop)
{
    scene_init(scene, "<a@example.org>", recipient);
    scene_plain(scene);
    scene->facts.mailer = span_of("smtp");
    scene->facts.next_hop = span_of(next_hop);
}
