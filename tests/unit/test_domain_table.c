/* SPDX-License-Identifier: ISC */
/* Tests of policy/domain_table: most specific first, whole labels, against a model. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <string.h>

#include "policy/domain_table.h"

static void add(struct domain_table *table, const char *text, uint32_t value)
{
    struct pattern pattern = build_pattern(text);

    assert_true(domain_table_add(table, &pattern, value));
}

/* "1 2 3": the values of the patterns that fit, in the order of the walk. */
static const char *fitting(const struct domain_table *table, const char *name, char text[200])
{
    struct domain domain;
    struct domain_walk walk;
    size_t length = 0;

    *text = '\0';
    if (name != NULL)
        domain_set(&domain, span_of(name));
    domain_walk_start(&walk, table, name != NULL ? &domain : NULL);
    while (domain_walk_next(&walk)) {
        if (walk.fits)
            length += (size_t)snprintf(text + length, 200 - length, "%s%u", length > 0 ? " " : "",
                                       walk.value);
    }
    return text;
}

static void domain_walk__nested_patterns__most_specific_first(void **state)
{
    static const struct {
        const char *name, *wanted;
    } rows[] = {
        { "a.b.example", "1 2 5 7 9" },
        { "A.B.EXAMPLE.", "1 2 5 7 9" },
        { "x.a.b.example", "2 3 5 7 9" }, /* TREE and BELOW of one name: in either order */
        { "b.example", "4 5 7 9" },
        { "c.b.example", "5 7 9" },
        { "xb.example", "7 9" },
        { "ab.example", "7 9" },
        { "example", "7 9" },
        { "com", "9" },
        { "a.b.example.com", "9" },
        { "", "9" },
        { NULL, "9" },
    };
    struct domain_table *table = domain_table_new();
    unsigned bad = 0;

    (void)state;
    assert_non_null(table);
    add(table, "*", 9);
    add(table, "*.example", 7);
    add(table, "*.b.example", 5);
    add(table, "b.example", 4);
    add(table, ".a.b.example", 3);
    add(table, "*.a.b.example", 2);
    add(table, "a.b.example", 1);
    assert_int_equal(domain_table_count(table), 7);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < ROWS(rows); i++) {
            char text[200];

            fitting(table, rows[i].name, text);
            bad +=
                row(strcmp(text, rows[i].wanted) == 0 ||
                        (strncmp(text, "3 2 ", 4) == 0 && strncmp(rows[i].wanted, "2 3 ", 4) == 0),
                    "%s: %s, wanted %s", rows[i].name, text, rows[i].wanted);
        }
        domain_table_finish(table); /* and once more when it is complete */
    }
    domain_table_free(table);
    assert_int_equal(bad, 0);
}

static void domain_walk__entries_that_do_not_fit__shown_as_such(void **state)
{
    struct domain_table *table = domain_table_new();
    struct domain domain;
    struct domain_walk walk;
    bool exact = false, below = false;

    (void)state;
    assert_non_null(table);
    add(table, "example", 1);
    add(table, ".a.example", 2);
    domain_table_finish(table);
    domain_set(&domain, SPAN("a.example"));
    domain_walk_start(&walk, table, &domain);
    while (domain_walk_next(&walk)) {
        assert_false(walk.fits);
        if (walk.kind == PATTERN_EXACT && walk.value == 1) {
            assert_string_equal(walk.name, "example");
            exact = true;
        }
        if (walk.kind == PATTERN_BELOW && walk.value == 2) {
            assert_string_equal(walk.name, "a.example");
            below = true;
        }
    }
    assert_true(exact);
    assert_true(below);
    assert_false(domain_table_covers(table, &domain));
    domain_table_free(table);
}

static void domain_table_covers__three_spellings__table(void **state)
{
    static const struct {
        const char *pattern, *name;
        bool covers;
    } rows[] = {
        { "contoso.com", "contoso.com", true },
        { "contoso.com", "mail.contoso.com", false },
        { "contoso.com", "evilcontoso.com", false },
        { "contoso.com", "com", false },
        { ".contoso.com", "contoso.com", false },
        { ".contoso.com", "mail.contoso.com", true },
        { ".contoso.com", "a.b.contoso.com", true },
        { ".contoso.com", "evilcontoso.com", false },
        { "*.contoso.com", "contoso.com", true },
        { "*.contoso.com", "mail.contoso.com", true },
        { "*.contoso.com", "a.b.contoso.com", true },
        { "*.contoso.com", "\xff.contoso.com", true },
        { "*.contoso.com", "evilcontoso.com", false },
        { "*.contoso.com", "contoso.com.evil.example", false },
        { "*.contoso.com", "com", false },
        { "*", "anything.example", true },
        { "*", "", true },
        { "*", "[192.0.2.1]", true },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct domain_table *table = domain_table_new();
        struct domain domain;

        assert_non_null(table);
        add(table, rows[i].pattern, 1);
        domain_table_finish(table);
        domain_set(&domain, span_of(rows[i].name));
        bad += row(domain_table_covers(table, &domain) == rows[i].covers, "%s covers %s",
                   rows[i].pattern, SHOWN(span_of(rows[i].name)));
        domain_table_free(table);
    }
    assert_int_equal(bad, 0);
}

