/* SPDX-License-Identifier: ISC */
#include "policy/cli/subcommand.h"

#include <stdarg.h>
#include <stdio.h>

#include "policy/escape.h"

#define ERROR_SIZE 2000

void cli_error(const char *format, ...)
{
    char text[ERROR_SIZE], shown[ERROR_SIZE];
    struct line line;
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    line_init(&line, shown, sizeof(shown));
    line_add_quoted(&line, span_of(text), sizeof(shown) - 1);
    (void)fflush(stdout); /* where both go to one place, in the order of events */
    (void)fprintf(stderr, "forcetls: %s\n", shown);
}
