/* SPDX-License-Identifier: ISC */
#include "tests/unit/conf_case.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder of the tests and the one before it; of the test program's only thread. */
static char folder[256], before[4096];

int conf_folder_make(void **state)
{
    const char *temporary = getenv("TMPDIR");

    (void)state;
    (void)snprintf(folder, sizeof(folder), "%s/forcetls-conf-XXXXXX",
                   temporary != NULL ? temporary : "/tmp");
    return getcwd(before, sizeof(before)) != NULL && mkdtemp(folder) != NULL && chdir(folder) == 0
               ? 0
               : -1;
}

int conf_folder_remove(void **state)
{
    DIR *entries = opendir(folder);
    struct dirent *entry;

    (void)state;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        if (entry->d_name[0] != '.' && unlink(entry->d_name) != 0)
            (void)rmdir(entry->d_name);
    }
    if (entries != NULL)
        (void)closedir(entries);
    return chdir(before) == 0 && rmdir(folder) == 0 ? 0 : -1;
}

void conf_write(const char *name, struct span bytes)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.length, file), bytes.length);
    assert_int_equal(fclose(file), 0);
}

char *conf_diagnostics(const char *file, bool *good)
{
    struct diagnostics diagnostics;
    struct rules *rules = conf_read(file, NOW, &diagnostics);
    size_t size = 1;
    char *text;

    for (size_t i = 0; i < diagnostics.count; i++)
        size += strlen(diagnostics.items[i].file) + strlen(diagnostics.items[i].text) + 64;
    text = calloc(1, size);
    assert_non_null(text);
    for (size_t i = 0; i < diagnostics.count; i++) {
        size_t length = strlen(text);

        diagnostic_format(&diagnostics.items[i], text + length, size - length);
        strcat(text, "\n");
    }
    *good = rules != NULL;
    assert_int_equal(*good, diagnostics.errors == 0);
    rules_free(rules);
    diagnostics_release(&diagnostics);
    return text;
}

/* A text of several lines as TAP takes it. */
static void explain(const char *title, const char *text)
{
    print_error("# %s\n", title);
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        print_error("#   %.*s\n", (int)length, text);
        text += length + (text[length] == '\n');
    }
}

unsigned conf_case_check(const struct conf_case *rows, size_t count)
{
    unsigned bad = 0;

    for (size_t i = 0; i < count; i++) {
        bool good, wanted = strstr(rows[i].expected, ": error: ") == NULL;
        char *drawn;

        conf_write("t.conf", span_of(rows[i].text));
        drawn = conf_diagnostics("t.conf", &good);
        if (strcmp(drawn, rows[i].expected) != 0 || good != wanted) {
            bad++;
            explain("this text", rows[i].text);
            explain("draws", drawn);
            explain("and not", rows[i].expected);
        }
        free(drawn);
    }
    return bad;
}

struct rules *conf_rules(const char *text)
{
    struct diagnostics diagnostics;
    struct rules *rules;
    char line[1024];

    conf_write("t.conf", span_of(text));
    rules = conf_read("t.conf", NOW, &diagnostics);
    for (size_t i = 0; i < diagnostics.count && rules == NULL; i++) {
        diagnostic_format(&diagnostics.items[i], line, sizeof(line));
        (void)row(false, "%s", line);
    }
    diagnostics_release(&diagnostics);
    assert_non_null(rules);
    return rules;
}
