/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/options.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>

#define TEXT(member) offsetof(struct options, member), true
#define FLAG(member) offsetof(struct options, member), false

static const struct row {
    char letter;
    const char *word;
    size_t offset;        /* of its member, */
    bool takes_argument;  /* a text, or else a flag */
    const char *argument; /* what the usage calls it */
    const char *help;
} rows[] = {
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

/* For getopt_long(3): ":" first, so that a missing argument is told from an unknown option. */
static void make_tables(char letters[2 * ROWS + 2], struct option words[ROWS + 1])
{
    char *end = letters;

    *end++ = ':';
    for (size_t i = 0; i < ROWS; i++) {
        *end++ = rows[i].letter;
        if (rows[i].takes_argument)
            *end++ = ':';
        words[i] =
            (struct option){ .name = rows[i].word,
                             .has_arg = rows[i].takes_argument ? required_argument : no_argument,
                             .val = rows[i].letter };
    }
    *end = '\0';
    memset(&words[ROWS], 0, sizeof(words[ROWS]));
}

static void set(struct options *options, const struct row *row, const char *argument)
{
    char *member = (char *)options + row->offset;

    if (row->takes_argument)
        memcpy(member, &argument, sizeof(argument));
    else
        *(bool *)(void *)member = true;
}

bool options_parse(struct options *options, int argc, char **argv, struct why *why)
{
    char letters[2 * ROWS + 2];
    struct option words[ROWS + 1];
    int letter;

    make_tables(letters, words);
    *options = (struct options){ .config = FORCETLS_CONF };
    opterr = 0;
    while ((letter = getopt_long(argc, argv, letters, words, NULL)) != -1) {
        if (letter == ':')
            return why_fail(why, "option '%s' needs an argument", argv[optind - 1]);
        if (letter == '?' && optopt != 0)
            return why_fail(why, "unknown option '-%c'", optopt);
        if (letter == '?')
            return why_fail(why, "unknown option '%s'", argv[optind - 1]);
        for (size_t i = 0; i < ROWS; i++) {
            if (rows[i].letter == letter)
                set(options, &rows[i], optarg);
        }
    }
    if (optind < argc)
        return why_fail(why, "unknown argument '%s'", argv[optind]);
    return true;
}

void options_usage(FILE *file)
{
    char left[40];

    (void)fprintf(file, "usage: forcetls-milter");
    for (size_t i = 0; i < ROWS; i++) {
        (void)fprintf(file, " [-%c%s%s]", rows[i].letter, rows[i].takes_argument ? " " : "",
                      rows[i].takes_argument ? rows[i].argument : "");
    }
    (void)fprintf(file, "\n\n");
    for (size_t i = 0; i < ROWS; i++) {
        (void)snprintf(left, sizeof(left), "-%c, --%s%s%s", rows[i].letter, rows[i].word,
                       rows[i].takes_argument ? " " : "",
                       rows[i].takes_argument ? rows[i].argument : "");
        (void)fprintf(file, "  %-24s %s\n", left, rows[i].help);
    }
    (void)fprintf(file,
                  "\nSIGUSR1 or SIGHUP: read the configuration again. SIGTERM or SIGINT: end.\n"
                  "See forcetls-milter(8) and forcetls.conf(5).\n");
}
