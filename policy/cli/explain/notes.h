/* SPDX-License-Identifier: ISC */
/*
 * notes: what the reader has to know of an answer beside the answer: what was not given, what was
 * not believed. Sentences without a full stop, lower case, printable. Pure.
 */
#ifndef FORCETLS_POLICY_CLI_EXPLAIN_NOTES_H
#define FORCETLS_POLICY_CLI_EXPLAIN_NOTES_H

#include <stddef.h>

#include "policy/escape.h"

#define NOTES_MOST 24
#define NOTE_SIZE 400

struct notes {
    char texts[NOTES_MOST + 1][NOTE_SIZE]; /* the last one is for what is left out */
    size_t count;
    size_t left_out;  /* there was no room for them */
    struct line line; /* of the newest one */
};

/* The next note, empty, to be written with line_add() and the like. */
struct line *notes_next(struct notes *notes);

#endif
