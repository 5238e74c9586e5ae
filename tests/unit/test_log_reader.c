/* SPDX-License-Identifier: ISC */
/*
 * Tests of policy/cli/log_reader and log_line: which lines of a file are the daemon's, in
 * files of any kind and size.
 */
#include "config.h"

#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "policy/cli/log/log_reader.h"

#define NOON INT64_C(1795608000) /* 2026-11-25 12:00:00 */

#define VERDICT "NOQUEUE: inbound verdict=pass connector=x mode=enforce"
#define TAG "forcetls-milter[712]: "

static uint32_t seed = 1;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)seed * limit) >> 32);
}

/* ------------------------------------------------------------ files */

static char folder[] = "/tmp/test_log_reader.XXXXXX";
static char path[sizeof(folder) + 16];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/maillog", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

static void write_file(const char *data, size_t length)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* As a member behind what is there ("a"), or instead of it ("w"). */
static void write_gzip(const char *mode, const char *data, size_t length)
{
    gzFile file = gzopen(path, mode);

    assert_non_null(file);
    assert_int_equal(gzwrite(file, data, (unsigned)length), length);
    assert_int_equal(gzclose(file), Z_OK);
}

/* What a file gave: all texts, with a line feed behind each. */
struct harvest {
    size_t messages;
    uint64_t count;
    int64_t time;
    bool opened, good;
    struct why why;
    char *texts;
    size_t length;
};

static void harvest(struct harvest *harvest, const char *file)
{
    struct log_reader *reader = log_reader_new(NOON);
    struct log_message message;
    FILE *texts;

    assert_non_null(reader);
    *harvest = (struct harvest){ .messages = 0 };
    texts = open_memstream(&harvest->texts, &harvest->length);
    assert_non_null(texts);
    harvest->opened = log_reader_open(reader, file, &harvest->why);
    while (harvest->opened && log_reader_next(reader, &message)) {
        harvest->messages++;
        harvest->count += message.count;
        harvest->time = message.time;
        (void)fwrite(message.text.data, 1, message.text.length, texts);
        (void)fputc('\n', texts);
    }
    assert_int_equal(fclose(texts), 0);
    harvest->good = harvest->opened && log_reader_close(reader, &harvest->why);
    log_reader_free(reader);
}

static void harvest_text(struct harvest *into, const char *text)
{
    write_file(text, strlen(text));
    harvest(into, path);
}

/* ------------------------------------------------------------ lines */

static void log_reader__headers_of_syslog_and_journalctl__message_and_time(void **state)
{
    static const struct {
        const char *header;
        int64_t time;
    } rows[] = {
        { "Nov 25 00:58:09 host " TAG, INT64_C(1795568289) },
        { "Nov 25 00:58:09 " TAG, INT64_C(1795568289) },
        { "2026-11-25T00:58:09.123456+00:00 host " TAG, INT64_C(1795568289) },
        { "2026-11-25T00:58:09+0100 mail.example.org " TAG, INT64_C(1795568289) },
        { "2026-11-25T00:58:09Z 2001:db8::1 " TAG, INT64_C(1795568289) },
        { "Wed 2026-11-25 00:58:09 CET host " TAG, INT64_C(1795568289) },
        { "[   12.345678] host " TAG, TIMESTAMP_UNKNOWN },
        { TAG, TIMESTAMP_UNKNOWN },
        { "", TIMESTAMP_UNKNOWN },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        static const char *const ends[] = { "\n", "", "\r\n", " \n", "#012\n", "#015#012\n" };

        for (size_t end = 0; end < ROWS(ends); end++) {
            struct harvest got;
            char text[400];

            (void)snprintf(text, sizeof(text), "%s" VERDICT "%s", rows[i].header, ends[end]);
            harvest_text(&got, text);
            bad += row(got.good && got.messages == 1 && got.time == rows[i].time &&
                           strcmp(got.texts, VERDICT "\n") == 0,
                       "'%s': %zu, %lld, %s", rows[i].header, got.messages, (long long)got.time,
                       got.texts);
            free(got.texts);
        }
    }
    assert_int_equal(bad, 0);
}

