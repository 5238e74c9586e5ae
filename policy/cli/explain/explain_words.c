/* SPDX-License-Identifier: ISC */
#include "policy/cli/explain/explain_words.h"

#include <string.h>

#include "policy/certificate.h"
#include "policy/digest.h"

#define VALUE_MOST 256

const char *words_by(enum matched_by by)
{
    static const char *const words[] = { [MATCHED_BY_SENDER] = "sender",
                                         [MATCHED_BY_NETWORK] = "network",
                                         [MATCHED_BY_HELO] = "helo",
                                         [MATCHED_BY_CLIENT_NAME] = "client-name",
                                         [MATCHED_BY_RECIPIENT] = "recipient" };

    return words[by];
}

const char *words_tls_state(enum tls_state state)
{
    static const char *const words[] = {
        [TLS_NOT_REPORTED] = "not-reported", [TLS_PLAIN] = "plain", [TLS_ENCRYPTED] = "encrypted"
    };

    return words[state];
}

const char *words_check_outcome(enum check_outcome outcome)
{
    static const char *const words[] = {
        [CHECK_MET] = "met", [CHECK_UNMET] = "unmet", [CHECK_UNKNOWN] = "unknown"
    };

    return words[outcome];
}

const char *words_trust(enum trust trust)
{
    static const char *const words[] = { [TRUST_NOT_REPORTED] = NULL,
                                         [TRUST_NO_CERTIFICATE] = "none",
                                         [TRUST_UNTRUSTED] = "untrusted",
                                         [TRUST_NONE_OR_UNTRUSTED] = "none-or-untrusted",
                                         [TRUST_TRUSTED] = "trusted" };

    return words[trust];
}

void words_entry(struct line *line, const struct match *match)
{
    char text[DOMAIN_MAX + 3];

    if (match->entry == NULL) {
        line_add(line, "client_networks");
        return;
    }
    pattern_format(match->kind, match->entry, text, sizeof(text));
    line_add_quoted(line, span_of(text), sizeof(text));
}

void words_client(struct line *line, const struct facts *facts)
{
    char address[IP_TEXT_SIZE];

    ip_format(&facts->client, address);
    if (span_empty(facts->client_name))
        line_add(line, "unknown");
    else
        line_add_quoted(line, facts->client_name, VALUE_MOST);
    line_add(line, "[%s]", address);
}

void words_session(struct line *line, const struct tls_facts *tls)
{
    if (tls->state != TLS_ENCRYPTED) {
        line_add(line, tls->state == TLS_PLAIN ? "not encrypted" : "not reported");
        return;
    }
    if (span_empty(tls->protocol_name))
        line_add(line, "encrypted, protocol not reported");
    else
        line_add_quoted(line, tls->protocol_name, VALUE_MOST);
    line_add(line, ", ");
    if (span_empty(tls->cipher))
        line_add(line, "cipher not reported");
    else
        line_add_quoted(line, tls->cipher, VALUE_MOST);
    if (tls->cipher_bits >= 0)
        line_add(line, ", %d bits", tls->cipher_bits);
}

static void add_name(struct line *line, const char *word, struct span value)
{
    if (span_empty(value))
        return;
    line_add(line, ", %s ", word);
    line_add_cited(line, value, VALUE_MOST);
}

static void add_digest(struct line *line, const char *word, enum pin_state state,
                       const struct digest *digest)
{
    char text[DIGEST_TEXT_SIZE];

    if (state == PIN_OTHER_DIGEST)
        line_add(line, ", %s not as SHA-256", word);
    if (state != PIN_KNOWN)
        return;
    digest_format(digest, text);
    line_add(line, ", %s %s", word, text);
}

void words_certificate(struct line *line, const struct certificate_facts *certificate)
{
    static const char *const words[] = {
        [TRUST_NOT_REPORTED] = "whether trusted is not reported",
        [TRUST_NO_CERTIFICATE] = "none",
        [TRUST_UNTRUSTED] = "not trusted by the MTA",
        [TRUST_NONE_OR_UNTRUSTED] = "none, or one that the MTA does not trust",
        [TRUST_TRUSTED] = "trusted by the MTA",
    };

    line_add(line, "%s", words[certificate->trust]);
    add_name(line, "name", certificate->subject);
    add_name(line, "issuer", certificate->issuer);
    add_name(line, "organization", certificate->organization);
    add_name(line, "organizational_unit", certificate->organizational_unit);
    add_digest(line, "fingerprint", certificate->fingerprint_state, &certificate->fingerprint);
    add_digest(line, "public_key", certificate->public_key_state, &certificate->public_key);
}

