/* SPDX-License-Identifier: ISC */
/* Tests of policy/connectors: conflicts, networks of clients, whose name it is. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <string.h>

#include "policy/connectors.h"

static uint32_t add(struct connectors *connectors, struct connector *connector)
{
    uint32_t index;

    assert_true(connectors_add(connectors, connector, &index));
    return index;
}

static void add_domain(struct connectors *connectors, uint32_t index, const char *text)
{
    struct pattern pattern = build_pattern(text);

    assert_true(connectors_add_domain(connectors, index, &pattern));
}

struct side {
    const char *pattern;
    bool inbound, outbound;
    const char *local_domains;
};

static struct connector *side_connector(const char *name, const struct side *side)
{
    struct connector *connector = build_connector(name, LEVEL_ENCRYPT);

    connector->directions[DIRECTION_INBOUND] = side->inbound;
    connector->directions[DIRECTION_OUTBOUND] = side->outbound;
    if (side->local_domains != NULL)
        build_local_domains(connector, side->local_domains);
    return connector;
}

static void connectors_conflict__two_connectors__table(void **state)
{
    static const struct {
        struct side first, second;
        bool conflict;
    } rows[] = {
        /* the same entry */
        { { "contoso.com", 1, 0, NULL }, { "contoso.com", 1, 0, NULL }, true },
        { { "contoso.com", 1, 0, NULL }, { "Contoso.COM.", 1, 0, NULL }, true },
        { { ".contoso.com", 1, 0, NULL }, { ".contoso.com", 1, 0, NULL }, true },
        { { "*.contoso.com", 1, 0, NULL }, { "*.contoso.com", 1, 0, NULL }, true },
        { { "*", 1, 0, NULL }, { "*", 1, 0, NULL }, true },
        { { "xn--bcher-kva.example", 1, 0, NULL },
          { "b\xc3\xbc"
            "cher.example",
            1, 0, NULL },
          true },
        /* .x beside *.x */
        { { ".contoso.com", 1, 0, NULL }, { "*.contoso.com", 1, 0, NULL }, true },
        { { "*.contoso.com", 1, 0, NULL }, { ".contoso.com", 1, 0, NULL }, true },
        /* entries of which one is more specific */
        { { "contoso.com", 1, 0, NULL }, { "*.contoso.com", 1, 0, NULL }, false },
        { { "*.contoso.com", 1, 0, NULL }, { "contoso.com", 1, 0, NULL }, false },
        { { "contoso.com", 1, 0, NULL }, { ".contoso.com", 1, 0, NULL }, false },
        { { "mail.contoso.com", 1, 0, NULL }, { "contoso.com", 1, 0, NULL }, false },
        { { "*.com", 1, 0, NULL }, { "*.contoso.com", 1, 0, NULL }, false },
        { { "*", 1, 0, NULL }, { "*.com", 1, 0, NULL }, false },
        { { "contoso.com", 1, 0, NULL }, { "evilcontoso.com", 1, 0, NULL }, false },
        /* directions */
        { { "contoso.com", 1, 0, NULL }, { "contoso.com", 0, 1, NULL }, false },
        { { "contoso.com", 0, 1, NULL }, { "contoso.com", 0, 1, NULL }, true },
        { { "contoso.com", 1, 1, NULL }, { "contoso.com", 1, 0, NULL }, true },
        { { "contoso.com", 1, 0, NULL }, { "contoso.com", 1, 1, NULL }, true },
        { { "contoso.com", 0, 1, NULL }, { "*.contoso.com", 1, 1, NULL }, false },
        { { ".contoso.com", 0, 1, NULL }, { "*.contoso.com", 1, 1, NULL }, true },
        /* local_domains */
        { { "contoso.com", 1, 0, "a.example" }, { "contoso.com", 1, 0, "a.example" }, true },
        { { "contoso.com", 1, 0, "a.example" }, { "contoso.com", 1, 0, "b.example" }, false },
        { { "contoso.com", 1, 0, "a.example b.example" },
          { "contoso.com", 1, 0, "b.example" },
          true },
        { { "contoso.com", 1, 0, "a.example" }, { "contoso.com", 1, 0, NULL }, false },
        { { "contoso.com", 1, 0, NULL }, { "contoso.com", 1, 0, "a.example" }, false },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct connectors *connectors = connectors_new();
        struct pattern pattern = build_pattern(rows[i].second.pattern);
        const struct connector *conflict;
        uint32_t first, second;

        assert_non_null(connectors);
        first = add(connectors, side_connector("first", &rows[i].first));
        add_domain(connectors, first, rows[i].first.pattern);
        second = add(connectors, side_connector("second", &rows[i].second));
        conflict = connectors_conflict(connectors, second, &pattern);
        bad += row((conflict != NULL) == rows[i].conflict &&
                       (conflict == NULL || conflict == connectors_get(connectors, first)),
                   "row %zu: %s, then %s", i, rows[i].first.pattern, rows[i].second.pattern);
        connectors_free(connectors);
    }
    assert_int_equal(bad, 0);
}