/* A peer can make other programs log anything. */
static void log_reader__lines_of_others_that_quote_ours__passed_over(void **state)
{
    static const char *const lines[] = {
        "Nov 25 00:58:09 host postfix/smtpd[1]: " TAG VERDICT,
        "Nov 25 00:58:09 host postfix/smtpd[1]: NOQUEUE: reject: helo=<" TAG VERDICT,
        "Nov 25 00:58:09 host postfix: " TAG VERDICT,
        "Nov 25 00:58:09 postfix/smtpd[1]: " TAG VERDICT,
        "Nov 25 00:58:09 postfix: " TAG VERDICT,
        "Nov 25 00:58:09 host two " TAG VERDICT,
        "Nov 25 00:58:09  " TAG VERDICT,
        "Nov 25 00:58:09 host x" TAG VERDICT,
        "Nov 25 00:58:09 host forcetls-milter[]: " VERDICT,
        "Nov 25 00:58:09 host forcetls-milter[1 2]: " VERDICT,
        "Nov 25 00:58:09 host forcetls-milter[1]:" VERDICT,
        "Nov 25 00:58:09 host forcetls-milter[1234567890]: " VERDICT,
        "Nov 25 00:58:09 host forcetls-milter: " VERDICT,
        "Nov 25 00:58:09 host " VERDICT,
        "Nov 25 00:58:09 " VERDICT,
        " " TAG VERDICT,
        "host " TAG VERDICT,
        "x" TAG VERDICT,
        "2026-11-25T00:58:09 host postfix/smtpd[1]: x#012Nov 25 00:58:09 host " TAG VERDICT,
        "                postfix continues " TAG VERDICT,
        VERDICT, /* without a header in a file that has some */
        "Q: inbound verdict=pass connector=x from=\"<" TAG "@x>\" mode=enforce",
        "\"a b\": inbound verdict=pass connector=x mode=enforce",
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(lines); i++) {
        struct harvest got;
        char text[600];

        (void)snprintf(text, sizeof(text), "Nov 25 00:00:00 host kernel: x\n%s\n", lines[i]);
        harvest_text(&got, text);
        bad += row(got.good && got.messages == 0, "%s", lines[i]);
        free(got.texts);
    }
    assert_int_equal(bad, 0);
}

static void log_reader__file_without_headers__verdict_lines_alone(void **state)
{
    struct harvest got;

    (void)state;
    harvest_text(&got, "-- Boot 0123456789abcdef --\n"
                       "forcetls-milter 0.1.0 starts\n"
                       "the word verdict= and inbound verdict=pass are no line\n" VERDICT "\n"
                       "postfix: helo=<x: inbound verdict=pass connector=x mode=enforce\n"
                       "\"a b\": outbound verdict=pass connector=x mode=enforce");
    assert_true(got.good);
    assert_string_equal(got.texts,
                        VERDICT "\n\"a b\": outbound verdict=pass connector=x mode=enforce\n");
    assert_true(got.time == TIMESTAMP_UNKNOWN);
    free(got.texts);
}

/* ------------------------------------------------------------ repeated */

