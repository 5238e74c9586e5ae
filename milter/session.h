/* SPDX-License-Identifier: ISC */
/*
 * session: what is known of one SMTP session, and of the message that it is sending.
 *
 * A session belongs to one libmilter context; libmilter calls its callbacks one after the
 * other (on changing threads), so nothing here is locked.
 */
#ifndef FORCETLS_MILTER_SESSION_H
#define FORCETLS_MILTER_SESSION_H

#include <stdbool.h>

#include "milter/feed.h"
#include "milter/kept.h"
#include "milter/macros.h"
#include "milter/snapshot.h"
#include "policy/decide.h"

/* Domains that an address may mean, so that no callback takes long: what is decided grows with the
 * sender's times the recipient's. Two spellings of an ordinary address have two. */
#define JUDGED_DOMAINS_MOST 32

struct message {
    struct snapshot *snapshot; /* NULL: no message under way */
    char *sender_text;
    struct address sender;
    enum mta mta;
    struct mail_macros macros;
    struct facts facts;   /* all but the recipient; points into the session and this message */
    struct kept *tallies; /* recipients that passed (or were exempt from) one connector each */
    size_t tally_count;
    struct kept refusal;     /* the whole message is to be refused for this recipient */
    struct kept without_tls; /* or for this one, if it says that it needs no TLS, */
    bool says_without_tls;   /* and it does (TLS-Required: No, RFC 8689) */
    bool undecided;          /* RCPT could not be answered with what went wrong, */
    bool too_many_domains;   /* or with that: see JUDGED_DOMAINS_MOST */
};

struct session {
    bool macros_complete; /* the MTA took our lists of macros */
    bool sees_outbound;   /* it was asked for what outbound connectors need */
    struct connection_macros connection;
    char helo[256];
    struct domain helo_domain, client_domain;
    struct message message;
};

struct session *session_new(void);
void session_free(struct session *session);

/* A new connection, or a new identity on the old one (XCLIENT): forgets all but what was
 * negotiated. `peer` is the socket's address (family 0: none) and counts before the macros. */
void session_connect(struct session *session, const struct macro_source *source,
                     const struct ip *peer);

/* HELO, also the second one after STARTTLS. NULL: none was given. */
void session_helo(struct session *session, const char *name);

/* Starts a message with the rules in force. `now` in seconds since 1970. False: memory ran out
 * or there are no rules; then there is no message. */
bool message_start(struct session *session, const struct macro_source *source, const char *sender,
                   int64_t now);

/* What is known of one recipient: the message's facts and its own. `address` is the caller's
 * to initialise with address_init() and to release, and must live as long as the facts. False:
 * memory ran out. */
bool message_recipient(const struct session *session, const struct macro_source *source,
                       struct feed *feed, const char *recipient, int64_t now_ms,
                       struct address *address, struct facts *facts);

/* Counts a recipient that passed; `grip` holds what an outbound decision stands on. False: memory
 * ran out. */
bool message_tally(struct message *message, const struct decision *decision,
                   const struct facts *facts, const struct hop_grip *grip);

/* Whether nothing is known by now that the end of the message could need. */
bool message_is_nobodys(const struct message *message);

/* Lets go of the message; no message is fine. */
void message_reset(struct message *message);

#endif
