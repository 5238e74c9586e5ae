/* SPDX-License-Identifier: ISC */
/* Tests of policy/probe/request and foreign: what a line asks for, what a stranger's bytes become.
 */
#include "tests/unit/build.h"

#include <stdlib.h>
#include <string.h>

#include "policy/probe/foreign.h"
#include "policy/probe/request.h"

static bool read_text(struct request *request, const char *text, struct why *why)
{
    why->text[0] = '\0';
    return request_read(request, span_of(text), why);
}

static void request_read__settings__defaults(void **state)
{
    struct request request;
    struct why why;

    (void)state;
    assert_true(read_text(&request, "{\"v\":1,\"type\":\"settings\"}", &why));
    assert_int_equal(request.type, REQUEST_SETTINGS);
    assert_false(request.has_id);
    assert_int_equal(request.settings.port, 25);
    assert_string_equal(request.settings.helo, "");
    assert_true(request.settings.timeout == 60);
    assert_int_equal(request.settings.max_parallel, 64);
    assert_true(request.settings.rate == 2);
    assert_int_equal(request.settings.source_address.family, 0);
    assert_false(request.settings.private_addresses);
    assert_int_equal(request.settings.own_names.count, 0);
    assert_null(request.settings.certificate);
    assert_null(request.settings.trust_anchor);
    request_release(&request);
}

static void request_read__settings__every_member(void **state)
{
    static const char text[] =
        "{\"v\":1,\"type\":\"settings\",\"port\":2525,\"helo\":\"mx.example.org\",\"timeout\":1.5,"
        "\"max_parallel\":7,\"rate\":0.5,\"source_address\":\"192.0.2.1\",\"source_address6\":"
        "\"2001:db8::1\",\"private_addresses\":true,\"own_addresses\":[\"192.0.2.0/24\",\"::1\"],"
        "\"own_names\":[\"MX.Example.ORG.\",\"b.example\"],\"certificate\":\"/c\",\"key\":\"/k\","
        "\"dns_servers\":[\"127.0.0.1@5353\",\"::1\"],\"trust_anchor\":\"\",\"later\":{\"x\":[]}}";
    struct request request;
    struct ip ip = build_ip("192.0.2.77");
    struct why why;

    (void)state;
    assert_true(read_text(&request, text, &why));
    assert_int_equal(request.settings.port, 2525);
    assert_string_equal(request.settings.helo, "mx.example.org");
    assert_true(request.settings.timeout == 1.5);
    assert_int_equal(request.settings.max_parallel, 7);
    assert_true(request.settings.rate == 0.5);
    assert_int_equal(request.settings.source_address.family, 4);
    assert_int_equal(request.settings.source_address6.family, 6);
    assert_true(request.settings.private_addresses);
    assert_true(network_list_contains(&request.settings.own_addresses, &ip));
    assert_int_equal(request.settings.own_names.count, 2);
    assert_string_equal(request.settings.own_names.strings[0], "mx.example.org");
    assert_string_equal(request.settings.certificate, "/c");
    assert_string_equal(request.settings.key, "/k");
    assert_int_equal(request.settings.dns_servers.count, 2);
    assert_string_equal(request.settings.trust_anchor, "");
    request_release(&request);
}

static void request_read__probe__hop_stores_and_id(void **state)
{
    struct request request;
    struct why why;

    (void)state;
    assert_true(read_text(&request,
                          " { \"type\" : \"probe\", \"v\" : 1, \"id\" : -5, \"hop\" : "
                          "\"[Mail.HQ.example]:587\", \"stores\" : [ \"/a\", \"\" ] } \r",
                          &why));
    assert_int_equal(request.type, REQUEST_PROBE);
    assert_true(request.has_id);
    assert_int_equal(request.id, -5);
    assert_string_equal(request.probe.text, "[Mail.HQ.example]:587");
    assert_int_equal(request.probe.hop.kind, NEXT_HOP_HOST);
    assert_string_equal(request.probe.hop.name.name, "mail.hq.example");
    assert_int_equal(request.probe.hop.port, 587);
    assert_false(request.probe.allows_private);
    assert_int_equal(request.probe.stores.count, 2);
    assert_string_equal(request.probe.stores.strings[1], "");
    request_release(&request);

    assert_true(read_text(&request, "{\"v\":1,\"type\":\"cancel\",\"id\":3}", &why));
    assert_int_equal(request.type, REQUEST_CANCEL);
    assert_int_equal(request.id, 3);
    request_release(&request);
}

