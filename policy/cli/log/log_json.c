/* SPDX-License-Identifier: ISC */
/*
 * log_json: the report as JSON.
 *
 * Numbers are whole. Times are "2026-11-24T10:00:30", as in the log and without a time zone, or
 * null. What is not known is null.
 *
 * {
 *   "first", "last"     times of the first and the last line that was counted
 *   "since", "until"    what was asked for; null: no bound
 *   "lines": {
 *     "verdicts"            were counted
 *     "other_messages"      of forcetls-milter that are no verdicts
 *     "other_connectors"    verdicts of connectors that were not asked for
 *     "unreadable"          verdicts that are cut or damaged
 *     "outside"             before "since" or after "until"
 *     "without_time"        not counted for want of a time
 *     "backwards"           older than a line before them
 *     "dropped"             that forcetls-milter could not write, as it says
 *   },
 *   "total": COUNTS, and "near_misses"
 *   "connectors": [ {
 *     "connector", "direction"    "inbound", "outbound"
 *     COUNTS, "near_misses", "last_refusal"
 *     "reasons": [ { "reason", "refused", "would_be_refused", "first", "last" } ]
 *     "others": COUNTS of partners that are not kept, "forgotten" (how many were kept for a while),
 *               "changes" (of these)
 *   } ],
 *   "other_connectors": COUNTS of connectors that are not kept
 *   "partners": [ {             all of them, by connector, those with the most passed first
 *     "connector", "direction"
 *     "domain"                  "<>": bounces; "(no domain)"
 *     COUNTS
 *     "protocols", "ciphers", "certificates", "subjects", "issuers", "roots", "fingerprints": {
 *       "values": [ {           in the order in which they came
 *         "value"               a protocol "none": not encrypted; a certificate: "trusted",
 *                               "untrusted", "none", "none-or-untrusted"
 *         "bits"                of ciphers only
 *         "certificate"         of subjects, issuers, roots and fingerprints: as above
 *         "count"               lines
 *         "met"                 lines of them that met all demands
 *         "first", "last"
 *       } ],
 *       "others"                lines whose values are not kept
 *     }
 *   } ],
 *   "changes": [ {              of partners that once met all demands first; the worst first
 *     "change"                  "plaintext", "unverified", "older-protocol", "weaker-cipher",
 *                               "other-issuer", "other-root", "other-subject", "other-fingerprint"
 *     "connector", "direction", "domain"
 *     "value", "before"         as in "value" above; ciphers as "NAME/BITS"
 *     "certificate"             as above
 *     "count"                   lines since then that have the value
 *     "refused"                 of them
 *     "first", "last"
 *   } ]
 * }
 *
 * COUNTS: "messages" and "recipients" that passed; "exempt" messages, "exempt_recipients";
 * "refused" and "would_be_refused" recipients; "first", "last".
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "policy/cli/json_out.h"
#include "policy/cli/log/log_report.h"

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *time_of(int64_t time)
{
    char text[TIMESTAMP_TEXT_SIZE];

    if (time < 0) /* TIMESTAMP_UNKNOWN too */
        return json_null();
    timestamp_format(time, 'T', text);
    return json_string(text);
}

static json_t *name_of(const struct log_connector *connector)
{
    return json_foreign((struct span){ connector->name, connector->length });
}

/* Both objects' members, one behind the other. */
static json_t *join(json_t *object, json_t *more)
{
    bool joined = object != NULL && more != NULL && json_object_update(object, more) == 0;

    json_decref(more);
    if (joined)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *tally_json(const struct log_tally *tally)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "messages",
                     number(tally->messages), "recipients", number(tally->recipients), "exempt",
                     number(tally->exempt), "exempt_recipients", number(tally->exempt_recipients),
                     "refused", number(tally->refused), "would_be_refused",
                     number(tally->would_be_refused), "first", time_of(tally->first), "last",
                     time_of(tally->last));
}

static json_t *counts_json(const struct log_counts *counts)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "verdicts",
                     number(counts->verdicts), "other_messages", number(counts->other_messages),
                     "other_connectors", number(counts->other_connectors), "unreadable",
                     number(counts->unreadable), "outside", number(counts->outside), "without_time",
                     number(counts->without_time), "backwards", number(counts->backwards),
                     "dropped", number(counts->dropped));
}

/* ------------------------------------------------------------ connectors */

static json_t *reasons_json(const struct log_connector *connector)
{
    json_t *reasons = json_array();

    for (int i = 0; i <= REASONS && reasons != NULL; i++) {
        const struct log_reason *reason = &connector->reasons[i];

        if (reason->refused == 0 && reason->would_be_refused == 0)
            continue;
        reasons = json_append(reasons,
                              json_pack("{s:s, s:o, s:o, s:o, s:o}", "reason", log_reason_word(i),
                                        "refused", number(reason->refused), "would_be_refused",
                                        number(reason->would_be_refused), "first",
                                        time_of(reason->first), "last", time_of(reason->last)));
    }
    return reasons;
}

static json_t *others_json(const struct log_circle *circle)
{
    return join(tally_json(&circle->others),
                json_pack("{s:o, s:o}", "forgotten", number(circle->others_forgotten), "changes",
                          number(circle->others_changes)));
}

