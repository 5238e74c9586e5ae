/* SPDX-License-Identifier: ISC */
/*
 * bench_log: how fast forcetls log reads a maillog, and in how much memory, as figures: beside cat
 * and wc -l, which read the same file in the same run. No test: it judges nothing, and fails only
 * where it cannot run.
 *
 *   mixed   a Postfix maillog: seven lines a message, and one of ours for every tenth message
 *   ours    lines of ours alone
 *   flood   lines of ours alone, each with a sender's domain that nobody has seen before
 *
 *   FORCETLS=FILE         the program (default: policy/cli/forcetls of the build)
 *   FORCETLS_MB="100 ..."  sizes in MB (default: 100 1000)
 *   FORCETLS_ROUNDS=N      runs of each, in turn; the middle value counts (5)
 *   TMPDIR=FOLDER          where the files are made (/tmp), as large as the largest
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS_MOST = 99, MESSAGES_PER_OURS = 10, PARTNERS = 200, HOSTS = 5000 };

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(1);
}

static double now(void)
{
    struct timespec time;

    must(clock_gettime(CLOCK_MONOTONIC, &time) == 0, "clock");
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint32_t seed = 1;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)seed * limit) >> 32);
}

/* ------------------------------------------------------------ the files */

/* One message after the other, some seconds apart. */
struct maillog {
    FILE *file;
    uint64_t written, message;
    unsigned second;
    char header[64], queue_id[16], host[64];
};

static void put(struct maillog *log, const char *program, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void put(struct maillog *log, const char *program, const char *format, ...)
{
    va_list arguments;
    int length = fprintf(log->file, "%s%s[%u]: ", log->header, program, 1000 + random_below(50));

    va_start(arguments, format);
    length += vfprintf(log->file, format, arguments);
    va_end(arguments);
    must(length > 0 && fputc('\n', log->file) == '\n', "cannot write");
    log->written += (uint64_t)length + 1;
}

static void next_message(struct maillog *log)
{
    static const char letters[] = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
    uint32_t host = random_below(HOSTS);

    log->message++;
    log->second += random_below(2);
    (void)snprintf(
        log->header, sizeof(log->header), "2026-%02u-%02uT%02u:%02u:%02u.%06u+01:00 mx1 ",
        1 + log->second / 86400 / 28 % 11, 1 + log->second / 86400 % 28, log->second / 3600 % 24,
        log->second / 60 % 60, log->second % 60, random_below(1000000));
    for (int i = 0; i < 11; i++)
        log->queue_id[i] = letters[random_below(sizeof(letters) - 1)];
    (void)snprintf(log->host, sizeof(log->host), "mail-out%u.host%u.example[192.0.%u.%u]", host % 9,
                   host, host / 256, host % 256);
}

static void put_postfix(struct maillog *log)
{
    const char *id = log->queue_id, *host = log->host;
    unsigned n = (unsigned)log->message;

    put(log, "postfix/smtpd", "connect from %s", host);
    put(log, "postfix/smtpd", "%s: client=%s", id, host);
    put(log, "postfix/cleanup", "%s: message-id=<%08x.%x@host%u.example>", id, n * 2654435761u, n,
        n % HOSTS);
    put(log, "postfix/qmgr", "%s: from=<user%u@host%u.example>, size=%u, nrcpt=1 (queue active)",
        id, n % 997, n % HOSTS, 2000 + n % 30000);
    put(log, "postfix/smtpd",
        "disconnect from %s ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7", host);
    put(log, "postfix/local",
        "%s: to=<someone%u@example.org>, relay=local, delay=0.2, delays=0.1/0.01/0/0.1, dsn=2.0.0, "
        "status=sent (delivered to mailbox)",
        id, n % 501);
    put(log, "postfix/qmgr", "%s: removed", id);
}

/* Of every fifty, one would have been refused and one is. */
static void put_ours(struct maillog *log, unsigned partner, const char *below)
{
    unsigned kind = random_below(50);

    if (kind < 2)
        put(log, "forcetls-milter",
            "NOQUEUE: inbound verdict=%s reason=no-tls connector=partners-%u level=encrypt "
            "from=<user@%spartner%u.example> to=<someone@example.org> client=%s tls=none mode=%s "
            "text=\"550 5.7.10 Encryption needed: mail from partner%u.example must arrive over TLS "
            "(connector partners-%u): this session is not encrypted; postmaster@example.org\"",
            kind == 0 ? "reject" : "monitor would=reject", partner % 3, below, partner, log->host,
            kind == 0 ? "enforce" : "monitor", partner, partner % 3);
    else
        put(log, "forcetls-milter",
            "%s: inbound verdict=pass connector=partners-%u level=verify "
            "from=<user%u@%spartner%u.example> nrcpt=1 client=%s tls=TLSv1.3 "
            "cipher=TLS_AES_256_GCM_SHA384/256 certificate=trusted "
            "subject=\"mail.partner%u.example\" "
            "issuer=\"Example Issuing CA %u\" mode=enforce",
            log->queue_id, partner % 3, random_below(1000), below, partner, log->host, partner,
            partner % 7);
}

static void make_file(const char *kind, const char *path, uint64_t size)
{
    struct maillog log = { .file = fopen(path, "w") };
    char below[32] = "";

    must(log.file != NULL, path);
    while (log.written < size) {
        next_message(&log);
        if (strcmp(kind, "mixed") == 0)
            put_postfix(&log);
        if (strcmp(kind, "flood") == 0)
            (void)snprintf(below, sizeof(below), "x%llx.", (unsigned long long)log.message);
        if (strcmp(kind, "mixed") != 0 || log.message % MESSAGES_PER_OURS == 0)
            put_ours(&log, random_below(PARTNERS), below);
    }
    must(fclose(log.file) == 0, path);
}

/* ------------------------------------------------------------ the programs */

struct run {
    double seconds, processor;
    long kilobytes;
};

static struct run run_once(char *const arguments[])
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC), status;
    struct rusage usage;
    struct run run;
    double start = now();
    pid_t pid = fork();

    must(null >= 0 && pid >= 0, "fork");
    if (pid == 0) {
        (void)dup2(null, STDOUT_FILENO);
        execvp(arguments[0], arguments);
        _exit(127);
    }
    must(wait4(pid, &status, 0, &usage) == pid, "wait4");
    run.seconds = now() - start;
    run.processor = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    run.kilobytes = usage.ru_maxrss;
    (void)close(null);
    /* 1: some partner got worse. */
    must(WIFEXITED(status) && WEXITSTATUS(status) <= 1, arguments[0]);
    return run;
}

