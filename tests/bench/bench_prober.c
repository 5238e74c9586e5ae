/* SPDX-License-Identifier: ISC */
/*
 * bench_prober: probes a second of forcetls-prober against STARTTLS servers on the loopback, beside
 * a bare client that holds the same dialogue with the same number of connections and looks at
 * nothing; and how much memory the prober holds with 1,000 probes in flight, each with a server
 * that falls silent after the TLS handshake. The servers are a process of ours; they, the prober
 * and the bare client share the machine. No test: it judges nothing.
 *
 *   FORCETLS_ROUNDS=N     measurements of each (5)
 *   FORCETLS_PROBES=N     probes of each (500)
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/child.h"
#include "tests/bench/figures.h"

enum { GOOD = 32, SILENT = 1000, ROUNDS_MOST = 99, STACK = 256 * 1024 };

/* Servers [0, GOOD) are good, those behind them fall silent. */
static int listeners[GOOD + SILENT];
static in_port_t ports[GOOD + SILENT];
static char store[256]; /* PEM: what the servers' certificate is verified with */

/* ---- the certificate ------------------------------------------------------------------------ */

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    must(extension != NULL && X509_add_ext(certificate, extension, -1) == 1, "an extension");
    X509_EXTENSION_free(extension);
}

static void make_certificate(EVP_PKEY **key, X509 **certificate)
{
    X509 *made = X509_new();
    X509_NAME *name;
    FILE *file;

    *key = EVP_EC_gen("P-256");
    must(made != NULL && *key != NULL, "a certificate");
    name = X509_get_subject_name(made);
    must(X509_set_version(made, 2) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(made), 1) == 1 &&
             X509_gmtime_adj(X509_getm_notBefore(made), -3600) != NULL &&
             X509_gmtime_adj(X509_getm_notAfter(made), 86400) != NULL &&
             X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                        (const unsigned char *)"mx.example", -1, -1, 0) == 1 &&
             X509_set_issuer_name(made, name) == 1 && X509_set_pubkey(made, *key) == 1,
         "a certificate");
    add_extension(made, NID_ext_key_usage, "serverAuth");
    add_extension(made, NID_subject_alt_name, "DNS:mx.example");
    must(X509_sign(made, *key, EVP_sha256()) > 0, "a certificate");
    *certificate = made;
    file = child_file("store.pem");
    must(PEM_write_X509(file, made) == 1 && fclose(file) == 0, "store.pem");
    (void)snprintf(store, sizeof(store), "%s/store.pem", child_folder());
    must(chmod(child_folder(), 0755) == 0 && chmod(store, 0644) == 0, store);
}

/* ---- the servers ---------------------------------------------------------------------------- */

static SSL_CTX *server_context;

struct visit {
    int fd;
    bool silent;
};

/* The next line of what is read by `get`; false: there is none. */
static bool read_line(int fd, SSL *ssl, char line[512])
{
    size_t length = 0;

    while (length < 511) {
        char byte;
        bool got = ssl != NULL ? SSL_read(ssl, &byte, 1) == 1 : recv(fd, &byte, 1, 0) == 1;

        if (!got)
            return false;
        line[length++] = byte;
        if (byte == '\n')
            break;
    }
    line[length] = '\0';
    return true;
}

static bool say(int fd, SSL *ssl, const char *text)
{
    int length = (int)strlen(text);

    return ssl != NULL ? SSL_write(ssl, text, length) == length
                       : send(fd, text, (size_t)length, MSG_NOSIGNAL) == length;
}

static void hold_dialogue(const struct visit *visit, SSL *ssl)
{
    char line[512];

    if (!say(visit->fd, NULL, "220 mx.example ESMTP\r\n") || !read_line(visit->fd, NULL, line) ||
        !say(visit->fd, NULL, "250-mx.example\r\n250-PIPELINING\r\n250 STARTTLS\r\n") ||
        !read_line(visit->fd, NULL, line) || !say(visit->fd, NULL, "220 go ahead\r\n") ||
        SSL_accept(ssl) != 1 || !read_line(visit->fd, ssl, line))
        return;
    if (visit->silent) {
        (void)read_line(visit->fd, ssl, line);
        return;
    }
    if (say(visit->fd, ssl, "250-mx.example\r\n250 SIZE 10240000\r\n") &&
        read_line(visit->fd, ssl, line))
        (void)say(visit->fd, ssl, "221 bye\r\n");
}

static void *serve_one(void *data)
{
    struct visit *visit = data;
    SSL *ssl = SSL_new(server_context);

    if (ssl != NULL && SSL_set_fd(ssl, visit->fd) == 1)
        hold_dialogue(visit, ssl);
    SSL_free(ssl);
    (void)close(visit->fd);
    free(visit);
    return NULL;
}

