/* SPDX-License-Identifier: ISC */
/*
 * reply: a reply of an SMTP server (RFC 5321, 4.2), read as its bytes come in.
 *
 * It stops right behind the reply's last line and says how many bytes that took, so that whoever
 * feeds it sees what a server sent without being asked. Everything is bounded.
 */
#ifndef FORCETLS_POLICY_PROBE_REPLY_H
#define FORCETLS_POLICY_PROBE_REPLY_H

#include <stddef.h>

#include "policy/span.h"

/* Bytes of a line, its end included (RFC 5321, 4.5.3.1.5, has 512); lines; bytes of all of them. */
#define REPLY_LINE_MOST 2048
#define REPLY_LINES_MOST 128
#define REPLY_MOST 16384

enum reply_status {
    REPLY_MORE,      /* the end has not come */
    REPLY_DONE,      /* a whole reply */
    REPLY_MALFORMED, /* no reply: what came is kept, up to and with the byte that cannot be */
    REPLY_TOO_LONG   /* a line or the reply is beyond the bounds */
};

/* Zero is a reply of which nothing has come. */
struct reply {
    enum reply_status status;
    int code;      /* 200 to 599, once the first line is whole */
    char *text;    /* its lines as they came, without their ends, joined by LF */
    size_t length; /* of text */
    size_t room;   /* behind text */
    size_t start;  /* of the line under way */
    size_t lines;  /* that are whole */
    size_t bytes;  /* taken so far */
};

/* Ready for the next one. */
void reply_reset(struct reply *reply);
void reply_release(struct reply *reply);

/* Takes bytes up to the end of the reply; `used`: how many. Once it is not REPLY_MORE any more no
 * byte is taken. */
enum reply_status reply_feed(struct reply *reply, const char *data, size_t length, size_t *used);

/* The text of a line, without the code; not known where there is no such line. */
struct span reply_line(const struct reply *reply, size_t index);

/* The whole of it in one line, for a person: "550 5.7.1 go away and do not come back"; of what is
 * no reply, the line that is none. Bytes are as they came, so they are to be escaped. Returns the
 * length, at most `size`. */
size_t reply_summary(const struct reply *reply, char *text, size_t size);

#endif
