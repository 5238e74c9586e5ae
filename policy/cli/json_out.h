/* SPDX-License-Identifier: ISC */
/*
 * json_out: what --json prints. jansson makes the text; here is what it does not have: foreign
 * bytes, and one way to end.
 *
 * Memory that runs out makes a value NULL; json_pack(), json_append() and json_set() pass that on
 * to the value around it, up to the document.
 */
#ifndef FORCETLS_POLICY_CLI_JSON_OUT_H
#define FORCETLS_POLICY_CLI_JSON_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/digest.h"
#include "policy/span.h"

/* A string of any bytes: valid UTF-8 stays, any other byte, NUL and DEL become \xHH as in the log.
 * A span that is not known becomes null. NULL where memory ran out. */
json_t *json_foreign(struct span value);

/* json_foreign() of a C string; NULL becomes null. */
json_t *json_text(const char *text);

/* A digest as the log has it; null where there is none. */
json_t *json_digest(bool known, const struct digest *digest);

/* Both take the item over, and return the array or the object. */
json_t *json_append(json_t *array, json_t *item);
json_t *json_set(json_t *object, const char *key, json_t *item);

/* The day of a moment, "YYYY-MM-DD"; null for DATE_ALWAYS and DATE_NEVER. */
json_t *json_date(int64_t seconds);

/* Prints the document and a line feed to stdout and gives it up; members in the order in which they
 * were set, all of it ASCII. False: memory ran out on the way (`document` may be NULL) or stdout
 * cannot be written; an error has been printed. */
bool json_print(json_t *document);

#endif
