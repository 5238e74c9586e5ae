/* SPDX-License-Identifier: ISC */
#include "policy/conf/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/conf/suggest.h"
#include "policy/conf/values.h"

#define SENTENCE_SIZE 600

struct place reader_place(const struct reader *reader, const config_setting_t *setting)
{
    return source_place(&reader->source, setting != NULL ? config_setting_source_line(setting) : 1);
}

/* The value as it could stand in the file, without the quotes around a text. A group, a list or
 * what has no value is shown by its name. */
static struct span shown_value(const config_setting_t *setting, char *buffer, size_t size)
{
    const char *name = config_setting_name(setting);

    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_STRING:
        return span_of(config_setting_get_string(setting));
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        (void)snprintf(buffer, size, "%lld", config_setting_get_int64(setting));
        break;
    case CONFIG_TYPE_FLOAT:
        (void)snprintf(buffer, size, "%g", config_setting_get_float(setting));
        break;
    case CONFIG_TYPE_BOOL:
        (void)snprintf(buffer, size, "%s", config_setting_get_bool(setting) ? "true" : "false");
        break;
    default:
        return span_of(name);
    }
    return span_of(buffer);
}

void reader_say(struct reader *reader, enum severity severity, const config_setting_t *setting,
                struct span value, const char *format, ...)
{
    char sentence[SENTENCE_SIZE];
    va_list arguments;

    if (reader->muted)
        return;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    report_add(&reader->report, severity, reader_place(reader, setting), value, "%s", sentence);
}

bool reader_error(struct reader *reader, const config_setting_t *setting, const char *format, ...)
{
    char sentence[SENTENCE_SIZE], buffer[64];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    reader_say(reader, SEVERITY_ERROR, setting, shown_value(setting, buffer, sizeof(buffer)), "%s",
               sentence);
    return false;
}

bool reader_no_memory(struct reader *reader)
{
    struct span none = { NULL, 0 };

    report_add(&reader->report, SEVERITY_ERROR, source_place(&reader->source, 1), none,
               "out of memory");
    return false;
}

bool reader_is_set(const struct reader *reader, const char *key)
{
    const config_setting_t *setting = config_lookup(&reader->config, key);
    const char *text = setting != NULL ? config_setting_get_string(setting) : NULL;

    return setting != NULL && (text == NULL || text[0] != '\0');
}

/* Where the key belongs, if it is one at all. */
static const char *other_scope(enum scope scope, const char *name)
{
    static const enum scope search[] = { SCOPE_CONNECTOR, SCOPE_TOP, SCOPE_CERTIFICATE, SCOPE_PROBE,
                                         SCOPE_DNS };

    for (size_t i = 0; i < sizeof(search) / sizeof(search[0]); i++) {
        if (search[i] != scope && key_find(search[i], name) != NULL)
            return scope_word(search[i]);
    }
    return NULL;
}

static void report_unknown_key(struct reader *reader, enum scope scope,
                               const config_setting_t *setting)
{
    const char *name = config_setting_name(setting);
    const char *elsewhere = other_scope(scope, name);
    char text[SUGGESTION_SIZE], where[64] = "";
    struct suggestion suggestion;
    const struct key *keys;
    size_t count;

    if (scope == SCOPE_DEFAULTS && key_find(SCOPE_CONNECTOR, name) != NULL) {
        reader_say(reader, SEVERITY_ERROR, setting, span_of(name),
                   "this key identifies a connector, it cannot be set in defaults");
        return;
    }
    if (scope != SCOPE_TOP)
        (void)snprintf(where, sizeof(where), " %s", scope_word(scope));
    suggestion_start(&suggestion, name);
    keys = keys_of(scope, &count);
    for (size_t i = 0; i < count; i++) {
        if (key_in_scope(&keys[i], scope))
            suggestion_offer(&suggestion, keys[i].name);
    }
    suggestion_format(&suggestion, text);
    if (elsewhere != NULL && (suggestion.best == NULL || suggestion.distance > 1))
        reader_say(reader, SEVERITY_ERROR, setting, span_of(name), "unknown key%s, it belongs %s",
                   where, elsewhere);
    else
        reader_say(reader, SEVERITY_ERROR, setting, span_of(name), "unknown key%s%s", where, text);
}

bool reader_check_keys(struct reader *reader, enum scope scope, const config_setting_t *group)
{
    bool known = true;

    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);

        if (key_find(scope, config_setting_name(setting)) == NULL) {
            report_unknown_key(reader, scope, setting);
            known = false;
        }
    }
    return known;
}

bool reader_read_group(struct reader *reader, enum scope scope, config_setting_t *group,
                       void *target)
{
    bool good = reader_check_keys(reader, scope, group);

    for (int i = 0; i < config_setting_length(group); i++) {
        config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        const struct key *key = key_find(scope, config_setting_name(setting));

        if (key != NULL && !value_read(reader, key, setting, target))
            good = false;
    }
    return good;
}
