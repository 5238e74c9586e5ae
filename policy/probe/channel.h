/* SPDX-License-Identifier: ISC */
/*
 * channel: lines in, lines out, on two descriptors: pipes, a terminal, files. It never waits, and
 * leaves the descriptors' flags alone, since others may have them too.
 */
#ifndef FORCETLS_POLICY_PROBE_CHANNEL_H
#define FORCETLS_POLICY_PROBE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/span.h"

struct event_base;
struct channel;

struct channel_user {
    void (*on_line)(void *context, struct span line); /* without its end */
    void (*on_too_long)(void *context);               /* such a line was passed over */
    void (*on_end)(void *context);                    /* of the input */
    void (*on_written)(void *context);                /* all output is */
    void (*on_broken)(void *context);                 /* nobody reads the output any more */
    void *context;
};

/* Lines of more than `line_most` bytes are passed over. Nothing is read before
 * channel_read(true). */
struct channel *channel_new(struct event_base *base, int in, int out, size_t line_most,
                            const struct channel_user *user);
void channel_free(struct channel *channel);

/* Whether to go on reading. */
void channel_read(struct channel *channel, bool reads);

/* Queues a line; its end is added. */
void channel_write(struct channel *channel, const char *line, size_t length);

/* Bytes that nobody has taken yet. */
size_t channel_pending(const struct channel *channel);

#endif
