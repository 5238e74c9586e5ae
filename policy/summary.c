/* SPDX-License-Identifier: ISC */
#include "policy/summary.h"

#define FILE_MOST 256

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

void summary_add(struct line *line, const char *file, const struct rules *rules, int64_t now)
{
    size_t connectors = connectors_count(rules->connectors);
    size_t domains = 0, monitored = 0;

    for (uint32_t i = 0; i < connectors; i++) {
        const struct connector *connector = connectors_get(rules->connectors, i);

        domains += connector->domain_count;
        monitored += connector->mode == MODE_MONITOR || now < connector->enforce_from;
    }
    line_add_quoted(line, span_of(file), FILE_MOST);
    line_add(line, ": %zu connector%s", connectors, plural(connectors));
    if (monitored > 0)
        line_add(line, " (%zu in monitor mode)", monitored);
    line_add(line, ", %zu domain%s, mode %s", domains, plural(domains),
             mode_word(rules->settings.mode));
}

static bool monitors(const struct rules *rules)
{
    return rules->settings.mode == MODE_MONITOR;
}

static const struct note_row {
    bool (*applies)(const struct rules *rules);
    struct summary_note note;
} notes[] = {
    { monitors, { false, "mode is monitor: decisions are logged, and nothing is refused" } },
};

bool summary_note_next(const struct rules *rules, size_t *position, struct summary_note *note)
{
    while (*position < sizeof(notes) / sizeof(notes[0])) {
        const struct note_row *row = &notes[(*position)++];

        if (row->applies(rules)) {
            *note = row->note;
            return true;
        }
    }
    return false;
}
