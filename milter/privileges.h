/* SPDX-License-Identifier: ISC */
/*
 * privileges: becoming somebody who is not root, for good.
 */
#ifndef FORCETLS_MILTER_PRIVILEGES_H
#define FORCETLS_MILTER_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

#include "policy/why.h"

struct account {
    char name[64];
    uid_t uid;
    gid_t gid;
};

/* Looks a user up; false: there is none of that name, or he is root. */
bool account_find(struct account *account, const char *name, struct why *why);

/* Looks a group up. */
bool group_find(gid_t *gid, const char *name, struct why *why);

/* For this thread and all that it starts: no program that it executes gains anything by set-id
 * bits or file capabilities (prctl(2), PR_SET_NO_NEW_PRIVS). */
void privileges_forbid_new(void);

/* Becomes that user: his group, the groups that he is a member of, his id, and makes sure that
 * there is no way back. Call it as root. */
bool privileges_drop(const struct account *account, struct why *why);

/* The soft limit of open files is raised to the hard one; returns it. */
unsigned long limit_files_raise(void);

#endif
