/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/ask.h"

#include <jansson.h>
#include <string.h>

#define FORMAT_VERSION 1

/* ---- objects; NULL where something failed, which all of these take and hand on ----------------
 */

static json_t *set(json_t *object, const char *name, json_t *value)
{
    if (object != NULL && json_object_set_new(object, name, value) == 0)
        return object;
    if (object == NULL)
        json_decref(value);
    json_decref(object);
    return NULL;
}

/* NULL: what the prober takes by itself. */
static json_t *set_text(json_t *object, const char *name, const char *text)
{
    return text != NULL ? set(object, name, json_string(text)) : object;
}

static json_t *texts(const struct string_list *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++) {
        if (json_array_append_new(array, json_string(list->strings[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *begin(const char *type)
{
    return set(set(json_object(), "v", json_integer(FORMAT_VERSION)), "type", json_string(type));
}

static char *end(json_t *object)
{
    char *line = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    return line;
}

/* ---- lines ---------------------------------------------------------------------------------- */

char *ask_settings_line(const struct settings *settings)
{
    const struct probe_settings *probe = &settings->probe;
    json_t *object = begin("settings");

    object = set(object, "port", json_integer(probe->port));
    object = set_text(object, "helo", probe->helo_name);
    object = set(object, "timeout", json_integer(probe->timeout));
    object = set(object, "max_parallel", json_integer(probe->max_parallel));
    object = set(object, "rate", json_real(probe->rate));
    object = set_text(object, "source_address", probe->source_address);
    object = set_text(object, "source_address6", probe->source_address6);
    object = set(object, "private_addresses", json_boolean(probe->private_addresses));
    object = set_text(object, "certificate", probe->certificate);
    object = set_text(object, "key", probe->key);
    if (settings->dns.servers.count > 0)
        object = set(object, "dns_servers", texts(&settings->dns.servers));
    return end(set_text(object, "trust_anchor", settings->dns.trust_anchor));
}

char *ask_probe_line(const struct ask_probe *probe)
{
    json_t *object = begin("probe");

    object = set(object, "id", json_integer(probe->id));
    object = set(object, "hop", json_string(probe->hop));
    object = set(object, "private", json_boolean(probe->private_addresses));
    if (probe->revocation)
        object = set(object, "revocation", json_true());
    return end(set(object, "stores", texts(probe->stores)));
}

char *ask_cancel_line(int64_t id)
{
    return end(set(begin("cancel"), "id", json_integer(id)));
}

char *ask_ping_line(int64_t id)
{
    return end(set(begin("ping"), "id", json_integer(id)));
}

/* ---- trust stores --------------------------------------------------------------------------- */

static bool is_listed(const struct string_list *stores, const char *store)
{
    for (size_t i = 0; i < stores->count; i++) {
        if (strcmp(stores->strings[i], store) == 0)
            return true;
    }
    return false;
}

bool ask_stores(const struct rules *rules, struct string_list *stores,
                const struct connector **left_out)
{
    *stores = (struct string_list){ .count = 0 };
    if (left_out != NULL)
        *left_out = NULL;
    for (uint32_t i = 0; i < connectors_count(rules->connectors); i++) {
        const struct connector *connector = connectors_get(rules->connectors, i);
        const char *store = rules_trust_store(rules, connector);

        if (!connector->directions[DIRECTION_OUTBOUND] || connector->level == LEVEL_MAY ||
            is_listed(stores, store))
            continue;
        if (stores->count == ASK_STORES_MOST) {
            if (left_out != NULL)
                *left_out = connector;
            continue;
        }
        if (!string_list_add(stores, store)) {
            string_list_release(stores);
            return false;
        }
    }
    return true;
}
