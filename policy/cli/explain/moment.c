/* SPDX-License-Identifier: ISC */
#include "policy/cli/explain/moment.h"

#include <stdio.h>

#define DATE_LENGTH 10 /* YYYY-MM-DD */
#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* Two digits behind a mark ("T12", ":30"), which are taken from the text. False: there are none,
 * or they are more than `most`. */
static bool take(struct span *text, char mark, int most, int *value)
{
    if (text->length < 3 || text->data[0] != mark || !ascii_digit(text->data[1]) ||
        !ascii_digit(text->data[2]))
        return false;
    *value = 10 * (text->data[1] - '0') + (text->data[2] - '0');
    text->data += 3;
    text->length -= 3;
    return *value <= most;
}

bool moment_parse(int64_t *seconds, struct span text)
{
    struct span date = { text.data, text.length < DATE_LENGTH ? text.length : DATE_LENGTH };
    struct span time = { text.data + date.length, text.length - date.length };
    int hour, minute, second = 0;

    if (!date_parse(seconds, date))
        return false;
    if (time.length == 0)
        return true;
    if (!take(&time, 'T', 23, &hour) || !take(&time, ':', 59, &minute))
        return false;
    if (time.length > 0 && time.data[0] == ':' && !take(&time, ':', 59, &second))
        return false;
    *seconds += hour * HOUR + minute * MINUTE + second;
    return time.length == 0 || span_equal(time, span_of("Z"));
}

void moment_format(int64_t seconds, char text[MOMENT_TEXT_SIZE])
{
    char date[DATE_TEXT_SIZE];
    int rest = (int)(seconds >= 0 ? seconds % DAY : 0);

    date_format(seconds, date);
    (void)snprintf(text, MOMENT_TEXT_SIZE, "%sT%02d:%02d:%02dZ", date, rest / HOUR,
                   rest % HOUR / MINUTE, rest % MINUTE);
}
