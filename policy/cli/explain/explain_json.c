/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/explain/explain_json.h"

#include "policy/cli/check/check_words.h"
#include "policy/cli/explain/explain_words.h"
#include "policy/describe.h"

#define TEXT_SIZE 1200

/* Of what was written; nothing: null. */
static json_t *line_json(const char *text)
{
    return text[0] != '\0' ? json_text(text) : json_null();
}

static json_t *reason_json(enum reason reason)
{
    return reason != REASON_NONE ? json_string(reason_word(reason)) : json_null();
}

/* Where an entry stands: "key", "file" and "line" of an object. */
static json_t *set_place(json_t *object, const struct explanation *explanation,
                         const struct match *match)
{
    const struct place *place = places_get(&explanation->places, match);

    object = json_set(object, "key", json_text(place != NULL ? place->key : NULL));
    object = json_set(object, "file", json_text(place != NULL ? place->file : NULL));
    return json_set(object, "line", place != NULL ? json_integer(place->line) : json_null());
}

/* ---- the connector -------------------------------------------------------------------------- */

static json_t *connector_json(const struct explanation *explanation)
{
    const struct decision *decision = &explanation->inbound.decision;
    const struct connector *connector = decision->match.connector;

    if (connector == NULL)
        return json_null();
    return json_pack(
        "{s:o, s:o, s:o, s:i, s:s, s:s, s:s, s:o, s:o, s:b}", "name", json_text(connector->name),
        "comment", json_text(connector->comment), "file", json_text(connector->file), "line",
        (int)connector->line, "level", level_word(connector->level), "mode",
        mode_word(decision->monitored ? MODE_MONITOR : MODE_ENFORCE), "action",
        words_action(connector->action), "enforce_from", json_date(connector->enforce_from),
        "next_change", json_date(connector_next_change(connector, explanation->facts->now)),
        "identity_shared", (int)connector->identity_shared);
}

static json_t *entry_json(const struct match *match)
{
    char text[DOMAIN_MAX + 3];
    struct line line;

    if (match->entry == NULL)
        return json_null();
    line_init(&line, text, sizeof(text));
    words_entry(&line, match);
    return json_string(text);
}

static json_t *network_json(const struct network *network)
{
    char text[NETWORK_TEXT_SIZE];

    if (network == NULL)
        return json_null();
    network_format(network, text);
    return json_string(text);
}

static json_t *matched_json(const struct explanation *explanation)
{
    const struct match *match = &explanation->inbound.decision.match;
    const struct network *network = NULL;
    char text[TEXT_SIZE];
    struct line line;

    if (match->connector == NULL)
        return json_null();
    line_init(&line, text, sizeof(text));
    words_match(&line, explanation->facts, match);
    if (match->by == MATCHED_BY_NETWORK)
        network = network_of_client(explanation->facts, match->connector);
    return set_place(json_pack("{s:s, s:o, s:o, s:o, s:s}", "by", words_by(match->by), "domain",
                               json_foreign(match->domain), "entry", entry_json(match), "network",
                               network_json(network), "text", text),
                     explanation, match);
}

static json_t *candidate_json(const struct explanation *explanation,
                              const struct candidate *candidate)
{
    bool judged = candidate->fate == FATE_COUNTS || candidate->fate == FATE_LESS_STRICT;
    const struct match *match = &candidate->match;

    return set_place(
        json_pack("{s:o, s:o, s:s, s:o, s:o, s:s, s:o, s:o, s:o}", "entry", entry_json(match),
                  "connector", json_text(match->connector->name), "by", words_by(match->by),
                  "domain", json_foreign(match->domain), "recipient", json_foreign(candidate->ours),
                  "fate", fate_word(candidate->fate), "outcome",
                  judged ? json_string(outcome_word(candidate->outcome)) : json_null(), "reason",
                  judged ? reason_json(candidate->reason) : json_null(), "would",
                  judged ? json_string(verdict_word(candidate->would)) : json_null()),
        explanation, match);
}

static json_t *candidates_json(const struct explanation *explanation)
{
    const struct trace *trace = &explanation->inbound.trace;
    json_t *array = json_array();

    for (size_t i = 0; i < trace->count; i++)
        array = json_append(array, candidate_json(explanation, &trace->candidates[i]));
    return array;
}

static json_t *exempt_json(const struct explanation *explanation)
{
    const struct decision *decision = &explanation->inbound.decision;
    const struct network *network = NULL;
    const char *list = NULL;

    if (decision->outcome != OUTCOME_EXEMPT)
        return json_null();
    if (decision->reason == REASON_NETWORK)
        network = exempting_network(explanation->rules, explanation->facts,
                                    decision->match.connector, &list);
    return json_pack("{s:o, s:o, s:o}", "reason", reason_json(decision->reason), "list",
                     json_text(list), "network", network_json(network));
}

/* ---- the demands ---------------------------------------------------------------------------- */

static json_t *field_json(enum certificate_field field)
{
    return field != FIELD_NONE ? json_string(certificate_field_word(field)) : json_null();
}

static json_t *demand_json(const struct explanation *explanation, const struct check_result *result)
{
    const struct connector *connector = explanation->inbound.decision.match.connector;
    char wanted[DESCRIBE_SIZE + 1], got[DESCRIBE_SIZE + 1];
    struct line line;

    line_init(&line, wanted, sizeof(wanted));
    describe_wanted(&line, connector, result);
    line_init(&line, got, sizeof(got));
    describe_got(&line, connector, explanation->facts, result);
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "demand", check_word(result->check),
                     "wanted", wanted, "got", got, "outcome", words_check_outcome(result->outcome),
                     "reason", reason_json(result->reason), "entry",
                     result->entry >= 0 ? json_integer(result->entry + 1) : json_null(), "field",
                     field_json(result->field));
}

