/* SPDX-License-Identifier: ISC */
#include "policy/conf/suggest.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "policy/domain.h"

#define WORD_MAX 63

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Damerau's distance in its restricted form (optimal string alignment), three rows of it. */
size_t edit_distance(const char *a, const char *b)
{
    size_t length_a = strlen(a), length_b = strlen(b);
    size_t rows[3][WORD_MAX + 1];

    if (length_a > WORD_MAX || length_b > WORD_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= length_b; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= length_a; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= length_b; j++) {
            char x = ascii_lower(a[i - 1]), y = ascii_lower(b[j - 1]);

            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x == y ? 0 : 1));
            if (i > 1 && j > 1 && x == ascii_lower(b[j - 2]) && ascii_lower(a[i - 2]) == y)
                row[j] = least(row[j], second[j - 2] + 1);
        }
    }
    return rows[length_a % 3][length_b];
}

void suggestion_start(struct suggestion *suggestion, const char *given)
{
    size_t length = strlen(given);

    suggestion->given = given;
    suggestion->best = NULL;
    /* One more than the furthest that still looks like a slip of the fingers. */
    suggestion->distance = length <= 3 ? 2 : length <= 6 ? 3 : 4;
}

void suggestion_offer(struct suggestion *suggestion, const char *word)
{
    size_t distance = edit_distance(suggestion->given, word);

    /* A word of which nothing is left is no neighbour. */
    if (distance < suggestion->distance && distance < strlen(word)) {
        suggestion->best = word;
        suggestion->distance = distance;
    }
}

void suggestion_format(const struct suggestion *suggestion, char text[SUGGESTION_SIZE])
{
    text[0] = '\0';
    if (suggestion->best != NULL)
        (void)snprintf(text, SUGGESTION_SIZE, ", did you mean '%s'?", suggestion->best);
}

/* What stands behind the last "@", or nothing. */
static struct span behind_at(struct span text)
{
    size_t start = text.length;

    while (start > 0 && text.data[start - 1] != '@')
        start--;
    return start > 0 ? (struct span){ text.data + start, text.length - start }
                     : (struct span){ "", 0 };
}

void domain_hint(struct span text, char hint[DOMAIN_HINT_SIZE])
{
    const char *prefix = "";
    struct span rest = behind_at(text);
    struct pattern pattern;

    if (rest.length == 0 && span_starts_with(text, "*")) {
        prefix = "*.";
        rest = (struct span){ text.data + 1, text.length - 1 };
    }
    hint[0] = '\0';
    if (rest.length <= DOMAIN_MAX && pattern_parse(&pattern, rest, NULL) &&
        (pattern.kind == PATTERN_EXACT || (pattern.kind != PATTERN_ANY && prefix[0] == '\0')))
        (void)snprintf(hint, DOMAIN_HINT_SIZE, ", did you mean '%s%.*s'?", prefix, (int)rest.length,
                       rest.data);
}

bool is_domain_row(struct span text)
{
    bool dot = false, comma = false;

    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '.')
            dot = true;
        if (text.data[i] != ',')
            continue;
        if (!dot)
            return false;
        comma = true;
        dot = false;
    }
    return comma && dot;
}
