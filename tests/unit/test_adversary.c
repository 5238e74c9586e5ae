/* SPDX-License-Identifier: ISC */
/*
 * An adversary's envelope senders, generated: every way to write a domain, times every relation
 * to a partner's domain, times every shape of address. The expectation comes from how each
 * sender was made and from a few lines of pattern matching here, not from the engine.
 */
#include "tests/unit/build.h"

#include <stdio.h>
#include <string.h>

#include "policy/decide.h"

/* ------------------------------------------------------------ the connectors */

static const struct partner {
    const char *name, *patterns; /* one or two patterns, canonical */
    enum level level;
} partners[] = {
    { "exact", "exact.example", LEVEL_SECURE },
    { "tree", "*.tree.example", LEVEL_ENCRYPT },
    { "below", ".below.example", LEVEL_VERIFY },
    { "idn", "*.xn--bcher-kva.example", LEVEL_FINGERPRINT },
    { "inner", "inner.tree.example", LEVEL_MAY },
};

static struct rules *build_partners(void)
{
    struct rules *rules = build_rules();

    for (size_t i = 0; i < ROWS(partners); i++) {
        struct connector *connector = build_connector(partners[i].name, partners[i].level);

        if (partners[i].level == LEVEL_FINGERPRINT)
            build_entry(connector)->has_fingerprint = true;
        (void)build_add(rules, connector, partners[i].patterns);
    }
    build_finish(rules);
    return rules;
}

/* ------------------------------------------------------------ the model */

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), e = strlen(end);

    return n >= e && strcmp(name + n - e, end) == 0;
}

/* The partner whose most specific pattern covers a canonical name; -1: none. */
static int model_partner(const char *name)
{
    int best = -1;
    size_t best_length = 0;

    for (int i = 0; i < (int)ROWS(partners); i++) {
        const char *pattern = partners[i].patterns;
        const char *base = pattern + (pattern[0] == '*' ? 2 : pattern[0] == '.' ? 1 : 0);
        char dotted[80];
        bool equal = strcmp(name, base) == 0;

        (void)snprintf(dotted, sizeof(dotted), ".%s", base);
        if ((equal && pattern[0] != '.') ||
            (ends_with(name, dotted) && (pattern[0] == '.' || pattern[0] == '*'))) {
            if (best < 0 || strlen(base) > best_length) {
                best = i;
                best_length = strlen(base);
            }
        }
    }
    return best;
}

static int stricter(int a, int b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return partners[b].level > partners[a].level ? b : a;
}

/* ------------------------------------------------------------ names around a partner's */

/* `%s` is the partner's domain. What is made is canonical, or holds a left label that no
 * spelling below changes. */
static const char *const relations[] = {
    "%s",
    "mail.%s",
    "a.b.c.%s",
    "_x.%s",
    "a--b.%s",
    "xn--zz.%s",
    "-.%s",
    "x..%s",
    "123.%s",
    /* look-alikes */
    "evil%s",
    "evil-%s",
    "x-%s",
    "%s.evil",
    "%s.evil.test",
    "%sx",
    "x%s",
    "mail.%s.evil",
    "mail%s",
    "%s-evil.test",
};

static const char *const bases[] = { "exact.example",         "tree.example",       "below.example",
                                     "xn--bcher-kva.example", "inner.tree.example", "tree.test",
                                     "partner.test" };

/* ------------------------------------------------------------ spellings of one name */

struct text {
    char bytes[1200];
    size_t length;
};

static void put(struct text *text, const char *bytes)
{
    size_t length = strlen(bytes);

    assert_true(text->length + length < sizeof(text->bytes));
    memcpy(text->bytes + text->length, bytes, length + 1);
    text->length += length;
}

static uint32_t seed = 4711;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % limit;
}

enum spelling {
    PLAIN,
    UPPER,
    MIXED,
    TRAILING_DOT,
    DOT_3002,
    DOT_FF0E,
    DOT_FF61,
    TRAILING_3002,
    WIDE,
    WIDE_UPPER,
    SOFT_HYPHEN,
    ZERO_WIDTH,
    U_LABEL,
    U_LABEL_UPPER,
    U_LABEL_DECOMPOSED,
    EVERYTHING,
    SPELLINGS
};

