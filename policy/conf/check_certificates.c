/* SPDX-License-Identifier: ISC */
/*
 * What must be true of a connector's certificates: that some MTA can tell what they demand, that
 * they say who the partner is, and that now and at every later moment one of them counts.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/conf/draft.h"
#include "policy/date.h"
#include "policy/reported.h"

/* One connector's certificates while they are checked. */
struct table {
    struct draft *draft;
    struct reader *reader;
    const struct connector *connector;
    const config_setting_t *setting;
};

static config_setting_t *entry_group(const struct table *table, size_t index)
{
    return config_setting_get_elem(table->setting, (unsigned)index);
}

static config_setting_t *entry_key(const struct table *table, size_t index, const char *key)
{
    config_setting_t *group = entry_group(table, index);

    return config_setting_type(group) == CONFIG_TYPE_GROUP ? config_setting_get_member(group, key)
                                                           : NULL;
}

static bool entry_has_pin(const struct table *table, size_t index)
{
    return entry_key(table, index, "fingerprint") != NULL ||
           entry_key(table, index, "public_key") != NULL ||
           entry_key(table, index, "pin_file") != NULL;
}

/* Level fingerprint compares pins and nothing else will do. */
static void check_pins(const struct table *table)
{
    struct span none = { NULL, 0 };

    for (size_t i = 0; i < table->connector->certificate_count; i++) {
        if (!entry_has_pin(table, i))
            reader_say(table->reader, SEVERITY_ERROR, entry_group(table, i), none,
                       "level fingerprint, and this entry has no fingerprint, public_key or "
                       "pin_file");
    }
}

/* What there is to say of a field inbound, where not every MTA reports it. */
static const struct inbound_field {
    enum certificate_field field;
    const char *sentence;
} inbound_fields[] = {
    { FIELD_ROOT,
      "no MTA reports the root of a client's certificate, restrict the MTA's CA file instead" },
    { FIELD_KEY_BITS,
      "no MTA reports the size of a client's key, restrict the MTA's CA file instead" },
    { FIELD_ORGANIZATION,
      "inbound only Sendmail reports a certificate's organization, Postfix does not" },
    { FIELD_ORGANIZATIONAL_UNIT,
      "inbound only Sendmail reports a certificate's organizational_unit, Postfix does not" },
    { FIELD_FINGERPRINT,
      "Postfix reports a client's fingerprint only with smtpd_policy_socket, which is not set" },
    { FIELD_PUBLIC_KEY,
      "only Postfix reports a client's public_key, and only with smtpd_policy_socket, which is not "
      "set" },
    { FIELD_PIN_FILE,
      "Postfix reports what pin_file compares only with smtpd_policy_socket, which is not set" },
    { FIELD_NAME,
      "Postfix reports the name only of a trusted certificate, at level fingerprint the pin is "
      "enough" },
    { FIELD_ISSUER,
      "Postfix reports the issuer only of a trusted certificate, at level fingerprint the pin is "
      "enough" },
};

#define INBOUND_FIELDS (sizeof(inbound_fields) / sizeof(inbound_fields[0]))

static config_setting_t *entry_field(const struct table *table, size_t index,
                                     enum certificate_field field)
{
    return entry_key(table, index, certificate_field_word(field));
}

static bool nobody_reports(enum certificate_field field)
{
    return reported_by(MTA_POSTFIX, field) == REPORTED_NEVER &&
           reported_by(MTA_SENDMAIL, field) == REPORTED_NEVER;
}

/* Whether Postfix does not report it, as things stand; Sendmail reports less of the public key
 * only, and of that the sentence speaks. */
static bool is_missed(const struct table *table, enum certificate_field field)
{
    switch (reported_by(MTA_POSTFIX, field)) {
    case REPORTED_ALWAYS:
        break;
    case REPORTED_IF_TRUSTED:
        return table->connector->level == LEVEL_FINGERPRINT;
    case REPORTED_TO_POLICY:
        return !reader_is_set(table->reader, "smtpd_policy_socket");
    case REPORTED_NEVER:
        return true;
    }
    return false;
}

/* Whether the entry demands what no MTA reports. */
static bool nobody_tells(const struct table *table, size_t index)
{
    for (size_t i = 0; i < INBOUND_FIELDS; i++) {
        enum certificate_field field = inbound_fields[i].field;

        if (nobody_reports(field) && entry_field(table, index, field) != NULL)
            return true;
    }
    return false;
}

/* Whether no entry at all can be met. */
static bool nothing_can_be_met(const struct table *table)
{
    for (size_t i = 0; i < table->connector->certificate_count; i++) {
        if (!nobody_tells(table, i))
            return false;
    }
    return true;
}

static void check_inbound_entry(const struct table *table, size_t index, bool none_can_be_met)
{
    for (size_t i = 0; i < INBOUND_FIELDS; i++) {
        enum certificate_field field = inbound_fields[i].field;
        const config_setting_t *setting = entry_field(table, index, field);
        bool is_error = none_can_be_met && nobody_reports(field);

        if (setting != NULL && is_missed(table, field))
            reader_say(table->reader, is_error ? SEVERITY_ERROR : SEVERITY_WARNING, setting,
                       span_of(certificate_field_word(field)), "%s", inbound_fields[i].sentence);
    }
}

/* A name that a platform shares, and no pin beside it. */
static bool entry_is_shared(const struct certificate_entry *entry)
{
    return entry->has_name && name_is_shared(&entry->name) && !certificate_entry_has_pins(entry);
}

