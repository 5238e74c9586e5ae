/* SPDX-License-Identifier: ISC */
/* Tests of policy/probe/addresses and hosts: addresses of nobody on the internet, ourselves, and
 * which hosts and addresses of a next hop are left. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/probe/addresses.h"
#include "policy/probe/hosts.h"

static void address_is_special__registries__first_and_last_of_each(void **state)
{
    static const struct {
        const char *address;
        bool special;
    } rows[] = {
        { "0.0.0.0", true },
        { "0.255.255.255", true },
        { "1.0.0.0", false },
        { "9.255.255.255", false },
        { "10.0.0.0", true },
        { "10.255.255.255", true },
        { "11.0.0.0", false },
        { "100.63.255.255", false },
        { "100.64.0.0", true },
        { "100.127.255.255", true },
        { "100.128.0.0", false },
        { "126.255.255.255", false },
        { "127.0.0.0", true },
        { "127.255.255.255", true },
        { "128.0.0.0", false },
        { "169.253.255.255", false },
        { "169.254.0.0", true },
        { "169.254.255.255", true },
        { "169.255.0.0", false },
        { "172.15.255.255", false },
        { "172.16.0.0", true },
        { "172.31.255.255", true },
        { "172.32.0.0", false },
        { "192.0.0.0", true },
        { "192.0.0.255", true },
        { "192.0.1.0", false },
        { "192.0.2.0", true },
        { "192.0.2.255", true },
        { "192.0.3.0", false },
        { "192.88.99.1", true },
        { "192.167.255.255", false },
        { "192.168.0.0", true },
        { "192.168.255.255", true },
        { "192.169.0.0", false },
        { "198.17.255.255", false },
        { "198.18.0.0", true },
        { "198.19.255.255", true },
        { "198.20.0.0", false },
        { "198.51.100.0", true },
        { "198.51.101.0", false },
        { "203.0.113.255", true },
        { "203.0.114.0", false },
        { "223.255.255.255", false },
        { "224.0.0.0", true },
        { "239.255.255.255", true },
        { "240.0.0.0", true },
        { "255.255.255.255", true },
        { "8.8.8.8", false },
        { "::", true },
        { "::1", true },
        { "::2", true },
        { "::10.0.0.1", true },
        { "::8.8.8.8", true },
        { "::ffff:8.8.8.8", false },
        { "::ffff:10.0.0.1", true },
        { "64:ff9b::8.8.8.8", false },
        { "64:ff9b::10.0.0.1", true },
        { "64:ff9b::7f00:1", true },
        { "64:ff9b:1::8.8.8.8", true },
        { "100::1", true },
        { "1fff:ffff::1", true },
        { "2000::1", false },
        { "2001::1", true },
        { "2001:1ff:ffff::1", true },
        { "2001:200::1", false },
        { "2001:db8::1", true },
        { "2001:db9::1", false },
        { "2002:0808:0808::1", false },
        { "2002:0a00:0001::1", true },
        { "2002:7f00:0001::", true },
        { "2003::1", false },
        { "2a00:1450::1", false },
        { "3ffe::1", false },
        { "3fff::1", true },
        { "3fff:fff::1", true },
        { "3fff:1000::1", false },
        { "4000::1", true },
        { "5f00::1", true },
        { "fc00::1", true },
        { "fdff::1", true },
        { "fe80::1", true },
        { "fec0::1", true },
        { "ff02::1", true },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct ip ip = build_ip(rows[i].address);

        bad += row(address_is_special(&ip) == rows[i].special, "%s", rows[i].address);
    }
    assert_int_equal(bad, 0);
}

/* ---- ourselves ------------------------------------------------------------------------------ */

static void build_us(struct ourselves *us, struct prober_settings *settings)
{
    prober_settings_init(settings);
    build_networks(&settings->own_addresses, "192.0.2.1 2001:db8::1");
    build_strings(&settings->own_names, "mx.example.org");
    memcpy(settings->helo, "helo.example.org", sizeof("helo.example.org"));
    ourselves_init(us, settings);
    memcpy(us->host, "host.example.org", sizeof("host.example.org"));
    build_networks(&us->interfaces, "198.51.100.7");
}

static void release_us(struct ourselves *us, struct prober_settings *settings)
{
    ourselves_release(us);
    prober_settings_release(settings);
}

