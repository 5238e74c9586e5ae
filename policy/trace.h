/* SPDX-License-Identifier: ISC */
/*
 * trace: how decide.c writes down its way to a decision; for decide.c alone. Callers find what was
 * written in struct trace (decide.h).
 *
 * Has no say in the decision. `recipient` is everywhere the reading of the recipient that is being
 * looked at; NULL: any domain of ours.
 */
#ifndef FORCETLS_POLICY_TRACE_H
#define FORCETLS_POLICY_TRACE_H

#include "policy/decide.h"

void trace_reset(struct trace *trace);

/* Notes every entry whose name is the domain or a parent of it (NULL: only "*"), with the fate that
 * it has unless its connector is judged. */
void trace_domain(struct trace *trace, const struct finder *finder, const struct domain *domain,
                  enum matched_by by);

/* Likewise a connector whose client_networks contain the client. */
void trace_network(struct trace *trace, const struct finder *finder,
                   const struct connector *connector);

/* The connector of an entry that was noted has been judged. */
void trace_judged(struct trace *trace, const struct domain *ours, const struct decision *judged);

/* The end: tells which of the judgements is the decision. */
void trace_decided(struct trace *trace, const struct decision *decision);

#endif
