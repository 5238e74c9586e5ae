/* SPDX-License-Identifier: ISC */
/*
 * conf_case: configuration texts and the diagnostics that they must draw, for the unit tests of
 * policy/conf. Works in a folder of its own, which is the current one while the tests run.
 */
#ifndef FORCETLS_TESTS_UNIT_CONF_CASE_H
#define FORCETLS_TESTS_UNIT_CONF_CASE_H

#include "policy/conf/conf.h"
#include "tests/unit/build.h"

struct conf_case {
    const char *text;     /* of the file t.conf */
    const char *expected; /* all diagnostics, a line each with its newline */
};

/* Group setup and teardown: make the folder, go there; leave it, remove it. */
int conf_folder_make(void **state);
int conf_folder_remove(void **state);

void conf_write(const char *name, struct span bytes);

/* Reads t.conf with this text; every row must draw what it expects, and give rules exactly where
 * there is no error. Returns the number of rows that do not. */
unsigned conf_case_check(const struct conf_case *rows, size_t count);

/* The rules of a text; the test fails if there is an error in it. */
struct rules *conf_rules(const char *text);

/* What a file draws, as in `expected`; the caller's, to be given to free(). `*good`: rules. */
char *conf_diagnostics(const char *file, bool *good);

/* A file with one connector: sound inbound and outbound ones, where later `keys` come behind. */
#define CONF_INBOUND(keys)                                                                 \
    "connectors = ( { name = \"x\"; direction = \"inbound\"; domains = [ \"contoso.com\" " \
    "];\n" keys "\n} );\n"
#define CONF_OUTBOUND(keys)                                                                 \
    "connectors = ( { name = \"x\"; direction = \"outbound\"; domains = [ \"contoso.com\" " \
    "];\n" keys "\n} );\n"
#define CONF_NONE                                                                     \
    "connectors = ( { name = \"x\"; direction = \"inbound\"; domains = [ \"a.b\" ]; " \
    "level = \"encrypt\"; } );\n"

#endif
