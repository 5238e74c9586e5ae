/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/findings: what is kept, printed and given as JSON. */
#include "config.h"

#include "policy/cli/check/findings.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/page_case.h"

static void add_two(struct findings *findings)
{
    char where[] = "main.cf", type[] = "postconf -e 'smtpd_milters = unix:forcetls/milter.sock'\n"
                                       "postfix reload";

    findings_add(findings, SEVERITY_WARNING, "milter-not-attached", where, type,
                 "no smtpd service asks forcetls: mail from '%s' is not looked at", "contoso.com");
    findings_add(findings, SEVERITY_NOTE, "no-milters", "master.cf 127.0.0.1:10025/inet", NULL,
                 "milters are off here");
    /* copies are kept */
    memset(where, 'x', sizeof(where) - 1);
    memset(type, 'x', sizeof(type) - 1);
}

static void findings_print__warning_and_note__paragraphs_with_what_to_type(void **state)
{
    struct findings findings = { .items = NULL };
    struct page_case page_case;

    (void)state;
    add_two(&findings);
    assert_int_equal(findings.count, 2);
    assert_int_equal(findings.warnings, 1);
    assert_false(findings.out_of_memory);
    page_case_open(&page_case, 40, false);
    findings_print(&findings, &page_case.page);
    assert_true(page_case_is(&page_case,
                             "main.cf: warning: no smtpd service asks\n"
                             "  forcetls: mail from 'contoso.com' is\n"
                             "  not looked at\n"
                             "    postconf -e 'smtpd_milters = unix:forcetls/milter.sock'\n"
                             "    postfix reload\n"
                             "master.cf 127.0.0.1:10025/inet: note:\n"
                             "  milters are off here\n"));
    findings_release(&findings);
    assert_int_equal(findings.count, 0);
}

static void findings_print__colour__the_severity_alone(void **state)
{
    struct findings findings = { .items = NULL };
    struct page_case page_case;

    (void)state;
    findings_add(&findings, SEVERITY_WARNING, "a", "main.cf", "b = c", "bad");
    findings_add(&findings, SEVERITY_NOTE, "a", "main.cf", NULL, "odd");
    page_case_open(&page_case, 40, true);
    findings_print(&findings, &page_case.page);
    assert_true(page_case_is(&page_case, "main.cf: \033[33mwarning\033[0m: bad\n    b = c\n"
                                         "main.cf: \033[2mnote\033[0m: odd\n"));
    findings_release(&findings);
}

