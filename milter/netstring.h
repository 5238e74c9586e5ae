/* SPDX-License-Identifier: ISC */
/*
 * netstring: "LENGTH:BYTES,", the form in which Postfix's socketmap asks and is answered
 * (socketmap_table(5)). Looks at memory only, and keeps nothing.
 */
#ifndef FORCETLS_MILTER_NETSTRING_H
#define FORCETLS_MILTER_NETSTRING_H

#include <stddef.h>

#include "policy/span.h"

#define NETSTRING_MOST 99999 /* bytes: a length has at most five digits */

enum netstring {
    NETSTRING_WHOLE, /* there is one */
    NETSTRING_PART,  /* it may become one when more comes */
    NETSTRING_BAD    /* it cannot become one any more, or one that is too long */
};

/* Reads the netstring that `input` begins with and that has at most `most` bytes in it. WHOLE: its
 * bytes, which may be none, and how many of the input's it takes. No length begins with a zero but
 * zero itself. */
enum netstring netstring_read(struct span input, size_t most, struct span *bytes, size_t *taken);

/* Makes a netstring of the `length` bytes that stand NETSTRING_HEAD behind `room`; NETSTRING_TAIL
 * bytes behind them are used too. The netstring begins within the head. */
#define NETSTRING_HEAD 6
#define NETSTRING_TAIL 1
struct span netstring_wrap(char *room, size_t length);

#endif