const struct network *network_of_client(const struct facts *facts,
                                        const struct connector *connector)
{
    const struct network_list *list = &connector->client_networks;

    for (size_t i = 0; i < list->count; i++) {
        if (network_contains(&list->networks[i], &facts->client))
            return &list->networks[i];
    }
    return NULL;
}

void words_led_by(struct line *line, const struct facts *facts, const struct match *match)
{
    static const char *const words[] = { [MATCHED_BY_SENDER] = "",
                                         [MATCHED_BY_NETWORK] = "client ",
                                         [MATCHED_BY_HELO] = "HELO ",
                                         [MATCHED_BY_CLIENT_NAME] = "client name ",
                                         [MATCHED_BY_RECIPIENT] = "" };
    char address[IP_TEXT_SIZE];

    line_add(line, "%s", words[match->by]);
    ip_format(&facts->client, address);
    if (match->by == MATCHED_BY_NETWORK)
        line_add(line, "%s", address);
    else if (span_empty(match->domain))
        line_add(line, "no domain");
    else
        line_add_quoted(line, match->domain, VALUE_MOST);
}

/* local_domains are a part of why an entry is for a message. */
static void add_local_domains(struct line *line, const struct facts *facts,
                              const struct match *match)
{
    if (match->connector->local_domains == NULL)
        return;
    line_add(line, facts->recipient_address != NULL ? ", and the recipient is in its local_domains"
                                                    : ", for recipients in its local_domains");
}

static void add_match(struct line *line, const struct facts *facts, const struct match *match)
{
    static const char *const words[] = {
        [MATCHED_BY_SENDER] = "the sender's domain",
        [MATCHED_BY_HELO] = "the sender is <>, and the client's HELO name",
        [MATCHED_BY_CLIENT_NAME] = "the sender is <>, and the client's confirmed name",
        [MATCHED_BY_RECIPIENT] = "the recipient's domain",
    };
    const struct network *network;
    char text[NETWORK_TEXT_SIZE];

    if (match->by == MATCHED_BY_NETWORK) {
        network = network_of_client(facts, match->connector);
        ip_format(&facts->client, text);
        line_add(line, "the sender is <>, and the client %s lies in client_networks", text);
        if (network == NULL)
            return;
        network_format(network, text);
        line_add(line, " (%s)", text);
        return;
    }
    if (span_empty(match->domain) && match->by == MATCHED_BY_RECIPIENT) {
        line_add(line, "a recipient without a domain is covered by *");
        return;
    }
    if (span_empty(match->domain)) {
        line_add(line, "%s is covered by *",
                 facts->sender_address->null ? "the sender <>"
                                             : "a sender without a "
                                               "domain");
        return;
    }
    line_add(line, "%s ", words[match->by]);
    line_add_quoted(line, match->domain, VALUE_MOST);
    line_add(line, " is covered by ");
    words_entry(line, match);
}

void words_match(struct line *line, const struct facts *facts, const struct match *match)
{
    add_match(line, facts, match);
    add_local_domains(line, facts, match);
}

/* Where the same name decides, in an entry for the recipient; NULL: another one does. */
static const char *lost_to_local_domains(const struct match *decided, const struct match *match)
{
    if (decided->connector == NULL || decided->connector->local_domains == NULL ||
        decided->entry == NULL || match->entry == NULL || strcmp(decided->entry, match->entry) != 0)
        return NULL;
    return match->connector->local_domains == NULL ? "the entry with local_domains decides"
                                                   : "closer local_domains decide";
}

void words_fate(struct line *line, const struct facts *facts, const struct match *decided,
                const struct candidate *candidate)
{
    static const char *const words[FATES] = {
        [FATE_COUNTS] = "decides",
        [FATE_LESS_SPECIFIC] = "a closer entry decides",
        [FATE_NO_SUBDOMAINS] = "that domain alone, not what lies below it",
        [FATE_ONLY_SUBDOMAINS] = "what lies below it, not that domain itself",
        [FATE_LOCAL_DOMAINS] = "the recipient is not in its local_domains",
    };

    if (candidate->fate != FATE_LESS_STRICT) {
        const char *lost = NULL;

        if (candidate->fate == FATE_LESS_SPECIFIC && decided->by == MATCHED_BY_NETWORK)
            lost = "the client's network decides";
        else if (candidate->fate == FATE_LESS_SPECIFIC)
            lost = lost_to_local_domains(decided, &candidate->match);
        line_add(line, "%s", lost != NULL ? lost : words[candidate->fate]);
        return;
    }
    line_add(line, "judged as well (%s", outcome_word(candidate->outcome));
    if (candidate->reason != REASON_NONE)
        line_add(line, ": %s", reason_word(candidate->reason));
    line_add(line, "), %s",
             facts->sender_address->null ? "and another one counts"
                                         : "and another one is stricter");
}

