/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

void *memory_need(void *block)
{
    static const char text[] = "forcetls-prober: out of memory\n";

    if (block != NULL)
        return block;
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    _exit(EX_TEMPFAIL);
}

void *memory_new(size_t count, size_t size)
{
    return memory_need(calloc(count > 0 ? count : 1, size));
}

void *memory_grow(void *block, size_t count, size_t size)
{
    return memory_need(reallocarray(block, count > 0 ? count : 1, size));
}

char *memory_copy(const void *data, size_t length)
{
    char *copy = memory_need(malloc(length + 1));

    if (length > 0)
        memcpy(copy, data, length);
    copy[length] = '\0';
    return copy;
}
