/* SPDX-License-Identifier: ISC */
/*
 * sendmail_lines: the lines of a sendmail.cf as Sendmail sees them: those that begin with a blank
 * belong to the one before, a "#" begins a comment.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_SENDMAIL_LINES_H
#define FORCETLS_POLICY_CLI_CHECK_SENDMAIL_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* Where a reader is: { text, text + length, 0 } at the beginning. */
struct sendmail_lines {
    const char *next, *end;
    unsigned line;
};

/* Takes the next folded line, without comments and the blanks at its end, into `folded`, which has
 * room for all of the text and a NUL; a comment is empty. Gives the number of its first line; 0:
 * the end. */
unsigned sendmail_lines_next(struct sendmail_lines *lines, char *folded);

/* Whether a line is m4's: the text is what a sendmail.cf is made of. */
bool sendmail_lines_are_m4(const char *text, size_t length);

#endif
