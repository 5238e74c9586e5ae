/* SPDX-License-Identifier: ISC */
/*
 * netstring: the reader of what Postfix asks the TLS policy map.
 *
 * sources  milter/netstring.c
 * bounds   inputs of up to 9 bytes, any bytes, any limit
 * unwind   11
 */
#include "milter/netstring.h"

#include "tests/prove/open.h"

#define MOST 9

static void prove_reading(struct span input, size_t most)
{
    struct span bytes = { NULL, 0 };
    size_t taken = 0;
    enum netstring read = netstring_read(input, most, &bytes, &taken);

    if (read != NETSTRING_WHOLE)
        return;
    prove("a netstring lies within the input",
          taken <= input.length && bytes.data >= input.data &&
              bytes.data + bytes.length + 1 == input.data + taken);
    prove("it is no longer than the limit", bytes.length <= most);
    prove("it ends with a comma", input.data[taken - 1] == ',');
    prove("its length does not begin with a superfluous zero",
          input.data[0] != '0' || input.data[1] == ':');
}

/* What was said of a part of the input holds for all of it. */
static void prove_parts(struct span input, size_t most)
{
    struct span part = { input.data, open_size() }, bytes = { NULL, 0 }, again = { NULL, 0 };
    size_t taken = 0, taken_again = 0;
    enum netstring read, read_again;

    assume(part.length <= input.length);
    read = netstring_read(part, most, &bytes, &taken);
    read_again = netstring_read(input, most, &again, &taken_again);
    prove("what is bad stays bad, whatever comes",
          read != NETSTRING_BAD || read_again == NETSTRING_BAD);
    prove("what is whole stays the same, whatever comes",
          read != NETSTRING_WHOLE || (read_again == NETSTRING_WHOLE && taken_again == taken &&
                                      again.data == bytes.data && again.length == bytes.length));
}

/* Any bytes, written and read. */
static void prove_round_trip(void)
{
    char room[NETSTRING_HEAD + MOST + NETSTRING_TAIL];
    struct span written, bytes = { NULL, 0 };
    size_t length = (size_t)open_upto(MOST), taken = 0;

    written = netstring_wrap(room, length);
    prove("what is written is read again",
          netstring_read(written, NETSTRING_MOST, &bytes, &taken) == NETSTRING_WHOLE &&
              taken == written.length && bytes.data == room + NETSTRING_HEAD &&
              bytes.length == length);
}

int main(void)
{
    struct span input = open_bytes(MOST);
    size_t most = open_size();

    assume(most <= NETSTRING_MOST);
    prove_reading(input, most);
    prove_parts(input, most);
    prove_round_trip();
    return 0;
}
