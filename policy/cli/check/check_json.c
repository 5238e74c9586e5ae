/* SPDX-License-Identifier: ISC */
/*
 * What `forcetls check --json` prints. One object; all members are always there, null where there
 * is nothing:
 *
 *   file          the configuration
 *   at            the moment that is looked at, "YYYY-MM-DD" (UTC)
 *   status        the exit status
 *   diagnostics   what the daemon would print of the file: [ {
 *     severity      "error"|"warning"|"note"
 *     file, line    null: the whole file
 *     text } ]
 *   notes         what has no effect in this version, and that mode monitor refuses nothing: [ {
 *     severity      "warning"|"note"
 *     text } ]
 *   settings      as in the file; null where it has errors: { mode, contact, milter_socket,
 *                 smtpd_policy_socket, tls_policy_socket, control_socket, socket_mode,
 *                 socket_group, user, trust_store, inbound_exempt_networks,
 *                 inbound_exempt_authenticated, local_transports }
 *   connectors    in the order of the file; null where it has errors: [ {
 *     name, comment, file, line
 *     direction     "inbound"|"outbound"|"both"
 *     domains       how many
 *     level, mode, action, contact, enforce_from, trust_store: as in the file
 *     enforces      whether it is enforced at that moment
 *     next_change   the next day on which an entry of certificates begins or ceases to count, or
 *                   enforce_from comes
 *     certificates  [ { entry (from 1), line, name, issuer, root, organization,
 *                   organizational_unit, key_bits, fingerprint, public_key, pin_file, from, until,
 *                   state: "active"|"not-yet"|"past",
 *                   root_in_trust_store: "yes"|"no"|"expired"|"unknown" } ]; the last one null
 *                   where no root is looked for
 *     not_reported  of the MTAs that were asked about, in members postfix, sendmail: {
 *       satisfiable   whether a certificate can fit at all
 *       missing       [ { entry, field, text,
 *                     kind: "never"|"no-socket"|"socket"|"if-trusted"|"some-pins" } ] } } ]
 *   findings      { trust_store, postfix, sendmail }; null: not looked at, or not to be read: [ {
 *     severity      "warning"|"note"
 *     word          what it is, for programs
 *     where, text
 *     type          [ the lines to type ] } ]
 */
#include "config.h"

#include <jansson.h>

#include "policy/cli/check/check.h"
#include "policy/cli/check/check_words.h"
#include "policy/cli/check/gaps.h"
#include "policy/cli/json_out.h"
#include "policy/date.h"
#include "policy/summary.h"

#define TEXT_SIZE 300

static json_t *number_or_null(int number)
{
    return number > 0 ? json_integer(number) : json_null();
}

/* ---- the file ------------------------------------------------------------------------------- */

static const char *severity_word(enum severity severity)
{
    static const char *const words[] = {
        [SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning", [SEVERITY_NOTE] = "note"
    };

    return words[severity];
}

static json_t *diagnostics_json(const struct diagnostics *diagnostics)
{
    json_t *array = json_array();

    for (size_t i = 0; i < diagnostics->count; i++) {
        const struct diagnostic *diagnostic = &diagnostics->items[i];

        array = json_append(array, json_pack("{s:s, s:o, s:o, s:o}", "severity",
                                             severity_word(diagnostic->severity), "file",
                                             json_text(diagnostic->file), "line",
                                             number_or_null((int)diagnostic->line), "text",
                                             json_text(diagnostic->text)));
    }
    return array;
}

static json_t *notes_json(const struct rules *rules)
{
    json_t *array = json_array();
    struct summary_note note;
    size_t position = 0;

    while (rules != NULL && summary_note_next(rules, &position, &note))
        array = json_append(
            array, json_pack("{s:s, s:s}", "severity",
                             severity_word(note.warning ? SEVERITY_WARNING : SEVERITY_NOTE), "text",
                             note.text));
    return array;
}

static json_t *networks_json(const struct network_list *list)
{
    char text[NETWORK_TEXT_SIZE];
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++) {
        network_format(&list->networks[i], text);
        array = json_append(array, json_string(text));
    }
    return array;
}

static json_t *strings_json(const struct string_list *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++)
        array = json_append(array, json_text(list->strings[i]));
    return array;
}

static json_t *settings_json(const struct settings *settings)
{
    char mode[16];

    (void)snprintf(mode, sizeof(mode), "%04o", settings->socket_mode);
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:b, s:o}", "mode",
                     mode_word(settings->mode), "contact", json_text(settings->contact),
                     "milter_socket", json_text(settings->milter_socket), "smtpd_policy_socket",
                     json_text(settings->smtpd_policy_socket), "tls_policy_socket",
                     json_text(settings->tls_policy_socket), "control_socket",
                     json_text(settings->control_socket), "socket_mode", mode, "socket_group",
                     json_text(settings->socket_group), "user", json_text(settings->user),
                     "trust_store", json_text(settings->trust_store), "inbound_exempt_networks",
                     networks_json(&settings->inbound_exempt_networks),
                     "inbound_exempt_authenticated", (int)settings->inbound_exempt_authenticated,
                     "local_transports", strings_json(&settings->local_transports));
}

/* ---- connectors ----------------------------------------------------------------------------- */

static json_t *name_json(const struct certificate_entry *entry)
{
    char name[DOMAIN_MAX + 3];

    if (!entry->has_name)
        return json_null();
    wanted_name_format(&entry->name, name, sizeof(name));
    return json_string(name);
}

