/* SPDX-License-Identifier: ISC */
/* page_case: see page_case.h. */
#include "tests/unit/page_case.h"

#include <stdlib.h>
#include <string.h>

#include "policy/cli/text.h"

void page_case_open(struct page_case *page_case, size_t width, bool colour)
{
    FILE *file;

    *page_case = (struct page_case){ .text = NULL };
    file = open_memstream(&page_case->text, &page_case->length);
    assert_non_null(file);
    page_init(&page_case->page, file);
    page_case->page.width = width;
    page_case->page.colour = colour;
}

const char *page_case_text(struct page_case *page_case)
{
    assert_int_equal(fflush(page_case->page.file), 0);
    return page_case->text;
}

void page_case_close(struct page_case *page_case)
{
    assert_int_equal(fclose(page_case->page.file), 0);
    free(page_case->text);
    *page_case = (struct page_case){ .text = NULL };
}

bool page_case_is(struct page_case *page_case, const char *wanted)
{
    const char *got = page_case_text(page_case);
    bool equal = strcmp(got, wanted) == 0;

    if (!equal) {
        print_error("# got:\n%s", got);
        print_error("# wanted:\n%s", wanted);
    }
    page_case_close(page_case);
    return equal;
}

unsigned page_case_draw(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245u + 12345u;
    return (*seed >> 16) % below;
}

void page_case_random(unsigned *seed, char *text, size_t most, bool blanks)
{
    static const char *const letters[] = { "a", "b", ".", ",", "/", "\xc3\xb6", "\xe2\x82\xac" };
    size_t count = page_case_draw(seed, (unsigned)most), length = 0;

    for (size_t i = 0; i < count; i++) {
        const char *letter = letters[page_case_draw(seed, ROWS(letters))];

        if (blanks && page_case_draw(seed, 7) == 0)
            letter = " ";
        memcpy(text + length, letter, strlen(letter));
        length += strlen(letter);
    }
    text[length] = '\0';
}

size_t page_case_visible(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += *text != ' ' && *text != '\n';
    return count;
}

size_t page_case_widest(const char *text)
{
    size_t widest = 0;

    while (*text != '\0') {
        size_t length = strcspn(text, "\n"), columns = text_columns((struct span){ text, length });

        if (length > 0 && text[length - 1] == ' ')
            return SIZE_MAX;
        widest = columns > widest ? columns : widest;
        text += length + 1;
    }
    return widest;
}
