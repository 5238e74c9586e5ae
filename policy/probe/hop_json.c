/* SPDX-License-Identifier: ISC */
/*
 * The facts are written twice: into a block that is large enough in any case, then into one of the
 * size that was needed.
 */
#include "config.h"

#include "policy/probe/hop_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "policy/escape.h"
#include "policy/probe/hop_json_facts.h"
#include "policy/probe/hop_sound.h"

#define FORMAT_VERSION 1

static bool read_in_size(struct hop_line *line, const json_t *object, size_t size, struct why *why)
{
    struct reader reader = { .data = malloc(size), .size = size, .why = why };

    if (reader.data == NULL)
        return why_fail(why, "out of memory");
    if (!hop_json_facts_read(&reader, object)) {
        free(reader.data);
        return false;
    }
    line->facts = (struct hop_facts *)(void *)reader.data;
    line->size = reader.peak;
    return true;
}

static bool read_result(struct hop_line *line, const json_t *object, size_t length, struct why *why)
{
    struct reader reader = { .why = why };
    struct next_hop hop;

    if (!line->has_id)
        return reader_wrong(&reader, "id");
    if (!next_hop_read(&hop, span_of(json_string_value(json_object_get(object, "hop")))))
        return reader_wrong(&reader, "hop");
    next_hop_format(&hop, line->hop);
    if (!reader_number(&reader, object, "started", 0, INT64_MAX, &line->started) ||
        !reader_number(&reader, object, "milliseconds", 0, INT32_MAX, &line->milliseconds) ||
        !read_in_size(line, object, hop_json_facts_room(length), why))
        return false;
    free(line->facts);
    line->facts = NULL;
    if (!read_in_size(line, object, line->size, why))
        return false;
    if (hop_facts_sound(line->facts, &hop, why))
        return true;
    free(line->facts);
    line->facts = NULL;
    return false;
}

static bool read_error_line(struct hop_line *line, const json_t *object)
{
    const json_t *text = json_object_get(object, "text");
    struct line out;

    line->type = HOP_LINE_ERROR;
    line_init(&out, line->text, sizeof(line->text));
    line_add_quoted(&out, (struct span){ json_string_value(text), json_string_length(text) },
                    sizeof(line->text) - 1);
    return true;
}

static bool read_object(struct hop_line *line, const json_t *object, size_t length, struct why *why)
{
    const json_t *version = json_object_get(object, "v"), *id = json_object_get(object, "id");
    const char *type = json_string_value(json_object_get(object, "type"));

    if (!json_is_integer(version) || json_integer_value(version) != FORMAT_VERSION)
        return why_fail(why, "\"v\" is not %d", FORMAT_VERSION);
    line->has_id = json_is_integer(id);
    line->id = json_integer_value(id);
    if (type != NULL && strcmp(type, "result") == 0)
        return read_result(line, object, length, why);
    if (type != NULL && strcmp(type, "error") == 0)
        return read_error_line(line, object);
    if (type != NULL && strcmp(type, "pong") == 0) {
        line->type = HOP_LINE_PONG;
        return line->has_id || why_fail(why, "a pong without \"id\"");
    }
    return why_fail(why, "\"type\" is neither result nor error nor pong");
}

bool hop_json_read(struct hop_line *line, struct span text, struct why *why)
{
    json_error_t error;
    json_t *object;
    bool read;

    memset(line, 0, sizeof(*line));
    if (text.length > HOP_LINE_MOST)
        return why_fail(why, "a line is longer than %zu bytes", HOP_LINE_MOST);
    object =
        json_loadb(text.data != NULL ? text.data : "", text.length, JSON_REJECT_DUPLICATES, &error);
    if (object == NULL)
        return why_fail(why, "no JSON object at byte %d", error.position);
    read = json_is_object(object) ? read_object(line, object, text.length, why)
                                  : why_fail(why, "no JSON object");
    json_decref(object);
    return read;
}
