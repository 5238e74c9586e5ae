/* SPDX-License-Identifier: ISC */
#include "policy/cli/configuration.h"

#include <stdio.h>

#include "policy/conf/conf.h"
#include "policy/conf/file.h"

#define LINE_SIZE 1001

static void print_errors(const struct diagnostics *diagnostics)
{
    char line[LINE_SIZE];

    for (size_t i = 0; i < diagnostics->count; i++) {
        if (diagnostics->items[i].severity != SEVERITY_ERROR)
            continue;
        diagnostic_format(&diagnostics->items[i], line, sizeof(line));
        (void)fprintf(stderr, "%s\n", line);
    }
}

struct rules *configuration_read(const char *file, int64_t now, struct why *why)
{
    struct diagnostics diagnostics = { .count = 0 };
    struct rules *rules;
    struct why reason;

    if (!file_is_readable(file, false, &reason)) {
        (void)why_fail(why, "%s ('%.200s')", reason.text, file);
        return NULL;
    }
    rules = conf_read(file, now, &diagnostics);
    print_errors(&diagnostics);
    diagnostics_release(&diagnostics);
    if (rules == NULL)
        (void)why_fail(why, "the configuration has errors ('%.200s')", file);
    return rules;
}