static void put_wide(struct text *text, char c)
{
    char bytes[4] = { (char)0xef, (char)0xbc, 0, 0 };
    unsigned code = 0xff01u + (unsigned)(c - '!'); /* U+FF01 is the full-width "!" */

    bytes[1] = (char)(0x80u | ((code >> 6) & 0x3fu));
    bytes[2] = (char)(0x80u | (code & 0x3fu));
    put(text, bytes);
}

static void put_character(struct text *text, char c, enum spelling spelling)
{
    static const char *const dots[] = { "\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1" };
    char plain[2] = { c, '\0' };
    bool letter = ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
    enum spelling way =
        spelling == EVERYTHING ? (enum spelling)random_below(SOFT_HYPHEN) : spelling;

    if (c == '.' && way >= DOT_3002 && way <= DOT_FF61)
        put(text, dots[way - DOT_3002]);
    else if (letter &&
             (way == UPPER || way == U_LABEL_UPPER || (way == MIXED && random_below(2) == 0)))
        put(text, (char[]){ (char)(c - 'a' + 'A'), '\0' });
    else if ((letter || ascii_digit(c)) && way == WIDE)
        put_wide(text, c);
    else if (letter && way == WIDE_UPPER)
        put_wide(text, (char)(c - 'a' + 'A'));
    else
        put(text, plain);
}

/* Writes the canonical name in some other way. */
static void spell(struct text *text, const char *name, enum spelling spelling)
{
    static const char a_label[] = "xn--bcher-kva";
    bool invisible = spelling == SOFT_HYPHEN || spelling == ZERO_WIDTH;

    while (*name != '\0') {
        if (strncmp(name, a_label, strlen(a_label)) == 0 && spelling >= U_LABEL) {
            put(text, spelling == U_LABEL_UPPER        ? "B\xc3\x9c"
                                                         "CHER"
                      : spelling == U_LABEL_DECOMPOSED ? "bu\xcc\x88"
                                                         "cher"
                                                       : "b\xc3\xbc"
                                                         "cher");
            name += strlen(a_label);
            continue;
        }
        put_character(text, *name++, spelling);
        if (invisible || (spelling == EVERYTHING && random_below(4) == 0))
            put(text, spelling == ZERO_WIDTH ? "\xe2\x80\x8b" : "\xc2\xad");
    }
    if (spelling == TRAILING_DOT)
        put(text, ".");
    else if (spelling == TRAILING_3002)
        put(text, "\xe3\x80\x82");
}

/* ------------------------------------------------------------ shapes of addresses */

/* L local part, D the domain, O another one. Both readings count but where D is quoted. */
static const struct shape {
    const char *format;
    bool d, o; /* whether D and O are readings */
} shapes[] = {
    { "<L@D>", true, false },
    { "L@D", true, false },
    { "<\"L\"@D>", true, false },
    { "<\"a b\"@D>", true, false },
    { "<\"L@O\"@D>", true, false },
    { "<\"L%O\"@D>", true, false },
    { "<\"L@D\"@O>", false, true },
    { "<L@O@D>", true, true },
    { "<L@D@O>", true, true },
    { "<@O:L@D>", true, true },
    { "<@D:L@O>", true, true },
    { "<@O,@D:L@[192.0.2.1]>", true, true },
    { "<L%D@O>", true, true },
    { "<L%O@D>", true, true },
    { "<L%O%D>", true, true },
    { "<D!L@O>", true, true },
    { "<O!L@D>", true, true },
    { "<D!O!L>", true, true },
    { "<L@D(comment)>", true, false },
    { "<(comment)L@D>", true, false },
    { "<L @ D>", true, false },
    { "Name <L@D>", true, false },
    { "<L%D>", true, false },
    { "<\"L@D>", true, false },
    { "<L\\\"@D>", true, false },
    { "<L%D@[192.0.2.1]>", true, false },
    { "<L@[192.0.2.1]>", false, false },
    { "<L>", false, false },
    { "<L@>", false, false },
};

