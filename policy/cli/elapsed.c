/* SPDX-License-Identifier: ISC */
#include "policy/cli/elapsed.h"

#include <inttypes.h>
#include <stdio.h>

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

void elapsed_format(int64_t seconds, char text[ELAPSED_TEXT_SIZE])
{
    static const struct {
        int64_t from, unit, part; /* the smaller unit is left out where it is 0 */
        const char *word, *part_word;
    } rows[] = {
        { 2 * DAY, DAY, HOUR, "d", "h" },
        { HOUR, HOUR, MINUTE, "h", "min" },
        { 2 * MINUTE, MINUTE, 0, "min", "" },
        { 0, 1, 0, "s", "" },
    };
    size_t row = 0;
    int64_t rest;

    if (seconds < 0)
        seconds = 0;
    while (seconds < rows[row].from)
        row++;
    rest = rows[row].part != 0 ? seconds % rows[row].unit / rows[row].part : 0;
    if (rest != 0)
        (void)snprintf(text, ELAPSED_TEXT_SIZE, "%" PRId64 " %s %" PRId64 " %s",
                       seconds / rows[row].unit, rows[row].word, rest, rows[row].part_word);
    else
        (void)snprintf(text, ELAPSED_TEXT_SIZE, "%" PRId64 " %s", seconds / rows[row].unit,
                       rows[row].word);
}
