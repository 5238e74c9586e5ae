/* SPDX-License-Identifier: ISC */
/* Tests of policy/probe/reply: replies whole and in pieces, and all that is none. */
#include "tests/unit/build.h"

#include <stdlib.h>
#include <string.h>

#include "policy/probe/reply.h"

/* Feeds pieces of `size` bytes at most; how many bytes were taken. */
static size_t feed(struct reply *reply, struct span bytes, size_t size)
{
    size_t total = 0;

    while (total < bytes.length && reply->status == REPLY_MORE) {
        size_t length = bytes.length - total < size ? bytes.length - total : size, used;

        (void)reply_feed(reply, bytes.data + total, length, &used);
        total += used;
        if (used < length)
            break;
    }
    return total;
}

static const char *const words[] = {
    [REPLY_MORE] = "more",
    [REPLY_DONE] = "done",
    [REPLY_MALFORMED] = "malformed",
    [REPLY_TOO_LONG] = "too long",
};

static const struct {
    struct span bytes;
    enum reply_status status;
    int code;
    size_t taken; /* 0: all of them */
    const char *summary;
} replies[] = {
    { S("220 mx.example ESMTP\r\n"), REPLY_DONE, 220, 0, "220 mx.example ESMTP" },
    { S("220\r\n"), REPLY_DONE, 220, 0, "220" },
    { S("220 \r\n"), REPLY_DONE, 220, 0, "220 " },
    { S("220 a\n"), REPLY_DONE, 220, 0, "220 a" },
    { S("220-a\r\n220 b\r\n"), REPLY_DONE, 220, 0, "220 a b" },
    { S("220-a\n220-\r\n220\r\n"), REPLY_DONE, 220, 0, "220 a  " },
    { S("599 x\r\n"), REPLY_DONE, 599, 0, "599 x" },
    { S("571 x\r\n"), REPLY_DONE, 571, 0, "571 x" },
    { S("250 a\rb\r\n"), REPLY_DONE, 250, 0, "250 a\rb" },
    { S("250 a\r\r\n"), REPLY_DONE, 250, 0, "250 a\r" },
    { S("220 a\r\nEXTRA"), REPLY_DONE, 220, 7, "220 a" },
    { S("220 a\n\n"), REPLY_DONE, 220, 6, "220 a" },
    { S("220-a\r\n220 b\r\n220 c\r\n"), REPLY_DONE, 220, 14, "220 a b" },
    { S(""), REPLY_MORE, 0, 0, "" },
    { S("2"), REPLY_MORE, 0, 0, "2" },
    { S("220"), REPLY_MORE, 0, 0, "220" },
    { S("220 a"), REPLY_MORE, 0, 0, "220 a" },
    { S("220 a\r"), REPLY_MORE, 0, 0, "220 a\r" },
    { S("220-a\r\n"), REPLY_MORE, 220, 0, "" },
    { S("120 a\r\n"), REPLY_MALFORMED, 0, 1, "1" },
    { S("620 a\r\n"), REPLY_MALFORMED, 0, 1, "6" },
    { S("HTTP/1.1 400\r\n"), REPLY_MALFORMED, 0, 1, "H" },
    { S(" 220 a\r\n"), REPLY_MALFORMED, 0, 1, " " },
    { S("\r\n"), REPLY_MALFORMED, 0, 1, "\r" },
    { S("\n"), REPLY_MALFORMED, 0, 1, "" },
    { S("2\n"), REPLY_MALFORMED, 0, 2, "2" },
    { S("2x0 a\r\n"), REPLY_MALFORMED, 0, 2, "2x" },
    { S("22\r\n"), REPLY_MALFORMED, 0, 3, "22\r" },
    { S("2200 a\r\n"), REPLY_MALFORMED, 0, 4, "2200" },
    { S("220\ta\r\n"), REPLY_MALFORMED, 0, 4, "220\t" },
    { S("220_a\r\n"), REPLY_MALFORMED, 0, 4, "220_" },
    { S("220\rx\r\n"), REPLY_MALFORMED, 0, 7, "220\rx" },
    { S("220-a\r\n221 b\r\n"), REPLY_MALFORMED, 220, 14, "221 b" },
    { S("220-a\r\n250-b\r\n"), REPLY_MALFORMED, 220, 14, "250-b" },
    { S("220-a\r\nb\r\n"), REPLY_MALFORMED, 220, 8, "b" },
    { S("220-a\r\n\r\n"), REPLY_MALFORMED, 220, 8, "\r" },
};

static void reply_feed__any_pieces__same_result(void **state)
{
    struct reply reply = { .text = NULL };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(replies); i++) {
        for (size_t size = 1; size <= replies[i].bytes.length + 1; size++) {
            size_t taken = feed(&reply, replies[i].bytes, size), length;
            size_t wanted = replies[i].taken != 0 ? replies[i].taken : replies[i].bytes.length;
            char summary[100];

            length = reply_summary(&reply, summary, sizeof(summary));
            bad += row(
                reply.status == replies[i].status && reply.code == replies[i].code &&
                    taken == wanted &&
                    span_equal((struct span){ summary, length }, span_of(replies[i].summary)),
                "%s in pieces of %zu: %s, %d, %zu bytes, %s", SHOWN(replies[i].bytes), size,
                words[reply.status], reply.code, taken, SHOWN(((struct span){ summary, length })));
            reply_reset(&reply);
        }
    }
    reply_release(&reply);
    assert_int_equal(bad, 0);
}

