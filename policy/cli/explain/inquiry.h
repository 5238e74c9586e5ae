/* SPDX-License-Identifier: ISC */
/*
 * inquiry: what is asked, as the milter would come to know it. Options become macros, and the
 * milter's own code (session, macros, feed, policy_request) makes facts of them, step by step as
 * callbacks.c has it do; nothing here reads a macro by itself.
 */
#ifndef FORCETLS_POLICY_CLI_EXPLAIN_INQUIRY_H
#define FORCETLS_POLICY_CLI_EXPLAIN_INQUIRY_H

#include <stdbool.h>
#include <stdint.h>

#include "milter/session.h"
#include "policy/cli/explain/notes.h"
#include "policy/cli/explain/pairs.h"
#include "policy/cli/options.h"
#include "policy/rules.h"
#include "policy/why.h"

/* The command line's words; NULL: not given. */
struct question {
    const char *from;
    const char *to; /* NULL: any recipient */
    const char *client_addr;
    const char *client_name; /* a confirmed one */
    const char *helo;
    const char *mta;                /* "postfix", "sendmail" */
    struct option_texts macros;     /* NAME=VALUE */
    struct option_texts attributes; /* NAME=VALUE, of a policy request */
};

struct inquiry {
    const struct question *question;
    struct pairs macros, attributes;
    char *sender, *recipient; /* with angle brackets; recipient NULL: any */
    bool fingerprint_filled_in, public_key_filled_in;

    struct session *session;
    struct feed *feed; /* NULL: no attributes, or nobody would listen to them */
    struct address recipient_address;
    struct facts facts; /* of the recipient; points into all of the above */
    struct span queue_id;
};

/* Understands the command line. The question must live as long as the inquiry. False: wrong usage.
 * Release it in any case. */
bool inquiry_read(struct inquiry *inquiry, const struct question *question, struct notes *notes,
                  struct why *why);

/* Plays the session under the rules that are in force (snapshot_install()), at `now` (seconds
 * since 1970), and fills in the facts. The message's own, before RCPT, are in the session. False:
 * memory ran out, or the MTA that was named is not the one that the macros show. */
bool inquiry_play(struct inquiry *inquiry, const struct rules *rules, int64_t now,
                  struct notes *notes, struct why *why);

void inquiry_release(struct inquiry *inquiry);

/* The MTA of a word of --mta; false: no such word. */
bool mta_parse(enum mta *mta, const char *word);

#endif
