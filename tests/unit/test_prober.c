/* SPDX-License-Identifier: ISC */
/*
 * Tests of milter/hops/prober with a prober that does what its settings say: this program under
 * another name. Whatever it writes, however it ends: what it was asked comes back, the log stays
 * short, another one can be started, and no descriptor and no process is left behind.
 */
#include "config.h"

#include "milter/hops/prober.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "milter/clock.h"
#include "milter/hops/starter.h"
#include "milter/log.h"
#include "tests/unit/build.h"

#define NAME "forcetls-prober"
#define ENOUGH_MS 20000
#define PATIENCE_MS 15000

/* ---- the prober ----------------------------------------------------------------------------- */

static void answer(long id, const char *hop)
{
    (void)printf("{\"v\":1,\"type\":\"result\",\"id\":%ld,\"hop\":\"%s\",\"started\":1,"
                 "\"milliseconds\":1,\"mx\":{\"state\":\"nxdomain\",\"dnssec\":\"unknown\","
                 "\"left_out\":0},\"hosts\":[]}\n",
                 id, hop);
}

static void complain(const char *text, long number)
{
    (void)printf("{\"v\":1,\"type\":\"error\",\"text\":\"%s %ld\"}\n", text, number);
}

/* Until nobody takes it any more. */
static void shout(const char *words)
{
    while (write(STDERR_FILENO, words, strlen(words)) > 0)
        continue;
}

static void at_start(const char *act)
{
    if (strcmp(act, "exit") == 0)
        _exit(3);
    if (strcmp(act, "parent") == 0)
        complain("child of", (long)getppid());
    if (strcmp(act, "shout") == 0)
        shout("what a day\n");
    if (strcmp(act, "roar") == 0)
        shout("what a day that does not end ");
    for (int i = 0; i < 100000 && strcmp(act, "complain") == 0; i++)
        complain("this does not work either:", i);
    for (int i = 0; i < 100000 && strcmp(act, "many") == 0; i++)
        answer(i + 1000, "contoso.com");
    while (strcmp(act, "endless") == 0 && printf("{\"v\":1,\"type\":\"error\",\"text\":\"") > 0)
        continue;
    (void)fflush(stdout);
    while (strcmp(act, "hang") == 0)
        (void)pause();
}

static void at_question(const char *act, long id, const char *hop)
{
    if (strcmp(act, "silent") == 0)
        return;
    if (strcmp(act, "half") == 0) {
        (void)printf("{\"v\":1,\"type\":\"result\",\"id\":%ld,", id);
        (void)fflush(stdout);
        _exit(0);
    }
    if (strcmp(act, "memory") == 0)
        _exit(EX_TEMPFAIL);
    if (strcmp(act, "stop") == 0)
        (void)raise(SIGSTOP);
    if (strcmp(act, "pong") == 0)
        (void)printf("{\"v\":1,\"type\":\"pong\",\"id\":%ld}\n", id);
    if (strcmp(act, "kill") == 0)
        (void)raise(SIGKILL);
    if (strcmp(act, "nul") == 0)
        (void)fwrite("{\"v\":1\0}\n", 1, 9, stdout);
    if (strcmp(act, "bytes") == 0)
        (void)printf("{\"v\":1,\"type\":\"error\",\"id\":%ld,\"text\":\"\xff\xfe\"}\n", id);
    if (strcmp(act, "number") == 0)
        (void)printf("{\"v\":1,\"type\":\"error\",\"id\":%ld99999999999999999999}\n", id);
    if (strcmp(act, "wrong") == 0)
        hop = "fabrikam.com";
    answer(id, hop);
    if (strcmp(act, "twice") == 0)
        answer(id, hop);
}

static void at_ping(const char *line)
{
    const char *id = strstr(line, "\"id\":");

    if (strstr(line, "\"ping\"") != NULL && id != NULL)
        (void)printf("{\"v\":1,\"type\":\"pong\",\"id\":%ld}\n", atol(id + 5));
}

static int play(void)
{
    char act[32], hop[300], *line = NULL;
    size_t room = 0;
    long id;

    (void)signal(SIGPIPE, SIG_IGN);
    if (scanf("%31s", act) != 1 || getchar() != '\n')
        return 2;
    at_start(act);
    while (getline(&line, &room, stdin) > 0) {
        if (sscanf(line, "%ld %299s", &id, hop) == 2)
            at_question(act, id, hop);
        else
            at_ping(line);
        if (fflush(stdout) != 0)
            break;
    }
    free(line);
    return 0;
}

/* ---- its user ------------------------------------------------------------------------------- */

