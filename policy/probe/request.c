/* SPDX-License-Identifier: ISC */
/*
 * Members are rows of tables; one that no table knows is passed over, one of another type or out
 * of its bounds makes the line an error.
 */
#include "config.h"

#include "policy/probe/request.h"

#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "policy/probe/memory.h"

#define FORMAT_VERSION 1
#define LIST_MOST 64
#define PATH_MOST 4096

/* A member's value into its place. `why` gets what is wrong with it, to stand behind its name. */
typedef bool reader(json_t *value, void *place, struct why *why);

struct member {
    const char *name;
    size_t place; /* offset in the struct that is read */
    reader *read;
};

/* ---- values --------------------------------------------------------------------------------- */

static bool read_bool(json_t *value, void *place, struct why *why)
{
    if (!json_is_boolean(value))
        return why_fail(why, "must be true or false");
    *(bool *)place = json_is_true(value);
    return true;
}

static bool read_whole(json_t *value, unsigned *place, unsigned most, struct why *why)
{
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < 1 || number > most)
        return why_fail(why, "must be a whole number from 1 to %u", most);
    *place = (unsigned)number;
    return true;
}

static bool read_port(json_t *value, void *place, struct why *why)
{
    return read_whole(value, place, 65535, why);
}

static bool read_parallel(json_t *value, void *place, struct why *why)
{
    return read_whole(value, place, 4096, why);
}

static bool read_real(json_t *value, double *place, double least, double most, struct why *why)
{
    double number = json_number_value(value);

    if (!json_is_number(value) || !(number >= least && number <= most))
        return why_fail(why, "must be a number from %g to %g", least, most);
    *place = number;
    return true;
}

static bool read_timeout(json_t *value, void *place, struct why *why)
{
    return read_real(value, place, 0.1, 3600, why);
}

static bool read_rate(json_t *value, void *place, struct why *why)
{
    return read_real(value, place, 0.001, 100000, why);
}

static struct span text_of(const json_t *value)
{
    return (struct span){ json_string_value(value), json_string_length(value) };
}

/* "" is "not set". */
static bool read_address(json_t *value, struct ip *place, int family, struct why *why)
{
    memset(place, 0, sizeof(*place));
    if (!json_is_string(value) || (json_string_length(value) > 0 &&
                                   (!ip_parse(place, text_of(value)) || place->family != family)))
        return why_fail(why, "must be an IPv%d address", family);
    return true;
}

static bool read_address4(json_t *value, void *place, struct why *why)
{
    return read_address(value, place, 4, why);
}

static bool read_address6(json_t *value, void *place, struct why *why)
{
    return read_address(value, place, 6, why);
}

static bool read_helo(json_t *value, void *place, struct why *why)
{
    struct span text = text_of(value);

    if (!json_is_string(value) || text.length > HELO_MOST)
        return why_fail(why, "must be a name of at most %d bytes", HELO_MOST);
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] <= ' ' || text.data[i] > '~')
            return why_fail(why, "must be printable ASCII without spaces");
    }
    memcpy(place, text.data, text.length + 1);
    return true;
}

static bool read_path(json_t *value, void *place, struct why *why)
{
    char **path = place;

    if (!json_is_string(value) || json_string_length(value) >= PATH_MOST)
        return why_fail(why, "must be a path");
    free(*path);
    *path = memory_copy(json_string_value(value), json_string_length(value));
    return true;
}

/* A certificate's or a key's file: "" is "not set". */
static bool read_file(json_t *value, void *place, struct why *why)
{
    char **path = place;

    if (!read_path(value, place, why))
        return false;
    if (**path == '\0') {
        free(*path);
        *path = NULL;
    }
    return true;
}

static bool read_list(json_t *value, void *place, size_t most, reader *read, struct why *why)
{
    if (!json_is_array(value) || json_array_size(value) > most)
        return why_fail(why, "must be a list of at most %zu", most);
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!json_is_string(json_array_get(value, i)))
            return why_fail(why, "must be a list of strings");
        if (!read(json_array_get(value, i), place, why))
            return false;
    }
    return true;
}

