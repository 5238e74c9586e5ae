/* SPDX-License-Identifier: ISC */
/* Tests of policy/domain: canonical names, label boundaries, patterns. */
#include "tests/unit/build.h"

#include <string.h>

#include "policy/domain.h"

#define SOFT "\xc2\xad"     /* U+00AD soft hyphen */
#define ZWSP "\xe2\x80\x8b" /* U+200B zero width space */
#define DOT_3002 "\xe3\x80\x82"
#define DOT_FF0E "\xef\xbc\x8e"
#define DOT_FF61 "\xef\xbd\xa1"
#define WIDE_CONTOSO \
    "\xef\xbd\x83\xef\xbd\x8f\xef\xbd\x8e\xef\xbd\x94\xef\xbd\x8f\xef\xbd\x93\xef\xbd\x8f"
#define WIDE_UPPER_CO "\xef\xbc\xa3\xef\xbc\xaf"

struct canonical_row {
    struct span text;
    const char *name;
};

static const struct canonical_row canonical_rows[] = {
    { S("contoso.com"), "contoso.com" },
    { S("Contoso.COM"), "contoso.com" },
    { S("CONTOSO.com."), "contoso.com" },
    { S("com"), "com" },
    { S(""), "" },
    { S("."), "" },
    { S("mail_1.news.example"), "mail_1.news.example" },
    { S("b\xc3\xbc"
        "cher.example"),
      "xn--bcher-kva.example" },
    { S("B\xc3\x9c"
        "CHER.EXAMPLE."),
      "xn--bcher-kva.example" },
    { S("bu\xcc\x88"
        "cher.example"),
      "xn--bcher-kva.example" },
    { S("xn--bcher-kva.example"), "xn--bcher-kva.example" },
    { S("XN--BCHER-KVA.Example"), "xn--bcher-kva.example" },
    { S("Xn--bCher-kvA.EXAMPLE."), "xn--bcher-kva.example" },
    { S("contoso" DOT_3002 "com"), "contoso.com" },
    { S("contoso" DOT_FF0E "com"), "contoso.com" },
    { S("contoso" DOT_FF61 "com"), "contoso.com" },
    { S("contoso.com" DOT_3002), "contoso.com" },
    { S("contoso" DOT_FF61 "com" DOT_FF0E), "contoso.com" },
    { S(WIDE_CONTOSO ".com"), "contoso.com" },
    { S(WIDE_CONTOSO DOT_FF0E "com"), "contoso.com" },
    { S(WIDE_UPPER_CO "ntoso.com"), "contoso.com" },
    { S("con" SOFT "toso.com"), "contoso.com" },
    { S(SOFT "contoso" SOFT "." SOFT "com" SOFT), "contoso.com" },
    { S("con" ZWSP "toso.com"), "contoso.com" },
    { S("con\xe2\x81\xa0toso.com"), "contoso.com" },   /* U+2060 word joiner */
    { S("conto\xc5\xbfo.com"), "contoso.com" },        /* U+017F long s */
    { S("boo\xe2\x84\xaa.example"), "book.example" },  /* U+212A Kelvin sign */
    { S("\xe2\x93\x92ontoso.com"), "contoso.com" },    /* U+24D2 circled c */
    { S("\xe2\x85\xbdontoso.com"), "contoso.com" },    /* U+217D small roman hundred */
    { S("\xef\xac\x81g.example"), "fig.example" },     /* U+FB01 ligature */
    { S("fa\xc3\x9f.example"), "xn--fa-hia.example" }, /* RFC 5891 keeps sharp s */
    { S("\xd0\xbf\xd1\x80\xd0\xb8.example"), "xn--h1and.example" },
};

static void domain_set__spellings_of_one_name__one_canonical_form(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(canonical_rows); i++) {
        const struct canonical_row *r = &canonical_rows[i];
        struct domain domain;

        domain_set(&domain, r->text);
        bad += row(strcmp(domain.name, r->name) == 0 && domain.length == strlen(r->name) &&
                       !domain.cut,
                   "%s: got '%s', wanted '%s'", SHOWN(r->text), domain.name, r->name);
    }
    assert_int_equal(bad, 0);
}

static void domain_set__canonical_name_again__unchanged(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(canonical_rows); i++) {
        struct domain domain;

        domain_set(&domain, span_of(canonical_rows[i].name));
        assert_string_equal(domain.name, canonical_rows[i].name);
    }
}