static void request_read__bad__false_and_why(void **state)
{
    static const struct {
        const char *line, *why;
    } rows[] = {
        { "", "no JSON object" },
        { "{", "no JSON object" },
        { "{\"v\":1.0,\"type\":\"cancel\",\"id\":1}", "\"v\" must be 1" },
        { "{\"v\":\"1\",\"type\":\"cancel\",\"id\":1}", "\"v\" must be 1" },
        { "{\"v\":1,\"type\":7,\"id\":1}", "\"type\" must be" },
        { "{\"v\":1,\"type\":\"cancel\",\"id\":1.0}", "cancel needs" },
        { "{\"v\":1,\"type\":\"probe\",\"id\":1}", "a probe needs a \"hop\"" },
        { "{\"v\":1,\"type\":\"probe\",\"id\":1,\"hop\":null}", "\"hop\": must be a string" },
        { "{\"v\":1,\"type\":\"probe\",\"id\":1,\"hop\":\"a\",\"stores\":[7]}", "\"stores\": " },
        { "{\"v\":1,\"type\":\"settings\",\"port\":true}", "\"port\": must be a whole number" },
        { "{\"v\":1,\"type\":\"settings\",\"timeout\":0.05}", "\"timeout\": must be a number" },
        { "{\"v\":1,\"type\":\"settings\",\"key\":\"/k\"}", "\"certificate\" and \"key\"" },
        { "{\"v\":1,\"type\":\"settings\",\"dns_servers\":[\"1.2.3.4@\"]}", "\"dns_servers\": " },
        { "{\"v\":1,\"type\":\"settings\",\"dns_servers\":[\"1.2.3.4@1x\"]}", "\"dns_servers\": " },
        { "{\"v\":1,\"type\":\"settings\",\"dns_servers\":[\"1.2.3.4@65536\"]}",
          "\"dns_servers\": " },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct request request;
        struct why why;
        bool good = read_text(&request, rows[i].line, &why);

        bad += row(!good && strncmp(why.text, rows[i].why, strlen(rows[i].why)) == 0, "%s: %s",
                   rows[i].line, good ? "taken" : why.text);
        request_release(&request);
    }
    assert_int_equal(bad, 0);
}

static void foreign_string__any_bytes__utf8_or_escaped(void **state)
{
    static const struct {
        struct span bytes;
        const char *text;
    } rows[] = {
        { S(""), "" },
        { S("plain ~"), "plain ~" },
        { S("a\\b"), "a\\x5cb" },
        { S("\0\x01\x1f\x7f\t\n"), "\\x00\\x01\\x1f\\x7f\\x09\\x0a" },
        { S("b\xc3\xbc"), "b\xc3\xbc" },
        { S("\xe2\x82\xac"), "\xe2\x82\xac" },
        { S("\xf0\x9f\x93\xa7"), "\xf0\x9f\x93\xa7" },
        { S("\xc2\x9b"), "\\xc2\\x9b" }, /* a control character of C1 */
        { S("\xc0\x80"), "\\xc0\\x80" }, /* not the shortest form */
        { S("\xe0\x80\x80"), "\\xe0\\x80\\x80" },
        { S("\xed\xa0\x80"), "\\xed\\xa0\\x80" }, /* a surrogate */
        { S("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80" },
        { S("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80" },
        { S("\xc3"), "\\xc3" }, /* the end is missing */
        { S("\xe2\x82"), "\\xe2\\x82" },
        { S("\xe2\x82x"), "\\xe2\\x82x" },
        { S("\xff\xfe"), "\\xff\\xfe" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        json_t *string = foreign_string(rows[i].bytes);

        bad += row(strcmp(json_string_value(string), rows[i].text) == 0, "%s: %s",
                   SHOWN(rows[i].bytes), json_string_value(string));
        json_decref(string);
    }
    assert_true(json_is_null(foreign_string((struct span){ NULL, 0 })));
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_read__settings__defaults),
        cmocka_unit_test(request_read__settings__every_member),
        cmocka_unit_test(request_read__probe__hop_stores_and_id),
        cmocka_unit_test(request_read__bad__false_and_why),
        cmocka_unit_test(foreign_string__any_bytes__utf8_or_escaped),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
