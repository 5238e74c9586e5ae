/* SPDX-License-Identifier: ISC */
/*
 * options: the command line of forcetls-milter. One table gives the parser and the usage text.
 */
#ifndef FORCETLS_MILTER_OPTIONS_H
#define FORCETLS_MILTER_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "policy/why.h"

struct options {
    const char *config; /* file */
    bool foreground;
    const char *socket;  /* NULL: milter_socket of the file */
    const char *user;    /* NULL: user of the file */
    const char *pidfile; /* NULL: none */
    bool verbose;
    bool version, help; /* only say so */
};

/* Reads the command line; the strings stay argv's. False: `why` says what is wrong with it. */
bool options_parse(struct options *options, int argc, char **argv, struct why *why);

/* The usage text. */
void options_usage(FILE *file);

#endif
