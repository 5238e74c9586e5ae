/* SPDX-License-Identifier: ISC */
/*
 * reader: takes values out of a JSON document that nobody vouches for, into memory of a size that
 * is set before. What is missing, of another type or out of its range ends the reading with a
 * reason; nothing is allocated.
 */
#ifndef FORCETLS_POLICY_PROBE_READER_H
#define FORCETLS_POLICY_PROBE_READER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/digest.h"
#include "policy/span.h"
#include "policy/why.h"

#define READER_ALIGNMENT _Alignof(max_align_t)

struct reader {
    char *data; /* the caller's memory */
    size_t size, used;
    size_t peak; /* the most that was used: a text needs more room until it is decoded */
    struct why *why;
};

/* Sets the reason: that member is missing or wrong. Returns false. */
bool reader_wrong(struct reader *reader, const char *name);

/* `count` of `size` bytes, all zero; NULL: there is no room. */
void *reader_reserve(struct reader *reader, size_t count, size_t size);

/* Members of an object; false: such a one is not there. */
bool reader_number(struct reader *reader, const json_t *object, const char *name, int64_t least,
                   int64_t most, int64_t *number);
bool reader_count(struct reader *reader, const json_t *object, const char *name, size_t *count);
bool reader_flag(struct reader *reader, const json_t *object, const char *name, bool *flag);
bool reader_digest(struct reader *reader, const json_t *object, const char *name,
                   struct digest *digest);

/* One of `count` words; `word` knows them by their numbers. */
bool reader_word(struct reader *reader, const json_t *object, const char *name,
                 const char *(*word)(unsigned number), unsigned count, unsigned *number);

/* A text, with its foreign bytes as they were; `instead`: what is given for null. */
bool reader_string(struct reader *reader, const json_t *object, const char *name,
                   struct span *text);
bool reader_optional(struct reader *reader, const json_t *object, const char *name,
                     struct span instead, struct span *text);

/* The same of a value of its own; `name` is for the reason. */
bool reader_text(struct reader *reader, const json_t *value, const char *name, struct span *text);

/* An array of at most `most` elements, each of which the facts have so many bytes for. NULL: none,
 * or there is no room. */
void *reader_array(struct reader *reader, const json_t *object, const char *name, size_t most,
                   size_t size, const json_t **array, size_t *count);

#endif
