/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* getpwnam_r(3) and getgrnam_r(3) want a buffer; a group's has all its members in it. */
#define DATABASE_BUFFER 65536

bool account_find(struct account *account, const char *name, struct why *why)
{
    char buffer[DATABASE_BUFFER];
    struct passwd entry, *found = NULL;
    int error = getpwnam_r(name, &entry, buffer, sizeof(buffer), &found);

    if (found == NULL && error != 0)
        return why_fail(why, "cannot look up the user '%s': %s", name, strerror(error));
    if (found == NULL)
        return why_fail(why,
                        "there is no user '%s'; make one with: useradd --system --user-group "
                        "--home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin "
                        "%s",
                        name, name);
    if (found->pw_uid == 0)
        return why_fail(why,
                        "the user '%s' is root: name another one, or leave user out to stay "
                        "root",
                        name);
    if (strlen(name) >= sizeof(account->name))
        return why_fail(why, "the user's name '%s' is too long", name);
    memcpy(account->name, name, strlen(name) + 1);
    account->uid = found->pw_uid;
    account->gid = found->pw_gid;
    return true;
}

bool group_find(gid_t *gid, const char *name, struct why *why)
{
    char buffer[DATABASE_BUFFER];
    struct group entry, *found = NULL;
    int error = getgrnam_r(name, &entry, buffer, sizeof(buffer), &found);

    if (found == NULL && error != 0)
        return why_fail(why, "cannot look up the group '%s': %s", name, strerror(error));
    if (found == NULL)
        return why_fail(why, "there is no group '%s'", name);
    *gid = found->gr_gid;
    return true;
}

void privileges_forbid_new(void)
{
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L);
}

static bool is_for_good(const struct account *account)
{
    uid_t real, effective, saved;
    gid_t real_group, effective_group, saved_group;

    return getresuid(&real, &effective, &saved) == 0 && real == account->uid &&
           effective == account->uid && saved == account->uid &&
           getresgid(&real_group, &effective_group, &saved_group) == 0 &&
           real_group == account->gid && effective_group == account->gid &&
           saved_group == account->gid && setuid(0) != 0 && seteuid(0) != 0;
}

bool privileges_drop(const struct account *account, struct why *why)
{
    const char *step = NULL;

    if (initgroups(account->name, account->gid) != 0)
        step = "initgroups";
    else if (setresgid(account->gid, account->gid, account->gid) != 0)
        step = "setresgid";
    else if (setresuid(account->uid, account->uid, account->uid) != 0)
        step = "setresuid";
    if (step != NULL)
        return why_fail(why, "cannot become the user '%s': %s: %s", account->name, step,
                        strerror(errno));
    if (!is_for_good(account))
        return why_fail(why, "became the user '%s', but could become root again", account->name);
    return true;
}

unsigned long limit_files_raise(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1024;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    return (unsigned long)limit.rlim_cur;
}
