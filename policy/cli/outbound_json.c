/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/outbound_json.h"

#include "policy/cli/explain/explain_json.h"
#include "policy/cli/explain/explain_words.h"
#include "policy/cli/json_out.h"
#include "policy/describe.h"

static json_t *reason_json(enum reason reason)
{
    return reason != REASON_NONE ? json_string(reason_word(reason)) : json_null();
}

static json_t *seen_json(const struct hop_seen *seen)
{
    char address[IP_TEXT_SIZE];

    if (seen->host == NULL)
        return json_null();
    if (seen->address == NULL)
        return json_pack("{s:o, s:n, s:n}", "host", json_foreign(seen->host->name), "address",
                         "port");
    ip_format(&seen->address->ip, address);
    return json_pack("{s:o, s:s, s:i}", "host", json_foreign(seen->host->name), "address", address,
                     "port", (int)seen->address->port);
}

static json_t *demand_json(const struct decision *decision, const struct facts *session,
                           const struct check_result *result)
{
    const struct connector *connector = decision->match.connector;
    char wanted[DESCRIBE_SIZE], got[DESCRIBE_SIZE];
    struct line line;

    line_init(&line, wanted, sizeof(wanted));
    describe_wanted(&line, connector, result);
    line_init(&line, got, sizeof(got));
    describe_got(&line, connector, session, result);
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "demand", check_word(result->check), "wanted",
                     wanted, "got", got, "outcome", words_check_outcome(result->outcome), "reason",
                     reason_json(result->outcome == CHECK_MET ? REASON_NONE : result->reason));
}

static json_t *demands_json(const struct facts *facts, const struct decision *decision)
{
    struct facts session = *facts;
    json_t *array = json_array();

    hop_seen_session(&decision->seen, &session);
    for (size_t i = 0; i < decision->trail.count; i++)
        array = json_append(array, demand_json(decision, &session, &decision->trail.results[i]));
    return array;
}

json_t *outbound_set_json(json_t *object, const struct facts *facts,
                          const struct outbound *outbound, const char *sentence)
{
    const struct decision *decision = &outbound->decision;

    object = json_set(object, "outcome", json_string(outcome_word(decision->outcome)));
    object = json_set(object, "reason", reason_json(decision->reason));
    object = json_set(object, "text", sentence[0] != '\0' ? json_text(sentence) : json_null());
    object = json_set(object, "verdict", json_string(verdict_word(decision->verdict)));
    object = json_set(object, "would", json_string(verdict_word(decision->would)));
    object = json_set(object, "mode",
                      json_string(mode_word(decision->monitored ? MODE_MONITOR : MODE_ENFORCE)));
    object = json_set(object, "confirmed", json_false());
    object = json_set(object, "seen", seen_json(&decision->seen));
    return json_set(object, "demands", demands_json(facts, decision));
}

json_t *outbound_set_nothing(json_t *object)
{
    static const char *const members[] = { "outcome", "reason",    "text", "verdict", "would",
                                           "mode",    "confirmed", "seen", "demands" };

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        object = json_set(object, members[i], json_null());
    return object;
}
