/* SPDX-License-Identifier: ISC */
/*
 * host: the mail settings of this host, held against the rules.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_HOST_H
#define FORCETLS_POLICY_CLI_CHECK_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/cli/check/findings.h"
#include "policy/rules.h"
#include "policy/why.h"

/* Reads Postfix's settings through postconf(1) (`directory` as for its -c; NULL: its own) and adds
 * what is doubtful. `file` and `now` are what conf_read() had for the rules: the domains are read
 * from there once more. False: the settings cannot be read. */
bool postfix_check(const struct rules *rules, const char *file, int64_t now, const char *directory,
                   struct findings *findings, struct why *why);

/* What to type last, once, so that all that the findings say to type takes effect: "postfix
 * reload", with -c where there is a directory. free() it; NULL where memory ran out. */
char *postfix_reload_command(const char *directory);

/* The same for what the findings have for sendmail.mc. */
#define SENDMAIL_MAKE_COMMAND "make -C /etc/mail && systemctl restart sendmail"

/* Reads Sendmail's configuration file (NULL: /etc/mail/sendmail.cf) and adds what is doubtful.
 * False: it cannot be read. */
bool sendmail_check(const struct rules *rules, const char *file, struct findings *findings,
                    struct why *why);

#endif
