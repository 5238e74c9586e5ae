/* SPDX-License-Identifier: ISC */
#include "policy/cli/check/check_words.h"

#include "policy/date.h"

const char *words_plural(size_t count)
{
    return count == 1 ? "" : "s";
}

const char *words_mta(enum mta mta)
{
    return mta == MTA_SENDMAIL ? "Sendmail" : "Postfix";
}

const char *words_mta_option(enum mta mta)
{
    return mta == MTA_SENDMAIL ? "sendmail" : "postfix";
}

const char *words_direction(const struct connector *connector)
{
    if (connector->directions[DIRECTION_INBOUND] && connector->directions[DIRECTION_OUTBOUND])
        return "both";
    return direction_word(connector->directions[DIRECTION_INBOUND] ? DIRECTION_INBOUND
                                                                   : DIRECTION_OUTBOUND);
}

const char *words_action(enum action action)
{
    return action == ACTION_REJECT ? "reject" : "defer";
}

/* Monitor mode has no end. */
static bool always_monitors(const struct rules *rules, const struct connector *connector)
{
    return rules->settings.mode == MODE_MONITOR || connector->mode == MODE_MONITOR;
}

bool words_enforces(const struct rules *rules, const struct connector *connector, int64_t now)
{
    return connector->level != LEVEL_MAY && !always_monitors(rules, connector) &&
           now >= connector->enforce_from;
}

void words_mode(struct line *line, const struct rules *rules, const struct connector *connector,
                int64_t now)
{
    char day[DATE_TEXT_SIZE];

    if (always_monitors(rules, connector)) {
        line_add(line, "%s", mode_word(MODE_MONITOR));
    } else if (now >= connector->enforce_from) {
        line_add(line, "%s", mode_word(MODE_ENFORCE));
    } else {
        date_format(connector->enforce_from, day);
        line_add(line, "monitor, enforce from %s", day);
    }
}

/* What happens at that moment, with `between` before each but the first. */
static void add_changes(struct line *line, const struct rules *rules,
                        const struct connector *connector, int64_t moment)
{
    const char *between = "";

    if (connector->enforce_from == moment && connector->mode == MODE_ENFORCE) {
        line_add(line, "%s",
                 always_monitors(rules, connector) ? "enforce_from, without effect in monitor mode"
                                                   : "enforced");
        between = ", ";
    }
    for (size_t i = 0; i < connector->certificate_count; i++) {
        const struct certificate_entry *entry = &connector->certificates[i];

        if (entry->from != moment && entry->until != moment)
            continue;
        line_add(line, "%sentry %zu %s", between, i + 1, entry->from == moment ? "begins" : "ends");
        between = ", ";
    }
}

void words_next_change(struct line *line, const struct rules *rules,
                       const struct connector *connector, int64_t now)
{
    int64_t moment = connector_next_change(connector, now);
    char day[DATE_TEXT_SIZE];

    if (moment == DATE_NEVER) {
        line_add(line, "-");
        return;
    }
    date_format(moment, day);
    line_add(line, "%s: ", day);
    add_changes(line, rules, connector, moment);
}

const char *words_state(enum entry_state state)
{
    static const char *const words[] = {
        [ENTRY_ACTIVE] = "active", [ENTRY_NOT_YET] = "not yet", [ENTRY_PAST] = "past"
    };

    return words[state];
}

void words_entry_state(struct line *line, const struct certificate_entry *entry, int64_t now)
{
    enum entry_state state = certificate_entry_state(entry, now);
    char day[DATE_TEXT_SIZE];

    line_add(line, "%s", words_state(state));
    if (state == ENTRY_ACTIVE)
        return;
    date_format(state == ENTRY_PAST ? entry->until : entry->from, day);
    line_add(line, " (%s %s)", state == ENTRY_PAST ? "until" : "from", day);
}
