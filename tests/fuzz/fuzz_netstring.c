/* SPDX-License-Identifier: ISC */
/* What Postfix's socketmap sends: the same netstrings however it is cut, and each can be wrapped
 * again as it was. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "milter/netstring.h"

#define MOST ((size_t)2000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = fuzz_copy(data, size);
    struct span input = { copy, size }, bytes, again;
    size_t taken, same;

    while (netstring_read(input, MOST, &bytes, &taken) == NETSTRING_WHOLE) {
        char *room = malloc(NETSTRING_HEAD + bytes.length + NETSTRING_TAIL);
        struct span wrapped;

        MUST(room != NULL && taken <= input.length && bytes.length <= MOST);
        MUST(taken > bytes.length);
        /* A byte less is a part of it. */
        MUST(netstring_read((struct span){ input.data, taken - 1 }, MOST, &again, &same) ==
             NETSTRING_PART);
        memcpy(room + NETSTRING_HEAD, bytes.data, bytes.length);
        wrapped = netstring_wrap(room, bytes.length);
        MUST(wrapped.length == taken && memcmp(wrapped.data, input.data, taken) == 0);
        free(room);
        input.data += taken;
        input.length -= taken;
    }
    free(copy);
    return 0;
}