static void ourselves__addresses_and_names__all_sources(void **state)
{
    static const struct {
        const char *text;
        bool ours;
    } addresses[] = {
        { "192.0.2.1", true },    { "::ffff:192.0.2.1", true }, { "192.0.2.2", false },
        { "2001:db8::1", true },  { "2001:db8::2", false },     { "198.51.100.7", true },
        { "198.51.100.8", false },
    }, names[] = {
        { "mx.example.org", true },    { "MX.Example.ORG.", true }, { "helo.example.org", true },
        { "host.example.org", true },  { "example.org", false },    { "a.mx.example.org", false },
        { "", false },
    };
    struct prober_settings settings;
    struct ourselves us;
    unsigned bad = 0;

    (void)state;
    build_us(&us, &settings);
    for (size_t i = 0; i < ROWS(addresses); i++) {
        struct ip ip = build_ip(addresses[i].text);

        bad += row(ourselves_has_address(&us, &ip) == addresses[i].ours, "%s", addresses[i].text);
    }
    for (size_t i = 0; i < ROWS(names); i++) {
        struct domain name;

        domain_set(&name, span_of(names[i].text));
        bad += row(ourselves_has_name(&us, &name) == names[i].ours, "%s", names[i].text);
    }
    release_us(&us, &settings);
    assert_int_equal(bad, 0);
}

static void ourselves_refresh__interfaces__the_loopback_is_there(void **state)
{
    struct prober_settings settings;
    struct ourselves us;
    struct ip loopback = build_ip("127.0.0.1"), other = build_ip("203.0.113.250");

    (void)state;
    prober_settings_init(&settings);
    ourselves_init(&us, &settings);
    assert_false(ourselves_has_address(&us, &loopback));
    ourselves_refresh(&us, 1000);
    assert_true(ourselves_has_address(&us, &loopback));
    assert_false(ourselves_has_address(&us, &other));
    release_us(&us, &settings);
}

/* ---- hosts ---------------------------------------------------------------------------------- */

/* An MX answer from "10 a.example, 20 b.example"; "." is the empty host. */
static void build_mx(struct dns_answer *mx, const char *text)
{
    *mx = (struct dns_answer){ .state = LOOKUP_FOUND };
    mx->records = calloc(1100, sizeof(*mx->records));
    assert_non_null(mx->records);
    while (*text != '\0') {
        struct dns_record *record = &mx->records[mx->count++];
        char name[256];
        int used = 0;

        assert_int_equal(sscanf(text, "%u %255[^,]%n", &record->preference, name, &used), 2);
        domain_set(&record->name, span_of(name));
        text += used;
        text += strspn(text, ", ");
    }
}

static void show_hosts(const struct hop_found *found, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < found->count && used < size; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s%u %s%s", i > 0 ? ", " : "",
                                 found->hosts[i].preference, found->hosts[i].name.name,
                                 found->hosts[i].self ? " self" : "");
    }
}

static void hosts_set_mx__answers__sorted_without_doubles(void **state)
{
    static const struct {
        const char *mx, *hosts;
    } rows[] = {
        { "10 a.example", "10 a.example" },
        { "20 b.example, 10 a.example", "10 a.example, 20 b.example" },
        { "10 c.example, 10 a.example, 10 b.example", "10 a.example, 10 b.example, 10 c.example" },
        { "20 a.example, 10 A.EXAMPLE", "10 a.example" },
        { "10 a.example, 20 b.example, 30 a.example, 5 b.example", "5 b.example, 10 a.example" },
        { "0 ., 10 a.example", "10 a.example" },
        { "0 ., 10 .", "" },
        { "65535 z.example, 0 y.example", "0 y.example, 65535 z.example" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct hop_found found = { .count = 0 };
        struct dns_answer mx;
        char text[400];

        build_mx(&mx, rows[i].mx);
        hosts_set_mx(&found, &mx);
        show_hosts(&found, text, sizeof(text));
        bad += row(strcmp(text, rows[i].hosts) == 0, "%s: %s", rows[i].mx, text);
        hop_found_release(&found);
        dns_answer_release(&mx);
    }
    assert_int_equal(bad, 0);
}

static void hosts_set_mx__a_thousand__the_best_sixteen(void **state)
{
    struct hop_found found = { .count = 0 };
    struct dns_answer mx;
    char name[32];

    (void)state;
    build_mx(&mx, "");
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof(name), "h%u.example", i);
        mx.records[i].preference = 1000 - i;
        domain_set(&mx.records[i].name, span_of(name));
    }
    mx.count = 1000;
    hosts_set_mx(&found, &mx);
    assert_int_equal(found.count, HOSTS_MOST);
    assert_int_equal(found.left_out, 1000 - HOSTS_MOST);
    assert_string_equal(found.hosts[0].name.name, "h999.example");
    assert_string_equal(found.hosts[15].name.name, "h984.example");
    hop_found_release(&found);
    dns_answer_release(&mx);
}

