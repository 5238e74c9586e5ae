/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/reader.h"

#include <string.h>

#define TEXT_MOST (4096 + 3) /* FORMAT's bound, with the dots behind a text that was cut */

/* ---- memory --------------------------------------------------------------------------------- */

/* NULL: there is no room. */
static void *reserve(struct reader *reader, size_t size, size_t alignment)
{
    size_t start = (reader->used + alignment - 1) / alignment * alignment;

    if (start > reader->size || size > reader->size - start) {
        (void)why_fail(reader->why, "there is more of it than FORMAT allows");
        return NULL;
    }
    reader->used = start + size;
    if (reader->used > reader->peak)
        reader->peak = reader->used;
    return reader->data + start;
}

void *reader_reserve(struct reader *reader, size_t count, size_t size)
{
    void *array = reserve(reader, count * size, READER_ALIGNMENT);

    return array != NULL ? memset(array, 0, count * size) : NULL;
}

/* ---- members -------------------------------------------------------------------------------- */

bool reader_wrong(struct reader *reader, const char *name)
{
    return why_fail(reader->why, "\"%s\" is missing or wrong", name);
}

bool reader_number(struct reader *reader, const json_t *object, const char *name, int64_t least,
                   int64_t most, int64_t *number)
{
    const json_t *value = json_object_get(object, name);

    *number = json_integer_value(value);
    return (json_is_integer(value) && *number >= least && *number <= most) ||
           reader_wrong(reader, name);
}

bool reader_count(struct reader *reader, const json_t *object, const char *name, size_t *count)
{
    int64_t number;

    if (!reader_number(reader, object, name, 0, INT32_MAX, &number))
        return false;
    *count = (size_t)number;
    return true;
}

bool reader_flag(struct reader *reader, const json_t *object, const char *name, bool *flag)
{
    const json_t *value = json_object_get(object, name);

    *flag = json_is_true(value);
    return json_is_boolean(value) || reader_wrong(reader, name);
}

#define SPELLING 4 /* bytes of \xHH */

/* Bytes that a text has once it is decoded, if it can be. */
static size_t decoded_length(const char *text, size_t length)
{
    size_t decoded = length;

    for (size_t i = 0; i < length && decoded >= SPELLING - 1; i++) {
        if (text[i] == '\\')
            decoded -= SPELLING - 1;
    }
    return decoded;
}

/* The \xHH of foreign bytes become these again; no other backslash is there. */
static bool decode(const char *text, size_t length, char *to, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        char c = text[i];

        if (c == '\\') {
            int high, low;

            if (i + SPELLING > length || text[i + 1] != 'x')
                return false;
            high = ascii_hex(text[i + 2]);
            low = ascii_hex(text[i + 3]);
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += SPELLING - 1;
        }
        if (used == size)
            return false;
        to[used++] = c;
    }
    return used == size;
}

bool reader_text(struct reader *reader, const json_t *value, const char *name, struct span *text)
{
    const char *string = json_string_value(value);
    size_t length = json_string_length(value), size;
    char *place;

    if (string == NULL)
        return reader_wrong(reader, name);
    size = decoded_length(string, length);
    place = size <= TEXT_MOST ? reserve(reader, size, 1) : NULL;
    if (size > TEXT_MOST || (place != NULL && !decode(string, length, place, size)))
        return reader_wrong(reader, name);
    *text = (struct span){ place, size };
    return place != NULL;
}

bool reader_string(struct reader *reader, const json_t *object, const char *name, struct span *text)
{
    return reader_text(reader, json_object_get(object, name), name, text);
}

bool reader_optional(struct reader *reader, const json_t *object, const char *name,
                     struct span instead, struct span *text)
{
    const json_t *value = json_object_get(object, name);

    *text = instead;
    return json_is_null(value) || reader_text(reader, value, name, text);
}

void *reader_array(struct reader *reader, const json_t *object, const char *name, size_t most,
                   size_t size, const json_t **array, size_t *count)
{
    *array = json_object_get(object, name);
    *count = json_array_size(*array);
    if (!json_is_array(*array) || *count > most) {
        (void)reader_wrong(reader, name);
        return NULL;
    }
    return reader_reserve(reader, *count, size);
}

bool reader_digest(struct reader *reader, const json_t *object, const char *name,
                   struct digest *digest)
{
    return digest_parse(digest, span_of(json_string_value(json_object_get(object, name)))) ||
           reader_wrong(reader, name);
}

bool reader_word(struct reader *reader, const json_t *object, const char *name,
                 const char *(*word)(unsigned number), unsigned count, unsigned *number)
{
    const char *value = json_string_value(json_object_get(object, name));

    for (*number = 0; value != NULL && *number < count; (*number)++) {
        if (strcmp(value, word(*number)) == 0)
            return true;
    }
    return reader_wrong(reader, name);
}
