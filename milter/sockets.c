/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <libmilter/mfapi.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 1024
#define LOCK_TRIES 50 /* times 100 ms */

/* ---- names --------------------------------------------------------------------------------- */

enum socket_kind { SOCKET_UNIX, SOCKET_INET, SOCKET_INET6 };

struct socket_name {
    enum socket_kind kind;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* unix */
    char host[256], port[32];                               /* inet */
};

static const struct {
    const char *word;
    enum socket_kind kind;
} kinds[] = {
    { "unix:", SOCKET_UNIX },
    { "inet:", SOCKET_INET },
    { "inet6:", SOCKET_INET6 },
};

/* Copies what fits; false: it does not. */
static bool copy_part(char *to, size_t size, const char *text, size_t length)
{
    if (length >= size)
        return false;
    memcpy(to, text, length);
    to[length] = '\0';
    return true;
}

static bool read_host_and_port(struct socket_name *name, const char *text)
{
    const char *at = strchr(text, '@');

    return at != NULL && copy_part(name->port, sizeof(name->port), text, (size_t)(at - text)) &&
           copy_part(name->host, sizeof(name->host), at + 1, strlen(at + 1));
}

/* Takes a socket's canonical spelling apart: that of policy/conf, which has checked it. */
static bool socket_name_read(struct socket_name *name, const char *text, struct why *why)
{
    memset(name, 0, sizeof(*name));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t length = strlen(kinds[i].word);

        if (strncmp(text, kinds[i].word, length) != 0)
            continue;
        name->kind = kinds[i].kind;
        if (name->kind == SOCKET_UNIX
                ? copy_part(name->path, sizeof(name->path), text + length, strlen(text + length))
                : read_host_and_port(name, text + length))
            return true;
    }
    return why_fail(why, "not a socket's name, or too long a one ('%s')", text);
}

/* ---- the folder ---------------------------------------------------------------------------- */

static bool no_folder(const char *folder, const struct socket_access *access, struct why *why)
{
    bool group = access->group_name != NULL;
    char user[32];

    (void)snprintf(user, sizeof(user), "%ld", (long)geteuid());
    return why_fail(why,
                    "the folder '%s' does not exist (or is mistyped?); make it with: install -d -m "
                    "%s -o %s%s%s %s",
                    folder, group ? "2750" : "0750",
                    access->owner_name != NULL ? access->owner_name : user, group ? " -g " : "",
                    group ? access->group_name : "", folder);
}

/* Opens the folder of a socket and locks it against another process of ours that is about to
 * take over or make a socket there. */
static int folder_lock(const char *path, const struct socket_access *access, struct why *why)
{
    const struct timespec pause = { .tv_nsec = 100000000 };
    char copy[sizeof(((struct socket_name *)NULL)->path)];
    const char *folder;
    int fd;

    (void)snprintf(copy, sizeof(copy), "%s", path);
    folder = dirname(copy);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        (void)no_folder(folder, access, why);
        return -1;
    }
    if (fd < 0) {
        (void)why_fail(why, "cannot open the folder '%s': %s", folder, strerror(errno));
        return -1;
    }
    for (int tries = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; tries++) {
        if (errno != EWOULDBLOCK || tries == LOCK_TRIES) {
            (void)why_fail(why, "cannot lock the folder '%s': %s", folder, strerror(errno));
            (void)close(fd);
            return -1;
        }
        (void)nanosleep(&pause, NULL);
    }
    return fd;
}

char *sockets_folder(const char *text)
{
    struct socket_name name;

    if (!socket_name_read(&name, text, NULL) || name.kind != SOCKET_UNIX)
        return NULL;
    return strdup(dirname(name.path));
}

/* ---- unix sockets -------------------------------------------------------------------------- */

static struct sockaddr_un unix_address(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    memcpy(address.sun_path, path, strlen(path));
    return address;
}

