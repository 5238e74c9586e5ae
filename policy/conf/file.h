/* SPDX-License-Identifier: ISC */
/*
 * file: regular files, opened without ever waiting for one.
 */
#ifndef FORCETLS_POLICY_CONF_FILE_H
#define FORCETLS_POLICY_CONF_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/why.h"

/* Opens a regular file for reading; -1 and `why`: what hinders it. */
int file_open(const char *path, struct why *why);

/* Reads a regular file of at most `most` bytes; a NUL stands behind them. `*text` is the
 * caller's, to be given to free(). */
bool file_read(const char *path, size_t most, char **text, size_t *length, struct why *why);

/* Whether the file, or else (`folder_too`) the folder, is there and can be read. */
bool file_is_readable(const char *path, bool folder_too, struct why *why);

/* The folder of a path, without its trailing slash: "" for one without a slash. NULL: memory. */
char *file_folder(const char *path);

/* A name as seen from a folder ("" or a path): an absolute one stays as it is. NULL: memory. */
char *file_in_folder(const char *folder, const char *name);

#endif