static int by_seconds(const void *left, const void *right)
{
    const struct run *a = left, *b = right;

    return (a->seconds > b->seconds) - (a->seconds < b->seconds);
}

static unsigned number_of(const char *name, unsigned otherwise, unsigned most)
{
    const char *text = getenv(name);
    unsigned long number = text != NULL ? strtoul(text, NULL, 10) : 0;

    return number == 0 ? otherwise : number > most ? most : (unsigned)number;
}

static char *program_path(void)
{
    static char path[4096];
    const char *program = getenv("FORCETLS"), *build = getenv("abs_top_builddir");

    if (program != NULL)
        (void)snprintf(path, sizeof(path), "%s", program);
    else
        (void)snprintf(path, sizeof(path), "%s/policy/cli/forcetls", build != NULL ? build : ".");
    must(access(path, X_OK) == 0, path);
    return path;
}

/* Every program in turn, so that what else the machine does hits all of them. */
static void measure(const char *kind, char *path)
{
    char *commands[][5] = { { "cat", path, NULL },
                            { "wc", "-l", path, NULL },
                            { program_path(), "log", path, NULL } };
    enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };
    static struct run runs[COMMANDS][ROUNDS_MOST];
    unsigned rounds = number_of("FORCETLS_ROUNDS", 5, ROUNDS_MOST);
    struct stat status;
    double floor = 0;

    must(stat(path, &status) == 0, path);
    for (size_t command = 0; command < COMMANDS; command++)
        (void)run_once(commands[command]); /* so that the file and the programs are in memory */
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t command = 0; command < COMMANDS; command++)
            runs[command][round] = run_once(commands[command]);
    }
    for (size_t command = 0; command < COMMANDS; command++) {
        struct run *run = &runs[command][rounds / 2];

        qsort(runs[command], rounds, sizeof(struct run), by_seconds);
        floor = command == 0 ? run->seconds : floor;
        printf("%-6s %6.0f MB  %-13s %7.3f s %7.3f s cpu %7.0f MB/s %6.2f of cat %6.1f MB memory\n",
               kind, (double)status.st_size / 1e6,
               command < 2 ? commands[command][0] : "forcetls log", run->seconds, run->processor,
               (double)status.st_size / 1e6 / run->seconds, run->seconds / floor,
               (double)run->kilobytes / 1024);
    }
}

int main(void)
{
    static const char *const kinds[] = { "mixed", "ours", "flood" };
    const char *folder = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
    const char *sizes = getenv("FORCETLS_MB") != NULL ? getenv("FORCETLS_MB") : "100 1000";
    char path[4096];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/bench_log.XXXXXX", folder);
    fd = mkstemp(path);
    must(fd >= 0 && close(fd) == 0, path);
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
        char *rest = NULL;
        char copy[200];

        (void)snprintf(copy, sizeof(copy), "%s", sizes);
        for (char *word = strtok_r(copy, " ", &rest); word != NULL;
             word = strtok_r(NULL, " ", &rest)) {
            make_file(kinds[kind], path, strtoull(word, NULL, 10) * 1000000);
            measure(kinds[kind], path);
        }
    }
    (void)unlink(path);
    return 0;
}
