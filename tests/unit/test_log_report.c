/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/log_report, log_text and log_json: what is printed of what was counted. */
#include "config.h"

#include "tests/unit/page_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cli/log/log_report.h"

#define START INT64_C(1795564800) /* 2026-11-25 00:00:00 */

static void say(struct log_statistics *statistics, int64_t time, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct log_statistics *statistics, int64_t time, const char *format, ...)
{
    struct log_message message = { .time = time, .count = 1 };
    va_list arguments;
    char text[2000];

    va_start(arguments, format);
    message.text.length = (size_t)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    message.text.data = text;
    log_statistics_add(statistics, &message);
}

static struct log_statistics *new_statistics(void)
{
    struct log_selection selection = { .since = INT64_MIN, .until = INT64_MAX };
    struct log_statistics *statistics = log_statistics_new(&selection);

    assert_non_null(statistics);
    return statistics;
}

#define PASS \
    "Q: inbound verdict=pass connector=%s level=secure from=<a@%s> nrcpt=1 client=a[1.2.3.4] "
#define DEFER                                                                            \
    "Q: inbound verdict=defer reason=%s connector=%s level=secure from=<a@%s> to=<b@x> " \
    "client=a[1.2.3.4] "
#define END " mode=enforce text=\"451 x\""

static void print(struct log_statistics *statistics, bool all, struct page_case *page_case)
{
    struct log_report report;

    assert_true(log_report_init(&report, statistics));
    page_case_open(page_case, 100, false);
    log_report_print(&report, all, &page_case->page);
    log_report_release(&report);
}

/* Each part once, in this order; anything may stand between. */
static unsigned in_order(const char *text, const char *const *parts, size_t count)
{
    const char *at = text;
    unsigned bad = 0;

    for (size_t i = 0; i < count; i++) {
        const char *found = strstr(at, parts[i]);

        bad += row(found != NULL, "'%s' is not there, or not in its place", parts[i]);
        at = found != NULL ? found + strlen(parts[i]) : at;
    }
    return bad;
}

static void log_report_print__nothing_special__no_empty_sections(void **state)
{
    struct log_statistics *statistics = new_statistics();
    struct page_case page_case;

    (void)state;
    say(statistics, START, PASS "tls=TLSv1.3 cipher=A/256 certificate=trusted subject=\"m\"" END,
        "contoso-in", "contoso.com");
    print(statistics, false, &page_case);
    assert_true(page_case_is(
        &page_case, "1 line of forcetls-milter, 2026-11-25 00:00:00 to 2026-11-25 00:00:00\n"
                    "\n"
                    "connector   passed  recipients  refused  last refusal\n"
                    "contoso-in       1           1        0  -\n"
                    "total            1           1        0  -\n"
                    "\n"
                    "contoso-in, inbound, by domain of the sender\n"
                    "partner, seen  passed  protocol  cipher  certificate\n"
                    "contoso.com         1  TLSv1.3   A/256   trusted\n"
                    "2026-11-25                               name 'm'\n"));
    log_statistics_free(statistics);
}

