/* SPDX-License-Identifier: ISC */
/*
 * probe: what `forcetls probe` looks at (hops), for whom (cases: a connector and one of its hops),
 * and what it has found, for those that print it. probe.c fills it.
 */
#ifndef FORCETLS_POLICY_CLI_PROBE_PROBE_H
#define FORCETLS_POLICY_CLI_PROBE_PROBE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/cli/explain/judgement.h"
#include "policy/cli/subcommand.h"
#include "policy/next_hop.h"
#include "policy/rules.h"
#include "policy/why.h"

struct probe_hop {
    char text[NEXT_HOP_TEXT_SIZE]; /* next_hop_format() */
    bool allows_private;
    struct string_list stores; /* that its connectors go by */
    bool has_case;             /* a connector is for it */
    /* The answer: */
    struct hop_facts *facts; /* NULL: none */
    int64_t started;         /* seconds since 1970 */
    json_t *result;          /* the prober's line, where it is kept */
    char *error;             /* NULL: none; why there is no answer */
};

struct probe_case {
    const struct connector *connector;
    uint32_t index;        /* of the connector */
    struct probe_hop *hop; /* NULL: the connector names no single one */
};

/* An entry of a connector's domains, for a recipient that leads to it. */
struct probe_entry {
    const char *name; /* NULL: none */
    enum pattern_kind kind;
};

struct probe {
    const char *file; /* NULL: no configuration */
    const struct rules *rules;
    int64_t now;
    bool all;          /* every outbound connector */
    bool keeps_result; /* the prober's lines are wanted */
    struct probe_hop **hops;
    size_t hop_count, hop_room;
    struct probe_case *cases; /* in the order of the arguments; all: connector by connector */
    size_t case_count, case_room;
    void *by_text;               /* hops, for tsearch(3) */
    struct probe_entry *entries; /* of each connector, one */
    /* What the prober says of its settings. */
    char notes[4][256];
    size_t note_count;
};

/* ---- probe_targets.c: what is to be looked at ------------------------------------------------ */

/* An argument: an outbound connector's name, or a next hop. False: it is neither, or memory ran
 * out. */
bool probe_add(struct probe *probe, const char *argument, bool allows_private, struct why *why);

/* Every outbound connector. */
bool probe_add_all(struct probe *probe, bool allows_private, struct why *why);

/* The hop of that name (next_hop_format()), perhaps a new one; NULL: it is none, or memory ran out.
 */
struct probe_hop *probe_find(struct probe *probe, const char *text);

/* What is known of a hop, as a decision wants it: seen once, and fresh within probe.interval. */
void probe_know(const struct probe *probe, const struct next_hop *hop,
                struct hop_knowledge *knowledge);

void probe_release(struct probe *probe);

/* ---- probe_ask.c: looks at all of it --------------------------------------------------------- */

/* Runs forcetls-prober (FORCETLS_PROBER in the environment comes first) and fills in the answers.
 * `settings` as ask_settings_line() takes them. `progress`: tells a terminal. False: it could not
 * be run; then there are no answers, or not all. */
bool probe_ask(struct probe *probe, const struct settings *settings, bool progress,
               struct why *why);

/* ---- probe_facts.c: for explain ---------------------------------------------------------------
 */

/* Adds the hops of a file of the prober's lines ("-": stdin), with what was found. */
bool probe_read_facts(struct probe *probe, const char *name, struct why *why);

/* ---- probe_verdict.c --------------------------------------------------------------------------
 */

/* A judgement, with what it is made from. */
struct probe_verdict {
    struct facts facts;
    struct address sender, recipient;
    char recipient_text[DOMAIN_MAX + 16];
    struct outbound outbound;
    char sentence[REFUSAL_SIZE]; /* what is wrong; empty: nothing */
};

/* Judges a case as the daemon does at RCPT, by this probe alone: it counts as fresh, and as the
 * first that found this. NULL: memory ran out. */
struct probe_verdict *probe_judge(const struct probe *probe, const struct probe_case *one);
void probe_verdict_free(struct probe_verdict *verdict);

/* What a case comes to, and all of them. */
enum status probe_case_status(const struct probe *probe, const struct probe_case *one);
enum status probe_status(const struct probe *probe);

/* ---- the forms --------------------------------------------------------------------------------
 */

/* probe_text.c. False: not all of it got out; an error has been printed. */
bool probe_print_text(const struct probe *probe, enum status status);

/* probe_all.c: the part of it for all connectors. */
struct page;
void probe_print_all(const struct page *page, const struct probe *probe, enum status status);

/* probe_json.c; its shape is described there. */
bool probe_print_json(const struct probe *probe, enum status status);

#endif
