/* SPDX-License-Identifier: ISC */
/*
 * sockets: where the MTA finds us: TCP sockets, and unix sockets with the right mode, owner and
 * group from their first moment on, taken over from a dead process but never from a live one.
 */
#ifndef FORCETLS_MILTER_SOCKETS_H
#define FORCETLS_MILTER_SOCKETS_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

#include "policy/why.h"

/* Who may connect to a unix socket. */
struct socket_access {
    unsigned mode;
    uid_t owner; /* (uid_t)-1: who we are; likewise below */
    gid_t group;
    const char *owner_name; /* for advice; NULL: who we are */
    const char *group_name; /* likewise; NULL: none */
};

/* A unix socket's file as we made it, so that nobody else's is removed. */
struct socket_file {
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* empty: there is none */
    dev_t device;
    ino_t inode;
};

/* Makes libmilter listen there (smfi_register() comes first), with all that this file's head
 * says. For TCP the address is tried first, since libmilter tells the reason of a failure to
 * syslog only. */
bool sockets_open_milter(const char *text, const struct socket_access *access,
                         struct socket_file *file, struct why *why);

/* Listens on a unix socket of ours, non-blocking; -1: `why`. */
int sockets_listen(const char *text, const struct socket_access *access, struct socket_file *file,
                   struct why *why);

/* The folder of a unix socket, "/run/forcetls"; the caller's, to be given to free(). NULL: it is no
 * unix socket, or memory ran out. */
char *sockets_folder(const char *text);

/* Removes the file if it is still ours and we are allowed to. */
void socket_file_remove(struct socket_file *file);

#endif
