/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/log/log_facts.h"

#include <string.h>

#include "policy/logfields.h"

#define RECIPIENTS_DIGITS 9

static const struct verdict_row {
    const char *word;
    enum log_verdict verdict;
    bool refused, met;
    enum logfield last; /* without this key it is not all of the line */
} verdict_rows[] = {
    { "pass", LOG_VERDICT_PASS, false, true, LOGFIELD_MODE },
    { "exempt", LOG_VERDICT_EXEMPT, false, false, LOGFIELD_MODE },
    { "reject", LOG_VERDICT_REFUSED, true, false, LOGFIELD_TEXT },
    { "defer", LOG_VERDICT_REFUSED, true, false, LOGFIELD_TEXT },
    { "monitor", LOG_VERDICT_MONITOR, false, false, LOGFIELD_TEXT },
    { "none", LOG_VERDICT_NEAR_MISS, false, false, LOGFIELD_TEXT },
};

/* The words of certificate=. */
static const char trusted[] = "trusted", untrusted[] = "untrusted", none[] = "none",
                  none_or_untrusted[] = "none-or-untrusted";
static const char *const states[] = { trusted, untrusted, none, none_or_untrusted };

/* What a refusal says of the certificate, in lines without certificate=. */
static const struct reason_state {
    enum reason reason;
    const char *state;
} reason_states[] = {
    { REASON_NO_CERTIFICATE, none },
    { REASON_CERTIFICATE_NOT_TRUSTED, untrusted },
    { REASON_NO_TRUSTED_CERTIFICATE, none_or_untrusted },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline bool is(struct span text, const char *word)
{
    size_t length = strlen(word);

    return text.data != NULL && text.length == length && memcmp(text.data, word, length) == 0;
}

static const struct verdict_row *find_verdict(const struct logfields *fields)
{
    for (size_t i = 0; i < COUNT(verdict_rows); i++) {
        if (is(fields->values[LOGFIELD_VERDICT], verdict_rows[i].word))
            return &verdict_rows[i];
    }
    return NULL;
}

static enum reason find_reason(struct span word)
{
    if (!span_known(word))
        return REASON_NONE;
    for (int reason = 0; reason < REASONS; reason++) {
        if (is(word, reason_word((enum reason)reason)))
            return (enum reason)reason;
    }
    return REASONS;
}

static uint64_t read_recipients(struct span text)
{
    uint64_t value = 0;

    if (text.length > RECIPIENTS_DIGITS)
        return 0;
    for (size_t i = 0; i < text.length; i++) {
        if (!ascii_digit(text.data[i]))
            return 0;
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    return value;
}

/* Most names are canonical as they stand. */
static bool is_canonical(struct span name)
{
    if (name.length == 0 || name.length > DOMAIN_MAX || name.data[name.length - 1] == '.')
        return false;
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];

        if (!(c >= 'a' && c <= 'z') && !ascii_digit(c) && c != '.' && c != '-')
            return false;
    }
    return true;
}

static void set_partner(struct domain *partner, struct span name)
{
    if (!is_canonical(name)) {
        domain_set(partner, name);
        return;
    }
    partner->length = (uint8_t)name.length;
    partner->cut = false;
    memcpy(partner->name, name.data, name.length);
    partner->name[name.length] = '\0';
}

/* The right end of an address. Where the brackets are not closed it was cut: there is none. */
static bool read_partner(struct domain *partner, struct span address)
{
    const char *at;

    if (address.length < 2 || address.data[0] != '<' || address.data[address.length - 1] != '>')
        return false;
    at = memrchr(address.data, '@', address.length);
    if (address.length == 2)
        set_partner(partner, address);
    else if (at == NULL)
        set_partner(partner, span_of("(no domain)"));
    else
        set_partner(partner,
                    (struct span){ at + 1, address.length - (size_t)(at + 1 - address.data) - 1 });
    return true;
}