static void domain_table__empty__covers_nothing(void **state)
{
    struct domain_table *table = domain_table_new();
    char text[200];

    (void)state;
    assert_non_null(table);
    assert_int_equal(domain_table_count(table), 0);
    assert_string_equal(fitting(table, "contoso.com", text), "");
    assert_string_equal(fitting(table, NULL, text), "");
    domain_table_finish(table);
    assert_string_equal(fitting(table, "contoso.com", text), "");
    domain_table_free(table);
    domain_table_free(NULL);
}

static void domain_walk__cut_name__only_patterns_that_lie_above(void **state)
{
    struct domain_table *table = domain_table_new();
    char text[200], name[300];

    (void)state;
    assert_non_null(table);
    add(table, "contoso.com", 1);
    add(table, ".contoso.com", 2);
    add(table, "*.com", 3);
    domain_table_finish(table);
    memset(name, 'a', sizeof(name));
    strcpy(name + 280, ".contoso.com");
    assert_string_equal(fitting(table, name, text), "2 3");
    memset(name, 'a', sizeof(name));
    strcpy(name + 280, "contoso.com");
    assert_string_equal(fitting(table, name, text), "3");
    domain_table_free(table);
}

/* Names of nothing but dots have more labels than any host name. */
static void domain_walk__as_many_labels_as_bytes__bounded(void **state)
{
    struct domain_table *table = domain_table_new();
    char name[320], text[200];

    (void)state;
    assert_non_null(table);
    add(table, "*.contoso.com", 1);
    add(table, "*", 2);
    domain_table_finish(table);
    for (size_t dots = 0; dots < 300; dots++) {
        memset(name, '.', dots);
        name[dots] = '\0';
        assert_string_equal(fitting(table, name, text), "2");
        strcpy(name + dots, ".contoso.com");
        assert_string_equal(fitting(table, name, text), "1 2");
        for (size_t i = 0; i < dots; i += 2)
            name[i] = 'a';
        assert_string_equal(fitting(table, name, text), "1 2");
    }
    domain_table_free(table);
}

static void domain_walk__same_pattern_many_times__every_value(void **state)
{
    enum { COUNT = 500 };
    struct domain_table *table = domain_table_new();
    bool seen[COUNT] = { false };
    struct domain domain;
    struct domain_walk walk;
    unsigned count = 0;

    (void)state;
    assert_non_null(table);
    for (uint32_t i = 0; i < COUNT; i++)
        add(table, i % 2 == 0 ? "contoso.com" : "*.contoso.com", i);
    domain_table_finish(table);
    assert_int_equal(domain_table_count(table), COUNT);
    domain_set(&domain, SPAN("contoso.com"));
    domain_walk_start(&walk, table, &domain);
    while (domain_walk_next(&walk)) {
        assert_true(walk.fits);
        assert_true(walk.value < COUNT);
        assert_false(seen[walk.value]);
        assert_int_equal(walk.kind, walk.value % 2 == 0 ? PATTERN_EXACT : PATTERN_TREE);
        if (walk.kind == PATTERN_TREE)
            assert_true(count >= COUNT / 2); /* the exact ones come first */
        seen[walk.value] = true;
        count++;
    }
    assert_int_equal(count, COUNT);
    domain_table_free(table);
}

static void domain_table_add__largest_value__comes_back(void **state)
{
    struct domain_table *table = domain_table_new();
    char text[200];

    (void)state;
    assert_non_null(table);
    add(table, "a.example", (1u << 30) - 1);
    assert_string_equal(fitting(table, "a.example", text), "1073741823");
    domain_table_free(table);
}

static void count_same(void *data, uint32_t value)
{
    *(uint64_t *)data += 1000 + value;
}

