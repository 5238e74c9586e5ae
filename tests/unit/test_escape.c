/* SPDX-License-Identifier: ISC */
/* Tests of policy/escape: nothing foreign gets out of it but printable ASCII, and it reads back. */
#include "tests/unit/build.h"

#include <stdlib.h>
#include <string.h>

#include "policy/escape.h"

#define BARE "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789<>@._:/+=-[]"

static const char *value(struct span span, size_t most, char text[2000])
{
    struct line line;

    line_init(&line, text, 2000);
    line_add_value(&line, span, most);
    assert_int_equal(line.length, strlen(text));
    return text;
}

static void line_add_value__bytes__bare_or_quoted(void **state)
{
    static const struct {
        struct span span;
        const char *wanted;
    } rows[] = {
        { S("contoso-in"), "contoso-in" },
        { S("<a@contoso.com>"), "<a@contoso.com>" },
        { S("<>"), "<>" },
        { S(BARE), BARE },
        { S("mail.contoso.com[192.0.2.25]"), "mail.contoso.com[192.0.2.25]" },
        { S("TLS_AES_256_GCM_SHA384/256"), "TLS_AES_256_GCM_SHA384/256" },
        { S(""), "\"\"" },
        { S("a b"), "\"a b\"" },
        { S(" "), "\" \"" },
        { S("a\"b"), "\"a\\\"b\"" },
        { S("a\\b"), "\"a\\\\b\"" },
        { S("\\x41"), "\"\\\\x41\"" },
        { S("a,b"), "\"a,b\"" },
        { S("a;b"), "\"a;b\"" },
        { S("a%b"), "\"a%b\"" },
        { S("a!b"), "\"a!b\"" },
        { S("a'b"), "\"a'b\"" },
        { S("a~b"), "\"a~b\"" },
        { S("(a)"), "\"(a)\"" },
        { S("{a}"), "\"{a}\"" },
        { S("#*$&?^`|"), "\"#*$&?^`|\"" },
        { S("a\nb"), "\"a\\x0Ab\"" },
        { S("a\rb"), "\"a\\x0Db\"" },
        { S("a\tb"), "\"a\\x09b\"" },
        { S("a\0b"), "\"a\\x00b\"" },
        { S("\x1b[2J"), "\"\\x1B[2J\"" },
        { S("\x7f"), "\"\\x7F\"" },
        { S("\x1f"), "\"\\x1F\"" },
        { S("\x20"), "\" \"" },
        { S("\x7e"), "\"~\"" },
        { S("\x80\xff"), "\"\\x80\\xFF\"" },
        { S("gr\xc3\xb6"), "\"gr\\xC3\\xB6\"" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[2000];

        /* The contract leaves the case of the hexadecimal digits open. */
        bad +=
            row(span_equal_nocase(span_of(value(rows[i].span, 256, text)), span_of(rows[i].wanted)),
                "%s gives %s", SHOWN(rows[i].span), text);
    }
    assert_int_equal(bad, 0);
}

static void line_add_value__each_byte_alone__bare_only_if_allowed(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        char raw[] = "aXa", text[2000];
        bool bare = byte != 0 && strchr(BARE, (int)byte) != NULL;

        raw[1] = (char)byte;
        value((struct span){ raw, 3 }, 256, text);
        assert_true(printable(text));
        assert_int_equal(text[0] != '"', bare);
    }
}

static void line_add_value__not_reported__no_harm(void **state)
{
    char text[2000];

    (void)state;
    assert_true(printable(value((struct span){ NULL, 0 }, 256, text)));
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads a value back; its length, or -1 where it is not well-formed. */
static int read_back(const char *text, char raw[2000])
{
    size_t end = strlen(text);
    int length = 0;

    if (text[0] != '"') {
        if (strspn(text, BARE) != end || end == 0)
            return -1;
        memcpy(raw, text, end);
        return (int)end;
    }
    if (end < 2 || text[end - 1] != '"')
        return -1;
    for (size_t i = 1; i < end - 1; i++) {
        if (text[i] == '"')
            return -1;
        if (text[i] != '\\') {
            raw[length++] = text[i];
        } else if (i + 1 < end - 1 && (text[i + 1] == '\\' || text[i + 1] == '"')) {
            raw[length++] = text[++i];
        } else if (i + 3 < end - 1 && text[i + 1] == 'x' && hex(text[i + 2]) >= 0 &&
                   hex(text[i + 3]) >= 0) {
            raw[length++] = (char)(hex(text[i + 2]) * 16 + hex(text[i + 3]));
            i += 3;
        } else {
            return -1;
        }
    }
    return length;
}

static void line_add_value__random_bytes__read_back_equal(void **state)
{
    uint32_t seed = 99;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        char raw[80], text[2000], back[2000];
        struct span span = { raw, 0 };

        seed = seed * 1664525u + 1013904223u;
        span.length = (seed >> 24) % 60;
        for (size_t i = 0; i < span.length; i++) {
            seed = seed * 1664525u + 1013904223u;
            raw[i] = (char)(round % 2 == 0 ? seed >> 24
                                           : (unsigned char)"a\\\"x4\n <>="[(seed >> 24) % 10]);
        }
        value(span, 256, text);
        assert_true(printable(text));
        assert_int_equal(read_back(text, back), span.length);
        assert_memory_equal(back, raw, span.length);
    }
}

