/* SPDX-License-Identifier: ISC */
/*
 * getopt_long(3) does the parsing; the tables that it wants are made of ours. An argument that may
 * be missing is taken from the next word where that is no option: getopt itself would want "=".
 */
#include "config.h"

#include "policy/cli/options.h"

#include <assert.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MOST 24
#define WORD_CODE 256 /* getopt_long()'s value for row i is WORD_CODE + i */
#define LINE_MOST 80
#define HELP_COLUMN 26

/* ":" first in the letters, so that a missing argument is told from an unknown option. */
struct tables {
    char letters[3 * ROWS_MOST + 2];
    struct option words[ROWS_MOST + 1];
};

static int argument_of(enum option_kind kind)
{
    if (kind == OPTION_FLAG)
        return no_argument;
    return kind == OPTION_MAYBE ? optional_argument : required_argument;
}

static void make_tables(struct tables *tables, const struct option_row *rows, size_t count)
{
    char *end = tables->letters;

    assert(count <= ROWS_MOST);
    *end++ = ':';
    for (size_t i = 0; i < count; i++) {
        tables->words[i] = (struct option){ .name = rows[i].word,
                                            .has_arg = argument_of(rows[i].kind),
                                            .val = WORD_CODE + (int)i };
        if (rows[i].letter == 0)
            continue;
        *end++ = rows[i].letter;
        for (int n = argument_of(rows[i].kind); n > 0; n--)
            *end++ = ':';
    }
    *end = '\0';
    memset(&tables->words[count], 0, sizeof(tables->words[count]));
}

static const struct option_row *row_of(const struct option_row *rows, size_t count, int code)
{
    for (size_t i = 0; i < count; i++) {
        if (code == WORD_CODE + (int)i || code == rows[i].letter)
            return &rows[i];
    }
    return NULL;
}

static bool add_text(struct option_texts *texts, const char *text, struct why *why)
{
    const char **grown = realloc(texts->texts, (texts->count + 1) * sizeof(*grown));

    if (grown == NULL)
        return why_fail(why, "out of memory");
    texts->texts = grown;
    texts->texts[texts->count++] = text;
    return true;
}

static bool set(const struct option_row *row, void *target, const char *argument, struct why *why)
{
    void *member = (char *)target + row->offset;

    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)member = true;
        break;
    case OPTION_TEXT:
        *(const char **)member = argument;
        break;
    case OPTION_MAYBE:
        *(struct option_maybe *)member = (struct option_maybe){ true, argument };
        break;
    case OPTION_TEXTS:
        return add_text(member, argument, why);
    }
    return true;
}

/* What getopt_long() did not take: '?' or ':'. */
static bool fail(const struct option_row *rows, size_t count, int letter, const char *word,
                 struct why *why)
{
    if (letter == ':')
        return why_fail(why, "option '%s' needs an argument", word);
    if (optopt >= WORD_CODE && row_of(rows, count, optopt) != NULL)
        return why_fail(why, "option '--%s' takes no argument", row_of(rows, count, optopt)->word);
    if (optopt != 0)
        return why_fail(why, "unknown option '-%c'", optopt);
    return why_fail(why, "unknown option '%s'", word);
}

bool options_read(const struct option_row *rows, size_t count, void *target, int argc, char **argv,
                  int *first, struct why *why)
{
    struct tables tables;
    int letter;

    make_tables(&tables, rows, count);
    optind = 0; /* glibc, musl: start anew */
    opterr = 0;
    while ((letter = getopt_long(argc, argv, tables.letters, tables.words, NULL)) != -1) {
        const struct option_row *row = row_of(rows, count, letter);
        const char *argument = optarg;

        if (row == NULL)
            return fail(rows, count, letter, argv[optind - 1], why);
        if (row->kind == OPTION_MAYBE && argument == NULL && optind < argc &&
            argv[optind][0] != '-')
            argument = argv[optind++];
        if (!set(row, target, argument, why))
            return false;
    }
    if (first != NULL)
        *first = optind;
    else if (optind < argc)
        return why_fail(why, "unknown argument '%s'", argv[optind]);
    return true;
}

/* " FILE", " [DIR]" or "". */
static void argument_text(const struct option_row *row, char *text, size_t size)
{
    text[0] = '\0';
    if (row->kind != OPTION_FLAG)
        (void)snprintf(text, size, row->kind == OPTION_MAYBE ? " [%s]" : " %s", row->argument);
}

void options_print_short(FILE *file, const struct option_row *rows, size_t count, size_t used,
                         size_t indent)
{
    char argument[64], text[128];

    for (size_t i = 0; i < count; i++) {
        const char *more = rows[i].kind == OPTION_TEXTS ? " ..." : "";
        int length;

        argument_text(&rows[i], argument, sizeof(argument));
        if (rows[i].letter != 0)
            length = snprintf(text, sizeof(text), "[-%c%s%s]", rows[i].letter, argument, more);
        else
            length = snprintf(text, sizeof(text), "[--%s%s%s]", rows[i].word, argument, more);
        if (used + 1 + (size_t)length > LINE_MOST) {
            (void)fprintf(file, "\n%*s", (int)indent - 1, "");
            used = indent - 1;
        }
        (void)fprintf(file, " %s", text);
        used += 1 + (size_t)length;
    }
}

void options_print_help(FILE *file, const struct option_row *rows, size_t count)
{
    char argument[64], left[128];

    for (size_t i = 0; i < count; i++) {
        argument_text(&rows[i], argument, sizeof(argument));
        if (rows[i].letter != 0)
            (void)snprintf(left, sizeof(left), "-%c, --%s%s", rows[i].letter, rows[i].word,
                           argument);
        else
            (void)snprintf(left, sizeof(left), "    --%s%s", rows[i].word, argument);
        (void)fprintf(file, "  %-*s %s\n", HELP_COLUMN - 2, left, rows[i].help);
    }
}

void option_texts_release(struct option_texts *texts)
{
    free(texts->texts);
    *texts = (struct option_texts){ NULL, 0 };
}
