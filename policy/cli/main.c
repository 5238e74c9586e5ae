/* SPDX-License-Identifier: ISC */
/*
 * forcetls: the administrator's command. One row a subcommand; what a row has gives the parser and
 * the usage text. Only status needs the daemon.
 */
#include "config.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cli/page.h"
#include "policy/cli/subcommand.h"
#include "policy/why.h"

static const struct subcommand *const subcommands[] = {
    &check_subcommand, &explain_subcommand, &log_subcommand,
    &probe_subcommand, &status_subcommand,  &export_subcommand,
};

#define SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

static void print_usage(FILE *file)
{
    (void)fputs("usage: forcetls COMMAND [OPTION ...]\n\n", file);
    for (size_t i = 0; i < SUBCOMMANDS; i++)
        (void)fprintf(file, "  %-9s %s\n", subcommands[i]->word, subcommands[i]->summary);
    (void)fputs("\n"
                "  forcetls COMMAND --help   the options of a command\n"
                "  forcetls --version        the version\n"
                "\n"
                "Exit status: 0 good, 1 the answer is no, 2 wrong usage or a file that cannot be\n"
                "read, 3 it cannot be told now. See forcetls(1) and forcetls.conf(5).\n",
                file);
}

static void print_help(const struct subcommand *subcommand)
{
    char start[64];
    int used = snprintf(start, sizeof(start), "usage: forcetls %s", subcommand->word);

    (void)fputs(start, stdout);
    options_print_short(stdout, subcommand->options, subcommand->option_count, (size_t)used,
                        (size_t)used + 1);
    if (subcommand->arguments != NULL)
        (void)printf(" %s", subcommand->arguments);
    (void)printf("\n\n%s\n\n", subcommand->summary);
    options_print_help(stdout, subcommand->options, subcommand->option_count);
    (void)printf("  %-24s %s\n", "-h, --help", "print this");
    if (subcommand->details == NULL)
        return;
    (void)putchar('\n');
    for (const char *const *line = subcommand->details; *line != NULL; line++)
        (void)printf("%s\n", *line);
}

/* Whether help is asked for, anywhere before "--". */
static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
            return true;
    }
    return false;
}

/* Gives back what the parser has allocated. */
static void release(const struct subcommand *subcommand, void *options)
{
    for (size_t i = 0; i < subcommand->option_count; i++) {
        if (subcommand->options[i].kind == OPTION_TEXTS)
            option_texts_release(
                (struct option_texts *)(void *)((char *)options + subcommand->options[i].offset));
    }
    free(options);
}

static enum status run(const struct subcommand *subcommand, int argc, char **argv)
{
    void *options = calloc(1, subcommand->size);
    enum status status = STATUS_USAGE;
    struct why why;
    int first = argc;

    if (options == NULL) {
        cli_error("out of memory");
    } else if (!options_read(subcommand->options, subcommand->option_count, options, argc, argv,
                             subcommand->arguments != NULL ? &first : NULL, &why)) {
        cli_error("%s", why.text);
        (void)fprintf(stderr, "try 'forcetls %s --help'\n", subcommand->word);
    } else {
        status = subcommand->run(options, argv + first);
    }
    if (options != NULL)
        release(subcommand, options);
    return status;
}

/* What was printed must have arrived. The subcommands see to that themselves. */
static int finish(void)
{
    return stream_finish(stdout) ? STATUS_GOOD : STATUS_UNKNOWN;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";

    (void)setlocale(LC_CTYPE, "");
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
        print_usage(stdout);
        return finish();
    }
    if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0) {
        (void)printf("forcetls %s\n", PACKAGE_VERSION);
        return finish();
    }
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        if (strcmp(word, subcommands[i]->word) != 0)
            continue;
        if (!wants_help(argc - 1, argv + 1))
            return (int)run(subcommands[i], argc - 1, argv + 1);
        print_help(subcommands[i]);
        return finish();
    }
    if (*word == '\0')
        print_usage(stderr);
    else
        cli_error("unknown command '%s', try 'forcetls --help'", word);
    return STATUS_USAGE;
}
