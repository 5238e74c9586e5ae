/* SPDX-License-Identifier: ISC */
/*
 * tls_policy: the answer of Postfix's smtp_tls_policy_maps for a next hop: a pure function of the
 * rules, the key and the date. What was probed plays no part: a dead prober must not stop what
 * Postfix can enforce by itself.
 *
 * The text is a policy of postconf(5), smtp_tls_policy_maps, as Postfix 3.7 and later read it:
 *
 *   encrypt servername=hostname protocols=>=TLSv1.2 ciphers=high
 *   verify match=hostname servername=hostname protocols=>=TLSv1.2 ciphers=high
 *   secure match=mail.contoso.com:.contoso.com servername=hostname protocols=>=TLSv1.2 ciphers=high
 *       exclude=kRSA:... tafile=PATH
 *   fingerprint match=DIGEST|DIGEST servername=hostname protocols=>=TLSv1.2 ciphers=high
 *
 * match      names: the entries of certificates that count today, or domains (where there are more
 * than CONNECTOR_NAMES_MOST the key's own alone); "hostname" is the MX host servername the MX
 * host's name as SNI, as the prober sends it; not for an address literal protocols  min_protocol
 * ciphers    high, where min_cipher_bits asks for more than 112: every suite of OpenSSL's HIGH has
 * 128 or more. Never a lower grade than main.cf's smtp_tls_mandatory_ciphers could have exclude
 * forward_secrecy, exclude_ciphers, and min_cipher_bits above 128. It is left out where the
 *            connector asks for none of them, since it takes the place of main.cf's exclusions. No
 *            suite of TLSv1.3 can be excluded (tls_policy_unsaid())
 * tafile     the connector's own trust anchors (tls_policy_roots())
 */
#ifndef FORCETLS_POLICY_TLS_POLICY_H
#define FORCETLS_POLICY_TLS_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/escape.h"
#include "policy/rules.h"

enum tls_policy {
    TLS_POLICY_NOTFOUND, /* none of our business: the next map, or smtp_tls_security_level */
    TLS_POLICY_OK,  /* the text is a policy (TLS_POLICY in smtp_tls_policy_maps, postconf(5)) */
    TLS_POLICY_TEMP /* any doubt about a partner: the text is the reason */
};

#define TLS_POLICY_SIZE 16384

/* `tafile` gives the name under which smtp(8) finds a connector's trust anchors (data, connector).
 * It is asked only for a connector that tls_policy_needs_anchors(); NULL, or `*failed` true: they
 * cannot be had (TEMP). */
struct tls_policy_files {
    const char *(*tafile)(void *data, const struct connector *connector, bool *failed);
    void *data;
};

/*
 * `key` as Postfix asks: any case, U-labels or A-labels, "[host]:port", ".parent". The answer is
 * appended to `text`, which has room for TLS_POLICY_SIZE bytes; nothing for NOTFOUND. `files` NULL
 * leaves tafile= out, for those who only want to see the rest.
 *
 * A key belongs to the connectors of the domain that it is, and to those that have it in next_hops.
 * Who sends is not known here: a connector with local_domains is held to by all mail, and where
 * several have the domain, the strictest combination of them counts. What cannot be said together
 * is TEMP.
 */
enum tls_policy tls_policy_answer(const struct rules *rules, struct span key, int64_t now,
                                  const struct tls_policy_files *files, struct line *text);

/* Two connectors of which one policy cannot say what both demand. */
struct tls_policy_clash {
    const struct connector *first, *second;
    const char *sentence; /* why; a literal */
};

/* Whether the connectors of a key can be held to at the same time (policy/conf reports it as an
 * error where they cannot). False: `clash` is filled. */
bool tls_policy_fits(const struct rules *rules, struct span key, int64_t now,
                     struct tls_policy_clash *clash);

/* Whether a connector's trust anchors are not simply Postfix's own (smtp_tls_CAfile): it has a
 * trust_store, or each of its entries of certificates that count wants a root. */
bool tls_policy_needs_anchors(const struct connector *connector, int64_t now);

#define TLS_POLICY_ROOTS_MOST 64 /* where there are more, all of the store counts */

/* The common names to which a connector narrows the anchors of its trust store
 * (rules_trust_store()): `root` of each entry that counts at a moment. 0: it does not, all of the
 * store counts. Whoever writes the file for tafile= writes only anchors with these names, and
 * writes it again when connector_next_change() comes. */
size_t tls_policy_roots(const struct connector *connector, int64_t now, const char **roots,
                        size_t most);

/* What an outbound connector demands that no policy of Postfix can say, so that the decision at
 * RCPT stands alone: ", issuer, organization, ciphers"; false and nothing where all can be said. */
bool tls_policy_unsaid(const struct connector *connector, struct line *line);

#endif
