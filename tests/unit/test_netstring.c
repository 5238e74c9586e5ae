/* SPDX-License-Identifier: ISC */
/* Tests of milter/netstring: what is one, what may become one, and what never will. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "milter/netstring.h"

#define MOST 1000

static const char *const words[] = {
    [NETSTRING_WHOLE] = "whole", [NETSTRING_PART] = "part", [NETSTRING_BAD] = "bad"
};

/* Reads from a copy that ends where the input ends, so that the sanitizers see a step beyond. */
static enum netstring read_copy(struct span input, size_t most, struct span *bytes, size_t *taken)
{
    char *copy = malloc(input.length > 0 ? input.length : 1);
    struct span text = { copy, input.length };
    enum netstring read;

    assert_non_null(copy);
    if (input.length > 0)
        memcpy(copy, input.data, input.length);
    *bytes = (struct span){ NULL, 0 };
    *taken = 0;
    read = netstring_read(text, most, bytes, taken);
    if (read == NETSTRING_WHOLE)
        bytes->data = input.data + (bytes->data - copy);
    free(copy);
    return read;
}

static void netstring_read__good_and_bad__as_the_table_says(void **state)
{
    static const struct {
        struct span input;
        enum netstring read;
        struct span bytes;
        size_t taken;
    } rows[] = {
        { S("20:forcetls contoso.com,"), NETSTRING_WHOLE, S("forcetls contoso.com"), 24 },
        { S("0:,"), NETSTRING_WHOLE, S(""), 3 },
        { S("1:,,"), NETSTRING_WHOLE, S(","), 4 },
        { S("3:a\0b,"), NETSTRING_WHOLE, S("a\0b"), 6 },
        { S("3:\xff\xfe:,"), NETSTRING_WHOLE, S("\xff\xfe:"), 6 },
        { S("2:ab,2:cd,"), NETSTRING_WHOLE, S("ab"), 5 },
        { S("2:ab,garbage"), NETSTRING_WHOLE, S("ab"), 5 },
        { S(""), NETSTRING_PART, S(""), 0 },
        { S("1"), NETSTRING_PART, S(""), 0 },
        { S("1000"), NETSTRING_PART, S(""), 0 },
        { S("0"), NETSTRING_PART, S(""), 0 },
        { S("0:"), NETSTRING_PART, S(""), 0 },
        { S("2:"), NETSTRING_PART, S(""), 0 },
        { S("2:a"), NETSTRING_PART, S(""), 0 },
        { S("2:ab"), NETSTRING_PART, S(""), 0 },
        { S("2:abc"), NETSTRING_BAD, S(""), 0 },
        { S("2:abc,"), NETSTRING_BAD, S(""), 0 },
        { S("2:a,b"), NETSTRING_BAD, S(""), 0 },
        { S("0:a"), NETSTRING_BAD, S(""), 0 },
        { S(":"), NETSTRING_BAD, S(""), 0 },
        { S(":ab,"), NETSTRING_BAD, S(""), 0 },
        { S(","), NETSTRING_BAD, S(""), 0 },
        { S("a"), NETSTRING_BAD, S(""), 0 },
        { S(" 2:ab,"), NETSTRING_BAD, S(""), 0 },
        { S("2 :ab,"), NETSTRING_BAD, S(""), 0 },
        { S("2,"), NETSTRING_BAD, S(""), 0 },
        { S("-1:"), NETSTRING_BAD, S(""), 0 },
        { S("+2:ab,"), NETSTRING_BAD, S(""), 0 },
        { S("0x2:ab,"), NETSTRING_BAD, S(""), 0 },
        { S("02:ab,"), NETSTRING_BAD, S(""), 0 },
        { S("00:,"), NETSTRING_BAD, S(""), 0 },
        { S("00"), NETSTRING_BAD, S(""), 0 },
        { S("1001"), NETSTRING_BAD, S(""), 0 },
        { S("1001:"), NETSTRING_BAD, S(""), 0 },
        { S("99999"), NETSTRING_BAD, S(""), 0 },
        { S("100000"), NETSTRING_BAD, S(""), 0 },
        { S("18446744073709551617:a,"), NETSTRING_BAD, S(""), 0 },
        { S("GET / HTTP/1.0\r\n"), NETSTRING_BAD, S(""), 0 },
        { S("\0"), NETSTRING_BAD, S(""), 0 },
        { S("\xb2:ab,"), NETSTRING_BAD, S(""), 0 },
    };
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct span bytes;
        size_t taken;
        enum netstring read = read_copy(rows[i].input, MOST, &bytes, &taken);
        bool same = read == rows[i].read && taken == rows[i].taken &&
                    (read != NETSTRING_WHOLE || span_equal(bytes, rows[i].bytes));

        failed += row(same, "%s: %s with '%s', %zu bytes taken", SHOWN(rows[i].input), words[read],
                      SHOWN(bytes), taken);
    }
    assert_int_equal(failed, 0);
}

static void netstring_read__cut_at_every_byte__part_and_never_bad(void **state)
{
    struct span whole = SPAN("20:forcetls contoso.com,"), bytes;
    size_t taken;

    (void)state;
    for (size_t length = 0; length < whole.length; length++) {
        struct span part = { whole.data, length };

        assert_int_equal(read_copy(part, MOST, &bytes, &taken), NETSTRING_PART);
    }
    assert_int_equal(read_copy(whole, MOST, &bytes, &taken), NETSTRING_WHOLE);
}

static void netstring_read__bound__the_last_length_that_fits(void **state)
{
    char text[2048];
    struct span bytes;
    size_t taken;
    int head;

    (void)state;
    for (int length = 998; length < 1003; length++) {
        head = snprintf(text, sizeof(text), "%d:", length);
        memset(text + head, 'a', (size_t)length);
        text[head + length] = ',';
        assert_int_equal(
            read_copy((struct span){ text, (size_t)(head + length + 1) }, MOST, &bytes, &taken),
            length <= MOST ? NETSTRING_WHOLE : NETSTRING_BAD);
    }
}

static void netstring_wrap__any_length__can_be_read_again(void **state)
{
    static const size_t lengths[] = { 0, 1, 9, 10, 11, 99, 100, 999, 1000, 9999, 10000, 99999 };
    static char room[NETSTRING_HEAD + NETSTRING_MOST + NETSTRING_TAIL];

    (void)state;
    for (size_t i = 0; i < ROWS(lengths); i++) {
        struct span text, bytes;
        size_t taken;

        memset(room, 'x', sizeof(room));
        text = netstring_wrap(room, lengths[i]);
        assert_true(text.data >= room);
        assert_int_equal(netstring_read(text, NETSTRING_MOST, &bytes, &taken), NETSTRING_WHOLE);
        assert_int_equal(taken, text.length);
        assert_int_equal(bytes.length, lengths[i]);
        assert_ptr_equal(bytes.data, room + NETSTRING_HEAD);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(netstring_read__good_and_bad__as_the_table_says),
        cmocka_unit_test(netstring_read__cut_at_every_byte__part_and_never_bad),
        cmocka_unit_test(netstring_read__bound__the_last_length_that_fits),
        cmocka_unit_test(netstring_wrap__any_length__can_be_read_again),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