static void shape_address(struct text *address, const char *format, const struct text *d,
                          const struct text *o)
{
    address->length = 0;
    for (; *format != '\0'; format++) {
        if (*format == 'L')
            put(address, "user+tag");
        else if (*format == 'D')
            put(address, d->bytes);
        else if (*format == 'O')
            put(address, o->bytes);
        else
            put(address, (char[]){ *format, '\0' });
    }
}

/* ------------------------------------------------------------ the comparison */

static unsigned compare(const struct rules *rules, const struct text *address, int wanted)
{
    struct scene scene;
    struct decision decision;
    const char *got, *name = wanted >= 0 ? partners[wanted].name : "-";
    unsigned bad;

    scene_init_span(&scene, (struct span){ address->bytes, address->length }, "<b@example.org>");
    scene_plain(&scene);
    scene_set_helo(&scene, "unrelated.test");
    scene_set_client(&scene, "203.0.113.9", "unrelated.test", true);
    decide_inbound(rules, &scene.facts, &decision);
    got = decision.match.connector != NULL ? decision.match.connector->name : "-";
    bad = row(strcmp(got, name) == 0, "%s: %s, wanted %s",
              SHOWN(((struct span){ address->bytes, address->length })), got, name);
    bad += row((decision.verdict == VERDICT_PASS) ==
                   (wanted < 0 || partners[wanted].level == LEVEL_MAY),
               "%s: verdict", SHOWN(((struct span){ address->bytes, address->length })));
    bad += row(wanted < 0 || decide_inbound_possible(rules, &scene.facts, &decision),
               "%s: not possible", SHOWN(((struct span){ address->bytes, address->length })));
    scene_release(&scene);
    return bad;
}

/* All shapes of one name in one spelling beside another name. */
static unsigned compare_shapes(const struct rules *rules, const char *name, enum spelling spelling,
                               const char *other, unsigned *count)
{
    struct text d = { .length = 0 }, o = { .length = 0 }, address;
    unsigned bad = 0;

    spell(&d, name, spelling);
    spell(&o, other, (enum spelling)random_below(SPELLINGS));
    for (size_t s = 0; s < ROWS(shapes) && bad < 20; s++) {
        int wanted = shapes[s].d ? model_partner(name) : -1;

        if (shapes[s].o)
            wanted = stricter(wanted, model_partner(other));
        shape_address(&address, shapes[s].format, &d, &o);
        bad += compare(rules, &address, wanted);
        (*count)++;
    }
    return bad;
}

static void adversary__spellings_relations_shapes__the_strictest_partner_meant(void **state)
{
    struct rules *rules = build_partners();
    unsigned bad = 0, count = 0;

    (void)state;
    for (size_t b = 0; b < ROWS(bases); b++) {
        for (size_t r = 0; r < ROWS(relations); r++) {
            const char *percent = strchr(relations[r], '%');
            char name[200];

            (void)snprintf(name, sizeof(name), "%.*s%s%s", (int)(percent - relations[r]),
                           relations[r], bases[b], percent + 2);
            for (int spelling = 0; spelling < SPELLINGS && bad < 20; spelling++) {
                char other[200];

                /* The other name: unrelated, a partner's, below one, a look-alike. */
                (void)snprintf(other, sizeof(other), "%s%s",
                               (const char *const[]){ "", "mx.", "evil" }[random_below(3)],
                               bases[random_below(ROWS(bases))]);
                bad += compare_shapes(rules, name, (enum spelling)spelling, other, &count);
            }
        }
    }
    rules_free(rules);
    print_message("# %u senders\n", count);
    assert_int_equal(bad, 0);
    assert_true(count > 50000);
}

