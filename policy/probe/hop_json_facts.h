/* SPDX-License-Identifier: ISC */
/*
 * hop_json_facts: what a line says was found at a hop, from "mx" and "hosts" on.
 */
#ifndef FORCETLS_POLICY_PROBE_HOP_JSON_FACTS_H
#define FORCETLS_POLICY_PROBE_HOP_JSON_FACTS_H

#include "policy/hop.h"
#include "policy/probe/reader.h"

/* As much memory as a line of that many bytes can need. */
size_t hop_json_facts_room(size_t length);

/* Reads them into the reader's memory, which they begin. False: it is no such object, or there is
 * no room. */
bool hop_json_facts_read(struct reader *reader, const json_t *object);

#endif
