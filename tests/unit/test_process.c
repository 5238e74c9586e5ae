/* SPDX-License-Identifier: ISC */
/*
 * Tests of policy/cli/process with real programs: sh and what it can start. After each test no
 * child is left, no descriptor is open that was not before, and the signals are as they were.
 */
#include "config.h"

#include "policy/cli/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/build.h"

#define ENOUGH 60 /* seconds for what ends by itself */
#define MEGABYTE 1000000u

static unsigned open_descriptors(void)
{
    unsigned count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

struct before {
    unsigned descriptors;
    struct sigaction pipe, child;
};

static int remember(void **state)
{
    struct before *before = calloc(1, sizeof(*before));

    if (before == NULL || sigaction(SIGPIPE, NULL, &before->pipe) != 0 ||
        sigaction(SIGCHLD, NULL, &before->child) != 0)
        return -1;
    before->descriptors = open_descriptors();
    *state = before;
    return 0;
}

static int compare(void **state)
{
    struct before *before = *state;
    struct sigaction pipe, child;
    bool same = sigaction(SIGPIPE, NULL, &pipe) == 0 && sigaction(SIGCHLD, NULL, &child) == 0 &&
                pipe.sa_handler == before->pipe.sa_handler &&
                child.sa_handler == before->child.sa_handler &&
                open_descriptors() == before->descriptors;
    bool alone = waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;

    free(before);
    if (!same)
        print_error("# descriptors or signals are not as they were\n");
    if (!alone)
        print_error("# a child is left\n");
    return same && alone ? 0 : -1;
}

static bool run_shell(const char *script, const char *input, unsigned seconds,
                      struct process_output *output, struct why *why)
{
    char shell[] = "sh", option[] = "-c", text[1000];
    char *argv[] = { shell, option, text, NULL };

    assert_true(strlen(script) < sizeof(text));
    memcpy(text, script, strlen(script) + 1);
    return process_read(argv, input, seconds, output, why);
}

/* A text of so many bytes that is not the same everywhere. */
static char *make_input(size_t length)
{
    char *text = malloc(length + 1);

    assert_non_null(text);
    for (size_t i = 0; i < length; i++)
        text[i] = (char)('a' + i * 7 % 26);
    text[length] = '\0';
    return text;
}

static void process_read__small_programs__what_they_say_and_their_status(void **state)
{
    static const struct {
        const char *script, *input;
        struct span text;
        int status;
    } rows[] = {
        { "exit 0", NULL, S(""), 0 },
        { "echo a; echo b", NULL, S("a\nb\n"), 0 },
        { "echo a; exit 3", NULL, S("a\n"), 3 },
        { "echo a; kill -TERM $$", NULL, S("a\n"), 128 + SIGTERM },
        { "kill -KILL $$", NULL, S(""), 128 + SIGKILL },
        { "printf 'a\\000b'", NULL, S("a\0b"), 0 },
        { "cat", "some text", S("some text"), 0 },
        { "cat", "", S(""), 0 },
        { "cat", NULL, S(""), 0 },
        { "echo a; echo b >&2", NULL, S("a\n"), 0 },
        { "echo $LC_ALL", NULL, S("C\n"), 0 },
        { "exec no-such-program-anywhere", NULL, S(""), 127 },
        { "exec <&-; echo a", "not read", S("a\n"), 0 },
        /* it closes its stdout and goes on */
        { "echo a; exec >&-; exit 7", NULL, S("a\n"), 7 },
        { "echo a; exec >&-; read word; test \"$word\" = b", "b\n", S("a\n"), 0 },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct process_output output;
        struct why why = { "" };
        struct span got;

        if (!run_shell(rows[i].script, rows[i].input, ENOUGH, &output, &why)) {
            bad += row(false, "row %zu: %s", i, why.text);
            continue;
        }
        got = (struct span){ output.text, output.length };
        bad += row(span_equal(got, rows[i].text) && output.status == rows[i].status &&
                       output.text[output.length] == '\0',
                   "row %zu: %s, status %d", i, SHOWN(got), output.status);
        free(output.text);
    }
    assert_int_equal(bad, 0);
}

static void process_read__much_both_ways__neither_waits_for_the_other(void **state)
{
    char *input = make_input(3 * MEGABYTE);
    struct process_output output;
    struct why why = { "" };

    (void)state;
    assert_true(run_shell("cat", input, ENOUGH, &output, &why));
    assert_int_equal(output.length, 3 * MEGABYTE);
    assert_string_equal(output.text, input);
    free(output.text);
    /* it says much before it listens */
    assert_true(run_shell("head -c 1000000 /dev/zero; wc -c", input, ENOUGH, &output, &why));
    assert_true(output.length > MEGABYTE);
    assert_int_equal(atoi(output.text + MEGABYTE), 3 * MEGABYTE);
    free(output.text);
    /* it listens without saying anything any more */
    assert_true(run_shell("exec >&-; test `wc -c` = 3000000", input, ENOUGH, &output, &why));
    assert_int_equal(output.status, 0);
    free(output.text);
    free(input);
}

static void process_read__input_is_not_wanted__no_harm(void **state)
{
    char *input = make_input(MEGABYTE);
    struct process_output output;
    struct why why = { "" };

    (void)state;
    assert_true(run_shell("echo a; exit 4", input, ENOUGH, &output, &why));
    assert_string_equal(output.text, "a\n");
    assert_int_equal(output.status, 4);
    free(output.text);
    assert_true(run_shell("head -c 10", input, ENOUGH, &output, &why));
    assert_int_equal(output.length, 10);
    assert_memory_equal(output.text, input, 10);
    free(output.text);
    /* it closes its stdin and has more to say */
    assert_true(run_shell("exec <&-; head -c 1000000 /dev/zero", input, ENOUGH, &output, &why));
    assert_int_equal(output.length, MEGABYTE);
    free(output.text);
    free(input);
}

static double seconds_now(void)
{
    struct timespec time;

    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &time), 0);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void process_read__too_slow__ended(void **state)
{
    static const char *const scripts[] = {
        "exec sleep 600",                                  /* silent */
        "exec >&-; exec sleep 600",                        /* with its stdout closed */
        "exec <&- >&-; exec sleep 600",                    /* and its stdin */
        "echo a; trap '' TERM; while :; do :; done",       /* busy, deaf to SIGTERM */
        "while :; do echo a; read -r x; sleep 0.05; done", /* never silent for long */
    };
    char *input = make_input(MEGABYTE);
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < 2 * ROWS(scripts); i++) {
        struct process_output output = { .length = 1 };
        struct why why = { "" };
        double start = seconds_now(), took;
        bool good = run_shell(scripts[i / 2], i % 2 == 0 ? input : NULL, 1, &output, &why);

        took = seconds_now() - start;
        bad += row(!good && took > 0.9 && took < 30, "row %zu: %f seconds", i, took);
        bad += row(output.text == NULL, "row %zu: something is left to free", i);
        bad +=
            row(strcmp(why.text, "'sh' did not end within 1 s") == 0, "row %zu: %s", i, why.text);
    }
    free(input);
    assert_int_equal(bad, 0);
}

