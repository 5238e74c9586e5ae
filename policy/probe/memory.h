/* SPDX-License-Identifier: ISC */
/*
 * memory: allocation that does not fail. A prober without memory ends (EX_TEMPFAIL); whoever
 * started it starts another, and what was not answered is unknown.
 */
#ifndef FORCETLS_POLICY_PROBE_MEMORY_H
#define FORCETLS_POLICY_PROBE_MEMORY_H

#include <stddef.h>

/* Returns its argument; NULL ends the process. For what a library has allocated. */
void *memory_need(void *block);

/* `count` of `size` bytes, all zero. */
void *memory_new(size_t count, size_t size);

/* realloc(3) to `count` of `size` bytes. */
void *memory_grow(void *block, size_t count, size_t size);

/* A copy with a NUL behind it. */
char *memory_copy(const void *data, size_t length);

#endif
