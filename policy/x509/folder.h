/* SPDX-License-Identifier: ISC */
/*
 * folder: the regular files of a folder, each once, whatever links lead to it.
 */
#ifndef FORCETLS_POLICY_X509_FOLDER_H
#define FORCETLS_POLICY_X509_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "policy/why.h"

/* A file, under one of its names. */
struct folder_file {
    dev_t device;
    ino_t inode;
    char *path;
};

struct folder_files {
    struct folder_file *items; /* in no order that means anything */
    size_t count, room;
};

/* Finds them; links are followed, folders inside are not, and what is larger than `most_bytes` or
 * cannot be looked at is passed over. False: the folder cannot be read, or has more names than
 * `most_names`. Release it in any case. */
bool folder_files_find(struct folder_files *files, const char *folder, size_t most_names,
                       size_t most_bytes, struct why *why);
void folder_files_release(struct folder_files *files);

#endif
