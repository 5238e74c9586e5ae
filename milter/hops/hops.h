/* SPDX-License-Identifier: ISC */
/*
 * hops: what is known of next hops, each under next_hop_format()'s spelling, and when each is to be
 * looked at again. Facts are kept here; rules are applied to them at each decision.
 *
 * Callbacks read and may ask for a probe; the service thread alone changes what is known and takes
 * what is to be probed. One lock, held for a few instructions: no call waits for anything else.
 *
 * A hop that the configuration names is pinned: it is looked at by itself, again and again, and
 * never forgotten. Any other one (a name below a suffix or "*") is looked at when mail goes there,
 * comes after the pinned ones, and has its place only as long as there is room.
 */
#ifndef FORCETLS_MILTER_HOPS_H
#define FORCETLS_MILTER_HOPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "milter/hops/hop_record.h"
#include "policy/hop.h"
#include "policy/next_hop.h"
#include "policy/rules.h"

struct hops;

/* NULL: no memory, or no descriptor. */
struct hops *hops_new(void);
void hops_free(struct hops *hops);

/* ---- for callbacks -------------------------------------------------------------------------- */

/* The facts that a decision stands on, held until it has been used. */
#define HOP_GRIP_MOST 64
struct hop_grip {
    struct hop_record *records[HOP_GRIP_MOST];
    size_t count;
};

/* A question: by these settings, at this monotonic time, and whether it asks for a probe where
 * nothing is known. */
struct hops_question {
    const struct probe_settings *settings;
    int64_t now_ms;
    bool asks;
};

/* Fills the knowledge about a hop; its facts are in the grip. Past HOP_GRIP_MOST nothing is known.
 * A question that asks costs a hop at most one probe in `retry`, and is passed over while too many
 * hops wait for their first one. */
void hops_get(struct hops *hops, const struct next_hop *hop, const struct hops_question *question,
              struct hop_grip *grip, struct hop_knowledge *knowledge);

/* No demand was met by what is held: the hops are looked at again as soon as `retry` is over. */
void hops_doubt(struct hops *hops, const struct hop_grip *grip,
                const struct hops_question *question);

/* The record that this host is of; NULL: none. */
struct hop_record *hop_grip_find(const struct hop_grip *grip, const struct hop_host *host);
void hop_grip_release(struct hop_grip *grip);

/* ---- for the service thread ------------------------------------------------------------------ */

/* A descriptor that becomes readable when somebody asks for a probe, or calls hops_wake(). */
int hops_wake_fd(const struct hops *hops);
void hops_wake(struct hops *hops);
void hops_woken(struct hops *hops); /* reads it empty */

/* Whether there is a prober that could answer: while there is none, what is not known is
 * REASON_PROBER_FAILURE. At first there is one. */
void hops_set_working(struct hops *hops, bool works);

/* Pins a hop in a new round of pinning; a hop that was not known is due at once. `allows_private`:
 * it may have a private address. False: memory ran out. */
void hops_pin_begin(struct hops *hops);
bool hops_pin(struct hops *hops, const char *hop, bool allows_private, int64_t now_ms);

/* Ends the round: hops that were not pinned in it are so no longer. */
void hops_pin_end(struct hops *hops);

/* All pinned hops are due now. What is known stays, or is forgotten. */
void hops_renew(struct hops *hops, bool forget, int64_t now_ms);

/* In this order of rank. */
enum hop_rank {
    HOP_PINNED,
    HOP_OTHER,
    HOP_SUSPECT, /* a prober that looked at it, perhaps at others too, broke down: probe it alone */
    HOP_RANKS
};

struct hop_order {
    char hop[NEXT_HOP_TEXT_SIZE];
    enum hop_rank rank;
    bool allows_private;
};

/* The next hop that is due, of the ranks that `ranks` (bits, 1 << rank) lets through; it is under
 * way from then on, until hops_found(), hops_lost() or hops_again(). False: none is. */
bool hops_next(struct hops *hops, unsigned ranks, int64_t now_ms, struct hop_order *order);

/* When the next one of these ranks is due; INT64_MAX: never. */
int64_t hops_next_ms(struct hops *hops, unsigned ranks);

/* What was found; takes the facts over. `trouble`: a demand is not met, so that it is looked at
 * again after `retry` and not `interval`. False: memory ran out, and the probe counts as lost. */
bool hops_found(struct hops *hops, const struct probe_settings *settings, const char *hop,
                struct hop_facts *facts, size_t size, int64_t started, int64_t probed_ms,
                bool trouble, int64_t now_ms);

/* There was no answer, or none that says anything; with `broke` because the prober broke down. */
void hops_lost(struct hops *hops, const struct probe_settings *settings, const char *hop,
               bool broke, int64_t now_ms);

/* It was asked in vain, through no fault of anybody's: due again now. */
void hops_again(struct hops *hops, const char *hop, int64_t now_ms);

struct hops_count {
    size_t pinned, others;
    size_t waiting;       /* of the others, for their first probe */
    size_t others_bytes;  /* of what is known of the others */
    unsigned long passed; /* questions that asked and were passed over */
};
void hops_count(struct hops *hops, struct hops_count *count);

/* One hop as a person wants to see it (control socket). */
struct hop_view {
    const char *hop;
    bool pinned, under_way, lost;
    struct hop_record *record; /* what a decision would get; NULL: nothing */
    int64_t due_ms;            /* INT64_MAX: not by itself */
    int64_t used_ms;           /* when mail last went there; 0: never */
};

/* Some of the hops after `*position`, which goes on; start with 0. Calls `visit` for each, with the
 * lock held: it must be quick, and call nothing of this table. False: that was all. */
bool hops_visit(struct hops *hops, size_t *position, const struct hops_question *question,
                void (*visit)(void *data, const struct hop_view *view), void *data);

#endif
