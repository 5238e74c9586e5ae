/* SPDX-License-Identifier: ISC */
/* Tests of policy/address: every domain that a path could mean. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/address.h"

static bool lists(const struct address *address, const char *name)
{
    for (size_t i = 0; i < address->count; i++) {
        if (domain_is(&address->domains[i], span_of(name)))
            return true;
    }
    return false;
}

/* The ordinary address: exactly one domain. */
static void address_parse__ordinary__one_domain(void **state)
{
    static const struct {
        struct span text;
        const char *domain;
    } rows[] = {
        { S("<a@contoso.com>"), "contoso.com" },
        { S("a@contoso.com"), "contoso.com" },
        { S("<A@CONTOSO.COM>"), "contoso.com" },
        { S("<a@contoso.com.>"), "contoso.com" },
        { S("<a.b+c=d@contoso.com>"), "contoso.com" },
        { S("<\"a b\"@contoso.com>"), "contoso.com" },
        { S("<\"a@fabrikam.com\"@contoso.com>"), "contoso.com" },
        { S("<\"a\\\"@fabrikam.com\"@contoso.com>"), "contoso.com" },
        { S("<\"a%fabrikam.com\"@contoso.com>"), "contoso.com" },
        { S("<\"fabrikam.com!a\"@contoso.com>"), "contoso.com" },
        { S("<\"a\\\\\"@contoso.com>"), "contoso.com" },
        { S("<\"\"@contoso.com>"), "contoso.com" },
        { S("<a@b\xc3\xbc"
            "cher.example>"),
          "xn--bcher-kva.example" },
        { S("<\xc3\xbc@contoso.com>"), "contoso.com" },
        { S("<a@contoso\xe3\x80\x82"
            "com>"),
          "contoso.com" },
        { S("<bounce@mail_1.news.example>"), "mail_1.news.example" },
        { S("<@contoso.com>"), "contoso.com" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct address address;

        assert_true(address_parse(&address, rows[i].text));
        bad += row(!address.null && address.count == 1 && lists(&address, rows[i].domain),
                   "%s: null %d, %zu domains, first '%s'", SHOWN(rows[i].text), address.null,
                   address.count, address.count > 0 ? address.domains[0].name : "");
        address_release(&address);
    }
    assert_int_equal(bad, 0);
}

/* Odd ones: all of these domains are listed, perhaps more. */
static void address_parse__odd__every_reading(void **state)
{
    static const struct {
        struct span text;
        const char *domains[4];
    } rows[] = {
        /* source routes (RFC 5321, 4.1.2 and appendix C) */
        { S("<@relay.example:a@contoso.com>"), { "relay.example", "contoso.com" } },
        { S("<@r1.example,@r2.example:a@contoso.com>"),
          { "r1.example", "r2.example", "contoso.com" } },
        { S("<@contoso.com:a@evil.example>"), { "contoso.com", "evil.example" } },
        { S("<@contoso.com,@evil.example:a>"), { "contoso.com", "evil.example" } },
        { S("<@contoso.com:a>"), { "contoso.com" } },
        { S("<@contoso.com:>"), { "contoso.com" } },
        { S("<@r1.example, @contoso.com : a@x.example>"), { "r1.example", "contoso.com" } },
        { S("@relay.example:a@contoso.com"), { "relay.example", "contoso.com" } },
        { S("<@CONTOSO.com.:a@evil.example>"), { "contoso.com", "evil.example" } },
        /* percent */
        { S("<a%contoso.com@local.example>"), { "contoso.com", "local.example" } },
        { S("<a%x.example%contoso.com@local.example>"),
          { "x.example", "contoso.com", "local.example" } },
        { S("<a%contoso.com%x.example@local.example>"),
          { "x.example", "contoso.com", "local.example" } },
        { S("<a%contoso.com>"), { "contoso.com" } },
        { S("a%contoso.com."), { "contoso.com" } },
        { S("<a%CONTOSO.COM@local.example>"), { "contoso.com" } },
        { S("<a%b\xc3\xbc"
            "cher.example@local.example>"),
          { "xn--bcher-kva.example" } },
        /* bang */
        { S("<contoso.com!a@local.example>"), { "contoso.com", "local.example" } },
        { S("<contoso.com!a>"), { "contoso.com" } },
        { S("<x.example!contoso.com!a>"), { "x.example", "contoso.com" } },
        { S("<contoso.com!x.example!a@local.example>"),
          { "contoso.com", "x.example", "local.example" } },
        { S("<contoso.com!a%x.example@local.example>"),
          { "contoso.com", "x.example", "local.example" } },
        /* several @ */
        { S("<a@contoso.com@evil.example>"), { "contoso.com", "evil.example" } },
        { S("<a@evil.example@contoso.com>"), { "contoso.com", "evil.example" } },
        { S("<a@x.example@contoso.com@evil.example>"),
          { "x.example", "contoso.com", "evil.example" } },
        { S("<a@@contoso.com>"), { "contoso.com" } },
        { S("<a@contoso.com@>"), { "contoso.com" } },
        { S("<a@contoso.com,b@evil.example>"), { "contoso.com", "evil.example" } },
        { S("<a@contoso.com:b@evil.example>"), { "contoso.com", "evil.example" } },
        /* quotes that do not close, backslashes */
        { S("<\"a@contoso.com>"), { "contoso.com" } },
        { S("<a\"@contoso.com>"), { "contoso.com" } },
        { S("<\"a\"b\"@contoso.com>"), { "contoso.com" } },
        { S("<a\\@contoso.com>"), { "contoso.com" } },
        { S("<a\\\"@contoso.com>"), { "contoso.com" } },
        { S("<\"a\\\"@contoso.com>"), { "contoso.com" } },
        { S("<\"a\\\\\"@contoso.com@evil.example>"), { "contoso.com", "evil.example" } },
        { S("<\"a\"@contoso.com@\"b\"@evil.example>"), { "contoso.com", "evil.example" } },
        { S("<\"a@evil.example@contoso.com>"), { "contoso.com", "evil.example" } },
        /* comments and white space */
        { S("<a@contoso.com(comment)>"), { "contoso.com" } },
        { S("<a@contoso.com (comment)>"), { "contoso.com" } },
        { S("<a@(comment)contoso.com>"), { "contoso.com" } },
        { S("<a(comment)@contoso.com>"), { "contoso.com" } },
        { S("<a(x@y.example)@contoso.com>"), { "contoso.com" } },
        { S("<(c)a@contoso.com>"), { "contoso.com" } },
        { S("<a@contoso.com(a(b)c)>"), { "contoso.com" } },
        { S("<a@contoso.com(>"), { "contoso.com" } },
        { S("<a@contoso.com(\\)>"), { "contoso.com" } },
        { S("<a(@contoso.com>"), { "contoso.com" } },
        { S("<\"(\"@(comment)contoso.com>"), { "contoso.com" } },
        { S("<\"(\\\"\"@(comment)contoso.com>"), { "contoso.com" } },
        { S("< a@contoso.com >"), { "contoso.com" } },
        { S("<a @ contoso.com>"), { "contoso.com" } },
        { S("<a@contoso.com\t>"), { "contoso.com" } },
        { S(" <a@contoso.com>"), { "contoso.com" } },
        { S("<a@contoso.com> "), { "contoso.com" } },
        /* brackets */
        { S("Partner <a@contoso.com>"), { "contoso.com" } },
        { S("\"Part, ner\" <a@contoso.com>"), { "contoso.com" } },
        { S("<<a@contoso.com>>"), { "contoso.com" } },
        { S("<a@contoso.com"), { "contoso.com" } },
        { S("a@contoso.com>"), { "contoso.com" } },
        { S("<a@evil.example> <a@contoso.com>"), { "contoso.com", "evil.example" } },
        /* NUL in front of the domain */
        { S("<a\0b@contoso.com>"), { "contoso.com" } },
        { S("<\0@contoso.com>"), { "contoso.com" } },
        { S("<a@evil.example\0@contoso.com>"), { "contoso.com" } },
        /* literal beside a partner */
        { S("<a@[192.0.2.1]@contoso.com>"), { "contoso.com" } },
        { S("<a%contoso.com@[192.0.2.1]>"), { "contoso.com" } },
        { S("<@[192.0.2.1]:a@contoso.com>"), { "contoso.com" } },
        { S("<@contoso.com:a@[IPv6:2001:db8::1]>"), { "contoso.com" } },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct address address;

        assert_true(address_parse(&address, rows[i].text));
        bad += row(!address.null, "%s: is no <>", SHOWN(rows[i].text));
        for (size_t j = 0; j < 4 && rows[i].domains[j] != NULL; j++) {
            bad += row(lists(&address, rows[i].domains[j]), "%s: %s is not listed",
                       SHOWN(rows[i].text), rows[i].domains[j]);
        }
        address_release(&address);
    }
    assert_int_equal(bad, 0);
}

/* Odd ones that mean no partner: these domains are not listed, nor is anything below them. */
static void address_parse__no_partner_in_it__none_invented(void **state)
{
    static const struct {
        struct span text;
        bool null;
    } rows[] = {
        { S("<>"), true },
        { S("<root>"), false },
        { S("root"), false },
        { S("<postmaster>"), false },
        { S("<a@>"), false },
        { S("<@>"), false },
        { S("<a@.>"), false },
        { S("<x@[192.0.2.1]>"), false },
        { S("<x@[IPv6:2001:db8::1]>"), false },
        { S("<x@[]>"), false },
        { S("<x@[>"), false },
        { S("<%>"), false },
        { S("<!>"), false },
        { S("<\">"), false },
        { S("<\"\">"), false },
        { S("<contoso.com>"), false },
        { S("<\"a@contoso.com\">"), false },
        { S("<\"a@contoso.com\"@x.example>"), false },
        { S("<a@evilcontoso.com>"), false },
        { S("<a@contoso.com.evil.example>"), false },
        { S("<contoso.com@x.example>"), false },
        { S("<@x.example:contoso.com@y.example>"), false },
        { S("<a!contoso.com@x.example>"), false }, /* the host stands before the "!" */
        { S("<contoso.com%x.example@y.example>"), false },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct address address;

        assert_true(address_parse(&address, rows[i].text));
        bad += row(address.null == rows[i].null, "%s: null", SHOWN(rows[i].text));
        for (size_t j = 0; j < address.count; j++) {
            bad += row(!domain_is(&address.domains[j], SPAN("contoso.com")) &&
                           !domain_is_below(&address.domains[j], SPAN("contoso.com")),
                       "%s: contoso.com is listed", SHOWN(rows[i].text));
        }
        address_release(&address);
    }
    assert_int_equal(bad, 0);
}

static void address_parse__empty_without_brackets__null(void **state)
{
    struct address address;

    (void)state;
    /* sendmail(1) on Postfix reports its paths without brackets. */
    assert_true(address_parse(&address, SPAN("")));
    assert_true(address.null);
    assert_int_equal(address.count, 0);
    address_release(&address);
}

static void address_init__fresh__no_domain_and_not_null(void **state)
{
    struct address address;

    (void)state;
    address_init(&address);
    assert_false(address.null);
    assert_int_equal(address.count, 0);
    address_release(&address);
}

/* More readings than anybody would reserve room for: the partner first, in the middle, last. */
static void address_parse__hundreds_of_readings__none_lost(void **state)
{
    static const char *const separators[] = { "@", "%", "@" };
    enum { COUNT = 300 };
    static char text[COUNT * 24];

    (void)state;
    for (int place = 0; place < COUNT; place += COUNT / 2 - 1) {
        for (size_t s = 0; s < ROWS(separators); s++) {
            struct address address;
            size_t length = (size_t)sprintf(text, "<a");

            for (int i = 0; i < COUNT; i++) {
                length +=
                    (size_t)sprintf(text + length, "%s", i == 0 && s == 2 ? "%" : separators[s]);
                if (i == place)
                    length += (size_t)sprintf(text + length, "contoso.com");
                else
                    length += (size_t)sprintf(text + length, "d%d.example", i);
            }
            length += (size_t)sprintf(text + length, ">");
            assert_true(address_parse(&address, (struct span){ text, length }));
            assert_true(lists(&address, "contoso.com"));
            assert_true(lists(&address, "d1.example"));
            address_release(&address);
        }
    }
}

static void address_parse__thousands_of_marks__no_harm(void **state)
{
    static const char marks[] = "@%!\"\\()<>:,;[]. \t\xff";
    static char text[2048];

    (void)state;
    for (size_t i = 0; i + 1 < sizeof(marks); i++) {
        struct address address;

        memset(text, marks[i], sizeof(text));
        assert_true(address_parse(&address, (struct span){ text, sizeof(text) }));
        address_release(&address);
        memcpy(text + sizeof(text) - 13, "@contoso.com>", 13);
        text[0] = '<';
        assert_true(address_parse(&address, (struct span){ text, sizeof(text) }));
        if (marks[i] != '(' && marks[i] != ')' && marks[i] != '[' && marks[i] != '\\' &&
            !lists(&address, "contoso.com"))
            fail_msg("'%c' hides the domain", marks[i]);
        address_release(&address);
    }
}

/* Every short string of marks and letters around a domain: memory checkers watch. */
static void address_parse__generated_soup__no_harm(void **state)
{
    static const char alphabet[] = "@%!\"\\(<>:,[a. ";
    uint32_t seed = 12345;

    (void)state;
    for (int round = 0; round < 50000; round++) {
        struct address address;
        char *text;
        size_t length;

        seed = seed * 1664525u + 1013904223u;
        length = (seed >> 24) % 24;
        text = malloc(length + 1);
        assert_non_null(text);
        for (size_t i = 0; i < length; i++) {
            seed = seed * 1664525u + 1013904223u;
            text[i] = alphabet[(seed >> 20) % (sizeof(alphabet) - 1)];
        }
        assert_true(address_parse(&address, (struct span){ text, length }));
        address_release(&address);
        free(text);
    }
}

static void address_add__another_spelling__readings_joined(void **state)
{
    struct address address;

    (void)state;
    assert_true(address_parse(&address, SPAN("<a%contoso.com@local.example>")));
    assert_true(address_add(&address, SPAN("a@Contoso.com.")));
    assert_int_equal(address.count, 2);
    assert_true(address_add(&address, SPAN("a@fabrikam.com")));
    assert_int_equal(address.count, 3);
    assert_true(lists(&address, "contoso.com"));
    assert_true(lists(&address, "local.example"));
    assert_true(lists(&address, "fabrikam.com"));
    address_release(&address);
}

static void address_add__nothing_to_read__adds_none(void **state)
{
    static const struct span rows[] = { S(""), S("root"), S("<>"), S("<root>"), { NULL, 0 } };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct address address;

        assert_true(address_parse(&address, SPAN("<a@contoso.com>")));
        assert_true(address_add(&address, rows[i]));
        assert_int_equal(address.count, 1);
        assert_false(address.null);
        assert_true(lists(&address, "contoso.com"));
        address_release(&address);
    }
}

