/* SPDX-License-Identifier: ISC */
/*
 * probe_words: what was found at a next hop, word by word. Pure. The prober's own words are in its
 * JSON line (policy/probe/FORMAT), where foreign bytes are escaped; what is missing there is
 * nothing.
 */
#ifndef FORCETLS_POLICY_CLI_PROBE_PROBE_WORDS_H
#define FORCETLS_POLICY_CLI_PROBE_PROBE_WORDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/escape.h"

#define PROBE_TEXT_SIZE 1200

/* A member of the line; "" where there is none. */
const char *probe_word(const json_t *object, const char *key);
bool probe_word_is(const json_t *object, const char *key, const char *word);

/* Foreign text of it. */
void probe_words_text(struct line *line, const char *text);

/* "2 MX hosts, DNSSEC insecure", "it takes no mail (null MX)" */
void probe_words_lookup(struct line *line, const json_t *result);

/* Of a host without addresses: "no address (nxdomain)", "ourselves ...". False: it has some. */
bool probe_words_host(struct line *line, const json_t *host);

/* "TLSv1.3, certificate trusted", "does not offer STARTTLS" */
void probe_words_state(struct line *line, const json_t *address);

/* "[192.0.2.9]:25" */
void probe_words_address(struct line *line, const json_t *address);

/* probe_rows.c: the rows of an address of the line that speaks TLS: a label, and what is to be said
 * of it. The row at `*position`, which goes on; start with 0. False: no more. */
bool probe_words_row(const json_t *result, const json_t *address, int64_t now, size_t *position,
                     const char **label, char text[PROBE_TEXT_SIZE]);

#endif
