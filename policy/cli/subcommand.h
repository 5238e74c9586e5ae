/* SPDX-License-Identifier: ISC */
/*
 * subcommand: what main.c knows of each subcommand, and what all of them share: the exit statuses
 * and the form of an error.
 */
#ifndef FORCETLS_POLICY_CLI_SUBCOMMAND_H
#define FORCETLS_POLICY_CLI_SUBCOMMAND_H

#include <stddef.h>

#include "policy/cli/options.h"

/* Exit statuses of forcetls(1). */
enum status {
    STATUS_GOOD = 0,
    STATUS_NO = 1,     /* the answer is no: errors in the file, the mail would be refused */
    STATUS_USAGE = 2,  /* wrong usage, or a file that cannot be read */
    STATUS_UNKNOWN = 3 /* it cannot be told now */
};

struct subcommand {
    const char *word;
    const char *summary;   /* one line, lower case */
    const char *arguments; /* what comes behind the options ("[FILE ...]"); NULL: nothing may */
    const struct option_row *options;
    size_t option_count;
    size_t size;                /* of the options' struct, which main.c zeroes and fills */
    const char *const *details; /* lines of the usage text behind the options; NULL ends them */
    /* `files` are the arguments behind the options; NULL ends them. */
    enum status (*run)(const void *options, char *const files[]);
};

extern const struct subcommand check_subcommand, explain_subcommand, log_subcommand,
    probe_subcommand, status_subcommand, export_subcommand;

/* "forcetls: TEXT" to stderr. Lower case, the problem first, the offending value in single quotes.
 * Foreign bytes among the arguments are escaped. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
