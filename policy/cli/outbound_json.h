/* SPDX-License-Identifier: ISC */
/*
 * outbound_json: an outbound decision in JSON: what probe and explain share. probe/probe_json.c
 * describes the members.
 */
#ifndef FORCETLS_POLICY_CLI_OUTBOUND_JSON_H
#define FORCETLS_POLICY_CLI_OUTBOUND_JSON_H

#include <jansson.h>

#include "policy/cli/explain/judgement.h"

/* Sets outcome, reason, text, verdict, would, mode, confirmed, seen and demands of an object, which
 * is taken over and given back; NULL: memory. */
json_t *outbound_set_json(json_t *object, const struct facts *facts,
                          const struct outbound *outbound, const char *sentence);

/* The same members, all null. */
json_t *outbound_set_nothing(json_t *object);

#endif
