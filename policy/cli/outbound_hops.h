/* SPDX-License-Identifier: ISC */
/*
 * outbound_hops: what is known of the next hops of one recipient, for a judgement of mail to it:
 * read from a file, or looked at now.
 */
#ifndef FORCETLS_POLICY_CLI_OUTBOUND_HOPS_H
#define FORCETLS_POLICY_CLI_OUTBOUND_HOPS_H

#include <stdbool.h>

#include "policy/cli/explain/notes.h"
#include "policy/cli/probe/probe.h"

struct outbound_hops {
    struct probe probe;
    char next_hop[NEXT_HOPS_MOST * NEXT_HOP_TEXT_SIZE];
    struct facts facts; /* the recipient's, with the way that it is taken to go */
    struct hop_source source;
};

/*
 * Knows the next hops of a recipient of these facts, at facts->now. Where the MTA has not told the
 * hop, it is the one that `file` is about, or those that the connector (NULL: none) lets it go to,
 * and a note says so. `file` NULL: forcetls-prober looks at them. False: the file cannot be read,
 * or memory ran out. Release it in any case.
 */
bool outbound_hops_know(struct outbound_hops *hops, const struct rules *rules,
                        const struct facts *facts, const struct connector *connector,
                        const char *file, struct notes *notes, struct why *why);
void outbound_hops_release(struct outbound_hops *hops);

#endif