/* Whether a text is the name, lies below it, or neither. */
enum relation { NEITHER, IS, BELOW };

struct relation_row {
    struct span text;
    const char *name;
    enum relation relation;
};

static const struct relation_row relation_rows[] = {
    { S("contoso.com"), "contoso.com", IS },
    { S("CONTOSO.COM."), "contoso.com", IS },
    { S("mail.contoso.com"), "contoso.com", BELOW },
    { S("a.b.c.contoso.com"), "contoso.com", BELOW },
    { S("a.b.c.contoso.com."), "contoso.com", BELOW },
    { S("contoso.com"), "com", BELOW },
    { S("contoso.com"), "mail.contoso.com", NEITHER },
    { S("evilcontoso.com"), "contoso.com", NEITHER },
    { S("evil-contoso.com"), "contoso.com", NEITHER },
    { S("contoso.com.evil"), "contoso.com", NEITHER },
    { S("contoso.com.evil.example"), "contoso.com", NEITHER },
    { S("contoso.co"), "contoso.com", NEITHER },
    { S("ontoso.com"), "contoso.com", NEITHER },
    { S("contoso.comm"), "contoso.com", NEITHER },
    { S("contosocom"), "contoso.com", NEITHER },
    { S("com"), "contoso.com", NEITHER },
    { S(""), "contoso.com", NEITHER },
    { S("contoso.com.."), "contoso.com", NEITHER }, /* one trailing dot is dropped, not two */
    { S("contoso.com "), "contoso.com", NEITHER },
    { S(" contoso.com"), "contoso.com", NEITHER },
    { S("cont\xd0\xbeso.com"), "contoso.com", NEITHER }, /* Cyrillic o */
    { S("contos\xc3\xb6.com"), "contoso.com", NEITHER },
    { S("c\xc3\xb3ntoso.com"), "contoso.com", NEITHER },
    /* NULs are bytes like others. */
    { S("contoso.com\0"), "contoso.com", NEITHER },
    { S("contoso.com\0.evil.example"), "contoso.com", NEITHER },
    { S("contoso\0.com"), "contoso.com", NEITHER },
    { S("\0contoso.com"), "contoso.com", NEITHER },
    { S("evil\0.contoso.com"), "contoso.com", BELOW },
    { S("contoso.com\0.contoso.com"), "contoso.com", BELOW },
    /* No spelling of a left label hides a suffix. */
    { S("\xff.contoso.com"), "contoso.com", BELOW },
    { S("\xff\xfe\xfd.CONTOSO.COM."), "contoso.com", BELOW },
    { S("\xc3.contoso.com"), "contoso.com", BELOW },
    { S("\xe3.contoso.com"), "contoso.com", BELOW },
    { S("\xe3\x80.contoso.com"), "contoso.com", BELOW },
    { S("\xf0\x9f\x98.contoso.com"), "contoso.com", BELOW },
    { S("\xed\xa0\x80.contoso.com"), "contoso.com", BELOW }, /* a surrogate */
    { S("\xff" DOT_3002 "contoso.com"), "contoso.com", BELOW },
    { S("\xff" DOT_FF61 "contoso.com"), "contoso.com", BELOW },
    { S("\xff" DOT_FF0E "contoso.com"), "contoso.com", BELOW },
    { S("\xe3" DOT_3002 "contoso.com"), "contoso.com", BELOW },
    { S("\xe3\x80" DOT_FF0E "contoso" DOT_FF61 "com"), "contoso.com", BELOW },
    { S("\xff.con" SOFT "toso.com"), "contoso.com", BELOW },
    { S("\xff." WIDE_CONTOSO ".com"), "contoso.com", BELOW },
    { S("\xff.b\xc3\xbc"
        "cher.example"),
      "xn--bcher-kva.example", BELOW },
    { S("\xe2\x80\xae"
        "a.contoso.com"),
      "contoso.com", BELOW },                                 /* U+202E override */
    { S("a\xef\xbf\xbd.contoso.com"), "contoso.com", BELOW }, /* U+FFFD */
    { S("\xe2\x98\x83.contoso.com"), "contoso.com", BELOW },  /* a snowman */
    { S("\xcc\x88"
        "a.contoso.com"),
      "contoso.com", BELOW },                             /* starts with a mark */
    { S("0\xd7\x90.contoso.com"), "contoso.com", BELOW }, /* against the Bidi rule */
    { S("\xd7\x90.contoso.com"), "contoso.com", BELOW },
    { S("a\xe2\x80\x8d"
        "b.contoso.com"),
      "contoso.com", BELOW }, /* U+200D out of context */
    { S("xn--.contoso.com"), "contoso.com", BELOW },
    { S("xn--a.contoso.com"), "contoso.com", BELOW },
    { S("XN--999999999.Contoso.com"), "contoso.com", BELOW },
    { S("xn--0.b\xc3\xbc"
        "cher.example"),
      "xn--bcher-kva.example", BELOW },
    { S("xn--bcher-kv\xc3\xa4.contoso.com"), "contoso.com", BELOW },
    { S("_dmarc.contoso.com"), "contoso.com", BELOW },
    { S("-a-.contoso.com"), "contoso.com", BELOW },
    { S("a--b.contoso.com"), "contoso.com", BELOW },
    { S("\xc3\xbc_.contoso.com"), "contoso.com", BELOW },
    { S("-\xc3\xbc.contoso.com"), "contoso.com", BELOW },
    { S("\xc3\xbc..contoso.com"), "contoso.com", BELOW },
    { S("a..contoso.com"), "contoso.com", BELOW },
    { S("a b\t.contoso.com"), "contoso.com", BELOW },
    { S("[x].contoso.com"), "contoso.com", BELOW },
    /* An overlong dot is no dot. */
    { S("a\xc0\xae"
        "contoso.com"),
      "contoso.com", NEITHER },
    { S("evil" SOFT "contoso.com"), "contoso.com", NEITHER },
    { S("evil" ZWSP "contoso.com"), "contoso.com", NEITHER },
};