static void log_reader__repeated_lines_of_rsyslog__counted(void **state)
{
    static const char header[] = "Nov 25 00:58:09 host " TAG;
    static const struct {
        const char *first, *second, *second_text;
        uint64_t count;
    } rows[] = {
        { VERDICT, "message repeated 3 times: [ " VERDICT "]", VERDICT, 4 },
        { VERDICT, "message repeated 3 times: [" VERDICT "]", VERDICT, 4 },
        { VERDICT, "message repeated 3 times: [ NOQUEUE: inbound verdict=pass conn]", VERDICT, 4 },
        { VERDICT, "last message repeated 2 times", VERDICT, 3 },
        { "starts", "message repeated 5 times: [ " VERDICT "]", VERDICT, 6 },
        { VERDICT, "message repeated many times: [ " VERDICT "]",
          "message repeated many times: [ " VERDICT "]", 2 },
        { VERDICT, "message repeated 9999999999 times: [ " VERDICT "]",
          "message repeated 9999999999 times: [ " VERDICT "]", 2 },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct harvest got;
        char text[600], wanted[600];

        (void)snprintf(text, sizeof(text), "%s%s\n%s%s\n", header, rows[i].first, header,
                       rows[i].second);
        (void)snprintf(wanted, sizeof(wanted), "%s\n%s\n", rows[i].first, rows[i].second_text);
        harvest_text(&got, text);
        bad += row(got.good && got.count == rows[i].count && strcmp(got.texts, wanted) == 0,
                   "%s: %llu, %s", rows[i].second, (unsigned long long)got.count, got.texts);
        free(got.texts);
    }
    assert_int_equal(bad, 0);
}

static void log_reader__last_message_repeated_but_there_is_none__its_own_text(void **state)
{
    struct harvest got;

    (void)state;
    harvest_text(&got, "Nov 25 00:58:09 host " TAG "last message repeated 2 times\n");
    assert_string_equal(got.texts, "last message repeated 2 times\n");
    free(got.texts);
}

/* ------------------------------------------------------------ kinds of files */

static void log_reader__gzip__as_the_plain_file(void **state)
{
    static const char text[] = "Nov 25 00:58:09 host " TAG VERDICT "\n";
    struct harvest got;

    (void)state;
    write_gzip("w", text, sizeof(text) - 1);
    write_gzip("a", text, sizeof(text) - 1); /* gzip -c a b, or appended */
    harvest(&got, path);
    assert_true(got.good);
    assert_int_equal(got.messages, 2);
    free(got.texts);
}

/* Enough that cannot be compressed well, so that the end of the file is far from its beginning. */
static char *many_lines(size_t lines, size_t *length)
{
    char *text = NULL;
    FILE *file = open_memstream(&text, length);

    assert_non_null(file);
    for (size_t i = 0; i < lines; i++)
        (void)fprintf(file, "Nov 25 00:58:09 host " TAG "%08x%08x: inbound verdict=pass mode=x\n",
                      random_below(UINT32_MAX), random_below(UINT32_MAX));
    assert_int_equal(fclose(file), 0);
    return text;
}

static off_t size_of_file(void)
{
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    return status.st_size;
}

static void log_reader__gzip_that_ends_too_early__what_is_there_and_an_error(void **state)
{
    struct harvest got;
    size_t length;
    char *text = many_lines(20000, &length);

    (void)state;
    write_gzip("w", text, length);
    assert_int_equal(truncate(path, size_of_file() / 2), 0);
    harvest(&got, path);
    assert_true(got.opened && !got.good);
    assert_true(got.messages > 8000 && got.messages < 12000);
    assert_non_null(strstr(got.why.text, path));
    assert_non_null(strstr(got.why.text, "ends too early"));
    free(got.texts);
    free(text);
}