static void findings_print__what_to_type__each_line_as_it_is(void **state)
{
    static const struct {
        const char *type, *wanted;
    } rows[] = {
        { NULL, "" },
        { "", "" },
        { "a", "    a\n" },
        { "a\n", "    a\n" },
        { "a\nb\n", "    a\n    b\n" },
        { "a\n\n  b  c", "    a\n\n      b  c\n" },
        { "a '\\.' %s \"b\"", "    a '\\.' %s \"b\"\n" },
        { "0123456789 0123456789 0123456789 0123456789 0123456789",
          "    0123456789 0123456789 0123456789 0123456789 0123456789\n" },
        { "a\x1b[2J", "    a?[2J\n" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct findings findings = { .items = NULL };
        struct page_case page_case;
        char wanted[200];

        findings_add(&findings, SEVERITY_NOTE, "word", "w", rows[i].type, "t");
        page_case_open(&page_case, 40, false);
        findings_print(&findings, &page_case.page);
        (void)snprintf(wanted, sizeof(wanted), "w: note: t\n%s", rows[i].wanted);
        bad += row(page_case_is(&page_case, wanted), "row %zu", i);
        findings_release(&findings);
    }
    assert_int_equal(bad, 0);
}

static void findings_add__foreign_bytes__escaped(void **state)
{
    struct findings findings = { .items = NULL };

    (void)state;
    findings_add(&findings, SEVERITY_NOTE, "word", "a\nb\x1b", NULL, "bad ('%s')",
                 "x\x1b[2J\n\xc3\xb6\xff");
    assert_string_equal(findings.items[0].where, "a\\x0ab\\x1b");
    assert_string_equal(findings.items[0].text, "bad ('x\\x1b[2J\\x0a\\xc3\\xb6\\xff')");
    findings_release(&findings);
}

static void findings_add__long_text__cut(void **state)
{
    struct findings findings = { .items = NULL };
    char *text = malloc(100001);
    size_t length;

    (void)state;
    assert_non_null(text);
    memset(text, 'a', 100000);
    text[100000] = '\0';
    findings_add(&findings, SEVERITY_WARNING, "word", text, text, "%s", text);
    length = strlen(findings.items[0].text);
    assert_true(length <= 1000);
    assert_string_equal(findings.items[0].text + length - 3, "...");
    assert_true(strlen(findings.items[0].where) <= 256);
    assert_string_equal(findings.items[0].type, text);
    findings_release(&findings);
    free(text);
}

static void findings_add__many__all_kept_in_order(void **state)
{
    struct findings findings = { .items = NULL };
    unsigned bad = 0;

    (void)state;
    for (unsigned i = 0; i < 500; i++)
        findings_add(&findings, i % 5 == 0 ? SEVERITY_NOTE : SEVERITY_WARNING, "word", "w", NULL,
                     "number %u", i);
    assert_int_equal(findings.count, 500);
    assert_int_equal(findings.warnings, 400);
    for (unsigned i = 0; i < 500; i++) {
        char wanted[32];

        (void)snprintf(wanted, sizeof(wanted), "number %u", i);
        bad += row(strcmp(findings.items[i].text, wanted) == 0, "%u", i);
    }
    assert_int_equal(bad, 0);
    findings_release(&findings);
}

static void findings_json__warning_and_note__an_array(void **state)
{
    static const char wanted[] =
        "[{\"severity\": \"warning\", \"word\": \"milter-not-attached\", \"where\": \"main.cf\", "
        "\"text\": \"no smtpd service asks forcetls: mail from 'contoso.com' is not looked at\", "
        "\"type\": [\"postconf -e 'smtpd_milters = unix:forcetls/milter.sock'\", "
        "\"postfix reload\"]}, "
        "{\"severity\": \"note\", \"word\": \"no-milters\", "
        "\"where\": \"master.cf 127.0.0.1:10025/inet\", "
        "\"text\": \"milters are off here\", \"type\": []}]";
    struct findings findings = { .items = NULL };
    json_t *json;
    char *text;

    (void)state;
    add_two(&findings);
    json = findings_json(&findings);
    text = json_dumps(json, 0);
    assert_non_null(text);
    assert_string_equal(text, wanted);
    free(text);
    json_decref(json);
    findings_release(&findings);
}

static void findings_json__none__an_empty_array(void **state)
{
    struct findings findings = { .items = NULL };
    json_t *json = findings_json(&findings);

    (void)state;
    assert_true(json_is_array(json));
    assert_int_equal(json_array_size(json), 0);
    json_decref(json);
}

static void findings__one_could_not_be_kept__said(void **state)
{
    struct findings findings = { .items = NULL };
    struct page_case page_case;

    (void)state;
    add_two(&findings);
    findings.out_of_memory = true;
    assert_null(findings_json(&findings));
    page_case_open(&page_case, 100, false);
    findings_print(&findings, &page_case.page);
    assert_non_null(strstr(page_case_text(&page_case), "(out of memory)\n"));
    assert_false(page_finish(&page_case.page));
    page_case_close(&page_case);
    findings_release(&findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_print__warning_and_note__paragraphs_with_what_to_type),
        cmocka_unit_test(findings_print__colour__the_severity_alone),
        cmocka_unit_test(findings_print__what_to_type__each_line_as_it_is),
        cmocka_unit_test(findings_add__foreign_bytes__escaped),
        cmocka_unit_test(findings_add__long_text__cut),
        cmocka_unit_test(findings_add__many__all_kept_in_order),
        cmocka_unit_test(findings_json__warning_and_note__an_array),
        cmocka_unit_test(findings_json__none__an_empty_array),
        cmocka_unit_test(findings__one_could_not_be_kept__said),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
