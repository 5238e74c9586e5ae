/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

void daemon_keep_standard_files(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        (void)close(fd);
}

/* The parent: until the child says that it is ready, or has ended. */
static void wait_for_child(pid_t child, int ready) __attribute__((noreturn));

static void wait_for_child(pid_t child, int ready)
{
    char byte;
    int status;
    ssize_t got;

    do {
        got = read(ready, &byte, 1);
    } while (got < 0 && errno == EINTR);
    if (got == 1)
        _exit(EX_OK);
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            _exit(EX_OSERR);
    }
    if (WIFSIGNALED(status))
        (void)fprintf(stderr, "forcetls-milter: ended by signal %d while starting\n",
                      WTERMSIG(status));
    _exit(WIFEXITED(status) && WEXITSTATUS(status) != EX_OK ? WEXITSTATUS(status) : EX_SOFTWARE);
}

bool daemon_fork(int *ready, struct why *why)
{
    int ends[2];
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return why_fail(why, "cannot make a pipe: %s", strerror(errno));
    child = fork();
    if (child < 0)
        return why_fail(why, "cannot fork: %s", strerror(errno));
    if (child > 0) {
        (void)close(ends[1]);
        wait_for_child(child, ends[0]);
    }
    (void)close(ends[0]);
    *ready = ends[1];
    (void)setsid();
    if (chdir("/") != 0)
        return why_fail(why, "cannot go to the folder '/': %s", strerror(errno));
    return true;
}

void daemon_ready(int ready)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null >= 0) {
        (void)dup2(null, STDIN_FILENO);
        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
        if (null > STDERR_FILENO)
            (void)close(null);
    }
    (void)!write(ready, "", 1);
    (void)close(ready);
}