static void address_add__to_an_address_without_domain__listed(void **state)
{
    struct address address;

    (void)state;
    assert_true(address_parse(&address, SPAN("<root>")));
    assert_true(address_add(&address, SPAN("root@contoso.com")));
    assert_int_equal(address.count, 1);
    assert_true(lists(&address, "contoso.com"));
    address_release(&address);
    address_init(&address);
    assert_true(address_add(&address, SPAN("<@x.example:root@contoso.com>")));
    assert_true(lists(&address, "contoso.com"));
    assert_true(lists(&address, "x.example"));
    address_release(&address);
}

static void address_add__spelling_of_null__stays_null(void **state)
{
    struct address address;

    (void)state;
    assert_true(address_parse(&address, SPAN("<>")));
    assert_true(address_add(&address, SPAN("")));
    assert_true(address.null);
    assert_int_equal(address.count, 0);
    address_release(&address);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_parse__ordinary__one_domain),
        cmocka_unit_test(address_parse__odd__every_reading),
        cmocka_unit_test(address_parse__no_partner_in_it__none_invented),
        cmocka_unit_test(address_parse__empty_without_brackets__null),
        cmocka_unit_test(address_init__fresh__no_domain_and_not_null),
        cmocka_unit_test(address_parse__hundreds_of_readings__none_lost),
        cmocka_unit_test(address_parse__thousands_of_marks__no_harm),
        cmocka_unit_test(address_parse__generated_soup__no_harm),
        cmocka_unit_test(address_add__another_spelling__readings_joined),
        cmocka_unit_test(address_add__nothing_to_read__adds_none),
        cmocka_unit_test(address_add__to_an_address_without_domain__listed),
        cmocka_unit_test(address_add__spelling_of_null__stays_null),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