static void connectors_add__several__numbered_and_kept(void **state)
{
    struct connectors *connectors = connectors_new();

    (void)state;
    assert_non_null(connectors);
    assert_int_equal(connectors_count(connectors), 0);
    assert_false(connectors_has_direction(connectors, DIRECTION_INBOUND));
    for (unsigned i = 0; i < 300; i++) {
        char name[32];
        uint32_t index;

        (void)snprintf(name, sizeof(name), "c%u", i);
        index = add(connectors, build_connector(name, LEVEL_ENCRYPT));
        assert_int_equal(connectors_count(connectors), i + 1);
        assert_string_equal(connectors_get(connectors, index)->name, name);
    }
    assert_true(connectors_finish(connectors));
    assert_string_equal(connectors_get(connectors, 0)->name, "c0");
    assert_string_equal(connectors_get(connectors, 299)->name, "c299");
    assert_true(connectors_has_direction(connectors, DIRECTION_INBOUND));
    assert_false(connectors_has_direction(connectors, DIRECTION_OUTBOUND));
    assert_true(connectors_bytes(connectors) > 0);
    connectors_free(connectors);
    connectors_free(NULL);
}

static void connectors_table__directions__each_its_own(void **state)
{
    static const struct side sides[] = { { "in.example", 1, 0, NULL },
                                         { "out.example", 0, 1, NULL },
                                         { "both.example", 1, 1, NULL } };
    struct connectors *connectors = connectors_new();

    (void)state;
    assert_non_null(connectors);
    for (size_t i = 0; i < ROWS(sides); i++)
        add_domain(connectors, add(connectors, side_connector("c", &sides[i])), sides[i].pattern);
    assert_true(connectors_finish(connectors));
    for (size_t i = 0; i < ROWS(sides); i++) {
        struct domain domain;

        domain_set(&domain, span_of(sides[i].pattern));
        assert_int_equal(
            domain_table_covers(connectors_table(connectors, DIRECTION_INBOUND), &domain),
            sides[i].inbound);
        assert_int_equal(
            domain_table_covers(connectors_table(connectors, DIRECTION_OUTBOUND), &domain),
            sides[i].outbound);
    }
    connectors_free(connectors);
}

/* Which of at most 32 connectors come: one bit each. */
static uint32_t came(const struct connectors *connectors, const struct ip *ip)
{
    const struct connector *connector;
    size_t position = 0;
    uint32_t bits = 0;

    while ((connector = connectors_by_client(connectors, ip, &position)) != NULL) {
        for (uint32_t i = 0; i < connectors_count(connectors); i++) {
            if (connectors_get(connectors, i) == connector)
                bits |= 1u << i;
        }
    }
    return bits;
}