static void build_addresses(struct dns_answer *answer, enum lookup lookup, enum dnssec dnssec,
                            int family, size_t count)
{
    *answer = (struct dns_answer){ .state = lookup, .dnssec = dnssec };
    if (count == 0)
        return;
    answer->records = calloc(count, sizeof(*answer->records));
    assert_non_null(answer->records);
    answer->count = count;
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[16] = { 0x20, (uint8_t)(i >> 8), (uint8_t)i };

        answer->records[i].ip = ip_from_bytes(family, bytes);
    }
}

static void hosts_set_addresses__two_answers__one_state(void **state)
{
    static const struct {
        enum lookup a, aaaa, both;
    } rows[] = {
        { LOOKUP_FOUND, LOOKUP_FOUND, LOOKUP_FOUND },
        { LOOKUP_FOUND, LOOKUP_NONE, LOOKUP_FOUND },
        { LOOKUP_FOUND, LOOKUP_SERVFAIL, LOOKUP_FOUND },
        { LOOKUP_BOGUS, LOOKUP_FOUND, LOOKUP_FOUND },
        { LOOKUP_NONE, LOOKUP_NONE, LOOKUP_NONE },
        { LOOKUP_NXDOMAIN, LOOKUP_NXDOMAIN, LOOKUP_NXDOMAIN },
        { LOOKUP_NONE, LOOKUP_NXDOMAIN, LOOKUP_NXDOMAIN },
        { LOOKUP_NONE, LOOKUP_SERVFAIL, LOOKUP_SERVFAIL },
        { LOOKUP_SERVFAIL, LOOKUP_TIMEOUT, LOOKUP_TIMEOUT },
        { LOOKUP_TIMEOUT, LOOKUP_BOGUS, LOOKUP_BOGUS },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < 2 * ROWS(rows); i++) {
        struct dns_answer a, aaaa;
        struct hop_found found = { .count = 0 };
        struct domain name;
        bool swapped = i >= ROWS(rows);
        size_t k = i % ROWS(rows);

        domain_set(&name, span_of("a.example"));
        hosts_set_one(&found, &name);
        build_addresses(&a, swapped ? rows[k].aaaa : rows[k].a, DNSSEC_SECURE, 4, 0);
        build_addresses(&aaaa, swapped ? rows[k].a : rows[k].aaaa, DNSSEC_INSECURE, 6, 0);
        hosts_set_addresses(&found.hosts[0], &a, &aaaa, 25);
        bad += row(found.hosts[0].addresses_state == rows[k].both &&
                       found.hosts[0].dnssec == DNSSEC_INSECURE,
                   "%s and %s: %s, %s", lookup_word(a.state), lookup_word(aaaa.state),
                   lookup_word(found.hosts[0].addresses_state), dnssec_word(found.hosts[0].dnssec));
        hop_found_release(&found);
    }
    assert_int_equal(bad, 0);
}

/* A host with so many addresses of either family. */
static void add_host(struct hop_found *found, size_t index, size_t a_count, size_t aaaa_count)
{
    struct dns_answer a, aaaa;

    build_addresses(&a, LOOKUP_FOUND, DNSSEC_SECURE, 4, a_count);
    build_addresses(&aaaa, LOOKUP_FOUND, DNSSEC_SECURE, 6, aaaa_count);
    hosts_set_addresses(&found->hosts[index], &a, &aaaa, 25);
    dns_answer_release(&a);
    dns_answer_release(&aaaa);
}

static void hosts_set_addresses__both_families__by_turns(void **state)
{
    struct hop_found found = { .count = 0 };
    struct domain name;

    (void)state;
    domain_set(&name, span_of("a.example"));
    hosts_set_one(&found, &name);
    add_host(&found, 0, 4, 2);
    assert_int_equal(found.hosts[0].count, 6);
    assert_int_equal(found.hosts[0].addresses[0].ip.family, 6);
    assert_int_equal(found.hosts[0].addresses[1].ip.family, 4);
    assert_int_equal(found.hosts[0].addresses[2].ip.family, 6);
    assert_int_equal(found.hosts[0].addresses[5].ip.family, 4);
    assert_int_equal(found.hosts[0].addresses[5].port, 25);
    hop_found_release(&found);
}