static void process_read__64_mb__whole(void **state)
{
    struct process_output output;
    struct why why = { "" };

    (void)state;
    assert_true(run_shell("head -c 67108864 /dev/zero", NULL, ENOUGH, &output, &why));
    assert_int_equal(output.length, 64u << 20);
    assert_int_equal(output.status, 0);
    free(output.text);
}

static void process_read__says_too_much__ended(void **state)
{
    struct process_output output;
    struct why why = { "" };

    (void)state;
    assert_false(
        run_shell("head -c 67108865 /dev/zero; exec sleep 600", NULL, ENOUGH, &output, &why));
    assert_string_equal(why.text, "'sh' says more than 64 MB");
    assert_null(output.text);
    assert_false(run_shell("cat /dev/zero", NULL, ENOUGH, &output, &why));
    assert_string_equal(why.text, "'sh' says more than 64 MB");
}

static void process_read__no_such_program__said(void **state)
{
    char name[] = "no-such-program-anywhere", path[] = "/nonexistent/program", folder[] = "/";
    char *argv[] = { name, NULL };
    struct process_output output;
    struct why why = { "" };

    (void)state;
    assert_false(process_read(argv, "input", ENOUGH, &output, &why));
    assert_string_equal(why.text, "no program 'no-such-program-anywhere' in $PATH, /usr/sbin or "
                                  "/usr/local/sbin");
    argv[0] = path;
    assert_false(process_read(argv, "input", ENOUGH, &output, &why));
    assert_string_equal(why.text, "cannot run '/nonexistent/program': No such file or directory");
    argv[0] = folder;
    assert_false(process_read(argv, NULL, ENOUGH, &output, &why));
    assert_string_equal(why.text, "cannot run '/': Permission denied");
    assert_null(output.text);
}