static void check_shared(const struct table *table)
{
    const struct connector *connector = table->connector;
    size_t shared = 0;

    for (size_t i = 0; i < connector->certificate_count; i++) {
        const config_setting_t *name = entry_key(table, i, "name");

        if (!entry_is_shared(&connector->certificates[i]) || entry_has_pin(table, i))
            continue;
        shared++;
        reader_say(table->reader, SEVERITY_WARNING, name, span_of(config_setting_get_string(name)),
                   "a mail platform shares this name among all its customers, it shows the "
                   "platform and not the partner%s",
                   connector->client_networks.count > 0 ? "" : ": add client_networks or a pin");
    }
    table->draft->connector->identity_shared = shared > 0 && shared == connector->certificate_count;
}

static void check_inbound(const struct table *table)
{
    bool none_can_be_met = nothing_can_be_met(table);

    if (!table->connector->directions[DIRECTION_INBOUND])
        return;
    for (size_t i = 0; i < table->connector->certificate_count; i++)
        check_inbound_entry(table, i, none_can_be_met);
    check_shared(table);
}

static int compare_from(const void *left, const void *right)
{
    const struct certificate_entry *a = *(const struct certificate_entry *const *)left;
    const struct certificate_entry *b = *(const struct certificate_entry *const *)right;

    return (a->from > b->from) - (a->from < b->from);
}

static void report_changeover(const struct table *table, const struct certificate_entry *next,
                              int64_t end)
{
    size_t index = (size_t)(next - table->connector->certificates);
    const config_setting_t *from = entry_key(table, index, "from");
    char gone[DATE_TEXT_SIZE], comes[DATE_TEXT_SIZE];

    date_format(end, gone);
    date_format(next->from, comes);
    if (end == next->from)
        reader_say(table->reader, SEVERITY_WARNING, from, span_of(comes),
                   "a changeover without overlap, the partner must change certificates at that "
                   "very midnight");
    else
        reader_say(table->reader, SEVERITY_WARNING, from, span_of(comes),
                   "no entry of certificates counts from %s on until this one does", gone);
}

/* Walks through the entries by their beginning; `end` is where those so far cease to count. */
static void check_changeover(const struct table *table)
{
    size_t count = table->connector->certificate_count;
    const struct certificate_entry **entries = calloc(count, sizeof(*entries));
    int64_t end;

    if (entries == NULL) {
        (void)reader_no_memory(table->reader);
        return;
    }
    for (size_t i = 0; i < count; i++)
        entries[i] = &table->connector->certificates[i];
    qsort(entries, count, sizeof(*entries), compare_from);
    end = entries[0]->until;
    for (size_t i = 1; i < count; i++) {
        if (entries[i]->from >= end)
            report_changeover(table, entries[i], end);
        if (entries[i]->until > end)
            end = entries[i]->until;
    }
    free(entries);
}

/* The entries all lie in the past, or all in the future. A gap between them is a changeover. */
static void check_today(const struct table *table)
{
    const struct certificate_entry *entries = table->connector->certificates;
    int64_t now = table->reader->now;
    char day[DATE_TEXT_SIZE];
    size_t first = 0, last = 0;

    for (size_t i = 1; i < table->connector->certificate_count; i++) {
        if (entries[i].from < entries[first].from)
            first = i;
        if (entries[i].until > entries[last].until)
            last = i;
    }
    if (entries[last].until <= now) {
        date_format(entries[last].until, day);
        reader_say(table->reader, SEVERITY_WARNING, entry_key(table, last, "until"), span_of(day),
                   "no entry of certificates counts any more, the last one ended");
    } else if (entries[first].from > now) {
        date_format(entries[first].from, day);
        reader_say(table->reader, SEVERITY_WARNING, entry_key(table, first, "from"), span_of(day),
                   "no entry of certificates counts yet, the first one begins");
    }
}

/* "CN=", "O = ", also behind others. */
static bool has_attribute(const char *text, const char *attribute)
{
    size_t length = strlen(attribute);

    for (const char *at = text; (at = strstr(at, attribute)) != NULL; at++) {
        const char *behind = at + length;

        if ((at == text || !ascii_alnum(at[-1])) && behind[strspn(behind, " ")] == '=')
            return true;
    }
    return false;
}

/* A distinguished name as openssl-x509(1) or a browser shows it. */
static bool is_full_name(const char *text)
{
    return text[0] == '/' || has_attribute(text, "CN") || has_attribute(text, "O") ||
           has_attribute(text, "OU");
}

static void check_full_names(const struct table *table, size_t index)
{
    static const struct {
        const char *key, *what;
    } rows[] = {
        { "issuer", "common name" },
        { "root", "common name" },
        { "organization", "organization" },
        { "organizational_unit", "organizational unit" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const config_setting_t *setting = entry_key(table, index, rows[i].key);
        const char *text = setting != NULL ? config_setting_get_string(setting) : NULL;

        if (text != NULL && is_full_name(text))
            reader_say(table->reader, SEVERITY_WARNING, setting, span_of(text),
                       "this is the %s alone, not a full name", rows[i].what);
    }
}

void check_certificates(struct draft *draft)
{
    struct table table = { draft, draft->reader, draft->connector,
                           draft_setting(draft, "certificates") };

    if (!draft_has(draft, "level"))
        return;
    if (table.setting == NULL && draft->connector->level == LEVEL_FINGERPRINT)
        reader_say(draft->reader, SEVERITY_ERROR, draft_setting(draft, "level"),
                   span_of(draft_name(draft)), "level fingerprint needs certificates with pins");
    if (table.setting == NULL || draft->connector->certificate_count == 0 ||
        draft->connector->level < LEVEL_SECURE)
        return;
    if (draft->connector->level == LEVEL_FINGERPRINT)
        check_pins(&table);
    check_inbound(&table);
    for (size_t i = 0; i < draft->connector->certificate_count; i++)
        check_full_names(&table, i);
    if (draft_has(draft, "certificates")) {
        check_changeover(&table);
        check_today(&table);
    }
}
