/* SPDX-License-Identifier: ISC */
/*
 * macros: what an MTA says in milter macros becomes facts. Postfix and Sendmail spell the same
 * fact in different ways; a table has both spellings.
 *
 * Pure: no libmilter here. The caller gives a function that finds a macro's value, so the same
 * code reads a live session and a list of NAME=VALUE.
 */
#ifndef FORCETLS_MILTER_MACROS_H
#define FORCETLS_MILTER_MACROS_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/facts.h"

struct macro_source {
    /* The value of a macro ("{tls_version}", "i"), or NULL. */
    const char *(*get)(void *data, const char *name);
    void *data;
    /* The MTA was asked for the macros below and took the list: then one that is absent is
     * absent, not just unlisted. */
    bool complete;
};

/* The stages at which macros are asked for, and the list of each for smfi_setsymlist(3), built
 * from the table into `list`. False: the stage has none. */
enum macro_stage {
    MACROS_CONNECT,
    MACROS_HELO,
    MACROS_MAIL,
    MACROS_RCPT,
    MACROS_RCPT_OUTBOUND, /* RCPT, where there are outbound connectors */
    MACROS_EOM,
    MACRO_STAGES
};
bool macros_list(enum macro_stage stage, char *list, size_t size);

/* Whether a macro of that name ("{cipher}", "v") is in the table, at whatever stage. */
bool macros_reads(struct span name);

/* Facts of the connection, read at CONNECT. */
struct connection_macros {
    enum mta mta;
    bool local; /* Postfix's simulated session for mail that came by sendmail(1) */
    bool client_name_confirmed;
    char client_name[256];
    struct ip client;   /* the socket's address, else the reported one; family 0: not known */
    struct ip reported; /* {client_addr} */
    struct ip server;
    uint16_t client_port, server_port;
};

void macros_read_connection(const struct macro_source *source, struct connection_macros *read);

/* Whether the client that is reported now is the one that was. */
bool macros_same_client(const struct macro_source *source, const struct connection_macros *read);

/* Facts of the TLS session, read at each MAIL. The texts that the facts point to. */
struct mail_macros {
    bool authenticated;
    struct tls_facts tls;
    struct certificate_facts certificate;
    char protocol[32], cipher[80];
    char subject[256], issuer[256], organization[256], organizational_unit[256];
};

/* `mta` may become known here (Sendmail's {verify}). */
void macros_read_mail(const struct macro_source *source, enum mta *mta, struct mail_macros *read);

#endif