static void serve(void)
{
    static struct pollfd waits[GOOD + SILENT];
    pthread_attr_t attributes;

    must(pthread_attr_init(&attributes) == 0 &&
             pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
             pthread_attr_setstacksize(&attributes, STACK) == 0,
         "threads");
    for (size_t i = 0; i < GOOD + SILENT; i++)
        waits[i] = (struct pollfd){ .fd = listeners[i], .events = POLLIN };
    for (;;) {
        must(poll(waits, GOOD + SILENT, -1) > 0, "poll");
        for (size_t i = 0; i < GOOD + SILENT; i++) {
            struct visit *visit;
            pthread_t thread;
            int on = 1;

            if (waits[i].revents == 0)
                continue;
            visit = malloc(sizeof(*visit));
            must(visit != NULL, "memory");
            *visit = (struct visit){ accept(listeners[i], NULL, NULL), i >= GOOD };
            if (visit->fd < 0) {
                free(visit);
                continue;
            }
            (void)setsockopt(visit->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
            must(pthread_create(&thread, &attributes, serve_one, visit) == 0, "a thread");
        }
    }
}

static pid_t start_servers(void)
{
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;
    pid_t pid;

    make_certificate(&key, &certificate);
    server_context = SSL_CTX_new(TLS_server_method());
    must(server_context != NULL && SSL_CTX_use_certificate(server_context, certificate) == 1 &&
             SSL_CTX_use_PrivateKey(server_context, key) == 1,
         "the servers' certificate");
    for (size_t i = 0; i < GOOD + SILENT; i++) {
        struct sockaddr_in address = { .sin_family = AF_INET };
        socklen_t length = sizeof(address);

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        listeners[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        must(listeners[i] >= 0 && bind(listeners[i], (struct sockaddr *)&address, length) == 0 &&
                 listen(listeners[i], 64) == 0 &&
                 getsockname(listeners[i], (struct sockaddr *)&address, &length) == 0,
             "listen");
        ports[i] = ntohs(address.sin_port);
    }
    pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)signal(SIGPIPE, SIG_IGN);
        serve();
        _exit(1);
    }
    for (size_t i = 0; i < GOOD + SILENT; i++)
        (void)close(listeners[i]);
    return pid;
}

/* ---- the bare client ------------------------------------------------------------------------ */

static SSL_CTX *client_context;
static atomic_long visits_left;

static void visit_bare(in_port_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    SSL *ssl = SSL_new(client_context);
    char line[512];
    bool good;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(fd >= 0 && ssl != NULL && SSL_set_fd(ssl, fd) == 1, "a connection");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    good = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
           read_line(fd, NULL, line) && say(fd, NULL, "EHLO client.example\r\n") &&
           read_line(fd, NULL, line) && read_line(fd, NULL, line) && read_line(fd, NULL, line) &&
           say(fd, NULL, "STARTTLS\r\n") && read_line(fd, NULL, line) && SSL_connect(ssl) == 1 &&
           say(fd, ssl, "EHLO client.example\r\n") && read_line(fd, ssl, line) &&
           read_line(fd, ssl, line) && say(fd, ssl, "QUIT\r\n") && read_line(fd, ssl, line);
    must(good, "the bare dialogue");
    SSL_free(ssl);
    (void)close(fd);
}

static void *visit_many(void *data)
{
    const in_port_t *port = data;

    while (atomic_fetch_sub(&visits_left, 1) > 0)
        visit_bare(*port);
    return NULL;
}

/* Dialogues a second. */
static double measure_bare(long count)
{
    pthread_t threads[GOOD];
    double begun = seconds_now();

    atomic_store(&visits_left, count);
    for (size_t i = 0; i < GOOD; i++)
        must(pthread_create(&threads[i], NULL, visit_many, &ports[i]) == 0, "a thread");
    for (size_t i = 0; i < GOOD; i++)
        (void)pthread_join(threads[i], NULL);
    return (double)count / (seconds_now() - begun);
}

/* ---- the prober ----------------------------------------------------------------------------- */

struct prober {
    pid_t pid;
    FILE *in, *out;
};

