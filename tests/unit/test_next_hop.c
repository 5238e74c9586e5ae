/* SPDX-License-Identifier: ISC */
/* Tests of policy/next_hop: one form for what our file and two MTAs write. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <string.h>

#include "policy/next_hop.h"

static void next_hop_parse__our_file__canonical(void **state)
{
    static const struct {
        struct span text;
        const char *canonical; /* or, where it is none, */
        const char *why;
        enum next_hop_kind kind;
    } rows[] = {
        { S("[Mail.HQ.example]:587"), "[mail.hq.example]:587", NULL, NEXT_HOP_HOST },
        { S("[mail.hq.example]"), "[mail.hq.example]", NULL, NEXT_HOP_HOST },
        { S("[mail.hq.example.]"), "[mail.hq.example]", NULL, NEXT_HOP_HOST },
        { S("[mail.hq.example]:25"), "[mail.hq.example]", NULL, NEXT_HOP_HOST },
        { S("[mail.hq.example]:smtp"), "[mail.hq.example]", NULL, NEXT_HOP_HOST },
        { S("[mail.hq.example]:submission"), "[mail.hq.example]:587", NULL, NEXT_HOP_HOST },
        { S("[mail.hq.example]:submissions"), "[mail.hq.example]:465", NULL, NEXT_HOP_HOST },
        { S("[mail.hq.example]:smtps"), "[mail.hq.example]:465", NULL, NEXT_HOP_HOST },
        { S("smtps://mail.hq.example:465"), "smtps://mail.hq.example:465", NULL, NEXT_HOP_HOST },
        { S("smtps://mail.hq.example"), "smtps://mail.hq.example:465", NULL, NEXT_HOP_HOST },
        { S("smtps://mail.hq.example:25"), "smtps://mail.hq.example:25", NULL, NEXT_HOP_HOST },
        { S("smtps://[mail.hq.example]:465"), "smtps://mail.hq.example:465", NULL, NEXT_HOP_HOST },
        { S("smtps://[2001:db8::1]"), "smtps://[2001:db8::1]:465", NULL, NEXT_HOP_ADDRESS },
        { S("HQ.example."), "hq.example", NULL, NEXT_HOP_DOMAIN },
        { S("hq.example:587"), "hq.example:587", NULL, NEXT_HOP_DOMAIN },
        { S("hq.example:00025"), "hq.example", NULL, NEXT_HOP_DOMAIN },
        { S("b\xc3\xbc"
            "cher.example"),
          "xn--bcher-kva.example", NULL, NEXT_HOP_DOMAIN },
        { S("[192.0.2.1]:25"), "[192.0.2.1]", NULL, NEXT_HOP_ADDRESS },
        { S("[192.0.2.1]:26"), "[192.0.2.1]:26", NULL, NEXT_HOP_ADDRESS },
        { S("[::ffff:192.0.2.1]"), "[192.0.2.1]", NULL, NEXT_HOP_ADDRESS },
        { S("[2001:DB8:0::1]"), "[2001:db8::1]", NULL, NEXT_HOP_ADDRESS },
        { S("[IPv6:2001:db8::1]:26"), "[2001:db8::1]:26", NULL, NEXT_HOP_ADDRESS },
#define NOT_A_HOP "not a next hop: [HOST], [HOST]:PORT, smtps://HOST:PORT or a domain"
#define BAD_PORT "the port must be a number from 1 to 65535"
#define BAD_BRACKETS "must be [HOST] or [HOST]:PORT"
        { S(""), NULL, NOT_A_HOP, 0 },
        { S("[]"), NULL, NOT_A_HOP, 0 },
        { S("192.0.2.1"), NULL, NOT_A_HOP, 0 },
        { S("smtps://192.0.2.1"), NULL, NOT_A_HOP, 0 },
        { S("smtps://"), NULL, NOT_A_HOP, 0 },
        { S("*.hq.example"), NULL, NOT_A_HOP, 0 },
        { S("hq example"), NULL, NOT_A_HOP, 0 },
        { S("a@hq.example"), NULL, NOT_A_HOP, 0 },
        { S("mail_1.example"), NULL, NOT_A_HOP, 0 },
        { S("[a\0b.example]"), NULL, NOT_A_HOP, 0 },
        { S("[mail.hq.example"), NULL, BAD_BRACKETS, 0 },
        { S("[mail.hq.example]587"), NULL, BAD_BRACKETS, 0 },
        { S("[mail.hq.example]:"), NULL, BAD_PORT, 0 },
        { S("[mail.hq.example]:0"), NULL, BAD_PORT, 0 },
        { S("[mail.hq.example]:65536"), NULL, BAD_PORT, 0 },
        { S("[mail.hq.example]:99999"), NULL, BAD_PORT, 0 },
        { S("[mail.hq.example]:587x"), NULL, BAD_PORT, 0 },
        { S("[mail.hq.example]:imap"), NULL, BAD_PORT, 0 },
        { S("smtp:mail.hq.example"), NULL, BAD_PORT, 0 },
        { S("2001:db8::1"), NULL, BAD_PORT, 0 },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct why why = { "" };
        char text[NEXT_HOP_TEXT_SIZE] = "";
        struct next_hop hop, again;
        bool parsed = next_hop_parse(&hop, rows[i].text, &why);

        if (rows[i].canonical == NULL) {
            bad += row(!parsed && strcmp(why.text, rows[i].why) == 0, "%s: %s", SHOWN(rows[i].text),
                       why.text);
            continue;
        }
        if (parsed)
            next_hop_format(&hop, text);
        bad += row(parsed && strcmp(text, rows[i].canonical) == 0 && hop.kind == rows[i].kind,
                   "%s: %s %s", SHOWN(rows[i].text), text, why.text);
        bad += row(parsed && next_hop_parse(&again, span_of(text), NULL) &&
                       next_hop_equal(&hop, &again),
                   "%s: read back it is another", text);
    }
    assert_int_equal(bad, 0);
}

