/* SPDX-License-Identifier: ISC */
/*
 * replay: main() for a target without libFuzzer. Gives it every file of its corpus, and of each
 * some hundreds of variants, always the same ones. TAP.
 *
 *   fuzz_NAME [FILE...]     these files instead, as they are
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MOST ((size_t)65536)
#define VARIANTS 300
#define CHANGES_MOST 6

static uint32_t seed;

static uint32_t random_below(size_t limit)
{
    seed = seed * 1664525U + 1013904223U;
    return limit > 0 ? (seed >> 8) % (uint32_t)limit : 0;
}

static size_t change(uint8_t *data, size_t size)
{
    static const char *const words[] = { "\"",   "\\",    "\n", "\r\n", "\0",   "\xff",
                                         "-1",   "65536", "(",  "}",    "@",    "....",
                                         "xn--", ":",     "%s", "[]",   "\xc3", "=" };
    size_t place = random_below(size), length = random_below(16) + 1;
    const char *word = words[random_below(sizeof(words) / sizeof(words[0]))];

    switch (random_below(6)) {
    case 0: /* another byte */
        if (size > 0)
            data[place] = (uint8_t)random_below(256);
        return size;
    case 1: /* a bit of it */
        if (size > 0)
            data[place] ^= (uint8_t)(1U << random_below(8));
        return size;
    case 2: /* less at the end */
        return size > 0 ? place : 0;
    case 3: /* a piece missing */
        length = length < size - place ? length : size - place;
        memmove(data + place, data + place + length, size - place - length);
        return size - length;
    case 4: /* a piece twice */
        length = length < size - place ? length : size - place;
        if (size + length > INPUT_MOST)
            return size;
        memmove(data + place + length, data + place, size - place);
        return size + length;
    default: /* a word in between */
        length = strlen(word) > 0 ? strlen(word) : 1;
        if (size + length > INPUT_MOST)
            return size;
        memmove(data + place + length, data + place, size - place);
        memcpy(data + place, word, length);
        return size + length;
    }
}

static bool replay(const char *file, unsigned variants)
{
    static uint8_t original[INPUT_MOST], data[INPUT_MOST];
    FILE *in = fopen(file, "rb");
    size_t size;

    if (in == NULL) {
        fprintf(stderr, "%s: %s\n", file, strerror(errno));
        return false;
    }
    size = fread(original, 1, sizeof(original), in);
    (void)fclose(in);
    (void)LLVMFuzzerTestOneInput(original, size);
    for (unsigned i = 0; i < variants; i++) {
        size_t length = size;
        uint32_t changes = random_below(CHANGES_MOST) + 1;

        memcpy(data, original, size);
        while (changes-- > 0)
            length = change(data, length);
        (void)LLVMFuzzerTestOneInput(data, length);
    }
    return true;
}

/* Every file of the folder, in the order of their names. */
static int replay_folder(const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort), done = 0;
    char path[8192];

    if (count < 0) {
        printf("Bail out! %s: %s\n", folder, strerror(errno));
        return 1;
    }
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            (void)snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
            seed = (uint32_t)done;
            printf("%s %d - %s, and %d variants of it\n", replay(path, VARIANTS) ? "ok" : "not ok",
                   ++done, entries[i]->d_name, VARIANTS);
            (void)fflush(stdout);
        }
        free(entries[i]);
    }
    free(entries);
    printf("1..%d\n", done);
    return done > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *source = getenv("abs_top_srcdir"), *name = strstr(argv[0], "fuzz_");
    char folder[4096];

    for (const char *next = name; next != NULL; next = strstr(next + 1, "fuzz_"))
        name = next;
    if (argc > 1) {
        for (int i = 1; i < argc; i++) {
            if (!replay(argv[i], 0))
                return 1;
        }
        return 0;
    }
    (void)snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s", source != NULL ? source : ".",
                   name != NULL ? name + strlen("fuzz_") : "");
    return replay_folder(folder);
}