static void connectors_by_client__nested_networks__all_that_contain_it(void **state)
{
    static const char *const networks[] = {
        "10.0.0.0/8",
        "10.1.0.0/16",
        "10.1.2.0/24 192.0.2.7",
        "0.0.0.0/0",
        "2001:db8::/32",
        "2001:db8:1::/48",
        "::/0",
        "10.1.2.3",
        "10.1.0.0/16 10.1.2.0/24",
        "10.1.2.0/25",
        "10.1.2.128/25",
        "",
        "0.0.0.0/1",
        "128.0.0.0/1",
        "10.1.2.3 10.1.2.3",
        "192.0.0.0/16 10.1.2.3",
        "10.1.2.2/31",
        "a0a:100::/24",
    };
    static const char *const ips[] = { "10.1.2.3",      "10.1.2.200",      "10.1.3.1",
                                       "10.2.0.0",      "9.255.255.255",   "11.0.0.0",
                                       "192.0.2.7",     "203.0.113.1",     "2001:db8::1",
                                       "2001:db8:1::9", "2001:db9::",      "::1",
                                       "0.0.0.0",       "255.255.255.255", "a0a:1ff::1",
                                       "10.1.2.2",      "::ffff:10.1.2.3" };
    struct connectors *connectors = connectors_new();
    struct ip unknown = { 0 };
    unsigned bad = 0;

    (void)state;
    assert_non_null(connectors);
    for (size_t i = 0; i < ROWS(networks); i++) {
        struct connector *connector = build_connector("c", LEVEL_ENCRYPT);

        build_networks(&connector->client_networks, networks[i]);
        (void)add(connectors, connector);
    }
    assert_true(connectors_finish(connectors));
    for (size_t i = 0; i < ROWS(ips); i++) {
        struct ip ip = build_ip(ips[i]);
        uint32_t wanted = 0, got = came(connectors, &ip);

        for (uint32_t j = 0; j < ROWS(networks); j++) {
            if (network_list_contains(&connectors_get(connectors, j)->client_networks, &ip))
                wanted |= 1u << j;
        }
        bad += row(got == wanted, "%s: %x, wanted %x", ips[i], got, wanted);
    }
    assert_int_equal(came(connectors, &unknown), 0);
    connectors_free(connectors);
    assert_int_equal(bad, 0);
}

static void connectors_by_client__random_networks__as_one_by_one(void **state)
{
    uint32_t seed = 7;

    (void)state;
    for (int round = 0; round < 200; round++) {
        struct connectors *connectors = connectors_new();

        assert_non_null(connectors);
        for (int i = 0; i < 30; i++) {
            struct connector *connector = build_connector("c", LEVEL_ENCRYPT);

            for (int j = 0; j < 3; j++) {
                unsigned char bytes[4];
                unsigned prefix;
                uint32_t bits;
                struct network network;

                seed = seed * 1664525u + 1013904223u;
                prefix = (seed >> 8) % 33;
                bits = seed & 0xf00f000fu & (prefix == 0 ? 0 : 0xffffffffu << (32 - prefix));
                for (int b = 0; b < 4; b++)
                    bytes[b] = (unsigned char)(bits >> (24 - 8 * b));
                network = (struct network){ ip_from_bytes(4, bytes), (uint8_t)prefix };
                assert_true(network_list_add(&connector->client_networks, &network));
            }
            (void)add(connectors, connector);
        }
        assert_true(connectors_finish(connectors));
        for (int i = 0; i < 50; i++) {
            unsigned char bytes[4];
            struct ip ip;
            uint32_t wanted = 0;

            seed = seed * 1664525u + 1013904223u;
            for (int b = 0; b < 4; b++)
                bytes[b] = (unsigned char)((seed & 0xf00f000fu) >> (24 - 8 * b));
            ip = ip_from_bytes(4, bytes);
            for (uint32_t j = 0; j < 30; j++) {
                if (network_list_contains(&connectors_get(connectors, j)->client_networks, &ip))
                    wanted |= 1u << j;
            }
            if (came(connectors, &ip) != wanted)
                fail_msg("round %d: %u.%u.%u.%u", round, bytes[0], bytes[1], bytes[2], bytes[3]);
        }
        connectors_free(connectors);
    }
}

static void connectors_by_client__outbound_connector__never(void **state)
{
    struct connectors *connectors = connectors_new();
    struct connector *connector = build_connector("out", LEVEL_ENCRYPT);
    struct ip ip = build_ip("10.1.2.3");

    (void)state;
    assert_non_null(connectors);
    connector->directions[DIRECTION_INBOUND] = false;
    connector->directions[DIRECTION_OUTBOUND] = true;
    build_networks(&connector->client_networks, "10.0.0.0/8");
    (void)add(connectors, connector);
    assert_true(connectors_finish(connectors));
    assert_int_equal(came(connectors, &ip), 0);
    connectors_free(connectors);
}