void words_verdict(struct line *line, const struct facts *facts, const struct judgement *judgement)
{
    const struct decision *decision = &judgement->decision;

    switch (decision->outcome) {
    case OUTCOME_NONE:
        line_add(line, facts->local ? "passes: it did not come by SMTP, and crosses no inbound hop"
                                    : "passes: no connector is for it");
        return;
    case OUTCOME_EXEMPT:
        line_add(line, "passes: exempt (%s)", reason_word(decision->reason));
        return;
    case OUTCOME_PASS:
        line_add(line, decision->match.connector->level == LEVEL_MAY
                           ? "passes: level may demands nothing"
                           : "passes: every demand is met");
        return;
    case OUTCOME_FAIL:
    case OUTCOME_UNKNOWN:
        break;
    }
    line_add(line, "%s",
             decision->monitored ? "passes, in monitor mode; else it would be " : "would be ");
    line_add(line, "%s with %s%s: %s", decision->would == VERDICT_REJECT ? "refused" : "deferred",
             judgement->refusal.code,
             decision->outcome == OUTCOME_FAIL ? "" : ", because it cannot be told",
             reason_word(decision->reason));
}

void words_reply(struct line *line, const struct facts *facts, const struct judgement *judgement)
{
    const struct refusal *refusal = &judgement->refusal;

    line_add(line, "%s %s ", refusal->code, refusal->status);
    if (facts->mta == MTA_SENDMAIL && refusal->code[0] == '5') {
        line_add_quoted(line, facts->recipient, VALUE_MOST);
        line_add(line, "... ");
    }
    line_add(line, "%s", refusal->text);
}

const struct check_result *certificate_result(const struct decision *decision)
{
    for (size_t i = 0; i < decision->trail.count; i++) {
        if (decision->trail.results[i].check == CHECK_CERTIFICATE)
            return &decision->trail.results[i];
    }
    return NULL;
}

bool entry_result(const struct explanation *explanation, size_t entry, struct check_result *result)
{
    const struct decision *decision = &explanation->inbound.decision;
    const struct check_result *all = certificate_result(decision);
    struct connector alone = *decision->match.connector;
    const struct check_input input = { explanation->rules->connectors, &alone, explanation->facts,
                                       DIRECTION_INBOUND };

    if (all == NULL || all->entry < 0)
        return false;
    alone.certificates += entry;
    alone.certificate_count = 1;
    *result = (struct check_result){ .check = CHECK_CERTIFICATE };
    certificate_check(&input, result);
    return true;
}

void words_entry_result(struct line *line, const struct explanation *explanation, size_t entry)
{
    const struct check_result *all = certificate_result(&explanation->inbound.decision);
    struct check_result result;

    if (!entry_result(explanation, entry, &result)) {
        line_add(line, "-");
        return;
    }
    if (all->outcome != CHECK_MET && (size_t)all->entry == entry)
        line_add(line, "closest: ");
    if (result.outcome == CHECK_MET)
        line_add(line, "fits");
    else if (result.field == FIELD_FROM || result.field == FIELD_UNTIL)
        line_add(line, "not at this date");
    else if (result.outcome == CHECK_UNKNOWN)
        line_add(line, "cannot be told, %s", certificate_field_word(result.field));
    else
        line_add(line, "does not fit, %s", certificate_field_word(result.field));
}

const struct network *exempting_network(const struct rules *rules, const struct facts *facts,
                                        const struct connector *connector, const char **list)
{
    const struct {
        const char *name;
        const struct network_list *networks;
    } lists[] = {
        { "inbound_exempt_networks", &rules->settings.inbound_exempt_networks },
        { "exempt_networks", &connector->exempt_networks },
    };

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        *list = lists[i].name;
        for (size_t n = 0; n < lists[i].networks->count; n++) {
            if (network_contains(&lists[i].networks->networks[n], &facts->client))
                return &lists[i].networks->networks[n];
        }
    }
    return NULL;
}