static void reply_feed__over_and_done__takes_no_byte(void **state)
{
    struct reply reply = { .text = NULL };
    size_t used;

    (void)state;
    (void)reply_feed(&reply, "220 a\r\n", 7, &used);
    assert_int_equal(reply_feed(&reply, "220 b\r\n", 7, &used), REPLY_DONE);
    assert_int_equal(used, 0);
    reply_reset(&reply);
    (void)reply_feed(&reply, "x", 1, &used);
    assert_int_equal(reply_feed(&reply, "220 b\r\n", 7, &used), REPLY_MALFORMED);
    assert_int_equal(used, 0);
    reply_release(&reply);
}

static void reply_line__lines__text_without_code(void **state)
{
    static const struct span bytes = S("250-a\0b\r\n250-\r\n250-STARTTLS\r\n250\r\n");
    static const struct span wanted[] = { S("a\0b"), S(""), S("STARTTLS"), S("") };
    struct reply reply = { .text = NULL };

    (void)state;
    assert_false(span_known(reply_line(&reply, 0)));
    assert_int_equal(feed(&reply, bytes, 1), bytes.length);
    assert_int_equal(reply.lines, ROWS(wanted));
    for (size_t i = 0; i < ROWS(wanted); i++)
        assert_true(span_equal(reply_line(&reply, i), wanted[i]));
    assert_false(span_known(reply_line(&reply, ROWS(wanted))));
    reply_release(&reply);
}

/* A line of so many bytes, its end included, with "250-" or "250 " at its beginning. */
static size_t add_line(char *text, size_t at, size_t length, char separator)
{
    memset(text + at, 'x', length);
    memcpy(text + at, "250", 3);
    text[at + 3] = separator;
    text[at + length - 2] = '\r';
    text[at + length - 1] = '\n';
    return at + length;
}

static enum reply_status status_of(const char *text, size_t length, size_t *taken)
{
    struct reply reply = { .text = NULL };
    enum reply_status status;

    *taken = feed(&reply, (struct span){ text, length }, 100);
    status = reply.status;
    reply_release(&reply);
    return status;
}

static void reply_feed__bounds__too_long_right_behind_them(void **state)
{
    char *text = malloc(2 * REPLY_MOST);
    size_t length, taken;

    (void)state;
    assert_non_null(text);
    length = add_line(text, 0, REPLY_LINE_MOST, ' ');
    assert_int_equal(status_of(text, length, &taken), REPLY_DONE);
    length = add_line(text, 0, REPLY_LINE_MOST + 1, ' ');
    assert_int_equal(status_of(text, length, &taken), REPLY_TOO_LONG);
    assert_int_equal(taken, REPLY_LINE_MOST);

    length = 0;
    for (size_t i = 0; i + 1 < REPLY_LINES_MOST; i++)
        length = add_line(text, length, 10, '-');
    assert_int_equal(status_of(text, add_line(text, length, 10, ' '), &taken), REPLY_DONE);
    assert_int_equal(status_of(text, add_line(text, length, 10, '-'), &taken), REPLY_TOO_LONG);

    length = 0;
    for (size_t i = 0; i + 1 < REPLY_MOST / 1024; i++)
        length = add_line(text, length, 1024, '-');
    assert_int_equal(status_of(text, add_line(text, length, 1024, ' '), &taken), REPLY_DONE);
    assert_int_equal(taken, REPLY_MOST);
    assert_int_equal(status_of(text, add_line(text, length, 1025, ' '), &taken), REPLY_TOO_LONG);
    assert_true(taken <= REPLY_MOST + 1);
    free(text);
}

static void reply_summary__small_buffer__cut(void **state)
{
    static const struct span bytes = S("550-one\r\n550-two\r\n550 three\r\n");
    struct reply reply = { .text = NULL };
    char text[32];

    (void)state;
    (void)feed(&reply, bytes, 1);
    for (size_t size = 0; size <= 17; size++) {
        memset(text, '#', sizeof(text));
        assert_int_equal(reply_summary(&reply, text, size), size);
        assert_memory_equal(text, "550 one two three", size);
        assert_int_equal(text[size], '#');
    }
    assert_int_equal(reply_summary(&reply, text, sizeof(text)), 17);
    reply_release(&reply);
}

/* Nothing is taken beyond the bounds, whatever comes. The generator is the same in every run. */
static void reply_feed__noise__stays_within_bounds(void **state)
{
    static const char alphabet[] = "2222555500--  \r\n\r\nax\0\xff";
    struct reply reply = { .text = NULL };
    uint32_t seed = 1;
    unsigned bad = 0;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        char bytes[64];
        size_t used;

        for (size_t i = 0; i < sizeof(bytes); i++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
        }
        if (round % 2 == 0)
            memcpy(bytes, "250-", 4);
        (void)reply_feed(&reply, bytes, sizeof(bytes), &used);
        bad += row(reply.bytes <= REPLY_MOST + 1 && reply.lines <= REPLY_LINES_MOST &&
                       reply.length <= reply.bytes && reply.start <= reply.length,
                   "round %u", round);
        if (reply.status != REPLY_MORE)
            reply_reset(&reply);
    }
    reply_release(&reply);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reply_feed__any_pieces__same_result),
        cmocka_unit_test(reply_feed__over_and_done__takes_no_byte),
        cmocka_unit_test(reply_line__lines__text_without_code),
        cmocka_unit_test(reply_feed__bounds__too_long_right_behind_them),
        cmocka_unit_test(reply_summary__small_buffer__cut),
        cmocka_unit_test(reply_feed__noise__stays_within_bounds),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
