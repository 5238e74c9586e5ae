/* SPDX-License-Identifier: ISC */
/* page_case: a page in memory, for the unit tests of what is printed. */
#ifndef FORCETLS_TESTS_UNIT_PAGE_CASE_H
#define FORCETLS_TESTS_UNIT_PAGE_CASE_H

#include "policy/cli/page.h"
#include "tests/unit/build.h"

struct page_case {
    struct page page;
    char *text; /* page_case_text() */
    size_t length;
};

void page_case_open(struct page_case *page_case, size_t width, bool colour);

/* All that was printed so far; lives until something more is printed. */
const char *page_case_text(struct page_case *page_case);

void page_case_close(struct page_case *page_case);

/* Whether the page is exactly this; else says what it is. Closes it in both cases. */
bool page_case_is(struct page_case *page_case, const char *wanted);

/* Columns of the widest line; SIZE_MAX where a line ends in a blank. */
size_t page_case_widest(const char *text);

/* Bytes that are neither a blank nor a line feed. */
size_t page_case_visible(const char *text);

/* A number below another one, from a small generator, so that the same ones come every time. */
unsigned page_case_draw(unsigned *seed, unsigned below);

/* A text of fewer than `most` letters of one to three bytes, with blanks where they are wanted; at
 * most 3 * most bytes with its NUL. */
void page_case_random(unsigned *seed, char *text, size_t most, bool blanks);

#endif
