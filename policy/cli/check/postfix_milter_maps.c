/* SPDX-License-Identifier: ISC */
/*
 * smtpd_milter_maps: what it says of a client's address comes before smtpd_milters.
 */
#include "config.h"

#include "policy/cli/check/postfix_check.h"

#include <stdlib.h>
#include <string.h>

#include "policy/cli/check/postfix_command.h"
#include "policy/cli/check/postfix_list.h"
#include "policy/cli/check/postfix_table.h"

#define MAPS "smtpd_milter_maps"

/* Entries of one map that go past forcetls. */
struct leaks {
    size_t count;
    char key[80], value[80]; /* of the first one */
    char *script;            /* for sed: comments them out; NULL: memory ran out */
};

/* Whether mail from there is let through by forcetls all the same. */
static bool is_exempt(const struct postfix_case *given, struct span key)
{
    const struct network_list *exempt = &given->rules->settings.inbound_exempt_networks;
    static const char *const loopback[] = { "127.0.0.0/8", "::1" };
    struct network wanted, network;

    if (!network_parse(&wanted, key, NULL))
        return false;
    for (size_t i = 0; i < exempt->count; i++) {
        if (network_contains(&exempt->networks[i], &wanted.ip) &&
            exempt->networks[i].prefix <= wanted.prefix)
            return true;
    }
    for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++) {
        if (network_parse(&network, span_of(loopback[i]), NULL) &&
            network_contains(&network, &wanted.ip) && network.prefix <= wanted.prefix)
            return true;
    }
    return false;
}

/* A list of milters with ours in it, or DISABLE. */
static bool value_leaks(const struct postfix_case *given, const struct place *place,
                        struct span value)
{
    char *list = strndup(value.data, value.length);
    struct span element;
    bool ours = false;

    for (const char *rest = list; rest != NULL && list_next(&rest, &element);)
        ours |= postfix_meeting(given, place, given->rules->settings.milter_socket,
                                list_name(element)) != MEETING_NONE;
    free(list);
    return !ours && value.length > 0;
}

static void add_to_script(struct leaks *leaks, const struct table_entry *entry)
{
    char *script = NULL;

    if (leaks->script != NULL && entry->first == entry->last)
        script = command_format("%s -e '%us/^/#/'", leaks->script, entry->first);
    else if (leaks->script != NULL)
        script = command_format("%s -e '%u,%us/^/#/'", leaks->script, entry->first, entry->last);
    free(leaks->script);
    leaks->script = script;
}

static void find_leaks(const struct postfix_case *given, const struct place *place,
                       struct table_text *table, struct leaks *leaks)
{
    struct table_entry entry;

    *leaks = (struct leaks){ .script = strdup("") };
    while (table_next(table, &entry)) {
        if (is_exempt(given, entry.key) || !value_leaks(given, place, entry.value))
            continue;
        if (leaks->count++ == 0) {
            (void)snprintf(leaks->key, sizeof(leaks->key), "%.*s", (int)entry.key.length,
                           entry.key.data);
            (void)snprintf(leaks->value, sizeof(leaks->value), "%.*s", (int)entry.value.length,
                           entry.value.data);
        }
        add_to_script(leaks, &entry);
    }
}

/* Comments the lines out; makes the table from its source again. */
static char *type_file(const struct postfix_case *given, const struct table_text *table,
                       const char *map, const struct leaks *leaks)
{
    char *path = command_quoted(table->path), *name = command_quoted(map), *text = NULL;
    char *postmap = command_start(given->settings, "postmap");

    if (path != NULL && name != NULL && postmap != NULL && leaks->script != NULL)
        text = table->kind == TABLE_INDEXED
                   ? command_format("sed -i%s %s && %s %s", leaks->script, path, postmap, name)
                   : command_format("sed -i%s %s", leaks->script, path);
    free(postmap);
    free(name);
    free(path);
    return text;
}

static char *type_leaks(const struct postfix_case *given, const struct place *place,
                        const struct table_text *table, struct span element, const char *map,
                        const struct leaks *leaks)
{
    if (table->path != NULL)
        return type_file(given, table, map, leaks);
    return command_set_free(given->settings, place->service, MAPS,
                            list_without(place->value, element));
}

static void say_leaks(const struct postfix_case *given, const char *word, const struct place *place,
                      const struct table_text *table, struct span element, const char *map,
                      const struct leaks *leaks)
{
    char others[40] = "";

    if (leaks->count > 1)
        (void)snprintf(others, sizeof(others), ", and %zu more", leaks->count - 1);
    postfix_say(given, SEVERITY_WARNING, word, place->service,
                type_leaks(given, place, table, element, map, leaks),
                MAPS " has '%s' for '%s' ('%s'%s): such clients are not judged", leaks->value,
                leaks->key[0] != '\0' ? leaks->key : "everybody", map, others);
}

static void say_closed(const struct postfix_case *given, const char *word,
                       const struct place *place, const char *map)
{
    char *postmap = command_start(given->settings, "postmap"), *name = command_quoted(map);
    char *type = NULL;

    if (postmap != NULL && name != NULL)
        type =
            command_format("# with the address of a partner:\n%s -q 192.0.2.25 %s", postmap, name);
    free(name);
    free(postmap);
    postfix_say(given, SEVERITY_NOTE, word, place->service, type,
                MAPS " asks '%s', which cannot be looked into here: it must not say DISABLE for a "
                     "partner",
                map);
}

static void look_into(const struct postfix_case *given, const char *word, const struct place *place,
                      struct span element)
{
    char *map = strndup(element.data, element.length);
    struct table_text table = { .text = NULL };
    struct leaks leaks;

    if (map == NULL) {
        given->findings->out_of_memory = true;
        return;
    }
    if (table_open(map, &table)) {
        find_leaks(given, place, &table, &leaks);
        if (leaks.count > 0)
            say_leaks(given, word, place, &table, element, map, &leaks);
        free(leaks.script);
    } else {
        say_closed(given, word, place, map);
    }
    table_release(&table);
    free(map);
}

void check_milter_maps(const struct postfix_case *given, const char *word)
{
    struct place_walk walk;
    struct place place;

    place_walk_start(&walk, given->settings, kind_remote, MAPS);
    while (place_walk_next(&walk, &place)) {
        const char *rest = place.value;
        struct span element;

        while (list_next(&rest, &element))
            look_into(given, word, &place, element);
    }
}