struct world {
    char folder[64], program[128], log[128];
    int stderr_before;
    struct event_base *base;
    struct event *tick;
    struct prober *prober;
    unsigned results, refused, lost, suspects, given_back, started, broke;
};

static void on_result(void *data, struct hop_line *line)
{
    ((struct world *)data)->results++;
    assert_non_null(line->facts);
}

static void on_refused(void *data, const char *hop, const char *text)
{
    (void)hop;
    assert_true(printable(text));
    ((struct world *)data)->refused++;
}

static void on_lost(void *data, const char *hop, bool suspect)
{
    (void)hop;
    ((struct world *)data)->lost++;
    ((struct world *)data)->suspects += suspect;
}

static void on_state(void *data, bool runs)
{
    struct world *world = data;

    if (runs)
        world->started++;
    else
        world->broke++;
}

static void give_back(void *data, const char *hop)
{
    (void)hop;
    ((struct world *)data)->given_back++;
}

static void on_tick(evutil_socket_t fd, short what, void *data)
{
    (void)fd;
    (void)what;
    (void)data;
}

static int make_world(void **state)
{
    static const struct timeval often = { .tv_usec = 5000 };
    struct world *world = calloc(1, sizeof(*world));
    const struct prober_user user = { on_result, on_refused, on_lost, on_state, world };
    char self[1024];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    int log;

    if (world == NULL || length < 0)
        return -1;
    self[length] = '\0';
    (void)snprintf(world->folder, sizeof(world->folder), "/tmp/test_prober.XXXXXX");
    if (mkdtemp(world->folder) == NULL)
        return -1;
    (void)snprintf(world->program, sizeof(world->program), "%s/" NAME, world->folder);
    (void)snprintf(world->log, sizeof(world->log), "%s/log", world->folder);
    log = open(world->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    world->stderr_before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (symlink(self, world->program) != 0 || log < 0 || dup2(log, STDERR_FILENO) < 0)
        return -1;
    (void)close(log);
    log_open(true, false);
    world->base = event_base_new();
    world->tick = event_new(world->base, -1, EV_PERSIST, on_tick, NULL);
    world->prober = prober_new(world->base, world->program, -1, &user);
    *state = world;
    return world->prober != NULL ? event_add(world->tick, &often) : -1;
}

static int end_world(void **state)
{
    struct world *world = *state;

    prober_free(world->prober);
    event_free(world->tick);
    event_base_free(world->base);
    (void)dup2(world->stderr_before, STDERR_FILENO);
    (void)close(world->stderr_before);
    (void)unlink(world->program);
    (void)unlink(world->log);
    (void)rmdir(world->folder);
    free(world);
    return 0;
}

static void start(struct world *world, const char *act)
{
    char *settings = strdup(act);

    assert_non_null(settings);
    world->broke = world->started = 0;
    prober_start(world->prober, settings, give_back);
}

/* Runs the loop until a count is so high, or for some time. */
static bool until(struct world *world, const unsigned *count, unsigned least, int milliseconds)
{
    int64_t end = monotonic_ms() + milliseconds;

    while (*count < least && monotonic_ms() < end)
        (void)event_base_loop(world->base, EVLOOP_ONCE);
    return *count >= least;
}

static void ask(struct world *world, const char *hop)
{
    int64_t id = prober_next_id(world->prober);
    char line[400];

    (void)snprintf(line, sizeof(line), "%lld %s", (long long)id, hop);
    assert_true(prober_ask(world->prober, id, hop, 0, line, PATIENCE_MS));
}

static char *read_log(const struct world *world)
{
    struct stat status;
    int fd = open(world->log, O_RDONLY | O_CLOEXEC);
    char *text;

    assert_int_equal(fstat(fd, &status), 0);
    text = calloc(1, (size_t)status.st_size + 1);
    assert_int_equal(read(fd, text, (size_t)status.st_size), status.st_size);
    (void)close(fd);
    return text;
}

static unsigned log_lines(const struct world *world)
{
    char *text = read_log(world);
    unsigned lines = 0;

    for (const char *c = text; *c != '\0'; c++) {
        lines += *c == '\n';
        assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
    }
    free(text);
    return lines;
}

/* The number behind these words in the log; -1: they are not there. */
static long logged_number(const struct world *world, const char *words)
{
    char *text = read_log(world);
    const char *at = strstr(text, words);
    long number = at != NULL ? atol(at + strlen(words)) : -1;

    free(text);
    return number;
}

static unsigned entries(const char *folder)
{
    DIR *directory = opendir(folder);
    unsigned count = 0;

    assert_non_null(directory);
    while (readdir(directory) != NULL)
        count++;
    (void)closedir(directory);
    return count;
}

/* ---- tests ---------------------------------------------------------------------------------- */

/* Once it was asked about two hops. */
static void prober__does_not_keep_to_the_language__is_replaced(void **state)
{
    static const struct {
        const char *act;
        unsigned results, suspects; /* the others were given back */
    } rows[] = {
        { "memory", 0, 2 }, { "twice", 1, 1 },  { "wrong", 0, 2 },
        { "half", 0, 0 },   { "kill", 0, 2 },   { "nul", 0, 2 },
        { "bytes", 0, 2 },  { "number", 0, 2 }, { "pong", 0, 2 },
    };
    struct world *world = *state;
    unsigned bad = 0;

    for (size_t i = 0; i < ROWS(rows); i++) {
        bool broke;

        world->results = world->lost = world->suspects = 0;
        start(world, rows[i].act);
        assert_true(until(world, &world->started, 1, ENOUGH_MS));
        ask(world, "contoso.com");
        ask(world, "wingtip.com");
        broke = until(world, &world->broke, 1, ENOUGH_MS);
        bad += row(broke && world->results == rows[i].results &&
                       world->lost == 2 - rows[i].results && world->suspects == rows[i].suspects,
                   "%s: broke %d, %u results, %u lost, %u suspects", rows[i].act, broke,
                   world->results, world->lost, world->suspects);
        bad += row(prober_load(world->prober) == 0, "%s: load", rows[i].act);
    }
    assert_int_equal(bad, 0);
    assert_true(log_lines(world) < 50);
}

/* Nobody had asked it anything yet. */
static void prober__writes_without_end__is_replaced(void **state)
{
    static const char *const acts[] = { "many", "endless", "complain" };
    struct world *world = *state;
    unsigned bad = 0;

    for (size_t i = 0; i < ROWS(acts); i++) {
        start(world, acts[i]);
        bad += row(until(world, &world->broke, 1, ENOUGH_MS), "%s: it runs", acts[i]);
    }
    assert_int_equal(bad, 0);
    assert_true(log_lines(world) < 100);
}

/* How long a look may take is another question. */
static void pulse__stopped_or_silent__only_the_one_that_is_not_there_is_replaced(void **state)
{
    struct world *world = *state;
    int64_t before = monotonic_ms();

    prober_set_pulse(world->prober, 100, 2000);
    start(world, "stop");
    assert_true(until(world, &world->started, 1, ENOUGH_MS));
    ask(world, "contoso.com");
    assert_true(until(world, &world->broke, 1, ENOUGH_MS));
    assert_true(monotonic_ms() - before < PATIENCE_MS);
    assert_int_equal(world->suspects, 1);
    start(world, "silent");
    assert_true(until(world, &world->started, 1, ENOUGH_MS));
    ask(world, "contoso.com");
    assert_false(until(world, &world->broke, 1, 4000));
}

/* It comes to its answer once nobody reads on. */
static void errors__without_end__short_log_and_nobody_reads_on(void **state)
{
    static const char *const acts[] = { "shout", "roar" };
    struct world *world = *state;
    unsigned bad = 0;

    for (size_t i = 0; i < ROWS(acts); i++) {
        start(world, acts[i]);
        assert_true(until(world, &world->started, 1, ENOUGH_MS));
        world->results = 0;
        ask(world, "contoso.com");
        bad += row(until(world, &world->results, 1, ENOUGH_MS), "%s: no answer", acts[i]);
    }
    bad += row(log_lines(world) < 120, "%u lines are logged", log_lines(world));
    assert_int_equal(bad, 0);
}

/* Each of them has its say. */
static void words__of_prober_after_prober__short_log(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < 10; i++) {
        start(world, "complain");
        assert_true(until(world, &world->broke, 1, ENOUGH_MS));
    }
    assert_true(logged_number(world, "this does not work either: ") == 0);
    assert_true(log_lines(world) < 100);
}