static void domain_table_same__name_and_kind__exactly(void **state)
{
    static const struct {
        const char *pattern;
        uint64_t sum;
    } rows[] = {
        { "contoso.com", 2003 },
        { ".contoso.com", 1004 },
        { "*.contoso.com", 1008 },
        { "*", 1016 },
        { "mail.contoso.com", 0 },
        { "*.com", 0 },
        { "com", 0 },
        { "CONTOSO.com.", 2003 },
    };
    struct domain_table *table = domain_table_new();

    (void)state;
    assert_non_null(table);
    add(table, "contoso.com", 1);
    add(table, "contoso.com", 2);
    add(table, ".contoso.com", 4);
    add(table, "*.contoso.com", 8);
    add(table, "*", 16);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pattern pattern = build_pattern(rows[i].pattern);
        uint64_t sum = 0;

        domain_table_same(table, &pattern, count_same, &sum);
        if (sum != rows[i].sum)
            fail_msg("%s: %u", rows[i].pattern, (unsigned)sum);
    }
    domain_table_free(table);
}

static void see_each(void *data, enum pattern_kind kind, const char *name, uint32_t value)
{
    char *seen = data;
    char text[DOMAIN_MAX + 3];

    pattern_format(kind, name, text, sizeof(text));
    assert_true(value < 4 && seen[value] == ' ');
    seen[value] = "abcd"[value];
    assert_string_equal(
        text, ((const char *const[]){ "*.contoso.com", ".contoso.com", "*", "x.example" })[value]);
}

static void domain_table_each__patterns__every_one_once(void **state)
{
    static const char *const patterns[] = { "*.contoso.com", ".contoso.com", "*", "x.example" };
    struct domain_table *table = domain_table_new();
    char seen[] = "    ";

    (void)state;
    assert_non_null(table);
    for (uint32_t i = 0; i < ROWS(patterns); i++) {
        struct pattern pattern = build_pattern(patterns[i]);

        assert_true(domain_table_add(table, &pattern, i));
    }
    domain_table_finish(table);
    domain_table_each(table, see_each, seen);
    assert_string_equal(seen, "abcd");
    domain_table_free(table);
}

static void domain_table_meet__patterns_in_both__told(void **state)
{
    static const struct {
        const char *a[3], *b[3];
        bool meet;
    } rows[] = {
        { { "a.example" }, { "a.example" }, true },
        { { "a.example", "b.example" }, { "c.example", "b.example" }, true },
        { { "a.example" }, { "b.example" }, false },
        { { "a.example" }, { NULL }, false },
        { { NULL }, { NULL }, false },
        { { "*" }, { "*" }, true },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct domain_table *a = domain_table_new(), *b = domain_table_new();

        assert_non_null(a);
        assert_non_null(b);
        for (size_t j = 0; j < 3; j++) {
            if (rows[i].a[j] != NULL)
                add(a, rows[i].a[j], 1);
            if (rows[i].b[j] != NULL)
                add(b, rows[i].b[j], 2);
        }
        bad +=
            row(domain_table_meet(a, b) == rows[i].meet && domain_table_meet(b, a) == rows[i].meet,
                "row %zu", i);
        domain_table_free(a);
        domain_table_free(b);
    }
    assert_int_equal(bad, 0);
}

/*
 * A model: all names of at most four labels from {a, b, ab}; a random half of all patterns. The
 * walk must give the fitting ones, each once, none less specific before one more specific.
 */
enum { LABELS = 3, NAMES = 3 + 9 + 27 + 81 };
static const char *const labels[LABELS] = { "a", "b", "ab" };

static void model_name(int number, char text[64])
{
    int depth = 1, power = LABELS;

    while (number >= power) {
        number -= power;
        power *= LABELS;
        depth++;
    }
    *text = '\0';
    for (int i = 0; i < depth; i++) {
        strcat(text, i > 0 ? "." : "");
        strcat(text, labels[number % LABELS]);
        number /= LABELS;
    }
}

static bool model_fits(int kind, const char *pattern, const char *name)
{
    size_t p = strlen(pattern), n = strlen(name);
    bool below = n > p && name[n - p - 1] == '.' && strcmp(name + n - p, pattern) == 0;
    bool equal = strcmp(pattern, name) == 0;

    return (equal && kind != PATTERN_BELOW) || (below && kind != PATTERN_EXACT);
}

