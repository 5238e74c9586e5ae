/* SPDX-License-Identifier: ISC */
/*
 * bench_burst: how long RCPT takes to be answered when everything is bad: 2,000 sessions are open,
 * 500 of them send RCPT at once, to 100 outbound partners of which half cannot be looked up (DNS is
 * silent) and half do not answer (their host is), then to names that nobody has seen before. The
 * prober is the real one. Beside it floor_milter, which knows nothing: where that too takes
 * hundreds of milliseconds now and then, it is libmilter's and the machine's. What counts is the
 * longest answer of a burst, the middle one of the bursts. No test: it judges nothing.
 *
 *   FORCETLS_ROUNDS=N     four bursts each (4)
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/child.h"
#include "tests/bench/figures.h"
#include "tests/bench/mta.h"

enum { SESSIONS = 2000, AT_ONCE = 500, PARTNERS = 100, BURSTS_MOST = 40 };

static struct mta sessions[SESSIONS];

/* A socket of ours on the loopback that nobody reads; its port. */
static in_port_t silent_port(int type)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(fd >= 0 && bind(fd, (struct sockaddr *)&address, length) == 0 &&
             getsockname(fd, (struct sockaddr *)&address, &length) == 0,
         "a port");
    if (type == SOCK_STREAM)
        must(listen(fd, 128) == 0, "listen");
    return ntohs(address.sin_port);
}

/* ---- the sessions --------------------------------------------------------------------------- */

/* Waits for the reply of each of these. */
static void collect(size_t first, size_t count, char wanted, double *since, double *times)
{
    static struct pollfd waits[SESSIONS];
    size_t left = count;

    for (size_t i = 0; i < count; i++)
        waits[i] = (struct pollfd){ .fd = sessions[first + i].fd, .events = POLLIN };
    while (left > 0) {
        int ready = poll(waits, (nfds_t)count, 60000);

        if (ready == 0)
            errno = ETIMEDOUT;
        must(ready > 0, "the replies");
        for (size_t i = 0; i < count; i++) {
            char letter;

            if (waits[i].fd < 0 || waits[i].revents == 0)
                continue;
            letter = mta_reply(&sessions[first + i]);
            if (letter == 0)
                continue;
            errno = EPROTO;
            must(letter == wanted, "a reply");
            if (times != NULL)
                times[i] = (seconds_now() - since[i]) * 1e3;
            waits[i].fd = -1;
            left--;
        }
    }
}

/* Opens them all, up to the answer to MAIL. */
static void open_all(const char *path)
{
    static const struct envelope envelope = { .sender = "<a@example.org>" };

    for (size_t i = 0; i < SESSIONS; i++) {
        mta_open(&sessions[i], path, false);
        (void)mta_offer(&sessions[i]);
        mta_flush(&sessions[i]);
    }
    collect(0, SESSIONS, 'O', NULL, NULL);
    for (size_t i = 0; i < SESSIONS; i++) {
        errno = EPROTO;
        must(!mta_connect(&sessions[i]) && !mta_helo(&sessions[i]), "CONNECT, HELO");
        (void)mta_mail(&sessions[i], &envelope);
        mta_flush(&sessions[i]);
    }
    collect(0, SESSIONS, 'c', NULL, NULL);
}

enum kind { KIND_DNS, KIND_HOST, KIND_UNSEEN };

static void recipient(struct envelope *envelope, enum kind kind, unsigned n)
{
    static const char *const domains[] = {
        [KIND_DNS] = "d", [KIND_HOST] = "h", [KIND_UNSEEN] = "n"
    };

    memset(envelope, 0, sizeof(*envelope));
    (void)snprintf(envelope->recipient, sizeof(envelope->recipient), "<b@%s%u.%sexample>",
                   domains[kind], n, kind == KIND_UNSEEN ? "below." : "");
    if (kind == KIND_HOST)
        (void)snprintf(envelope->hop, sizeof(envelope->hop), "[127.0.0.%u]", n + 1);
    envelope->mailer = "smtp";
}

struct burst {
    double p50, p99, longest; /* milliseconds */
};

/* 500 of the sessions, each only once. */
static struct burst burst(unsigned number, bool unseen, char wanted)
{
    static double since[AT_ONCE], times[AT_ONCE];
    size_t first = (size_t)number * AT_ONCE;

    for (unsigned i = 0; i < AT_ONCE; i++) {
        struct envelope envelope;

        recipient(&envelope,
                  unseen       ? KIND_UNSEEN
                  : i % 2 == 0 ? KIND_DNS
                               : KIND_HOST,
                  unseen ? number * AT_ONCE + i : i / 2 % (PARTNERS / 2));
        must(mta_rcpt(&sessions[first + i], &envelope), "RCPT");
    }
    for (size_t i = 0; i < AT_ONCE; i++) {
        since[i] = seconds_now();
        mta_flush(&sessions[first + i]);
    }
    collect(first, AT_ONCE, wanted, since, times);
    return (struct burst){ share_of(times, AT_ONCE, 0.5), share_of(times, AT_ONCE, 0.99),
                           share_of(times, AT_ONCE, 1) };
}

