/* SPDX-License-Identifier: ISC */
/*
 * Connectors that demand less than Postfix does by itself: what our map answers takes the place of
 * that.
 */
#include "config.h"

#include "policy/cli/check/postfix_check.h"

#include <stdlib.h>
#include <string.h>

#include "policy/cli/check/postfix_command.h"
#include "policy/cli/check/postfix_list.h"
#include "policy/cli/check/postfix_table.h"
#include "policy/cli/check/postfix_tls_map.h"
#include "policy/cli/process.h"

/* Names that are looked up in a map, at most. */
#define NAMES_MOST 5000
#define POSTMAP_SECONDS 20

/* Postfix's levels above encrypt, the weakest of ours that is not weaker, and what to write. */
static const struct strength {
    const char *word;
    enum level least;
    const char *advice;
} strengths[] = {
    { "verify", LEVEL_VERIFY, "verify" },
    { "dane", LEVEL_SECURE, "secure" },
    { "dane-only", LEVEL_SECURE, "secure" },
    { "secure", LEVEL_SECURE, "secure" },
    { "fingerprint", LEVEL_FINGERPRINT, "fingerprint" },
};

#define STRENGTHS (sizeof(strengths) / sizeof(strengths[0]))

/* A name that our map would be asked for, and the connector that answers. */
struct asked {
    char *name;
    char *connector;
    enum level level;
    bool said; /* of a map: something about this connector */
};

struct asked_list {
    struct asked *items;
    size_t count, room;
    bool out_of_memory;
};

static const struct strength *strength_of(struct span word)
{
    for (size_t i = 0; i < STRENGTHS; i++) {
        if (span_equal_nocase(word, span_of(strengths[i].word)))
            return &strengths[i];
    }
    return NULL;
}

/* The first connector that is weaker, and how many there are. */
static const struct connector *weaker_than(const struct postfix_case *given,
                                           const struct strength *strength, size_t *count)
{
    const struct connectors *connectors = given->rules->connectors;
    const struct connector *first = NULL;

    *count = 0;
    for (size_t i = 0; i < connectors_count(connectors); i++) {
        const struct connector *connector = connectors_get(connectors, (uint32_t)i);

        if (!connector->directions[DIRECTION_OUTBOUND] || connector->level == LEVEL_MAY ||
            connector->level >= strength->least)
            continue;
        first = first != NULL ? first : connector;
        (*count)++;
    }
    return first;
}

static char *type_level(const char *connector, const char *level)
{
    return command_format("# forcetls.conf, connector %s: level = \"%s\"", connector, level);
}

void check_stronger_level(const struct postfix_case *given, const char *word)
{
    static const char parameter[] = "smtp_tls_security_level";
    struct place_walk walk;
    struct place place;

    place_walk_start(&walk, given->settings, kind_smtp, parameter);
    while (place_walk_next(&walk, &place)) {
        const struct strength *strength = strength_of(span_of(place.value));
        const struct connector *connector;
        char others[40] = "";
        size_t count;

        connector = strength != NULL ? weaker_than(given, strength, &count) : NULL;
        if (connector == NULL)
            continue;
        if (count > 1)
            (void)snprintf(others, sizeof(others), " and %zu more", count - 1);
        postfix_say(given, SEVERITY_WARNING, word, place.service,
                    type_level(connector->name, strength->advice),
                    "%s is '%s', and connector '%s'%s demands less (level %s): what our TLS policy "
                    "map answers takes its place",
                    parameter, place.value, connector->name, others, level_word(connector->level));
    }
}

static void asked_add(struct asked_list *list, const char *name, const struct connector *connector)
{
    struct asked *item;

    if (list->count == NAMES_MOST)
        return;
    if (list->count == list->room) {
        size_t room = list->room > 0 ? 2 * list->room : 16;
        struct asked *items = realloc(list->items, room * sizeof(*items));

        list->out_of_memory |= items == NULL;
        if (items == NULL)
            return;
        list->items = items;
        list->room = room;
    }
    item = &list->items[list->count];
    *item = (struct asked){ strdup(name), strdup(connector->name), connector->level, false };
    list->count++;
    list->out_of_memory |= item->name == NULL || item->connector == NULL;
}

/* Names below a pattern and "*" cannot be asked for. */
static void visit_domain(void *data, const struct domain_place *place)
{
    const struct connector *connector = place->connector;
    enum pattern_kind kind = place->pattern->kind;

    if (connector->directions[DIRECTION_OUTBOUND] && connector->level != LEVEL_MAY &&
        (kind == PATTERN_EXACT || kind == PATTERN_TREE))
        asked_add(data, place->pattern->domain.name, connector);
}

static void list_hops(const struct postfix_case *given, struct asked_list *list)
{
    const struct connectors *connectors = given->rules->connectors;

    for (size_t i = 0; i < connectors_count(connectors); i++) {
        const struct connector *connector = connectors_get(connectors, (uint32_t)i);

        for (size_t k = 0; k < connector->next_hops.count && connector->level != LEVEL_MAY; k++)
            asked_add(list, connector->next_hops.strings[k], connector);
    }
}

