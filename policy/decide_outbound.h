/* SPDX-License-Identifier: ISC */
/*
 * decide_outbound: the rule for a recipient at a partner. Where does the message go, may it go
 * there, and does that hop meet the demands?
 *
 * Allocates nothing, waits for nothing. Whatever is not known is no pass, unless the connector's
 * key `unknown` says "accept" (then the TLS policy map holds the delivery).
 */
#ifndef FORCETLS_POLICY_DECIDE_OUTBOUND_H
#define FORCETLS_POLICY_DECIDE_OUTBOUND_H

#include "policy/decide.h"
#include "policy/hop.h"
#include "policy/next_hop.h"

/* Where knowledge about hops comes from: the daemon's table, or a command's list. */
struct hop_source {
    /* Fills `knowledge` for a hop; what it points to must live until the decision has been used. */
    void (*get)(void *data, const struct next_hop *hop, struct hop_knowledge *knowledge);
    void *data;
};

/*
 * Judges one recipient outbound. Looks at facts->recipient_address (every reading of the RCPT
 * argument and of {rcpt_addr}; the strictest verdict counts), at facts->sender_address for
 * local_domains, and at mailer and next_hop. `decision->seen` says which host it stands on.
 *
 * Where nothing hops, the outcome is OUTCOME_NONE. A hop that was not told, or cannot be read, is
 * deferred whatever `unknown` says: the map may not know its key.
 *
 * Mail that did not come by SMTP (facts->local) is told no hop by Postfix, and is taken to go where
 * its connector lets it: to next_hops, or else to the domain's own MX. It is never deferred: where
 * there is a TLS policy map it passes and the map holds the delivery, else it is rejected, to be
 * refused at the end of the message.
 */
void decide_outbound(const struct rules *rules, const struct facts *facts,
                     const struct hop_source *source, struct decision *decision);

/* decide_outbound(), and the way there. The decision is the same. */
void decide_outbound_traced(const struct rules *rules, const struct facts *facts,
                            const struct hop_source *source, struct decision *decision,
                            struct trace *trace);

/* Whether a recipient could fall under an outbound connector at all (cheap: there is one). */
bool decide_outbound_possible(const struct rules *rules);

/* Whether a message to this recipient may carry "TLS-Required: No" (RFC 8689): false where it is at
 * an outbound connector that demands anything. Then `decision` says at which, with
 * REASON_TLS_NOT_REQUIRED; its verdict is a rejection, or in monitor mode a pass. Of a message with
 * several recipients the strictest counts (decision_stricter()). */
bool decide_tls_required(const struct rules *rules, const struct facts *facts,
                         struct decision *decision);

#endif
