/* SPDX-License-Identifier: ISC */
/*
 * fuzz: what the targets share. Each of them is a file fuzz_NAME.c that gives any bytes to a reader
 * of ours and aborts where what comes out is not as it should be; corpus/NAME/ has what it starts
 * from. "make fuzz" builds them with libFuzzer; "make check" with replay.c, which has a main().
 */
#ifndef FORCETLS_TESTS_FUZZ_FUZZ_H
#define FORCETLS_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "policy/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program, also in a build without assert(). */
#define MUST(condition)                                \
    do {                                               \
        if (!(condition))                              \
            fuzz_fail(__FILE__, __LINE__, #condition); \
    } while (0)
_Noreturn void fuzz_fail(const char *file, int line, const char *condition);

/* The bytes, in memory of just their size: one read too far is seen. The caller's to free(). */
char *fuzz_copy(const uint8_t *data, size_t size);

/* The same as a file, and its name; both are gone at the next call. */
const char *fuzz_file(const uint8_t *data, size_t size);

/* The first line of the bytes, and what is behind it: two inputs in one. */
struct span fuzz_line(struct span *rest);

/* Printable ASCII alone. */
void fuzz_must_be_printable(const char *text);

#endif
