/* SPDX-License-Identifier: ISC */
#include "policy/conf/values.h"

static bool read_nothing(struct reader *reader, const struct key *key, config_setting_t *setting,
                         void *target)
{
    (void)reader;
    (void)key;
    (void)setting;
    (void)target;
    return true;
}

/* What libconfig has to have read. */
enum shape { SHAPE_GROUP, SHAPE_GROUPS, SHAPE_FLAG, SHAPE_NUMBER, SHAPE_TEXT, SHAPE_LIST };

static const struct type_row {
    enum shape shape;
    value_reader *read;
} types[KEY_TYPES] = {
    [KEY_GROUP] = { SHAPE_GROUP, read_nothing },
    [KEY_GROUPS] = { SHAPE_GROUPS, read_nothing },
    [KEY_ENABLED] = { SHAPE_FLAG, read_nothing },
    [KEY_DOMAINS] = { SHAPE_LIST, value_patterns },
    [KEY_DOMAINS_FILE] = { SHAPE_TEXT, read_nothing },
    [KEY_FLAG] = { SHAPE_FLAG, value_flag },
    [KEY_NUMBER] = { SHAPE_NUMBER, value_number },
    [KEY_RATE] = { SHAPE_NUMBER, value_rate },
    [KEY_DURATION] = { SHAPE_TEXT, value_duration },
    [KEY_DATE] = { SHAPE_TEXT, value_date },
    [KEY_WORD] = { SHAPE_TEXT, value_word },
    [KEY_PROTOCOL] = { SHAPE_TEXT, value_protocol },
    [KEY_DIRECTION] = { SHAPE_TEXT, value_direction },
    [KEY_TEXT] = { SHAPE_TEXT, value_text },
    [KEY_ASCII] = { SHAPE_TEXT, value_text },
    [KEY_ID] = { SHAPE_TEXT, value_id },
    [KEY_OCTAL] = { SHAPE_TEXT, value_octal },
    [KEY_SOCKET] = { SHAPE_TEXT, value_socket },
    [KEY_UNIX_SOCKET] = { SHAPE_TEXT, value_socket },
    [KEY_FILE] = { SHAPE_TEXT, value_file },
    [KEY_FILE_OR_FOLDER] = { SHAPE_TEXT, value_file },
    [KEY_HOST] = { SHAPE_TEXT, value_host },
    [KEY_ADDRESS4] = { SHAPE_TEXT, value_address },
    [KEY_ADDRESS6] = { SHAPE_TEXT, value_address },
    [KEY_SERVERS] = { SHAPE_LIST, value_servers },
    [KEY_NETWORKS] = { SHAPE_LIST, value_networks },
    [KEY_TEXTS] = { SHAPE_LIST, value_texts },
    [KEY_CIPHERS] = { SHAPE_LIST, value_ciphers },
    [KEY_NEXT_HOPS] = { SHAPE_LIST, value_next_hops },
    [KEY_DOMAIN_TABLE] = { SHAPE_LIST, value_domain_table },
    [KEY_CERTIFICATES] = { SHAPE_GROUPS, value_certificates },
    [KEY_CERT_NAME] = { SHAPE_TEXT, value_certificate_name },
    [KEY_FINGERPRINT] = { SHAPE_TEXT, value_fingerprint },
    [KEY_PUBLIC_KEY] = { SHAPE_TEXT, value_public_key },
    [KEY_PIN_FILE] = { SHAPE_TEXT, value_pin_file },
};

static bool is_list(const config_setting_t *setting)
{
    return config_setting_type(setting) == CONFIG_TYPE_LIST ||
           config_setting_type(setting) == CONFIG_TYPE_ARRAY;
}

static bool shape_fits(enum shape shape, const config_setting_t *setting)
{
    int type = config_setting_type(setting);

    switch (shape) {
    case SHAPE_GROUP:
        return type == CONFIG_TYPE_GROUP;
    case SHAPE_FLAG:
        return type == CONFIG_TYPE_BOOL;
    case SHAPE_NUMBER:
        return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64 || type == CONFIG_TYPE_FLOAT;
    case SHAPE_TEXT:
        return type == CONFIG_TYPE_STRING;
    case SHAPE_GROUPS:
    case SHAPE_LIST:
        return is_list(setting);
    }
    return false;
}

static bool report_shape(struct reader *reader, const struct key *key, enum shape shape,
                         const config_setting_t *setting)
{
    static const char *const wanted[] = {
        [SHAPE_GROUP] = "a group",
        [SHAPE_GROUPS] = "a list of groups",
        [SHAPE_FLAG] = "true or false",
        [SHAPE_NUMBER] = "a number",
        [SHAPE_TEXT] = "a string in double quotes",
        [SHAPE_LIST] = "a list",
    };
    bool quoted = config_setting_type(setting) == CONFIG_TYPE_STRING;

    if (shape == SHAPE_FLAG || shape == SHAPE_NUMBER)
        return reader_error(reader, setting, "%s must be %s%s", key->name, wanted[shape],
                            quoted ? " without quotes" : "");
    return reader_error(reader, setting, "%s must be %s, such as %s", key->name, wanted[shape],
                        key->example);
}

bool value_read(struct reader *reader, const struct key *key, config_setting_t *setting,
                void *target)
{
    const struct type_row *type = &types[key->type];
    bool is_empty;

    if (!shape_fits(type->shape, setting))
        return report_shape(reader, key, type->shape, setting);
    is_empty = type->shape == SHAPE_TEXT ? config_setting_get_string(setting)[0] == '\0'
                                         : is_list(setting) && config_setting_length(setting) == 0;
    if (is_empty && type->shape == SHAPE_TEXT && (key->flags & KEY_MAY_BE_EMPTY))
        return true;
    if (is_empty && key->type != KEY_GROUPS && !(key->flags & KEY_MAY_BE_EMPTY)) {
        reader_say(reader, SEVERITY_ERROR, setting, span_of(key->name),
                   type->shape == SHAPE_TEXT ? "an empty string"
                                             : "an empty list, leave the key out");
        return false;
    }
    return type->read(reader, key, setting, target);
}
