/* SPDX-License-Identifier: ISC */
/* Tests of policy/conf: the sample files in tests/conf draw what they say themselves. */
#include "tests/unit/conf_case.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAMPLE_SIZE 32768

static int go_there(void **state)
{
    const char *top = getenv("abs_top_srcdir");

    (void)state;
    return chdir(top != NULL ? top : ".") == 0 ? chdir("tests/conf") : -1;
}

/* The lines of the file that begin with "#= ", without that. */
static void read_expected(const char *name, char expected[SAMPLE_SIZE])
{
    FILE *file = fopen(name, "r");
    char line[2048];
    size_t length = 0;

    assert_non_null(file);
    expected[0] = '\0';
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "#= ", 3) == 0)
            length += (size_t)snprintf(expected + length, SAMPLE_SIZE - length, "%s", line + 3);
        assert_true(length < SAMPLE_SIZE);
    }
    assert_int_equal(fclose(file), 0);
}

static unsigned check_sample(const char *name)
{
    static char expected[SAMPLE_SIZE];
    bool good, wanted = strncmp(name, "good-", 5) == 0;
    char *drawn = conf_diagnostics(name, &good);
    unsigned bad;

    read_expected(name, expected);
    bad = row(good == wanted, "%s: %s", name, good ? "gives rules" : "gives no rules");
    bad += row(strcmp(drawn, expected) == 0, "%s draws %s", name, drawn);
    free(drawn);
    return bad;
}

static void samples__each__draws_what_it_says(void **state)
{
    DIR *folder = opendir(".");
    unsigned bad = 0, count = 0;
    struct dirent *entry;

    (void)state;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        const char *end = strrchr(entry->d_name, '.');

        if (end == NULL || strcmp(end, ".conf") != 0)
            continue;
        bad += check_sample(entry->d_name);
        count++;
    }
    (void)closedir(folder);
    assert_int_equal(bad, 0);
    assert_true(count >= 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples__each__draws_what_it_says),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, go_there, NULL);
}
