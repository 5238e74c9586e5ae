/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void fuzz_fail(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
    abort();
}

char *fuzz_copy(const uint8_t *data, size_t size)
{
    char *copy = malloc(size > 0 ? size : 1);

    MUST(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

const char *fuzz_file(const uint8_t *data, size_t size)
{
    static char name[64];
    static int fd = -1;

    if (fd >= 0)
        (void)close(fd);
    fd = memfd_create("input", MFD_CLOEXEC);
    MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    return name;
}

struct span fuzz_line(struct span *rest)
{
    const char *end = rest->length > 0 ? memchr(rest->data, '\n', rest->length) : NULL;
    struct span line = { rest->data, end != NULL ? (size_t)(end - rest->data) : rest->length };
    size_t taken = end != NULL ? line.length + 1 : line.length;

    rest->data += taken;
    rest->length -= taken;
    return line;
}

void fuzz_must_be_printable(const char *text)
{
    for (; *text != '\0'; text++)
        MUST(*text >= ' ' && *text <= '~');
}
