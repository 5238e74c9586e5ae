/* SPDX-License-Identifier: ISC */
/*
 * conf: a configuration file becomes rules, and a list of everything that is wrong with it.
 */
#ifndef FORCETLS_POLICY_CONF_CONF_H
#define FORCETLS_POLICY_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/domain.h"
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
 * both cases; some are about dates, and `now` (seconds since 1970) is the day. Release the
 * diagnostics in any case; the rules are the caller's (rules_free). */
struct rules *conf_read(const char *file, int64_t now, struct diagnostics *diagnostics);

/* Where an entry of domains or domains_file stands. Lives for the call of the visitor only. */
struct domain_place {
    const struct connector *connector; /* it has a name; not to be kept */
    const struct pattern *pattern;
    const char *key; /* "domains" or "domains_file" */
    const char *file;
    unsigned line;
};

/* Reads the file again and calls `visit` for every entry that leads to a connector: connector by
 * connector in the file's order, domains before domains_file. Nothing is reported: conf_read() has
 * done that. Of a file that has errors by now, what could be read is visited. */
void conf_visit_domains(const char *file, int64_t now,
                        void (*visit)(void *data, const struct domain_place *place), void *data);

void diagnostics_release(struct diagnostics *diagnostics);

/* "FILE:LINE: error: TEXT" into `line`; cut to fit. */
void diagnostic_format(const struct diagnostic *diagnostic, char *line, size_t size);

#endif
