/* SPDX-License-Identifier: ISC */
#include "policy/conf/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* O_NONBLOCK: a FIFO without a writer must not hold us up. */
int file_open(const char *path, struct why *why)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;

    if (descriptor < 0) {
        (void)why_fail(why, "cannot open the file: %m");
        return -1;
    }
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode))
        return descriptor;
    (void)close(descriptor);
    (void)why_fail(why, "not a regular file");
    return -1;
}

static bool read_all(int descriptor, size_t most, char **text, size_t *length, struct why *why)
{
    size_t room = 4096;

    *length = 0;
    for (;;) {
        char *grown = realloc(*text, room + 1);
        ssize_t got;

        if (grown == NULL)
            return why_fail(why, "out of memory");
        *text = grown;
        got = read(descriptor, *text + *length, room - *length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return why_fail(why, "cannot read the file: %m");
        if (got == 0)
            break;
        *length += (size_t)got;
        if (*length > most)
            return why_fail(why, "the file is larger than %zu bytes", most);
        if (*length == room)
            room *= 2;
    }
    (*text)[*length] = '\0';
    return true;
}

bool file_read(const char *path, size_t most, char **text, size_t *length, struct why *why)
{
    int descriptor = file_open(path, why);
    bool done;

    *text = NULL;
    if (descriptor < 0)
        return false;
    done = read_all(descriptor, most, text, length, why);
    (void)close(descriptor);
    if (!done) {
        free(*text);
        *text = NULL;
    }
    return done;
}

bool file_is_readable(const char *path, bool folder_too, struct why *why)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return why_fail(why, "cannot open the file: %m");
    if (!S_ISREG(status.st_mode) && !(folder_too && S_ISDIR(status.st_mode)))
        return why_fail(why,
                        folder_too ? "neither a regular file nor a folder" : "not a regular file");
    if (access(path, S_ISDIR(status.st_mode) ? R_OK | X_OK : R_OK) != 0)
        return why_fail(why, "cannot read the file: %m");
    return true;
}

char *file_folder(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return strdup("");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

char *file_in_folder(const char *folder, const char *name)
{
    size_t length = strlen(folder);
    size_t size = length + strlen(name) + 2;
    char *path;

    if (length == 0 || name[0] == '/')
        return strdup(name);
    path = malloc(size);
    if (path != NULL)
        (void)snprintf(path, size, "%s%s%s", folder, folder[length - 1] == '/' ? "" : "/", name);
    return path;
}
