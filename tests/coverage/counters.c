/* SPDX-License-Identifier: ISC */
/*
 * Linked into every program of "make coverage". gcc's counters are a program's own memory, written
 * to files at its exit: the daemon has given up root by then, the prober may open no file for
 * writing, and many processes are killed or end with _exit(2). So the counters of a program are a
 * shared mapping of one file, COUNTERS/PROGRAM, from its first moment on, in all its processes; and
 * nothing is written at an exit. Nothing of forcetls itself is another in these builds.
 *
 * With FORCETLS_COVERAGE=write in its environment a program does nothing but write what the file
 * holds to gcc's .gcda files. counters.ld puts all counters into pages of their own.
 *
 * System calls are made directly: tests/faults counts and fails those of the C library.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char counters_begin[], counters_end[]; /* counters.ld */
extern char **environ;

static bool writing;

static bool wants_to_write(void)
{
    const char *value = getenv("FORCETLS_COVERAGE");

    return value != NULL && strcmp(value, "write") == 0;
}

/* Open, whoever we are; below 0: it cannot be. */
static long open_counters(long size)
{
    char program[4096], name[4096 + sizeof(COUNTERS)];
    long length = syscall(SYS_readlink, "/proc/self/exe", program, sizeof(program) - 1), file;

    if (length <= 0)
        return -1;
    program[length] = '\0';
    (void)snprintf(name, sizeof(name), "%s%s", COUNTERS, strrchr(program, '/'));
    file = syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file >= 0) {
        (void)syscall(SYS_fchmod, file, 0666); /* its owner, whatever the umask is */
        (void)syscall(SYS_ftruncate, file, size);
    }
    return file;
}

/* After the constructors of gcc's, which have the priority 100. */
__attribute__((constructor(101))) static void begin(void)
{
    long size = counters_end - counters_begin, file = open_counters(size);

    writing = wants_to_write();
    if (file >= 0) {
        (void)syscall(SYS_mmap, counters_begin, size, PROT_READ | PROT_WRITE,
                      MAP_FIXED | (writing ? MAP_PRIVATE : MAP_SHARED), file, 0L);
        (void)syscall(SYS_close, file);
    }
    if (writing)
        exit(file >= 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* What gcc has called at an exit, and in place of fork(2) and exec*(2) (-Wl,--wrap): it would write
 * the counters, and set those of a child to 0. */
void __real___gcov_exit(void);
void __wrap___gcov_exit(void);
pid_t __wrap___gcov_fork(void);
int __wrap___gcov_execv(const char *path, char *const arguments[]);
int __wrap___gcov_execvp(const char *file, char *const arguments[]);
int __wrap___gcov_execve(const char *path, char *const arguments[], char *const environment[]);

void __wrap___gcov_exit(void)
{
    if (writing)
        __real___gcov_exit();
}

pid_t __wrap___gcov_fork(void)
{
    return fork();
}

int __wrap___gcov_execv(const char *path, char *const arguments[])
{
    return execve(path, arguments, environ);
}

int __wrap___gcov_execvp(const char *file, char *const arguments[])
{
    return execvp(file, arguments);
}

int __wrap___gcov_execve(const char *path, char *const arguments[], char *const environment[])
{
    return execve(path, arguments, environment);
}
