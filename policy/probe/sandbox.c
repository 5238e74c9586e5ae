/* SPDX-License-Identifier: ISC */
/*
 * The list of system calls was found by measuring (strace(1) over the tests in tests/probe, on
 * Debian 12 and 13), and has the siblings that other versions of the C library use for the same
 * things. What is missing on another system ends the process with SIGSYS, and the kernel's log has
 * the number of the call ("audit: type=1326").
 */
#include "config.h"

#include "policy/probe/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "milter/privileges.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAVE_FILTER false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAVE_FILTER false
#endif
#endif
#ifndef HAVE_FILTER
#define HAVE_FILTER true
#endif

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

/* ---- who we are ----------------------------------------------------------------------------- */

static bool find_account(const char *user, struct account *account, struct why *why)
{
    if (user != NULL)
        return account_find(account, user, why);
    return account_find(account, "forcetls-prober", why) || account_find(account, "nobody", why);
}

/* The kernel forgets with the user who we were which signal the end of our parent was to bring. */
static bool become(const struct account *account, struct why *why)
{
    int signal = 0;

    (void)prctl(PR_GET_PDEATHSIG, (unsigned long)(uintptr_t)&signal, 0L, 0L, 0L);
    if (!privileges_drop(account, why))
        return false;
    (void)prctl(PR_SET_PDEATHSIG, (unsigned long)signal, 0L, 0L, 0L);
    return true;
}

bool sandbox_become(const char *user, struct why *why)
{
    struct account account;

    closefrom(STDERR_FILENO + 1);
    if (geteuid() != 0)
        return user == NULL || why_fail(why, "only root can become the user '%s'", user);
    return find_account(user, &account, why) && become(&account, why);
}

/* ---- system calls --------------------------------------------------------------------------- */

static const int allowed[] = {
    /* memory */
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    /* time */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_gettime64),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(clock_getres),
    /* waiting */
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(ppoll_time64),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(futex),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(sched_yield),
    /* descriptors */
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(close),
    SCMP_SYS(lseek),
    SCMP_SYS(_llseek),
    SCMP_SYS(fstat),
    SCMP_SYS(fstat64),
    SCMP_SYS(newfstatat),
    SCMP_SYS(fstatat64),
    SCMP_SYS(stat),
    SCMP_SYS(stat64),
    SCMP_SYS(lstat),
    SCMP_SYS(statx),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(getdents64),
    /* sockets that there are */
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recv),
    SCMP_SYS(send),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockopt),
    SCMP_SYS(shutdown),
    /* who we are, randomness, the end */
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(uname),
    SCMP_SYS(getrandom),
    SCMP_SYS(getrlimit),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/* An argument by its number. */
#define EQUAL(argument, value)          \
    {                                   \
        argument, SCMP_CMP_EQ, value, 0 \
    }
#define MASKED(argument, mask, value)             \
    {                                             \
        argument, SCMP_CMP_MASKED_EQ, mask, value \
    }

/* Some arguments of some calls only. */
static const struct rule {
    int call;
    unsigned count;
    struct scmp_arg_cmp arguments[3];
} rules[] = {
    /* no memory that can be executed; its name (glibc) */
    { SCMP_SYS(mmap), 1, { MASKED(2, PROT_EXEC, 0) } },
    { SCMP_SYS(mmap2), 1, { MASKED(2, PROT_EXEC, 0) } },
    { SCMP_SYS(mprotect), 1, { MASKED(2, PROT_EXEC, 0) } },
    { SCMP_SYS(prctl), 1, { EQUAL(0, PR_SET_VMA) } },
    /* opening for reading, nothing made or cut on the way (O_TMPFILE has the bits of O_DIRECTORY)
     */
    { SCMP_SYS(open), 1, { MASKED(1, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY) } },
    { SCMP_SYS(openat), 1, { MASKED(2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY) } },
    /* the internet, and the kernel's list of interfaces */
    { SCMP_SYS(socket), 1, { EQUAL(0, AF_INET) } },
    { SCMP_SYS(socket), 1, { EQUAL(0, AF_INET6) } },
    { SCMP_SYS(socket), 2, { EQUAL(0, AF_NETLINK), EQUAL(2, NETLINK_ROUTE) } },
    /* descriptors' flags */
    { SCMP_SYS(fcntl), 1, { EQUAL(1, F_GETFL) } },
    { SCMP_SYS(fcntl), 1, { EQUAL(1, F_SETFL) } },
    { SCMP_SYS(fcntl), 1, { EQUAL(1, F_GETFD) } },
    { SCMP_SYS(fcntl), 1, { EQUAL(1, F_SETFD) } },
};

static int add_all(scmp_filter_ctx filter)
{
    int error = 0;

    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]) && error == 0; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && error == 0; i++)
        error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rules[i].call, rules[i].count,
                                       rules[i].arguments);
    return error;
}

static bool load_filter(struct why *why)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int error = filter != NULL ? add_all(filter) : -ENOMEM;

    if (error == 0)
        error = seccomp_load(filter);
    seccomp_release(filter);
    return error == 0 || why_fail(why, "cannot set the system call filter: %s", strerror(-error));
}

bool sandbox_has_filter(void)
{
    return HAVE_FILTER;
}

/* It is to run out of memory before the machine does; with 1,500 handshakes under way it maps 140
 * MB. A limit that is lower already stays. */
#define MEMORY_MOST ((rlim_t)2 * 1024 * 1024 * 1024)

static bool limit_memory(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_AS, &limit) != 0)
        return false;
    if (limit.rlim_max > MEMORY_MOST)
        limit.rlim_max = MEMORY_MOST;
    if (limit.rlim_cur > limit.rlim_max)
        limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_AS, &limit) == 0;
}

bool sandbox_close(struct why *why)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0 ||
        prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) != 0)
        return why_fail(why, "cannot give up privileges: %s", strerror(errno));
    if (!HAVE_FILTER)
        return true; /* a sanitizer maps more memory than there is */
    if (!limit_memory())
        return why_fail(why, "cannot limit the memory: %s", strerror(errno));
    return load_filter(why);
}
