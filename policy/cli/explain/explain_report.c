/* SPDX-License-Identifier: ISC */
/*
 * What `forcetls explain --json` prints. One object; all members are always there, null where there
 * is nothing:
 *
 *   asked        what the judgement is made from: {
 *     from, to       as in the SMTP command; to null: any recipient
 *     sender_domains, recipient_domains: [ each domain that the address could mean, at most 64 ]
 *     client         { address, name, confirmed: whether the name is a confirmed one }
 *     helo
 *     mta            "postfix"|"sendmail"
 *     at             the moment that is judged for, "YYYY-MM-DDTHH:MM:SSZ"
 *     local          whether it did not come by SMTP
 *     authenticated  whether the client has logged in
 *     tls            { state: "plain"|"encrypted"|"not-reported", protocol, cipher, cipher_bits }
 *     certificate    { trust: "trusted"|"untrusted"|"none"|"none-or-untrusted", subject, issuer,
 *                    organization, organizational_unit, fingerprint, public_key }
 *     notes          [ what was not given, not read or not believed ] }
 *   logged       with --log: {
 *     line, when, queue_id
 *     direction, verdict, would, reason, connector, level, from, to, nrcpt, client, hop, mx, tls,
 *     cipher, certificate, subject, issuer, root, fingerprint, public_key, identity, age, mode,
 *     text           the values of the line, without escapes
 *     advice         as below, for the reason of the line
 *     missing        [ what the line lacks that matters for the judgement ]
 *     compared       "same"|"different"|"unknown": what was logged with the judgement of now; null
 *                    for a direction that is not judged }
 *   inbound      the judgement; null where the line is of another direction: {
 *     connector      { name, comment, file, line, level, mode: "enforce"|"monitor" at that moment,
 *                    action: "defer"|"reject", enforce_from, next_change: "YYYY-MM-DD",
 *                    identity_shared }
 *     matched        { by: "sender"|"network"|"helo"|"client-name", domain, entry, key: "domains"|
 *                    "domains_file", file, line, network, text }
 *     candidates     [ each entry that was looked at: { entry, connector, by, domain,
 *                    recipient, key, file, line, fate: "counts"|"less-strict"|"less-specific"|
 *                    "no-subdomains"|"only-subdomains"|"local-domains", outcome, reason, would
 *                    } ]; the last three where its connector was judged
 *     candidates_left_out: how many more there were
 *     exempt         { reason: "network"|"authenticated", list, network }
 *     demands        [ { demand, wanted, got, outcome: "met"|"unmet"|"unknown", reason, entry: of
 *                    certificates (from 1), field: where that stopped } ]
 *     certificates   [ { entry (from 1), line, wanted, state: "active"|"not-yet"|"past", outcome:
 *                    "met"|"unmet"|"unknown" for it alone, field: where it stopped, closest } ]
 *     outcome        "none"|"pass"|"exempt"|"fail"|"unknown"
 *     reason         a word of the log
 *     verdict        what is done: "pass"|"defer"|"reject"
 *     would          what would be done, were it not for monitor mode
 *     mode           "enforce"|"monitor"
 *     text           the verdict in words
 *     reply          { code, status, text, line: as the client sees it }; in monitor mode, as it
 *                    would be
 *     log            the line that the daemon writes
 *     near_miss      { connector, domain, log }
 *     advice         { meaning, administrator: [ ... ], partner: [ ... ] } of { mta: null for both,
 *                    text } }
 *   outbound     a connector for mail to the recipient: { connector, domain, entry, file, line,
 *                judged: with --hop or --probe; else null from here on; outcome, reason, text,
 *                verdict, would, mode, confirmed, seen: { host, address, port }, demands: [ {
 *                demand, wanted, got, outcome, reason } ], as probe/probe_json.c describes them;
 *                reply, log and advice as above }
 *   status       the exit status
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "policy/cli/check/check_words.h"
#include "policy/cli/explain/explain_json.h"
#include "policy/cli/explain/explain_words.h"
#include "policy/cli/explain/moment.h"
#include "policy/cli/json_out.h"
#include "policy/cli/outbound_json.h"

#define DOMAINS_MOST 64 /* of an address */

