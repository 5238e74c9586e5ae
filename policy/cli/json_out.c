/* SPDX-License-Identifier: ISC */
#include "policy/cli/json_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cli/page.h"
#include "policy/cli/subcommand.h"
#include "policy/cli/utf8.h"
#include "policy/date.h"

#define SPELLING 4 /* bytes of \xHH */

json_t *json_foreign(struct span value)
{
    char *text, *end;
    json_t *string;

    if (!span_known(value))
        return json_null();
    if (value.length > SIZE_MAX / SPELLING - 1)
        return NULL;
    text = end = malloc(value.length * SPELLING + 1);
    if (text == NULL)
        return NULL;
    for (size_t at = 0; at < value.length;) {
        uint32_t code;
        size_t length = utf8_read(value, at, &code);

        if (length == 0 || code == 0 || code == 0x7f) {
            (void)snprintf(end, SPELLING + 1, "\\x%02x", (unsigned)(unsigned char)value.data[at]);
            end += SPELLING;
            at++;
            continue;
        }
        memcpy(end, value.data + at, length);
        end += length;
        at += length;
    }
    string = json_stringn(text, (size_t)(end - text));
    free(text);
    return string;
}

json_t *json_append(json_t *array, json_t *item)
{
    if (array != NULL && json_array_append_new(array, item) == 0)
        return array;
    if (array == NULL)
        json_decref(item);
    else
        json_decref(array);
    return NULL;
}

json_t *json_set(json_t *object, const char *key, json_t *item)
{
    if (object != NULL && json_object_set_new(object, key, item) == 0)
        return object;
    if (object == NULL)
        json_decref(item);
    else
        json_decref(object);
    return NULL;
}

json_t *json_text(const char *text)
{
    return json_foreign(span_of(text));
}

json_t *json_digest(bool known, const struct digest *digest)
{
    char text[DIGEST_TEXT_SIZE];

    if (!known)
        return json_null();
    digest_format(digest, text);
    return json_string(text);
}

json_t *json_date(int64_t seconds)
{
    char text[DATE_TEXT_SIZE];

    if (seconds == DATE_ALWAYS || seconds == DATE_NEVER)
        return json_null();
    date_format(seconds, text);
    return json_string(text);
}

bool json_print(json_t *document)
{
    bool dumped;

    if (document == NULL) {
        cli_error("out of memory");
        return false;
    }
    dumped = json_dumpf(document, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0;
    json_decref(document);
    if (!dumped && !ferror(stdout)) {
        cli_error("out of memory");
        return false;
    }
    (void)fputc('\n', stdout);
    return stream_finish(stdout);
}
