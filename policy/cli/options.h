/* SPDX-License-Identifier: ISC */
/*
 * options: a command line as a table. The table gives the parser and the usage text, of the daemon
 * and of each subcommand.
 */
#ifndef FORCETLS_POLICY_CLI_OPTIONS_H
#define FORCETLS_POLICY_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "policy/why.h"

/* In brackets the type of the member at the row's offset. */
enum option_kind {
    OPTION_FLAG,  /* takes no argument (bool) */
    OPTION_TEXT,  /* takes one (const char *) */
    OPTION_MAYBE, /* may take one, "--word", "--word TEXT" or "--word=TEXT" (struct option_maybe) */
    OPTION_TEXTS  /* takes one, and may be given again (struct option_texts) */
};

struct option_maybe {
    bool given;
    const char *text; /* NULL: without an argument */
};

struct option_texts {
    const char **texts; /* option_texts_release() */
    size_t count;
};

struct option_row {
    char letter; /* 0: only the word */
    const char *word;
    enum option_kind kind;
    size_t offset;        /* of its member in the target */
    const char *argument; /* what the usage calls it; NULL for a flag */
    const char *help;     /* one line */
};

/*
 * Reads the command line into `target`, which the caller has filled with the defaults; the strings
 * stay argv's. `*first` becomes the index of the first argument that is no option; where `first`
 * is NULL there must be none. False: `why` says what is wrong.
 */
bool options_read(const struct option_row *rows, size_t count, void *target, int argc, char **argv,
                  int *first, struct why *why);

/* " [-c FILE] [--at DATE] ...", broken into lines of 80 columns that are indented by `indent`;
 * the first line has `used` columns already. Ends without a line feed. */
void options_print_short(FILE *file, const struct option_row *rows, size_t count, size_t used,
                         size_t indent);

/* One line an option, with its help. */
void options_print_help(FILE *file, const struct option_row *rows, size_t count);

void option_texts_release(struct option_texts *texts);

#endif
