/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/bench/child.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/figures.h"

static char folder[] = "/tmp/forcetls-bench.XXXXXX";
static bool has_folder;

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void remove_folder(void)
{
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *child_folder(void)
{
    if (!has_folder) {
        must(mkdtemp(folder) != NULL, folder);
        must(atexit(remove_folder) == 0, "memory");
        has_folder = true;
    }
    return folder;
}

FILE *child_file(const char *name)
{
    char path[256];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", child_folder(), name);
    file = fopen(path, "w");
    must(file != NULL, path);
    return file;
}

void child_program(char path[256], const char *variable, const char *name)
{
    const char *given = getenv(variable), *build = getenv("abs_top_builddir");

    if (given != NULL)
        (void)snprintf(path, 256, "%s", given);
    else
        (void)snprintf(path, 256, "%s/%s", build != NULL ? build : ".", name);
    must(access(path, X_OK) == 0, path);
}

static void log_path(char path[256], const char *name)
{
    (void)snprintf(path, 256, "%s/%s.log", child_folder(), name);
}

/* Says that standard error is the journal's (systemd.exec(5), $JOURNAL_STREAM). */
static bool claim_journal(void)
{
    struct stat status;
    char stream[64];

    if (fstat(STDERR_FILENO, &status) != 0)
        return false;
    (void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev,
                   (uintmax_t)status.st_ino);
    return setenv("JOURNAL_STREAM", stream, 1) == 0;
}

pid_t child_start(const char *name, char *const arguments[])
{
    char path[256];
    pid_t pid;

    log_path(path, name);
    pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0) {
        int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (log < 0 || dup2(log, STDERR_FILENO) < 0 || !claim_journal())
            _exit(126);
        (void)execv(arguments[0], arguments);
        _exit(127);
    }
    return pid;
}

/* What a child said last, to find out why it does not run. */
static void tell_log(const char *name)
{
    char path[256], line[1024];
    FILE *file;

    log_path(path, name);
    file = fopen(path, "r");
    if (file == NULL)
        return;
    while (fgets(line, sizeof(line), file) != NULL)
        (void)fputs(line, stderr);
    (void)fclose(file);
}

static bool listens(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good;

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    good = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    if (fd >= 0)
        (void)close(fd);
    return good;
}

void child_wait(pid_t pid, const char *name, const char *socket)
{
    static const struct timespec tick = { 0, 5 * 1000 * 1000 };
    double end = seconds_now() + 60;

    while (!listens(socket)) {
        if (waitpid(pid, NULL, WNOHANG) == pid || seconds_now() > end) {
            tell_log(name);
            must(false, socket);
        }
        (void)nanosleep(&tick, NULL);
    }
}

pid_t child_daemon(const struct daemon_settings *settings, char socket[108])
{
    char program[256], name[64], config[256];
    FILE *file;
    pid_t pid;

    child_program(program, "FORCETLS_MILTER", "milter/forcetls-milter");
    (void)snprintf(name, sizeof(name), "%s.conf", settings->name);
    (void)snprintf(config, sizeof(config), "%s/%s", child_folder(), name);
    (void)snprintf(socket, 108, "%s/%s.sock", child_folder(), settings->name);
    file = child_file(name);
    (void)fprintf(file,
                  "contact = \"postmaster@example.org\";\n"
                  "milter_socket = \"unix:%s\";\n"
                  "inbound_exempt_networks = [ ];\n%s\n"
                  "connectors = (\n%s\n);\n",
                  socket, settings->settings, settings->connectors);
    must(fclose(file) == 0, config);
    pid = child_start(settings->name, (char *const[]){ program, "-f", "-c", config, NULL });
    child_wait(pid, settings->name, socket);
    return pid;
}

pid_t child_floor(bool headers, char socket[108])
{
    const char *name = headers ? "floor-headers" : "floor";
    char program[256], option[] = "-h";
    pid_t pid;

    child_program(program, "FORCETLS_FLOOR_MILTER", "tests/bench/floor_milter");
    (void)snprintf(socket, 108, "%s/%s.sock", child_folder(), name);
    pid = child_start(name, headers ? (char *const[]){ program, option, socket, NULL }
                                    : (char *const[]){ program, socket, NULL });
    child_wait(pid, name, socket);
    return pid;
}

double child_seconds(pid_t pid)
{
    struct timespec time;
    clockid_t clock;

    must(clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &time) == 0, "its clock");
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double child_resident(pid_t pid)
{
    char path[64];
    long pages = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    file = fopen(path, "r");
    must(file != NULL && fscanf(file, "%*d %ld", &pages) == 1, path);
    (void)fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

void child_end(pid_t pid)
{
    (void)kill(pid, SIGTERM);
    (void)waitpid(pid, NULL, 0);
}
