/* SPDX-License-Identifier: ISC */
/*
 * escape: the one way by which foreign bytes get into a log line or a reply.
 */
#ifndef FORCETLS_POLICY_ESCAPE_H
#define FORCETLS_POLICY_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/span.h"

/* A line that grows in the caller's buffer; always NUL-terminated, never longer than the
 * buffer, all bytes of it printable ASCII. */
struct line {
    char *text;
    size_t size;
    size_t length;
    bool full; /* something did not fit any more */
};

void line_init(struct line *line, char *buffer, size_t size);

/* Our own words: printf; any byte outside 0x20-0x7e becomes "?". */
void line_add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A value of the log: bare if all of it is [A-Za-z0-9<>@._:/+=-[]] and there is some of it,
 * else in double quotes with \\, \" and \xHH; at most `most` bytes of output, quotes included. */
void line_add_value(struct line *line, struct span value, size_t most);

/* The same, always in quotes. */
void line_add_string(struct line *line, struct span value, size_t most);

/* Foreign bytes inside a sentence: printable ASCII stays, anything else (and a backslash)
 * becomes \xHH; at most `most` (3 or more) bytes of output, "..." where it was cut. */
void line_add_quoted(struct line *line, struct span value, size_t most);

/* The same between apostrophes, for a value that the reader is to tell from our words. */
void line_add_cited(struct line *line, struct span value, size_t most);

#endif