static void prober_start(struct prober *prober)
{
    char program[256];
    int in[2], out[2];

    child_program(program, "FORCETLS_PROBER", "policy/probe/forcetls-prober");
    must(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0, "pipes");
    prober->pid = fork();
    must(prober->pid >= 0, "fork");
    if (prober->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (dup2(in[0], STDIN_FILENO) >= 0 && dup2(out[1], STDOUT_FILENO) >= 0)
            (void)execl(program, program, (char *)NULL);
        _exit(127);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    prober->in = fdopen(in[1], "w");
    prober->out = fdopen(out[0], "r");
    must(prober->in != NULL && prober->out != NULL, "pipes");
    (void)fprintf(prober->in, "{\"v\":1,\"type\":\"settings\",\"timeout\":60,\"max_parallel\":1024,"
                              "\"rate\":100000,\"private_addresses\":true,\"trust_anchor\":\"\","
                              "\"helo\":\"client.example\"}\n");
}

static void ask(struct prober *prober, size_t server)
{
    must(fprintf(prober->in,
                 "{\"v\":1,\"type\":\"probe\",\"id\":%zu,\"hop\":\"[127.0.0.1]:%u\",\"stores\":"
                 "[\"%s\"]}\n",
                 server, ports[server], store) > 0,
         "the prober's stdin");
}

/* Which server an answer is about; ends the program unless all was well. */
static size_t hear(struct prober *prober)
{
    static char *line;
    static size_t size;
    const char *id;

    must(getline(&line, &size, prober->out) > 0, "the prober's answer");
    id = strstr(line, "\"id\":");
    if (id == NULL || strstr(line, "\"state\":\"tls\"") == NULL ||
        strstr(line, "\"state\":\"trusted\"") == NULL) {
        (void)fputs(line, stderr);
        errno = EPROTO;
        must(false, "the prober's answer");
    }
    return strtoul(id + strlen("\"id\":"), NULL, 10);
}

/* Probes a second, one of each server at a time. */
static double measure_prober(struct prober *prober, long count)
{
    double begun = seconds_now();
    long asked = 0;

    for (size_t i = 0; i < GOOD; i++, asked++)
        ask(prober, i);
    must(fflush(prober->in) == 0, "the prober's stdin");
    for (long heard = 0; heard < asked; heard++) {
        size_t server = hear(prober);

        if (asked < count) {
            ask(prober, server);
            must(fflush(prober->in) == 0, "the prober's stdin");
            asked++;
        }
    }
    return (double)count / (seconds_now() - begun);
}

static void compare(struct prober *prober)
{
    size_t rounds = (size_t)number_of("FORCETLS_ROUNDS", 5, ROUNDS_MOST);
    long count = number_of("FORCETLS_PROBES", 500, 1000000);
    double bare[ROUNDS_MOST], ours[ROUNDS_MOST], ratios[ROUNDS_MOST], used;
    struct figure figure = { .unit = "/s", .kind = GOAL_NONE };

    (void)measure_bare(count / 10);
    (void)measure_prober(prober, count / 10);
    used = child_seconds(prober->pid);
    for (size_t i = 0; i < rounds; i++) {
        bare[i] = measure_bare(count);
        ours[i] = measure_prober(prober, count);
        ratios[i] = ours[i] / bare[i];
    }
    used = child_seconds(prober->pid) - used;
    figure.value = middle_of(ours, rounds);
    figure.floor = middle_of(bare, rounds);
    figure.ratio = middle_of(ratios, rounds);
    (void)printf("%d probes at a time: %.0f us of a processor each, its verification and its line "
                 "included\n",
                 (int)GOOD, used * 1e6 / ((double)count * (double)rounds));
    figure_row(&figure, "probes (floor: a bare STARTTLS client)");
}

/* ---- in flight ------------------------------------------------------------------------------ */

/* How many connections to the silent servers the server has. */
static unsigned in_flight(pid_t servers)
{
    char path[64];
    unsigned threads = 0;
    FILE *file;
    char line[256];

    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)servers);
    file = fopen(path, "r");
    must(file != NULL, path);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "Threads: %u", &threads) == 1)
            break;
    }
    (void)fclose(file);
    return threads - 1;
}

static void hold_many(struct prober *prober, pid_t servers)
{
    static const struct timespec tick = { 0, 20 * 1000 * 1000 };
    struct figure figure = { .unit = "MB", .kind = GOAL_NONE };
    double before = child_resident(prober->pid), end = seconds_now() + 30, used;

    for (size_t i = GOOD; i < GOOD + SILENT; i++)
        ask(prober, i);
    must(fflush(prober->in) == 0, "the prober's stdin");
    do {
        errno = ETIMEDOUT;
        must(seconds_now() < end, "not all are in flight");
        used = child_seconds(prober->pid);
        (void)nanosleep(&tick, NULL);
    } while (in_flight(servers) < SILENT || child_seconds(prober->pid) - used > 0.001);
    figure.value = child_resident(prober->pid);
    (void)printf("%d probes in flight, all past their handshake: %.1f MB, %.1f kB each\n",
                 (int)SILENT, figure.value, (figure.value - before) * 1e3 / SILENT);
    figure_row(&figure, "memory of the prober, 1,000 probes in flight");
}

int main(void)
{
    struct prober prober;
    struct rlimit files;
    pid_t servers;

    must(getrlimit(RLIMIT_NOFILE, &files) == 0, "limit");
    files.rlim_cur = files.rlim_max;
    must(setrlimit(RLIMIT_NOFILE, &files) == 0, "limit");
    servers = start_servers();
    client_context = SSL_CTX_new(TLS_client_method());
    must(client_context != NULL, "TLS");
    (void)signal(SIGPIPE, SIG_IGN);
    prober_start(&prober);
    compare(&prober);
    hold_many(&prober, servers);
    (void)kill(prober.pid, SIGKILL);
    (void)waitpid(prober.pid, NULL, 0);
    (void)kill(servers, SIGKILL);
    (void)waitpid(servers, NULL, 0);
    return 0;
}
