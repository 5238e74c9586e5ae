/* SPDX-License-Identifier: ISC */
/*
 * Values that are a single text, number or word.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/conf/file.h"
#include "policy/conf/scalars.h"
#include "policy/conf/suggest.h"
#include "policy/conf/values.h"
#include "policy/date.h"

static void *field_of(const struct key *key, void *target)
{
    return (char *)target + key->offset;
}

bool text_is_id(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (!ascii_alnum(*c) && strchr("._-", *c) == NULL)
            return false;
    }
    return text[0] != '\0';
}

static bool set_text(struct reader *reader, char **field, const char *text)
{
    char *copy = strdup(text);

    if (copy == NULL)
        return reader_no_memory(reader);
    free(*field);
    *field = copy;
    return true;
}

static bool take_text(char **field, char *text)
{
    free(*field);
    *field = text;
    return true;
}

bool value_is_true(const config_setting_t *setting)
{
    return config_setting_get_bool(setting) != 0;
}

bool value_flag(struct reader *reader, const struct key *key, config_setting_t *setting,
                void *target)
{
    (void)reader;
    *(bool *)field_of(key, target) = value_is_true(setting);
    return true;
}

bool value_number(struct reader *reader, const struct key *key, config_setting_t *setting,
                  void *target)
{
    long long value = config_setting_get_int64(setting);

    if (config_setting_type(setting) == CONFIG_TYPE_FLOAT)
        return reader_error(reader, setting, "%s must be a whole number, such as %s", key->name,
                            key->example);
    if (value < key->least || value > key->most)
        return reader_error(reader, setting, "%s must be a number from %ld to %ld", key->name,
                            key->least, key->most);
    *(int *)field_of(key, target) = (int)value;
    return true;
}

bool value_rate(struct reader *reader, const struct key *key, config_setting_t *setting,
                void *target)
{
    double value = config_setting_type(setting) == CONFIG_TYPE_FLOAT
                       ? config_setting_get_float(setting)
                       : (double)config_setting_get_int64(setting);

    if (!(value > 0) || !(value <= (double)key->most))
        return reader_error(reader, setting, "%s must be above 0, and at most %ld", key->name,
                            key->most);
    *(double *)field_of(key, target) = value;
    return true;
}

bool value_duration(struct reader *reader, const struct key *key, config_setting_t *setting,
                    void *target)
{
    char least[DURATION_TEXT_SIZE], most[DURATION_TEXT_SIZE];
    struct why why;
    long seconds;

    if (!duration_parse(span_of(config_setting_get_string(setting)), &seconds, &why))
        return reader_error(reader, setting, "%s %s, such as %s", key->name, why.text,
                            key->example);
    duration_format(key->least, least);
    duration_format(key->most, most);
    if (seconds < key->least || seconds > key->most)
        return reader_error(reader, setting, "%s must be from %s to %s", key->name, least, most);
    *(int *)field_of(key, target) = (int)seconds;
    return true;
}

bool value_date(struct reader *reader, const struct key *key, config_setting_t *setting,
                void *target)
{
    if (!date_parse(field_of(key, target), span_of(config_setting_get_string(setting))))
        return reader_error(reader, setting, "%s must be a day of the calendar, YYYY-MM-DD",
                            key->name);
    return true;
}

/* "a, b or c" */
static void format_words(const char *const *words, char *text, size_t size)
{
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; words[i] != NULL && length < size; i++) {
        const char *before = i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ";

        length += (size_t)snprintf(text + length, size - length, "%s%s", before, words[i]);
    }
}

/* The word's number, or -1 after it was reported. */
static int find_word(struct reader *reader, const struct key *key, const config_setting_t *setting)
{
    const char *given = config_setting_get_string(setting);
    char choice[128], hint[SUGGESTION_SIZE];
    struct suggestion suggestion;

    suggestion_start(&suggestion, given);
    for (int i = 0; key->words[i] != NULL; i++) {
        if (strcmp(key->words[i], given) == 0)
            return i;
        suggestion_offer(&suggestion, key->words[i]);
    }
    format_words(key->words, choice, sizeof(choice));
    suggestion_format(&suggestion, hint);
    (void)reader_error(reader, setting, "%s must be %s%s", key->name, choice, hint);
    return -1;
}

bool value_word(struct reader *reader, const struct key *key, config_setting_t *setting,
                void *target)
{
    int number = find_word(reader, key, setting);
    unsigned value = (unsigned)number;

    _Static_assert(sizeof(enum level) == sizeof(unsigned) && sizeof(enum mode) == sizeof(unsigned),
                   "an enum is stored as unsigned");
    if (number < 0)
        return false;
    memcpy(field_of(key, target), &value, sizeof(value));
    return true;
}

