/* SPDX-License-Identifier: ISC */
/*
 * bench_milter: messages a second through forcetls-milter with 1, 1,000 and 100,000 partner
 * domains, and how long a message takes there, beside floor_milter, the cheapest program that
 * libmilter allows. A load client plays the MTA. All are measured in turn, many times; a ratio is
 * of two measurements of the same round, and the middle one counts, so that what else the machine
 * does hits both sides. No test: it judges nothing.
 *
 *   FORCETLS_ROUNDS=N     measurements of each (9)
 *   FORCETLS_MESSAGES=N   messages of each (2500)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/child.h"
#include "tests/bench/figures.h"
#include "tests/bench/load.h"

enum { ROUNDS_MOST = 99, CONTENDERS_MOST = 4, OTHERS = 1000000000 };

struct contender {
    const char *title;
    uint32_t domains; /* 0: the floor */
    bool outbound;
    char socket[108];
    pid_t pid;
};

/* Without waiting: DNS is a port of ours that does not answer, and nothing is ever looked at. */
static const char quiet[] = "dns: { servers = [ \"127.0.0.1@9\" ]; trust_anchor = \"\"; };\n";

static void start(struct contender *contender, uint32_t domains, bool outbound)
{
    char name[32], list[64], connectors[1024];
    struct daemon_settings settings = { name, outbound ? quiet : "", connectors };
    FILE *file;

    contender->domains = domains;
    contender->outbound = outbound;
    (void)snprintf(name, sizeof(name), "%u%s", domains, outbound ? "-outbound" : "");
    (void)snprintf(list, sizeof(list), "%s.domains", name);
    file = child_file(list);
    for (uint32_t n = 0; n < domains; n++) {
        char domain[64];

        domain_name(domain, n);
        (void)fprintf(file, "%s\n", domain);
    }
    must(fclose(file) == 0, list);
    (void)snprintf(connectors, sizeof(connectors),
                   "{ name = \"partners\"; direction = \"inbound\"; level = \"verify\"; "
                   "domains_file = \"%s\"; }%s",
                   list,
                   outbound ? ",\n{ name = \"out\"; direction = \"outbound\"; level = \"may\"; "
                              "domains = [ \"contoso.com\" ]; }"
                            : "");
    contender->pid = child_daemon(&settings, contender->socket);
}

/* ---- whose mail ----------------------------------------------------------------------------- */

struct traffic {
    const char *title;
    bool partners;           /* from their domains */
    bool outbound;           /* to contoso.com, an outbound partner */
    unsigned connections;    /* at a time */
    unsigned long a_session; /* messages; 0: any number */
};

struct sending {
    const struct traffic *traffic;
    uint32_t domains;
};

static void make_envelope(void *data, unsigned long n, struct envelope *envelope)
{
    const struct sending *sending = data;
    uint32_t domains = sending->domains != 0 ? sending->domains : 1000;
    char domain[64];

    domain_name(domain,
                sending->traffic->partners ? random_below(domains) : OTHERS + random_below(OTHERS));
    (void)snprintf(envelope->sender, sizeof(envelope->sender), "<user%lu@%s>", n % 1000, domain);
    (void)snprintf(envelope->recipient, sizeof(envelope->recipient), "<b%lu@%s>", n % 1000,
                   sending->traffic->outbound ? "contoso.com" : "example.org");
    envelope->mailer = sending->traffic->outbound ? "smtp" : "local";
}

/* ---- measuring ------------------------------------------------------------------------------ */

struct series {
    double rate[ROUNDS_MOST], p50[ROUNDS_MOST], p99[ROUNDS_MOST], used[ROUNDS_MOST];
};

static void measure(const struct contender *contender, const struct traffic *traffic,
                    unsigned long messages, struct series *series, size_t round)
{
    struct sending sending = { traffic, contender->domains };
    const struct load load = { .socket = contender->socket,
                               .connections = traffic->connections,
                               .messages = messages,
                               .per_session = traffic->a_session,
                               .tls = true,
                               .envelope = make_envelope,
                               .data = &sending };
    struct load_result result;
    double used = child_seconds(contender->pid);

    load_run(&load, &result);
    must(result.refused == 0, "mail was refused");
    series->used[round] = (child_seconds(contender->pid) - used) * 1e6 / (double)messages;
    series->rate[round] = result.rate;
    series->p50[round] = result.p50;
    series->p99[round] = result.p99;
}

/* The middle one of the ratios of the rounds. */
static double ratio_of(const double *ours, const double *floor, size_t rounds)
{
    double ratios[ROUNDS_MOST];

    for (size_t round = 0; round < rounds; round++)
        ratios[round] = ours[round] / floor[round];
    return middle_of(ratios, rounds);
}