static void log_report_print__everything__each_section_in_its_place(void **state)
{
    static const char *const parts[] = {
        "8 lines of forcetls-milter, 2026-11-25 00:00:00 to 2026-11-26 00:00:01",
        "connector  direction  passed  recipients  exempt  refused  monitor  near miss  last",
        "a          inbound         2           2       0        1        0          1  2026-11-26",
        "b          inbound         0           0       1        0        1          0  -",
        "b          outbound        1           1       0        0        0          0  -",
        "c          inbound         1           1       0        0        0          0  -",
        "total                      4           4       1        1        1          1  2026-11-26",
        "Refused recipients, by reason",
        "a          no-tls        1        0  2026-11-26 00:00:00",
        "b          no-tls        0        1  2026-11-25 00:00:04",
        "a, inbound, by domain of the sender",
        "contoso.com         2        1  TLSv1.3 (1)        A/256 (1)  trusted",
        "2026-11-25                      TLSv1.2 (1)        B/128 (1)  issuer 'I' (1)",
        "2026-11-26                      not encrypted (1)             issuer 'J \\xff' (1)",
        "b, inbound, by domain of the sender",
        "b, outbound, by domain of the recipient",
        "New or worse than before",
        "a, contoso.com: not encrypted (before: TLSv1.3), 1 line, refused, 2026-11-26 00:00:00",
        "a, contoso.com: TLSv1.2 (before: TLSv1.3), 1 line, 2026-11-25 00:00:01",
        "a, contoso.com: B/128 (before: A/256), 1 line, 2026-11-25 00:00:01",
        "a, contoso.com: issuer 'J \\xff' (before: issuer 'I'), 1 line, 2026-11-25 00:00:01",
        "note: 1 line of forcetls-milter not read: cut or damaged",
        "note: 7 lines missing: forcetls-milter says",
    };
    struct log_statistics *statistics = new_statistics();
    struct page_case page_case;
    unsigned bad;

    (void)state;
    say(statistics, START, PASS "tls=TLSv1.3 cipher=A/256 issuer=\"I\"" END, "a", "contoso.com");
    say(statistics, START + 1, PASS "tls=TLSv1.2 cipher=B/128 issuer=\"J \\xff\"" END, "a",
        "contoso.com");
    say(statistics, START + 2,
        "Q: inbound verdict=none reason=near-miss connector=a from=<a@x> "
        "tls=none text=\"x\"");
    say(statistics, START + 3,
        "Q: inbound verdict=exempt reason=network connector=b from=<a@x> "
        "nrcpt=1 tls=none mode=enforce");
    say(statistics, START + 4,
        "Q: inbound verdict=monitor would=defer reason=no-tls connector=b "
        "from=<a@x> to=<b@y> tls=none mode=monitor text=\"x\"");
    say(statistics, START + 5,
        "Q: outbound verdict=pass connector=b from=<a@x> to=<b@y> nrcpt=1 "
        "tls=TLSv1.3 mode=enforce");
    say(statistics, START + 86400, DEFER "tls=none" END, "no-tls", "a", "contoso.com");
    say(statistics, START + 86401, PASS "tls=unknown" END, "c", "contoso.com");
    say(statistics, START, "Q: inbound verdict=pass");
    say(statistics, START, "7 log lines were dropped: syslog does not read");
    print(statistics, false, &page_case);
    bad = in_order(page_case_text(&page_case), parts, sizeof(parts) / sizeof(parts[0]));
    bad += row(bad == 0, "%s", page_case_text(&page_case));
    page_case_close(&page_case);
    log_statistics_free(statistics);
    assert_int_equal(bad, 0);
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        count++;
    }
    return count;
}

static void log_report_print__many_partners__those_with_the_most_lines(void **state)
{
    struct log_statistics *statistics = new_statistics();
    struct page_case page_case;

    (void)state;
    for (int i = 0; i < 25; i++) {
        for (int n = 0; n <= i; n++)
            say(statistics, START, PASS "tls=TLSv1.%d" END, "a",
                i == 24 ? "z.example" : "y.example", 2);
        say(statistics, START, PASS "tls=TLSv1.3" END, "a",
            (const char[]){ 'x', (char)('a' + i), '.', 'e', 'x', '\0' });
    }
    print(statistics, false, &page_case);
    assert_int_equal(count_of(page_case_text(&page_case), ".ex"), 20);
    assert_true(strstr(page_case_text(&page_case), "y.example") <
                strstr(page_case_text(&page_case), "z.example"));
    assert_non_null(strstr(page_case_text(&page_case), "\n7 more (--all)\n"));
    page_case_close(&page_case);
    print(statistics, true, &page_case);
    assert_int_equal(count_of(page_case_text(&page_case), ".ex"), 27);
    assert_null(strstr(page_case_text(&page_case), "--all"));
    page_case_close(&page_case);
    log_statistics_free(statistics);
}

