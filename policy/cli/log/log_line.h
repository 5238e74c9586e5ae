/* SPDX-License-Identifier: ISC */
/*
 * log_line: the header of a syslog line: whether the line is the daemon's, when it was written, and
 * what it says.
 *
 * It is the daemon's if "forcetls-milter[PID]: " stands behind the time and at most one word (the
 * host). What another program quotes in its message does not stand there. In a file whose first
 * line has no such header (journalctl -o cat), verdict lines without a header count too.
 *
 * Lines in which syslog says that a message of the daemon was repeated count as often. Where such a
 * line does not name the program (BSD's syslogd), it cannot be told whose it is, and does not
 * count.
 */
#ifndef FORCETLS_POLICY_CLI_LOG_LOG_LINE_H
#define FORCETLS_POLICY_CLI_LOG_LOG_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/cli/log/timestamp.h"
#include "policy/span.h"

#define LOG_TAG "forcetls-milter["   /* in the header of each line of the daemon */
#define LOG_VERDICT "bound verdict=" /* in each verdict line, with a header or without */
#define LOG_MESSAGE_MOST 1024        /* the daemon's lines have 1000 bytes */

/* One message of the daemon. */
struct log_message {
    struct span text; /* behind the header */
    int64_t time;     /* or TIMESTAMP_UNKNOWN */
    uint64_t count;   /* how often; more than once where syslog says that it was repeated */
};

struct log_line_reader {
    struct timestamp_reader times;
    bool bare;     /* lines without a header count */
    size_t length; /* of the last message, which may be repeated; 0: none */
    char last[LOG_MESSAGE_MOST];
};

void log_line_reader_init(struct log_line_reader *reader, int64_t now);

/* A file begins, with this text. */
void log_line_reader_start(struct log_line_reader *reader, struct span text);

/* False: the line is not the daemon's. The message's text is in the line, or, where syslog only
 * says that it was repeated, the reader's. */
bool log_line_read(struct log_line_reader *reader, struct span line, struct log_message *message);

#endif
