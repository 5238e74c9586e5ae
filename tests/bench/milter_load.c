/* SPDX-License-Identifier: ISC */
/*
 * milter_load: the load client as a program: sends messages through any filter, forcetls-milter or
 * another one, as an MTA does, and prints messages a second and how long one took.
 *
 *   milter_load [option ...] SOCKET      the path of a unix socket
 *     -c N        connections at a time (4)
 *     -m N        messages (10000)
 *     -s N        messages a session (any number)
 *     -r N        recipients a message (1)
 *     -f ADDRESS  sender (a@contoso.com), -t ADDRESS recipient (b@example.org), -x {rcpt_mailer}
 *     -T          without TLS
 *     -p PID      the filter's process: prints its processor time as well
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "tests/bench/child.h"
#include "tests/bench/figures.h"
#include "tests/bench/load.h"

struct addresses {
    const char *sender, *recipient, *mailer;
};

static void envelope(void *data, unsigned long n, struct envelope *envelope)
{
    const struct addresses *addresses = data;

    (void)n;
    (void)snprintf(envelope->sender, sizeof(envelope->sender), "<%s>", addresses->sender);
    (void)snprintf(envelope->recipient, sizeof(envelope->recipient), "<%s>", addresses->recipient);
    envelope->mailer = addresses->mailer;
}

static unsigned long number(const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    if (*end != '\0' || number < 1 || number > 100000000) {
        (void)fprintf(stderr, "milter_load: not a number of things: '%s'\n", text);
        exit(EX_USAGE);
    }
    return number;
}

static void print(const struct load *load, const struct load_result *result, double used)
{
    (void)printf("%lu messages, %u connections: %.0f messages/s, p50 %.0f us, p99 %.0f us, longest "
                 "%.0f us\n",
                 load->messages, load->connections, result->rate, result->p50, result->p99,
                 result->longest);
    (void)printf("accepted early %lu, at the end %lu, refused %lu\n", result->early, result->ends,
                 result->refused);
    if (used > 0)
        (void)printf("the filter used %.1f us of a processor a message\n",
                     used * 1e6 / (double)load->messages);
}

int main(int argc, char **argv)
{
    struct addresses addresses = { "a@contoso.com", "b@example.org", "local" };
    struct load load = {
        .connections = 4, .messages = 10000, .tls = true, .envelope = envelope, .data = &addresses
    };
    struct load_result result;
    double used = 0;
    pid_t pid = 0;
    int option;

    while ((option = getopt(argc, argv, "c:m:s:r:f:t:x:Tp:")) != -1) {
        switch (option) {
        case 'c':
            load.connections = (unsigned)number(optarg);
            break;
        case 'm':
            load.messages = number(optarg);
            break;
        case 's':
            load.per_session = number(optarg);
            break;
        case 'r':
            load.recipients = (unsigned)number(optarg);
            break;
        case 'f':
            addresses.sender = optarg;
            break;
        case 't':
            addresses.recipient = optarg;
            break;
        case 'x':
            addresses.mailer = optarg;
            break;
        case 'T':
            load.tls = false;
            break;
        case 'p':
            pid = (pid_t)number(optarg);
            break;
        default:
            return EX_USAGE;
        }
    }
    if (optind != argc - 1) {
        (void)fprintf(stderr, "usage: milter_load [option ...] SOCKET\n");
        return EX_USAGE;
    }
    load.socket = argv[optind];
    if (pid != 0)
        used = child_seconds(pid);
    load_run(&load, &result);
    if (pid != 0)
        used = child_seconds(pid) - used;
    print(&load, &result, used);
    return 0;
}
