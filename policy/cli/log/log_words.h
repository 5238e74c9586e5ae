/* SPDX-License-Identifier: ISC */
/*
 * log_words: values of the report in words. The macros give them memory that lasts to the end of
 * the block around, so use them as arguments only.
 */
#ifndef FORCETLS_POLICY_CLI_LOG_LOG_WORDS_H
#define FORCETLS_POLICY_CLI_LOG_LOG_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "policy/cli/log/log_history.h"
#include "policy/span.h"

struct log_words {
    char text[400];
};

#define LOG_NAME_MOST 64 /* as many bytes of a value are shown */

/* A foreign value, fit to be shown. */
const char *log_name(struct log_words *words, const char *data, size_t length);

/* "2026-11-24 10:00:30", "2026-11-24", or "-". */
const char *log_time(struct log_words *words, int64_t time);
const char *log_day(struct log_words *words, int64_t time);

/* "1 line", "2 lines". */
const char *log_number(struct log_words *words, uint64_t number, const char *noun);

/* What a partner shows: "TLSv1.2", "not encrypted", "issuer 'Example CA' (not trusted)"; at most
 * `most` bytes of the value. */
const char *log_phrase(struct log_words *words, enum log_kind kind, const struct log_value *value,
                       size_t most);

#define LOG_WORDS (&(struct log_words){ { 0 } })
#define NAME(data, length) log_name(LOG_WORDS, data, length)
#define TIME(time) log_time(LOG_WORDS, time)
#define DAY(time) log_day(LOG_WORDS, time)
#define NUMBER(number, noun) log_number(LOG_WORDS, number, noun)
#define PHRASE(kind, value, most) log_phrase(LOG_WORDS, kind, value, most)

#endif
