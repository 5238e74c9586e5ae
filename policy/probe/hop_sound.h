/* SPDX-License-Identifier: ISC */
/*
 * hop_sound: whether what a prober says of a hop can be true at all. Every member of a line may be
 * well formed, and the line still say that a chain is trusted which nobody has sent, or speak of
 * another host than the one that was asked about.
 */
#ifndef FORCETLS_POLICY_PROBE_HOP_SOUND_H
#define FORCETLS_POLICY_PROBE_HOP_SOUND_H

#include <stdbool.h>

#include "policy/hop.h"
#include "policy/next_hop.h"
#include "policy/why.h"

/* Whether the facts agree with each other and with the hop that they are about (FORMAT). */
bool hop_facts_sound(const struct hop_facts *facts, const struct next_hop *hop, struct why *why);

#endif