static void domain_is__labels_on_the_left__whole_labels_only(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(relation_rows); i++) {
        const struct relation_row *r = &relation_rows[i];
        struct span name = { r->name, strlen(r->name) };
        struct domain domain;

        domain_set(&domain, r->text);
        bad += row(domain_is(&domain, name) == (r->relation == IS), "is: %s against %s",
                   SHOWN(r->text), r->name);
        bad += row(domain_is_below(&domain, name) == (r->relation == BELOW),
                   "is below: %s against %s", SHOWN(r->text), r->name);
    }
    assert_int_equal(bad, 0);
}

/* `length` bytes of labels of at most 60, the last one "com". */
static void long_name(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        text[i] = i % 61 == 60 ? '.' : 'a';
    memcpy(text + length - 12, ".contoso.com", 12);
    text[length] = '\0';
}

static void domain_set__253_bytes__whole(void **state)
{
    char text[400];
    struct domain domain;

    (void)state;
    long_name(text, DOMAIN_MAX);
    domain_set(&domain, span_of(text));
    assert_false(domain.cut);
    assert_int_equal(domain.length, DOMAIN_MAX);
    assert_true(domain_is(&domain, span_of(text)));
    assert_true(domain_is_below(&domain, SPAN("contoso.com")));
    assert_true(domain_is_hostname(&domain));
    strcat(text, ".");
    domain_set(&domain, span_of(text));
    assert_false(domain.cut);
    assert_int_equal(domain.length, DOMAIN_MAX);
}

static void domain_set__longer_than_253_bytes__cut_and_still_below(void **state)
{
    static const size_t lengths[] = { 254, 255, 256, 257, 300, 509, 512, 1000, 4000 };
    char text[4200];

    (void)state;
    for (size_t i = 0; i < ROWS(lengths); i++) {
        struct domain domain;

        long_name(text, lengths[i]);
        domain_set(&domain, span_of(text));
        assert_true(domain.cut);
        assert_true(domain.length <= DOMAIN_MAX);
        assert_true(domain_is_below(&domain, SPAN("contoso.com")));
        assert_false(domain_is(&domain, SPAN("contoso.com")));
        assert_false(domain_is(&domain, (struct span){ domain.name, domain.length }));
        assert_false(domain_is_hostname(&domain));
    }
}