static json_t *root_json(enum root_state state)
{
    static const char *const words[] = { [ROOT_MISSING] = "no",
                                         [ROOT_EXPIRED] = "expired",
                                         [ROOT_PRESENT] = "yes",
                                         [ROOT_UNKNOWN] = "unknown" };

    return state != ROOT_NOT_ASKED ? json_string(words[state]) : json_null();
}

static const char *state_word(enum entry_state state)
{
    static const char *const words[] = {
        [ENTRY_ACTIVE] = "active", [ENTRY_NOT_YET] = "not-yet", [ENTRY_PAST] = "past"
    };

    return words[state];
}

static json_t *entry_json(const struct survey *survey, uint32_t index, size_t number)
{
    const struct certificate_entry *entry =
        &connectors_get(survey->rules->connectors, index)->certificates[number];

    return json_pack(
        "{s:I, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "entry",
        (json_int_t)number + 1, "line", (int)entry->line, "name", name_json(entry), "issuer",
        json_text(entry->issuer), "root", json_text(entry->root), "organization",
        json_text(entry->organization), "organizational_unit",
        json_text(entry->organizational_unit), "key_bits", number_or_null(entry->key_bits),
        "fingerprint", json_digest(entry->has_fingerprint, &entry->fingerprint), "public_key",
        json_digest(entry->has_public_key, &entry->public_key), "pin_file",
        json_text(entry->pin_file), "from", json_date(entry->from), "until",
        json_date(entry->until), "state", state_word(certificate_entry_state(entry, survey->now)),
        "root_in_trust_store", root_json(roots_state(&survey->roots, index, number)));
}

static json_t *entries_json(const struct survey *survey, uint32_t index)
{
    const struct connector *connector = connectors_get(survey->rules->connectors, index);
    json_t *array = json_array();

    for (size_t i = 0; i < connector->certificate_count; i++)
        array = json_append(array, entry_json(survey, index, i));
    return array;
}

struct gap_array {
    json_t *array;
    enum mta mta;
};

static void add_gap(void *data, const struct gap *gap)
{
    struct gap_array *gaps = data;
    char text[TEXT_SIZE];
    struct line line;

    line_init(&line, text, sizeof(text));
    gap_say(&line, gap, gaps->mta);
    gaps->array = json_append(gaps->array,
                              json_pack("{s:I, s:s, s:s, s:s}", "entry", (json_int_t)gap->entry + 1,
                                        "field", certificate_field_word(gap->field), "kind",
                                        gap_word(gap->kind), "text", text));
}

static json_t *not_reported_json(const struct survey *survey, const struct connector *connector)
{
    json_t *object = json_object();

    for (int i = MTA_UNKNOWN + 1; i < MTAS; i++) {
        struct gap_array gaps = { .mta = (enum mta)i };
        bool satisfiable;

        if (!survey->mtas[i].asked)
            continue;
        gaps.array = json_array();
        satisfiable = gaps_visit(survey->rules, connector, gaps.mta, survey->now, add_gap, &gaps);
        if (json_object_set_new(object, words_mta_option(gaps.mta),
                                json_pack("{s:b, s:o}", "satisfiable", (int)satisfiable, "missing",
                                          gaps.array)) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *connector_json(const struct survey *survey, uint32_t index)
{
    const struct connector *connector = connectors_get(survey->rules->connectors, index);

    return json_pack(
        "{s:o, s:o, s:o, s:i, s:s, s:I, s:s, s:s, s:s, s:o, s:o, s:o, s:b, s:o, s:o, s:o}", "name",
        json_text(connector->name), "comment", json_text(connector->comment), "file",
        json_text(connector->file), "line", (int)connector->line, "direction",
        words_direction(connector), "domains", (json_int_t)connector->domain_count, "level",
        level_word(connector->level), "mode", mode_word(connector->mode), "action",
        words_action(connector->action), "contact", json_text(connector->contact), "enforce_from",
        json_date(connector->enforce_from), "trust_store", json_text(connector->trust_store),
        "enforces", (int)words_enforces(survey->rules, connector, survey->now), "next_change",
        json_date(connector_next_change(connector, survey->now)), "certificates",
        entries_json(survey, index), "not_reported", not_reported_json(survey, connector));
}

static json_t *connectors_json(const struct survey *survey)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < connectors_count(survey->rules->connectors); i++)
        array = json_append(array, connector_json(survey, i));
    return array;
}

/* ---- the host ------------------------------------------------------------------------------- */

static json_t *settings_findings_json(const struct survey_mta *mta)
{
    return mta->read ? findings_json(&mta->findings) : json_null();
}

bool check_print_json(const struct survey *survey)
{
    bool known = survey->rules != NULL;

    return json_print(json_pack(
        "{s:o, s:o, s:i, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}}", "file", json_text(survey->file),
        "at", json_date(survey->now), "status", (int)survey->status, "diagnostics",
        diagnostics_json(&survey->diagnostics), "notes", notes_json(survey->rules), "settings",
        known ? settings_json(&survey->rules->settings) : json_null(), "connectors",
        known ? connectors_json(survey) : json_null(), "findings", "trust_store",
        known ? findings_json(&survey->trust_stores) : json_null(), "postfix",
        settings_findings_json(&survey->mtas[MTA_POSTFIX]), "sendmail",
        settings_findings_json(&survey->mtas[MTA_SENDMAIL])));
}