/* Whether some process listens there: 1 yes, 0 no, -1 cannot be told (errno). */
static int is_alive(const char *path)
{
    struct sockaddr_un address = unix_address(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int result, error;

    if (fd < 0)
        return -1;
    result = connect(fd, (const struct sockaddr *)&address, sizeof(address));
    error = errno;
    (void)close(fd);
    errno = error;
    if (result == 0 || error == EAGAIN) /* EAGAIN: its queue is full */
        return 1;
    return error == ECONNREFUSED ? 0 : -1;
}

/* Makes room for a new socket. Call with the folder locked. */
static bool clear_path(const char *path, struct why *why)
{
    struct stat found;

    if (lstat(path, &found) != 0)
        return errno == ENOENT || why_fail(why, "cannot look at '%s': %s", path, strerror(errno));
    if (!S_ISSOCK(found.st_mode))
        return why_fail(why, "'%s' exists and is not a socket", path);
    switch (is_alive(path)) {
    case 1:
        return why_fail(why, "another process answers on '%s': is forcetls-milter running already?",
                        path);
    case 0:
        break;
    default:
        return why_fail(why, "cannot find out whether a process answers on '%s': %s", path,
                        strerror(errno));
    }
    if (unlink(path) != 0)
        return why_fail(why, "cannot remove the stale socket '%s': %s", path, strerror(errno));
    return true;
}

/* Owner and group of the new socket; its mode came with it. */
static bool give_away(const char *path, const struct socket_access *access,
                      struct socket_file *file, struct why *why)
{
    struct stat made;

    if (lstat(path, &made) != 0 || !S_ISSOCK(made.st_mode))
        return why_fail(why, "the new socket '%s' has disappeared", path);
    memcpy(file->path, path, strlen(path) + 1);
    file->device = made.st_dev;
    file->inode = made.st_ino;
    if ((access->owner == (uid_t)-1 && access->group == (gid_t)-1) ||
        lchown(path, access->owner, access->group) == 0)
        return true;
    (void)why_fail(why, "cannot set the owner and group of the socket '%s': %s", path,
                   strerror(errno));
    socket_file_remove(file);
    return false;
}

void socket_file_remove(struct socket_file *file)
{
    struct stat found;

    if (file->path[0] != '\0' && lstat(file->path, &found) == 0 && found.st_dev == file->device &&
        found.st_ino == file->inode)
        (void)unlink(file->path);
    file->path[0] = '\0';
}

/* What makes a socket and lets it listen, between the steps that are the same for all. */
typedef bool make_socket(const char *path, int *fd, struct why *why);

/* The umask gives the file its mode at the moment of bind(2): there is no other mode before it. */
static bool make_with_mode(make_socket *make, const char *path, int *fd, unsigned mode,
                           struct why *why)
{
    mode_t before = umask((mode_t)(~mode & 0777));
    bool made = make(path, fd, why);

    (void)umask(before);
    return made;
}

static bool open_unix(make_socket *make, const char *path, int *fd,
                      const struct socket_access *access, struct socket_file *file, struct why *why)
{
    int folder = folder_lock(path, access, why);
    bool opened;

    if (folder < 0)
        return false;
    opened = clear_path(path, why) && make_with_mode(make, path, fd, access->mode, why) &&
             give_away(path, access, file, why);
    (void)close(folder);
    return opened;
}

static bool make_ours(const char *path, int *fd, struct why *why)
{
    struct sockaddr_un address = unix_address(path);

    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd >= 0 && bind(*fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
        listen(*fd, BACKLOG) == 0)
        return true;
    return why_fail(why, "cannot make the socket '%s': %s", path, strerror(errno));
}

int sockets_listen(const char *text, const struct socket_access *access, struct socket_file *file,
                   struct why *why)
{
    struct socket_name name;
    int fd = -1;

    if (!socket_name_read(&name, text, why))
        return -1;
    if (name.kind != SOCKET_UNIX) {
        (void)why_fail(why, "this socket must be a unix socket, unix:PATH ('%s')", text);
        return -1;
    }
    if (open_unix(make_ours, name.path, &fd, access, file, why))
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

/* ---- libmilter's socket -------------------------------------------------------------------- */

static bool make_libmilters(const char *path, int *fd, struct why *why)
{
    char spec[sizeof(((struct socket_name *)NULL)->path) + 8];

    *fd = -1; /* libmilter's secret */
    (void)snprintf(spec, sizeof(spec), "unix:%s", path);
    errno = 0;
    if (smfi_setconn(spec) == MI_SUCCESS && smfi_opensocket(false) == MI_SUCCESS)
        return true;
    return why_fail(why, "libmilter cannot make the socket '%s'%s%s", path, errno != 0 ? ": " : "",
                    errno != 0 ? strerror(errno) : "");
}

/* Whether somebody could listen there now. */
static bool try_address(const struct socket_name *name, const char *text, struct why *why)
{
    struct addrinfo hints = { .ai_family = name->kind == SOCKET_INET ? AF_INET : AF_INET6,
                              .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    int error = getaddrinfo(name->host, name->port, &hints, &found);
    const int on = 1;
    int fd;
    bool free_address;

    if (error != 0)
        return why_fail(why, "no address for the socket '%s': %s", text, gai_strerror(error));
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    free_address = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                   bind(fd, found->ai_addr, found->ai_addrlen) == 0;
    if (!free_address && errno == EADDRINUSE)
        (void)why_fail(why, "another process listens on '%s': is forcetls-milter running already?",
                       text);
    else if (!free_address)
        (void)why_fail(why, "cannot listen on '%s': %s", text, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    freeaddrinfo(found);
    return free_address;
}

static bool open_inet(const struct socket_name *name, const char *text, struct why *why)
{
    const bool bracket = strchr(name->host, ':') != NULL;
    char spec[sizeof(name->host) + sizeof(name->port) + 16];

    if (!try_address(name, text, why))
        return false;
    (void)snprintf(spec, sizeof(spec), "%s:%s@%s%s%s", name->kind == SOCKET_INET ? "inet" : "inet6",
                   name->port, bracket ? "[" : "", name->host, bracket ? "]" : "");
    if (smfi_setconn(spec) != MI_SUCCESS || smfi_opensocket(false) != MI_SUCCESS)
        return why_fail(why, "libmilter cannot listen on '%s'", text);
    return true;
}

bool sockets_open_milter(const char *text, const struct socket_access *access,
                         struct socket_file *file, struct why *why)
{
    struct socket_name name;
    int fd;

    if (!socket_name_read(&name, text, why))
        return false;
    if (name.kind != SOCKET_UNIX)
        return open_inet(&name, text, why);
    return open_unix(make_libmilters, name.path, &fd, access, file, why);
}