static void domain_set__right_end_equals_a_253_byte_name__not_that_name(void **state)
{
    char name[400], text[400];
    struct domain domain;

    (void)state;
    long_name(name, DOMAIN_MAX);
    strcpy(text, "evil.");
    strcat(text, name);
    domain_set(&domain, span_of(text));
    assert_false(domain_is(&domain, span_of(name)));
    strcpy(text, "evil");
    strcat(text, name);
    domain_set(&domain, span_of(text));
    assert_false(domain_is(&domain, span_of(name)));
}

static void domain_set__label_of_64_bytes__suffix_still_counts(void **state)
{
    static const size_t lengths[] = { 63, 64, 100, 200, 250, 300 };
    char text[400];

    (void)state;
    for (size_t i = 0; i < ROWS(lengths); i++) {
        struct domain domain;

        memset(text, 'a', lengths[i]);
        strcpy(text + lengths[i], ".contoso.com");
        domain_set(&domain, span_of(text));
        assert_true(domain_is_below(&domain, SPAN("contoso.com")));
        assert_int_equal(domain_is_hostname(&domain), lengths[i] == 63);
        strcpy(text + lengths[i], "contoso.com");
        domain_set(&domain, span_of(text));
        assert_false(domain_is_below(&domain, SPAN("contoso.com")));
    }
}

/* A left part of `count` times `unit`, then `right`. */
static void repeated(char *text, const char *unit, size_t count, const char *right)
{
    *text = '\0';
    for (size_t i = 0; i < count; i++)
        strcat(text, unit);
    strcat(text, right);
}

static void domain_set__long_non_ascii_left__suffix_still_counts(void **state)
{
    static const struct {
        const char *unit;
        size_t count;
    } lefts[] = {
        { "\xc3\xbc", 40 },           { "\xc3\xbc", 70 }, { "\xc3\xbc.", 60 }, { "\xc3\xbc", 200 },
        { "\xc3\xbcx\xc3\xa4.", 40 }, { "\xff.", 100 },   { "\xff", 300 },     { DOT_3002, 90 },
        { "a" DOT_FF0E, 150 },
    };
    static char text[4000];

    (void)state;
    for (size_t i = 0; i < ROWS(lefts); i++) {
        struct domain domain;

        repeated(text, lefts[i].unit, lefts[i].count, ".contoso.com");
        domain_set(&domain, span_of(text));
        if (!domain_is_below(&domain, SPAN("contoso.com")))
            fail_msg("%zu of '%s'", lefts[i].count, SHOWN(span_of(lefts[i].unit)));
        assert_false(domain_is(&domain, SPAN("contoso.com")));
    }
}

static void domain_set__hundreds_of_ignored_characters__the_name_without_them(void **state)
{
    /* An SMTP line of Postfix's may have 2048 bytes. */
    static const size_t counts[] = { 1, 30, 100, 130, 400, 900 };
    static char text[4000];
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(counts); i++) {
        struct domain domain;

        strcpy(text, "con");
        repeated(text + 3, SOFT, counts[i], "toso.com");
        domain_set(&domain, span_of(text));
        bad += row(domain_is(&domain, SPAN("contoso.com")), "%zu soft hyphens", counts[i]);
    }
    assert_int_equal(bad, 0);
}

/* A last label of nothing but ignored characters is the empty label behind a trailing dot. */
static void domain_set__ignored_characters_behind_the_trailing_dot__the_name(void **state)
{
    static const struct span rows[] = {
        S("contoso.com." SOFT),
        S("contoso.com." ZWSP),
        S("contoso.com" DOT_3002 SOFT SOFT),
        S("contoso.com" SOFT "."),
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct domain domain;

        domain_set(&domain, rows[i]);
        bad += row(domain_is(&domain, SPAN("contoso.com")), "%s: '%s'", SHOWN(rows[i]),
                   SHOWN(((struct span){ domain.name, domain.length })));
    }
    assert_int_equal(bad, 0);
}

static void domain_set__only_dots__no_name_and_no_harm(void **state)
{
    char text[600];

    (void)state;
    for (size_t length = 0; length < sizeof(text); length += 7) {
        struct domain domain;

        memset(text, '.', length);
        domain_set(&domain, (struct span){ text, length });
        assert_false(domain_is(&domain, SPAN("contoso.com")));
        assert_false(domain_is_hostname(&domain));
    }
}

