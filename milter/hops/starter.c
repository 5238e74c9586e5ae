/* SPDX-License-Identifier: ISC */
/*
 * The starter's own code is what a fork of a process with threads may run: no allocation, no locks.
 * One message is one packet (SOCK_SEQPACKET): a byte, with two descriptors for "start"; back come
 * reports. Both sides count the starts, so that a report about one that was replaced meanwhile is
 * not taken for one about the next.
 */
#include "config.h"

#include "milter/hops/starter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "milter/privileges.h"

#define START 's'
#define KILL 'k'

/* In the starter the socket, and in its child what tells the starter that it cannot be executed. */
#define THIRD (STDERR_FILENO + 1)

/* ---- the starter ---------------------------------------------------------------------------- */

struct child {
    pid_t pid;      /* 0: there is none */
    unsigned start; /* of the last one that was asked for */
};

static void report(int fd, const struct child *child, enum starter_event what, int value)
{
    struct starter_report report = { .what = what, .value = value, .start = child->start };

    (void)send(fd, &report, sizeof(report), MSG_NOSIGNAL);
}

static void become(const char *program, const int descriptors[2], int failure)
    __attribute__((noreturn));

static void become(const char *program, const int descriptors[2], int failure)
{
    char *const arguments[] = { (char *)(uintptr_t)program, NULL };
    char *const environment[] = { NULL };
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGCHLD, SIG_DFL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)setsid();
    /* Whoever ends us ends it, even if it hangs; if that was before, it reads the end of a file. */
    (void)prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0L, 0L, 0L);
    if (dup2(descriptors[0], STDIN_FILENO) >= 0 && dup2(descriptors[0], STDOUT_FILENO) >= 0 &&
        dup2(descriptors[1], STDERR_FILENO) >= 0 && dup3(failure, THIRD, O_CLOEXEC) >= 0) {
        closefrom(THIRD + 1);
        (void)execve(program, arguments, environment);
        (void)!write(THIRD, &errno, sizeof(errno));
    }
    _exit(1);
}

static void kill_child(pid_t *child)
{
    int status;

    if (*child <= 0)
        return;
    (void)kill(*child, SIGKILL);
    while (waitpid(*child, &status, 0) < 0 && errno == EINTR)
        continue;
    *child = 0;
}

/* The child, once it is the program; -1: errno. */
static pid_t execute(const char *program, const int descriptors[2])
{
    int failure[2], error = 0;
    pid_t child;

    if (pipe2(failure, O_CLOEXEC) != 0)
        return -1;
    child = fork();
    if (child == 0)
        become(program, descriptors, failure[1]);
    error = child < 0 ? errno : 0;
    (void)close(failure[1]);
    (void)!read(failure[0], &error, sizeof(error)); /* nothing, when it has become the program */
    (void)close(failure[0]);
    if (error == 0)
        return child;
    kill_child(&child);
    errno = error;
    return -1;
}

static void start_child(int fd, const char *program, const int descriptors[2], struct child *child)
{
    kill_child(&child->pid);
    child->start++;
    errno = EMFILE; /* they came, and found no room */
    child->pid = descriptors[1] >= 0 ? execute(program, descriptors) : -1;
    if (child->pid > 0)
        report(fd, child, STARTER_STARTED, (int)child->pid);
    else
        report(fd, child, STARTER_FAILED, errno);
}

static void reap(int fd, struct child *child)
{
    int status;

    if (child->pid <= 0 || waitpid(child->pid, &status, WNOHANG) != child->pid)
        return;
    child->pid = 0;
    report(fd, child, STARTER_ENDED, status);
}

/* A message and its descriptors (-1: none). 0: the other end is closed, or the message is none. */
static char receive(int fd, int descriptors[2])
{
    char byte = 0;
    struct iovec part = { &byte, 1 };
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(2 * sizeof(int))];
    } control;
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof(control) };
    const struct cmsghdr *header;

    descriptors[0] = descriptors[1] = -1;
    if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) != 1)
        return 0;
    header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(descriptors, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0)); /* one or two */
    return byte;
}

