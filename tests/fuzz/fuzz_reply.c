/* SPDX-License-Identifier: ISC */
/* A server's reply: the same whether it comes at once or in pieces. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "policy/probe/ehlo.h"
#include "policy/probe/reply.h"

static size_t feed(struct reply *reply, const char *data, size_t size, size_t piece)
{
    size_t taken = 0, used;

    reply_reset(reply);
    while (taken < size && reply->status == REPLY_MORE) {
        size_t length = size - taken < piece ? size - taken : piece;

        (void)reply_feed(reply, data + taken, length, &used);
        MUST(used <= length);
        taken += used;
        if (used < length)
            break;
    }
    return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = fuzz_copy(data, size);
    struct reply whole = { .code = 0 }, pieces = { .code = 0 };
    struct texts_found offered = { .count = 0 };
    char text[200];

    MUST(feed(&whole, copy, size, size > 0 ? size : 1) == feed(&pieces, copy, size, 3));
    MUST(whole.status == pieces.status && whole.code == pieces.code);
    MUST(whole.length == pieces.length && whole.lines == pieces.lines);
    MUST(whole.length == 0 || memcmp(whole.text, pieces.text, whole.length) == 0);
    if (whole.status == REPLY_DONE) {
        MUST(whole.code >= 200 && whole.code <= 599);
        (void)ehlo_read(&whole, &offered);
        for (size_t i = 0; i < whole.lines; i++)
            (void)reply_line(&whole, i);
    }
    MUST(reply_summary(&whole, text, sizeof(text)) <= sizeof(text));
    texts_release(&offered);
    reply_release(&whole);
    reply_release(&pieces);
    free(copy);
    return 0;
}