static void domain_set__every_two_bytes__never_hide_a_suffix(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second += (first < 0x80 ? 13 : 1)) {
            char text[] = "??.contoso.com";
            struct domain domain;

            text[0] = (char)first;
            text[1] = (char)second;
            domain_set(&domain, (struct span){ text, sizeof(text) - 1 });
            if (!domain_is_below(&domain, SPAN("contoso.com")))
                fail_msg("%02x %02x", first, second);
            assert_false(domain_is(&domain, SPAN("contoso.com")));
        }
    }
}

static void domain_is_hostname__table(void **state)
{
    static const struct {
        struct span text;
        bool wanted;
    } rows[] = {
        { S("contoso.com"), true },
        { S("a"), true },
        { S("a-b.c-d.example"), true },
        { S("3com.com"), true },
        { S("1.2.3.com"), true },
        { S("xn--bcher-kva.example"), true },
        { S("b\xc3\xbc"
            "cher.example"),
          true },
        { S("contoso.com."), true },
        { S(""), false },
        { S("."), false },
        { S("a..b"), false },
        { S(".a"), false },
        { S("a.."), false },
        { S("a_b.example"), false },
        { S("-a.example"), false },
        { S("a-.example"), false },
        { S("192.0.2.1"), false },
        { S("a.123"), false },
        { S("123"), false },
        { S("a b.example"), false },
        { S("*.example"), false },
        { S("[192.0.2.1]"), false },
        { S("a/b.example"), false },
        { S("\xff.example"), false },
        { S("a\0.example"), false },
        { S("a.example\0"), false },
        { S("a@example"), false },
        { S("a\n.example"), false },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct domain domain;

        domain_set(&domain, rows[i].text);
        bad += row(domain_is_hostname(&domain) == rows[i].wanted, "%s", SHOWN(rows[i].text));
    }
    assert_int_equal(bad, 0);
}

static void domain_parent__label_by_label__null_at_the_last(void **state)
{
    const char *name = "a.bb.ccc";

    (void)state;
    name = domain_parent(name);
    assert_string_equal(name, "bb.ccc");
    name = domain_parent(name);
    assert_string_equal(name, "ccc");
    assert_null(domain_parent(name));
    assert_null(domain_parent(""));
}

static const struct {
    struct span text;
    enum pattern_kind kind;
    const char *name;
    const char *written;
} pattern_rows[] = {
    { S("contoso.com"), PATTERN_EXACT, "contoso.com", "contoso.com" },
    { S("Contoso.COM."), PATTERN_EXACT, "contoso.com", "contoso.com" },
    { S(".contoso.com"), PATTERN_BELOW, "contoso.com", ".contoso.com" },
    { S("*.contoso.com"), PATTERN_TREE, "contoso.com", "*.contoso.com" },
    { S("*.CONTOSO.com."), PATTERN_TREE, "contoso.com", "*.contoso.com" },
    { S("*"), PATTERN_ANY, "", "*" },
    { S("b\xc3\xbc"
        "cher.example"),
      PATTERN_EXACT, "xn--bcher-kva.example", "xn--bcher-kva.example" },
    { S("*.B\xc3\x9c"
        "CHER.example"),
      PATTERN_TREE, "xn--bcher-kva.example", "*.xn--bcher-kva.example" },
    { S(".XN--BCHER-KVA.example"), PATTERN_BELOW, "xn--bcher-kva.example",
      ".xn--bcher-kva.example" },
    { S("com"), PATTERN_EXACT, "com", "com" },
    { S("*.com"), PATTERN_TREE, "com", "*.com" },
    { S(WIDE_CONTOSO DOT_3002 "com"), PATTERN_EXACT, "contoso.com", "contoso.com" },
};

static void pattern_parse__three_spellings_and_any__kind_and_name(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(pattern_rows); i++) {
        struct pattern pattern;
        struct why why = { "" };
        char written[DOMAIN_MAX + 3];

        if (!pattern_parse(&pattern, pattern_rows[i].text, &why)) {
            bad += row(false, "%s: %s", SHOWN(pattern_rows[i].text), why.text);
            continue;
        }
        bad += row(pattern.kind == pattern_rows[i].kind &&
                       strcmp(pattern.domain.name, pattern_rows[i].name) == 0,
                   "%s: kind %d name %s", SHOWN(pattern_rows[i].text), (int)pattern.kind,
                   pattern.domain.name);
        pattern_format(pattern.kind, pattern.domain.name, written, sizeof(written));
        bad += row(strcmp(written, pattern_rows[i].written) == 0, "%s: written '%s'",
                   SHOWN(pattern_rows[i].text), written);
    }
    assert_int_equal(bad, 0);
}

