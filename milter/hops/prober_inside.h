/* SPDX-License-Identifier: ISC */
/*
 * prober_inside: a prober from inside, for prober.c (its life) and prober_answers.c (what it
 * writes) only.
 */
#ifndef FORCETLS_MILTER_HOPS_PROBER_INSIDE_H
#define FORCETLS_MILTER_HOPS_PROBER_INSIDE_H

#include "milter/hops/errands.h"
#include "milter/hops/prober.h"
#include "milter/hops/prober_pipes.h"
#include "milter/hops/pulse.h"

#define PROBER_DELAY_LEAST_MS 1000 /* until another one is started; doubled each time */

enum state { STATE_OFF, STATE_WAITING, STATE_STARTING, STATE_RUNNING, STATE_ENDING };

struct prober {
    struct event_base *base;
    const char *program;
    struct prober_user user;
    enum state state;
    char *settings;
    int starter;     /* -1: there is none */
    unsigned starts; /* that it was asked for */
    struct event *starter_event;
    struct event *timer; /* of the state: delay, ending, or the first that is due or overdue */
    struct prober_pipes pipes;
    struct errands errands;
    struct pulse pulse;
    int64_t last_id;
    int delay_ms;
    bool answered; /* this one has */
    unsigned complaints;
};

struct bufferevent;

/* Sets the timer for what is due or overdue next, while it runs. */
void prober_watch(struct prober *prober);

/* Lets go of it, tells its user, and starts another one later. `suspect`: what it was asked to look
 * at may have been why. */
void prober_break_down(struct prober *prober, bool suspect, const char *what);

/* Its output can be read. */
void prober_on_readable(struct bufferevent *pipe, void *data);

#endif
