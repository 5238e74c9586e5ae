/* SPDX-License-Identifier: ISC */
#include "milter/kept.h"

#include <stdlib.h>
#include <string.h>

/* Copies a text to `*place`, which goes on; one that is not known stays so. */
static struct span copy(struct span text, char **place)
{
    struct span copied = { *place, text.length };

    if (!span_known(text))
        return text;
    if (text.length > 0)
        memcpy(*place, text.data, text.length);
    *place += text.length;
    *(*place)++ = '\0';
    return copied;
}

/* The entry's name is part of the domain that it was found for. */
static void copy_match(struct match *match, char **place)
{
    struct span domain = match->domain;
    bool inside = match->entry != NULL && span_known(domain) && match->entry >= domain.data &&
                  match->entry <= domain.data + domain.length;
    ptrdiff_t offset = inside ? match->entry - domain.data : 0;

    match->domain = copy(domain, place);
    if (inside)
        match->entry = match->domain.data + offset;
}

static bool copy_texts(struct kept *kept, const struct facts *facts)
{
    struct match *match = &kept->decision.match;
    char *place = malloc(facts->recipient.length + facts->next_hop.length + match->domain.length +
                         3); /* a NUL behind each */

    kept->texts = place;
    if (place == NULL)
        return false;
    kept->recipient = copy(facts->recipient, &place);
    kept->next_hop = copy(facts->next_hop, &place);
    copy_match(match, &place);
    return true;
}

bool kept_set(struct kept *kept, const struct decision *decision, const struct facts *facts,
              const struct hop_grip *grip)
{
    struct hop_record *record = NULL;

    kept_release(kept);
    kept->decision = *decision;
    kept->certificate = facts->certificate;
    kept->recipients = 1;
    if (decision->direction == DIRECTION_INBOUND)
        return true;
    kept->decision.near_miss = NULL;
    kept->decision.near_miss_domain = span_of(NULL);
    if (!copy_texts(kept, facts)) {
        kept_release(kept);
        return false;
    }
    if (grip != NULL && decision->seen.host != NULL)
        record = hop_grip_find(grip, decision->seen.host);
    if (record != NULL)
        kept->record = hop_record_get(record);
    else
        hop_seen_init(&kept->decision.seen);
    return true;
}

void kept_facts(const struct kept *kept, const struct facts *message, struct facts *facts)
{
    *facts = *message;
    facts->certificate = kept->certificate;
    facts->recipient = kept->recipient;
    facts->next_hop = kept->next_hop;
}

void kept_release(struct kept *kept)
{
    hop_record_put(kept->record);
    free(kept->texts);
    memset(kept, 0, sizeof(*kept));
}
