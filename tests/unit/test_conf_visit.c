/* SPDX-License-Identifier: ISC */
/* Tests of policy/conf: where entries of domains, and connectors, stand. */
#include "tests/unit/conf_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seen {
    char text[2000];
    unsigned calls;
};

/* "CONNECTOR KEY PATTERN FILE:LINE", a line each. */
static void see(void *data, const struct domain_place *place)
{
    struct seen *seen = data;
    size_t length = strlen(seen->text);
    char pattern[DOMAIN_MAX + 3];

    pattern_format(place->pattern->kind, place->pattern->domain.name, pattern, sizeof(pattern));
    (void)snprintf(seen->text + length, sizeof(seen->text) - length, "%s %s %s %s:%u\n",
                   place->connector->name, place->key, pattern, place->file, place->line);
    seen->calls++;
}

static const char *visited(struct seen *seen, const char *text)
{
    memset(seen, 0, sizeof(*seen));
    conf_write("t.conf", span_of(text));
    conf_visit_domains("t.conf", NOW, see, seen);
    return seen->text;
}

static void conf_visit_domains__lists_files_and_includes__each_in_its_place(void **state)
{
    struct seen seen;

    (void)state;
    conf_write("x.domains", SPAN("# the office\n\ntax.example\n  *.Tax.example # and below\n"));
    conf_write("more.inc", SPAN("\n{ name = \"inc\"; direction = \"both\"; level = \"may\";\n"
                                "  domains = [\n    \"*\" ]; }\n"));
    assert_string_equal(visited(&seen, "defaults: { level = \"encrypt\"; };\n"
                                       "connectors = (\n"
                                       "{ name = \"b\"; direction = \"inbound\"; domains = [ "
                                       "\"B.example\",\n  \".b.example\",\n"
                                       "  \"b\xc3\xbc"
                                       "cher.example\" ]; },\n"
                                       "{ name = \"off\"; enabled = false; direction = "
                                       "\"inbound\"; domains = [ \"off.example\" ]; },\n"
                                       "{ name = \"a\"; direction = \"outbound\"; domains_file = "
                                       "\"x.domains\"; domains = [ \"a.example\" ]; },\n"
                                       "@include \"more.inc\"\n"
                                       ");\n"),
                        "b domains b.example t.conf:3\n"
                        "b domains .b.example t.conf:4\n"
                        "b domains xn--bcher-kva.example t.conf:5\n"
                        "a domains a.example t.conf:7\n"
                        "a domains_file tax.example x.domains:3\n"
                        "a domains_file *.tax.example x.domains:4\n"
                        "inc domains * more.inc:4\n");
}

static void conf_visit_domains__twice_in_a_connector__once(void **state)
{
    struct seen seen;

    (void)state;
    assert_string_equal(visited(&seen, "connectors = ( { name = \"x\"; direction = \"inbound\"; "
                                       "level = \"may\";\ndomains = [ \"a.b\",\n\"A.b.\" ]; } );"),
                        "x domains a.b t.conf:2\n");
}

/* The file may have changed since it was read. */
static void conf_visit_domains__a_file_with_errors__no_harm(void **state)
{
    struct seen seen;

    (void)state;
    assert_string_equal(visited(&seen, "connectors = ( { name = \"x\" domains"), "");
    assert_string_equal(visited(&seen, ""), "");
    assert_string_equal(visited(&seen, "connectors = ( { domains = [ \"a.b\" ]; },\n"
                                       "{ name = \"x\"; domains = [ \"a_b\", \"c.d\" ]; } );"),
                        "x domains c.d t.conf:2\n");
    memset(&seen, 0, sizeof(seen));
    conf_visit_domains("nothing.conf", NOW, see, &seen);
    assert_int_equal(seen.calls, 0);
}

static void conf_visit_domains__as_many_as_conf_read_takes(void **state)
{
    enum { LINES = 5000 };
    char *text = calloc(1, 32 * LINES);
    struct seen seen;
    struct rules *rules;

    (void)state;
    assert_non_null(text);
    for (int i = 0; i < LINES; i++)
        (void)snprintf(text + strlen(text), 32, "d%d.example\n", i % 4000);
    conf_write("x.domains", span_of(text));
    free(text);
    rules = conf_rules("connectors = ( { name = \"x\"; direction = \"inbound\"; level = \"may\"; "
                       "domains_file = \"x.domains\"; } );");
    memset(&seen, 0, sizeof(seen));
    conf_visit_domains("t.conf", NOW, see, &seen);
    assert_int_equal(seen.calls, 4000);
    assert_int_equal(connectors_get(rules->connectors, 0)->domain_count, 4000);
    rules_free(rules);
}

static void connector__file_and_line__where_its_group_begins(void **state)
{
    struct rules *rules;
    const struct connector *connector;

    (void)state;
    conf_write("more.inc", SPAN("\n{ name = \"inc\"; direction = \"both\"; level = \"may\"; "
                                "domains = [ \"*\" ]; },\n"));
    rules = conf_rules("connectors = (\n@include \"more.inc\"\n\n{ name = \"x\"; direction = "
                       "\"inbound\"; level = \"may\"; domains = [ \"a.b\" ]; } );");
    connector = connectors_get(rules->connectors, 0);
    assert_string_equal(connector->name, "inc");
    assert_string_equal(connector->file, "more.inc");
    assert_int_equal(connector->line, 2);
    connector = connectors_get(rules->connectors, 1);
    assert_string_equal(connector->file, "t.conf");
    assert_int_equal(connector->line, 4);
    rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conf_visit_domains__lists_files_and_includes__each_in_its_place),
        cmocka_unit_test(conf_visit_domains__twice_in_a_connector__once),
        cmocka_unit_test(conf_visit_domains__a_file_with_errors__no_harm),
        cmocka_unit_test(conf_visit_domains__as_many_as_conf_read_takes),
        cmocka_unit_test(connector__file_and_line__where_its_group_begins),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, conf_folder_make, conf_folder_remove);
}