static void list_add(struct string_list *list, const char *text)
{
    if (!string_list_add(list, text))
        (void)memory_need(NULL);
}

static bool read_own_address(json_t *value, void *place, struct why *why)
{
    struct network network;

    if (!network_parse(&network, text_of(value), why))
        return false;
    if (!network_list_add(place, &network))
        (void)memory_need(NULL);
    return true;
}

static bool read_own_addresses(json_t *value, void *place, struct why *why)
{
    return read_list(value, place, LIST_MOST, read_own_address, why);
}

static bool read_own_name(json_t *value, void *place, struct why *why)
{
    struct domain name;

    domain_set(&name, text_of(value));
    if (!domain_is_hostname(&name))
        return why_fail(why, "must be a list of host names");
    list_add(place, name.name);
    return true;
}

static bool read_own_names(json_t *value, void *place, struct why *why)
{
    return read_list(value, place, LIST_MOST, read_own_name, why);
}

/* ADDRESS or ADDRESS@PORT, as libunbound has it. */
static bool is_server(struct span text)
{
    const char *at = text.length > 0 ? memchr(text.data, '@', text.length) : NULL;
    size_t length = at != NULL ? (size_t)(at - text.data) : text.length;
    unsigned long port = at != NULL ? strtoul(at + 1, NULL, 10) : 1;
    struct ip ip;

    return ip_parse(&ip, (struct span){ text.data, length }) &&
           (at == NULL || strspn(at + 1, "0123456789") == text.length - length - 1) && port >= 1 &&
           port <= 65535;
}

static bool read_server(json_t *value, void *place, struct why *why)
{
    if (!is_server(text_of(value)))
        return why_fail(why, "must be a list of addresses, with @PORT or without");
    list_add(place, json_string_value(value));
    return true;
}

static bool read_servers(json_t *value, void *place, struct why *why)
{
    return read_list(value, place, LIST_MOST, read_server, why);
}

static bool read_store(json_t *value, void *place, struct why *why)
{
    if (json_string_length(value) > REQUEST_STORE_MOST)
        return why_fail(why, "has a path of more than %zu bytes", REQUEST_STORE_MOST);
    list_add(place, json_string_value(value));
    return true;
}

static bool read_stores(json_t *value, void *place, struct why *why)
{
    return read_list(value, place, REQUEST_STORES_MOST, read_store, why);
}

/* What an MTA may report, too: names with "_", which our file must not have. */
static bool read_hop(json_t *value, void *place, struct why *why)
{
    struct probe_request *probe = place;

    if (!json_is_string(value))
        return why_fail(why, "must be a string");
    free(probe->text);
    probe->text = memory_copy(json_string_value(value), json_string_length(value));
    return next_hop_read(&probe->hop, text_of(value)) ||
           next_hop_parse(&probe->hop, text_of(value), why);
}

/* ---- tables --------------------------------------------------------------------------------- */

#define IN_SETTINGS(name) offsetof(struct prober_settings, name)
static const struct member settings_members[] = {
    { "port", IN_SETTINGS(port), read_port },
    { "helo", IN_SETTINGS(helo), read_helo },
    { "timeout", IN_SETTINGS(timeout), read_timeout },
    { "max_parallel", IN_SETTINGS(max_parallel), read_parallel },
    { "rate", IN_SETTINGS(rate), read_rate },
    { "source_address", IN_SETTINGS(source_address), read_address4 },
    { "source_address6", IN_SETTINGS(source_address6), read_address6 },
    { "private_addresses", IN_SETTINGS(private_addresses), read_bool },
    { "own_addresses", IN_SETTINGS(own_addresses), read_own_addresses },
    { "own_names", IN_SETTINGS(own_names), read_own_names },
    { "certificate", IN_SETTINGS(certificate), read_file },
    { "key", IN_SETTINGS(key), read_file },
    { "dns_servers", IN_SETTINGS(dns_servers), read_servers },
    { "trust_anchor", IN_SETTINGS(trust_anchor), read_path },
    { NULL, 0, NULL },
};