/* False: we are to end. */
static bool obey(int fd, const char *program, struct child *child)
{
    int descriptors[2];
    char what = receive(fd, descriptors);

    if (what == START)
        start_child(fd, program, descriptors, child);
    else if (what == KILL && child->pid > 0)
        (void)kill(child->pid, SIGKILL); /* its end is told like any other */
    for (int i = 0; i < 2; i++) {
        if (descriptors[i] >= 0)
            (void)close(descriptors[i]);
    }
    return what != 0;
}

static void on_child(int number)
{
    (void)number; /* it ends ppoll(2) */
}

/* Nothing of the daemon's but the socket. */
static void keep_only(int fd)
{
    int null = open("/dev/null", O_RDWR);

    for (int i = STDIN_FILENO; null >= 0 && i <= STDERR_FILENO; i++)
        (void)dup2(null, i);
    (void)dup2(fd, THIRD);
    closefrom(THIRD + 1);
}

static void serve(int daemon_fd, const char *program) __attribute__((noreturn));

static void serve(int daemon_fd, const char *program)
{
    const int fd = THIRD;
    struct sigaction action = { .sa_handler = on_child };
    struct pollfd wanted = { .fd = fd, .events = POLLIN };
    struct child child = { .pid = 0 };
    sigset_t all;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL); /* whoever ends the daemon ends us */
    (void)sigaction(SIGCHLD, &action, NULL);
    (void)sigdelset(&all, SIGCHLD); /* while waiting nothing else is let in */
    (void)setsid();
    (void)!chdir("/");
    keep_only(daemon_fd);
    privileges_forbid_new();
    (void)prctl(PR_SET_NAME, "forcetls-start", 0L, 0L, 0L);
    do {
        reap(fd, &child);
        wanted.revents = 0;
        (void)ppoll(&wanted, 1, NULL, &all);
    } while (wanted.revents == 0 || obey(fd, program, &child));
    kill_child(&child.pid);
    _exit(0);
}

/* ---- the daemon's side ---------------------------------------------------------------------- */

/* Forks twice, so that the starter is nobody's child and is waited for by nobody. */
static bool fork_starter(int fd, const char *program)
{
    pid_t child = fork(), grandchild;
    int status;

    if (child == 0) {
        grandchild = fork();
        if (grandchild == 0)
            serve(fd, program);
        _exit(grandchild > 0 ? 0 : errno);
    }
    if (child < 0)
        return false;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return false;
    }
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : EAGAIN;
    return errno == 0;
}

int starter_new(const char *program)
{
    int ends[2], error;
    bool made;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    made = fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 && fork_starter(ends[1], program);
    error = errno;
    (void)close(ends[1]);
    if (made)
        return ends[0];
    (void)close(ends[0]);
    errno = error;
    return -1;
}

bool starter_start(int fd, int stdio, int errors)
{
    char byte = START;
    const int descriptors[2] = { stdio, errors };
    struct iovec part = { &byte, 1 };
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(descriptors))];
    } control = { .room = { 0 } };
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof(control) };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(descriptors));
    memcpy(CMSG_DATA(header), descriptors, sizeof(descriptors));
    return sendmsg(fd, &message, MSG_NOSIGNAL) == 1;
}

bool starter_kill(int fd)
{
    const char byte = KILL;

    return send(fd, &byte, 1, MSG_NOSIGNAL) == 1;
}

/* The socket remembers who made it. */
bool starter_is_privileged(int fd)
{
    struct ucred maker = { .uid = (uid_t)-1 };
    socklen_t length = sizeof(maker);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &maker, &length) == 0 && maker.uid == 0 &&
           geteuid() != 0;
}

void starter_read(int fd, struct starter_report *report)
{
    ssize_t got = recv(fd, report, sizeof(*report), 0);

    if (got == (ssize_t)sizeof(*report))
        return;
    *report = (struct starter_report){ .what = STARTER_GONE };
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        report->what = STARTER_NOTHING;
}
