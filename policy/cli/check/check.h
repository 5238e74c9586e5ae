/* SPDX-License-Identifier: ISC */
/*
 * check: what `forcetls check` has found out (a survey), for those that print it. check.c fills it.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_CHECK_H
#define FORCETLS_POLICY_CLI_CHECK_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/cli/check/findings.h"
#include "policy/cli/check/roots.h"
#include "policy/cli/subcommand.h"
#include "policy/conf/conf.h"
#include "policy/facts.h"

#define MTAS (MTA_SENDMAIL + 1)

/* One of the MTAs. */
struct survey_mta {
    bool asked;        /* what does it not report? */
    bool settings;     /* and its settings are to be read, */
    const char *place; /* from there (NULL: where they usually are): */
    bool read;         /* they were, */
    struct why why;    /* else why not */
    struct findings findings;
};

struct survey {
    const char *file;
    int64_t now; /* the moment that is looked at; seconds since 1970 */
    bool dated;  /* it was asked for */
    struct diagnostics diagnostics;
    struct rules *rules; /* NULL: the file has errors, and nothing below is known */
    struct roots roots;
    struct findings trust_stores;
    struct survey_mta mtas[MTAS]; /* MTA_UNKNOWN is never asked about */
    enum status status;
};

/* check_text.c: for people, to stdout. False: not all of it got out; an error has been printed. */
bool check_print_text(const struct survey *survey);

/* check_json.c: one document, its shape is described there. */
bool check_print_json(const struct survey *survey);

#endif