static const struct member probe_members[] = {
    { "hop", 0, read_hop },
    { "private", offsetof(struct probe_request, allows_private), read_bool },
    { "revocation", offsetof(struct probe_request, revocation), read_bool },
    { "stores", offsetof(struct probe_request, stores), read_stores },
    { NULL, 0, NULL },
};

static bool read_members(const json_t *line, const struct member *members, void *target,
                         struct why *why)
{
    struct why what;

    for (; members->name != NULL; members++) {
        json_t *value = json_object_get(line, members->name);

        if (value != NULL && !members->read(value, (char *)target + members->place, &what))
            return why_fail(why, "\"%s\": %s", members->name, what.text);
    }
    return true;
}

/* ---- lines ---------------------------------------------------------------------------------- */

static bool read_settings(struct request *request, const json_t *line, struct why *why)
{
    struct prober_settings *settings = &request->settings;

    if (!read_members(line, settings_members, settings, why))
        return false;
    if ((settings->certificate == NULL) != (settings->key == NULL))
        return why_fail(why, "\"certificate\" and \"key\" go together");
    return true;
}

static bool read_probe(struct request *request, const json_t *line, struct why *why)
{
    if (!request->has_id)
        return why_fail(why, "a probe needs an \"id\", a whole number");
    if (json_object_get(line, "hop") == NULL)
        return why_fail(why, "a probe needs a \"hop\"");
    return read_members(line, probe_members, &request->probe, why);
}

static bool read_cancel(struct request *request, const json_t *line, struct why *why)
{
    (void)line;
    return request->has_id || why_fail(why, "cancel needs an \"id\", a whole number");
}

static bool read_ping(struct request *request, const json_t *line, struct why *why)
{
    (void)line;
    return request->has_id || why_fail(why, "ping needs an \"id\", a whole number");
}

static const struct {
    const char *word;
    enum request_type type;
    bool (*read)(struct request *request, const json_t *line, struct why *why);
} types[] = {
    { "settings", REQUEST_SETTINGS, read_settings },
    { "probe", REQUEST_PROBE, read_probe },
    { "cancel", REQUEST_CANCEL, read_cancel },
    { "ping", REQUEST_PING, read_ping },
};

static bool read_object(struct request *request, const json_t *line, struct why *why)
{
    const json_t *version = json_object_get(line, "v"), *id = json_object_get(line, "id");
    const char *word = json_string_value(json_object_get(line, "type"));

    request->has_id = json_is_integer(id);
    request->id = json_integer_value(id);
    if (!json_is_integer(version) || json_integer_value(version) != FORMAT_VERSION)
        return why_fail(why, "\"v\" must be %d", FORMAT_VERSION);
    for (size_t i = 0; word != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(word, types[i].word) == 0) {
            request->type = types[i].type;
            return types[i].read(request, line, why);
        }
    }
    return why_fail(why, "\"type\" must be settings, probe, cancel or ping");
}

bool request_read(struct request *request, struct span line, struct why *why)
{
    json_error_t error;
    json_t *object;
    bool read;

    *request = (struct request){ .has_id = false };
    prober_settings_init(&request->settings);
    if (line.length > REQUEST_LINE_MOST)
        return why_fail(why, "a line is longer than %zu bytes", REQUEST_LINE_MOST);
    object =
        json_loadb(line.data != NULL ? line.data : "", line.length, JSON_REJECT_DUPLICATES, &error);
    if (object == NULL)
        return why_fail(why, "no JSON object at byte %d", error.position);
    read = json_is_object(object) ? read_object(request, object, why)
                                  : why_fail(why, "no JSON object");
    json_decref(object);
    return read;
}

void probe_request_release(struct probe_request *probe)
{
    free(probe->text);
    string_list_release(&probe->stores);
    *probe = (struct probe_request){ .text = NULL };
}

void request_release(struct request *request)
{
    prober_settings_release(&request->settings);
    probe_request_release(&request->probe);
}
