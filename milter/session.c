/* SPDX-License-Identifier: ISC */
#include "milter/session.h"

#include <stdlib.h>
#include <string.h>

struct session *session_new(void)
{
    struct session *session = calloc(1, sizeof(*session));

    if (session != NULL)
        address_init(&session->message.sender);
    return session;
}

void session_free(struct session *session)
{
    if (session == NULL)
        return;
    message_reset(&session->message);
    free(session);
}

void session_connect(struct session *session, const struct macro_source *source,
                     const struct ip *peer)
{
    message_reset(&session->message);
    session->helo[0] = '\0';
    macros_read_connection(source, &session->connection);
    if (peer->family != 0)
        session->connection.client = *peer;
    domain_set(&session->client_domain, span_of(session->connection.client_name));
}

void session_helo(struct session *session, const char *name)
{
    size_t length = name != NULL ? strlen(name) : 0;

    if (length >= sizeof(session->helo))
        length = 0;
    if (length > 0)
        memcpy(session->helo, name, length);
    session->helo[length] = '\0';
    domain_set(&session->helo_domain, span_of(session->helo));
}

static void fill_facts(const struct session *session, struct message *message, int64_t now)
{
    struct facts *facts = &message->facts;
    const struct connection_macros *connection = &session->connection;

    facts_init(facts);
    facts->mta = message->mta;
    facts->now = now;
    facts->local = connection->local;
    facts->authenticated = message->macros.authenticated;
    facts->client = connection->client;
    facts->client_name = span_of(connection->client_name);
    facts->helo_domain = session->helo[0] != '\0' ? &session->helo_domain : NULL;
    facts->client_domain = connection->client_name_confirmed ? &session->client_domain : NULL;
    facts->sender = span_of(message->sender_text);
    facts->sender_address = &message->sender;
    facts->tls = message->macros.tls;
    facts->certificate = message->macros.certificate;
}

static void forget_client(struct facts *facts)
{
    facts->client = (struct ip){ .family = 0 };
    facts->client_domain = NULL;
    facts->authenticated = false;
    facts->tls.state = TLS_NOT_REPORTED;
}

bool message_start(struct session *session, const struct macro_source *source, const char *sender,
                   int64_t now)
{
    struct message *message = &session->message;
    struct span mail_addr = span_of(source->get(source->data, "{mail_addr}"));

    message_reset(message);
    message->snapshot = snapshot_get();
    message->sender_text = strdup(sender);
    if (message->snapshot == NULL || message->sender_text == NULL ||
        !address_parse(&message->sender, span_of(message->sender_text)) ||
        !address_add(&message->sender, mail_addr)) {
        message_reset(message);
        return false;
    }
    /* <""> and <(a comment)> are <> to Postfix and Sendmail, which say so. */
    if (message->sender.count == 0 && span_known(mail_addr) && span_empty(mail_addr))
        message->sender.null = true;
    message->mta = session->connection.mta;
    macros_read_mail(source, &message->mta, &message->macros);
    fill_facts(session, message, now);
    /* libmilter takes the macros of a CONNECT that it did not expect, and does not tell us. */
    if (!macros_same_client(source, &session->connection))
        forget_client(&message->facts);
    return true;
}

/* "<a@b>" as the policy service is told it: a@b. */
static struct span without_brackets(struct span text)
{
    if (text.length >= 2 && text.data[0] == '<' && text.data[text.length - 1] == '>')
        return (struct span){ text.data + 1, text.length - 2 };
    return text;
}

/* What Postfix told the policy service about this recipient's session. */
static void add_fed_facts(const struct session *session, struct feed *feed, int64_t now_ms,
                          struct facts *facts)
{
    const struct connection_macros *connection = &session->connection;
    struct certificate_facts *certificate = &facts->certificate;
    struct feed_key key = { connection->client, connection->server, connection->client_port,
                            connection->server_port };
    struct feed_entry entry;

    if (!feed_take(feed, &key, without_brackets(facts->recipient), facts->tls.protocol_name,
                   facts->tls.cipher, now_ms, &entry))
        return;
    certificate->fingerprint_state = entry.fingerprint_state;
    certificate->fingerprint = entry.fingerprint;
    certificate->public_key_state = entry.public_key_state;
    certificate->public_key = entry.public_key;
    /* Now it can be told whether there is an untrusted certificate or none. */
    if (certificate->trust != TRUST_NONE_OR_UNTRUSTED)
        return;
    if (entry.fingerprint_state == PIN_NO_CERTIFICATE)
        certificate->trust = TRUST_NO_CERTIFICATE;
    else if (entry.fingerprint_state != PIN_NOT_REPORTED)
        certificate->trust = TRUST_UNTRUSTED;
}

bool message_recipient(const struct session *session, const struct macro_source *source,
                       struct feed *feed, const char *recipient, int64_t now_ms,
                       struct address *address, struct facts *facts)
{
    *facts = session->message.facts;
    facts->recipient = span_of(recipient);
    if (!address_parse(address, facts->recipient) ||
        !address_add(address, span_of(source->get(source->data, "{rcpt_addr}"))))
        return false;
    facts->recipient_address = address;
    facts->mailer = span_of(source->get(source->data, "{rcpt_mailer}"));
    facts->next_hop = span_of(source->get(source->data, "{rcpt_host}"));
    if (feed != NULL)
        add_fed_facts(session, feed, now_ms, facts);
    return true;
}

bool message_tally(struct message *message, const struct decision *decision,
                   const struct facts *facts, const struct hop_grip *grip)
{
    struct kept *tallies;

    for (size_t i = 0; i < message->tally_count; i++) {
        struct kept *tally = &message->tallies[i];

        if (tally->decision.match.connector == decision->match.connector &&
            tally->decision.direction == decision->direction &&
            tally->decision.outcome == decision->outcome &&
            tally->decision.reason == decision->reason) {
            tally->recipients++;
            return true;
        }
    }
    tallies = realloc(message->tallies, (message->tally_count + 1) * sizeof(*tallies));
    if (tallies == NULL)
        return false;
    message->tallies = tallies;
    memset(&tallies[message->tally_count], 0, sizeof(*tallies));
    return kept_set(&tallies[message->tally_count++], decision, facts, grip);
}

bool message_is_nobodys(const struct message *message)
{
    return message->tally_count == 0 && message->refusal.decision.outcome == OUTCOME_NONE &&
           message->without_tls.decision.outcome == OUTCOME_NONE && !message->undecided &&
           !message->too_many_domains;
}

void message_reset(struct message *message)
{
    if (message->snapshot != NULL)
        snapshot_put(message->snapshot);
    message->snapshot = NULL;
    free(message->sender_text);
    message->sender_text = NULL;
    address_release(&message->sender);
    for (size_t i = 0; i < message->tally_count; i++)
        kept_release(&message->tallies[i]);
    free(message->tallies);
    message->tallies = NULL;
    message->tally_count = 0;
    kept_release(&message->refusal);
    kept_release(&message->without_tls);
    message->says_without_tls = message->undecided = message->too_many_domains = false;
}
