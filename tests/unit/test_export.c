/* SPDX-License-Identifier: ISC */
/* Tests of policy/cli/export/export_keys and export_sendmail_rule: which keys a table needs, and
 * what a rule of Sendmail's says. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cli/export/export.h"
#include "policy/tls_policy.h"

/* "contoso-out: contoso.com .contoso.com; ...": the keys that are printed, "-" before an excepted
 * one, "(" ... ")" around a free one. */
static void show(const struct rules *rules, const struct export_keys *keys, char *text, size_t size)
{
    static const char *const before[] = {
        [KEY_FREE] = " (", [KEY_EXCEPTED] = " -", [KEY_DEMANDED] = " "
    };
    uint32_t index = UINT32_MAX;
    struct line line;

    line_init(&line, text, size);
    for (size_t i = 0; i < keys->count; i++) {
        const struct export_key *key = keys->places[i];

        if (key->index != index)
            line_add(&line, "%s%s:", i > 0 ? "; " : "",
                     connectors_get(rules->connectors, key->index)->name);
        index = key->index;
        line_add(&line, "%s%s%s%s", before[key->state], key->kind == KEY_BELOW ? "." : "",
                 key->name, key->state == KEY_FREE ? ")" : "");
    }
}

static bool keys_are(struct rules *rules, bool everybody, const char *wanted)
{
    struct export_keys keys;
    char text[2000];
    bool equal;

    build_finish(rules);
    assert_true(export_keys_make(&keys, rules, everybody, NOW));
    show(rules, &keys, text, sizeof(text));
    equal = strcmp(text, wanted) == 0;
    if (!equal)
        print_error("# got:    %s\n# wanted: %s\n", text, wanted);
    export_keys_release(&keys);
    rules_free(rules);
    return equal;
}

static void export_keys_make__each_pattern__its_keys(void **state)
{
    struct rules *rules = build_rules();

    (void)state;
    build_add(rules, build_outbound("one", LEVEL_ENCRYPT), "a.example .b.example *.c.example *");
    assert_true(keys_are(rules, false, "one: a.example .b.example c.example .c.example"));
}

static void export_keys_make__inbound__none(void **state)
{
    struct rules *rules = build_rules();

    (void)state;
    build_add(rules, build_connector("in", LEVEL_ENCRYPT), "*.a.example");
    assert_true(keys_are(rules, true, ""));
}

static void export_keys_make__nothing_demanded_below_a_parent__excepted(void **state)
{
    struct rules *rules = build_rules();
    struct connector *monitor = build_outbound("trial", LEVEL_ENCRYPT);

    (void)state;
    monitor->mode = MODE_MONITOR;
    build_add(rules, build_outbound("all", LEVEL_ENCRYPT), "*.a.example b.example");
    build_add(rules, build_outbound("open", LEVEL_MAY), "x.a.example *.y.a.example c.example");
    build_add(rules, monitor, "z.a.example d.b.example");
    assert_true(keys_are(rules, false,
                         "all: a.example .a.example b.example; "
                         "open: (c.example) -x.a.example -y.a.example -.y.a.example; "
                         "trial: (d.b.example) -z.a.example"));
}

/* Below an exception nothing needs one. */
static void export_keys_make__nested__the_closest_parent_decides(void **state)
{
    struct rules *rules = build_rules();

    (void)state;
    build_add(rules, build_outbound("all", LEVEL_ENCRYPT), "*.a.example *.n.m.a.example");
    build_add(rules, build_outbound("open", LEVEL_MAY),
              "*.m.a.example x.m.a.example x.n.m.a.example");
    assert_true(keys_are(rules, false,
                         "all: a.example .a.example n.m.a.example .n.m.a.example; "
                         "open: -m.a.example -.m.a.example (x.m.a.example) -x.n.m.a.example"));
}

