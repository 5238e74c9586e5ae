/* SPDX-License-Identifier: ISC */
#include "policy/conf/scalars.h"

#include <stddef.h>
#include <stdio.h>

static const struct unit {
    char letter;
    long seconds;
} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))
#define DIGITS_MOST 9 /* 999999999 days do not overflow */

bool duration_parse(struct span text, long *seconds, struct why *why)
{
    long value = 0;
    size_t digits = 0;

    while (digits < text.length && digits < DIGITS_MOST && ascii_digit(text.data[digits]))
        value = 10 * value + (text.data[digits++] - '0');
    for (size_t i = 0; i < UNIT_COUNT && digits > 0 && digits + 1 == text.length; i++) {
        if (text.data[digits] == units[i].letter) {
            *seconds = value * units[i].seconds;
            return true;
        }
    }
    return why_fail(why, "must be a whole number and a unit: s, m, h or d");
}

void duration_format(long seconds, char text[DURATION_TEXT_SIZE])
{
    size_t i = 0;

    while (i + 1 < UNIT_COUNT && (seconds == 0 || seconds % units[i].seconds != 0))
        i++;
    (void)snprintf(text, DURATION_TEXT_SIZE, "%ld%c", seconds / units[i].seconds, units[i].letter);
}

bool octal_mode_parse(struct span text, unsigned *mode, struct why *why)
{
    static const char wanted[] = "must be three octal digits with a zero before them";
    unsigned value = 0;

    if (text.length != 3 && (text.length != 4 || text.data[0] != '0'))
        return why_fail(why, wanted);
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '7')
            return why_fail(why, wanted);
        value = 8 * value + (unsigned)(text.data[i] - '0');
    }
    *mode = value;
    return true;
}

bool port_parse(struct span text)
{
    unsigned value = 0;

    if (text.length < 1 || text.length > 5)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (!ascii_digit(text.data[i]))
            return false;
        value = 10 * value + (unsigned)(text.data[i] - '0');
    }
    return value >= 1 && value <= 65535;
}
