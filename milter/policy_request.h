/* SPDX-License-Identifier: ISC */
/*
 * policy_request: the attributes of one request of Postfix's SMTPD policy protocol
 * (SMTPD_POLICY_README: NAME=VALUE lines until an empty one), read into a feed entry.
 */
#ifndef FORCETLS_MILTER_POLICY_REQUEST_H
#define FORCETLS_MILTER_POLICY_REQUEST_H

#include <stdbool.h>

#include "milter/feed.h"
#include "policy/span.h"

/* Which of the attributes that we read came. */
struct policy_request {
    unsigned seen, bad; /* bits of the table's rows: came; came twice or is no such value */
    bool is_access;     /* request=smtpd_access_policy */
    bool is_recipient;  /* protocol_state=RCPT */
    struct feed_entry entry;
};

/* Nothing read yet. */
void policy_request_reset(struct policy_request *request);

/* Reads one line, without its line feed. False: it is no attribute; then the peer does not speak
 * this protocol. */
bool policy_request_line(struct policy_request *request, struct span line);

/* Call it at the empty line. Whether the request is one for the feed: about a recipient, with
 * both ends of the session. `request->entry` is complete then; its recipient is empty where
 * anything else about the request is doubtful. */
bool policy_request_finish(struct policy_request *request);

#endif
