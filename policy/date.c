/* SPDX-License-Identifier: ISC */
/* The proleptic Gregorian calendar, counted in days since 1970-01-01. */
#include "policy/date.h"

#include <stdio.h>

#define DAY 86400

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of_month(int64_t year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

/* Days from 1970-01-01 to January 1 of the year, 1 <= year. */
static int64_t days_before_year(int64_t year)
{
    int64_t past = year - 1;

    return past * 365 + past / 4 - past / 100 + past / 400 - 719162;
}

static bool digits(struct span text, size_t start, size_t count, int *value)
{
    *value = 0;
    for (size_t i = start; i < start + count; i++) {
        if (!ascii_digit(text.data[i]))
            return false;
        *value = *value * 10 + (text.data[i] - '0');
    }
    return true;
}

bool date_parse(int64_t *seconds, struct span text)
{
    int year, month, day;
    int64_t days;

    if (text.length != 10 || text.data[4] != '-' || text.data[7] != '-' ||
        !digits(text, 0, 4, &year) || !digits(text, 5, 2, &month) || !digits(text, 8, 2, &day))
        return false;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_of_month(year, month))
        return false;
    days = days_before_year(year) + day - 1;
    for (int m = 1; m < month; m++)
        days += days_of_month(year, m);
    *seconds = days * DAY;
    return true;
}

void date_format(int64_t seconds, char text[DATE_TEXT_SIZE])
{
    int64_t days, year;
    int month = 1;

    /* What date_parse() cannot give is written as what it stands for. */
    if (seconds < 0 || seconds >= (days_before_year(10000)) * DAY) {
        (void)snprintf(text, DATE_TEXT_SIZE, "%s", seconds < 0 ? "always" : "never");
        return;
    }
    days = seconds / DAY;
    year = 1970 + days / 366;
    while (days_before_year(year + 1) <= days)
        year++;
    days -= days_before_year(year);
    while (days >= days_of_month(year, month))
        days -= days_of_month(year, month++);
    (void)snprintf(text, DATE_TEXT_SIZE, "%04d-%02d-%02d", (int)year, month, (int)days + 1);
}
