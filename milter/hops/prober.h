/* SPDX-License-Identifier: ISC */
/*
 * prober: forcetls-prober as the daemon sees it: a child that is asked about next hops and answers
 * with facts (policy/probe/FORMAT). It is not believed: one that writes garbage, hangs or ends is
 * replaced, after a delay that grows, and what it had not answered is lost.
 *
 * Runs in the service thread, and waits for nothing.
 */
#ifndef FORCETLS_MILTER_HOPS_PROBER_H
#define FORCETLS_MILTER_HOPS_PROBER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/connector.h"
#include "policy/probe/hop_json.h"

struct prober;

/* What it tells its user: from the event loop, and where nothing can be started from
 * prober_start(). */
struct prober_user {
    /* An answer; its facts are to be taken over (NULL them) or are freed. */
    void (*on_result)(void *data, struct hop_line *line);
    /* The prober cannot look at this hop, and says why. */
    void (*on_refused)(void *data, const char *hop, const char *text);
    /* It broke down: once for each hop that it was asked about and has not answered. `suspect`:
     * looking at this hop may have been why. */
    void (*on_lost)(void *data, const char *hop, bool suspect);
    /* It can be asked from now on; or it broke down, and another one is started later. */
    void (*on_state)(void *data, bool runs);
    void *data;
};

/* `program` is what to start (an absolute name, which must outlive it); `starter` the descriptor of
 * starter_new(), taken over; -1: one is made where it is needed. NULL: no memory. */
struct prober *prober_new(struct event_base *base, const char *program, int starter,
                          const struct prober_user *user);
void prober_free(struct prober *prober);

/* How often it is asked whether it is there while it owes answers, and how soon it must say so, if
 * not as pulse.h has it. For one that is started later. */
void prober_set_pulse(struct prober *prober, int64_t every_ms, int64_t within_ms);

/* Starts one that is given this line (of settings, taken over) first, in place of one that runs:
 * what that one was asked about is given back by `give_back`, and is not lost. */
void prober_start(struct prober *prober, char *settings,
                  void (*give_back)(void *data, const char *hop));

/* Ends it, and starts no other. */
void prober_stop(struct prober *prober, void (*give_back)(void *data, const char *hop));

bool prober_runs(const struct prober *prober);

/* How many hops it is asked about now; of one kind (a number of the user's, below ERRAND_KINDS). */
size_t prober_load(const struct prober *prober);
size_t prober_load_of(const struct prober *prober, unsigned kind);

/* Asks about a hop: `line` is what ask_probe_line() makes for `id`, of prober_next_id(). It must
 * answer within `patience_ms`, or it hangs. False: no memory. */
int64_t prober_next_id(struct prober *prober);
bool prober_ask(struct prober *prober, int64_t id, const char *hop, unsigned kind, const char *line,
                int64_t patience_ms);

#endif
