/* SPDX-License-Identifier: ISC */
/*
 * log_reader: the daemon's lines out of files, which may be compressed with gzip, as a stream: one
 * buffer, whatever the files' size. Lines of other programs are passed over.
 */
#ifndef FORCETLS_POLICY_CLI_LOG_LOG_READER_H
#define FORCETLS_POLICY_CLI_LOG_LOG_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/cli/log/log_line.h"
#include "policy/why.h"

struct log_reader;

/* `now` as in timestamp_reader_init(). NULL: memory ran out. */
struct log_reader *log_reader_new(int64_t now);
void log_reader_free(struct log_reader *reader);

/* The next file, "-" for standard input; the one before has been closed. */
bool log_reader_open(struct log_reader *reader, const char *file, struct why *why);

/* The next message, whose text is the reader's until it is called again; false: there are no more,
 * or the file cannot be read on. */
bool log_reader_next(struct log_reader *reader, struct log_message *message);

/* False: the file could not be read to its end, or is compressed in a way that is not known here;
 * what was read before counts. */
bool log_reader_close(struct log_reader *reader, struct why *why);

#endif
