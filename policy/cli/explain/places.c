/* SPDX-License-Identifier: ISC */
#include "policy/cli/explain/places.h"

#include <stdlib.h>
#include <string.h>

#include "policy/conf/conf.h"

static bool same_entry(const struct match *a, const struct match *b)
{
    return a->connector == b->connector && a->kind == b->kind && strcmp(a->entry, b->entry) == 0;
}

static struct place *find(const struct places *places, const struct match *match)
{
    for (size_t i = 0; i < places->count && match->entry != NULL; i++) {
        if (same_entry(places->items[i].match, match))
            return (struct place *)&places->items[i];
    }
    return NULL;
}

void places_want(struct places *places, const struct match *match)
{
    if (match->connector == NULL || match->entry == NULL || find(places, match) != NULL ||
        places->count == PLACES_MOST)
        return;
    places->items[places->count++] = (struct place){ .match = match };
}

/* The file was read again, so that its connectors are others: their names tell. */
static void visit(void *data, const struct domain_place *found)
{
    struct places *places = data;

    for (size_t i = 0; i < places->count; i++) {
        struct place *place = &places->items[i];

        if (place->key != NULL || place->match->kind != found->pattern->kind ||
            strcmp(place->match->entry, found->pattern->domain.name) != 0 ||
            strcmp(place->match->connector->name, found->connector->name) != 0)
            continue;
        place->file = strdup(found->file);
        if (place->file == NULL)
            continue;
        place->key = strcmp(found->key, "domains") == 0 ? "domains" : "domains_file";
        place->line = found->line;
    }
}

void places_find(struct places *places, const char *config, int64_t now)
{
    if (places->count > 0)
        conf_visit_domains(config, now, visit, places);
}

const struct place *places_get(const struct places *places, const struct match *match)
{
    const struct place *place = find(places, match);

    return place != NULL && place->key != NULL ? place : NULL;
}

void places_release(struct places *places)
{
    for (size_t i = 0; i < places->count; i++)
        free(places->items[i].file);
    places->count = 0;
}