static void next_hop_parse__longest_name__fits_the_text(void **state)
{
    char text[NEXT_HOP_TEXT_SIZE] = "smtps://", back[NEXT_HOP_TEXT_SIZE];
    struct next_hop hop;
    size_t length = strlen(text);

    (void)state;
    for (size_t i = 0; i < DOMAIN_MAX; i++)
        text[length + i] = i % 50 == 49 ? '.' : 'a';
    (void)snprintf(text + length + DOMAIN_MAX, 7, ":65535");
    assert_true(next_hop_parse(&hop, span_of(text), NULL));
    next_hop_format(&hop, back);
    assert_string_equal(back, text);
}

/* Names that mail has and our file does not take. */
static void next_hop_read__what_an_mta_says__read(void **state)
{
    static const struct {
        struct span text;
        const char *canonical; /* NULL: none */
    } rows[] = {
        { S("mail_1.news.example"), "mail_1.news.example" },
        { S("a.b.dom.test."), "a.b.dom.test" },
        { S("A.B.Dom.TEST"), "a.b.dom.test" },
        { S("-odd-.example"), "-odd-.example" },
        { S("[mail_1.news.example]:587"), "[mail_1.news.example]:587" },
        { S("[IPv6:2001:db8::1]"), "[2001:db8::1]" },
        { S("localhost"), "localhost" },
        { S("123"), "123" },
        { S("192.0.2.1"), NULL },
        { S("a..b"), NULL },
        { S(".b"), NULL },
        { S("."), NULL },
        { S("a b"), NULL },
        { S("a\x01.example"), NULL },
        { S("a/b"), NULL },
        { S("\"a\".example"), NULL },
        { S("/var/run/lmtp"), NULL },
        { S(""), NULL },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[NEXT_HOP_TEXT_SIZE] = "-";
        struct next_hop hop;
        bool read = next_hop_read(&hop, rows[i].text);

        if (read)
            next_hop_format(&hop, text);
        bad += row(read == (rows[i].canonical != NULL) &&
                       (!read || strcmp(text, rows[i].canonical) == 0),
                   "%s: %s", SHOWN(rows[i].text), text);
    }
    assert_false(next_hop_read(&(struct next_hop){ 0 }, (struct span){ NULL, 0 }));
    assert_int_equal(bad, 0);
}

static struct next_hop hop_of(const char *text)
{
    struct next_hop hop;

    if (!next_hop_read(&hop, span_of(text)))
        fail_msg("next hop '%s'", text);
    return hop;
}

static void next_hop_equal__kind_host_port__all_count(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal, same_place;
    } rows[] = {
        { "contoso.com", "Contoso.COM.", true, true },
        { "contoso.com", "contoso.com:25", true, true },
        { "contoso.com", "contoso.com:587", false, false },
        { "contoso.com", "[contoso.com]", false, false },
        { "contoso.com", "a.contoso.com", false, false },
        { "[192.0.2.1]", "[::ffff:192.0.2.1]", true, true },
        { "[192.0.2.1]", "[192.0.2.2]", false, false },
        { "[a.b]:465", "smtps://a.b", false, true },
        { "[a.b]:465", "smtps://a.b:466", false, false },
        { "[a.b]", "smtps://a.b:25", false, true },
        { "a.b:465", "smtps://a.b", false, false },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct next_hop a = hop_of(rows[i].a), b = hop_of(rows[i].b);

        bad +=
            row(next_hop_equal(&a, &b) == rows[i].equal && next_hop_equal(&b, &a) == rows[i].equal,
                "%s, %s: equal", rows[i].a, rows[i].b);
        bad += row(next_hop_same_place(&a, &b) == rows[i].same_place &&
                       next_hop_same_place(&b, &a) == rows[i].same_place,
                   "%s, %s: same place", rows[i].a, rows[i].b);
    }
    assert_int_equal(bad, 0);
}

/* "[a]:1 [b]" from what was read, "local", "unknown". */
static const char *way_text(const struct next_hops *hops, char *text, size_t size)
{
    size_t length = 0;

    if (hops->way != WAY_HOPS)
        return hops->way == WAY_LOCAL ? "local" : "unknown";
    for (size_t i = 0; i < hops->count; i++) {
        char hop[NEXT_HOP_TEXT_SIZE];

        next_hop_format(&hops->hops[i], hop);
        length += (size_t)snprintf(text + length, size - length, "%s%s", i > 0 ? " " : "", hop);
    }
    return text;
}

