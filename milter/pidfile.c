/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool lock_whole(int fd)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    return fcntl(fd, F_SETLK, &whole) == 0;
}

/* Who has the lock; 0: cannot be told. */
static pid_t lock_holder(int fd)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    return fcntl(fd, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK ? whole.l_pid : 0;
}

/* The name still leads to the file that we have open (its former owner may have removed it
 * between our open and our lock). */
static bool is_same(const char *name, int fd)
{
    struct stat ours, named;

    return fstat(fd, &ours) == 0 && lstat(name, &named) == 0 && ours.st_dev == named.st_dev &&
           ours.st_ino == named.st_ino;
}

static bool write_pid(int fd)
{
    char text[24];
    int length = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

    return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)length, 0) == length;
}

static bool locked_why(struct why *why, const char *name, int fd)
{
    int error = errno;
    pid_t holder = lock_holder(fd);

    if (error != EAGAIN && error != EACCES)
        return why_fail(why, "cannot lock the pid file '%s': %s", name, strerror(error));
    return why_fail(why,
                    "is forcetls-milter running already? The pid file '%s' is locked by "
                    "process %ld",
                    name, (long)holder);
}

/* One try; -1 with an empty `why`: try again. */
static int try_open(const char *name, struct why *why)
{
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);

    if (fd < 0) {
        (void)why_fail(why, "cannot open the pid file '%s': %s", name, strerror(errno));
        return -1;
    }
    if (!lock_whole(fd))
        (void)locked_why(why, name, fd);
    else if (!is_same(name, fd))
        why->text[0] = '\0';
    else if (!write_pid(fd))
        (void)why_fail(why, "cannot write the pid file '%s': %s", name, strerror(errno));
    else
        return fd;
    (void)close(fd);
    return -1;
}

int pidfile_open(const char *name, struct why *why)
{
    for (int tries = 0; tries < 10; tries++) {
        int fd = try_open(name, why);

        if (fd >= 0 || why->text[0] != '\0')
            return fd;
    }
    (void)why_fail(why, "the pid file '%s' is replaced again and again", name);
    return -1;
}

void pidfile_remove(const char *name, int fd)
{
    if (fd < 0)
        return;
    if (is_same(name, fd) && unlink(name) != 0)
        (void)!ftruncate(fd, 0);
    (void)close(fd);
}
