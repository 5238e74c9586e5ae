/* SPDX-License-Identifier: ISC */
/*
 * bench_engine: what the engine costs, as figures: nanoseconds a decision with 1, a thousand and
 * a million domains, in one connector and in many, and how long a million domains take to load
 * and how many bytes each; outbound a recipient, and an answer of the TLS policy map. No test: it
 * judges nothing, and fails only where it cannot run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/date.h"
#include "policy/decide.h"
#include "policy/decide_outbound.h"
#include "policy/tls_policy.h"
#include "tests/bench/figures.h"

enum { NAME_SIZE = 64, SENDERS = 1 << 16, DECISIONS = 1 << 19 };

/* Bytes of memory that the process holds; 0 where the system does not tell. */
static double resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;

    if (file == NULL)
        return 0;
    if (fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    (void)fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static struct connector *new_connector(uint32_t n, enum direction direction)
{
    struct connector *connector = connector_new();
    char name[NAME_SIZE];

    must(connector != NULL, "out of memory");
    (void)snprintf(name, sizeof(name), "connector-%u", n);
    free(connector->name);
    connector->name = strdup(name);
    must(connector->name != NULL, "out of memory");
    connector->directions[direction] = true;
    connector->enforce_from = DATE_ALWAYS;
    connector->level = LEVEL_VERIFY;
    connector->min_protocol = PROTOCOL_TLSV1_2;
    connector->min_cipher_bits = 128;
    return connector;
}

/* `domains` in `connectors` connectors, half of the patterns with "*.". */
static struct rules *load(uint32_t domains, uint32_t connectors, enum direction direction)
{
    struct rules *rules = rules_new();

    must(rules != NULL, "out of memory");
    if (rules->connectors == NULL)
        rules->connectors = connectors_new();
    must(rules->connectors != NULL, "out of memory");
    for (uint32_t c = 0; c < connectors; c++) {
        uint32_t index;

        must(connectors_add(rules->connectors, new_connector(c, direction), &index),
             "out of memory");
        for (uint32_t d = c; d < domains; d += connectors) {
            char text[NAME_SIZE + 2] = "*.";
            struct pattern pattern;

            domain_name(text + 2, d);
            must(pattern_parse(&pattern, span_of(d % 2 == 0 ? text + 2 : text), NULL),
                 "a bad name");
            must(connectors_conflict(rules->connectors, index, &pattern) == NULL, "a conflict");
            must(connectors_add_domain(rules->connectors, index, &pattern), "out of memory");
        }
    }
    must(connectors_finish(rules->connectors), "out of memory");
    return rules;
}

static void set_facts(struct facts *facts)
{
    static const unsigned char client[4] = { 192, 0, 2, 25 };

    facts_init(facts);
    facts->mta = MTA_POSTFIX;
    facts->now = INT64_C(1767225600);
    facts->client = ip_from_bytes(4, client);
    facts->tls.state = TLS_ENCRYPTED;
    facts->tls.protocol = PROTOCOL_TLSV1_3;
    facts->tls.cipher = span_of("TLS_AES_256_GCM_SHA384");
    facts->tls.cipher_bits = 256;
    facts->certificate.trust = TRUST_TRUSTED;
}

static char senders[SENDERS][NAME_SIZE + 16];

/* Senders of the partners' domains, or of none. */
static void make_senders(uint32_t domains, bool partners)
{
    for (uint32_t i = 0; i < SENDERS; i++) {
        char name[NAME_SIZE];

        domain_name(name, partners ? random_below(domains) : domains + 1 + random_below(1u << 20));
        (void)snprintf(senders[i], sizeof(senders[i]), "<user%u@%s>", i % 1000, name);
    }
}

/* Nanoseconds a decision, with the address read once before (false) or each time (true). */
static double decisions(const struct rules *rules, bool parse, bool partners)
{
    static struct address addresses[SENDERS];
    struct address recipient;
    struct facts facts;
    double start, end;
    unsigned long matched = 0;

    must(address_parse(&recipient, span_of("<postmaster@example.org>")), "out of memory");
    for (uint32_t i = 0; i < SENDERS; i++)
        must(address_parse(&addresses[i], span_of(senders[i])), "out of memory");
    set_facts(&facts);
    facts.recipient_address = &recipient;
    start = seconds_now();
    for (uint32_t i = 0; i < DECISIONS; i++) {
        struct address *address = &addresses[i % SENDERS];
        struct decision decision;

        if (parse) {
            address_release(address);
            must(address_parse(address, span_of(senders[i % SENDERS])), "out of memory");
        }
        facts.sender_address = address;
        decide_inbound(rules, &facts, &decision);
        matched += decision.match.connector != NULL;
    }
    end = seconds_now();
    must(matched == (partners ? DECISIONS : 0), "a decision went wrong");
    for (uint32_t i = 0; i < SENDERS; i++)
        address_release(&addresses[i]);
    address_release(&recipient);
    return (end - start) * 1e9 / DECISIONS;
}

/* A partner's MX hosts, as the prober found them; all are good. */
enum { HOSTS = 3 };
static struct hop_trust trust = { .state = STORE_TRUSTED, .names_ok = true };
static struct hop_address mx_addresses[HOSTS];
static struct hop_host mx_hosts[HOSTS];
static struct hop_facts mx_facts;

static void make_hosts(void)
{
    static const unsigned char address[4] = { 192, 0, 2, 9 };

    trust.store = trust.anchor = span_of("");
    for (size_t i = 0; i < HOSTS; i++) {
        mx_addresses[i] = (struct hop_address){ .ip = ip_from_bytes(4, address),
                                                .port = 25,
                                                .state = HOP_TLS,
                                                .has_certificate = true,
                                                .certificate_until = INT64_MAX,
                                                .trusts = &trust,
                                                .trust_count = 1 };
        mx_addresses[i].tls = (struct tls_facts){ .state = TLS_ENCRYPTED,
                                                  .protocol = PROTOCOL_TLSV1_3,
                                                  .cipher = span_of("TLS_AES_256_GCM_SHA384"),
                                                  .cipher_bits = 256 };
        mx_hosts[i] = (struct hop_host){ .name = span_of("mx.partner.example"),
                                         .lookup = LOOKUP_FOUND,
                                         .addresses = &mx_addresses[i],
                                         .address_count = 1 };
    }
    mx_facts = (struct hop_facts){ .lookup = LOOKUP_FOUND, .hosts = mx_hosts, .host_count = HOSTS };
}

static void get_hop(void *data, const struct next_hop *hop, struct hop_knowledge *knowledge)
{
    (void)data;
    (void)hop;
    *knowledge = (struct hop_knowledge){ .facts = &mx_facts, .fresh = true, .confirmed = true };
}

/* Nanoseconds a recipient outbound, its hop known: way, connector, three hosts judged. */
static double outbound_decisions(const struct rules *rules)
{
    static struct address addresses[SENDERS];
    const struct hop_source source = { get_hop, NULL };
    struct address sender;
    struct facts facts;
    double start, end;
    unsigned long passed = 0;

    must(address_parse(&sender, span_of("<postmaster@example.org>")), "out of memory");
    for (uint32_t i = 0; i < SENDERS; i++)
        must(address_parse(&addresses[i], span_of(senders[i])), "out of memory");
    set_facts(&facts);
    facts.sender_address = &sender;
    facts.mailer = span_of("smtp");
    start = seconds_now();
    for (uint32_t i = 0; i < DECISIONS; i++) {
        const struct address *address = &addresses[i % SENDERS];
        struct decision decision;

        facts.recipient_address = address;
        facts.next_hop = (struct span){ address->domains[0].name, address->domains[0].length };
        decide_outbound(rules, &facts, &source, &decision);
        passed += decision.outcome == OUTCOME_PASS;
    }
    end = seconds_now();
    must(passed == DECISIONS, "an outbound decision went wrong");
    for (uint32_t i = 0; i < SENDERS; i++)
        address_release(&addresses[i]);
    address_release(&sender);
    return (end - start) * 1e9 / DECISIONS;
}

/* Nanoseconds an answer of the TLS policy map. */
static double policy_answers(const struct rules *rules)
{
    static char text[TLS_POLICY_SIZE];
    double start = seconds_now(), end;
    unsigned long answered = 0;

    for (uint32_t i = 0; i < DECISIONS; i++) {
        const char *key = strchr(senders[i % SENDERS], '@') + 1;
        struct line line;

        line_init(&line, text, sizeof(text));
        answered += tls_policy_answer(rules, (struct span){ key, strlen(key) - 1 },
                                      INT64_C(1767225600), NULL, &line) == TLS_POLICY_OK;
    }
    end = seconds_now();
    must(answered == DECISIONS, "an answer went wrong");
    return (end - start) * 1e9 / DECISIONS;
}

/* A decision with one domain: what a million are compared with. */
static double one_domain;

static void row(uint32_t domains, uint32_t connectors, double decision)
{
    const struct figure figure = {
        .unit = "ns", .value = decision, .floor = domains > 1 ? one_domain : 0, .kind = GOAL_NONE
    };

    if (domains == 1)
        one_domain = decision;
    figure_row(&figure, "engine: a decision, %u domains in %u", domains, connectors);
}

static void rows_of_loading(uint32_t domains, double seconds, double bytes)
{
    const struct figure loading = { .unit = "s", .value = seconds, .kind = GOAL_BELOW, .goal = 3 };
    const struct figure size = {
        .unit = "bytes", .value = bytes / domains, .kind = GOAL_BELOW, .goal = 120
    };

    figure_row(&loading, "engine: %u domains are loaded in", domains);
    figure_row(&size, "engine: a domain");
}

static void measure(uint32_t domains, uint32_t connectors)
{
    double before = resident(), start = seconds_now();
    struct rules *rules = load(domains, connectors, DIRECTION_INBOUND);
    double loaded = seconds_now(), after = resident();
    double hit, miss, parsed;

    make_senders(domains, true);
    hit = decisions(rules, false, true);
    parsed = decisions(rules, true, true);
    make_senders(domains, false);
    miss = decisions(rules, false, false);
    printf("%8u domains in %6u connectors: decision %4.0f ns, with its address read %4.0f ns, "
           "no partner %4.0f ns\n",
           domains, connectors, hit, parsed, miss);
    row(domains, connectors, hit);
    if (domains >= 1000000 && connectors == 1) {
        printf("%26s%.0f bytes a domain by its own count\n", "",
               (double)connectors_bytes(rules->connectors) / domains);
        rows_of_loading(domains, loaded - start, after - before);
    }
    rules_free(rules);
}

static void measure_outbound(uint32_t domains, uint32_t connectors)
{
    struct rules *rules = load(domains, connectors, DIRECTION_OUTBOUND);

    make_senders(domains, true);
    printf("%8u domains in %6u connectors: recipient outbound with %d MX hosts %4.0f ns, answer of "
           "the TLS policy map %4.0f ns\n",
           domains, connectors, (int)HOSTS, outbound_decisions(rules), policy_answers(rules));
    rules_free(rules);
}

int main(void)
{
    make_hosts();
    measure(1, 1);
    measure(1000, 1);
    measure(1000, 1000);
    measure(1000000, 1);
    measure(1000000, 100000);
    measure_outbound(1000, 1000);
    measure_outbound(1000000, 100000);
    return 0;
}