static json_t *demands_json(const struct explanation *explanation)
{
    const struct trail *trail = &explanation->inbound.decision.trail;
    json_t *array = json_array();

    for (size_t i = 0; i < trail->count; i++)
        array = json_append(array, demand_json(explanation, &trail->results[i]));
    return array;
}

static json_t *certificate_json(const struct explanation *explanation, size_t index)
{
    static const char *const states[] = {
        [ENTRY_ACTIVE] = "active", [ENTRY_NOT_YET] = "not-yet", [ENTRY_PAST] = "past"
    };
    const struct decision *decision = &explanation->inbound.decision;
    const struct certificate_entry *entry = &decision->match.connector->certificates[index];
    const struct check_result *all = certificate_result(decision);
    char wanted[DESCRIBE_SIZE + 1];
    struct check_result result;
    struct line line;
    bool known = entry_result(explanation, index, &result);

    line_init(&line, wanted, sizeof(wanted));
    describe_entry(&line, entry);
    return json_pack("{s:i, s:i, s:s, s:s, s:o, s:o, s:b}", "entry", (int)index + 1, "line",
                     (int)entry->line, "wanted", wanted, "state",
                     states[certificate_entry_state(entry, explanation->facts->now)], "outcome",
                     known ? json_string(words_check_outcome(result.outcome)) : json_null(),
                     "field", known ? field_json(result.field) : json_null(), "closest",
                     (int)(known && (size_t)all->entry == index));
}

static json_t *certificates_json(const struct explanation *explanation)
{
    const struct connector *connector = explanation->inbound.decision.match.connector;
    json_t *array = json_array();

    for (size_t i = 0;
         connector != NULL && connector->level >= LEVEL_SECURE && i < connector->certificate_count;
         i++)
        array = json_append(array, certificate_json(explanation, i));
    return array;
}

/* ---- what becomes of it --------------------------------------------------------------------- */

static json_t *reply_json(const struct explanation *explanation)
{
    const struct judgement *inbound = &explanation->inbound;
    char text[TEXT_SIZE];
    struct line line;

    if (!inbound->refused)
        return json_null();
    line_init(&line, text, sizeof(text));
    words_reply(&line, explanation->facts, inbound);
    return json_pack("{s:s, s:s, s:s, s:s}", "code", inbound->refusal.code, "status",
                     inbound->refusal.status, "text", inbound->refusal.text, "line", text);
}

static json_t *near_miss_json(const struct judgement *inbound)
{
    if (inbound->near_miss == NULL)
        return json_null();
    return json_pack("{s:o, s:o, s:s}", "connector", json_text(inbound->near_miss->name), "domain",
                     json_foreign(inbound->near_miss_domain), "log", inbound->near_miss_log);
}

static json_t *steps_json(const struct advice_case *wanted, enum advice_who who)
{
    const struct advice_step *step;
    json_t *array = json_array();
    size_t position = 0;

    while ((step = advice_next(wanted, &position)) != NULL) {
        if (step->who != who)
            continue;
        array = json_append(array, json_pack("{s:o, s:s}", "mta",
                                             step->mta != MTA_UNKNOWN
                                                 ? json_text(words_mta_option(step->mta))
                                                 : json_null(),
                                             "text", step->text));
    }
    return array;
}

json_t *advice_json(const struct advice_case *wanted)
{
    const char *meaning = advice_meaning(wanted->direction, wanted->reason);

    if (meaning == NULL)
        return json_null();
    return json_pack("{s:s, s:o, s:o}", "meaning", meaning, "administrator",
                     steps_json(wanted, ADVICE_ADMINISTRATOR), "partner",
                     steps_json(wanted, ADVICE_PARTNER));
}

static json_t *set_verdict(json_t *object, const struct explanation *explanation)
{
    const struct judgement *inbound = &explanation->inbound;
    const struct decision *decision = &inbound->decision;
    const struct advice_case advice = { (int)decision->reason, judgement_decisive(decision),
                                        explanation->facts->mta, decision->monitored,
                                        DIRECTION_INBOUND };
    char text[TEXT_SIZE];
    struct line line;

    line_init(&line, text, sizeof(text));
    words_verdict(&line, explanation->facts, inbound);
    object = json_set(object, "outcome", json_string(outcome_word(decision->outcome)));
    object = json_set(object, "reason", reason_json(decision->reason));
    object = json_set(object, "verdict", json_string(verdict_word(decision->verdict)));
    object = json_set(object, "would", json_string(verdict_word(decision->would)));
    object = json_set(object, "mode",
                      json_string(mode_word(decision->monitored ? MODE_MONITOR : MODE_ENFORCE)));
    object = json_set(object, "text", json_string(text));
    object = json_set(object, "reply", reply_json(explanation));
    object = json_set(object, "log", line_json(inbound->log));
    object = json_set(object, "near_miss", near_miss_json(inbound));
    return json_set(object, "advice", advice_json(&advice));
}

json_t *inbound_json(const struct explanation *explanation)
{
    return set_verdict(json_pack("{s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "connector",
                                 connector_json(explanation), "matched", matched_json(explanation),
                                 "candidates", candidates_json(explanation), "candidates_left_out",
                                 (json_int_t)explanation->inbound.trace.left_out, "exempt",
                                 exempt_json(explanation), "demands", demands_json(explanation),
                                 "certificates", certificates_json(explanation)),
                       explanation);
}
