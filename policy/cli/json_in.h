/* SPDX-License-Identifier: ISC */
/*
 * json_in: members of a JSON document that another program wrote. What is missing or of another
 * kind is nothing; it is never an error.
 */
#ifndef FORCETLS_POLICY_CLI_JSON_IN_H
#define FORCETLS_POLICY_CLI_JSON_IN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* NULL where there is no such string, also where `object` is NULL. Likewise below. */
static inline const char *json_in_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* 0 where there is no such number. */
static inline int64_t json_in_number(const json_t *object, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(object, key));
}

static inline bool json_in_is_number(const json_t *object, const char *key)
{
    return json_is_integer(json_object_get(object, key));
}

static inline bool json_in_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

#endif
