/* SPDX-License-Identifier: ISC */
/*
 * explain_json: the judgement in JSON, for explain_report.c, which describes its shape.
 */
#ifndef FORCETLS_POLICY_CLI_EXPLAIN_EXPLAIN_JSON_H
#define FORCETLS_POLICY_CLI_EXPLAIN_EXPLAIN_JSON_H

#include <jansson.h>

#include "policy/cli/explain/advice.h"
#include "policy/cli/explain/explain.h"
#include "policy/cli/json_out.h"

json_t *inbound_json(const struct explanation *explanation);

json_t *advice_json(const struct advice_case *wanted);

#endif