static json_t *notes_json(const struct notes *notes)
{
    json_t *array = json_array();

    for (size_t i = 0; i < notes->count; i++)
        array = json_append(array, json_string(notes->texts[i]));
    return array;
}

/* ---- what is asked -------------------------------------------------------------------------- */

static json_t *domains_json(const struct address *address)
{
    json_t *array = json_array();

    for (size_t i = 0; address != NULL && i < address->count && i < DOMAINS_MOST; i++)
        array = json_append(array, json_foreign((struct span){ address->domains[i].name,
                                                               address->domains[i].length }));
    return array;
}

static json_t *client_json(const struct facts *facts)
{
    char address[IP_TEXT_SIZE];

    ip_format(&facts->client, address);
    return json_pack("{s:o, s:o, s:b}", "address",
                     facts->client.family != 0 ? json_string(address) : json_null(), "name",
                     span_empty(facts->client_name) ? json_null()
                                                    : json_foreign(facts->client_name),
                     "confirmed", (int)(facts->client_domain != NULL));
}

static json_t *tls_json(const struct tls_facts *tls)
{
    return json_pack("{s:s, s:o, s:o, s:o}", "state", words_tls_state(tls->state), "protocol",
                     json_foreign(tls->protocol_name), "cipher", json_foreign(tls->cipher),
                     "cipher_bits",
                     tls->cipher_bits >= 0 ? json_integer(tls->cipher_bits) : json_null());
}

static json_t *certificate_json(const struct certificate_facts *certificate)
{
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "trust", json_text(words_trust(certificate->trust)),
        "subject", json_foreign(certificate->subject), "issuer", json_foreign(certificate->issuer),
        "organization", json_foreign(certificate->organization), "organizational_unit",
        json_foreign(certificate->organizational_unit), "fingerprint",
        json_digest(certificate->fingerprint_state == PIN_KNOWN, &certificate->fingerprint),
        "public_key",
        json_digest(certificate->public_key_state == PIN_KNOWN, &certificate->public_key));
}

static json_t *asked_json(const struct explanation *explanation)
{
    const struct facts *facts = explanation->facts;
    char moment[MOMENT_TEXT_SIZE];

    moment_format(facts->now, moment);
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:b, s:b, s:o, s:o, s:o}", "from",
        json_foreign(facts->sender), "to",
        explanation->any_recipient ? json_null() : json_foreign(facts->recipient), "sender_domains",
        domains_json(facts->sender_address), "recipient_domains",
        domains_json(facts->recipient_address), "client", client_json(facts), "helo",
        json_foreign(explanation->helo), "mta",
        facts->mta != MTA_UNKNOWN ? json_text(words_mta_option(facts->mta)) : json_null(), "at",
        moment, "local", (int)facts->local, "authenticated", (int)facts->authenticated, "tls",
        tls_json(&facts->tls), "certificate", certificate_json(&facts->certificate), "notes",
        notes_json(&explanation->notes));
}

/* ---- a line of the log ---------------------------------------------------------------------- */

static json_t *compared_json(const struct explanation *explanation)
{
    static const char *const words[] = {
        [SAME] = "same", [DIFFERENT] = "different", [SAMENESS_UNKNOWN] = "unknown"
    };

    if (explanation->logged->fields.direction == DIRECTION_OUTBOUND)
        return json_null();
    return json_string(words[explanation->sameness]);
}

static json_t *cipher_json(const struct logged *logged)
{
    struct span name = logged->values[LOGFIELD_CIPHER];
    char text[LOGGED_LINE_MOST];
    int length;

    if (logged->fields.cipher_bits < 0 || name.length >= sizeof(text) - 16)
        return json_foreign(name);
    memcpy(text, name.data, name.length);
    length =
        snprintf(text + name.length, sizeof(text) - name.length, "/%d", logged->fields.cipher_bits);
    return json_foreign((struct span){ text, name.length + (size_t)length });
}

