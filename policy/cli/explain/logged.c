/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/explain/logged.h"

#include <stdlib.h>
#include <string.h>

#include "policy/cli/explain/advice.h"

#define PROGRAM "forcetls-milter"
#define VALUE_MOST 60 /* of a line that is none, in an error */

/* ---- the line ------------------------------------------------------------------------------ */

static struct span trim(struct span line)
{
    while (line.length > 0 && strchr(" \t\r\n", line.data[line.length - 1]) != NULL &&
           line.data[line.length - 1] != '\0')
        line.length--;
    while (line.length > 0 && (line.data[0] == ' ' || line.data[0] == '\t')) {
        line.data++;
        line.length--;
    }
    return line;
}

/* The word at `at`, up to a blank. */
static struct span word_at(struct span line, size_t at)
{
    struct span word = { line.data + at, 0 };

    while (at + word.length < line.length && word.data[word.length] != ' ')
        word.length++;
    return word;
}

/* "forcetls-milter[123]:", or without the number, or (RFC 5424) without the colon. */
static bool is_program(struct span word)
{
    size_t length = strlen(PROGRAM);

    return span_starts_with(word, PROGRAM) &&
           (word.length == length || word.data[length] == '[' || word.data[length] == ':');
}

static struct span from_at(struct span line, size_t at)
{
    at = at < line.length ? at : line.length;
    return (struct span){ line.data + at, line.length - at };
}

/*
 * What stands behind a syslog header. The first word that ends in a colon is the program's name, or
 * (RFC 5424, where the name has none) the message's first word; so no other program's line can have
 * our name in its message. Not known: it is no line of ours.
 */
static struct span behind_header(struct span line, struct span *when)
{
    bool named = false;

    for (size_t at = 0; at < line.length;) {
        struct span word = word_at(line, at);
        bool colon = word.length > 0 && word.data[word.length - 1] == ':';

        if (!named && is_program(word)) {
            named = true;
            *when = trim((struct span){ line.data, at });
            if (colon)
                return from_at(line, at + word.length + 1);
        } else if (colon) {
            return named ? from_at(line, at) : (struct span){ NULL, 0 };
        }
        at += word.length + 1;
    }
    return (struct span){ NULL, 0 };
}

static bool contains(struct span line, const char *text)
{
    return memmem(line.data, line.length, text, strlen(text)) != NULL;
}

static bool refuse_line(struct span line, struct why *why)
{
    char text[VALUE_MOST + 1];
    struct line shown;

    line_init(&shown, text, sizeof(text));
    line_add_quoted(&shown, line, VALUE_MOST);
    /* Postfix; Sendmail. */
    if (contains(line, "milter-reject: ") || contains(line, ": Milter: "))
        return why_fail(why,
                        "--log: the MTA's own line of a refusal; wanted is the line of "
                        "forcetls-milter beside it, with verdict= ('%s')",
                        text);
    return why_fail(why,
                    "--log: not a line of forcetls-milter with a verdict, such as 'NOQUEUE: "
                    "inbound verdict=...' ('%s')",
                    text);
}

/* Decodes all values, one behind the other. */
static void decode(struct logged *logged)
{
    char *end = logged->decoded;

    for (int i = 0; i < LOGFIELDS; i++) {
        logged->values[i] = logfields_decode(&logged->fields, (enum logfield)i, end);
        end += logged->fields.values[i].length;
    }
    logged->queue_id = logged->fields.queue_id;
    if (logged->fields.queue_id_quoted)
        logged->queue_id = logfields_unescape(logged->queue_id, end);
    if (span_equal(logged->queue_id, span_of("NOQUEUE")))
        logged->queue_id = (struct span){ NULL, 0 };
}

static unsigned read_number(struct span text)
{
    unsigned number = 0;

    for (size_t i = 0; i < text.length && i < 9; i++) {
        if (!ascii_digit(text.data[i]))
            return 0;
        number = 10 * number + (unsigned)(text.data[i] - '0');
    }
    return number;
}

