/* SPDX-License-Identifier: ISC */
/* Tests of policy/network: addresses, networks, IPv4 in IPv6 clothes. */
#include "tests/unit/build.h"

#include <string.h>

#include "policy/network.h"

static void ip_parse__addresses__family_and_text(void **state)
{
    static const struct {
        struct span text;
        int family;
        const char *written;
    } rows[] = {
        { S("192.0.2.1"), 4, "192.0.2.1" },
        { S("0.0.0.0"), 4, "0.0.0.0" },
        { S("255.255.255.255"), 4, "255.255.255.255" },
        { S("2001:db8::1"), 6, "2001:db8::1" },
        { S("2001:DB8:0:0:0:0:0:1"), 6, "2001:db8::1" },
        { S("::"), 6, "::" },
        { S("::1"), 6, "::1" },
        { S("IPv6:2001:db8::1"), 6, "2001:db8::1" },
        { S("IPv6:::1"), 6, "::1" },
        { S("::ffff:192.0.2.1"), 4, "192.0.2.1" },
        { S("::FFFF:c000:0201"), 4, "192.0.2.1" },
        { S("0:0:0:0:0:ffff:192.0.2.1"), 4, "192.0.2.1" },
        { S("IPv6:::ffff:192.0.2.1"), 4, "192.0.2.1" },
        { S("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"), 6,
          "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct ip ip;
        char text[IP_TEXT_SIZE];

        if (!ip_parse(&ip, rows[i].text)) {
            bad += row(false, "%s refused", SHOWN(rows[i].text));
            continue;
        }
        ip_format(&ip, text);
        bad += row(ip.family == rows[i].family && strcmp(text, rows[i].written) == 0,
                   "%s: family %d, '%s'", SHOWN(rows[i].text), ip.family, text);
    }
    assert_int_equal(bad, 0);
}

static void ip_parse__no_address__false(void **state)
{
    static const struct span rows[] = {
        S(""),
        S("IPv6:"),
        S("unknown"),
        S("192.0.2"),
        S("192.0.2.256"),
        S("192.0.2.1.5"),
        S("192.0.2.1 "),
        S(" 192.0.2.1"),
        S("192.0.2.1\0"),
        S("192.0.2.1\0x"),
        S("192.0.2.1\n"),
        S("0x7f.0.0.1"),
        S("2130706433"),
        S("127.1"),
        S("-1.2.3.4"),
        S("1.2.3.4/32"),
        S(":"),
        S(":::"),
        S("1:2:3:4:5:6:7"),
        S("1:2:3:4:5:6:7:8:9"),
        S("2001:db8::1::2"),
        S("12345::"),
        S("g::1"),
        S("::ffff:192.0.2.256"),
        S("::ffff:192.0.2"),
        S("mail.contoso.com"),
        S("fe80::1%eth0"),
        S("0000000000000000000000000000000000000000000000000000000000000000192.0.2.1"),
        { NULL, 0 },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct ip ip;

        bad += row(!ip_parse(&ip, rows[i]), "'%s' was taken", SHOWN(rows[i]));
    }
    assert_int_equal(bad, 0);
}

static void ip_from_bytes__v4_mapped__the_ipv4_address(void **state)
{
    static const unsigned char mapped[16] = { [10] = 0xff, 0xff, 192, 0, 2, 1 };
    static const unsigned char compatible[16] = { [12] = 192, 0, 2, 1 };
    static const unsigned char four[4] = { 192, 0, 2, 1 };
    struct ip a = ip_from_bytes(6, mapped), b = ip_from_bytes(4, four);
    struct ip c = ip_from_bytes(6, compatible), parsed = build_ip("192.0.2.1");

    (void)state;
    assert_int_equal(a.family, 4);
    assert_true(ip_equal(&a, &b));
    assert_true(ip_equal(&a, &parsed));
    assert_int_equal(c.family, 6);
    assert_false(ip_equal(&a, &c));
}

static void ip_format__not_known__unknown(void **state)
{
    struct ip ip = { 0 };
    char text[IP_TEXT_SIZE];

    (void)state;
    ip_format(&ip, text);
    assert_string_equal(text, "unknown");
}

static void network_parse__good__prefix(void **state)
{
    static const struct {
        struct span text;
        int family;
        unsigned prefix;
    } rows[] = {
        { S("192.0.2.0/24"), 4, 24 },
        { S("192.0.2.1"), 4, 32 },
        { S("192.0.2.1/32"), 4, 32 },
        { S("0.0.0.0/0"), 4, 0 },
        { S("128.0.0.0/1"), 4, 1 },
        { S("192.0.2.254/31"), 4, 31 },
        { S("::/0"), 6, 0 },
        { S("2001:db8::/32"), 6, 32 },
        { S("::1"), 6, 128 },
        { S("::1/128"), 6, 128 },
        { S("2001:db8:8000::/33"), 6, 33 },
        { S("2001:db8::2/127"), 6, 127 },
        { S("::ffff:192.0.2.0/120"), 4, 24 },
        { S("::ffff:192.0.2.1"), 4, 32 },
        { S("::ffff:192.0.2.1/128"), 4, 32 },
        { S("::ffff:0.0.0.0/96"), 4, 0 },
        { S("2001:DB8::/32"), 6, 32 },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct network network;
        struct why why = { "" };

        if (!network_parse(&network, rows[i].text, &why)) {
            bad += row(false, "%s: %s", SHOWN(rows[i].text), why.text);
            continue;
        }
        bad +=
            row(network.ip.family == rows[i].family && network.prefix == rows[i].prefix,
                "%s: family %d prefix %u", SHOWN(rows[i].text), network.ip.family, network.prefix);
    }
    assert_int_equal(bad, 0);
}

static void network_parse__bad__false_and_why(void **state)
{
    static const struct span rows[] = {
        S(""), S("/"), S("/24"), S("192.0.2.0/"), S("192.0.2.0/33"), S("192.0.2.0/-1"),
        S("192.0.2.0/+24"), S("192.0.2.0/ 24"), S("192.0.2.0 /24"), S("192.0.2.0/24 "),
        S("192.0.2.0/24x"), S("192.0.2.0/24/24"), S("192.0.2/24"), S("192.0.2.0/0x18"),
        S("192.0.2.0/4294967320"), S("192.0.2.0/18446744073709551640"),
        S("192.0.2.0/255.255.255.0"), S("192.0.2.0\0/24"), S("192.0.2.0/24\0"), S("::/129"),
        S("::/256"), S("::/384"), S("contoso.com"), S("contoso.com/24"), S("192.0.2.*"),
        S("[192.0.2.0]/33"), S("192.0.2.0-192.0.2.9"), S("192.0.2.0/256"), S("192.0.2.0/280"),
        /* host bits */
        S("192.0.2.1/24"), S("0.0.0.1/0"), S("192.0.2.255/31"), S("192.0.2.128/24"), S("1.0.0.0/7"),
        S("2001:db8::1/32"), S("::1/0"), S("::1/127"), S("2001:db8:8000::/32"),
        S("::ffff:192.0.2.1/120"), S("::ffff:0.0.0.0/90"),
        S("::ffff:192.0.2.0/24"), /* 24 of 128 bits, and bits set behind them */
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct network network;
        struct why why = { "" };

        bad += row(!network_parse(&network, rows[i], &why), "'%s' was taken", SHOWN(rows[i]));
        bad += row(why.text[0] != '\0', "'%s': no reason", SHOWN(rows[i]));
        (void)network_parse(&network, rows[i], NULL);
    }
    assert_int_equal(bad, 0);
}

static void network_contains__boundaries__table(void **state)
{
    static const struct {
        const char *network, *ip;
        bool contains;
    } rows[] = {
        { "192.0.2.0/24", "192.0.2.0", true },
        { "192.0.2.0/24", "192.0.2.255", true },
        { "192.0.2.0/24", "192.0.3.0", false },
        { "192.0.2.0/24", "192.0.1.255", false },
        { "192.0.2.0/24", "::ffff:192.0.2.77", true },
        { "::ffff:192.0.2.0/120", "192.0.2.77", true },
        { "::ffff:192.0.2.0/120", "192.0.3.77", false },
        { "192.0.2.1", "192.0.2.1", true },
        { "192.0.2.1", "192.0.2.0", false },
        { "192.0.2.2/31", "192.0.2.3", true },
        { "192.0.2.2/31", "192.0.2.4", false },
        { "192.0.2.2/31", "192.0.2.1", false },
        { "0.0.0.0/0", "203.0.113.9", true },
        { "0.0.0.0/0", "::1", false },
        { "0.0.0.0/0", "2001:db8::1", false },
        { "0.0.0.0/1", "127.255.255.255", true },
        { "0.0.0.0/1", "128.0.0.0", false },
        { "192.0.2.128/25", "192.0.2.127", false },
        { "192.0.2.128/25", "192.0.2.128", true },
        { "::/0", "2001:db8::1", true },
        { "::/0", "192.0.2.1", false }, /* an IPv4 address is no IPv6 address */
        { "::/0", "::ffff:192.0.2.1", false },
        { "2001:db8::/32", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true },
        { "2001:db8::/32", "2001:db9::", false },
        { "2001:db8:8000::/33", "2001:db8:7fff::", false },
        { "2001:db8:8000::/33", "2001:db8:ffff::", true },
        { "::1", "::1", true },
        { "::1", "::2", false },
        { "2001:db8::2/127", "2001:db8::3", true },
        { "2001:db8::2/127", "2001:db8::4", false },
        { "c000:200::/24", "192.0.2.0", false }, /* the same first bytes */
        { "192.0.2.0/24", "c000:200::", false },
        { "127.0.0.0/8", "127.1.2.3", true },
        { "127.0.0.0/8", "128.0.0.1", false },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct ip ip = build_ip(rows[i].ip);
        struct network network;

        if (!network_parse(&network, span_of(rows[i].network), NULL)) {
            bad += row(false, "%s refused", rows[i].network);
            continue;
        }
        bad += row(network_contains(&network, &ip) == rows[i].contains, "%s in %s", rows[i].ip,
                   rows[i].network);
    }
    assert_int_equal(bad, 0);
}

/* Each prefix: the network's own bits decide, and no others. */
static void network_contains__every_prefix__the_first_bit_outside_is_free(void **state)
{
    (void)state;
    for (int family = 4; family <= 6; family += 2) {
        unsigned bits = family == 4 ? 32 : 128;

        for (unsigned prefix = 0; prefix <= bits; prefix++) {
            unsigned char bytes[16];
            struct network network;

            memset(bytes, 0, sizeof(bytes));
            for (unsigned bit = 0; bit < prefix; bit++)
                bytes[bit / 8] |= (unsigned char)(0x80u >> bit % 8);
            network = (struct network){ ip_from_bytes(family, bytes), (uint8_t)prefix };
            for (unsigned bit = 0; bit < bits; bit++) {
                unsigned char flipped[16];
                struct ip ip;

                memcpy(flipped, bytes, sizeof(flipped));
                flipped[bit / 8] ^= (unsigned char)(0x80u >> bit % 8);
                ip = ip_from_bytes(family, flipped);
                if (network_contains(&network, &ip) != (bit >= prefix))
                    fail_msg("IPv%d /%u bit %u", family, prefix, bit);
            }
        }
    }
}

static void network_list_contains__any_of_several__and_never_an_unknown_address(void **state)
{
    struct network_list list = { 0 };
    struct ip unknown = { 0 };
    struct ip in4 = build_ip("198.51.100.7"), in6 = build_ip("2001:db8::7");
    struct ip out = build_ip("203.0.113.1");

    (void)state;
    assert_false(network_list_contains(&list, &in4));
    assert_false(network_list_contains(&list, &unknown));
    build_networks(&list, "192.0.2.0/24 2001:db8::/32 198.51.100.0/24");
    assert_int_equal(list.count, 3);
    assert_true(network_list_contains(&list, &in4));
    assert_true(network_list_contains(&list, &in6));
    assert_false(network_list_contains(&list, &out));
    assert_false(network_list_contains(&list, &unknown));
    build_networks(&list, "0.0.0.0/0 ::/0");
    assert_true(network_list_contains(&list, &out));
    assert_false(network_list_contains(&list, &unknown));
    for (unsigned i = 0; i < 1000; i++) {
        unsigned char bytes[4] = { 10, 0, (unsigned char)(i / 256), (unsigned char)i };
        struct network network = { ip_from_bytes(4, bytes), 32 };

        assert_true(network_list_add(&list, &network));
    }
    assert_int_equal(list.count, 1005);
    network_list_release(&list);
}

static void network_format__networks__read_back_equal(void **state)
{
    static const struct {
        const char *text, *written;
    } rows[] = {
        { "192.0.2.0/24", "192.0.2.0/24" },
        { "0.0.0.0/0", "0.0.0.0/0" },
        { "::/0", "::/0" },
        { "2001:DB8::/32", "2001:db8::/32" },
        { "10.1.2.2/31", "10.1.2.2/31" },
        { "192.0.2.7", "192.0.2.7" },
        { "192.0.2.7/32", "192.0.2.7" },
        { "2001:db8::1", "2001:db8::1" },
        { "2001:db8::1/128", "2001:db8::1" },
        { "2001:db8::/31", "2001:db8::/31" },
        { "::ffff:192.0.2.0/120", "192.0.2.0/24" },
        { "::ffff:192.0.2.7", "192.0.2.7" },
        { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127",
          "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct network network, again;
        char text[NETWORK_TEXT_SIZE];

        assert_true(network_parse(&network, span_of(rows[i].text), NULL));
        network_format(&network, text);
        bad += row(strcmp(text, rows[i].written) == 0, "%s: %s", rows[i].text, text);
        bad += row(network_parse(&again, span_of(text), NULL) && ip_equal(&again.ip, &network.ip) &&
                       again.prefix == network.prefix,
                   "%s does not read back", text);
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ip_parse__addresses__family_and_text),
        cmocka_unit_test(ip_parse__no_address__false),
        cmocka_unit_test(ip_from_bytes__v4_mapped__the_ipv4_address),
        cmocka_unit_test(ip_format__not_known__unknown),
        cmocka_unit_test(network_parse__good__prefix),
        cmocka_unit_test(network_parse__bad__false_and_why),
        cmocka_unit_test(network_contains__boundaries__table),
        cmocka_unit_test(network_contains__every_prefix__the_first_bit_outside_is_free),
        cmocka_unit_test(network_list_contains__any_of_several__and_never_an_unknown_address),
        cmocka_unit_test(network_format__networks__read_back_equal),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
