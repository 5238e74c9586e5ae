/* SPDX-License-Identifier: ISC */
#include "policy/cli/check/needs.h"

#include <stdbool.h>

static void note(const struct connector **first, bool needed, const struct connector *connector)
{
    if (needed && *first == NULL)
        *first = connector;
}

/* The levels that look at `certificates`. */
static bool compares_pins(const struct connector *connector)
{
    if (connector->level != LEVEL_SECURE && connector->level != LEVEL_FINGERPRINT)
        return false;
    for (size_t i = 0; i < connector->certificate_count; i++) {
        if (certificate_entry_has_pins(&connector->certificates[i]))
            return true;
    }
    return false;
}

static void note_inbound(struct needs *needs, const struct connector *connector)
{
    enum level level = connector->level;

    note(&needs->inbound, true, connector);
    note(&needs->certificate, level >= LEVEL_VERIFY, connector);
    note(&needs->chain, level == LEVEL_VERIFY || level == LEVEL_SECURE, connector);
    note(&needs->verify, level == LEVEL_VERIFY, connector);
    note(&needs->pins, compares_pins(connector), connector);
}

void needs_of(const struct rules *rules, struct needs *needs)
{
    size_t count = connectors_count(rules->connectors);

    *needs = (struct needs){ .inbound = NULL };
    for (size_t i = 0; i < count; i++) {
        const struct connector *connector = connectors_get(rules->connectors, (uint32_t)i);

        if (connector->level == LEVEL_MAY)
            continue;
        if (connector->directions[DIRECTION_INBOUND])
            note_inbound(needs, connector);
        note(&needs->outbound, connector->directions[DIRECTION_OUTBOUND], connector);
    }
}