static void export_keys_make__everybody__a_parent_of_all_that_has_such_a_key(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct rules *rules = build_rules();

        build_add(rules, build_outbound("all", LEVEL_ENCRYPT), "*");
        build_add(rules, build_outbound("open", LEVEL_MAY), "*.a.example");
        assert_true(
            keys_are(rules, i == 1,
                     i == 1 ? "open: -a.example -.a.example" : "open: (a.example) (.a.example)"));
    }
    (void)state;
}

static void export_keys_make__next_hops__as_an_mta_asks_for_them_and_once(void **state)
{
    struct rules *rules = build_rules();
    struct connector *first = build_outbound("first", LEVEL_ENCRYPT);
    struct connector *second = build_outbound("second", LEVEL_ENCRYPT);

    (void)state;
    build_strings(&first->next_hops, "[mail.a.example]:587 smtps://mail.a.example:465 c.example");
    build_strings(&second->next_hops, "[mail.a.example]:587 [192.0.2.1]");
    build_add(rules, first, "a.example");
    build_add(rules, second, "b.example c.example");
    assert_true(keys_are(rules, false,
                         "first: a.example [mail.a.example]:465 [mail.a.example]:587; "
                         "second: b.example c.example [192.0.2.1]"));
}

/* The exact entry is another connector's, and names below a tree have one of their own. */
static void export_keys_make__one_name_in_two_connectors__each_key_where_it_counts(void **state)
{
    struct rules *rules = build_rules();

    (void)state;
    build_add(rules, build_outbound("tree", LEVEL_ENCRYPT), "*.a.example");
    build_add(rules, build_outbound("exact", LEVEL_VERIFY), "a.example a.a.example b.a.example");
    assert_true(
        keys_are(rules, false, "tree: .a.example; exact: a.a.example a.example b.a.example"));
}

/* What Postfix finds in a table of these keys is what the map would have said, for every name. */
static void export_keys_make__looked_up_as_postfix_does__the_maps_answer(void **state)
{
    static const char *const names[] = {
        "a.example",     "x.a.example",     "a.x.a.example", "m.a.example",       "q.m.a.example",
        "x.m.a.example", "b.example",       "x.b.example",   "c.example",         "x.c.example",
        "n.m.a.example", "z.n.m.a.example", "example",       "y.x.n.m.a.example", "other.example",
    };
    struct rules *rules = build_rules();
    struct export_keys keys;
    unsigned bad = 0;

    (void)state;
    build_add(rules, build_outbound("all", LEVEL_ENCRYPT),
              "*.a.example *.n.m.a.example .c.example");
    build_add(rules, build_outbound("open", LEVEL_MAY), "*.m.a.example x.n.m.a.example");
    build_add(rules, build_outbound("exact", LEVEL_VERIFY), "b.example x.a.example x.m.a.example");
    build_finish(rules);
    assert_true(export_keys_make(&keys, rules, false, NOW));
    for (size_t i = 0; i < ROWS(names); i++) {
        const struct export_key *key = export_keys_find(&keys, names[i], false);
        char asked[EXPORT_ASKED_SIZE], found[TLS_POLICY_SIZE + 1] = "",
                                                               wanted[TLS_POLICY_SIZE + 1] = "";
        struct line line;

        for (const char *name = names[i];
             (key == NULL || key->state == KEY_FREE) && (name = domain_parent(name)) != NULL;)
            key = export_keys_find(&keys, name, true);
        line_init(&line, found, sizeof(found));
        if (key != NULL && key->state == KEY_DEMANDED) {
            export_key_asked(rules, key, asked);
            assert_int_equal(tls_policy_answer(rules, span_of(asked), NOW, NULL, &line),
                             TLS_POLICY_OK);
        }
        line_init(&line, wanted, sizeof(wanted));
        (void)tls_policy_answer(rules, span_of(names[i]), NOW, NULL, &line);
        bad += row(strcmp(found, wanted) == 0, "%s: '%s', not '%s'", names[i], found, wanted);
    }
    assert_int_equal(bad, 0);
    export_keys_release(&keys);
    rules_free(rules);
}