static void log_reader__gzip_that_is_damaged__an_error(void **state)
{
    struct harvest got;
    size_t length;
    char *text = many_lines(20000, &length);
    FILE *file;

    (void)state;
    write_gzip("w", text, length);
    file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)size_of_file() / 2, SEEK_SET), 0);
    assert_int_equal(fwrite("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 1, 16, file), 16);
    assert_int_equal(fclose(file), 0);
    harvest(&got, path);
    assert_true(got.opened && !got.good);
    assert_true(got.messages > 1000);
    assert_non_null(strstr(got.why.text, "is damaged"));
    free(got.texts);
    free(text);
}

static void log_reader__other_compressions__an_error_with_what_to_type(void **state)
{
    static const struct {
        struct span start;
        const char *command;
    } rows[] = {
        { S("\xfd"
            "7zXZ\0...."),
          "xzcat" },
        { S("\x28\xb5\x2f\xfd....."), "zstdcat" },
        { S("BZh91AY&SY..."), "bzcat" },
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct harvest got;

        write_file(rows[i].start.data, rows[i].start.length);
        harvest(&got, path);
        assert_true(got.opened && !got.good);
        assert_int_equal(got.messages, 0);
        assert_non_null(strstr(got.why.text, rows[i].command));
        free(got.texts);
    }
}

static void log_reader__no_file__an_error(void **state)
{
    struct harvest got;

    (void)state;
    harvest(&got, "/nonexistent/maillog");
    assert_false(got.opened);
    assert_string_equal(got.why.text,
                        "cannot read '/nonexistent/maillog': No such file or directory");
    free(got.texts);
    harvest(&got, folder);
    assert_false(got.good);
    assert_non_null(strstr(got.why.text, "Is a directory"));
    free(got.texts);
}

static void log_reader__empty_file__nothing(void **state)
{
    struct harvest got;

    (void)state;
    harvest_text(&got, "");
    assert_true(got.good);
    assert_int_equal(got.messages, 0);
    free(got.texts);
}

/* ------------------------------------------------------------ any size */

/* A file of lines of any length, and what is to come out of it. */
struct pile {
    char *text, *wanted;
    size_t length, wanted_length, messages;
};

static void put_filler(FILE *file, size_t length)
{
    static const char filler[] =
        "Nov 25 00:58:09 host postfix/smtpd[12]: connect from mx-a[192.0.2.1] ";

    for (size_t i = 0; i < length; i++)
        (void)fputc(filler[i % (sizeof(filler) - 1)], file);
    (void)fputc('\n', file);
}

static void make_pile(struct pile *pile, size_t most, uint32_t longest)
{
    FILE *text = open_memstream(&pile->text, &pile->length);
    FILE *wanted = open_memstream(&pile->wanted, &pile->wanted_length);

    assert_non_null(text);
    assert_non_null(wanted);
    pile->messages = 0;
    put_filler(text, 100);
    for (size_t written = 0; written < most;) {
        size_t filler = random_below(random_below(4) == 0 ? longest : 300);

        put_filler(text, filler);
        (void)fprintf(text, "Nov 25 00:58:09 host " TAG "%zx: inbound verdict=%0*d\n",
                      pile->messages, (int)random_below(800) + 1, 0);
        (void)fflush(text);
        (void)fprintf(wanted, "%zx: inbound verdict=%s", pile->messages,
                      strrchr(pile->text, '=') + 1);
        pile->messages++;
        written += filler + 500;
    }
    assert_int_equal(fclose(text), 0);
    assert_int_equal(fclose(wanted), 0);
}

static void check_pile(struct pile *pile)
{
    struct harvest got;

    harvest(&got, path);
    assert_true(got.good);
    assert_int_equal(got.messages, pile->messages);
    assert_int_equal(got.length, pile->wanted_length);
    assert_memory_equal(got.texts, pile->wanted, got.length);
    free(got.texts);
}

static void log_reader__lines_at_any_place__each_once(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        struct pile pile;

        make_pile(&pile, 1200000, i % 3 == 0 ? 3000 : i % 3 == 1 ? 40000 : 600000);
        write_file(pile.text, pile.length);
        check_pile(&pile);
        write_gzip("w1", pile.text, pile.length);
        check_pile(&pile);
        write_file(pile.text, pile.length - 1); /* the last line without its line feed */
        check_pile(&pile);
        free(pile.text);
        free(pile.wanted);
    }
}