static json_t *connector_json(const struct log_connector *connector)
{
    json_t *head = json_pack("{s:o, s:s}", "connector", name_of(connector), "direction",
                             direction_word(connector->direction));
    json_t *tail = json_pack("{s:o, s:o, s:o, s:o}", "near_misses", number(connector->near_misses),
                             "last_refusal", time_of(connector->last_refusal), "reasons",
                             reasons_json(connector), "others", others_json(&connector->circle));

    return join(join(head, tally_json(&connector->tally)), tail);
}

static json_t *connectors_json(const struct log_report *report)
{
    json_t *connectors = json_array();

    for (size_t i = 0; i < report->connector_count && connectors != NULL; i++)
        connectors = json_append(connectors, connector_json(report->connectors[i]));
    return connectors;
}

/* ------------------------------------------------------------ partners */

static const char *const kind_words[LOG_KINDS] = {
    [LOG_PROTOCOL] = "protocols",       [LOG_CIPHER] = "ciphers",
    [LOG_CERTIFICATE] = "certificates", [LOG_SUBJECT] = "subjects",
    [LOG_ISSUER] = "issuers",           [LOG_ROOT] = "roots",
    [LOG_FINGERPRINT] = "fingerprints",
};

static json_t *state_json(const char *state)
{
    return state != NULL ? json_string(state) : json_null();
}

/* What only some kinds have. */
static json_t *special_json(enum log_kind kind, const struct log_value *value)
{
    if (kind == LOG_CIPHER)
        return json_pack("{s:o}", "bits",
                         value->rank != LOG_UNRANKED ? json_integer(value->rank) : json_null());
    if (kind == LOG_PROTOCOL || kind == LOG_CERTIFICATE)
        return json_object();
    return json_pack("{s:o}", "certificate", state_json(value->state));
}

static json_t *value_json(enum log_kind kind, const struct log_value *value)
{
    json_t *head = json_pack("{s:o}", "value", json_foreign(log_value_text(value)));
    json_t *tail =
        json_pack("{s:o, s:o, s:o, s:o}", "count", number(value->count), "met", number(value->met),
                  "first", time_of(value->first), "last", time_of(value->last));

    return join(join(head, special_json(kind, value)), tail);
}

static json_t *values_json(enum log_kind kind, const struct log_values *values)
{
    json_t *array = json_array();

    for (const struct log_value *value = values->first; value != NULL && array != NULL;
         value = value->next)
        array = json_append(array, value_json(kind, value));
    return json_pack("{s:o, s:o}", "values", array, "others", number(values->others));
}

static json_t *whose_json(const struct log_connector *connector, const struct log_partner *partner)
{
    return json_pack("{s:o, s:s, s:o}", "connector", name_of(connector), "direction",
                     direction_word(connector->direction), "domain",
                     json_foreign((struct span){ partner->name, partner->length }));
}

static json_t *partner_json(const struct log_partner *partner)
{
    json_t *object =
        join(whose_json(log_partner_connector(partner), partner), tally_json(&partner->tally));

    for (int kind = 0; kind < LOG_KINDS; kind++) {
        const struct log_values *values = &partner->history.kinds[kind];

        object = join(
            object, json_pack("{s:o}", kind_words[kind], values_json((enum log_kind)kind, values)));
    }
    return object;
}

static json_t *partners_json(const struct log_report *report)
{
    json_t *partners = json_array();

    for (size_t i = 0; i < report->partner_count && partners != NULL; i++)
        partners = json_append(partners, partner_json(report->partners[i]));
    return partners;
}

/* ------------------------------------------------------------ changes */

static json_t *shown_json(enum log_change change, const struct log_value *value)
{
    char text[LOG_VALUE_BYTES_MOST + 16];
    int bits;

    if (change != LOG_CHANGE_WEAKER_CIPHER)
        return json_foreign(log_value_text(value));
    memcpy(text, value->text, value->length);
    bits = snprintf(text + value->length, sizeof(text) - value->length, "/%d", value->rank);
    return json_foreign((struct span){ text, value->length + (size_t)bits });
}

static json_t *change_json(const struct log_finding *finding)
{
    const struct log_value *value = finding->value;
    json_t *head = json_pack("{s:s}", "change", log_change_word(finding->change));
    json_t *tail = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "value",
                             shown_json(finding->change, value), "before",
                             shown_json(finding->change, value->before), "certificate",
                             state_json(value->state), "count", number(value->change_count),
                             "refused", number(value->change_refused), "first",
                             time_of(value->change_first), "last", time_of(value->last));

    return join(join(head, whose_json(finding->connector, finding->partner)), tail);
}

static json_t *changes_json(const struct log_report *report)
{
    json_t *changes = json_array();

    for (size_t i = 0; i < report->change_count && changes != NULL; i++)
        changes = json_append(changes, change_json(&report->changes[i]));
    return changes;
}

/* A bound that is none is null. */
static json_t *bound_json(int64_t time)
{
    return time == INT64_MIN || time == INT64_MAX ? json_null() : time_of(time);
}

json_t *log_report_json(const struct log_report *report)
{
    const struct log_statistics *statistics = report->statistics;
    json_t *total = join(tally_json(&report->total),
                         json_pack("{s:o}", "near_misses", number(report->near_misses)));

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "first",
                     time_of(statistics->counts.first), "last", time_of(statistics->counts.last),
                     "since", bound_json(statistics->selection.since), "until",
                     bound_json(statistics->selection.until), "lines",
                     counts_json(&statistics->counts), "total", total, "connectors",
                     connectors_json(report), "other_connectors", tally_json(&statistics->others),
                     "partners", partners_json(report), "changes", changes_json(report));
}