static void hosts_bound_addresses__many__every_host_keeps_some(void **state)
{
    struct hop_found found = { .count = 0 };
    struct dns_answer mx;
    size_t kept = 0;

    (void)state;
    build_mx(&mx, "10 a.example, 20 b.example, 30 c.example");
    hosts_set_mx(&found, &mx);
    add_host(&found, 0, 100, 100);
    add_host(&found, 1, 3, 0);
    add_host(&found, 2, 100, 0);
    hosts_bound_addresses(&found);
    for (size_t i = 0; i < found.count; i++)
        kept += found.hosts[i].count;
    assert_int_equal(kept, ADDRESSES_MOST);
    assert_int_equal(found.hosts[0].count, 15);
    assert_int_equal(found.hosts[0].left_out, 185);
    assert_int_equal(found.hosts[1].count, 3);
    assert_int_equal(found.hosts[1].left_out, 0);
    assert_int_equal(found.hosts[2].count, 14);
    hop_found_release(&found);
    dns_answer_release(&mx);
}

static void hosts_mark_self__ourselves__with_equals_and_all_behind(void **state)
{
    static const struct {
        const char *mx, *own_address, *hosts;
    } rows[] = {
        { "10 a.example, 20 b.example", NULL, "10 a.example, 20 b.example" },
        { "10 a.example, 20 mx.example.org", NULL, "10 a.example, 20 mx.example.org self" },
        { "10 mx.example.org, 20 b.example", NULL, "10 mx.example.org self, 20 b.example self" },
        { "10 a.example, 10 helo.example.org, 20 b.example", NULL,
          "10 a.example self, 10 helo.example.org self, 20 b.example self" },
        { "10 a.example, 10 z.example, 20 b.example", "z.example",
          "10 a.example self, 10 z.example self, 20 b.example self" },
        { "5 a.example, 10 z.example, 20 b.example", "z.example",
          "5 a.example, 10 z.example self, 20 b.example self" },
    };
    struct prober_settings settings;
    struct ourselves us;
    unsigned bad = 0;

    (void)state;
    build_us(&us, &settings);
    build_networks(&us.interfaces, "32.0.0.0");
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct hop_found found = { .count = 0 };
        struct dns_answer mx;
        char text[400];

        build_mx(&mx, rows[i].mx);
        hosts_set_mx(&found, &mx);
        for (size_t k = 0; k < found.count; k++) {
            if (rows[i].own_address != NULL &&
                strcmp(found.hosts[k].name.name, rows[i].own_address) == 0)
                add_host(&found, k, 1, 0);
        }
        hosts_mark_self(&found, &us);
        show_hosts(&found, text, sizeof(text));
        bad += row(strcmp(text, rows[i].hosts) == 0, "%s: %s", rows[i].mx, text);
        hop_found_release(&found);
        dns_answer_release(&mx);
    }
    release_us(&us, &settings);
    assert_int_equal(bad, 0);
}

static void host_name_usable__names__table(void **state)
{
    static const struct {
        struct span name;
        bool usable;
    } rows[] = {
        { S("mx.example"), true },
        { S("a"), true },
        { S("under_score.example"), true },
        { S("1.example"), true },
        { S("xn--a.example"), true },
        { S(""), false },
        { S("127.0.0.1"), false },
        { S("2130706433"), false },
        { S("a.1"), false },
        { S("a..b"), false },
        { S(".a"), false },
        { S("a b.example"), false },
        { S("a\0.example"), false },
        { S("[1.2.3.4]"), false },
        { S("a\\046b.example"), false },
        { S("::1"), false },
        { S("a:25"), false },
        { S("*.example"), false },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct domain name;

        domain_set(&name, rows[i].name);
        bad += row(host_name_usable(&name) == rows[i].usable, "%s", SHOWN(rows[i].name));
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_is_special__registries__first_and_last_of_each),
        cmocka_unit_test(ourselves__addresses_and_names__all_sources),
        cmocka_unit_test(ourselves_refresh__interfaces__the_loopback_is_there),
        cmocka_unit_test(hosts_set_mx__answers__sorted_without_doubles),
        cmocka_unit_test(hosts_set_mx__a_thousand__the_best_sixteen),
        cmocka_unit_test(hosts_set_addresses__two_answers__one_state),
        cmocka_unit_test(hosts_set_addresses__both_families__by_turns),
        cmocka_unit_test(hosts_bound_addresses__many__every_host_keeps_some),
        cmocka_unit_test(hosts_mark_self__ourselves__with_equals_and_all_behind),
        cmocka_unit_test(host_name_usable__names__table),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
