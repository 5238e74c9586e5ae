/* SPDX-License-Identifier: ISC */
/*
 * explain_json: the judgement in JSON, for explain_report.c, which describes its shape.
 *
 * Memory that runs out makes a value NULL; json_pack(), json_append() and json_set() pass that on
 * to the value around it, up to the document.
 */
#ifndef FORCETLS_POLICY_CLI_EXPLAIN_EXPLAIN_JSON_H
#define FORCETLS_POLICY_CLI_EXPLAIN_EXPLAIN_JSON_H

#include <jansson.h>

#include "policy/cli/explain/advice.h"
#include "policy/cli/explain/explain.h"
#include "policy/cli/json_out.h"

/* Both take the item over, and return the array or the object. */
json_t *json_append(json_t *array, json_t *item);
json_t *json_set(json_t *object, const char *key, json_t *item);

/* json_foreign() of a C string; NULL becomes null. */
json_t *json_text(const char *text);

json_t *inbound_json(const struct explanation *explanation);

json_t *advice_json(const struct advice_case *wanted);

#endif