static json_t *logged_json(const struct explanation *explanation)
{
    const struct logged *logged = explanation->logged;
    const struct judgement *inbound = &explanation->inbound;
    struct advice_case advice = { .mta = explanation->facts->mta };
    json_t *object;

    if (logged == NULL)
        return json_null();
    advice.reason = logged->reason;
    advice.monitored = logged_is_monitored(logged);
    advice.direction = logged->fields.direction;
    if ((int)inbound->decision.reason == logged->reason)
        advice.result = judgement_decisive(&inbound->decision);
    object = json_pack("{s:o, s:o, s:o, s:s}", "line", json_text(logged->line), "when",
                       span_empty(logged->when) ? json_null() : json_foreign(logged->when),
                       "queue_id", json_foreign(logged->queue_id), "direction",
                       direction_word(logged->fields.direction));
    for (int i = 0; i < LOGFIELDS; i++) {
        enum logfield field = (enum logfield)i;

        object = json_set(object, logfield_word(field),
                          field == LOGFIELD_CIPHER ? cipher_json(logged)
                                                   : json_foreign(logged->values[field]));
    }
    object = json_set(object, "advice", advice_json(&advice));
    object = json_set(object, "missing", notes_json(&explanation->missing));
    return json_set(object, "compared", compared_json(explanation));
}

/* ---- all of it ------------------------------------------------------------------------------ */

static json_t *outbound_reply_json(const struct outbound *outbound)
{
    const struct refusal *refusal = &outbound->refusal;
    char reply[sizeof(*refusal) + 3];

    if (!outbound->refused)
        return json_null();
    (void)snprintf(reply, sizeof(reply), "%s %s %s", refusal->code, refusal->status, refusal->text);
    return json_pack("{s:s, s:s, s:s, s:s}", "code", refusal->code, "status", refusal->status,
                     "text", refusal->text, "line", reply);
}

static json_t *outbound_json(const struct explanation *explanation)
{
    const struct outbound *outbound = &explanation->outbound;
    const struct decision *decision = &outbound->decision;
    const struct place *place;
    char entry[DOMAIN_MAX + 3], sentence[REFUSAL_SIZE];
    struct line line;
    json_t *object;

    if (outbound->connector == NULL)
        return json_null();
    place = places_get(&explanation->places, &outbound->match);
    line_init(&line, entry, sizeof(entry));
    words_entry(&line, &outbound->match);
    object = json_pack(
        "{s:o, s:o, s:s, s:o, s:o, s:b}", "connector", json_text(outbound->connector->name),
        "domain", json_foreign(outbound->match.domain), "entry", entry, "file",
        json_text(place != NULL ? place->file : NULL), "line",
        place != NULL ? json_integer(place->line) : json_null(), "judged", (int)outbound->judged);
    if (!outbound->judged)
        return json_set(json_set(json_set(outbound_set_nothing(object), "reply", json_null()),
                                 "log", json_null()),
                        "advice", json_null());
    outbound_sentence(outbound, explanation->rules, explanation->facts, sentence);
    object = outbound_set_json(object, explanation->facts, outbound, sentence);
    object = json_set(object, "reply", outbound_reply_json(outbound));
    object = json_set(object, "log", json_text(outbound->log));
    return json_set(object, "advice",
                    advice_json(&(struct advice_case){
                        (int)decision->reason, judgement_decisive(decision),
                        explanation->facts->mta, decision->monitored, DIRECTION_OUTBOUND }));
}

bool explain_print_json(const struct explanation *explanation)
{
    bool judged =
        explanation->logged == NULL || explanation->logged->fields.direction == DIRECTION_INBOUND;

    return json_print(json_pack("{s:o, s:o, s:o, s:o, s:i}", "asked", asked_json(explanation),
                                "logged", logged_json(explanation), "inbound",
                                judged ? inbound_json(explanation) : json_null(), "outbound",
                                outbound_json(explanation), "status", (int)explanation->status));
}
