/* SPDX-License-Identifier: ISC */
/*
 * `connectors`: each group becomes a connector of the rules.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/conf/draft.h"
#include "policy/conf/values.h"

config_setting_t *draft_own(const struct draft *draft, const char *key)
{
    return config_setting_get_member(draft->group, key);
}

config_setting_t *draft_setting(const struct draft *draft, const char *key)
{
    config_setting_t *own = draft_own(draft, key);

    if (own != NULL || draft->reader->defaults == NULL || key_find(SCOPE_DEFAULTS, key) == NULL)
        return own;
    return config_setting_get_member(draft->reader->defaults, key);
}

static uint64_t bit_of(const char *name)
{
    const struct key *key = key_find(SCOPE_CONNECTOR, name);
    const struct key *keys;
    size_t count;

    keys = keys_of(SCOPE_CONNECTOR, &count);
    return key != NULL ? UINT64_C(1) << (key - keys) : 0;
}

bool draft_sound(const struct draft *draft, const char *key)
{
    return (draft->failed & bit_of(key)) == 0;
}

bool draft_has(const struct draft *draft, const char *key)
{
    return draft_setting(draft, key) != NULL && draft_sound(draft, key);
}

const char *draft_name(const struct draft *draft)
{
    return draft->connector->name != NULL ? draft->connector->name : "?";
}

/* Reads the keys in the table's order, each from where it counts. What comes from defaults was
 * judged there. */
static void read_keys(struct draft *draft)
{
    struct reader *reader = draft->reader;
    size_t count;
    const struct key *keys = keys_of(SCOPE_CONNECTOR, &count);

    for (size_t i = 0; i < count; i++) {
        config_setting_t *setting = draft_setting(draft, keys[i].name);

        if (setting == NULL)
            continue;
        reader->muted = draft_own(draft, keys[i].name) == NULL;
        if (!value_read(reader, &keys[i], setting, draft->connector))
            draft->failed |= UINT64_C(1) << i;
        reader->muted = false;
    }
}

static bool is_enabled(const struct draft *draft)
{
    const config_setting_t *setting = draft_own(draft, "enabled");

    return setting == NULL || config_setting_type(setting) != CONFIG_TYPE_BOOL ||
           value_is_true(setting);
}

static bool remember(struct draft *draft)
{
    struct reader *reader = draft->reader;
    size_t room = reader->known_room != 0 ? 2 * reader->known_room : 16;
    struct known_connector *known = reader->known;

    if (reader->known_count == reader->known_room) {
        known = realloc(known, room * sizeof(*known));
        if (known == NULL)
            return false;
        reader->known = known;
        reader->known_room = room;
    }
    known[reader->known_count++] =
        (struct known_connector){ .connector = draft->connector,
                                  .place = reader_place(reader, draft->group) };
    return true;
}

/* Hands the connector over to the rules. */
static bool add_to_rules(struct draft *draft)
{
    struct connector *connector = draft->connector;

    return (connectors_add(draft->reader->rules->connectors, connector, &draft->index) &&
            remember(draft)) ||
           reader_no_memory(draft->reader);
}

/* One with the defaults of this file and its place in it. NULL: memory, and reported. */
static struct connector *new_connector(struct reader *reader, const config_setting_t *group)
{
    struct connector *connector = connector_new();
    struct place place = reader_place(reader, group);

    if (connector != NULL)
        connector->file = strdup(place.file);
    if (connector == NULL || connector->file == NULL) {
        (void)reader_no_memory(reader);
        connector_free(connector);
        return NULL;
    }
    connector->line = place.line;
    connector->unknown =
        reader_is_set(reader, "tls_policy_socket") ? UNKNOWN_ACCEPT : UNKNOWN_DEFER;
    return connector;
}

static void read_connector(struct reader *reader, config_setting_t *group)
{
    struct draft draft = { .reader = reader, .group = group };

    (void)reader_check_keys(reader, SCOPE_CONNECTOR, group);
    draft.connector = new_connector(reader, group);
    if (draft.connector == NULL)
        return;
    reader->files_unread = !is_enabled(&draft);
    read_keys(&draft);
    if (reader->files_unread) {
        reader->files_unread = false;
        connector_free(draft.connector);
        return;
    }
    check_connector(&draft);
    check_certificates(&draft);
    if (!add_to_rules(&draft))
        return;
    read_domains(&draft);
    check_any_domain(&draft);
}

static int compare_names(const void *left, const void *right)
{
    const struct known_connector *a = left, *b = right;
    int result = strcmp(a->connector->name, b->connector->name);

    if (result == 0)
        result = (a->place.order > b->place.order) - (a->place.order < b->place.order);
    return result;
}

static void check_names(struct reader *reader)
{
    char where[PLACE_SIZE];
    size_t count = 0;

    for (size_t i = 0; i < reader->known_count; i++) {
        if (reader->known[i].connector->name != NULL)
            reader->known[count++] = reader->known[i];
    }
    if (count > 1)
        qsort(reader->known, count, sizeof(*reader->known), compare_names);
    for (size_t i = 1; i < count; i++) {
        struct known_connector *first = &reader->known[i - 1], *second = &reader->known[i];

        if (strcmp(first->connector->name, second->connector->name) != 0)
            continue;
        place_format(&first->place, &second->place, where);
        report_add(&reader->report, SEVERITY_ERROR, second->place, span_of(second->connector->name),
                   "the connector of %s has the same name", where);
    }
}

void read_connectors(struct reader *reader, config_setting_t *root)
{
    config_setting_t *list = config_setting_get_member(root, "connectors");
    bool is_list = list != NULL && (config_setting_type(list) == CONFIG_TYPE_LIST ||
                                    config_setting_type(list) == CONFIG_TYPE_ARRAY);

    for (int i = 0; is_list && i < config_setting_length(list); i++) {
        config_setting_t *group = config_setting_get_elem(list, (unsigned)i);

        if (config_setting_type(group) == CONFIG_TYPE_GROUP)
            read_connector(reader, group);
        else
            (void)reader_error(reader, group,
                               "connectors must hold groups, such as { name = "
                               "\"contoso-in\"; ... }");
    }
    if ((is_list || list == NULL) && reader->known_count == 0)
        reader_say(reader, SEVERITY_WARNING, list, (struct span){ NULL, 0 },
                   "no connector, nothing is demanded of anybody");
    check_names(reader);
    if (connectors_finish(reader->rules->connectors))
        check_policies(reader);
    else
        (void)reader_no_memory(reader);
}
