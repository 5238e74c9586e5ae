/* SPDX-License-Identifier: ISC */
/*
 * conf: a configuration file becomes rules, and a list of everything that is wrong with it.
 */
#ifndef FORCETLS_POLICY_CONF_CONF_H
#define FORCETLS_POLICY_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/rules.h"

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE };

struct diagnostic {
    enum severity severity;
    char *file;
    unsigned line;
    char *text; /* printable; "what is wrong ('offending value')" */
};

struct diagnostics {
    struct diagnostic *items; /* in the order of the file */
    size_t count;
    size_t errors;
};

/* Reads the file and all that it names (domains_file, pin_file). Returns the rules, or NULL
 * where there is an error: then `diagnostics` has at least one. Warnings and notes are there in
 * both cases; some are about dates, and depend on the day. Release the diagnostics in any case; the
 * rules are the caller's (rules_free). */
struct rules *conf_read(const char *file, struct diagnostics *diagnostics);

void diagnostics_release(struct diagnostics *diagnostics);

/* "FILE:LINE: error: TEXT" into `line`; cut to fit. */
void diagnostic_format(const struct diagnostic *diagnostic, char *line, size_t size);

#endif
