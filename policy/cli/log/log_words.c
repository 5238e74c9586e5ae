/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/log/log_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "policy/escape.h"

const char *log_name(struct log_words *words, const char *data, size_t length)
{
    struct line line;

    line_init(&line, words->text, sizeof(words->text));
    line_add_quoted(&line, (struct span){ data, length }, LOG_NAME_MOST);
    return words->text;
}

const char *log_time(struct log_words *words, int64_t time)
{
    char text[TIMESTAMP_TEXT_SIZE];

    timestamp_format(time, ' ', text);
    (void)snprintf(words->text, sizeof(words->text), "%s", text);
    return words->text;
}

const char *log_day(struct log_words *words, int64_t time)
{
    (void)log_time(words, time);
    words->text[strcspn(words->text, " ")] = '\0';
    return words->text;
}

const char *log_number(struct log_words *words, uint64_t number, const char *noun)
{
    (void)snprintf(words->text, sizeof(words->text), "%" PRIu64 " %s%s", number, noun,
                   number == 1 ? "" : "s");
    return words->text;
}

/* Words of certificate= in English. */
static const char *certificate_phrase(const struct log_value *value)
{
    static const struct state_row {
        const char *word, *phrase;
    } rows[] = {
        { "trusted", "trusted" },
        { "untrusted", "not trusted" },
        { "none", "none" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (span_equal(log_value_text(value), span_of(rows[i].word)))
            return rows[i].phrase;
    }
    return "none, or not trusted";
}

static void add_named(struct line *line, const char *noun, const struct log_value *value,
                      size_t most)
{
    line_add(line, "%s ", noun);
    line_add_cited(line, log_value_text(value), most);
    if (value->state != NULL && strcmp(value->state, "trusted") != 0)
        line_add(line, " (not trusted)");
}

const char *log_phrase(struct log_words *words, enum log_kind kind, const struct log_value *value,
                       size_t most)
{
    static const char *const nouns[LOG_KINDS] = { [LOG_SUBJECT] = "name",
                                                  [LOG_ISSUER] = "issuer",
                                                  [LOG_ROOT] = "root",
                                                  [LOG_FINGERPRINT] = "fingerprint" };
    struct line line;

    line_init(&line, words->text, sizeof(words->text));
    if (nouns[kind] != NULL)
        add_named(&line, nouns[kind], value, most);
    else if (kind == LOG_CERTIFICATE)
        line_add(&line, "%s", certificate_phrase(value));
    else if (kind == LOG_PROTOCOL && value->rank == 0)
        line_add(&line, "not encrypted");
    else
        line_add_quoted(&line, log_value_text(value), most);
    if (kind == LOG_CIPHER && value->rank != LOG_UNRANKED)
        line_add(&line, "/%d", value->rank);
    return words->text;
}