static double middle(const double *values, size_t rounds)
{
    double copy[ROUNDS_MOST];

    memcpy(copy, values, rounds * sizeof(*values));
    return middle_of(copy, rounds);
}

static void row(const char *title, const double *ours, const double *floor, size_t rounds,
                const struct figure *goal)
{
    struct figure figure = *goal;

    figure.value = middle(ours, rounds);
    figure.floor = middle(floor, rounds);
    figure.ratio = ratio_of(ours, floor, rounds);
    figure_row(&figure, "%s", title);
}

/* The last contender is ours, the largest; the first one the floor. */
static void report(const struct traffic *traffic, struct contender *const contenders[],
                   size_t count, const struct series *series, size_t rounds)
{
    static const struct figure rate = { .unit = "/s", .kind = GOAL_AT_LEAST, .goal = 1.0 };
    static const struct figure p99 = { .unit = "us", .kind = GOAL_AT_MOST, .goal = 1.1 };
    static const struct figure same = { .unit = "/s", .kind = GOAL_AT_LEAST, .goal = 0.95 };
    static const struct figure known = { .unit = "/s", .kind = GOAL_NONE };
    const struct series *last = &series[count - 1];

    (void)printf("%s\n", traffic->title);
    for (size_t i = 0; i < count; i++)
        (void)printf("  %-26s %6.0f messages/s (%.2f of the floor)  p50 %6.0f us  p99 %6.0f us "
                     "(%.2f)  %6.1f us of a processor a message\n",
                     contenders[i]->title, middle(series[i].rate, rounds),
                     ratio_of(series[i].rate, series[0].rate, rounds),
                     middle(series[i].p50, rounds), middle(series[i].p99, rounds),
                     ratio_of(series[i].p99, series[0].p99, rounds),
                     middle(series[i].used, rounds));
    row(traffic->title, last->rate, series[0].rate, rounds, &rate);
    row("  its p99", last->p99, series[0].p99, rounds, &p99);
    if (contenders[1]->domains == 0)
        row("  beside a floor that sees headers", last->rate, series[1].rate, rounds, &known);
    else
        row("  100,000 domains beside 1", last->rate, series[1].rate, rounds, &same);
}

static void compare(const struct traffic *traffic, struct contender *const contenders[],
                    size_t count)
{
    static struct series series[CONTENDERS_MOST];
    size_t rounds = (size_t)number_of("FORCETLS_ROUNDS", 9, ROUNDS_MOST);
    unsigned long messages = (unsigned long)number_of("FORCETLS_MESSAGES", 2500, 1000000);

    for (size_t i = 0; i < count; i++)
        measure(contenders[i], traffic, messages / 10, &series[i], 0); /* until it is warm */
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < count; i++) {
            size_t who = round % 2 == 0 ? i : count - 1 - i;

            measure(contenders[who], traffic, messages, &series[who], round);
        }
    }
    report(traffic, contenders, count, series, rounds);
}

int main(void)
{
    static const struct traffic inbound[] = {
        { "milter: others' mail", false, false, 4, 0 },
        { "milter: others' mail, a session each", false, false, 4, 1 },
        { "milter: partners' mail", true, false, 4, 0 },
        { "milter: partners' mail, a session each", true, false, 4, 1 },
        { "milter: partners' mail, 64 sessions", true, false, 64, 0 },
    };
    static const struct traffic both[] = {
        { "milter, outbound connectors too: others' mail", false, false, 4, 0 },
        { "milter, outbound connectors too: partners' mail", true, false, 4, 0 },
        { "milter, outbound connectors too: mail to a partner", false, true, 4, 0 },
    };
    static struct contender floor = { .title = "the floor" };
    static struct contender headers = { .title = "the floor with headers" };
    static struct contender sizes[] = { { .title = "1 domain" },
                                        { .title = "1,000 domains" },
                                        { .title = "100,000 domains" } };
    static struct contender outbound = { .title = "1,000 domains, outbound too" };
    struct contender *const all[] = { &floor, &sizes[0], &sizes[1], &sizes[2] };
    struct contender *const three[] = { &floor, &headers, &outbound };

    floor.pid = child_floor(false, floor.socket);
    headers.pid = child_floor(true, headers.socket);
    start(&sizes[0], 1, false);
    start(&sizes[1], 1000, false);
    start(&sizes[2], 100000, false);
    start(&outbound, 1000, true);
    for (size_t i = 0; i < sizeof(inbound) / sizeof(inbound[0]); i++)
        compare(&inbound[i], all, 4);
    for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++)
        compare(&both[i], three, 3);
    for (size_t i = 0; i < 4; i++)
        child_end(all[i]->pid);
    child_end(headers.pid);
    child_end(outbound.pid);
    return 0;
}
