/* SPDX-License-Identifier: ISC */
/*
 * mta: the MTA's side of the milter protocol, version 6, as Postfix and Sendmail speak it: what the
 * filter negotiated is honoured (steps that it does not want, replies that it does not give, the
 * macros that it asked for). One struct mta is one connection, which is one SMTP session.
 *
 * Commands are gathered and sent by mta_flush(), so that those without a reply travel with the next
 * one that has one, as in Postfix.
 */
#ifndef FORCETLS_TESTS_BENCH_MTA_H
#define FORCETLS_TESTS_BENCH_MTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mta_stage { /* of macros; the numbers are the protocol's */
                 MTA_CONNECT,
                 MTA_HELO,
                 MTA_MAIL,
                 MTA_RCPT,
                 MTA_DATA,
                 MTA_EOM,
                 MTA_EOH,
                 MTA_STAGES
};

struct envelope {
    char sender[128];    /* <a@b> */
    char recipient[128]; /* <c@d> */
    const char *mailer;  /* {rcpt_mailer} */
    char hop[64];        /* {rcpt_host}; "": the recipient's domain */
};

struct mta {
    int fd;
    bool tls;       /* with the macros of a TLS session with a trusted certificate */
    uint32_t steps; /* what the filter answered */
    char lists[MTA_STAGES][512];
    char out[1 << 15], in[4096];
    size_t out_length, in_length;
};

/* Connects; ends the program where nobody listens. */
void mta_open(struct mta *mta, const char *path, bool tls);
void mta_close(struct mta *mta);

/* Each puts its macros and its command into the buffer and says whether a reply is to be waited
 * for before anything else is sent; a step that the filter does not want puts nothing there. */
bool mta_offer(struct mta *mta);
bool mta_connect(struct mta *mta);
bool mta_helo(struct mta *mta);
bool mta_mail(struct mta *mta, const struct envelope *envelope);
bool mta_rcpt(struct mta *mta, const struct envelope *envelope);
bool mta_data(struct mta *mta, const struct envelope *envelope);
bool mta_header(struct mta *mta, const char *name, const char *value);
bool mta_eoh(struct mta *mta, const struct envelope *envelope);
bool mta_body(struct mta *mta, const char *data, size_t length);
bool mta_eom(struct mta *mta, const struct envelope *envelope);
void mta_abort(struct mta *mta);
void mta_quit(struct mta *mta);

void mta_flush(struct mta *mta);

/* Reads once. A reply's letter ('c' continue, 'a' accept, 'y' with a text, 'O' the answer to the
 * offer, which is understood here ...); 0: it is not whole yet. Ends the program where the filter
 * has closed the connection. */
char mta_reply(struct mta *mta);

#endif
