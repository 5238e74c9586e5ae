/* SPDX-License-Identifier: ISC */
/* Tests of policy/names: a certificate's name against a name of the file. */
#include "tests/unit/build.h"

#include <string.h>

#include "policy/names.h"

static void wanted_name_parse__good__canonical(void **state)
{
    static const struct {
        struct span text;
        bool wildcard;
        const char *written;
    } rows[] = {
        { S("mail.contoso.com"), false, "mail.contoso.com" },
        { S("Mail.CONTOSO.com."), false, "mail.contoso.com" },
        { S("*.contoso.com"), true, "*.contoso.com" },
        { S("*.Contoso.COM"), true, "*.contoso.com" },
        { S("b\xc3\xbc"
            "cher.example"),
          false, "xn--bcher-kva.example" },
        { S("*.B\xc3\x9c"
            "CHER.example"),
          true, "*.xn--bcher-kva.example" },
        { S("XN--BCHER-KVA.example"), false, "xn--bcher-kva.example" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct wanted_name wanted;
        struct why why = { "" };
        char text[DOMAIN_MAX + 3];

        if (!wanted_name_parse(&wanted, rows[i].text, &why)) {
            bad += row(false, "%s: %s", SHOWN(rows[i].text), why.text);
            continue;
        }
        wanted_name_format(&wanted, text, sizeof(text));
        bad += row(wanted.wildcard == rows[i].wildcard && strcmp(text, rows[i].written) == 0,
                   "%s: '%s'", SHOWN(rows[i].text), text);
    }
    assert_int_equal(bad, 0);
}

static void wanted_name_parse__bad__false_and_why(void **state)
{
    static const struct span rows[] = {
        S(""),
        S("*"),
        S("*."),
        S("**.contoso.com"),
        S("*.*.contoso.com"),
        S("m*.contoso.com"),
        S("*l.contoso.com"),
        S("mail.*.com"),
        S("mail.contoso.*"),
        S(".contoso.com"),
        S("mail..contoso.com"),
        S("a@contoso.com"),
        S("mail_1.contoso.com"),
        S("-a.contoso.com"),
        S("192.0.2.1"),
        S("mail contoso.com"),
        S("mail.contoso.com\0"),
        S("mail.contoso.com\n"),
        S("\xff.contoso.com"),
        S("CN=mail.contoso.com"),
        S("mail.contoso.com/x"),
        S("."),
        S("*.192.0.2.1"),
        S("*.-a.example"),
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct wanted_name wanted;
        struct why why = { "" };

        bad += row(!wanted_name_parse(&wanted, rows[i], &why), "'%s' was taken", SHOWN(rows[i]));
        bad += row(why.text[0] != '\0', "'%s': no reason", SHOWN(rows[i]));
        (void)wanted_name_parse(&wanted, rows[i], NULL);
    }
    assert_int_equal(bad, 0);
}

static void presented_name_read__comparable__canonical(void **state)
{
    static const struct {
        struct span text;
        bool wildcard;
        const char *name;
    } rows[] = {
        { S("mail.contoso.com"), false, "mail.contoso.com" },
        { S("MAIL.Contoso.COM"), false, "mail.contoso.com" },
        { S("mail.contoso.com."), false, "mail.contoso.com" },
        { S("*.contoso.com"), true, "contoso.com" },
        { S("*.Contoso.com"), true, "contoso.com" },
        { S("mail_1.contoso.com"), false, "mail_1.contoso.com" },
        { S("XN--BCHER-KVA.example"), false, "xn--bcher-kva.example" },
        { S("mail-1"), false, "mail-1" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct domain domain;
        bool wildcard = !rows[i].wildcard;

        bad += row(presented_name_read(rows[i].text, &wildcard, &domain) &&
                       wildcard == rows[i].wildcard && strcmp(domain.name, rows[i].name) == 0,
                   "%s", SHOWN(rows[i].text));
    }
    assert_int_equal(bad, 0);
}

/* None of these may be compared, and none fits any of the names below. */
static const struct span hostile[] = {
    S(""),
    { NULL, 0 },
    S("mail.contoso.com\0"),
    S("mail.contoso.com\0.evil.example"),
    S("\0mail.contoso.com"),
    S("mail\0.contoso.com"),
    S("*.contoso.com\0"),
    S("mail.contoso.com\n"),
    S("mail.contoso.com\r\n"),
    S("\tmail.contoso.com"),
    S("mail.contoso.com "),
    S(" mail.contoso.com"),
    S("mail.contoso.com\x7f"),
    S("mail.contoso.com\x01"),
    S("mail.contoso.com+0A"),
    S("mail.contoso.com%n"),
    S("mail.contoso.com/CN=x"),
    S("CN=mail.contoso.com"),
    S("mail.contoso.com,evil.example"),
    S("m*.contoso.com"),
    S("*l.contoso.com"),
    S("m*l.contoso.com"),
    S("**.contoso.com"),
    S("*.*.contoso.com"),
    S("*.*.com"),
    S("mail.*.com"),
    S("mail.contoso.*"),
    S("*"),
    S("*."),
    S("**"),
    S("*contoso.com"),
    S("xn--*.contoso.com"),
    S("ma\xc3\xadl.contoso.com"),
    S("\xff.contoso.com"),
    S("mail\xe3\x80\x82"
      "contoso.com"),
    S("m\xc2\xad"
      "ail.contoso.com"),
    S("\xef\xbd\x8d"
      "ail.contoso.com"),
    S("a@mail.contoso.com"),
    S("<mail.contoso.com>"),
    S("\"mail.contoso.com\""),
    S("mail.contoso.com:25"),
    S("Example Issuing CA"),
};

static void presented_name_read__hostile__not_comparable(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(hostile); i++) {
        struct domain domain;
        bool wildcard;

        bad += row(!presented_name_read(hostile[i], &wildcard, &domain), "'%s' was read",
                   SHOWN(hostile[i]));
    }
    assert_int_equal(bad, 0);
}

static void wanted_name_fits__hostile__never(void **state)
{
    static const char *const names[] = { "mail.contoso.com", "*.contoso.com",
                                         "contoso.com",      "*.com",
                                         "evil.example",     "*.evil.example" };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(hostile); i++) {
        for (size_t j = 0; j < ROWS(names); j++) {
            struct wanted_name wanted;

            assert_true(wanted_name_parse(&wanted, span_of(names[j]), NULL));
            bad += row(!wanted_name_fits(&wanted, hostile[i], true) &&
                           !wanted_name_fits(&wanted, hostile[i], false),
                       "'%s' fits %s", SHOWN(hostile[i]), names[j]);
        }
    }
    assert_int_equal(bad, 0);
}

