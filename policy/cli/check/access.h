/* SPDX-License-Identifier: ISC */
/*
 * postfix_access: whether a socket is there, and whether Postfix's user may open it.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_ACCESS_H
#define FORCETLS_POLICY_CLI_CHECK_ACCESS_H

#include <limits.h>
#include <stdbool.h>

enum access {
    ACCESS_UNKNOWN, /* we may not look, there is no such user, or an ACL decides */
    ACCESS_ABSENT,  /* there is no socket */
    ACCESS_DENIED,
    ACCESS_GRANTED
};

struct access_result {
    enum access access;
    bool folder;           /* denied: by a folder, not by the socket itself */
    char denied[PATH_MAX]; /* which */
    char group[64];        /* the user's own group, for what to type */
};

/* `start`: a folder that the path begins with and where the user is already (the queue directory:
 * nobody asks whether he may enter); NULL: it starts at the root. */
void access_look(const char *path, const char *start, const char *user,
                 struct access_result *result);

#endif