static void connectors_owns_name__domains_and_below__table(void **state)
{
    static const struct {
        const char *name;
        bool wide, narrow;
    } rows[] = {
        { "contoso.com", true, false },
        { "mail.contoso.com", true, false },
        { "a.b.contoso.com", true, false },
        { "fabrikam.com", true, false },
        { "mail.fabrikam.com", true, false }, /* an exact entry: one of domains or below it */
        { "eu.contoso.com", true, true },     /* below the wide one's, the narrow one's own */
        { "mail.eu.contoso.com", true, true },
        { "evilcontoso.com", false, false },
        { "contoso.com.evil.example", false, false },
        { "com", false, false },
        { "evilfabrikam.com", false, false },
        { "xeu.contoso.com", true, false },
    };
    struct connectors *connectors = connectors_new();
    const struct connector *wide, *narrow;
    unsigned bad = 0;
    uint32_t index;

    (void)state;
    assert_non_null(connectors);
    index = add(connectors, build_connector("wide", LEVEL_SECURE));
    add_domain(connectors, index, "*.contoso.com");
    add_domain(connectors, index, "fabrikam.com");
    wide = connectors_get(connectors, index);
    index = add(connectors, build_connector("narrow", LEVEL_SECURE));
    add_domain(connectors, index, "eu.contoso.com");
    assert_true(connectors_finish(connectors));
    narrow = connectors_get(connectors, index);
    wide = connectors_get(connectors, 0);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct domain domain;

        domain_set(&domain, span_of(rows[i].name));
        bad += row(connectors_owns_name(connectors, wide, &domain) == rows[i].wide, "wide: %s",
                   rows[i].name);
        bad += row(connectors_owns_name(connectors, narrow, &domain) == rows[i].narrow,
                   "narrow: %s", rows[i].name);
    }
    connectors_free(connectors);
    assert_int_equal(bad, 0);
}

static void connectors_owns_name__only_outbound__its_own_domains(void **state)
{
    static const struct side out = { "*.contoso.com", 0, 1, NULL },
                             in = { "fabrikam.com", 1, 0, NULL };
    struct connectors *connectors = connectors_new();
    struct domain domain;
    uint32_t a, b;

    (void)state;
    assert_non_null(connectors);
    a = add(connectors, side_connector("out", &out));
    add_domain(connectors, a, out.pattern);
    b = add(connectors, side_connector("in", &in));
    add_domain(connectors, b, in.pattern);
    assert_true(connectors_finish(connectors));
    domain_set(&domain, SPAN("mail.contoso.com"));
    assert_true(connectors_owns_name(connectors, connectors_get(connectors, a), &domain));
    assert_false(connectors_owns_name(connectors, connectors_get(connectors, b), &domain));
    connectors_free(connectors);
}

struct seen_connectors {
    char names[64];
    unsigned count;
};

static void see_connector(void *data, const struct connector *connector)
{
    struct seen_connectors *seen = data;

    strcat(seen->names, connector->name);
    seen->count++;
}

static void connectors_by_next_hop__host_and_port__each_connector_once(void **state)
{
    static const struct {
        const char *hop, *names; /* the later one first */
    } rows[] = {
        { "[relay.example]:587", "ba" }, { "[relay.example]:465", "ca" }, { "[relay.example]", "" },
        { "[192.0.2.1]:26", "b" },       { "hub.example", "c" },          { "hub.example:25", "c" },
        { "[hub.example]", "" },         { "other.example", "" },
    };
    static const char *const next_hops[] = { "[relay.example]:587 smtps://relay.example:465",
                                             "[relay.example]:587 [192.0.2.1]:26",
                                             "hub.example [relay.example]:465",
                                             "[relay.example]:587" };
    static const char *const names[] = { "a", "b", "c", "inbound" };
    struct connectors *connectors = connectors_new();
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(names); i++) {
        struct connector *connector = i == 3 ? build_connector(names[i], LEVEL_ENCRYPT)
                                             : build_outbound(names[i], LEVEL_ENCRYPT);

        build_strings(&connector->next_hops, next_hops[i]);
        (void)add(connectors, connector);
    }
    assert_true(connectors_finish(connectors));
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct seen_connectors seen = { "", 0 };
        struct next_hop hop;

        assert_true(next_hop_read(&hop, span_of(rows[i].hop)));
        connectors_by_next_hop(connectors, &hop, see_connector, &seen);
        bad += row(strcmp(seen.names, rows[i].names) == 0, "%s: %s", rows[i].hop, seen.names);
    }
    connectors_free(connectors);
    assert_int_equal(bad, 0);
}

