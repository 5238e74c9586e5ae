/* SPDX-License-Identifier: ISC */
/*
 * scanner: the words of libconfig's language, as libconfig's own scanner cuts them.
 *
 * libconfig tells a line and "syntax error", takes a number that is too large for another one,
 * ends a text at a NUL, and opens what @include names whatever it is. So the text is looked at
 * here first. The meaning of the words stays libconfig's business.
 */
#ifndef FORCETLS_POLICY_CONF_SCANNER_H
#define FORCETLS_POLICY_CONF_SCANNER_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/span.h"

enum word_kind {
    WORD_END,
    WORD_SPACE,
    WORD_COMMENT,
    WORD_TEXT, /* in double quotes; the quotes are part of it */
    WORD_NAME, /* a key, true, false */
    WORD_NUMBER,
    WORD_MARK,    /* one of = : ; , ( ) [ ] { } */
    WORD_INCLUDE, /* @include "NAME", at the beginning of a line */
    WORD_FOREIGN  /* a byte that has no meaning here */
};

enum word_fault {
    FAULT_NONE,
    FAULT_NUL,          /* a NUL byte, or \x00 in a text */
    FAULT_UNCLOSED,     /* a comment or a text without end (a text ends with its line) */
    FAULT_NUMBER_LARGE, /* beyond what an int holds */
    FAULT_NUMBER_ZERO,  /* 0660: libconfig 1.5 takes it for 660, 1.7 for 432 */
    FAULT_INCLUDE       /* @include without a name in double quotes */
};

struct word {
    enum word_kind kind;
    enum word_fault fault;
    struct span bytes;
    unsigned line; /* where it begins; the first is 1 */
};

struct scanner {
    struct span text;
    size_t position;
    unsigned line;
    bool line_begins; /* nothing but blanks so far */
};

void scanner_start(struct scanner *scanner, struct span text);

/* The next word, spaces and comments too: together they are the whole text. False at its end. */
bool scanner_next(struct scanner *scanner, struct word *word);

/* The next word that is neither space nor comment. */
bool scanner_next_visible(struct scanner *scanner, struct word *word);

/* The name in a WORD_INCLUDE without its quotes. */
struct span word_include_name(const struct word *word);

#endif