bool logged_read(struct logged *logged, struct span line, struct why *why)
{
    struct span message;

    memset(logged, 0, sizeof(*logged));
    address_init(&logged->sender);
    address_init(&logged->recipient);
    line = trim(line);
    if (line.length > LOGGED_LINE_MOST)
        return why_fail(why, "--log: too long for a line of the log, at most %d bytes",
                        LOGGED_LINE_MOST);
    logged->line = calloc(1, line.length + 1);
    logged->decoded = calloc(1, line.length + 1);
    if (logged->line == NULL || logged->decoded == NULL)
        return why_fail(why, "out of memory");
    memcpy(logged->line, line.data, line.length);
    line.data = logged->line;
    message = behind_header(line, &logged->when);
    if (!logfields_read(&logged->fields, span_known(message) ? message : line))
        return refuse_line(line, why);
    decode(logged);
    if (!advice_reason(&logged->reason, logged->values[LOGFIELD_REASON]))
        logged->reason = REASON_NONE;
    logged->near_miss = logged->reason == ADVICE_NEAR_MISS;
    logged->recipients = read_number(logged->values[LOGFIELD_NRCPT]);
    if (logged->recipients == 0)
        logged->recipients = 1;
    return true;
}

/* ---- facts --------------------------------------------------------------------------------- */

static bool field_is(const struct logged *logged, enum logfield field, const char *text)
{
    return span_equal(logged->values[field], span_of(text));
}

/* NAME[ADDRESS] */
static void read_client(struct logged *logged)
{
    struct span client = logged->values[LOGFIELD_CLIENT];
    size_t bracket = client.length;

    while (bracket > 0 && client.data[bracket - 1] != '[')
        bracket--;
    if (bracket == 0 || client.data[client.length - 1] != ']')
        return;
    (void)ip_parse(&logged->facts.client,
                   (struct span){ client.data + bracket, client.length - bracket - 1 });
    logged->facts.client_name = (struct span){ client.data, bracket - 1 };
}

static void read_tls(struct logged *logged)
{
    struct span protocol = logged->values[LOGFIELD_TLS];
    struct tls_facts *tls = &logged->facts.tls;

    tls->cipher = logged->values[LOGFIELD_CIPHER];
    tls->cipher_bits = logged->fields.cipher_bits;
    if (span_equal(protocol, span_of("none")))
        tls->state = TLS_PLAIN;
    else if (span_known(tls->cipher) ||
             (span_known(protocol) && !span_equal(protocol, span_of("unknown"))))
        tls->state = TLS_ENCRYPTED;
    if (tls->state != TLS_ENCRYPTED || span_equal(protocol, span_of("unknown")))
        return;
    tls->protocol_name = protocol;
    tls->protocol = protocol_parse(protocol);
}

/* A line of an older version does not say whether the certificate was trusted: only what could not
 * have been logged otherwise is believed. */
static enum trust proven_trust(const struct logged *logged)
{
    bool chain = field_is(logged, LOGFIELD_LEVEL, level_word(LEVEL_VERIFY)) ||
                 field_is(logged, LOGFIELD_LEVEL, level_word(LEVEL_SECURE));

    switch (logged->reason) {
    case REASON_NO_CERTIFICATE:
        return TRUST_NO_CERTIFICATE;
    case REASON_CERTIFICATE_NOT_TRUSTED:
        return TRUST_UNTRUSTED;
    case REASON_NO_TRUSTED_CERTIFICATE:
        return TRUST_NONE_OR_UNTRUSTED;
    case REASON_CERTIFICATE_MISMATCH:
    case REASON_CERTIFICATE_RETIRED:
        /* The names are looked at behind the chain. */
        return chain ? TRUST_TRUSTED : TRUST_NOT_REPORTED;
    default:
        return chain && field_is(logged, LOGFIELD_VERDICT, "pass") ? TRUST_TRUSTED
                                                                   : TRUST_NOT_REPORTED;
    }
}

static enum trust read_trust(const struct logged *logged)
{
    static const struct {
        const char *word;
        enum trust trust;
    } words[] = {
        { "trusted", TRUST_TRUSTED },
        { "untrusted", TRUST_UNTRUSTED },
        { "none", TRUST_NO_CERTIFICATE },
        { "none-or-untrusted", TRUST_NONE_OR_UNTRUSTED },
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (field_is(logged, LOGFIELD_CERTIFICATE, words[i].word))
            return words[i].trust;
    }
    return proven_trust(logged);
}

