/* SPDX-License-Identifier: ISC */
/*
 * Asks postconf(1) for the settings.
 */
#include "config.h"

#include "policy/cli/check/postfix_settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cli/process.h"

#define POSTCONF_SECONDS 20

/* What is asked for, and where the answer goes. Each of them is known since Postfix 2.11. */
static const struct question {
    const char *options[2];
    size_t member;
} questions[] = {
    { { "-x", NULL }, offsetof(struct postfix_texts, main) },
    { { NULL, NULL }, offsetof(struct postfix_texts, main_raw) },
    { { "-F", NULL }, offsetof(struct postfix_texts, services) },
    { { "-P", "-x" }, offsetof(struct postfix_texts, overrides) },
    { { "-P", NULL }, offsetof(struct postfix_texts, overrides_raw) },
};

#define QUESTIONS (sizeof(questions) / sizeof(questions[0]))

/* postconf -c DIRECTORY OPTIONS */
static bool ask(const struct question *question, char *directory, char **answer, struct why *why)
{
    char *argv[6] = { (char *)"postconf" };
    struct process_output output;
    size_t count = 1;

    if (directory != NULL) {
        argv[count++] = (char *)"-c";
        argv[count++] = directory;
    }
    for (size_t i = 0; i < 2 && question->options[i] != NULL; i++)
        argv[count++] = (char *)question->options[i];
    if (!process_read(argv, NULL, POSTCONF_SECONDS, &output, why))
        return false;
    if (output.status != 0) {
        free(output.text);
        return why_fail(why,
                        "postconf cannot read the settings%s%s%s (exit status %d); it says why: "
                        "postconf%s%s%s %s >/dev/null",
                        directory != NULL ? " in '" : "", directory != NULL ? directory : "",
                        directory != NULL ? "'" : "", output.status,
                        directory != NULL ? " -c '" : "", directory != NULL ? directory : "",
                        directory != NULL ? "'" : "",
                        question->options[0] != NULL ? question->options[0] : "");
    }
    *answer = output.text;
    return true;
}

static bool ask_all(char *directory, char *answers[QUESTIONS], struct why *why)
{
    for (size_t i = 0; i < QUESTIONS; i++) {
        if (!ask(&questions[i], directory, &answers[i], why))
            return false;
    }
    return true;
}

/* An absolute name: what is to be typed may be typed somewhere else. */
static bool directory_copy(const char *directory, char **absolute, struct why *why)
{
    *absolute = NULL;
    if (directory == NULL)
        return true;
    *absolute = realpath(directory, NULL);
    if (*absolute == NULL)
        *absolute = strdup(directory);
    return *absolute != NULL || why_fail(why, "out of memory");
}

bool postfix_settings_read(struct postfix_settings *settings, const char *directory,
                           struct why *why)
{
    char *answers[QUESTIONS] = { NULL }, *absolute;
    struct postfix_texts texts;
    bool good;

    *settings = (struct postfix_settings){ .directory = NULL };
    good = directory_copy(directory, &absolute, why) && ask_all(absolute, answers, why);
    if (good) {
        for (size_t i = 0; i < QUESTIONS; i++)
            memcpy((char *)&texts + questions[i].member, &answers[i], sizeof(answers[i]));
        good = postfix_settings_parse(settings, &texts, why);
    }
    settings->directory = absolute;
    for (size_t i = 0; i < QUESTIONS; i++)
        free(answers[i]);
    return good;
}