static void next_hops_read__each_mta__its_way(void **state)
{
    static const struct {
        enum mta mta;
        struct span mailer, host;
        const char *way;
    } rows[] = {
        { MTA_POSTFIX, S("smtp"), S("contoso.com"), "contoso.com" },
        { MTA_POSTFIX, S("relay"), S("contoso.com"), "contoso.com" },
        { MTA_POSTFIX, S("smtp"), S("[smarthost.test]:587"), "[smarthost.test]:587" },
        { MTA_POSTFIX, S("slow"), S("hub.test"), "hub.test" },
        { MTA_POSTFIX, S("smtp"), S("[a]:1, [b]:2"), "[a]:1 [b]:2" },
        { MTA_POSTFIX, S("smtp"), S("[a]:1,[b]:2 [c]"), "[a]:1 [b]:2 [c]" },
        { MTA_POSTFIX, S("smtp"), S("a:1"), "a:1" },
        { MTA_POSTFIX, S("smtp"), S("[IPv6:2001:db8::1]"), "[2001:db8::1]" },
        { MTA_POSTFIX, S("local"), S("mx.example.org"), "local" },
        { MTA_POSTFIX, S("virtual"), S("example.org"), "local" },
        { MTA_POSTFIX, S("error"), S("5.1.1 User unknown in virtual alias table"), "local" },
        { MTA_POSTFIX, S("discard"), S("example.org"), "local" },
        { MTA_POSTFIX, S("lmtp"), S("unix:/var/run/lmtp"), "local" },
        { MTA_POSTFIX, S("lmtp"), S("inet:store.test:24"), "[store.test]:24" },
        { MTA_POSTFIX, S("lmtp"), S("inet:[192.0.2.7]:24"), "[192.0.2.7]:24" },
        { MTA_POSTFIX, S("smtp"), S("[a]:1, b c/d"), "unknown" },
        { MTA_POSTFIX, S("smtp"), S("1.a 2.a 3.a 4.a 5.a 6.a 7.a 8.a"),
          "1.a 2.a 3.a 4.a 5.a 6.a 7.a 8.a" },
        { MTA_POSTFIX, S("smtp"), S("1.a 2.a 3.a 4.a 5.a 6.a 7.a 8.a 9.a"), "unknown" },
        { MTA_POSTFIX, S("smtp"), S(" , "), "unknown" },
        { MTA_POSTFIX, S("smtp"), S(""), "unknown" },
        { MTA_POSTFIX, S("smtp"), { NULL, 0 }, "unknown" },
        { MTA_POSTFIX, { NULL, 0 }, S("contoso.com"), "unknown" },
        { MTA_POSTFIX, { NULL, 0 }, { NULL, 0 }, "unknown" },
        { MTA_POSTFIX, S("Local"), S("contoso.com"), "contoso.com" },
        { MTA_POSTFIX, S("locals"), S("contoso.com"), "contoso.com" },
        { MTA_UNKNOWN, S("smtp"), S("[a]:1, [b]:2"), "[a]:1 [b]:2" },
        { MTA_SENDMAIL, S("esmtp"), S("a.b.dom.test."), "a.b.dom.test" },
        { MTA_SENDMAIL, S("relay"), S("[hub.test]"), "[hub.test]" },
        { MTA_SENDMAIL, S("esmtp"), S("a.test.:b.test."), "a.test b.test" },
        { MTA_SENDMAIL, S("esmtp"), S("[a.test]:[IPv6:2001:db8::1]:c.test"),
          "[a.test] [2001:db8::1] c.test" },
        { MTA_SENDMAIL, S("esmtp"), S("a.test:587"), "a.test 587" },
        { MTA_SENDMAIL, S("local"), S(""), "local" },
        { MTA_SENDMAIL, S("local"), { NULL, 0 }, "local" },
        { MTA_SENDMAIL, S("esmtp"), S(""), "unknown" },
        { MTA_SENDMAIL, S("esmtp"), S("unix:/x"), "unknown" },
    };
    struct rules *rules = build_rules();
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[1024];
        struct next_hops hops;
        const char *way;

        next_hops_read(&hops, rows[i].mta, rows[i].mailer, rows[i].host,
                       &rules->settings.local_transports);
        way = way_text(&hops, text, sizeof(text));
        bad += row(strcmp(way, rows[i].way) == 0, "%d %s %s: %s", (int)rows[i].mta,
                   SHOWN(rows[i].mailer), SHOWN(rows[i].host), way);
    }
    rules_free(rules);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_hop_parse__our_file__canonical),
        cmocka_unit_test(next_hop_parse__longest_name__fits_the_text),
        cmocka_unit_test(next_hop_read__what_an_mta_says__read),
        cmocka_unit_test(next_hop_equal__kind_host_port__all_count),
        cmocka_unit_test(next_hops_read__each_mta__its_way),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
