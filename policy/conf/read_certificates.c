/* SPDX-License-Identifier: ISC */
/*
 * `certificates`: the entries of a connector's table, each complete in itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/conf/values.h"
#include "policy/date.h"
#include "policy/x509/pins.h"

bool value_certificate_name(struct reader *reader, const struct key *key, config_setting_t *setting,
                            void *target)
{
    struct certificate_entry *entry = target;
    struct why why;

    if (!wanted_name_parse(&entry->name, span_of(config_setting_get_string(setting)), &why))
        return reader_error(reader, setting, "%s: %s", key->name, why.text);
    entry->has_name = true;
    return true;
}

/* What a digest of another size comes from. */
static const char *digest_kind(const char *text)
{
    size_t digits = 0;

    for (const char *c = text; *c != '\0'; c++) {
        if (*c != ':')
            digits++;
    }
    switch (digits) {
    case 32:
        return ", this looks like MD5";
    case 40:
        return ", this looks like SHA-1";
    case 96:
        return ", this looks like SHA-384";
    case 128:
        return ", this looks like SHA-512";
    default:
        return "";
    }
}

static bool read_digest(struct reader *reader, const struct key *key,
                        const config_setting_t *setting, bool *has, struct digest *digest)
{
    const char *text = config_setting_get_string(setting);

    *has = digest_parse(digest, span_of(text));
    return *has || reader_error(reader, setting,
                                "%s must be a SHA-256, 64 hexadecimal digits with or without "
                                "colons%s",
                                key->name, digest_kind(text));
}

bool value_fingerprint(struct reader *reader, const struct key *key, config_setting_t *setting,
                       void *target)
{
    struct certificate_entry *entry = target;

    return read_digest(reader, key, setting, &entry->has_fingerprint, &entry->fingerprint);
}

bool value_public_key(struct reader *reader, const struct key *key, config_setting_t *setting,
                      void *target)
{
    struct certificate_entry *entry = target;

    return read_digest(reader, key, setting, &entry->has_public_key, &entry->public_key);
}

bool value_pin_file(struct reader *reader, const struct key *key, config_setting_t *setting,
                    void *target)
{
    struct certificate_entry *entry = target;
    struct why why;

    entry->pin_file = value_path(reader, setting);
    if (entry->pin_file == NULL)
        return false;
    if (!reader->files_unread &&
        !pins_read(entry->pin_file, &entry->pins, &entry->pin_count, &why)) {
        reader_say(reader, SEVERITY_ERROR, setting, span_of(entry->pin_file), "%s: %s", key->name,
                   why.text);
        return false;
    }
    return true;
}

static bool demands_something(const config_setting_t *group)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const char *name = config_setting_name(config_setting_get_elem(group, (unsigned)i));
        const struct key *key = key_find(SCOPE_CERTIFICATE, name);

        /* What is unknown was meant to demand something. */
        if (key == NULL || (key->flags & KEY_DEMANDS))
            return true;
    }
    return false;
}

static bool read_entry(struct reader *reader, config_setting_t *group,
                       struct certificate_entry *entry)
{
    struct span none = { NULL, 0 };
    bool good;

    entry->from = DATE_ALWAYS;
    entry->until = DATE_NEVER;
    entry->line = reader_place(reader, group).line;
    if (config_setting_type(group) != CONFIG_TYPE_GROUP)
        return reader_error(reader, group,
                            "certificates must hold groups, such as { name = "
                            "\"mail.contoso.com\"; }");
    good = reader_read_group(reader, SCOPE_CERTIFICATE, group, entry);
    if (!demands_something(group)) {
        reader_say(reader, SEVERITY_ERROR, group, none,
                   "an entry of certificates that demands nothing fits every certificate");
        good = false;
    }
    if (good && entry->from >= entry->until) {
        config_setting_t *until = config_setting_get_member(group, "until");

        good = reader_error(reader, until, "until must be later than from, the entry never counts");
    }
    return good;
}

bool value_certificates(struct reader *reader, const struct key *key, config_setting_t *setting,
                        void *target)
{
    struct connector *connector = target;
    int count = config_setting_length(setting);
    bool good = true;

    (void)key;
    connector->certificates = calloc((size_t)count, sizeof(*connector->certificates));
    if (connector->certificates == NULL)
        return reader_no_memory(reader);
    connector->certificate_count = (size_t)count;
    for (int i = 0; i < count; i++) {
        if (!read_entry(reader, config_setting_get_elem(setting, (unsigned)i),
                        &connector->certificates[i]))
            good = false;
    }
    return good;
}
