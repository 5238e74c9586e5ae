/* SPDX-License-Identifier: ISC */
/*
 * sendmail_settings: what a sendmail.cf says, as far as forcetls asks: options, mail filters,
 * daemons and the smart host, each with its line.
 *
 * Source: Sendmail Installation and Operation Guide, "The Whole Scoop on the Configuration File".
 * Read as Sendmail reads it: names of options in any case, but not abbreviated; folded lines;
 * comments behind a "#". Macros in values are not expanded. Rules, maps and mailers are passed
 * over. Never looks at anything but that one file; what Sendmail gets on its command line (-O) is
 * not seen.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_SENDMAIL_SETTINGS_H
#define FORCETLS_POLICY_CLI_CHECK_SENDMAIL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/why.h"

struct sendmail_option {
    char *name;  /* its long name, as the file writes it */
    char *value; /* "" where there is none */
    unsigned line;
};

/* An X line. What it does not give is NULL. */
struct sendmail_filter {
    char *name;
    char *socket;   /* S= */
    char *flags;    /* F= */
    char *timeouts; /* T= */
    unsigned line;
};

/* DaemonPortOptions: one line, one daemon. What it does not give is NULL. */
struct sendmail_daemon {
    char *options; /* all of it, as written */
    char *name;
    char *address;
    char *port;
    char *family;
    char *modifiers;
    char *filters; /* InputMailFilters= */
    unsigned line;
};

struct sendmail_settings {
    char *file;
    struct sendmail_option *options; /* all but DaemonPortOptions, in the order of the file */
    size_t option_count;
    struct sendmail_filter *filters;
    size_t filter_count;
    struct sendmail_daemon *daemons;
    size_t daemon_count;
    struct sendmail_option smart_host; /* macro S; value NULL: not defined, or empty */
};

/* Reads the file; NULL and `why`, with the file's name in it: it cannot be read, or is none. */
struct sendmail_settings *sendmail_settings_read(const char *file, struct why *why);

/* The same from memory; `file` is only a name. */
struct sendmail_settings *sendmail_settings_parse(const char *file, const char *text, size_t length,
                                                  struct why *why);
void sendmail_settings_free(struct sendmail_settings *settings);

/* The last one of that name, or NULL. */
const struct sendmail_option *sendmail_option(const struct sendmail_settings *settings,
                                              const char *name);

/* Its value; NULL: not set, or empty. */
const char *sendmail_option_value(const struct sendmail_settings *settings, const char *name);

/* Whether DontBlameSendmail has the word; "Safe" takes back what came before it. */
bool sendmail_does_not_blame(const struct sendmail_settings *settings, const char *word);

/* By its name, in any case, of `length` bytes; NULL: there is none. */
const struct sendmail_filter *sendmail_filter(const struct sendmail_settings *settings,
                                              const char *name, size_t length);

/* The next name of a list of filters ("a, b", "a;b"): where it starts, and its length; NULL: no
 * more. `*list` moves on. */
const char *sendmail_next_filter(const char **list, size_t *length);

/* The next KEY=VALUE of DaemonPortOptions, or a part without "=" (which Sendmail passes over): the
 * part as it stands, without blanks around it; NULL: no more. `*options` moves on. */
const char *sendmail_next_part(const char **options, size_t *length);

#endif
