/* SPDX-License-Identifier: ISC */
/*
 * bench_memory: how much memory forcetls-milter holds: idle with one partner domain, with 100,000,
 * and after a million messages, partners' and others', in sessions of twenty. No test: it judges
 * nothing.
 *
 *   FORCETLS_MILLION=N    messages (1000000)
 */
#include <stdio.h>
#include <string.h>

#include "tests/bench/child.h"
#include "tests/bench/figures.h"
#include "tests/bench/load.h"

enum { DOMAINS = 100000, STEPS = 10 };

static pid_t start(const char *name, uint32_t domains, char path[108])
{
    char list[64], connectors[256];
    const struct daemon_settings settings = { name, "", connectors };
    FILE *file;

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
                   "domains_file = \"%s\"; }",
                   list);
    return child_daemon(&settings, path);
}

static void envelope(void *data, unsigned long n, struct envelope *envelope)
{
    char domain[64];

    (void)data;
    domain_name(domain, n % 2 == 0 ? random_below(DOMAINS) : DOMAINS + random_below(1u << 30));
    (void)snprintf(envelope->sender, sizeof(envelope->sender), "<user%lu@%s>", n, domain);
    (void)snprintf(envelope->recipient, sizeof(envelope->recipient), "<b%lu@example.org>", n);
    envelope->mailer = "local";
}

int main(void)
{
    unsigned long messages = (unsigned long)number_of("FORCETLS_MILLION", 1000000, 100000000);
    char path[108], other[108];
    pid_t small = start("small", 1, other), large = start("large", DOMAINS, path);
    struct figure idle = { .unit = "MB", .value = child_resident(small), .kind = GOAL_NONE };
    struct figure full = { .unit = "MB", .value = child_resident(large), .kind = GOAL_NONE };
    struct figure after = { .unit = "MB", .kind = GOAL_AT_MOST, .goal = 1.05 };

    child_end(small);
    figure_row(&idle, "memory, idle, 1 domain");
    figure_row(&full, "memory, idle, 100,000 domains");
    for (int step = 1; step <= STEPS; step++) {
        const struct load load = { .socket = path,
                                   .connections = 50,
                                   .messages = messages / STEPS,
                                   .per_session = 20,
                                   .tls = true,
                                   .envelope = envelope };
        struct load_result result;

        load_run(&load, &result);
        after.value = child_resident(large);
        if (step == 1)
            after.floor = after.value;
        (void)printf("after %8lu messages: %.1f MB\n", messages / STEPS * (unsigned long)step,
                     after.value);
    }
    child_end(large);
    figure_row(&after, "memory, after %lu messages (floor: a tenth)", messages);
    return 0;
}