/* Names below the partner's domain, first over TLS and then without: each makes a change. */
static void
log_report_print__a_stranger_makes_many_changes__those_of_the_partner_first(void **state)
{
    static const char *const parts[] = {
        "contoso-in, inbound, by domain of the sender",
        "contoso.com ",
        "New or worse than before",
        "contoso-in, contoso.com: not encrypted (before: TLSv1.3), 1 line, refused",
        "contoso-in, contoso.com: issuer 'J' (before: issuer 'I'), 1 line, 2026-11-25",
        "more (--all)",
    };
    struct log_statistics *statistics = new_statistics();
    struct page_case page_case;

    (void)state;
    say(statistics, START, PASS "tls=TLSv1.3 cipher=A/256 certificate=trusted issuer=\"I\"" END,
        "contoso-in", "contoso.com");
    for (unsigned i = 0; i < 100; i++) {
        char name[40];

        (void)snprintf(name, sizeof(name), "h%u.contoso.com", i);
        say(statistics, START + 1, DEFER "tls=TLSv1.3 cipher=A/256" END, "no-certificate",
            "contoso-in", name);
        say(statistics, START + 2, DEFER "tls=none" END, "no-tls", "contoso-in", name);
        say(statistics, START + 2, DEFER "tls=none" END, "no-tls", "contoso-in", name);
    }
    say(statistics, START + 3, DEFER "tls=none" END, "no-tls", "contoso-in", "contoso.com");
    say(statistics, START + 4, PASS "tls=TLSv1.3 cipher=A/256 certificate=trusted issuer=\"J\"" END,
        "contoso-in", "contoso.com");
    print(statistics, false, &page_case);
    assert_int_equal(in_order(page_case_text(&page_case), parts, sizeof(parts) / sizeof(parts[0])),
                     0);
    page_case_close(&page_case);
    log_statistics_free(statistics);
}

static void log_report_print__partners_that_are_not_kept__a_row_and_a_note(void **state)
{
    struct log_statistics *statistics = new_statistics();
    struct page_case page_case;
    char name[32];

    (void)state;
    for (int i = 0; i < LOG_CONNECTOR_PARTNERS_MOST + 3; i++) {
        (void)snprintf(name, sizeof(name), "x%d.example", i);
        say(statistics, START, PASS "tls=TLSv1.3" END, "a", name);
    }
    print(statistics, false, &page_case);
    assert_non_null(strstr(page_case_text(&page_case), "\n(others)            3\n"));
    assert_non_null(strstr(page_case_text(&page_case), "note: 3 partners seen seldom not kept"));
    page_case_close(&page_case);
    log_statistics_free(statistics);
}

static void log_report_print__no_times__said(void **state)
{
    struct log_statistics *statistics = new_statistics();
    struct page_case page_case;

    (void)state;
    say(statistics, TIMESTAMP_UNKNOWN, PASS "tls=TLSv1.3" END, "a", "contoso.com");
    say(statistics, TIMESTAMP_UNKNOWN, PASS "tls=none" END, "a", "contoso.com");
    print(statistics, false, &page_case);
    assert_non_null(
        strstr(page_case_text(&page_case), "2 lines of forcetls-milter, without a time\n"));
    assert_non_null(
        strstr(page_case_text(&page_case), "not encrypted (before: TLSv1.3), 1 line\n"));
    page_case_close(&page_case);
    log_statistics_free(statistics);
}

/* ------------------------------------------------------------ JSON */

