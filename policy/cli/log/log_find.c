/* SPDX-License-Identifier: ISC */
/*
 * Two letters of a word are looked for in 64 places at once; where both stand, the word itself is
 * compared. They are seven places apart in either word, so that what is loaded serves for both, and
 * such that they are seldom so in lines of other programs. (The compiler's vectors, GCC manual,
 * "Using Vector Instructions": any processor has them, or does without.)
 */
#include "policy/cli/log/log_find.h"

#include <stdint.h>

#define LANES 16
#define BLOCK (4 * LANES)
#define APART 7

typedef uint8_t vector __attribute__((vector_size(LANES)));

/* The place of a word's first letter of the two. */
enum { IN_TAG = 8, IN_VERDICT = 6 };

_Static_assert(BLOCK + APART <= LOG_FIND_BEYOND, "reads beyond what is promised");

/* Inlined, so that `verdicts` is no question of each block. */
#define INLINE static inline __attribute__((always_inline))

INLINE vector load(const char *from)
{
    vector bytes;

    memcpy(&bytes, from, sizeof(bytes));
    return bytes;
}

/* Not 0 where both letters of a word stand. */
INLINE vector letters(const char *at, bool verdicts)
{
    vector first = load(at), second = load(at + APART);
    vector found = (vector)((first == (uint8_t)LOG_TAG[IN_TAG]) &
                            (second == (uint8_t)LOG_TAG[IN_TAG + APART]));

    if (verdicts)
        found |= (vector)((first == (uint8_t)LOG_VERDICT[IN_VERDICT]) &
                          (second == (uint8_t)LOG_VERDICT[IN_VERDICT + APART]));
    return found;
}

INLINE bool block_may_hold(const char *at, bool verdicts)
{
    vector found = letters(at, verdicts) | letters(at + LANES, verdicts) |
                   letters(at + 2 * LANES, verdicts) | letters(at + 3 * LANES, verdicts);
    uint64_t halves[2];

    memcpy(halves, &found, sizeof(halves));
    return (halves[0] | halves[1]) != 0;
}

/* Whether the word with its letter at `at` is in the text. */
static bool is_word(struct span text, const char *at, const char *word, size_t letter)
{
    size_t length = strlen(word), before = (size_t)(at - text.data);

    return before >= letter && text.length - before >= length - letter &&
           memcmp(at - letter, word, length) == 0;
}

/* The first word with its letter between two places, or NULL. */
static const char *find_word(struct span text, const char *from, const char *to, const char *word,
                             size_t letter)
{
    const char *at;

    while (from < to && (at = memchr(from, word[letter], (size_t)(to - from))) != NULL) {
        if (is_word(text, at, word, letter))
            return at - letter;
        from = at + 1;
    }
    return NULL;
}

static const char *word_in_block(struct span text, const char *block, bool verdicts)
{
    const char *end = text.data + text.length;
    const char *to = end - block < BLOCK ? end : block + BLOCK;
    const char *tag = find_word(text, block, to, LOG_TAG, IN_TAG);
    const char *verdict = verdicts ? find_word(text, block, to, LOG_VERDICT, IN_VERDICT) : NULL;

    return tag == NULL || (verdict != NULL && verdict < tag) ? verdict : tag;
}

INLINE const char *find(struct span text, bool verdicts)
{
    const char *end = text.data + text.length;

    for (const char *block = text.data; block < end; block += BLOCK) {
        const char *word;

        if (!block_may_hold(block, verdicts))
            continue;
        word = word_in_block(text, block, verdicts);
        if (word != NULL)
            return word;
    }
    return NULL;
}

const char *log_find_tag(struct span text)
{
    return find(text, false);
}

const char *log_find_any(struct span text)
{
    return find(text, true);
}
