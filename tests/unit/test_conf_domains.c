/* SPDX-License-Identifier: ISC */
/* Tests of policy/conf: domains and domains_file, and domains that two connectors claim. */
#include "tests/unit/conf_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BAD_DOMAIN                                                                              \
    "not a domain name (letters, digits and hyphens in labels of 1 to 63; \".x\", \"*.x\" and " \
    "\"*\" are patterns)"

/* The name of the connector that the most specific pattern leads to, or "". */
static const char *leads_to(const struct rules *rules, enum direction direction, const char *name)
{
    struct domain domain;
    struct domain_walk walk;

    domain_set(&domain, span_of(name));
    domain_walk_start(&walk, connectors_table(rules->connectors, direction), &domain);
    while (domain_walk_next(&walk)) {
        if (walk.fits)
            return connectors_get(rules->connectors, walk.value)->name;
    }
    return "";
}

static void domains__bad_patterns__error_each(void **state)
{
    static const struct conf_case rows[] = {
        { "\nconnectors = ( { name = \"x\"; direction = \"inbound\"; level = \"encrypt\";\n"
          "domains = [ \"a_b.example\", \"*.\", \"x@contoso.com\", \"\", \"192.0.2.1\",\n"
          "\"*contoso.com\", \"a..b\", \"contoso.com \", \"b\xc3\xbc"
          "cher.example\" ]; } );\n",
          "t.conf:3: error: domains: a domain is missing ('')\n"
          "t.conf:3: error: domains: a domain is missing ('*.')\n"
          "t.conf:3: error: domains: an address where a domain is wanted, did you mean "
          "'contoso.com'? ('x@contoso.com')\n"
          "t.conf:3: error: domains: " BAD_DOMAIN " ('192.0.2.1')\n"
          "t.conf:3: error: domains: " BAD_DOMAIN " ('a_b.example')\n"
          "t.conf:4: error: domains: " BAD_DOMAIN " ('a..b')\n"
          "t.conf:4: error: domains: " BAD_DOMAIN " ('contoso.com ')\n"
          "t.conf:4: error: domains: " BAD_DOMAIN
          ", did you mean '*.contoso.com'? ('*contoso.com')\n" },
        { CONF_INBOUND("level = \"encrypt\"; local_domains = [ \"a_b\" ];"),
          "t.conf:2: error: local_domains: " BAD_DOMAIN " ('a_b')\n" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void domains__what_was_meant_is_plain__error_says_it(void **state)
{
#define DOMAINS(list)                                                                            \
    "\nconnectors = ( { name = \"x\"; direction = \"inbound\"; level = \"encrypt\";\ndomains = " \
    "[ " list " ]; } );\n"
#define ADDRESS "t.conf:3: error: domains: an address where a domain is wanted"
#define NAME "t.conf:3: error: domains: " BAD_DOMAIN
#define QUOTES "t.conf:3: error: domains: one domain in each pair of quotes"
    static const struct conf_case rows[] = {
        { DOMAINS("\"office@tax.example\""),
          ADDRESS ", did you mean 'tax.example'? ('office@tax.example')\n" },
        { DOMAINS("\"@tax.example\""), ADDRESS ", did you mean 'tax.example'? ('@tax.example')\n" },
        { DOMAINS("\"*@.tax.example\""),
          ADDRESS ", did you mean '.tax.example'? ('*@.tax.example')\n" },
        { DOMAINS("\"a@b@tax.example\""),
          ADDRESS ", did you mean 'tax.example'? ('a@b@tax.example')\n" },
        { DOMAINS("\"*tax.example\""), NAME ", did you mean '*.tax.example'? ('*tax.example')\n" },
        { DOMAINS("\"tax.example, contoso.com\""), QUOTES " ('tax.example, contoso.com')\n" },
        { DOMAINS("\"a@tax.example,b@contoso.com\""), QUOTES " ('a@tax.example,b@contoso.com')\n" },
        { CONF_INBOUND("level = \"encrypt\"; local_domains = [ \"me@a.b\", \"a.b,c.d\" ];"),
          "t.conf:2: error: local_domains: an address where a domain is wanted, did you mean "
          "'a.b'? ('me@a.b')\n"
          "t.conf:2: error: local_domains: one domain in each pair of quotes ('a.b,c.d')\n" },
        /* Nothing that could be meant: never everybody, and a comma can be a full stop. */
        { DOMAINS("\"office@*\""), ADDRESS " ('office@*')\n" },
        { DOMAINS("\"office@\""), ADDRESS " ('office@')\n" },
        { DOMAINS("\"office@tax_1.example\""), ADDRESS " ('office@tax_1.example')\n" },
        { DOMAINS("\"**\""), NAME " ('**')\n" },
        { DOMAINS("\"*tax_1.example\""), NAME " ('*tax_1.example')\n" },
        { DOMAINS("\"contoso,com\""), NAME " ('contoso,com')\n" },
        { DOMAINS("\"mail.contoso,com\""), NAME " ('mail.contoso,com')\n" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void domains__of_two_connectors__error_names_both(void **state)
{
#define TWO(first, second)                                                                \
    "defaults: { level = \"encrypt\"; };\nconnectors = (\n{ name = \"a\"; " first " },\n" \
    "{ name = \"b\"; " second " } );\n"
#define BOTH(domain)                                                                            \
    "t.conf:4: error: two connectors have this domain in the same direction: b (line 4) and a " \
    "(line 3)"                                                                                  \
    " ('" domain "')\n"
#define IN(domains) "direction = \"inbound\"; domains = [ " domains " ];"
#define OUT(domains) "direction = \"outbound\"; domains = [ " domains " ];"
    static const struct conf_case rows[] = {
        { TWO(IN("\"contoso.com\""), IN("\"Contoso.COM.\"")), BOTH("Contoso.COM.") },
        { TWO(IN("\".contoso.com\""), IN("\"*.contoso.com\"")), BOTH("*.contoso.com") },
        { TWO(IN("\"*.contoso.com\""), IN("\".contoso.com\"")), BOTH(".contoso.com") },
        { TWO(IN("\"xn--bcher-kva.de\""), IN("\"b\xc3\xbc"
                                             "cher.de\"")),
          BOTH("b\\xc3\\xbccher.de") },
        { TWO(OUT("\"a.b\", \"c.d\""), "direction = \"both\"; domains = [ \"c.d\", \"a.b\" ];"),
          BOTH("a.b") BOTH("c.d") },
        { TWO(IN("\"contoso.com\""), OUT("\"contoso.com\"")), "" },
        { TWO(IN("\"contoso.com\""), IN("\"*.contoso.com\"")), "" },
        { TWO(IN("\"a.b\"") "local_domains = [ \"x.y\" ];", IN("\"a.b\"")), "" },
        { TWO(IN("\"a.b\"") "local_domains = [ \"x.y\" ];",
              IN("\"a.b\"") "local_domains = [ \"z.y\" ];"),
          "" },
        { TWO(IN("\"a.b\"") "local_domains = [ \"x.y\" ];",
              IN("\"a.b\"") "local_domains = [ \"z.y\", \"X.y\" ];"),
          BOTH("a.b") },
        { TWO(IN("\"a.b\"") "enabled = false;", IN("\"a.b\"")), "" },
        { TWO(IN("\"a.b\", \"A.b\""), IN("\"c.d\"")),
          "t.conf:3: warning: the connector has this domain twice ('A.b')\n" },
    };

    (void)state;
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static const char with_file[] =
    "connectors = ( { name = \"x\"; direction = \"inbound\"; level = \"encrypt\";\n"
    "domains_file = \"x.domains\"; } );\n";

static void domains_file__comments_crlf_and_bom__read(void **state)
{
    struct rules *rules;

    (void)state;
    conf_write("x.domains", SPAN("\xef\xbb\xbf*.Contoso.com\r\n# a comment\r\n\r\n"
                                 "  tax.example\t# the office\r\n.below.example\r\n\n\n"
                                 "b\xc3\xbc"
                                 "cher.example"));
    rules = conf_rules(with_file);
    assert_int_equal(connectors_get(rules->connectors, 0)->domain_count, 4);
    assert_string_equal(leads_to(rules, DIRECTION_INBOUND, "a.contoso.com"), "x");
    assert_string_equal(leads_to(rules, DIRECTION_INBOUND, "tax.example"), "x");
    assert_string_equal(leads_to(rules, DIRECTION_INBOUND, "below.example"), "");
    assert_string_equal(leads_to(rules, DIRECTION_INBOUND, "a.below.example"), "x");
    assert_string_equal(leads_to(rules, DIRECTION_INBOUND, "xn--bcher-kva.example"), "x");
    assert_string_equal(leads_to(rules, DIRECTION_OUTBOUND, "tax.example"), "");
    rules_free(rules);
}

static void domains_file__bad_lines__its_own_name_and_line(void **state)
{
    char *drawn;
    bool good;

    (void)state;
    conf_write("x.domains", SPAN("good.example\n\na b\nx@y.example\nn\0ul.example\ngood.example\n"
                                 "a.example, b.example\n*c.example\n"));
    conf_write("t.conf", span_of(with_file));
    drawn = conf_diagnostics("t.conf", &good);
    assert_string_equal(drawn, "x.domains:3: error: " BAD_DOMAIN " ('a b')\n"
                               "x.domains:4: error: an address where a domain is wanted, "
                               "did you mean 'y.example'? ('x@y.example')\n"
                               "x.domains:5: error: " BAD_DOMAIN " ('n\\x00ul.example')\n"
                               "x.domains:6: warning: the connector has this domain twice "
                               "('good.example')\n"
                               "x.domains:7: error: one domain a line ('a.example, b.example')\n"
                               "x.domains:8: error: " BAD_DOMAIN ", did you mean '*.c.example'? "
                               "('*c.example')\n");
    free(drawn);
}

static void domains_file__between_other_diagnostics__in_the_order_of_the_file(void **state)
{
    char *drawn, text[400];
    bool good;

    (void)state;
    conf_write("x.domains", span_of("\n\n\na b\n"));
    (void)snprintf(text, sizeof(text), "mod = 1;\n%scontac = 2;\n", with_file);
    conf_write("t.conf", span_of(text));
    drawn = conf_diagnostics("t.conf", &good);
    assert_string_equal(drawn,
                        "t.conf:1: error: unknown key, did you mean 'mode'? ('mod')\n"
                        "x.domains:4: error: " BAD_DOMAIN " ('a b')\n"
                        "t.conf:4: error: unknown key, did you mean 'contact'? ('contac')\n");
    free(drawn);
}

static void domains_file__claimed_elsewhere__error_names_the_other_file(void **state)
{
    char *drawn, text[600];
    bool good;

    (void)state;
    conf_write("x.domains", span_of("good.example\ncontoso.com\n"));
    (void)snprintf(text, sizeof(text),
                   "%.*s,\n{ name = \"y\"; direction = \"both\"; level = "
                   "\"encrypt\"; domains_file = \"y.domains\"; } );\n",
                   (int)(sizeof(with_file) - 5), with_file);
    conf_write("y.domains", span_of("contoso.com\n"));
    conf_write("t.conf", span_of(text));
    drawn = conf_diagnostics("t.conf", &good);
    assert_string_equal(drawn, "y.domains:1: error: two connectors have this domain in the "
                               "same direction: y (t.conf:3) and x (t.conf:1) ('contoso.com')\n");
    free(drawn);
}

static void domains_file__that_cannot_serve__error_where_it_is_named(void **state)
{
    static const struct conf_case rows[] = {
        { with_file, "t.conf:2: error: domains_file: there is no domain in the file "
                     "('x.domains')\n" },
        { "\nconnectors = ( { name = \"x\"; direction = \"inbound\"; level = \"encrypt\";\n"
          "domains_file = \"nothing\"; } );\n",
          "t.conf:3: error: domains_file: cannot open the file: No such file or directory "
          "('nothing')\n" },
        { "\nconnectors = ( { name = \"x\"; direction = \"inbound\"; level = \"encrypt\";\n"
          "domains_file = \"/\"; } );\n",
          "t.conf:3: error: domains_file: not a regular file ('/')\n" },
        { "\nconnectors = ( { name = \"x\"; direction = \"inbound\"; level = \"encrypt\";\n"
          "domains_file = \"\"; } );\n",
          "t.conf:3: error: an empty string ('domains_file')\n" },
    };

    (void)state;
    conf_write("x.domains", span_of("# nobody\n"));
    assert_int_equal(conf_case_check(rows, ROWS(rows)), 0);
}

static void domains_file__relative__from_the_configurations_folder(void **state)
{
    char *drawn;
    bool good;

    (void)state;
    assert_int_equal(mkdir("etc", 0700), 0);
    conf_write("etc/x.domains", span_of("a b\n"));
    conf_write("etc/t.conf", span_of(with_file));
    drawn = conf_diagnostics("etc/t.conf", &good);
    assert_string_equal(drawn, "etc/x.domains:1: error: " BAD_DOMAIN " ('a b')\n");
    free(drawn);
    conf_write("etc/t.conf", span_of("connectors = ( { name = \"x\"; direction = \"inbound\";\n"
                                     "level = \"encrypt\"; domains_file = \"/nothing/x\"; } );\n"));
    drawn = conf_diagnostics("etc/t.conf", &good);
    assert_string_equal(drawn, "etc/t.conf:2: error: domains_file: cannot open the file: No such "
                               "file or directory ('/nothing/x')\n");
    free(drawn);
    assert_int_equal(remove("etc/x.domains"), 0);
    assert_int_equal(remove("etc/t.conf"), 0);
}

static void domains_file__long_lines__refused_and_the_rest_read(void **state)
{
    enum { LONG = 200000 };
    char *text = malloc(LONG + 100), *drawn;
    bool good;

    (void)state;
    assert_non_null(text);
    memset(text, 'a', LONG);
    (void)snprintf(text + LONG, 100, "\ngood.example\nb d");
    conf_write("x.domains", span_of(text));
    conf_write("t.conf", span_of(with_file));
    drawn = conf_diagnostics("t.conf", &good);
    assert_string_equal(drawn, "x.domains:1: error: a line longer than 1024 bytes\n"
                               "x.domains:3: error: " BAD_DOMAIN " ('b d')\n");
    free(drawn);
    free(text);
}

static void domains_file__many_errors__bounded(void **state)
{
    enum { LINES = 20000 };
    char *text = malloc(4 * LINES + 1), *drawn;
    bool good;

    (void)state;
    assert_non_null(text);
    for (int i = 0; i < LINES; i++)
        memcpy(text + 4 * i, "a b\n", 5);
    conf_write("x.domains", span_of(text));
    conf_write("t.conf", span_of(with_file));
    drawn = conf_diagnostics("t.conf", &good);
    assert_false(good);
    assert_non_null(strstr(drawn, "\nt.conf: error: 10000 more are not shown\n"));
    free(drawn);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domains__bad_patterns__error_each),
        cmocka_unit_test(domains__what_was_meant_is_plain__error_says_it),
        cmocka_unit_test(domains__of_two_connectors__error_names_both),
        cmocka_unit_test(domains_file__comments_crlf_and_bom__read),
        cmocka_unit_test(domains_file__bad_lines__its_own_name_and_line),
        cmocka_unit_test(domains_file__between_other_diagnostics__in_the_order_of_the_file),
        cmocka_unit_test(domains_file__claimed_elsewhere__error_names_the_other_file),
        cmocka_unit_test(domains_file__that_cannot_serve__error_where_it_is_named),
        cmocka_unit_test(domains_file__relative__from_the_configurations_folder),
        cmocka_unit_test(domains_file__long_lines__refused_and_the_rest_read),
        cmocka_unit_test(domains_file__many_errors__bounded),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, conf_folder_make, conf_folder_remove);
}