static void restarts__two_hundred__nothing_is_left(void **state)
{
    struct world *world = *state;
    unsigned before = 0, in_starter = 0;
    char starter[64];

    start(world, "parent");
    assert_true(until(world, &world->started, 1, ENOUGH_MS));
    ask(world, "contoso.com");
    assert_true(until(world, &world->results, 1, ENOUGH_MS));
    (void)snprintf(starter, sizeof(starter), "/proc/%ld/fd", logged_number(world, "child of "));
    for (int i = 0; i < 205; i++) {
        if (i == 5) { /* none runs */
            before = entries("/proc/self/fd");
            in_starter = entries(starter);
        }
        start(world, i % 3 == 0 ? "exit" : i % 3 == 1 ? "half" : "silent");
        if (i % 3 == 1 && until(world, &world->started, 1, ENOUGH_MS))
            ask(world, "contoso.com");
        if (i % 3 != 2)
            assert_true(until(world, &world->broke, 1, ENOUGH_MS));
        else if (i % 2 == 0)
            assert_true(until(world, &world->started, 1, ENOUGH_MS));
    }
    start(world, "exit");
    assert_true(until(world, &world->broke, 1, ENOUGH_MS));
    assert_int_equal(entries("/proc/self/fd"), before);
    assert_int_equal(entries(starter), in_starter);
    start(world, "answer");
    assert_true(until(world, &world->started, 1, ENOUGH_MS));
    world->results = 0;
    ask(world, "contoso.com");
    assert_true(until(world, &world->results, 1, ENOUGH_MS));
}