static void connectors_add_domain__names_to_expect__kept(void **state)
{
    static const struct {
        enum level level;
        bool outbound, entry;
        size_t kept;
    } rows[] = {
        { LEVEL_SECURE, true, false, 2 },
        { LEVEL_SECURE, true, true, 0 },
        { LEVEL_SECURE, false, false, 0 },
        { LEVEL_VERIFY, true, false, 0 },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct connectors *connectors = connectors_new();
        struct connector *connector = build_connector("c", rows[i].level);
        uint32_t index;

        connector->directions[DIRECTION_OUTBOUND] = rows[i].outbound;
        if (rows[i].entry)
            build_entry_name(build_entry(connector), "mail.contoso.com");
        index = add(connectors, connector);
        add_domain(connectors, index, "*.Contoso.com");
        add_domain(connectors, index, ".fabrikam.com");
        bad += row(connector->domain_names.count == rows[i].kept, "row %zu: %zu", i,
                   connector->domain_names.count);
        if (rows[i].kept == 2)
            bad += row(strcmp(connector->domain_names.strings[0], "*.contoso.com") == 0 &&
                           strcmp(connector->domain_names.strings[1], ".fabrikam.com") == 0,
                       "row %zu: %s", i, connector->domain_names.strings[0]);
        connectors_free(connectors);
    }
    assert_int_equal(bad, 0);
}

static void certificate_entry_has_pins__each_kind__told(void **state)
{
    struct pin pin = { false, { { 0 } } };
    struct certificate_entry entry = { .from = DATE_ALWAYS, .until = DATE_NEVER };

    (void)state;
    assert_false(certificate_entry_has_pins(&entry));
    entry.has_fingerprint = true;
    assert_true(certificate_entry_has_pins(&entry));
    entry.has_fingerprint = false;
    entry.has_public_key = true;
    assert_true(certificate_entry_has_pins(&entry));
    entry.has_public_key = false;
    entry.pins = &pin;
    entry.pin_count = 1;
    assert_true(certificate_entry_has_pins(&entry));
}

static void certificate_entry_state__from_and_until__at_the_exact_second(void **state)
{
    static const struct {
        int64_t from, until;
        enum entry_state wanted;
    } rows[] = {
        { DATE_ALWAYS, DATE_NEVER, ENTRY_ACTIVE },
        { NOW, DATE_NEVER, ENTRY_ACTIVE },
        { NOW + 1, DATE_NEVER, ENTRY_NOT_YET },
        { DATE_ALWAYS, NOW + 1, ENTRY_ACTIVE },
        { DATE_ALWAYS, NOW, ENTRY_PAST },
        { NOW - 1, NOW, ENTRY_PAST },
        { NOW, NOW + 1, ENTRY_ACTIVE },
        { NOW + 1, NOW + 2, ENTRY_NOT_YET },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct certificate_entry entry = { .from = rows[i].from, .until = rows[i].until };

        bad += row(certificate_entry_state(&entry, NOW) == rows[i].wanted, "row %zu", i);
    }
    assert_int_equal(bad, 0);
}

