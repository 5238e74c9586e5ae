/* SPDX-License-Identifier: ISC */
/*
 * report: the diagnostics of one reading, collected in any order, handed over in the file's.
 *
 * Owns what it has collected until report_finish() gives it away. Never prints.
 */
#ifndef FORCETLS_POLICY_CONF_REPORT_H
#define FORCETLS_POLICY_CONF_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/conf/conf.h"
#include "policy/span.h"

/* Where something stands. */
struct place {
    const char *file;  /* as an administrator finds it; lives as long as the report */
    unsigned line;     /* in that file */
    unsigned order;    /* line in the whole text, includes expanded */
    unsigned suborder; /* line in a file that `order` names (domains_file), else 0 */
};

/* "line 12", or "FILE:12" where that is not the file that `from` is in. */
#define PLACE_SIZE 280
void place_format(const struct place *place, const struct place *from, char text[PLACE_SIZE]);

struct report_item {
    enum severity severity;
    struct place place;
    char *text;
};

struct report {
    struct report_item *items;
    size_t count, room;
    size_t errors;
    size_t left_out;    /* beyond the bound: counted, not kept */
    bool out_of_memory; /* a diagnostic could not be kept */
};

/* Adds one: the sentence, and the offending value behind it as "('value')" if there is one
 * (value.data != NULL). Foreign bytes are escaped. */
void report_add(struct report *report, enum severity severity, struct place place,
                struct span value, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Sorts, drops what is there twice, and moves all of it into `diagnostics`. The report is empty
 * afterwards. `file` names the file for what has no place. */
void report_finish(struct report *report, const char *file, struct diagnostics *diagnostics);

/* Frees what has not been given away. */
void report_release(struct report *report);

#endif
