/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/check/access.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/xattr.h>

#define GROUPS_MOST 256
#define NAMES_SIZE 4096

struct identity {
    uid_t user;
    gid_t groups[GROUPS_MOST];
    int count;
};

static bool identity_of(const char *user, struct identity *identity, struct access_result *result)
{
    struct passwd entry, *found = NULL;
    struct group group, *own = NULL;
    char names[NAMES_SIZE];
    gid_t first;

    if (getpwnam_r(user, &entry, names, sizeof(names), &found) != 0 || found == NULL)
        return false;
    identity->user = entry.pw_uid;
    first = entry.pw_gid;
    identity->count = GROUPS_MOST;
    if (getgrouplist(user, first, identity->groups, &identity->count) < 0)
        return false;
    if (getgrgid_r(first, &group, names, sizeof(names), &own) == 0 && own != NULL)
        (void)snprintf(result->group, sizeof(result->group), "%s", group.gr_name);
    return true;
}

static bool in_group(const struct identity *identity, gid_t group)
{
    for (int i = 0; i < identity->count; i++) {
        if (identity->groups[i] == group)
            return true;
    }
    return false;
}

/* `bits`: of S_IRWXO. */
static bool may(const struct identity *identity, const struct stat *stat, mode_t bits)
{
    if (identity->user == 0)
        return true;
    if (stat->st_uid == identity->user)
        return (stat->st_mode >> 6 & bits) == bits;
    if (in_group(identity, stat->st_gid))
        return (stat->st_mode >> 3 & bits) == bits;
    return (stat->st_mode & bits) == bits;
}

static enum access look_at(const char *path, const struct identity *identity, bool folder)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return errno == ENOENT || errno == ENOTDIR ? ACCESS_ABSENT : ACCESS_UNKNOWN;
    if (!folder && !S_ISSOCK(status.st_mode))
        return ACCESS_ABSENT;
    if (getxattr(path, "system.posix_acl_access", NULL, 0) > 0)
        return ACCESS_UNKNOWN;
    return may(identity, &status, folder ? S_IXOTH : S_IWOTH) ? ACCESS_GRANTED : ACCESS_DENIED;
}

/* Each folder of the path below `start`, then the socket. */
static void walk(const char *path, size_t start, const struct identity *identity,
                 struct access_result *result)
{
    for (size_t end = start;; end++) {
        result->folder = path[end] == '/';
        if (end == start || (path[end] != '/' && path[end] != '\0'))
            continue;
        (void)snprintf(result->denied, sizeof(result->denied), "%.*s", (int)end, path);
        result->access = look_at(result->denied, identity, result->folder);
        if (result->access != ACCESS_GRANTED || path[end] == '\0')
            return;
    }
}

void access_look(const char *path, const char *start, const char *user,
                 struct access_result *result)
{
    struct identity identity;
    size_t length = start != NULL ? strlen(start) : 0;

    *result = (struct access_result){ .access = ACCESS_UNKNOWN };
    if (!identity_of(user, &identity, result))
        identity =
            (struct identity){ .user = 0 }; /* whether it is there can be told all the same */
    if (strlen(path) >= sizeof(result->denied) || length >= strlen(path) ||
        (start != NULL && strncmp(path, start, length) != 0))
        return;
    walk(path, length, &identity, result);
    if (result->group[0] == '\0' && result->access == ACCESS_GRANTED)
        result->access = ACCESS_UNKNOWN;
}