static void wanted_name_fits__four_cases__table(void **state)
{
    static const struct {
        const char *wanted;
        struct span presented;
        bool outbound, inbound;
    } rows[] = {
        /* literal, literal */
        { "mail.contoso.com", S("mail.contoso.com"), true, true },
        { "mail.contoso.com", S("MAIL.CONTOSO.COM"), true, true },
        { "mail.contoso.com", S("mail.contoso.com."), true, true },
        { "mail.contoso.com", S("mail2.contoso.com"), false, false },
        { "mail.contoso.com", S("contoso.com"), false, false },
        { "mail.contoso.com", S("a.mail.contoso.com"), false, false },
        { "mail.contoso.com", S("evilmail.contoso.com"), false, false },
        { "mail.contoso.com", S("mail.contoso.com.evil.example"), false, false },
        { "mail.contoso.com", S("mail.contoso.com.."), false, false },
        { "contoso.com", S("mail.contoso.com"), false, false },
        { "xn--bcher-kva.example", S("XN--BCHER-KVA.Example"), true, true },
        { "b\xc3\xbc"
          "cher.example",
          S("xn--bcher-kva.example"), true, true },
        /* literal wanted, wildcard presented: one label, outbound only */
        { "mail.contoso.com", S("*.contoso.com"), true, false },
        { "mail.contoso.com", S("*.CONTOSO.com"), true, false },
        { "a.b.contoso.com", S("*.contoso.com"), false, false },
        { "contoso.com", S("*.contoso.com"), false, false },
        { "evilcontoso.com", S("*.contoso.com"), false, false },
        { "mail.contoso.com", S("*.mail.contoso.com"), false, false },
        { "mail.contoso.com", S("*.com"), false, false },
        { "mail.contoso.com", S("*.b.contoso.com"), false, false },
        { "xn--bcher-kva.example", S("*.example"), true, false },
        /* wildcard wanted, literal presented: one label */
        { "*.contoso.com", S("mail.contoso.com"), true, true },
        { "*.contoso.com", S("MAIL.Contoso.Com"), true, true },
        { "*.contoso.com", S("a.b.contoso.com"), false, false },
        { "*.contoso.com", S("contoso.com"), false, false },
        { "*.contoso.com", S(".contoso.com"), false, false },
        { "*.contoso.com", S("evilcontoso.com"), false, false },
        { "*.contoso.com", S("mail.contoso.com.evil"), false, false },
        { "*.contoso.com", S("com"), false, false },
        { "*.b\xc3\xbc"
          "cher.example",
          S("mail.xn--bcher-kva.example"), true, true },
        /* both: identical only */
        { "*.contoso.com", S("*.contoso.com"), true, true },
        { "*.contoso.com", S("*.CONTOSO.COM"), true, true },
        { "*.contoso.com", S("*.b.contoso.com"), false, false },
        { "*.contoso.com", S("*.com"), false, false },
        { "*.contoso.com", S("*.evilcontoso.com"), false, false },
        { "*.b.contoso.com", S("*.contoso.com"), false, false },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct wanted_name wanted;

        assert_true(wanted_name_parse(&wanted, span_of(rows[i].wanted), NULL));
        bad += row(wanted_name_fits(&wanted, rows[i].presented, true) == rows[i].outbound,
                   "outbound: wanted %s, presented %s", rows[i].wanted, SHOWN(rows[i].presented));
        bad += row(wanted_name_fits(&wanted, rows[i].presented, false) == rows[i].inbound,
                   "inbound: wanted %s, presented %s", rows[i].wanted, SHOWN(rows[i].presented));
    }
    assert_int_equal(bad, 0);
}

