/* SPDX-License-Identifier: ISC */
/*
 * source: the text of a configuration, @include expanded, and where each line of it comes from.
 */
#ifndef FORCETLS_POLICY_CONF_SOURCE_H
#define FORCETLS_POLICY_CONF_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/conf/report.h"

/* A run of lines of one file. */
struct segment {
    unsigned order; /* the first line of it in the whole text */
    const char *file;
    unsigned line; /* the same line in that file */
};

struct source {
    char *folder; /* where relative names start */
    char *text;   /* with a NUL behind it and none in it */
    size_t length, room;
    unsigned lines; /* newlines in it */
    struct segment *segments;
    size_t segment_count;
    char **files; /* names of all files that were read */
    size_t file_count;
};

/* Reads the file and what it includes. What is wrong goes into the report; false: then the
 * text is not fit for libconfig. Release it in any case, after the report. */
bool source_read(struct source *source, const char *file, struct report *report);

/* The place of a line of the whole text. */
struct place source_place(const struct source *source, unsigned order);

/* Keeps the name of another file for as long as the source lives (takes it over); NULL: memory,
 * or the name is NULL. */
const char *source_keep(struct source *source, char *name);

void source_release(struct source *source);

#endif
