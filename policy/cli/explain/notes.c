/* SPDX-License-Identifier: ISC */
#include "policy/cli/explain/notes.h"

struct line *notes_next(struct notes *notes)
{
    size_t index = notes->count < NOTES_MOST ? notes->count++ : NOTES_MOST;

    notes->left_out += index == NOTES_MOST;
    line_init(&notes->line, notes->texts[index], NOTE_SIZE);
    return &notes->line;
}