static void close_all(void)
{
    for (size_t i = 0; i < SESSIONS; i++) {
        mta_quit(&sessions[i]);
        mta_flush(&sessions[i]);
        mta_close(&sessions[i]);
    }
}

/* ---- the servers ---------------------------------------------------------------------------- */

static pid_t start_daemon(char path[108])
{
    static const char demands[] = "direction = \"outbound\"; level = \"encrypt\";";
    char prober[256], text[512], list[8192];
    const struct daemon_settings settings = { "burst", text, list };
    size_t length = 0;

    child_program(prober, "FORCETLS_PROBER", "policy/probe/forcetls-prober");
    must(setenv("FORCETLS_PROBER", prober, 1) == 0, "memory");
    (void)snprintf(text, sizeof(text),
                   "dns: { servers = [ \"127.0.0.1@%u\" ]; trust_anchor = \"\"; };\n"
                   "probe: { rate = 1000.0; private_addresses = true; port = %u; };\n",
                   silent_port(SOCK_DGRAM), silent_port(SOCK_STREAM));
    length +=
        (size_t)snprintf(list, sizeof(list), "{ name = \"hosts\"; %s next_hops = [ ", demands);
    for (unsigned n = 0; n < PARTNERS / 2; n++)
        length += (size_t)snprintf(list + length, sizeof(list) - length, "%s\"[127.0.0.%u]\"",
                                   n > 0 ? ", " : "", n + 1);
    length += (size_t)snprintf(list + length, sizeof(list) - length, " ]; domains = [ ");
    for (unsigned n = 0; n < PARTNERS / 2; n++)
        length += (size_t)snprintf(list + length, sizeof(list) - length, "%s\"h%u.example\"",
                                   n > 0 ? ", " : "", n);
    length +=
        (size_t)snprintf(list + length, sizeof(list) - length,
                         " ]; },\n{ name = \"names\"; %s domains = [ \".below.example\"", demands);
    for (unsigned n = 0; n < PARTNERS / 2; n++)
        length += (size_t)snprintf(list + length, sizeof(list) - length, ", \"d%u.example\"", n);
    length += (size_t)snprintf(list + length, sizeof(list) - length, " ]; }");
    must(length < sizeof(list), "room for the configuration");
    return child_daemon(&settings, path);
}

/* The longest answer of each burst. */
struct worst {
    double known[BURSTS_MOST], unseen[BURSTS_MOST], all[2 * BURSTS_MOST];
    size_t count;
};

static void measure(const char *title, const char *path, pid_t pid, char wanted,
                    struct worst *worst)
{
    double begun = seconds_now();

    open_all(path);
    (void)printf("%s: %d sessions opened in %.2f s, %.1f MB\n", title, SESSIONS,
                 seconds_now() - begun, child_resident(pid));
    for (unsigned number = 0; number < SESSIONS / AT_ONCE; number++) {
        bool unseen = number % 2 == 1;
        struct burst times = burst(number, unseen, wanted);

        (void)printf("  %d at once, %-32s p50 %5.1f ms  p99 %5.1f ms  longest %5.1f ms\n", AT_ONCE,
                     unseen ? "names that nobody has seen" : "partners that are known", times.p50,
                     times.p99, times.longest);
        worst->all[2 * worst->count + number] = times.longest;
        (unseen ? worst->unseen : worst->known)[worst->count + number / 2] = times.longest;
    }
    worst->count += SESSIONS / AT_ONCE / 2;
    close_all();
}

static void row(const char *title, double *ours, double *floor, size_t count, double share)
{
    const struct figure figure = { .unit = "ms",
                                   .value = share_of(ours, count, share),
                                   .floor = share_of(floor, count, share),
                                   .kind = GOAL_BELOW,
                                   .goal = 250 };

    figure_row(&figure, "500 RCPT at once of 2,000 sessions, %s", title);
}

int main(void)
{
    static struct worst floor, ours;
    char floor_path[108], path[108];
    struct rlimit files;
    pid_t floor_pid, pid;

    must(getrlimit(RLIMIT_NOFILE, &files) == 0, "limit");
    files.rlim_cur = files.rlim_max;
    must(setrlimit(RLIMIT_NOFILE, &files) == 0, "limit");
    floor_pid = child_floor(false, floor_path);
    pid = start_daemon(path);
    for (int round = number_of("FORCETLS_ROUNDS", 4, BURSTS_MOST / 2); round > 0; round--) {
        measure("the floor", floor_path, floor_pid, 'c', &floor);
        measure("forcetls", path, pid, 'y', &ours);
    }
    child_end(floor_pid);
    child_end(pid);
    row("partners dead", ours.known, floor.known, ours.count, 0.5);
    row("names unseen", ours.unseen, floor.unseen, ours.count, 0.5);
    row("the worst", ours.all, floor.all, 2 * ours.count, 1);
    return 0;
}
