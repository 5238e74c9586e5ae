/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/hops/hop_rules.h"

#include <syslog.h>
#include <time.h>

#include "milter/log.h"
#include "policy/decide_outbound.h"
#include "policy/judge_hop.h"

/* Hops that are pinned; further ones are looked at when mail goes there. */
#define PINNED_MOST 100000

/* ---- pinning ----------------------------------------------------------------------------------
 */

struct pinning {
    const struct connectors *connectors;
    struct hops *hops;
    int64_t now_ms;
    size_t count;
};

static void pin(struct pinning *pinning, struct span text, bool allows_private)
{
    struct next_hop hop;
    char key[NEXT_HOP_TEXT_SIZE];

    if (!next_hop_read(&hop, text))
        return;
    next_hop_format(&hop, key);
    if (++pinning->count <= PINNED_MOST &&
        !hops_pin(pinning->hops, key, allows_private, pinning->now_ms))
        log_printf(LOG_ERR, "no memory for the next hop %s: it is looked at when mail goes there",
                   key);
}

static bool demands_anything(const struct connector *connector)
{
    return connector->directions[DIRECTION_OUTBOUND] && connector->level != LEVEL_MAY;
}

/* A domain of a connector whose mail goes to the domain's own MX. */
static void pin_domain(void *data, enum pattern_kind kind, const char *name, uint32_t value)
{
    struct pinning *pinning = data;
    const struct connector *connector = connectors_get(pinning->connectors, value);

    if ((kind == PATTERN_EXACT || kind == PATTERN_TREE) && demands_anything(connector) &&
        connector->next_hops.count == 0)
        pin(pinning, span_of(name), false);
}

/* Before the domains: a hop that is both may have a private address. */
static bool pin_next_hops(struct pinning *pinning)
{
    bool any = false;

    for (uint32_t i = 0; i < connectors_count(pinning->connectors); i++) {
        const struct connector *connector = connectors_get(pinning->connectors, i);

        if (!demands_anything(connector))
            continue;
        any = true;
        for (size_t n = 0; n < connector->next_hops.count; n++)
            pin(pinning, span_of(connector->next_hops.strings[n]), true);
    }
    return any;
}

bool hop_rules_pin(const struct rules *rules, struct hops *hops, int64_t now_ms)
{
    struct pinning pinning = { rules->connectors, hops, now_ms, 0 };
    bool any;

    hops_pin_begin(hops);
    any = pin_next_hops(&pinning);
    domain_table_each(connectors_table(rules->connectors, DIRECTION_OUTBOUND), pin_domain,
                      &pinning);
    hops_pin_end(hops);
    if (pinning.count > PINNED_MOST)
        log_printf(LOG_WARNING,
                   "%zu next hops are named: %d of them are looked at ahead of time, the others "
                   "when mail goes there",
                   pinning.count, PINNED_MOST);
    return any;
}

/* ---- judging ----------------------------------------------------------------------------------
 */

struct trial {
    const struct rules *rules;
    struct hop_knowledge knowledge;
    const struct connector *unmet; /* the first that does not get what it demands; NULL: none */
    enum reason reason;            /* why */
};

static void try_connector(void *data, const struct connector *connector)
{
    struct trial *trial = data;
    struct hop_jury jury;
    struct finding finding;

    if (connector->level == LEVEL_MAY || trial->unmet != NULL)
        return;
    judge_start(&jury, trial->rules, connector, (int64_t)time(NULL));
    judge_add(&jury, &trial->knowledge);
    judge_conclude(&jury, &finding);
    if (finding.outcome == OUTCOME_PASS)
        return;
    trial->unmet = connector;
    trial->reason = finding.reason;
}

static void try_all(struct trial *trial, const struct next_hop *hop)
{
    const struct connectors *connectors = trial->rules->connectors;
    const struct finder finder = { connectors, DIRECTION_OUTBOUND, NULL };
    struct match match = { .by = MATCHED_BY_RECIPIENT };
    struct find_walk walk;

    connectors_by_next_hop(connectors, hop, try_connector, trial);
    if (hop->kind != NEXT_HOP_DOMAIN)
        return;
    find_walk_start(&walk, &finder, &hop->name);
    while (find_walk_next(&walk, &match))
        try_connector(trial, match.connector);
}

bool hop_rules_meet(const struct rules *rules, const char *hop, const struct hop_facts *facts)
{
    struct trial trial = { .rules = rules, .knowledge = { .facts = facts, .fresh = true } };
    struct next_hop parsed;

    if (!next_hop_read(&parsed, span_of(hop)))
        return false;
    try_all(&trial, &parsed);
    if (trial.unmet == NULL)
        log_printf(LOG_DEBUG, "next hop %s: all demands are met", hop);
    else
        log_printf(LOG_DEBUG, "next hop %s: connector=%s reason=%s", hop, trial.unmet->name,
                   reason_word(trial.reason));
    return trial.unmet == NULL;
}