static void export_keys_make__a_name_that_fills_the_dns__nothing_below_it(void **state)
{
    struct rules *rules = build_rules();
    char name[DOMAIN_MAX + 1], pattern[DOMAIN_MAX + 3];
    struct export_keys keys;

    (void)state;
    memset(name, 'x', sizeof(name));
    for (size_t i = 50; i < DOMAIN_MAX; i += 50)
        name[i] = '.';
    name[DOMAIN_MAX] = '\0';
    (void)snprintf(pattern, sizeof(pattern), "*.%s", name);
    build_add(rules, build_outbound("long", LEVEL_ENCRYPT), pattern);
    build_finish(rules);
    assert_true(export_keys_make(&keys, rules, false, NOW));
    assert_int_equal(keys.count, 1);
    assert_string_equal(keys.keys[0].name, name);
    export_keys_release(&keys);
    rules_free(rules);
}

/* ---- Sendmail's rules ------------------------------------------------------------------------ */

/* Entries as "name", "*.name", "" (neither name nor pin), "!pin"; "<" before one that is past. */
static struct connector *with_entries(enum level level, const char *entries)
{
    struct connector *connector = build_outbound("contoso-out", level);
    char *words = strdup(entries), *rest = words, *word;

    while (words != NULL && entries[0] != '\0' && (word = strsep(&rest, " ")) != NULL) {
        struct certificate_entry *entry = build_entry(connector);

        if (*word == '<') {
            entry->until = NOW;
            word++;
        }
        if (*word == '!') {
            entry->has_fingerprint = true;
            entry->fingerprint = build_digest(1);
        } else if (*word != '.') {
            build_entry_name(entry, word);
        }
    }
    free(words);
    return connector;
}