static void pattern_parse__what_is_no_pattern__false_and_why(void **state)
{
    static const struct span rows[] = {
        S(""),
        S("."),
        S(".."),
        S("*."),
        S("**"),
        S("*.*"),
        S("*.*.com"),
        S("*.*.contoso.com"),
        S("a*.contoso.com"),
        S("*a.contoso.com"),
        S("*contoso.com"),
        S("a.*.contoso.com"),
        S("..contoso.com"),
        S("*..contoso.com"),
        S(".*.contoso.com"),
        S("contoso..com"),
        S("contoso.com.."),
        S("user@contoso.com"),
        S("@contoso.com"),
        S("<>"),
        S("192.0.2.1"),
        S("[192.0.2.1]"),
        S("2001:db8::1"),
        S("con toso.com"),
        S("contoso.com "),
        S(" contoso.com"),
        S("contoso.com,fabrikam.com"),
        S("mail_1.example"),
        S("-a.example"),
        S("a-.example"),
        S("\xff.example"),
        S("contoso.com\0"),
        S("contoso.com\0.example"),
        S("a/b.example"),
        S("\xe2\x80\xae.example"),
        S("xn--\xff.example"),
        S("contoso.com:25"),
        S("contoso.com\n"),
        S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example"),
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pattern pattern;
        struct why why = { "" };

        bad += row(!pattern_parse(&pattern, rows[i], &why), "'%s' was taken", SHOWN(rows[i]));
        bad += row(why.text[0] != '\0', "'%s': no reason", SHOWN(rows[i]));
        (void)pattern_parse(&pattern, rows[i], NULL);
    }
    assert_int_equal(bad, 0);
}

static void pattern_parse__longer_than_253_bytes__false(void **state)
{
    char text[400];
    struct pattern pattern;

    (void)state;
    long_name(text, DOMAIN_MAX + 1);
    assert_false(pattern_parse(&pattern, span_of(text), NULL));
    long_name(text, DOMAIN_MAX);
    assert_true(pattern_parse(&pattern, span_of(text), NULL));
}

static void pattern_format__longest_name__fits_the_promised_size(void **state)
{
    char text[400], written[DOMAIN_MAX + 3];

    (void)state;
    long_name(text, DOMAIN_MAX);
    pattern_format(PATTERN_TREE, text, written, sizeof(written));
    assert_int_equal(strlen(written), DOMAIN_MAX + 2);
    assert_memory_equal(written, "*.", 2);
    assert_string_equal(written + 2, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domain_set__spellings_of_one_name__one_canonical_form),
        cmocka_unit_test(domain_set__canonical_name_again__unchanged),
        cmocka_unit_test(domain_is__labels_on_the_left__whole_labels_only),
        cmocka_unit_test(domain_set__253_bytes__whole),
        cmocka_unit_test(domain_set__longer_than_253_bytes__cut_and_still_below),
        cmocka_unit_test(domain_set__right_end_equals_a_253_byte_name__not_that_name),
        cmocka_unit_test(domain_set__label_of_64_bytes__suffix_still_counts),
        cmocka_unit_test(domain_set__long_non_ascii_left__suffix_still_counts),
        cmocka_unit_test(domain_set__hundreds_of_ignored_characters__the_name_without_them),
        cmocka_unit_test(domain_set__ignored_characters_behind_the_trailing_dot__the_name),
        cmocka_unit_test(domain_set__only_dots__no_name_and_no_harm),
        cmocka_unit_test(domain_set__every_two_bytes__never_hide_a_suffix),
        cmocka_unit_test(domain_is_hostname__table),
        cmocka_unit_test(domain_parent__label_by_label__null_at_the_last),
        cmocka_unit_test(pattern_parse__three_spellings_and_any__kind_and_name),
        cmocka_unit_test(pattern_parse__what_is_no_pattern__false_and_why),
        cmocka_unit_test(pattern_parse__longer_than_253_bytes__false),
        cmocka_unit_test(pattern_format__longest_name__fits_the_promised_size),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