static void log_report_json__the_shape_that_is_documented(void **state)
{
    struct log_statistics *statistics = new_statistics();
    struct log_report report;
    const char *change, *value, *before, *first, *domain, *certificate;
    json_t *json;
    json_int_t count, refused, bits, verdicts, near, reason_count;
    size_t flags = JSON_STRICT;

    (void)state;
    say(statistics, START, PASS "tls=TLSv1.2 cipher=A/256 certificate=trusted subject=\"m\"" END,
        "a", "contoso.com");
    say(statistics, START + 1, PASS "tls=TLSv1.2 cipher=\"B \\xff\"/128" END, "a", "contoso.com");
    say(statistics, START + 2, DEFER "tls=TLSv1.2" END, "no-trusted-certificate", "a", "<>");
    assert_true(log_report_init(&report, statistics));
    json = log_report_json(&report);
    assert_non_null(json);
    assert_int_equal(
        json_unpack_ex(json, NULL, flags,
                       "{s:s, s:s, s:n, s:n, s:{s:I, s:i, s:i, s:i, s:i, s:i, s:i, s:i}, s:o, s:o, "
                       "s:o, s:o, s:o}",
                       "first", &first, "last", &value, "since", "until", "lines", "verdicts",
                       &verdicts, "other_messages", &(int){ 0 }, "other_connectors", &(int){ 0 },
                       "unreadable", &(int){ 0 }, "outside", &(int){ 0 }, "without_time",
                       &(int){ 0 }, "backwards", &(int){ 0 }, "dropped", &(int){ 0 }, "total",
                       &(json_t *){ NULL }, "connectors", &(json_t *){ NULL }, "other_connectors",
                       &(json_t *){ NULL }, "partners", &(json_t *){ NULL }, "changes",
                       &(json_t *){ NULL }),
        0);
    assert_string_equal(first, "2026-11-25T00:00:00");
    assert_string_equal(value, "2026-11-25T00:00:02");
    assert_int_equal(verdicts, 3);
    assert_int_equal(json_unpack(json, "{s:[{s:I, s:[{s:I}]}]}", "connectors", "near_misses", &near,
                                 "reasons", "refused", &reason_count),
                     0);
    assert_int_equal(near, 0);
    assert_int_equal(reason_count, 1);
    assert_int_equal(json_unpack(json, "{s:[{s:s, s:{s:[{s:s, s:I}]}, s:{s:[{s:s}]}}]}", "partners",
                                 "domain", &domain, "ciphers", "values", "value", &value, "bits",
                                 &bits, "subjects", "values", "certificate", &certificate),
                     0);
    assert_string_equal(domain, "contoso.com");
    assert_string_equal(value, "A");
    assert_int_equal(bits, 256);
    assert_string_equal(certificate, "trusted");
    assert_int_equal(json_unpack(json, "{s:[{s:s, s:s, s:s, s:I, s:I}]}", "changes", "change",
                                 &change, "value", &value, "before", &before, "count", &count,
                                 "refused", &refused),
                     0);
    assert_string_equal(change, "weaker-cipher");
    assert_string_equal(value, "B \\xff/128");
    assert_string_equal(before, "A/256");
    assert_int_equal(count, 1);
    assert_int_equal(refused, 0);
    json_decref(json);
    log_report_release(&report);
    log_statistics_free(statistics);
}

static void log_report_json__nothing_counted__a_document_all_the_same(void **state)
{
    struct log_statistics *statistics = new_statistics();
    struct log_report report;
    json_t *json;

    (void)state;
    assert_true(log_report_init(&report, statistics));
    json = log_report_json(&report);
    assert_int_equal(
        json_unpack(json, "{s:n, s:[], s:[], s:[]}", "first", "connectors", "partners", "changes"),
        0);
    json_decref(json);
    log_report_release(&report);
    log_statistics_free(statistics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_report_print__nothing_special__no_empty_sections),
        cmocka_unit_test(log_report_print__everything__each_section_in_its_place),
        cmocka_unit_test(log_report_print__many_partners__those_with_the_most_lines),
        cmocka_unit_test(
            log_report_print__a_stranger_makes_many_changes__those_of_the_partner_first),
        cmocka_unit_test(log_report_print__partners_that_are_not_kept__a_row_and_a_note),
        cmocka_unit_test(log_report_print__no_times__said),
        cmocka_unit_test(log_report_json__the_shape_that_is_documented),
        cmocka_unit_test(log_report_json__nothing_counted__a_document_all_the_same),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