static void wanted_name_fits__very_long_names__never(void **state)
{
    static char text[65536];
    struct wanted_name literal, wildcard;

    (void)state;
    assert_true(wanted_name_parse(&literal, SPAN("mail.contoso.com"), NULL));
    assert_true(wanted_name_parse(&wildcard, SPAN("*.contoso.com"), NULL));
    for (size_t length = 250; length < sizeof(text);
         length = length < 300 ? length + 1 : length * 2) {
        for (size_t i = 0; i < length; i++)
            text[i] = i % 61 == 60 ? '.' : 'a';
        memcpy(text + length - 17, ".mail.contoso.com", 17);
        assert_false(wanted_name_fits(&literal, (struct span){ text, length }, true));
        assert_false(wanted_name_fits(&wildcard, (struct span){ text, length }, true));
        memset(text, 'a', length);
        memcpy(text + length - 12, ".contoso.com", 12);
        assert_false(wanted_name_fits(&literal, (struct span){ text, length }, true));
    }
}

static void name_is_shared__platforms__told(void **state)
{
    static const struct {
        const char *name;
        bool shared;
    } rows[] = {
        { "mail.protection.outlook.com", true },
        { "*.pphosted.com", true },
        { "*.mimecast.com", true },
        { "mail.contoso.com", false },
        { "*.contoso.com", false },
        { "evilpphosted.com", false },
        { "pphosted.com.evil.example", false },
        { "mail.protection.outlook.com.evil.example", false },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct wanted_name wanted;

        assert_true(wanted_name_parse(&wanted, span_of(rows[i].name), NULL));
        bad += row(name_is_shared(&wanted) == rows[i].shared, "%s", rows[i].name);
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wanted_name_parse__good__canonical),
        cmocka_unit_test(wanted_name_parse__bad__false_and_why),
        cmocka_unit_test(presented_name_read__comparable__canonical),
        cmocka_unit_test(presented_name_read__hostile__not_comparable),
        cmocka_unit_test(wanted_name_fits__hostile__never),
        cmocka_unit_test(wanted_name_fits__four_cases__table),
        cmocka_unit_test(wanted_name_fits__very_long_names__never),
        cmocka_unit_test(name_is_shared__platforms__told),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