static void read_certificate(struct logged *logged)
{
    struct certificate_facts *certificate = &logged->facts.certificate;

    if (logged->facts.tls.state != TLS_ENCRYPTED)
        return;
    certificate->trust = read_trust(logged);
    certificate->subject = logged->values[LOGFIELD_SUBJECT];
    certificate->issuer = logged->values[LOGFIELD_ISSUER];
    if (certificate->trust == TRUST_NO_CERTIFICATE)
        certificate->fingerprint_state = certificate->public_key_state = PIN_NO_CERTIFICATE;
    /* Postfix tells only a policy server of untrusted ones, and with a fingerprint. */
    if (logged->facts.mta == MTA_POSTFIX && certificate->trust == TRUST_UNTRUSTED)
        certificate->fingerprint_state = PIN_OTHER_DIGEST;
    if (digest_parse(&certificate->fingerprint, logged->values[LOGFIELD_FINGERPRINT]))
        certificate->fingerprint_state = PIN_KNOWN;
    if (digest_parse(&certificate->public_key, logged->values[LOGFIELD_PUBLIC_KEY]))
        certificate->public_key_state = PIN_KNOWN;
}

/* HELO, and the client's name where it is a confirmed one: Postfix shows no other. */
static void read_names(struct logged *logged, const struct question *question)
{
    struct facts *facts = &logged->facts;

    if (question->helo != NULL) {
        domain_set(&logged->helo_domain, span_of(question->helo));
        facts->helo_domain = &logged->helo_domain;
    }
    if (question->client_name != NULL)
        facts->client_name = span_of(question->client_name);
    else if (facts->mta != MTA_POSTFIX || span_equal(facts->client_name, span_of("unknown")))
        return;
    domain_set(&logged->client_domain, facts->client_name);
    facts->client_domain = &logged->client_domain;
}

static struct span without_brackets(struct span text)
{
    if (text.length >= 2 && text.data[0] == '<' && text.data[text.length - 1] == '>')
        return (struct span){ text.data + 1, text.length - 2 };
    return text;
}

/* An option may say what the line leaves open, not something else. */
static bool agrees(const char *option, const char *given, struct span said, struct why *why)
{
    if (given == NULL || !span_known(said) ||
        span_equal_nocase(without_brackets(span_of(given)), without_brackets(said)))
        return true;
    return why_fail(why, "%s '%.100s' is not what the line says", option, given);
}

static bool read_addresses(struct logged *logged, const struct question *question, struct why *why)
{
    struct facts *facts = &logged->facts;
    struct span to = logged->values[LOGFIELD_TO];

    if (!agrees("--to", question->to, to, why))
        return false;
    if (!span_known(to) && question->to != NULL)
        to = span_of(question->to);
    facts->sender = logged->values[LOGFIELD_FROM];
    facts->recipient = span_known(to) ? to : span_of("<...>");
    facts->sender_address = &logged->sender;
    if (!address_parse(&logged->sender, facts->sender) ||
        (span_known(to) && !address_parse(&logged->recipient, to)))
        return why_fail(why, "out of memory");
    if (span_known(to))
        facts->recipient_address = &logged->recipient;
    return true;
}

static void note_conclusions(const struct logged *logged, struct notes *notes)
{
    if (logged->facts.tls.state == TLS_ENCRYPTED &&
        logged->facts.certificate.trust != TRUST_NOT_REPORTED &&
        !span_known(logged->values[LOGFIELD_CERTIFICATE]))
        line_add(notes_next(notes), "the line does not say what the MTA thought of the certificate "
                                    "(an older version wrote it); that is concluded from the "
                                    "verdict");
    if (logged->facts.mta == MTA_UNKNOWN)
        line_add(notes_next(notes), "the line does not say which MTA it was (--mta postfix, --mta "
                                    "sendmail)");
}

bool logged_facts(struct logged *logged, const struct question *question, int64_t now,
                  struct notes *notes, struct why *why)
{
    struct facts *facts = &logged->facts;

    facts_init(facts);
    facts->now = now;
    facts->authenticated = logged->reason == REASON_AUTHENTICATED;
    if (question->mta != NULL && !mta_parse(&facts->mta, question->mta))
        return why_fail(why, "--mta must be postfix or sendmail ('%.100s')", question->mta);
    if (!read_addresses(logged, question, why))
        return false;
    read_client(logged);
    if (!agrees("--client-name", question->client_name,
                span_equal(facts->client_name, span_of("unknown")) ? (struct span){ NULL, 0 }
                                                                   : facts->client_name,
                why))
        return false;
    read_names(logged, question);
    read_tls(logged);
    read_certificate(logged);
    note_conclusions(logged, notes);
    return true;
}

void logged_release(struct logged *logged)
{
    address_release(&logged->sender);
    address_release(&logged->recipient);
    free(logged->line);
    free(logged->decoded);
}