/* Whatever a line quotes, and wherever in it a buffer ends. */
static void log_reader__line_longer_than_the_buffer__no_line_begins_in_it(void **state)
{
    static const char start[] = "Nov 25 00:00:00 host kernel: x\n",
                      inner[] = "Nov 25 00:58:09 host " TAG VERDICT;
    const size_t size = 1 << 20, step = 4096;
    char *text = malloc(size);

    (void)state;
    assert_non_null(text);
    memset(text, 'x', size);
    memcpy(text, start, sizeof(start) - 1);
    for (size_t at = step; at < size; at += step)
        memcpy(text + at, inner, sizeof(inner) - 1);
    for (int i = 0; i < 2; i++) {
        struct harvest got;

        write_file(text, size);
        harvest(&got, path);
        assert_true(got.good);
        assert_int_equal(got.messages, i);
        free(got.texts);
        /* And the line behind it is one. */
        text[size - step - 1] = '\n';
        text[size - step + sizeof(inner) - 1] = '\n';
    }
    free(text);
}

static void log_reader__standard_input__as_a_file(void **state)
{
    static const char text[] = "Nov 25 00:58:09 host " TAG VERDICT "\n";
    int saved = dup(STDIN_FILENO), ends[2];
    struct harvest got;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, sizeof(text) - 1), sizeof(text) - 1);
    assert_int_equal(close(ends[1]), 0);
    assert_true(saved >= 0 && dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
    harvest(&got, "-");
    assert_true(dup2(saved, STDIN_FILENO) == STDIN_FILENO);
    (void)close(saved);
    (void)close(ends[0]);
    assert_true(got.good);
    assert_string_equal(got.texts, VERDICT "\n");
    free(got.texts);
}

/* ------------------------------------------------------------ damage */

static void log_reader__damaged_files__to_the_end(void **state)
{
    static const char *const pieces[] = { "\n",
                                          "\n\n",
                                          LOG_TAG,
                                          TAG,
                                          VERDICT,
                                          "Nov 25 00:58:09 ",
                                          "[",
                                          "message repeated 3 times: [ ",
                                          "2026-11-25T00:58:09",
                                          "]",
                                          "1764032289.",
                                          "-- ",
                                          "\"" };

    (void)state;
    for (int i = 0; i < 3000; i++) {
        char text[2000];
        size_t length = 0;
        struct harvest got;

        for (uint32_t n = random_below(60); n > 0 && length < sizeof(text) - 100; n--) {
            const char *piece = pieces[random_below(ROWS(pieces))];
            size_t more =
                random_below(4) == 0 ? random_below((uint32_t)strlen(piece)) : strlen(piece);

            memcpy(text + length, piece, more);
            length += more;
            if (random_below(8) == 0)
                text[length++] = (char)random_below(256);
        }
        write_file(text, length);
        harvest(&got, path);
        assert_true(got.opened);
        free(got.texts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_reader__headers_of_syslog_and_journalctl__message_and_time),
        cmocka_unit_test(log_reader__lines_of_others_that_quote_ours__passed_over),
        cmocka_unit_test(log_reader__file_without_headers__verdict_lines_alone),
        cmocka_unit_test(log_reader__repeated_lines_of_rsyslog__counted),
        cmocka_unit_test(log_reader__last_message_repeated_but_there_is_none__its_own_text),
        cmocka_unit_test(log_reader__gzip__as_the_plain_file),
        cmocka_unit_test(log_reader__gzip_that_ends_too_early__what_is_there_and_an_error),
        cmocka_unit_test(log_reader__gzip_that_is_damaged__an_error),
        cmocka_unit_test(log_reader__other_compressions__an_error_with_what_to_type),
        cmocka_unit_test(log_reader__no_file__an_error),
        cmocka_unit_test(log_reader__empty_file__nothing),
        cmocka_unit_test(log_reader__lines_at_any_place__each_once),
        cmocka_unit_test(log_reader__line_longer_than_the_buffer__no_line_begins_in_it),
        cmocka_unit_test(log_reader__standard_input__as_a_file),
        cmocka_unit_test(log_reader__damaged_files__to_the_end),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
