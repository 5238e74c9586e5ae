/* SPDX-License-Identifier: ISC */
/*
 * recipient: one RCPT command: what is known of it, what is decided in both directions, and what is
 * kept of that until the message ends. No libmilter here.
 */
#ifndef FORCETLS_MILTER_RECIPIENT_H
#define FORCETLS_MILTER_RECIPIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "milter/hops/hops.h"
#include "milter/session.h"
#include "policy/decide.h"

struct recipient {
    struct address address;
    struct facts facts;
    struct decision inbound, outbound;
    struct hop_grip grip; /* what the outbound one stands on */
    bool blind; /* its message may say what this session is not shown; see recipient_judge() */
};

/* Reads the command; release it in any case. False: memory ran out. */
bool recipient_read(struct recipient *recipient, const struct session *session,
                    const struct macro_source *source, struct feed *feed, const char *address,
                    int64_t now_ms);
void recipient_release(struct recipient *recipient);

/* How many domains the addresses of its message, and it, could mean, where it is too many to judge
 * (JUDGED_DOMAINS_MOST); else 0. */
size_t recipient_too_many_domains(const struct recipient *recipient, const struct session *session);

/*
 * Decides, inbound and outbound. Where the inbound decision refuses it, nothing is asked of the
 * prober on its behalf.
 *
 * A session that was negotiated when there were no outbound connectors is shown neither where a
 * recipient goes nor a message's header. For a recipient that is at one by now nothing can be
 * decided: it is blind, and there is no outbound decision.
 */
void recipient_judge(struct recipient *recipient, const struct session *session, struct hops *hops,
                     int64_t now_ms);

/* Mail that did not come by SMTP, and may not pass: RCPT must not be answered so, the message is
 * refused as a whole. */
bool recipient_waits(const struct recipient *recipient);

/* Keeps what the end of the message needs of a recipient that is let through. False: memory ran
 * out. */
bool recipient_keep(const struct recipient *recipient, struct message *message);

#endif
