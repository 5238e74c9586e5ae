/* SPDX-License-Identifier: ISC */
/* options: the command line of forcetls-prober. */
#ifndef FORCETLS_POLICY_PROBE_OPTIONS_H
#define FORCETLS_POLICY_PROBE_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "policy/why.h"

struct probe_options {
    const char *user;   /* NULL: the default ones */
    bool version, help; /* only say so */
};

/* The strings stay argv's. False: `why` says what is wrong with the command line. */
bool probe_options_parse(struct probe_options *options, int argc, char **argv, struct why *why);
void probe_options_usage(FILE *file);

#endif