/* A script of this name in the current folder. */
static void write_script(const char *name, unsigned mode)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    assert_true(fputs("#!/bin/sh\necho found\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(name, mode), 0);
}

static void process_read__path__absolute_folders_and_executable_files_only(void **state)
{
    static const struct {
        const char *path; /* "@": the folder of the script */
        const char *name;
        bool found;
    } rows[] = {
        { "@", "good-script", true },
        { "/nonexistent:@", "good-script", true },
        { "@:/nonexistent", "good-script", true },
        { "@", "plain-file", false },
        { "@/a-folder:@", "good-script", true }, /* a folder of that name is no program */
        { "", "good-script", false },
        { ".", "good-script", false },
        { "::", "good-script", false },
        { "/nonexistent", "good-script", false },
        { NULL, "good-script", false },
        { NULL, "./good-script", true },
    };
    const char *temporary = getenv("TMPDIR");
    char folder[256], *old = getenv("PATH") ? strdup(getenv("PATH")) : NULL;
    unsigned bad = 0;

    (void)state;
    assert_non_null(old);
    (void)snprintf(folder, sizeof(folder), "%s/forcetls-process-XXXXXX",
                   temporary != NULL ? temporary : "/tmp");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    write_script("good-script", 0755);
    write_script("plain-file", 0644);
    assert_int_equal(mkdir("a-folder", 0755), 0);
    assert_int_equal(mkdir("a-folder/good-script", 0755), 0);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct process_output output;
        struct why why = { "" };
        char name[64], path[600] = "";
        char *argv[] = { name, NULL };
        bool found;

        for (const char *c = rows[i].path; c != NULL && *c != '\0'; c++) {
            size_t used = strlen(path);

            (void)snprintf(path + used, sizeof(path) - used, *c == '@' ? "%s" : "%.1s",
                           *c == '@' ? folder : c);
        }
        if (rows[i].path != NULL)
            assert_int_equal(setenv("PATH", path, 1), 0);
        else
            assert_int_equal(unsetenv("PATH"), 0);
        (void)snprintf(name, sizeof(name), "%s", rows[i].name);
        found = process_read(argv, NULL, ENOUGH, &output, &why);
        bad += row(found == rows[i].found, "row %zu: %s", i, found ? output.text : why.text);
        if (found) {
            bad += row(strcmp(output.text, "found\n") == 0, "row %zu: %s", i, output.text);
            free(output.text);
        }
    }
    assert_int_equal(setenv("PATH", old, 1), 0);
    free(old);
    assert_int_equal(unlink("good-script"), 0);
    assert_int_equal(unlink("plain-file"), 0);
    assert_int_equal(rmdir("a-folder/good-script"), 0);
    assert_int_equal(rmdir("a-folder"), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(bad, 0);
}

/* A program that is in /usr/sbin and in no folder of bin. */
static const char *system_program(void)
{
    static const char *const names[] = { "chroot", "useradd", "ldconfig", "ip" };

    for (size_t i = 0; i < ROWS(names); i++) {
        char path[64];

        (void)snprintf(path, sizeof(path), "/usr/sbin/%s", names[i]);
        if (access(path, X_OK) == 0)
            return names[i];
    }
    return NULL;
}

static void process_read__usr_sbin__found_without_path(void **state)
{
    const char *program = system_program();
    char *old = getenv("PATH") ? strdup(getenv("PATH")) : NULL;
    char name[64], option[] = "--help";
    char *argv[] = { name, option, NULL };
    struct process_output output;
    struct why why = { "" };

    (void)state;
    assert_non_null(old);
    if (program == NULL) {
        print_message("# nothing in /usr/sbin\n");
        free(old);
        return;
    }
    (void)snprintf(name, sizeof(name), "%s", program);
    assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
    if (!process_read(argv, NULL, ENOUGH, &output, &why))
        fail_msg("%s", why.text);
    free(output.text);
    assert_int_equal(setenv("PATH", old, 1), 0);
    free(old);
}

static void process_read__environment__ours_in_the_c_locale(void **state)
{
    char name[] = "env";
    char *argv[] = { name, NULL };
    struct process_output output;
    struct why why = { "" };
    unsigned variables = 0, lines = 0;

    (void)state;
    assert_int_equal(setenv("LC_ALL", "de_DE.UTF-8", 1), 0);
    assert_int_equal(setenv("LC_ALLE", "other", 1), 0);
    assert_true(process_read(argv, NULL, ENOUGH, &output, &why));
    assert_non_null(strstr(output.text, "LC_ALL=C\n"));
    assert_non_null(strstr(output.text, "LC_ALLE=other\n"));
    assert_null(strstr(output.text, "de_DE"));
    for (const char *c = output.text; *c != '\0'; c++)
        lines += *c == '\n';
    free(output.text);
    for (char **variable = environ; *variable != NULL; variable++) {
        variables++;
        for (const char *c = *variable; *c != '\0'; c++)
            variables += *c == '\n'; /* a value of several lines */
    }
    assert_int_equal(lines, variables);
    assert_string_equal(getenv("LC_ALL"), "de_DE.UTF-8");
    assert_int_equal(unsetenv("LC_ALL"), 0);
    assert_int_equal(unsetenv("LC_ALLE"), 0);
}

static void process_read__stderr_and_stdin__dev_null(void **state)
{
    struct process_output output;
    struct why why = { "" };

    (void)state;
    assert_true(run_shell("readlink /proc/$$/fd/0 /proc/$$/fd/2", NULL, ENOUGH, &output, &why));
    assert_string_equal(output.text, "/dev/null\n/dev/null\n");
    free(output.text);
}

static void process_read__our_descriptors__not_inherited(void **state)
{
    struct process_output output;
    struct why why = { "" };
    unsigned inheritable = 3, seen = 0;

    (void)state;
    /* What whoever started this test left open is none of our business. */
    for (int fd = 3; fd < 1024; fd++) {
        int flags = fcntl(fd, F_GETFD);

        inheritable += flags >= 0 && (flags & FD_CLOEXEC) == 0;
    }
    assert_true(
        run_shell("for fd in /proc/$$/fd/*; do echo x; done", "input", ENOUGH, &output, &why));
    for (const char *c = output.text; *c != '\0'; c++)
        seen += *c == '\n';
    free(output.text);
    /* the shell itself may hold one more */
    assert_true(seen >= 3 && seen <= inheritable + 1);
}

static void process_read__sigchld_ignored_by_our_parent__status_known(void **state)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN }, old, now;
    struct process_output output;
    struct why why = { "" };

    (void)state;
    assert_int_equal(sigaction(SIGCHLD, &ignore, &old), 0);
    assert_true(run_shell("exit 9", NULL, ENOUGH, &output, &why));
    assert_int_equal(output.status, 9);
    free(output.text);
    assert_int_equal(sigaction(SIGCHLD, &old, &now), 0);
    assert_ptr_equal(now.sa_handler, SIG_IGN);
}

