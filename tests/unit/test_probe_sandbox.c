/* SPDX-License-Identifier: ISC */
/* Tests of policy/probe/sandbox: what a prober that was taken over can do no more. Each is tried in
 * a process of its own, which the kernel ends at once. */
#include "config.h"

#include "tests/unit/build.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/probe/sandbox.h"

/* Each returns where it was let. */
static void do_nothing(void)
{
}

static void do_execute(void)
{
    char *const arguments[] = { NULL };

    (void)execve("/bin/true", arguments, arguments);
}

static void do_execute_at(void)
{
    (void)syscall(SYS_execveat, AT_FDCWD, "/bin/true", NULL, NULL, 0);
}

static void do_fork(void)
{
    (void)fork();
}

static void do_kill(void)
{
    (void)kill(getppid(), 0);
}

static void do_trace(void)
{
    (void)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static void do_read_memory(void)
{
    (void)syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}

static void do_unix_socket(void)
{
    (void)socket(AF_UNIX, SOCK_STREAM, 0);
}

static void do_packet_socket(void)
{
    (void)socket(AF_PACKET, SOCK_RAW, 0);
}

static void do_other_netlink(void)
{
    (void)socket(AF_NETLINK, SOCK_RAW, 15 /* NETLINK_KOBJECT_UEVENT */);
}

static void do_socket_pair(void)
{
    int pair[2];

    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}

static void do_listen(void)
{
    (void)listen(STDIN_FILENO, 1);
}

static void do_open_for_writing(void)
{
    (void)open("/dev/null", O_WRONLY);
}

static void do_open_for_both(void)
{
    (void)open("/dev/null", O_RDWR);
}

static void do_create(void)
{
    (void)open("/nonexistent/file", O_RDONLY | O_CREAT, 0600);
}

static void do_truncate_on_opening(void)
{
    (void)open("/nonexistent/file", O_RDONLY | O_TRUNC);
}

static void do_temporary_file(void)
{
    (void)open("/nonexistent", O_TMPFILE | O_RDWR, 0600);
}

static void do_open_how(void)
{
    (void)syscall(SYS_openat2, AT_FDCWD, "/dev/null", NULL, 0);
}

static void do_unlink(void)
{
    (void)unlink("/nonexistent");
}

static void do_rename(void)
{
    (void)rename("/nonexistent", "/nonexistent2");
}

static void do_make_directory(void)
{
    (void)mkdir("/nonexistent/folder", 0700);
}

static void do_change_mode(void)
{
    (void)chmod("/nonexistent", 0777);
}

static void do_change_user(void)
{
    (void)!setuid(0);
}

static void do_allow_dumps(void)
{
    (void)prctl(PR_SET_DUMPABLE, 1L, 0L, 0L, 0L);
}

static void do_become_executable(void)
{
    (void)mprotect((void *)(uintptr_t)4096, 4096, PROT_READ | PROT_EXEC);
}

static void do_map_executable(void)
{
    (void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void do_memory_file(void)
{
    (void)syscall(SYS_memfd_create, "x", 0);
}

static void do_io_uring(void)
{
    (void)syscall(SYS_io_uring_setup, 1, NULL);
}

static void do_terminal_input(void)
{
    (void)syscall(SYS_ioctl, STDIN_FILENO, 0x5412 /* TIOCSTI */, "x");
}

/* Up to the limit it has it, private or shared, and no more. */
static void do_take_memory(void)
{
    static const size_t piece = (size_t)64 * 1024 * 1024;
    unsigned pieces = 0;

    while (pieces < 1000 &&
           mmap(NULL, piece, PROT_READ | PROT_WRITE,
                (pieces % 2 != 0 ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        pieces++;
    if (pieces < 8 || pieces > 32)
        _exit(1);
}

static void do_raise_limits(void)
{
    const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

    (void)setrlimit(RLIMIT_AS, &none);
}

static void do_read_a_file(void)
{
    char bytes[8];
    int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

    if (fd < 0 || read(fd, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes) || close(fd) != 0)
        _exit(3);
}

static void do_connect(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(9) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        _exit(3);
    (void)connect(fd, (struct sockaddr *)&address, sizeof(address));
    if (close(fd) != 0)
        _exit(3);
}

/* The wait status of a process that goes into the sandbox and tries it. */
static int status_of(void (*attempt)(void))
{
    pid_t child = fork();
    struct why why;
    int status = 0;

    if (child == 0) {
        if (!sandbox_close(&why))
            _exit(2);
        attempt();
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void sandbox__what_it_needs__works(void **state)
{
    assert_int_equal(status_of(do_nothing), 0);
    assert_int_equal(status_of(do_read_a_file), 0);
    assert_int_equal(status_of(do_connect), 0);
    assert_int_equal(status_of(do_take_memory), 0);
    (void)state;
}

static void sandbox__anything_else__ends_the_process(void **state)
{
    static const struct {
        const char *name;
        void (*attempt)(void);
    } rows[] = {
        { "execve", do_execute },
        { "execveat", do_execute_at },
        { "fork", do_fork },
        { "kill", do_kill },
        { "ptrace", do_trace },
        { "process_vm_readv", do_read_memory },
        { "a socket of the file system", do_unix_socket },
        { "a packet socket", do_packet_socket },
        { "another netlink", do_other_netlink },
        { "socketpair", do_socket_pair },
        { "listen", do_listen },
        { "open for writing", do_open_for_writing },
        { "open for both", do_open_for_both },
        { "create", do_create },
        { "truncate", do_truncate_on_opening },
        { "O_TMPFILE", do_temporary_file },
        { "openat2", do_open_how },
        { "unlink", do_unlink },
        { "rename", do_rename },
        { "mkdir", do_make_directory },
        { "chmod", do_change_mode },
        { "setuid", do_change_user },
        { "prctl", do_allow_dumps },
        { "mprotect to execute", do_become_executable },
        { "mmap to execute", do_map_executable },
        { "memfd_create", do_memory_file },
        { "io_uring", do_io_uring },
        { "TIOCSTI", do_terminal_input },
        { "setrlimit", do_raise_limits },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        int status = status_of(rows[i].attempt);

        bad += row(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "%s: wait status %#x",
                   rows[i].name, (unsigned)status);
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sandbox__what_it_needs__works),
        cmocka_unit_test(sandbox__anything_else__ends_the_process),
    };

    if (!sandbox_has_filter()) {
        print_message("1..0 # SKIP the sanitizers need what the filter forbids\n");
        return 0;
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