/* certificate=, or what follows without it from the verdict. NULL: it is not known. */
static const char *certificate_state(const struct logfields *fields, const struct log_facts *facts)
{
    struct span word = fields->values[LOGFIELD_CERTIFICATE];
    struct span level = fields->values[LOGFIELD_LEVEL];

    for (size_t i = 0; span_known(word) && i < COUNT(states); i++) {
        if (is(word, states[i]))
            return states[i];
    }
    for (size_t i = 0; !span_known(word) && i < COUNT(reason_states); i++) {
        if (facts->reason == reason_states[i].reason)
            return reason_states[i].state;
    }
    if (!span_known(word) && facts->verdict == LOG_VERDICT_PASS &&
        (is(level, level_word(LEVEL_VERIFY)) || is(level, level_word(LEVEL_SECURE))))
        return trusted;
    return NULL;
}

static void read_names(struct log_facts *facts, const struct logfields *fields, const char *state)
{
    static const struct name_row {
        enum log_kind kind;
        enum logfield field;
    } names[] = {
        { LOG_SUBJECT, LOGFIELD_SUBJECT },
        { LOG_ISSUER, LOGFIELD_ISSUER },
        { LOG_ROOT, LOGFIELD_ROOT },
        { LOG_FINGERPRINT, LOGFIELD_FINGERPRINT },
    };

    for (size_t i = 0; i < COUNT(names); i++) {
        enum log_kind kind = names[i].kind;

        facts->seen.sights[kind] =
            (struct log_sight){ logfields_decode(fields, names[i].field, facts->decoded[kind]),
                                LOG_UNRANKED, state };
    }
}

/* "none" is the worst of the ranks, a word that is not known has none. */
static void read_session(struct log_facts *facts, const struct logfields *fields)
{
    struct span word = logfields_decode(fields, LOGFIELD_TLS, facts->decoded[LOG_PROTOCOL]);
    enum tls_protocol protocol = protocol_parse(word);
    bool plain = is(word, "none");
    const char *state;

    if (!span_known(word) || is(word, "unknown"))
        return;
    facts->seen.sights[LOG_PROTOCOL].text = word;
    facts->seen.sights[LOG_PROTOCOL].rank = plain                          ? 0
                                            : protocol == PROTOCOL_UNKNOWN ? LOG_UNRANKED
                                                                           : (int)protocol;
    if (plain)
        return;
    facts->seen.sights[LOG_CIPHER].text =
        logfields_decode(fields, LOGFIELD_CIPHER, facts->decoded[LOG_CIPHER]);
    facts->seen.sights[LOG_CIPHER].rank =
        fields->cipher_bits >= 0 ? fields->cipher_bits : LOG_UNRANKED;
    state = certificate_state(fields, facts);
    facts->seen.sights[LOG_CERTIFICATE].text = span_of(state);
    facts->seen.sights[LOG_CERTIFICATE].rank = state == trusted ? 1 : 0;
    read_names(facts, fields, state);
}

/* Whether the client is, as far as can be told, the partner. */
static bool shows_partner(const struct log_facts *facts)
{
    return facts->verdict != LOG_VERDICT_EXEMPT && facts->verdict != LOG_VERDICT_NEAR_MISS &&
           facts->reason != REASON_CLIENT_NOT_ALLOWED;
}

bool log_facts_read(struct log_facts *facts, const struct log_message *message)
{
    const struct verdict_row *row;
    struct logfields fields;
    enum logfield address;

    if (message->text.length > LOG_MESSAGE_MOST || !logfields_read(&fields, message->text))
        return false;
    row = find_verdict(&fields);
    if (row == NULL || !span_known(fields.values[row->last]) ||
        !span_known(fields.values[LOGFIELD_CONNECTOR]))
        return false;
    address = fields.direction == DIRECTION_INBOUND ? LOGFIELD_FROM : LOGFIELD_TO;
    facts->direction = fields.direction;
    facts->verdict = row->verdict;
    facts->reason = find_reason(fields.values[LOGFIELD_REASON]);
    facts->connector = logfields_decode(&fields, LOGFIELD_CONNECTOR, facts->decoded[LOG_KINDS]);
    facts->recipients = read_recipients(fields.values[LOGFIELD_NRCPT]);
    facts->has_partner = read_partner(
        &facts->partner, logfields_decode(&fields, address, facts->decoded[LOG_SUBJECT]));
    facts->shows_partner = shows_partner(facts);
    facts->seen = (struct log_seen){
        .time = message->time, .count = message->count, .met = row->met, .refused = row->refused
    };
    if (facts->shows_partner)
        read_session(facts, &fields);
    return true;
}