static void export_sendmail_rule__each_level__what_it_can_say(void **state)
{
    static const struct {
        enum level level;
        const char *entries, *wanted;
    } rows[] = {
        { LEVEL_ENCRYPT, "", "TEMP+ENCR:128" },
        { LEVEL_VERIFY, "", "TEMP+VERIFY:128+CN" },
        { LEVEL_SECURE, "", "TEMP+VERIFY:128" },
        { LEVEL_SECURE, "mail.contoso.com", "TEMP+VERIFY:128+CN:mail.contoso.com" },
        { LEVEL_SECURE, "a.contoso.com a.contoso.com", "TEMP+VERIFY:128+CN:a.contoso.com" },
        { LEVEL_SECURE, "a.contoso.com b.contoso.com", "TEMP+VERIFY:128" },
        { LEVEL_SECURE, "<a.contoso.com b.contoso.com", "TEMP+VERIFY:128+CN:b.contoso.com" },
        { LEVEL_SECURE, "*.contoso.com", "TEMP+VERIFY:128" },
        { LEVEL_SECURE, "a.contoso.com *.contoso.com", "TEMP+VERIFY:128" },
        { LEVEL_SECURE, ".", "TEMP+VERIFY:128+CN" },
        { LEVEL_SECURE, ". a.contoso.com", "TEMP+VERIFY:128" },
        { LEVEL_SECURE, "!", "TEMP+VERIFY:128" },
        { LEVEL_SECURE, "<a.contoso.com", "TEMP+VERIFY:128+CN:nobody.invalid" },
        { LEVEL_FINGERPRINT, "!", "TEMP+ENCR:128" },
        { LEVEL_FINGERPRINT, "<!", "TEMP+VERIFY:128+CN:nobody.invalid" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        const struct connector *connector = with_entries(rows[i].level, rows[i].entries);
        char text[400];
        struct line line;

        line_init(&line, text, sizeof(text));
        export_sendmail_rule(&line, &connector, 1, NOW);
        bad +=
            row(strcmp(text, rows[i].wanted) == 0, "row %zu: %s, not %s", i, text, rows[i].wanted);
        connector_free((struct connector *)(uintptr_t)connector);
    }
    assert_int_equal(bad, 0);
}

static void export_sendmail_rule__several_connectors__the_strictest_of_each(void **state)
{
    static const struct {
        enum level first, second;
        const char *entries_first, *entries_second, *wanted;
    } rows[] = {
        { LEVEL_ENCRYPT, LEVEL_VERIFY, "", "", "TEMP+VERIFY:256+CN" },
        { LEVEL_SECURE, LEVEL_ENCRYPT, "a.b", "", "TEMP+VERIFY:256+CN:a.b" },
        { LEVEL_SECURE, LEVEL_SECURE, "a.b", "a.b", "TEMP+VERIFY:256+CN:a.b" },
        { LEVEL_SECURE, LEVEL_SECURE, "a.b", "c.d", "TEMP+VERIFY:256" },
        { LEVEL_SECURE, LEVEL_SECURE, "*.a", "c.d", "TEMP+VERIFY:256+CN:c.d" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct connector *first = with_entries(rows[i].first, rows[i].entries_first);
        struct connector *second = with_entries(rows[i].second, rows[i].entries_second);
        const struct connector *both[] = { first, second };
        char text[400];
        struct line line;

        second->min_cipher_bits = 256;
        line_init(&line, text, sizeof(text));
        export_sendmail_rule(&line, both, 2, NOW);
        bad +=
            row(strcmp(text, rows[i].wanted) == 0, "row %zu: %s, not %s", i, text, rows[i].wanted);
        connector_free(first);
        connector_free(second);
    }
    assert_int_equal(bad, 0);
}

static bool says(const struct connector *connector, const char *wanted)
{
    char text[EXPORT_TEXT_SIZE];
    size_t position = 0;

    while (export_sendmail_unsaid(connector, NOW, &position, text)) {
        if (strstr(text, wanted) != NULL)
            return true;
    }
    print_error("# not said: %s\n", wanted);
    return false;
}

static void export_sendmail_unsaid__all_that_a_rule_lacks__named(void **state)
{
    static const char *const words[] = {
        "issuer",
        "root",
        "organization",
        "organizational_unit",
        "key_bits",
        "pins",
        "min_protocol TLSv1.3",
        "forward_secrecy",
        "ciphers",
        "exclude_ciphers",
        "trust_store",
        "local_domains",
    };
    struct connector *connector = with_entries(LEVEL_SECURE, "a.b !");
    struct certificate_entry *entry = &connector->certificates[0];
    unsigned bad = 0;

    (void)state;
    entry->issuer = strdup("CA");
    entry->root = strdup("Root");
    entry->organization = strdup("Org");
    entry->organizational_unit = strdup("Unit");
    entry->key_bits = 2048;
    connector->min_protocol = PROTOCOL_TLSV1_3;
    connector->forward_secrecy = true;
    build_strings(&connector->ciphers, "A");
    build_strings(&connector->exclude_ciphers, "B");
    connector->trust_store = strdup("/x");
    build_local_domains(connector, "example.org");
    for (size_t i = 0; i < ROWS(words); i++)
        bad += row(says(connector, words[i]), "%s", words[i]);
    assert_int_equal(bad, 0);
    connector_free(connector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(export_keys_make__each_pattern__its_keys),
        cmocka_unit_test(export_keys_make__inbound__none),
        cmocka_unit_test(export_keys_make__nothing_demanded_below_a_parent__excepted),
        cmocka_unit_test(export_keys_make__nested__the_closest_parent_decides),
        cmocka_unit_test(export_keys_make__everybody__a_parent_of_all_that_has_such_a_key),
        cmocka_unit_test(export_keys_make__next_hops__as_an_mta_asks_for_them_and_once),
        cmocka_unit_test(export_keys_make__one_name_in_two_connectors__each_key_where_it_counts),
        cmocka_unit_test(export_keys_make__looked_up_as_postfix_does__the_maps_answer),
        cmocka_unit_test(export_keys_make__a_name_that_fills_the_dns__nothing_below_it),
        cmocka_unit_test(export_sendmail_rule__each_level__what_it_can_say),
        cmocka_unit_test(export_sendmail_rule__several_connectors__the_strictest_of_each),
        cmocka_unit_test(export_sendmail_unsaid__all_that_a_rule_lacks__named),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
