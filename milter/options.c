/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/options.h"

#include <stddef.h>

#include "policy/cli/options.h"

#define TEXT(member) OPTION_TEXT, offsetof(struct options, member)
#define FLAG(member) OPTION_FLAG, offsetof(struct options, member)

static const struct option_row rows[] = {
    { 'c', "config", TEXT(config), "FILE", "the configuration (default: " FORCETLS_CONF ")" },
    { 'f', "foreground", FLAG(foreground), NULL, "stay in the foreground, log to stderr as well" },
    { 'p', "socket", TEXT(socket), "SOCKET",
      "instead of milter_socket: unix:PATH, inet:PORT@HOST, inet6:PORT@HOST" },
    { 'u', "user", TEXT(user), "USER", "instead of user: whom to become when started as root" },
    { 'P', "pidfile", TEXT(pidfile), "PIDFILE", "write the process id to PIDFILE, and lock it" },
    { 'v', "verbose", FLAG(verbose), NULL, "log debugging messages too" },
    { 'V', "version", FLAG(version), NULL, "print the versions of forcetls and libmilter" },
    { 'h', "help", FLAG(help), NULL, "print this" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

bool options_parse(struct options *options, int argc, char **argv, struct why *why)
{
    *options = (struct options){ .config = FORCETLS_CONF };
    return options_read(rows, ROWS, options, argc, argv, NULL, why);
}

void options_usage(FILE *file)
{
    static const char start[] = "usage: forcetls-milter";

    (void)fputs(start, file);
    options_print_short(file, rows, ROWS, sizeof(start) - 1, sizeof(start));
    (void)fputs("\n\n", file);
    options_print_help(file, rows, ROWS);
    (void)fputs("\nSIGUSR1 or SIGHUP: read the configuration again. SIGTERM or SIGINT: end.\n"
                "See forcetls-milter(8) and forcetls.conf(5).\n",
                file);
}
