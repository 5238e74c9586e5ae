/* SPDX-License-Identifier: ISC */
/*
 * nth: a library to be preloaded that lets the n-th call of some kind fail in one program, as a
 * machine does that has no memory, no descriptor, no thread left. tests/faults/nth.t builds it.
 *
 *   FORCETLS_FAULTS_IN    the name of that program (others that inherit the library are left alone)
 *   FORCETLS_FAULTS_FILE  a file of five numbers of 64 bits in the machine's order, shared:
 *                         kinds   which calls count, a bit each (enum kind)
 *                         whose   0: those of the program itself; 1: of its libraries, too
 *                         at      which of them fails; 0: none
 *                         count   of the calls, so far
 *                         failed  how many have failed
 *
 * The test writes the first three at any time, and sets the others to 0 before.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
    MEMORY = 1,
    DESCRIPTOR = 2,
    THREAD = 4,
    OUTPUT = 8,
    INPUT = 16,
    PROCESS = 32,
    NETWORK = 64
};

struct state {
    uint64_t kinds, whose, at, count, failed;
};

static struct state *state;
static uintptr_t low, high; /* the program itself */

/* glibc's own, which need no looking up. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

/* The first object is the program. */
static int find_program(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    (void)context;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + segment->p_vaddr;

        if (segment->p_type != PT_LOAD)
            continue;
        if (low == 0 || start < low)
            low = start;
        if (start + segment->p_memsz > high)
            high = start + segment->p_memsz;
    }
    return 1;
}

__attribute__((constructor)) static void begin(void)
{
    const char *file = getenv("FORCETLS_FAULTS_FILE"), *name = getenv("FORCETLS_FAULTS_IN");
    void *map;
    int fd;

    if (file == NULL || name == NULL || strcmp(name, program_invocation_short_name) != 0)
        return;
    fd = open(file, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    map = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    (void)dl_iterate_phdr(find_program, NULL);
    if (map != MAP_FAILED)
        state = map;
}

static bool fails(enum kind kind, const void *caller)
{
    uintptr_t place = (uintptr_t)caller;

    if (state == NULL || (__atomic_load_n(&state->kinds, __ATOMIC_SEQ_CST) & (uint64_t)kind) == 0)
        return false;
    if (__atomic_load_n(&state->whose, __ATOMIC_SEQ_CST) == 0 && (place < low || place >= high))
        return false;
    if (__atomic_add_fetch(&state->count, 1, __ATOMIC_SEQ_CST) !=
        __atomic_load_n(&state->at, __ATOMIC_SEQ_CST))
        return false;
    (void)__atomic_add_fetch(&state->failed, 1, __ATOMIC_SEQ_CST);
    return true;
}

#define FAILS(kind) fails(kind, __builtin_return_address(0))

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* What a call gives back where it fails, or the real one's result. */
#define CALL(kind, error, bad, name, ...)  \
    do {                                   \
        static __typeof__(&name) real;     \
                                           \
        if (FAILS(kind)) {                 \
            errno = error;                 \
            return bad;                    \
        }                                  \
        if (real == NULL)                  \
            *(void **)&real = next(#name); \
        return real(__VA_ARGS__);          \
    } while (0)

/* ---- memory ---------------------------------------------------------------------------------- */

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return FAILS(MEMORY) ? no_memory() : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return FAILS(MEMORY) ? no_memory() : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return FAILS(MEMORY) ? no_memory() : __libc_realloc(block, size);
}

void *reallocarray(void *block, size_t count, size_t size)
{
    size_t all;

    if (FAILS(MEMORY) || __builtin_mul_overflow(count, size, &all))
        return no_memory();
    return __libc_realloc(block, all);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return FAILS(MEMORY) ? no_memory() : __libc_memalign(alignment, size);
}

char *strndup(const char *text, size_t size)
{
    size_t length = strnlen(text, size);
    char *copy = FAILS(MEMORY) ? no_memory() : __libc_malloc(length + 1);

    if (copy != NULL) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

char *strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = FAILS(MEMORY) ? no_memory() : __libc_malloc(size);

    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

/* ---- descriptors, threads, processes --------------------------------------------------------- */

int socket(int family, int type, int protocol)
{
    CALL(DESCRIPTOR, EMFILE, -1, socket, family, type, protocol);
}

int socketpair(int family, int type, int protocol, int pair[2])
{
    CALL(DESCRIPTOR, EMFILE, -1, socketpair, family, type, protocol, pair);
}

int pipe2(int pair[2], int flags)
{
    CALL(DESCRIPTOR, EMFILE, -1, pipe2, pair, flags);
}

int eventfd(unsigned count, int flags)
{
    CALL(DESCRIPTOR, EMFILE, -1, eventfd, count, flags);
}

int accept(int fd, struct sockaddr *address, socklen_t *length)
{
    CALL(DESCRIPTOR, EMFILE, -1, accept, fd, address, length);
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    CALL(DESCRIPTOR, EMFILE, -1, accept4, fd, address, length, flags);
}

static mode_t mode_of(int flags, va_list arguments)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    mode_t mode;

    va_start(arguments, flags);
    mode = mode_of(flags, arguments);
    va_end(arguments);
    CALL(DESCRIPTOR, EMFILE, -1, open, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list arguments;
    mode_t mode;

    va_start(arguments, flags);
    mode = mode_of(flags, arguments);
    va_end(arguments);
    CALL(DESCRIPTOR, EMFILE, -1, openat, folder, path, flags, mode);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument)
{
    CALL(THREAD, 0, EAGAIN, pthread_create, thread, attributes, start, argument);
}

pid_t fork(void)
{
    CALL(PROCESS, EAGAIN, -1, fork);
}

/* ---- input and output ------------------------------------------------------------------------ */

/* A pipe or an eventfd of the program's own, by which it wakes itself: its write does not fail. */
static bool wakes(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISSOCK(status.st_mode);
}

ssize_t write(int fd, const void *data, size_t size)
{
    if (wakes(fd))
        return syscall(SYS_write, fd, data, size);
    CALL(OUTPUT, ENOSPC, -1, write, fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    CALL(OUTPUT, ENOSPC, -1, pwrite, fd, data, size, offset);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    CALL(OUTPUT, EPIPE, -1, writev, fd, pieces, count);
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    CALL(OUTPUT, EPIPE, -1, send, fd, data, size, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    CALL(OUTPUT, EPIPE, -1, sendmsg, fd, message, flags);
}

ssize_t read(int fd, void *data, size_t size)
{
    CALL(INPUT, EIO, -1, read, fd, data, size);
}

ssize_t recv(int fd, void *data, size_t size, int flags)
{
    CALL(INPUT, ECONNRESET, -1, recv, fd, data, size, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    CALL(INPUT, ECONNRESET, -1, recvmsg, fd, message, flags);
}

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    CALL(NETWORK, EADDRINUSE, -1, bind, fd, address, length);
}

int listen(int fd, int backlog)
{
    CALL(NETWORK, EADDRINUSE, -1, listen, fd, backlog);
}

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    CALL(NETWORK, ENETUNREACH, -1, connect, fd, address, length);
}
