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
