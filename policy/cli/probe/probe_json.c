/* SPDX-License-Identifier: ISC */
/*
 * What `forcetls probe --json` prints. One object; all members are always there, null where there
 * is nothing:
 *
 *   file         the configuration
 *   at           when it was looked at, "YYYY-MM-DDTHH:MM:SSZ"
 *   status       the exit status
 *   notes        [ what forcetls-prober cannot do by these settings ]
 *   hops         [ {
 *     hop        as Postfix writes it
 *     result     the prober's answer as it is (policy/probe/FORMAT)
 *     error      why there is none } ]
 *   connectors   [ { a connector and one of its hops:
 *     connector, level
 *     hop        null: with --all, one that names no single domain, or of level may
 *     outcome    "pass"|"fail"|"unknown"
 *     reason     a word of the log
 *     text       what is wrong, as the refusal says it
 *     verdict    what the daemon would do on this probe alone: "pass"|"defer"|"reject"
 *     would      what it would do, were it not for monitor mode
 *     mode       "enforce"|"monitor"
 *     confirmed  false: a 5xx needs a second probe that finds the same
 *     seen       { host, address, port }: what the outcome stands on
 *     demands    [ { demand, wanted, got, outcome: "met"|"unmet"|"unknown", reason } ] } ]
 */
#include "config.h"

#include "policy/cli/explain/explain_json.h"
#include "policy/cli/explain/explain_words.h"
#include "policy/cli/explain/moment.h"
#include "policy/cli/json_out.h"
#include "policy/cli/outbound_json.h"
#include "policy/cli/probe/probe.h"

static json_t *hop_json(const struct probe_hop *hop)
{
    return json_pack("{s:s, s:o, s:o}", "hop", hop->text, "result",
                     hop->result != NULL ? json_incref(hop->result) : json_null(), "error",
                     hop->error != NULL ? json_text(hop->error) : json_null());
}

static json_t *hops_json(const struct probe *probe)
{
    json_t *array = json_array();

    for (size_t i = 0; i < probe->hop_count; i++)
        array = json_append(array, hop_json(probe->hops[i]));
    return array;
}

static json_t *notes_json(const struct probe *probe)
{
    json_t *array = json_array();

    for (size_t i = 0; i < probe->note_count; i++)
        array = json_append(array, json_text(probe->notes[i]));
    return array;
}

static json_t *case_json(const struct probe *probe, const struct probe_case *one)
{
    struct probe_verdict *verdict = one->hop != NULL ? probe_judge(probe, one) : NULL;
    json_t *object = json_pack("{s:s, s:s, s:o}", "connector", one->connector->name, "level",
                               level_word(one->connector->level), "hop",
                               one->hop != NULL ? json_text(one->hop->text) : json_null());

    if (one->hop == NULL) {
        object = outbound_set_nothing(object);
    } else if (verdict == NULL) {
        json_decref(object);
        object = NULL;
    } else {
        object = outbound_set_json(object, &verdict->facts, &verdict->outbound, verdict->sentence);
    }
    probe_verdict_free(verdict);
    return object;
}

static json_t *cases_json(const struct probe *probe)
{
    json_t *array = json_array();

    for (size_t i = 0; i < probe->case_count; i++)
        array = json_append(array, case_json(probe, &probe->cases[i]));
    return array;
}

bool probe_print_json(const struct probe *probe, enum status status)
{
    char moment[MOMENT_TEXT_SIZE];

    moment_format(probe->now, moment);
    return json_print(json_pack("{s:o, s:s, s:i, s:o, s:o, s:o}", "file",
                                probe->file != NULL ? json_text(probe->file) : json_null(), "at",
                                moment, "status", (int)status, "notes", notes_json(probe), "hops",
                                hops_json(probe), "connectors", cases_json(probe)));
}
