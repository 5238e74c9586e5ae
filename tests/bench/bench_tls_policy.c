/* SPDX-License-Identifier: ISC */
/*
 * bench_tls_policy: lookups a second in the TLS policy map, with 1, 1,000 and 100,000 partner
 * domains, beside the floor: a server of the same make (libevent, a read and a send for each
 * question) that knows one answer and does not look at the question. All of them are measured in
 * turn, several times, so that what else the machine does hits all; the middle value counts. Each
 * connection asks and waits for the answer, as smtp(8) does. No test: it judges nothing.
 *
 * Who asks needs a processor of his own: "busy" is how much of one the server used, so that less
 * than all of it means that it could have answered more.
 *
 *   FORCETLS_ROUNDS=N    measurements of each (5)     FORCETLS_MILLISECONDS=N    each (300)
 */
#include "config.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "milter/snapshot.h"
#include "milter/tls_policy.h"
#include "policy/date.h"
#include "tests/bench/figures.h"

enum { CLIENTS_MOST = 64, QUESTIONS = 1 << 12, SAMPLES = 1 << 20, ROUNDS_MOST = 99 };

static char folder[] = "/tmp/bench_tls_policy.XXXXXX";

static double seconds_of(clockid_t clock)
{
    struct timespec time;

    must(clock_gettime(clock, &time) == 0, "no clock");
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- rules ---------------------------------------------------------------------------------- */

/* A connector for each hundred domains, as different partners have. */
static struct rules *make_rules(uint32_t domains)
{
    struct rules *rules = rules_new();
    uint32_t index = 0;

    must(rules != NULL, "rules");
    for (uint32_t n = 0; n < domains; n++) {
        char name[64];
        struct pattern pattern;

        if (n % 100 == 0) {
            struct connector *connector = connector_new();

            must(connector != NULL, "connector");
            (void)snprintf(name, sizeof(name), "partner-%u", n);
            connector->name = strdup(name);
            connector->directions[DIRECTION_OUTBOUND] = true;
            connector->level = LEVEL_ENCRYPT;
            must(connectors_add(rules->connectors, connector, &index), "connector");
        }
        domain_name(name, n);
        must(pattern_parse(&pattern, span_of(name), NULL), "pattern");
        must(connectors_add_domain(rules->connectors, index, &pattern), "domain");
    }
    must(connectors_finish(rules->connectors), "connectors");
    return rules;
}

/* ---- servers -------------------------------------------------------------------------------- */

static const char answer[] = "63:OK encrypt servername=hostname protocols=>=TLSv1.2 ciphers=high,";

static void on_question(evutil_socket_t fd, short what, void *data)
{
    char question[16384];

    (void)what;
    if (read(fd, question, sizeof(question)) > 0) {
        (void)!send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
        return;
    }
    event_free(*(struct event **)data);
    free(data);
    (void)close(fd);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int length, void *data)
{
    struct event **event = malloc(sizeof(struct event *));

    (void)address;
    (void)length;
    (void)data;
    must(event != NULL, "memory");
    *event =
        event_new(evconnlistener_get_base(listener), fd, EV_READ | EV_PERSIST, on_question, event);
    must(*event != NULL && event_add(*event, NULL) == 0, "event");
}

struct contender {
    const char *title;
    uint32_t domains; /* 0: the floor */
    struct sockaddr_un address;
    pid_t pid;
    clockid_t clock; /* its processor time */
};

static void serve(const struct contender *contender, int fd)
{
    static struct tls_policy_counters counters;
    struct event_base *base = event_base_new();

    must(base != NULL, "libevent");
    if (contender->domains == 0) {
        must(evconnlistener_new(base, on_accept, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, fd) != NULL,
             "listener");
    } else {
        must(snapshot_install(make_rules(contender->domains)), "rules");
        must(tls_policy_server_new(base, fd, folder, &counters, 1000) != NULL, "server");
    }
    (void)event_base_dispatch(base);
}

/* In a process of its own, that ends with us. */
static void contender_start(struct contender *contender)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    contender->address.sun_family = AF_UNIX;
    (void)snprintf(contender->address.sun_path, sizeof(contender->address.sun_path), "%s/%u",
                   folder, contender->domains);
    must(fd >= 0 &&
             bind(fd, (struct sockaddr *)&contender->address, sizeof(contender->address)) == 0 &&
             listen(fd, 128) == 0,
         contender->address.sun_path);
    contender->pid = fork();
    must(contender->pid >= 0, "fork");
    if (contender->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(contender, fd);
        _exit(1);
    }
    (void)close(fd);
    must(clock_getcpuclockid(contender->pid, &contender->clock) == 0, "clock");
}