/* Letters that look like the partner's and are others: none of our business. */
static void adversary__look_alike_letters__another_domain(void **state)
{
    static const struct span senders[] = {
        S("<a@tr\xd0\xb5"
          "e.example>"), /* Cyrillic ie */
        S("<a@tree.\xd0\xb5xample>"),
        S("<a@\xd1\x82ree.example>"),
        S("<a@t\xc4\xb7"
          "ree.example>"),
        S("<a@tr\xc3\xa9"
          "e.example>"),
        S("<a@tree.example\xe2\x80\xa4"
          "evil.test>"), /* U+2024 at the wrong end */
        S("<a@tree\xc2\xb7"
          "example>"), /* U+00B7 is no dot */
        S("<a@tree\xd9\xab"
          "example>"), /* U+066B neither */
        S("<a@t.ree.example>"),
        S("<a@tree-example>"),
        S("<a@tree,example>"),
        S("<a@[tree].example>"),
        S("<a@buecher.example>"),
        S("<a@bucher.example>"),
        S("<a@xn--bcher-kvb.example>"),
    };
    struct rules *rules = build_partners();
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(senders); i++) {
        struct text address = { .length = senders[i].length };

        memcpy(address.bytes, senders[i].data, senders[i].length);
        bad += compare(rules, &address, -1);
    }
    rules_free(rules);
    assert_int_equal(bad, 0);
}

/* Left labels that no library likes, in front of each partner's suffix, in each spelling. */
static void adversary__left_labels_that_are_none__the_suffix_counts(void **state)
{
    static const char *const lefts[] = {
        "\xff",
        "\xc3",
        "\xe3\x80",
        "\xf0\x9f\x98",
        "\xed\xa0\x80",
        "\xe2\x80\xae",
        "\xcc\x88",
        "xn--",
        "xn--\xc3\xbc",
        "0\xd7\x90",
        "-\xc3\xbc-",
        "\xe2\x98\x83",
        "\xc3\xbc_",
        "a\x01",
        "\xef\xbf\xbf",
        "\xf4\x8f\xbf\xbf",
        "\xc0\xaf",
        "\xe2\x80\x8d",
        "\xe2\x80\x8c",
        "*",
        "\\",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"
        "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
        "\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6"
        "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4",
    };
    static const struct {
        const char *suffix;
        int partner;
    } suffixes[] = { { "tree.example", 1 },
                     { "below.example", 2 },
                     { "xn--bcher-kva.example", 3 },
                     { "exact.example", -1 } };
    struct rules *rules = build_partners();
    unsigned bad = 0;

    (void)state;
    for (size_t l = 0; l < ROWS(lefts); l++) {
        for (size_t s = 0; s < ROWS(suffixes); s++) {
            for (int spelling = 0; spelling < SPELLINGS && bad < 20; spelling++) {
                static const char *const dots[] = { ".", "\xe3\x80\x82", "\xef\xbc\x8e",
                                                    "\xef\xbd\xa1" };
                struct text address = { .length = 0 };

                put(&address, "<a@");
                put(&address, lefts[l]);
                put(&address, dots[random_below(4)]);
                spell(&address, suffixes[s].suffix, (enum spelling)spelling);
                put(&address, ">");
                bad += compare(rules, &address, suffixes[s].partner);
            }
        }
    }
    rules_free(rules);
    assert_int_equal(bad, 0);
}

/* Random bytes around a partner's domain: whatever else it means, it means the partner. */
static void adversary__random_local_parts__the_domain_counts(void **state)
{
    struct rules *rules = build_partners();
    unsigned bad = 0;

    (void)state;
    for (int round = 0; round < 50000 && bad < 20; round++) {
        static const char marks[] = "ab@%!\"\\,:;<. \t[]\xff\xc3";
        struct text address = { .length = 0 };
        struct scene scene;
        struct decision decision;
        uint32_t length = random_below(16);

        put(&address, "<");
        for (uint32_t i = 0; i < length; i++)
            put(&address, (char[]){ marks[random_below(sizeof(marks) - 1)], '\0' });
        put(&address, "@tree.example>");
        scene_init_span(&scene, (struct span){ address.bytes, address.length }, "<b@example.org>");
        scene_plain(&scene);
        decide_inbound(rules, &scene.facts, &decision);
        bad += row(decision.verdict != VERDICT_PASS, "%s passes",
                   SHOWN(((struct span){ address.bytes, address.length })));
        scene_release(&scene);
    }
    rules_free(rules);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adversary__spellings_relations_shapes__the_strictest_partner_meant),
        cmocka_unit_test(adversary__look_alike_letters__another_domain),
        cmocka_unit_test(adversary__left_labels_that_are_none__the_suffix_counts),
        cmocka_unit_test(adversary__random_local_parts__the_domain_counts),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
