/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/bench/figures.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void must(bool ok, const char *what)
{
    if (ok)
        return;
    (void)fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
    exit(1);
}

double seconds_now(void)
{
    struct timespec time;

    must(clock_gettime(CLOCK_MONOTONIC, &time) == 0, "no clock");
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int number_of(const char *name, int otherwise, int most)
{
    const char *text = getenv(name);
    int number = text != NULL ? atoi(text) : otherwise;

    return number < 1 ? otherwise : number < most ? number : most;
}

uint32_t random_below(uint32_t limit)
{
    static uint32_t seed = 1;

    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)seed * limit) >> 32);
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

double share_of(double *values, size_t count, double share)
{
    if (count == 0)
        return 0;
    qsort(values, count, sizeof(values[0]), compare_doubles);
    return values[(size_t)((double)(count - 1) * share + 0.5)];
}

double middle_of(double *values, size_t count)
{
    return share_of(values, count, 0.5);
}

void domain_name(char name[64], uint32_t n)
{
    (void)snprintf(name, 64, "mail%06x.partner%u.example", (n * 2654435761u) & 0xffffffu, n);
}

/* ---- the table ------------------------------------------------------------------------------ */

/* With three digits that count, or all of the whole ones. */
static void say_number(char text[24], double number)
{
    (void)snprintf(text, 24, "%.*f", number >= 100 ? 0 : number >= 10 ? 1 : 2, number);
}

static void say_goal(char text[48], const struct figure *figure)
{
    text[0] = '\0';
    if (figure->kind == GOAL_AT_LEAST || figure->kind == GOAL_AT_MOST)
        (void)snprintf(text, 48, "%s %.2f x",
                       figure->kind == GOAL_AT_LEAST ? ">=" : "<=", figure->goal);
    else if (figure->kind == GOAL_BELOW)
        (void)snprintf(text, 48, "< %g %s", figure->goal, figure->unit);
}

static const char *outcome(const struct figure *figure, double ratio)
{
    bool met;

    if (figure->kind == GOAL_NONE)
        return "";
    met = figure->kind == GOAL_AT_LEAST  ? ratio >= figure->goal
          : figure->kind == GOAL_AT_MOST ? ratio <= figure->goal
                                         : figure->value < figure->goal;
    return met ? "met" : "MISSED";
}

void figure_row(const struct figure *figure, const char *title, ...)
{
    const char *path = getenv("FORCETLS_BENCH_TABLE");
    FILE *file = path != NULL ? fopen(path, "a") : NULL;
    char name[128], value[24], floor[24] = "", times[24] = "", goal[48];
    double ratio = figure->ratio;
    va_list arguments;

    va_start(arguments, title);
    (void)vsnprintf(name, sizeof(name), title, arguments);
    va_end(arguments);
    if (ratio == 0 && figure->floor != 0)
        ratio = figure->value / figure->floor;
    say_number(value, figure->value);
    if (figure->floor != 0)
        say_number(floor, figure->floor);
    if (ratio != 0)
        (void)snprintf(times, sizeof(times), "%.2f", ratio);
    say_goal(goal, figure);
    for (FILE *out = stdout; out != NULL; out = out == stdout ? file : NULL)
        (void)fprintf(out, "  %-58s %9s %-5s %9s %6s  %-12s %s\n", name, value, figure->unit, floor,
                      times, goal, outcome(figure, ratio));
    if (file != NULL)
        (void)fclose(file);
}