/* ---- who asks ------------------------------------------------------------------------------- */

struct question {
    char text[100];
    size_t length;
};

static struct question questions[QUESTIONS];

static void make_questions(uint32_t domains)
{
    for (size_t i = 0; i < QUESTIONS; i++) {
        char name[64], text[80];

        domain_name(name, random_below(domains > 0 ? domains : 1));
        (void)snprintf(text, sizeof(text), TLS_POLICY_MAP " %s", name);
        (void)snprintf(questions[i].text, sizeof(questions[i].text), "%zu:%s,", strlen(text), text);
        questions[i].length = strlen(questions[i].text);
    }
}

struct client {
    int fd;
    double asked;
};

static void ask(struct client *client, double now)
{
    static size_t next;
    const struct question *question = &questions[next++ % QUESTIONS];

    client->asked = now;
    must(send(client->fd, question->text, question->length, MSG_NOSIGNAL) ==
             (ssize_t)question->length,
         "send");
}

static void client_open(struct client *client, const struct contender *contender, int poll)
{
    struct epoll_event event = { .events = EPOLLIN, .data = { .ptr = client } };

    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(client->fd >= 0 && connect(client->fd, (const struct sockaddr *)&contender->address,
                                    sizeof(contender->address)) == 0,
         "connect");
    must(epoll_ctl(poll, EPOLL_CTL_ADD, client->fd, &event) == 0, "epoll");
}

struct figures {
    double rate, p50, p99, used, busy; /* per second; microseconds; likewise; of one processor */
};

static float samples[SAMPLES];
static size_t sample_count;

static int compare_floats(const void *left, const void *right)
{
    float a = *(const float *)left, b = *(const float *)right;

    return (a > b) - (a < b);
}

/* Reads one answer and asks again. */
static void go_on(struct client *client)
{
    char text[1000];
    ssize_t count = read(client->fd, text, sizeof(text));
    double now = seconds_of(CLOCK_MONOTONIC);

    must(count == (ssize_t)sizeof(answer) - 1 && memcmp(text, answer, (size_t)count) == 0,
         "a wrong answer");
    samples[sample_count++ % SAMPLES] = (float)((now - client->asked) * 1e6);
    ask(client, now);
}

static struct figures measure(const struct contender *contender, int clients, double seconds)
{
    struct client all[CLIENTS_MOST];
    int poll = epoll_create1(EPOLL_CLOEXEC);
    double begin, end, used;
    struct figures figures;
    size_t kept;

    make_questions(contender->domains);
    for (int i = 0; i < clients; i++)
        client_open(&all[i], contender, poll);
    sample_count = 0;
    used = seconds_of(contender->clock);
    begin = seconds_of(CLOCK_MONOTONIC);
    for (int i = 0; i < clients; i++)
        ask(&all[i], begin);
    do {
        struct epoll_event events[CLIENTS_MOST];
        int count = epoll_wait(poll, events, CLIENTS_MOST, 10000);

        must(count > 0, "no answer");
        for (int i = 0; i < count; i++)
            go_on(events[i].data.ptr);
        end = seconds_of(CLOCK_MONOTONIC);
    } while (end - begin < seconds);
    used = seconds_of(contender->clock) - used;
    for (int i = 0; i < clients; i++)
        (void)close(all[i].fd);
    (void)close(poll);

    kept = sample_count < SAMPLES ? sample_count : SAMPLES;
    qsort(samples, kept, sizeof(samples[0]), compare_floats);
    figures.rate = (double)sample_count / (end - begin);
    figures.p50 = (double)samples[kept / 2];
    figures.p99 = (double)samples[kept * 99 / 100];
    figures.used = used * 1e6 / (double)sample_count;
    figures.busy = used / (end - begin);
    return figures;
}