/* Neither the starter nor the pipes can be had; then they can. */
static void descriptors__none_are_left__started_later(void **state)
{
    struct world *world = *state;
    struct rlimit limit, low;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    low = (struct rlimit){ 3, limit.rlim_max };
    for (int i = 0; i < 2; i++) {
        unsigned before = entries("/proc/self/fd"), after;

        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        start(world, "answer");
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_int_equal(world->broke, 1);
        assert_false(prober_runs(world->prober));
        after = entries("/proc/self/fd");
        assert_true(after <= before); /* one that ran before is let go of */
        start(world, "answer");
        assert_true(until(world, &world->started, 1, ENOUGH_MS));
        world->results = 0;
        ask(world, "contoso.com");
        assert_true(until(world, &world->results, 1, ENOUGH_MS));
    }
    assert_true(log_lines(world) <= 2);
}

/* Each takes the place of the one before, which has not begun yet. */
static void starts__one_upon_the_other__the_last_one_answers(void **state)
{
    struct world *world = *state;

    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 20; i++)
            start(world, i % 2 == 0 ? "exit" : "silent");
        start(world, "answer");
        assert_true(until(world, &world->started, 1, ENOUGH_MS));
        world->results = 0;
        ask(world, "contoso.com");
        assert_true(until(world, &world->results, 1, ENOUGH_MS));
        assert_int_equal(world->broke, 0);
    }
    assert_int_equal(log_lines(world), 0);
}

static bool is_gone(long pid)
{
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* Also where the prober would not end by itself. */
static void starter__killed__takes_its_prober_along(void **state)
{
    struct world *world = *state;
    long starter, prober, gone = 0;
    char name[64];
    FILE *file;

    log_verbose(true);
    start(world, "parent");
    assert_true(until(world, &world->started, 1, ENOUGH_MS));
    ask(world, "contoso.com");
    assert_true(until(world, &world->results, 1, ENOUGH_MS));
    starter = logged_number(world, "child of ");
    start(world, "hang");
    assert_true(until(world, &world->started, 1, ENOUGH_MS));
    log_verbose(false);
    (void)snprintf(name, sizeof(name), "/proc/%ld/task/%ld/children", starter, starter);
    file = fopen(name, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld", &prober), 1);
    (void)fclose(file);
    assert_int_equal(kill((pid_t)starter, SIGKILL), 0);
    assert_true(until(world, &world->broke, 1, ENOUGH_MS));
    for (int64_t end = monotonic_ms() + 3000; !gone && monotonic_ms() < end;) {
        (void)event_base_loop(world->base, EVLOOP_ONCE);
        gone = is_gone(prober);
    }
    if (!gone)
        (void)kill((pid_t)prober, SIGKILL);
    assert_true(gone);
    start(world, "answer");
    assert_true(until(world, &world->started, 1, ENOUGH_MS));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(prober__does_not_keep_to_the_language__is_replaced,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(prober__writes_without_end__is_replaced, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(
            pulse__stopped_or_silent__only_the_one_that_is_not_there_is_replaced, make_world,
            end_world),
        cmocka_unit_test_setup_teardown(errors__without_end__short_log_and_nobody_reads_on,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(words__of_prober_after_prober__short_log, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(restarts__two_hundred__nothing_is_left, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(descriptors__none_are_left__started_later, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(starts__one_upon_the_other__the_last_one_answers,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(starter__killed__takes_its_prober_along, make_world,
                                        end_world),
    };
    const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;

    if (name != NULL && strcmp(name + 1, NAME) == 0)
        return play();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