static void model_check(const struct domain_table *table, const bool present[NAMES][3], int number)
{
    char name[64], pattern[64];
    bool seen[NAMES][3] = { { false } };
    struct domain domain;
    struct domain_walk walk;
    size_t before = 1000;
    bool was_exact = true;

    model_name(number, name);
    domain_set(&domain, span_of(name));
    domain_walk_start(&walk, table, &domain);
    while (domain_walk_next(&walk)) {
        int p = (int)(walk.value / 3), kind = (int)(walk.value % 3);

        model_name(p, pattern);
        assert_int_equal(walk.kind, kind);
        assert_string_equal(walk.name, pattern);
        assert_int_equal(walk.fits, model_fits(kind, pattern, name));
        if (!walk.fits)
            continue;
        assert_false(seen[p][kind]);
        seen[p][kind] = true;
        assert_true(strlen(pattern) < before ||
                    (strlen(pattern) == before && (was_exact || kind != PATTERN_EXACT)));
        before = strlen(pattern);
        was_exact = kind == PATTERN_EXACT;
    }
    for (int p = 0; p < NAMES; p++) {
        model_name(p, pattern);
        for (int kind = 0; kind < 3; kind++) {
            if (seen[p][kind] != (present[p][kind] && model_fits(kind, pattern, name)))
                fail_msg("%s: kind %d of %s", name, kind, pattern);
        }
    }
}

static void domain_walk__random_tables__as_the_model_says(void **state)
{
    uint32_t seed = 2026;

    (void)state;
    for (int round = 0; round < 20; round++) {
        static bool present[NAMES][3];
        struct domain_table *table = domain_table_new();

        assert_non_null(table);
        for (int p = 0; p < NAMES; p++) {
            for (int kind = 0; kind < 3; kind++) {
                struct pattern pattern = { .kind = (enum pattern_kind)kind };
                char name[64];

                seed = seed * 1664525u + 1013904223u;
                present[p][kind] = (seed >> 16) % 4 < (unsigned)round % 4;
                model_name(p, name);
                domain_set(&pattern.domain, span_of(name));
                if (present[p][kind])
                    assert_true(domain_table_add(table, &pattern, (uint32_t)(p * 3 + kind)));
            }
        }
        domain_table_finish(table);
        for (int number = 0; number < NAMES; number++)
            model_check(table, present, number);
        domain_table_free(table);
    }
}

static void domain_table__hundred_thousand_domains__all_found(void **state)
{
    enum { COUNT = 100000 };
    struct domain_table *table = domain_table_new();
    char name[64], text[200], wanted[16];

    (void)state;
    assert_non_null(table);
    for (uint32_t i = 0; i < COUNT; i++) {
        (void)snprintf(name, sizeof(name), "%sd%u.example%u.com", i % 2 == 0 ? "" : "*.", i,
                       i % 97);
        add(table, name, i);
    }
    domain_table_finish(table);
    assert_int_equal(domain_table_count(table), COUNT);
    assert_true(domain_table_bytes(table) >= COUNT * 16);
    for (uint32_t i = 0; i < COUNT; i++) {
        (void)snprintf(name, sizeof(name), "d%u.example%u.com", i, i % 97);
        (void)snprintf(wanted, sizeof(wanted), "%u", i);
        assert_string_equal(fitting(table, name, text), wanted);
        (void)snprintf(name, sizeof(name), "x.d%u.example%u.com", i, i % 97);
        assert_string_equal(fitting(table, name, text), i % 2 == 0 ? "" : wanted);
        (void)snprintf(name, sizeof(name), "xd%u.example%u.com", i, i % 97);
        assert_string_equal(fitting(table, name, text), "");
    }
    domain_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domain_walk__nested_patterns__most_specific_first),
        cmocka_unit_test(domain_walk__entries_that_do_not_fit__shown_as_such),
        cmocka_unit_test(domain_table_covers__three_spellings__table),
        cmocka_unit_test(domain_table__empty__covers_nothing),
        cmocka_unit_test(domain_walk__cut_name__only_patterns_that_lie_above),
        cmocka_unit_test(domain_walk__as_many_labels_as_bytes__bounded),
        cmocka_unit_test(domain_walk__same_pattern_many_times__every_value),
        cmocka_unit_test(domain_table_same__name_and_kind__exactly),
        cmocka_unit_test(domain_table_each__patterns__every_one_once),
        cmocka_unit_test(domain_table_meet__patterns_in_both__told),
        cmocka_unit_test(domain_walk__random_tables__as_the_model_says),
        cmocka_unit_test(domain_table__hundred_thousand_domains__all_found),
        cmocka_unit_test(domain_table_add__largest_value__comes_back),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