/* ---- the table ------------------------------------------------------------------------------ */

static int compare_figures(const void *left, const void *right)
{
    const struct figures *a = left, *b = right;

    return (a->rate > b->rate) - (a->rate < b->rate);
}

static struct contender contenders[] = {
    { .title = "one answer (the floor)", .domains = 0 },
    { .title = "1 domain", .domains = 1 },
    { .title = "1,000 domains", .domains = 1000 },
    { .title = "100,000 domains", .domains = 100000 },
};

#define CONTENDERS (sizeof(contenders) / sizeof(contenders[0]))

/* The middle one of the ratios of a round's p99 to the floor's. */
static double p99_ratio(const struct figures *floor, const struct figures *ours, size_t rounds)
{
    double ratios[ROUNDS_MOST];

    for (size_t round = 0; round < rounds; round++)
        ratios[round] = ours[round].p99 / floor[round].p99;
    return middle_of(ratios, rounds);
}

static double rate_ratio(const struct figures *floor, const struct figures *ours, size_t rounds)
{
    double ratios[ROUNDS_MOST];

    for (size_t round = 0; round < rounds; round++)
        ratios[round] = ours[round].rate / floor[round].rate;
    return middle_of(ratios, rounds);
}

static void compare_all(int clients, size_t rounds, double seconds)
{
    static struct figures figures[CONTENDERS][ROUNDS_MOST];
    struct figure rate = { .unit = "/s", .kind = GOAL_NONE };
    struct figure p99 = { .unit = "us", .kind = GOAL_NONE };

    for (size_t i = 0; i < CONTENDERS; i++)
        (void)measure(&contenders[i], clients, seconds / 10); /* until it is warm */
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < CONTENDERS; i++)
            figures[i][round] = measure(&contenders[i], clients, seconds);
    }
    rate.ratio = rate_ratio(figures[0], figures[CONTENDERS - 1], rounds);
    p99.ratio = p99_ratio(figures[0], figures[CONTENDERS - 1], rounds);
    for (size_t i = 0; i < CONTENDERS; i++)
        qsort(figures[i], rounds, sizeof(figures[i][0]), compare_figures);
    rate.floor = figures[0][rounds / 2].rate;
    p99.floor = figures[0][rounds / 2].p99;
    for (size_t i = 0; i < CONTENDERS; i++) {
        const struct figures *middle = &figures[i][rounds / 2];

        rate.value = middle->rate;
        p99.value = middle->p99;
        (void)printf("%11d  %-24s %9.0f %10.2f %8.0f %8.0f %12.2f %6.0f%%\n", clients,
                     contenders[i].title, middle->rate, middle->rate / rate.floor, middle->p50,
                     middle->p99, middle->used, 100 * middle->busy);
    }
    figure_row(&rate, "map lookups, %d connections, %s", clients, contenders[CONTENDERS - 1].title);
    figure_row(&p99, "  its p99");
}

int main(void)
{
    static const int clients[] = { 1, 8, 64 };
    size_t rounds = (size_t)number_of("FORCETLS_ROUNDS", 5, ROUNDS_MOST);
    double seconds = number_of("FORCETLS_MILLISECONDS", 300, 100000) / 1000.0;

    must(mkdtemp(folder) != NULL, folder);
    for (size_t i = 0; i < CONTENDERS; i++)
        contender_start(&contenders[i]);
    (void)printf("TLS policy map, %zu rounds of %.1f s, middle value\n%11s  %-24s %9s %10s %8s %8s "
                 "%12s %7s\n",
                 rounds, seconds, "connections", "", "lookups/s", "of floor", "p50 us", "p99 us",
                 "server us", "busy");
    for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++)
        compare_all(clients[i], rounds, seconds);
    for (size_t i = 0; i < CONTENDERS; i++) {
        (void)kill(contenders[i].pid, SIGKILL);
        (void)waitpid(contenders[i].pid, NULL, 0);
        (void)unlink(contenders[i].address.sun_path);
    }
    (void)rmdir(folder);
    return 0;
}
