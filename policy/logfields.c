/* SPDX-License-Identifier: ISC */
/*
 * The grammar is the writer's: a blank before each key, no blank in a bare value, a quote inside
 * quotes has a backslash before it. So no byte of a value can end the value.
 */
#include "policy/logfields.h"

#include <string.h>

#define WORD(text)              \
    {                           \
        text, sizeof(text) - 1, \
    }

static const struct word {
    const char *text;
    size_t length;
} words[LOGFIELDS] = {
    [LOGFIELD_VERDICT] = WORD("verdict"),
    [LOGFIELD_WOULD] = WORD("would"),
    [LOGFIELD_REASON] = WORD("reason"),
    [LOGFIELD_CONNECTOR] = WORD("connector"),
    [LOGFIELD_LEVEL] = WORD("level"),
    [LOGFIELD_FROM] = WORD("from"),
    [LOGFIELD_TO] = WORD("to"),
    [LOGFIELD_NRCPT] = WORD("nrcpt"),
    [LOGFIELD_CLIENT] = WORD("client"),
    [LOGFIELD_HOP] = WORD("hop"),
    [LOGFIELD_MX] = WORD("mx"),
    [LOGFIELD_TLS] = WORD("tls"),
    [LOGFIELD_CIPHER] = WORD("cipher"),
    [LOGFIELD_CERTIFICATE] = WORD("certificate"),
    [LOGFIELD_SUBJECT] = WORD("subject"),
    [LOGFIELD_ISSUER] = WORD("issuer"),
    [LOGFIELD_ROOT] = WORD("root"),
    [LOGFIELD_FINGERPRINT] = WORD("fingerprint"),
    [LOGFIELD_PUBLIC_KEY] = WORD("public_key"),
    [LOGFIELD_IDENTITY] = WORD("identity"),
    [LOGFIELD_AGE] = WORD("age"),
    [LOGFIELD_MODE] = WORD("mode"),
    [LOGFIELD_TEXT] = WORD("text"),
};

const char *logfield_word(enum logfield field)
{
    return words[field].text;
}

/* What is left of the line. */
struct cursor {
    const char *at, *end;
};

static inline bool skip(struct cursor *cursor, const char *text, size_t length)
{
    if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, text, length) != 0)
        return false;
    cursor->at += length;
    return true;
}

/* The closing quote of a string that begins at `at`, or NULL. */
static const char *closing_quote(const char *at, const char *end)
{
    for (const char *from = at; from < end; at++) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        const char *before = quote;

        if (quote == NULL)
            return NULL;
        /* Escaped if an odd number of backslashes stands before it. */
        while (before > from && before[-1] == '\\')
            before--;
        if ((quote - before) % 2 == 0)
            return quote;
        at = quote;
    }
    return NULL;
}

/* A value, quoted or bare; a bare one ends before a blank. False: a quote without end. */
static inline bool read_value(struct cursor *cursor, struct span *value, bool *quoted)
{
    const char *start = cursor->at, *end;
    bool in_quotes = start < cursor->end && *start == '"';

    if (in_quotes) {
        start++;
        end = closing_quote(start, cursor->end);
        if (end == NULL)
            return false;
    } else {
        end = memchr(start, ' ', (size_t)(cursor->end - start));
        if (end == NULL)
            end = cursor->end;
    }
    value->data = start;
    value->length = (size_t)(end - start);
    *quoted = in_quotes;
    cursor->at = end + (in_quotes ? 1 : 0);
    return true;
}

/* "/256" at the end of the text: its bits, and how long it is; 0 where there is no such thing. */
static size_t read_bits(struct span text, int *bits)
{
    size_t digits = 0;
    int value = 0;

    while (digits < text.length && ascii_digit(text.data[text.length - digits - 1]))
        digits++;
    if (digits == 0 || digits > 6 || digits == text.length ||
        text.data[text.length - digits - 1] != '/')
        return 0;
    for (size_t i = text.length - digits; i < text.length; i++)
        value = value * 10 + (text.data[i] - '0');
    *bits = value;
    return digits + 1;
}

/* Behind the value: nothing, or of a quoted cipher its bits. */
static bool read_behind(struct cursor *cursor, struct logfields *fields, size_t field, bool first)
{
    const char *end;
    struct span behind;

    if (cursor->at == cursor->end || *cursor->at == ' ')
        return true;
    end = memchr(cursor->at, ' ', (size_t)(cursor->end - cursor->at));
    behind = (struct span){ cursor->at, (size_t)((end != NULL ? end : cursor->end) - cursor->at) };
    cursor->at += behind.length;
    if (field != LOGFIELD_CIPHER)
        return field == LOGFIELDS;
    return read_bits(behind, first ? &fields->cipher_bits : &(int){ 0 }) == behind.length;
}

