/* SPDX-License-Identifier: ISC */
/*
 * hop_json: a line that forcetls-prober writes (FORMAT, "Answers") becomes facts.
 *
 * The prober talks with strangers' servers, so that what it says is not believed to be well formed:
 * whatever is missing, of another type, out of its range or too much makes the whole line garbage,
 * and so does what cannot be true beside the rest (hop_sound.h).
 * Allocates what the facts need and fails where that cannot be had; never ends the process.
 */
#ifndef FORCETLS_POLICY_PROBE_HOP_JSON_H
#define FORCETLS_POLICY_PROBE_HOP_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/hop.h"
#include "policy/next_hop.h"
#include "policy/why.h"

#define HOP_LINE_MOST ((size_t)256 * 1024) /* bytes */

enum hop_line_type {
    HOP_LINE_RESULT, /* what was found at a hop */
    HOP_LINE_ERROR,  /* a request that was not understood or cannot be done */
    HOP_LINE_PONG    /* it is there */
};

struct hop_line {
    enum hop_line_type type;
    bool has_id; /* a result and a pong always have one */
    int64_t id;
    /* HOP_LINE_RESULT */
    char hop[NEXT_HOP_TEXT_SIZE]; /* as next_hop_format() writes it */
    int64_t started;              /* seconds since 1970 */
    int64_t milliseconds;         /* how long it took */
    struct hop_facts *facts;      /* one block of memory, the caller's to free() */
    size_t size;                  /* of the block */
    /* HOP_LINE_ERROR */
    char text[256]; /* printable ASCII */
};

/* Reads a line without its end. False: it is garbage, or memory ran out; then there are no facts.
 */
bool hop_json_read(struct hop_line *line, struct span text, struct why *why);

#endif