static void asked_release(struct asked_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].name);
        free(list->items[i].connector);
    }
    free(list->items);
}

/* One name a line. */
static char *asked_text(const struct asked_list *list)
{
    char *text = NULL, *end;
    size_t size = 1;

    for (size_t i = 0; i < list->count; i++)
        size += strlen(list->items[i].name) + 1;
    text = end = malloc(size);
    if (text == NULL)
        return NULL;
    *end = '\0';
    for (size_t i = 0; i < list->count; i++)
        end = stpcpy(stpcpy(end, list->items[i].name), "\n");
    return text;
}

/* postmap -c DIRECTORY -q - MAP */
static bool ask_map(const struct postfix_case *given, char *map, const struct asked_list *list,
                    struct process_output *output)
{
    char *argv[8] = { (char *)"postmap" }, *names = asked_text(list);
    size_t count = 1;
    bool good;

    if (names == NULL)
        return false;
    if (given->settings->directory != NULL) {
        argv[count++] = (char *)"-c";
        argv[count++] = given->settings->directory;
    }
    argv[count++] = (char *)"-q";
    argv[count++] = (char *)"-";
    argv[count++] = map;
    good = process_read(argv, names, POSTMAP_SECONDS, output, NULL);
    free(names);
    return good;
}

/* One finding a connector is enough. */
static void asked_said(const struct asked_list *list, const char *connector, bool said)
{
    for (size_t i = 0; i < list->count; i++) {
        if (connector == NULL || strcmp(list->items[i].connector, connector) == 0)
            list->items[i].said = said;
    }
}

static const struct asked *asked_find(const struct asked_list *list, struct span name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (span_equal(span_of(list->items[i].name), name))
            return &list->items[i];
    }
    return NULL;
}

/* "NAME<tab>LEVEL attribute=value ..." */
static const struct asked *stronger_line(const struct asked_list *list, struct span line,
                                         const struct strength **strength)
{
    const char *tab = memchr(line.data, '\t', line.length);
    const struct asked *asked;
    struct span level;

    if (tab == NULL)
        return NULL;
    level = (struct span){ tab + 1, strcspn(tab + 1, " ,\t\r\n") };
    *strength = strength_of(level);
    asked = asked_find(list, (struct span){ line.data, (size_t)(tab - line.data) });
    if (*strength == NULL || asked == NULL || asked->said)
        return NULL;
    return asked->level < (*strength)->least ? asked : NULL;
}

static void say_stronger(const struct postfix_case *given, const char *word,
                         const struct map_place *place, const char *map, const char *answers,
                         const struct asked_list *list)
{
    asked_said(list, NULL, false);
    while (*answers != '\0') {
        struct span line = { answers, strcspn(answers, "\n") };
        const struct strength *strength;
        const struct asked *asked = stronger_line(list, line, &strength);

        answers += line.length + (line.data[line.length] == '\n');
        if (asked == NULL)
            continue;
        asked_said(list, asked->connector, true);
        postfix_say(given, SEVERITY_WARNING, word, place->place.service,
                    type_level(asked->connector, strength->advice),
                    "'%s' of %s has level %s for '%s', and connector '%s' demands less (level "
                    "%s)",
                    map, place->parameter, strength->word, asked->name, asked->connector,
                    level_word(asked->level));
    }
}

static void look_into(const struct postfix_case *given, const char *word,
                      const struct map_place *place, struct span element,
                      const struct asked_list *list)
{
    char *map = strndup(element.data, element.length);
    struct process_output output;

    if (map != NULL && table_is_text(map) && ask_map(given, map, list, &output)) {
        say_stronger(given, word, place, map, output.text, list);
        free(output.text);
    }
    free(map);
}

static bool any_text_map(const struct postfix_case *given)
{
    struct map_walk walk;
    struct map_place place;

    map_walk_start(given, &walk);
    while (map_walk_next(given, &walk, &place)) {
        const char *rest = place.place.value;
        struct span element;

        while (list_next(&rest, &element)) {
            if (table_is_text(element.data))
                return true;
        }
    }
    return false;
}

void check_stronger_map(const struct postfix_case *given, const char *word)
{
    struct asked_list list = { .items = NULL };
    struct map_walk walk;
    struct map_place place;

    if (!any_text_map(given))
        return;
    if (given->file != NULL)
        conf_visit_domains(given->file, given->now, visit_domain, &list);
    list_hops(given, &list);
    map_walk_start(given, &walk);
    while (!list.out_of_memory && map_walk_next(given, &walk, &place)) {
        const char *rest = place.place.value;
        struct span element;

        while (list_next(&rest, &element))
            look_into(given, word, &place, element, &list);
    }
    given->findings->out_of_memory |= list.out_of_memory;
    asked_release(&list);
}