static void connector_next_change__dates__the_next_one_that_has_an_effect(void **state)
{
    static const struct {
        enum level level;
        enum mode mode;
        int64_t enforce_from;
        int64_t dates[4]; /* from and until of two entries */
        int64_t wanted;
    } rows[] = {
#define EVER DATE_ALWAYS, DATE_NEVER
        { LEVEL_SECURE, MODE_ENFORCE, DATE_ALWAYS, { EVER, EVER }, DATE_NEVER },
        { LEVEL_SECURE, MODE_ENFORCE, NOW + 5, { EVER, EVER }, NOW + 5 },
        { LEVEL_SECURE, MODE_ENFORCE, NOW, { EVER, EVER }, DATE_NEVER },
        { LEVEL_SECURE, MODE_ENFORCE, NOW - 1, { EVER, EVER }, DATE_NEVER },
        { LEVEL_SECURE, MODE_ENFORCE, NOW + 9, { EVER, NOW + 7, DATE_NEVER }, NOW + 7 },
        { LEVEL_SECURE, MODE_ENFORCE, NOW + 5, { EVER, NOW + 7, DATE_NEVER }, NOW + 5 },
        { LEVEL_SECURE, MODE_ENFORCE, DATE_ALWAYS, { DATE_ALWAYS, NOW + 8, EVER }, NOW + 8 },
        { LEVEL_SECURE, MODE_ENFORCE, DATE_ALWAYS, { NOW - 9, NOW, NOW, NOW + 3 }, NOW + 3 },
        { LEVEL_SECURE,
          MODE_ENFORCE,
          DATE_ALWAYS,
          { NOW + 3, NOW + 6, NOW + 2, NOW + 9 },
          NOW + 2 },
        { LEVEL_SECURE, MODE_ENFORCE, DATE_ALWAYS, { NOW - 9, NOW - 8, NOW - 3, NOW }, DATE_NEVER },
        { LEVEL_FINGERPRINT, MODE_ENFORCE, DATE_ALWAYS, { EVER, NOW + 7, DATE_NEVER }, NOW + 7 },
        /* below level secure entries say nothing, and mode monitor never ends */
        { LEVEL_VERIFY, MODE_ENFORCE, DATE_ALWAYS, { EVER, NOW + 7, DATE_NEVER }, DATE_NEVER },
        { LEVEL_VERIFY, MODE_ENFORCE, NOW + 8, { EVER, NOW + 7, DATE_NEVER }, NOW + 8 },
        { LEVEL_SECURE, MODE_MONITOR, NOW + 5, { EVER, NOW + 7, DATE_NEVER }, NOW + 7 },
        { LEVEL_ENCRYPT, MODE_MONITOR, NOW + 5, { EVER, EVER }, DATE_NEVER },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct connector *connector = build_connector("c", rows[i].level);
        int64_t change;

        connector->mode = rows[i].mode;
        connector->enforce_from = rows[i].enforce_from;
        for (size_t n = 0; n < 2; n++) {
            struct certificate_entry *entry = build_entry(connector);

            entry->from = rows[i].dates[2 * n];
            entry->until = rows[i].dates[2 * n + 1];
        }
        change = connector_next_change(connector, NOW);
        bad += row(change == rows[i].wanted, "row %zu: %lld", i, (long long)change);
        connector_free(connector);
    }
    assert_int_equal(bad, 0);
}

static void words__levels_modes_directions__as_the_file_spells_them(void **state)
{
    static const char *const levels[] = { "may", "encrypt", "verify", "secure", "fingerprint" };

    (void)state;
    for (int level = 0; level < LEVELS; level++)
        assert_string_equal(level_word((enum level)level), levels[level]);
    assert_string_equal(mode_word(MODE_ENFORCE), "enforce");
    assert_string_equal(mode_word(MODE_MONITOR), "monitor");
    assert_string_equal(direction_word(DIRECTION_INBOUND), "inbound");
    assert_string_equal(direction_word(DIRECTION_OUTBOUND), "outbound");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connectors_conflict__two_connectors__table),
        cmocka_unit_test(connectors_add__several__numbered_and_kept),
        cmocka_unit_test(connectors_table__directions__each_its_own),
        cmocka_unit_test(connectors_by_client__nested_networks__all_that_contain_it),
        cmocka_unit_test(connectors_by_client__random_networks__as_one_by_one),
        cmocka_unit_test(connectors_by_client__outbound_connector__never),
        cmocka_unit_test(connectors_owns_name__domains_and_below__table),
        cmocka_unit_test(connectors_owns_name__only_outbound__its_own_domains),
        cmocka_unit_test(connectors_by_next_hop__host_and_port__each_connector_once),
        cmocka_unit_test(connectors_add_domain__names_to_expect__kept),
        cmocka_unit_test(certificate_entry_has_pins__each_kind__told),
        cmocka_unit_test(certificate_entry_state__from_and_until__at_the_exact_second),
        cmocka_unit_test(connector_next_change__dates__the_next_one_that_has_an_effect),
        cmocka_unit_test(words__levels_modes_directions__as_the_file_spells_them),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
