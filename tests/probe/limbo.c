/* SPDX-License-Identifier: ISC */
/*
 * limbo FILE: runs chain_verify() over the server cases of a limbo.json (C2SP's x509-limbo) and
 * prints a line for each case that does not end as the suite says, then the numbers:
 *
 *   passes ID                       one that has to fail
 *   refused ID: depth 0: ERROR ...  one that has to pass, with all that was found
 *   failures 140 passed 14
 *   successes 58 refused 5
 *
 * A case passes where the chain is trusted and the peer's name, if there is one, is the leaf's.
 * Exit status 2: no such suite.
 */
#include "config.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "policy/x509/chain.h"

/* How many cases the suite wants to pass or to fail, and how many did not. */
struct count {
    size_t all, wrong;
};

static const char *text_of(const json_t *test, const char *name)
{
    const char *text = json_string_value(json_object_get(test, name));

    return text != NULL ? text : "";
}

/* The moment of the case; without one: now. Fractions of a second are dropped. */
static int64_t moment_of(const json_t *test)
{
    const char *text = text_of(test, "validation_time");
    struct tm tm = { .tm_isdst = 0 };

    if (*text == '\0')
        return (int64_t)time(NULL);
    return strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) != NULL ? (int64_t)timegm(&tm) : 0;
}

/* ---- certificates --------------------------------------------------------------------------- */

static void append(char **texts, const char *text)
{
    size_t before = *texts != NULL ? strlen(*texts) : 0;
    char *grown = realloc(*texts, before + strlen(text) + 1);

    if (grown == NULL)
        abort();
    strcpy(grown + before, text);
    *texts = grown;
}

static void append_all(char **texts, const json_t *strings)
{
    for (size_t i = 0; i < json_array_size(strings); i++)
        append(texts, json_string_value(json_array_get(strings, i)));
}

static struct chain *chain_of(const json_t *test)
{
    char *texts = NULL;
    struct chain *chain;

    append(&texts, text_of(test, "peer_certificate"));
    append_all(&texts, json_object_get(test, "untrusted_intermediates"));
    chain = chain_read(span_of(texts), NULL);
    free(texts);
    return chain;
}

/* Trust stores are files. */
static struct trust_anchors *anchors_of(const json_t *test)
{
    const char *folder = getenv("TMPDIR");
    char *name = NULL, *texts = NULL;
    struct trust_anchors *anchors = NULL;
    int file;

    append(&name, folder != NULL ? folder : "/tmp");
    append(&name, "/limbo-XXXXXX");
    file = mkstemp(name);
    append(&texts, "");
    append_all(&texts, json_object_get(test, "trusted_certs"));
    if (file >= 0 && write(file, texts, strlen(texts)) == (ssize_t)strlen(texts))
        anchors = trust_anchors_load(name, NULL);
    if (file >= 0) {
        (void)close(file);
        (void)unlink(name);
    }
    free(texts);
    free(name);
    return anchors;
}

/* ---- cases ---------------------------------------------------------------------------------- */

static bool passes(const json_t *test, struct chain_verdict *verdict)
{
    const char *host =
        json_string_value(json_object_get(json_object_get(test, "expected_peer_name"), "value"));
    struct chain *chain = chain_of(test);
    struct trust_anchors *anchors = anchors_of(test);
    bool passed = false;

    *verdict = (struct chain_verdict){ .trusted = false };
    if (chain != NULL && anchors != NULL) {
        chain_verify(chain, anchors, host, moment_of(test), verdict);
        passed = verdict->trusted && (host == NULL || verdict->names_ok);
    }
    chain_free(chain);
    trust_anchors_free(anchors);
    return passed;
}

static void print_refused(const char *id, const struct chain_verdict *verdict)
{
    printf("refused %s:", id);
    for (size_t i = 0; i < verdict->error_count; i++) {
        printf("%s depth %d: %s (%s)", i > 0 ? "," : "", verdict->errors[i].depth,
               chain_error_word(verdict->errors[i].error), verdict->errors[i].text);
    }
    putchar('\n');
}

static void run(const json_t *test, struct count *failures, struct count *successes, bool verbose)
{
    bool wanted = strcmp(text_of(test, "expected_result"), "SUCCESS") == 0;
    struct count *count = wanted ? successes : failures;
    struct chain_verdict verdict;
    bool passed = passes(test, &verdict);

    count->all++;
    count->wrong += passed != wanted;
    if (passed && !wanted)
        printf("passes %s\n", text_of(test, "id"));
    else if (!passed && (wanted || verbose))
        print_refused(text_of(test, "id"), &verdict);
}

int main(int count, char **arguments)
{
    bool verbose = count == 3 && strcmp(arguments[1], "-v") == 0; /* print every refusal */
    struct count failures = { 0, 0 }, successes = { 0, 0 };
    json_error_t error;
    json_t *suite, *tests;

    if (count != 2 && !verbose) {
        (void)fprintf(stderr, "usage: limbo [-v] FILE\n");
        return 2;
    }
    suite = json_load_file(arguments[count - 1], 0, &error);
    tests = json_object_get(suite, "testcases");
    if (json_array_size(tests) == 0) {
        (void)fprintf(stderr, "limbo: no suite in '%s': %s\n", arguments[count - 1], error.text);
        return 2;
    }
    for (size_t i = 0; i < json_array_size(tests); i++) {
        const json_t *test = json_array_get(tests, i);

        if (strcmp(text_of(test, "validation_kind"), "SERVER") == 0)
            run(test, &failures, &successes, verbose);
    }
    printf("failures %zu passed %zu\n", failures.all, failures.wrong);
    printf("successes %zu refused %zu\n", successes.all, successes.wrong);
    json_decref(suite);
    return 0;
}
