/* SPDX-License-Identifier: ISC */
/*
 * fetch: one HTTP exchange (HTTP/1.0, RFC 1945): a GET, or the POST of an OCSP request (RFC 6960,
 * A.1). No redirection is followed, no proxy is asked, nothing is kept.
 *
 * OpenSSL has a client for this, too; what it makes of a status or of a media type differs from
 * version to version, and it does not say which it was.
 */
#ifndef FORCETLS_POLICY_PROBE_FETCH_H
#define FORCETLS_POLICY_PROBE_FETCH_H

#include <stddef.h>
#include <stdint.h>

#include "policy/network.h"
#include "policy/span.h"

struct event_base;
struct fetch;

enum fetch_state {
    FETCH_DONE,
    FETCH_UNREACHABLE, /* no connection */
    FETCH_SILENT,      /* no (whole) answer in time */
    FETCH_REFUSED,     /* a status that is not 200 */
    FETCH_MALFORMED    /* no HTTP, too long, or broken off */
};

struct fetch_plan {
    struct event_base *base;
    struct ip ip;
    unsigned port;
    const struct ip *source; /* without family: whichever */
    const char *host, *path; /* of the address; printable, without blanks */
    struct span request;     /* OCSP's, for a POST; not known: a GET */
    size_t most;             /* bytes of the body */
    int64_t milliseconds;    /* for all of it */
};

struct fetch_answer {
    enum fetch_state state;
    struct span body; /* of FETCH_DONE */
    struct span why;  /* of the others; bytes of the server's may be in it */
};

/* Begins. What the plan points at may go when it returns. `done` is called once, later, never from
 * within; the answer is gone when it returns. */
struct fetch *fetch_start(const struct fetch_plan *plan,
                          void (*done)(void *context, const struct fetch_answer *answer),
                          void *context);

/* Gives it up, without `done`. */
void fetch_cancel(struct fetch *fetch);

#endif