static void line_add_value__too_long__cut_and_still_well_formed(void **state)
{
    static const char *const units[] = { "a", " ", "\xff", "\"", "\\", "a\xff", "\n\\", "\"a\n" };

    (void)state;
    for (size_t unit = 0; unit < ROWS(units); unit++) {
        char raw[1200];
        size_t length = 0;

        while (length + strlen(units[unit]) < sizeof(raw)) {
            memcpy(raw + length, units[unit], strlen(units[unit]));
            length += strlen(units[unit]);
        }
        for (size_t most = 8; most <= 300; most++) {
            char text[2000], back[2000];
            int got;

            value((struct span){ raw, length }, most, text);
            assert_true(printable(text));
            if (strlen(text) > most)
                fail_msg("%zu bytes of at most %zu", strlen(text), most);
            got = read_back(text, back);
            if (got < 0)
                fail_msg("at most %zu: %s", most, text);
            assert_true(strlen(text) + 8 >= most); /* and not needlessly short */
        }
    }
}

static void line_add_value__exactly_the_limit__whole(void **state)
{
    char raw[300], text[2000];

    (void)state;
    memset(raw, 'a', sizeof(raw));
    assert_int_equal(strlen(value((struct span){ raw, 256 }, 256, text)), 256);
    assert_memory_equal(text, raw, 256);
    raw[0] = ' ';
    assert_int_equal(strlen(value((struct span){ raw, 254 }, 256, text)), 256);
    assert_int_equal(text[255], '"');
}

static void line_add_string__any_value__always_in_quotes(void **state)
{
    static const struct {
        struct span span;
        const char *wanted;
    } rows[] = {
        { S("mail.contoso.com"), "\"mail.contoso.com\"" },
        { S(""), "\"\"" },
        { S("a b"), "\"a b\"" },
        { S("a\"\\\n"), "\"a\\\"\\\\\\x0A\"" },
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[2000];
        struct line line;

        line_init(&line, text, sizeof(text));
        line_add_string(&line, rows[i].span, 256);
        assert_true(span_equal_nocase(span_of(text), span_of(rows[i].wanted)));
    }
}

static void line_add__our_words__only_printable_bytes(void **state)
{
    char text[100];
    struct line line;

    (void)state;
    line_init(&line, text, sizeof(text));
    assert_string_equal(text, "");
    line_add(&line, "%s=%d", "nrcpt", 2);
    line_add(&line, " %s", "a\nb\x7f\xc3\xbc\x1b");
    assert_string_equal(text, "nrcpt=2 a?b????");
    assert_false(line.full);
}

/* Whatever is added, to a buffer of any size. */
static void line__small_buffers__bounded_terminated_printable(void **state)
{
    static const struct span hostile = S("a\"\\\n\xff b\0c%s%n");

    (void)state;
    for (size_t size = 1; size < 120; size++) {
        char *text = malloc(size); /* exactly, so that a memory checker sees */
        struct line line;

        assert_non_null(text);
        line_init(&line, text, size);
        for (int i = 0; i < 6; i++) {
            line_add(&line, " key%d=", i);
            line_add_value(&line, hostile, 256);
            line_add_string(&line, hostile, 10);
            line_add_quoted(&line, hostile, 20);
            assert_true(line.length < size);
            assert_int_equal(strnlen(text, size), line.length);
            assert_true(printable(text));
        }
        assert_true(line.full);
        free(text);
    }
}

static void line_add_quoted__inside_a_sentence__table(void **state)
{
    static const struct {
        struct span span;
        size_t most;
        const char *wanted;
    } rows[] = {
        { S("mail.contoso.com"), 40, "mail.contoso.com" },
        { S("Example \"CA\" <x>"), 40, "Example \"CA\" <x>" },
        { S("a\\b"), 40, "a\\x5Cb" },
        { S("a\r\nb"), 40, "a\\x0D\\x0Ab" },
        { S("a\0b"), 40, "a\\x00b" },
        { S("\xc3\xbc"), 40, "\\xC3\\xBC" },
        { S("100%"), 40, "100%" },
        { S(""), 40, "" },
        { S("0123456789"), 10, "0123456789" },
        { S("0123456789a"), 10, "0123456..." },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[2000];
        struct line line;

        line_init(&line, text, sizeof(text));
        line_add_quoted(&line, rows[i].span, rows[i].most);
        bad += row(span_equal_nocase(span_of(text), span_of(rows[i].wanted)), "%s gives %s",
                   SHOWN(rows[i].span), text);
    }
    assert_int_equal(bad, 0);
}

static void line_add_quoted__too_long__cut_with_dots(void **state)
{
    char raw[500];

    (void)state;
    for (int round = 0; round < 3; round++) {
        memset(raw, round == 0 ? 'a' : '\n', sizeof(raw));
        if (round == 2)
            raw[3] = 'x';
        for (size_t most = 8; most < 200; most++) {
            char text[2000];
            struct line line;
            size_t length;

            line_init(&line, text, sizeof(text));
            line_add_quoted(&line, (struct span){ raw, sizeof(raw) }, most);
            length = strlen(text);
            assert_true(length <= most);
            assert_true(length >= 3);
            assert_string_equal(text + length - 3, "...");
            assert_true(printable(text));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_add_value__bytes__bare_or_quoted),
        cmocka_unit_test(line_add_value__each_byte_alone__bare_only_if_allowed),
        cmocka_unit_test(line_add_value__not_reported__no_harm),
        cmocka_unit_test(line_add_value__random_bytes__read_back_equal),
        cmocka_unit_test(line_add_value__too_long__cut_and_still_well_formed),
        cmocka_unit_test(line_add_value__exactly_the_limit__whole),
        cmocka_unit_test(line_add_string__any_value__always_in_quotes),
        cmocka_unit_test(line_add__our_words__only_printable_bytes),
        cmocka_unit_test(line__small_buffers__bounded_terminated_printable),
        cmocka_unit_test(line_add_quoted__inside_a_sentence__table),
        cmocka_unit_test(line_add_quoted__too_long__cut_with_dots),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