bool value_protocol(struct reader *reader, const struct key *key, config_setting_t *setting,
                    void *target)
{
    int number = find_word(reader, key, setting);

    if (number < 0)
        return false;
    *(enum tls_protocol *)field_of(key, target) = protocol_parse(span_of(key->words[number]));
    return true;
}

/* inbound, outbound, both */
bool value_direction(struct reader *reader, const struct key *key, config_setting_t *setting,
                     void *target)
{
    bool *directions = field_of(key, target);
    int number = find_word(reader, key, setting);

    if (number < 0)
        return false;
    directions[DIRECTION_INBOUND] = number != 1;
    directions[DIRECTION_OUTBOUND] = number != 0;
    return true;
}

bool value_text(struct reader *reader, const struct key *key, config_setting_t *setting,
                void *target)
{
    const char *text = config_setting_get_string(setting);

    if (strlen(text) > (size_t)key->most)
        return reader_error(reader, setting, "%s is longer than %ld bytes", key->name, key->most);
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return reader_error(reader, setting, "%s has a control character in it", key->name);
        if (key->type == KEY_ASCII && (unsigned char)*c > 0x7e)
            return reader_error(reader, setting, "%s must be ASCII, it stands in SMTP replies",
                                key->name);
    }
    return set_text(reader, field_of(key, target), text);
}

bool value_id(struct reader *reader, const struct key *key, config_setting_t *setting, void *target)
{
    const char *text = config_setting_get_string(setting);

    if (!text_is_id(text))
        return reader_error(reader, setting,
                            "%s may have letters, digits, '.', '_' and '-' in it, nothing else",
                            key->name);
    return value_text(reader, key, setting, target);
}

bool value_octal(struct reader *reader, const struct key *key, config_setting_t *setting,
                 void *target)
{
    const char *text = config_setting_get_string(setting);
    unsigned *mode = field_of(key, target);
    struct why why;

    if (!octal_mode_parse(span_of(text), mode, &why))
        return reader_error(reader, setting, "%s %s, such as %s", key->name, why.text,
                            key->example);
    if ((*mode & 07) != 0)
        reader_say(reader, SEVERITY_WARNING, setting, span_of(text),
                   "%s lets every user of this host connect", key->name);
    return true;
}

bool value_socket(struct reader *reader, const struct key *key, config_setting_t *setting,
                  void *target)
{
    char *canonical;
    struct why why;

    if (!socket_parse(span_of(config_setting_get_string(setting)), key->type == KEY_UNIX_SOCKET,
                      &canonical, &why))
        return reader_error(reader, setting, "%s: %s", key->name, why.text);
    return take_text(field_of(key, target), canonical);
}

char *value_path(struct reader *reader, const config_setting_t *setting)
{
    char *path = file_in_folder(reader->source.folder, config_setting_get_string(setting));

    if (path == NULL)
        (void)reader_no_memory(reader);
    return path;
}

bool value_file(struct reader *reader, const struct key *key, config_setting_t *setting,
                void *target)
{
    char *path = value_path(reader, setting);
    struct why why;

    if (path == NULL)
        return false;
    if (!reader->files_unread && !file_is_readable(path, key->type == KEY_FILE_OR_FOLDER, &why)) {
        reader_say(reader, SEVERITY_ERROR, setting, span_of(path), "%s: %s", key->name, why.text);
        free(path);
        return false;
    }
    return take_text(field_of(key, target), path);
}

bool value_host(struct reader *reader, const struct key *key, config_setting_t *setting,
                void *target)
{
    struct domain domain;

    domain_set(&domain, span_of(config_setting_get_string(setting)));
    if (!domain_is_hostname(&domain))
        return reader_error(reader, setting, "%s must be a host name", key->name);
    return set_text(reader, field_of(key, target), domain.name);
}

bool value_address(struct reader *reader, const struct key *key, config_setting_t *setting,
                   void *target)
{
    int family = key->type == KEY_ADDRESS4 ? 4 : 6;
    char text[IP_TEXT_SIZE];
    struct ip ip;

    if (!ip_parse(&ip, span_of(config_setting_get_string(setting))) || ip.family != family)
        return reader_error(reader, setting, "%s must be an IPv%d address", key->name, family);
    ip_format(&ip, text);
    return set_text(reader, field_of(key, target), text);
}
