/* SPDX-License-Identifier: ISC */
/*
 * check_words: what `forcetls check` says of a connector and of an entry of its certificates, word
 * by word. Pure.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_CHECK_WORDS_H
#define FORCETLS_POLICY_CLI_CHECK_CHECK_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/escape.h"
#include "policy/facts.h"
#include "policy/rules.h"

/* "" or "s" */
const char *words_plural(size_t count);

/* "Postfix", "Sendmail"; and as on the command line. */
const char *words_mta(enum mta mta);
const char *words_mta_option(enum mta mta);

/* "inbound", "outbound", "both" */
const char *words_direction(const struct connector *connector);

/* "defer", "reject" */
const char *words_action(enum action action);

/* Whether what the connector demands is enforced at that moment (seconds since 1970): not at level
 * may, and not in monitor mode. */
bool words_enforces(const struct rules *rules, const struct connector *connector, int64_t now);

/* "enforce", "monitor", "monitor, enforce from 2027-01-31". The global mode monitor wins. */
void words_mode(struct line *line, const struct rules *rules, const struct connector *connector,
                int64_t now);

/* "2027-03-01: entry 1 ends, entry 2 begins", "2027-01-31: enforced", or "-" where nothing is to
 * come. Entries are counted from 1. */
void words_next_change(struct line *line, const struct rules *rules,
                       const struct connector *connector, int64_t now);

/* "active", "not yet", "past" */
const char *words_state(enum entry_state state);

/* "active", "not yet (from 2027-01-01)", "past (until 2026-01-01)" */
void words_entry_state(struct line *line, const struct certificate_entry *entry, int64_t now);

#endif
