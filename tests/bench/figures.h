/* SPDX-License-Identifier: ISC */
/*
 * figures: what the benchmarks share: a clock, middle values, settings from the environment, and
 * the table of goals. Nothing here judges a test: a goal that is missed is printed as missed.
 */
#ifndef FORCETLS_TESTS_BENCH_FIGURES_H
#define FORCETLS_TESTS_BENCH_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ends the program with what errno says unless `ok`: a benchmark that cannot run has no figures. */
void must(bool ok, const char *what);

/* Seconds, monotonic. */
double seconds_now(void);

/* A positive number from the environment, at most `most`; without one `otherwise`. */
int number_of(const char *name, int otherwise, int most);

/* Pseudo-random, the same in every run. */
uint32_t random_below(uint32_t limit);

/* Sorts the values and gives the one of that share (0.5: the middle one, 0.99). */
double share_of(double *values, size_t count, double share);
double middle_of(double *values, size_t count);

/* The n-th partner's domain: of ordinary length, its first letters scattered. */
void domain_name(char name[64], uint32_t n);

/*
 * A row of the table at the end of "make bench": what was measured, the floor beside it, how many
 * times the floor it is, and the goal. It is printed, and appended to the file that
 * FORCETLS_BENCH_TABLE names.
 */
enum goal {
    GOAL_AT_LEAST, /* of the floor */
    GOAL_AT_MOST,
    GOAL_BELOW, /* `goal` itself, without a floor */
    GOAL_NONE   /* a figure to know */
};

struct figure {
    const char *unit;
    double value, floor; /* floor 0: there is none */
    double ratio;        /* 0: value / floor */
    enum goal kind;
    double goal;
};

void figure_row(const struct figure *figure, const char *title, ...)
    __attribute__((format(printf, 2, 3)));

#endif
