/* SPDX-License-Identifier: ISC */
#include "policy/x509/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "policy/conf/file.h"

static bool grow(struct folder_files *files)
{
    size_t room = files->room != 0 ? 2 * files->room : 64;
    struct folder_file *items;

    if (files->count < files->room)
        return true;
    items = realloc(files->items, room * sizeof(*items));
    if (items == NULL)
        return false;
    files->items = items;
    files->room = room;
    return true;
}

static bool is_wanted(const char *path, size_t most_bytes, struct stat *status)
{
    return stat(path, status) == 0 && S_ISREG(status->st_mode) &&
           (uintmax_t)status->st_size <= most_bytes;
}

/* Takes one name of the folder, if a file that is wanted lies behind it. False: memory. */
static bool take(struct folder_files *files, const char *folder, const char *name,
                 size_t most_bytes)
{
    char *path = file_in_folder(folder, name);
    struct stat status;

    if (path == NULL)
        return false;
    if (!is_wanted(path, most_bytes, &status)) {
        free(path);
        return true;
    }
    if (!grow(files)) {
        free(path);
        return false;
    }
    files->items[files->count++] =
        (struct folder_file){ .device = status.st_dev, .inode = status.st_ino, .path = path };
    return true;
}

static bool take_all(struct folder_files *files, const char *folder, size_t most_names,
                     size_t most_bytes, struct why *why)
{
    DIR *stream = opendir(folder);
    const struct dirent *entry;
    bool taken = true;
    size_t names = 0;

    if (stream == NULL)
        return why_fail(why, "cannot open the folder: %m");
    for (errno = 0; taken && (entry = readdir(stream)) != NULL; errno = 0) {
        if (names++ == most_names)
            taken = why_fail(why, "more than %zu files in the folder", most_names);
        else if (!take(files, folder, entry->d_name, most_bytes))
            taken = why_fail(why, "out of memory");
    }
    if (taken && errno != 0)
        taken = why_fail(why, "cannot read the folder: %m");
    (void)closedir(stream);
    return taken;
}

static int compare(const void *left, const void *right)
{
    const struct folder_file *a = left, *b = right;

    if (a->device != b->device)
        return a->device < b->device ? -1 : 1;
    return (a->inode > b->inode) - (a->inode < b->inode);
}

/* Keeps one name of each file. */
static void drop_links(struct folder_files *files)
{
    size_t kept = 0;

    if (files->count > 1)
        qsort(files->items, files->count, sizeof(*files->items), compare);
    for (size_t i = 0; i < files->count; i++) {
        if (kept > 0 && compare(&files->items[kept - 1], &files->items[i]) == 0)
            free(files->items[i].path);
        else
            files->items[kept++] = files->items[i];
    }
    files->count = kept;
}

bool folder_files_find(struct folder_files *files, const char *folder, size_t most_names,
                       size_t most_bytes, struct why *why)
{
    bool found;

    *files = (struct folder_files){ .items = NULL };
    found = take_all(files, folder, most_names, most_bytes, why);
    drop_links(files);
    return found;
}

void folder_files_release(struct folder_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->items[i].path);
    free(files->items);
    *files = (struct folder_files){ .items = NULL };
}
