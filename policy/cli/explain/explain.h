/* SPDX-License-Identifier: ISC */
/*
 * explain: what `forcetls explain` has found out (an explanation), for those that print it.
 * explain.c fills it. An outbound judgement would stand beside the inbound one.
 */
#ifndef FORCETLS_POLICY_CLI_EXPLAIN_EXPLAIN_H
#define FORCETLS_POLICY_CLI_EXPLAIN_EXPLAIN_H

#include <stdbool.h>

#include "policy/cli/explain/judgement.h"
#include "policy/cli/explain/logged.h"
#include "policy/cli/explain/notes.h"
#include "policy/cli/explain/places.h"
#include "policy/cli/subcommand.h"
#include "policy/rules.h"

struct explanation {
    const struct rules *rules;
    const struct facts *facts; /* of the recipient: what is asked */
    struct span helo;          /* as given; not known: none */
    bool any_recipient;
    bool dated; /* the moment was asked for; else it is now */
    struct notes notes;
    struct judgement inbound;
    struct outbound outbound;
    struct places places;
    enum status status;

    const struct logged *logged; /* NULL: no line was given; then the rest is nothing */
    struct notes missing;        /* what it lacks */
    enum sameness sameness;
};

/* explain_text.c: for people, to stdout. False: not all of it got out; an error has been printed.
 */
bool explain_print_text(const struct explanation *explanation);

/* explain_report.c: one document, its shape is described there. */
bool explain_print_json(const struct explanation *explanation);

#endif
