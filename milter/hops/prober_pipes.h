/* SPDX-License-Identifier: ISC */
/*
 * prober_pipes: what a prober reads and writes (one socket), and its standard error, which is
 * logged.
 */
#ifndef FORCETLS_MILTER_HOPS_PROBER_PIPES_H
#define FORCETLS_MILTER_HOPS_PROBER_PIPES_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

struct bufferevent;

/* All zero is none. */
struct prober_pipes {
    struct bufferevent *stdio;  /* our end */
    struct bufferevent *errors; /* likewise; its own; NULL: it said too much there */
    unsigned lines;             /* that came there */
    unsigned words;             /* lines that were logged, of the probers before it too, since: */
    int64_t words_since_ms;     /* monotonic */
};

/* Logs what a prober says (printable ASCII), of all its words a bounded number in some minutes. */
void prober_pipes_log(struct prober_pipes *pipes, const char *text);

/* Makes pipes. The other ends are to be handed over, and the caller's to close: `ends[0]` is for
 * standard input and output, `ends[1]` for standard error; -1: there is none. False: not all of it
 * could be had. */
bool prober_pipes_make(struct prober_pipes *pipes, struct event_base *base, int ends[2]);
void prober_pipes_close(struct prober_pipes *pipes);

#endif