/* The key at the cursor: mostly one of the next behind the last one. LOGFIELDS: not known. */
static size_t find_key(const struct cursor *cursor, size_t last)
{
    const char *key = cursor->at;
    size_t left = (size_t)(cursor->end - key), field = last;

    for (size_t i = 0; i < LOGFIELDS; i++) {
        const struct word *word;
        size_t same = 0;

        field = field + 1 < LOGFIELDS ? field + 1 : 0;
        word = &words[field];
        if (word->length >= left || key[word->length] != '=')
            continue;
        while (same < word->length && key[same] == word->text[same])
            same++;
        if (same == word->length)
            return field;
    }
    return LOGFIELDS;
}

/* The length of a key that is not known, or 0: it is none. */
static size_t key_length(const struct cursor *cursor)
{
    const char *at = cursor->at;

    while (at < cursor->end && (ascii_alnum(*at) || *at == '_' || *at == '-'))
        at++;
    return at < cursor->end && *at == '=' ? (size_t)(at - cursor->at) : 0;
}

static bool read_pair(struct cursor *cursor, struct logfields *fields, size_t *last)
{
    size_t field = find_key(cursor, *last);
    size_t length = field < LOGFIELDS ? words[field].length : key_length(cursor);
    struct span value;
    bool quoted, first;

    if (length == 0)
        return false;
    cursor->at += length + 1;
    first = field < LOGFIELDS && !span_known(fields->values[field]);
    if (!read_value(cursor, &value, &quoted) || !read_behind(cursor, fields, field, first))
        return false;
    if (field < LOGFIELDS)
        *last = field;
    if (!first)
        return true;
    if (field == LOGFIELD_CIPHER && !quoted)
        value.length -= read_bits(value, &fields->cipher_bits);
    fields->values[field].data = value.data;
    fields->values[field].length = value.length;
    fields->quoted[field] = quoted;
    return true;
}

/* "QUEUEID: "; a bare id may have a colon inside. */
static bool read_queue_id(struct cursor *cursor, struct logfields *fields)
{
    if (!read_value(cursor, &fields->queue_id, &fields->queue_id_quoted))
        return false;
    if (fields->queue_id_quoted)
        return skip(cursor, ": ", 2);
    if (fields->queue_id.length < 2 || cursor->at[-1] != ':')
        return false;
    fields->queue_id.length--;
    return skip(cursor, " ", 1);
}

static void init(struct logfields *fields)
{
    fields->queue_id = (struct span){ NULL, 0 };
    fields->queue_id_quoted = false;
    fields->direction = DIRECTION_INBOUND;
    fields->cipher_bits = -1;
    for (size_t i = 0; i < LOGFIELDS; i++) {
        fields->values[i] = (struct span){ NULL, 0 };
        fields->quoted[i] = false;
    }
}

bool logfields_read(struct logfields *fields, struct span line)
{
    struct cursor cursor = { line.data, line.data + line.length };
    size_t last = LOGFIELDS - 1;

    init(fields);
    if (span_empty(line) || !read_queue_id(&cursor, fields))
        return false;
    if (skip(&cursor, "outbound", 8))
        fields->direction = DIRECTION_OUTBOUND;
    else if (!skip(&cursor, "inbound", 7))
        return false;
    while (cursor.at < cursor.end) {
        if (!skip(&cursor, " ", 1) || !read_pair(&cursor, fields, &last))
            return false;
    }
    return span_known(fields->values[LOGFIELD_VERDICT]);
}

/* One byte of the text at `*i`, escaped or not; an escape that is none stands for itself. */
static char unescape(struct span text, size_t *i)
{
    const char *at = text.data + *i;
    size_t left = text.length - *i;

    if (at[0] == '\\' && left >= 4 && at[1] == 'x' && ascii_hex(at[2]) >= 0 &&
        ascii_hex(at[3]) >= 0) {
        *i += 4;
        return (char)(ascii_hex(at[2]) * 16 + ascii_hex(at[3]));
    }
    if (at[0] == '\\' && left >= 2 && (at[1] == '\\' || at[1] == '"')) {
        *i += 2;
        return at[1];
    }
    *i += 1;
    return at[0];
}

struct span logfields_unescape(struct span text, char *buffer)
{
    size_t length = 0;

    if (span_empty(text) || memchr(text.data, '\\', text.length) == NULL)
        return text;
    for (size_t i = 0; i < text.length;)
        buffer[length++] = unescape(text, &i);
    return (struct span){ buffer, length };
}

struct span logfields_decode(const struct logfields *fields, enum logfield field, char *buffer)
{
    if (!fields->quoted[field])
        return fields->values[field];
    return logfields_unescape(fields->values[field], buffer);
}