static void process_read__sigpipe__the_program_has_the_usual(void **state)
{
    struct process_output output;
    struct why why = { "" };
    unsigned long long ignored;

    (void)state;
    /* read by the shell itself, before anything else could change it */
    assert_true(run_shell("while read -r name value; do "
                          "test \"$name\" != SigIgn: || echo \"$value\"; done < /proc/$$/status",
                          NULL, ENOUGH, &output, &why));
    assert_true(output.length > 0);
    ignored = strtoull(output.text, NULL, 16);
    assert_true((ignored & (1ull << (SIGPIPE - 1))) == 0);
    free(output.text);
}

/* In a child of ours, since the test needs its own: every combination of 0, 1 and 2 closed. */
static void process_read__our_own_0_1_2_closed__works_all_the_same(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (int closed = 1; closed < 8; closed++) {
        int status;
        pid_t pid;

        assert_int_equal(fflush(stdout), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            struct process_output with, without;
            bool good;

            for (int fd = 0; fd < 3; fd++) {
                if (closed & 1 << fd)
                    (void)close(fd);
            }
            good = run_shell("cat; echo lost >&2", "hello", ENOUGH, &with, NULL) &&
                   run_shell("cat; echo there", NULL, ENOUGH, &without, NULL) &&
                   strcmp(with.text, "hello") == 0 && strcmp(without.text, "there\n") == 0;
            _exit(good ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        bad += row(WIFEXITED(status) && WEXITSTATUS(status) == 0, "closed %d", closed);
    }
    assert_int_equal(bad, 0);
}

static void process_read__many_times__nothing_piles_up(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        struct process_output output;
        struct why why = { "" };

        assert_true(run_shell("cat", "x", ENOUGH, &output, &why));
        assert_string_equal(output.text, "x");
        free(output.text);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, remember, compare)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(process_read__small_programs__what_they_say_and_their_status),
        TEST(process_read__much_both_ways__neither_waits_for_the_other),
        TEST(process_read__input_is_not_wanted__no_harm),
        TEST(process_read__too_slow__ended),
        TEST(process_read__64_mb__whole),
        TEST(process_read__says_too_much__ended),
        TEST(process_read__no_such_program__said),
        TEST(process_read__path__absolute_folders_and_executable_files_only),
        TEST(process_read__usr_sbin__found_without_path),
        TEST(process_read__environment__ours_in_the_c_locale),
        TEST(process_read__stderr_and_stdin__dev_null),
        TEST(process_read__our_descriptors__not_inherited),
        TEST(process_read__sigchld_ignored_by_our_parent__status_known),
        TEST(process_read__sigpipe__the_program_has_the_usual),
        TEST(process_read__our_own_0_1_2_closed__works_all_the_same),
        TEST(process_read__many_times__nothing_piles_up),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
