/* SPDX-License-Identifier: ISC */
/*
 * explain_words: what `forcetls explain` says, word by word; shared by its two forms. Pure. What
 * comes from outside is escaped here.
 */
#ifndef FORCETLS_POLICY_CLI_EXPLAIN_EXPLAIN_WORDS_H
#define FORCETLS_POLICY_CLI_EXPLAIN_EXPLAIN_WORDS_H

#include "policy/cli/explain/explain.h"
#include "policy/escape.h"

/* Words that stay: "sender", "network", "helo", "client-name"; "plain", "encrypted",
 * "not-reported"; "met", "unmet", "unknown". */
const char *words_by(enum matched_by by);
const char *words_tls_state(enum tls_state state);
const char *words_check_outcome(enum check_outcome outcome);

/* As in the log: "trusted", "none-or-untrusted" ...; NULL: not reported. */
const char *words_trust(enum trust trust);

/* "*.contoso.com"; "client_networks" where a network led to it. */
void words_entry(struct line *line, const struct match *match);

/* NAME[ADDRESS], as the log has it. */
void words_client(struct line *line, const struct facts *facts);

/* "TLSv1.3, TLS_AES_256_GCM_SHA384, 256 bits", "not encrypted" */
void words_session(struct line *line, const struct tls_facts *tls);

/* "trusted, name 'mail.contoso.com', issuer 'Contoso Mail CA'" */
void words_certificate(struct line *line, const struct certificate_facts *certificate);

/* What was looked up: "contoso.com", "HELO mail.contoso.com", "client 192.0.2.25". */
void words_led_by(struct line *line, const struct facts *facts, const struct match *match);

/* Why this connector: "the sender's domain contoso.com is covered by *.contoso.com". */
void words_match(struct line *line, const struct facts *facts, const struct match *match);

/* What became of an entry that does not decide; `decided` is the one that does. */
void words_fate(struct line *line, const struct facts *facts, const struct match *decided,
                const struct candidate *candidate);

/* "passes: every demand is met", "would be refused with 550: no-tls" */
void words_verdict(struct line *line, const struct facts *facts, const struct judgement *judgement);

/* The reply as the client sees it: Sendmail puts the recipient into a 5xx one. */
void words_reply(struct line *line, const struct facts *facts, const struct judgement *judgement);

/* What the certificate's check says of one entry of certificates alone. False: the check was not
 * looked at, or there is no certificate to compare. */
bool entry_result(const struct explanation *explanation, size_t entry, struct check_result *result);

/* That in words: "fits", "closest: does not fit, issuer"; "-" where it is not known. */
void words_entry_result(struct line *line, const struct explanation *explanation, size_t entry);

/* The network that exempts the client, and the list that it is in; NULL: none does. */
const struct network *exempting_network(const struct rules *rules, const struct facts *facts,
                                        const struct connector *connector, const char **list);

/* The network of client_networks that the client lies in; NULL: none. */
const struct network *network_of_client(const struct facts *facts,
                                        const struct connector *connector);

/* The result of the certificate's check; NULL: it was not looked at. Its entry came closest. */
const struct check_result *certificate_result(const struct decision *decision);

#endif
