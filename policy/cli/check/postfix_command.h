/* SPDX-License-Identifier: ISC */
/*
 * postfix_command: what to type, as a shell takes it. A line that begins with "# " is for the eye:
 * what no command can do, or what is to come.
 *
 * All of it is the caller's (free); NULL where memory ran out, and where an argument is NULL.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_POSTFIX_COMMAND_H
#define FORCETLS_POLICY_CLI_CHECK_POSTFIX_COMMAND_H

#include "policy/cli/check/postfix_settings.h"

char *command_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Sets a parameter: postconf -e, or postconf -P for a service. -P takes no value with blanks in it:
 * such a value goes into main.cf under a name of its own, as Debian's master.cf does it. */
char *command_set(const struct postfix_settings *settings, const struct postfix_service *service,
                  const char *name, const char *value);

/* The same with a value that is then freed. */
char *command_set_free(const struct postfix_settings *settings,
                       const struct postfix_service *service, const char *name, char *value);

/* "postconf", "postmap" ... with the -c that these settings need. */
char *command_start(const struct postfix_settings *settings, const char *program);

/* Two of them, one below the other; frees both. */
char *command_lines(char *first, char *second);

/* A word in single quotes. */
char *command_quoted(const char *text);

#endif
