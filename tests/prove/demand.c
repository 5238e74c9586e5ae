/* SPDX-License-Identifier: ISC */
/*
 * demand: the checks of a connector's demands, inbound and outbound. Facts that are taken away are
 * all but subjectAltName, without which a common name counts (no MTA reports one, and the prober
 * always does).
 *
 * sources  policy/demand.c policy/certificate.c policy/connector.c
 * bounds   any connector of up to 2 certificates entries, 2 pins, 2 ciphers; any facts, 2 names
 * unwind   3
 * loops    demand_check.0:10 trail_decisive.0:10 entry_outcome.0:10 open_world.0:5 open_world.1:5
 *          forget.0:7
 * with     model: -DPROVE_MODEL
 * with     facts: -DPROVE_FACTS
 * with     demands: -DPROVE_DEMANDS
 */
#include "tests/prove/demands.h"

/* ---- the model: what is demanded, said once more and plainly --------------------------------- */

static bool same(const char *wanted, struct span got)
{
    return wanted == NULL || (!span_empty(got) && span_equal(span_of(wanted), got));
}

static bool pinned(const struct certificate_facts *seen, bool key, const struct digest *digest)
{
    return key ? seen->public_key_state == PIN_KNOWN && digest_equal(digest, &seen->public_key)
               : seen->fingerprint_state == PIN_KNOWN && digest_equal(digest, &seen->fingerprint);
}

static bool one_pinned(const struct certificate_facts *seen, const struct certificate_entry *entry)
{
    for (size_t i = 0; i < entry->pin_count; i++) {
        if (pinned(seen, entry->pins[i].public_key, &entry->pins[i].digest))
            return true;
    }
    return entry->pin_count == 0;
}

/* Of the names that count, one for which `fits` says so. */
static bool named(const struct certificate_facts *seen,
                  bool (*fits)(const void *data, struct span name), const void *data)
{
    if (!seen->has_alt_names && seen->alt_name_count == 0)
        return !span_empty(seen->subject) && fits(data, seen->subject);
    for (size_t i = 0; i < seen->alt_name_count; i++) {
        if (fits(data, seen->alt_names[i]))
            return true;
    }
    return false;
}

static enum direction direction;

static bool fits_entry(const void *data, struct span name)
{
    const struct certificate_entry *entry = data;

    return wanted_name_fits(&entry->name, name, direction == DIRECTION_OUTBOUND);
}

static bool fits_domains(const void *data, struct span name)
{
    struct domain domain;
    bool wildcard;

    (void)data;
    return presented_name_read(name, &wildcard, &domain) &&
           !(wildcard && direction == DIRECTION_INBOUND) &&
           connectors_owns_name(NULL, NULL, &domain);
}

static bool entry_met(const struct connector *connector, const struct certificate_entry *entry,
                      const struct facts *facts)
{
    const struct certificate_facts *seen = &facts->certificate;
    bool pins = entry->has_fingerprint || entry->has_public_key || entry->pin_count > 0;

    if (facts->now < entry->from || facts->now >= entry->until)
        return false;
    if (connector->level == LEVEL_FINGERPRINT && !pins)
        return false;
    if (entry->has_name && !named(seen, fits_entry, entry))
        return false;
    if (!entry->has_name && !pins && direction == DIRECTION_OUTBOUND &&
        seen->host_name != HOST_NAME_FITS)
        return false;
    return same(entry->issuer, seen->issuer) && same(entry->root, seen->root) &&
           same(entry->organization, seen->organization) &&
           same(entry->organizational_unit, seen->organizational_unit) &&
           (entry->key_bits == 0 || seen->key_bits >= entry->key_bits) &&
           (!entry->has_fingerprint || pinned(seen, false, &entry->fingerprint)) &&
           (!entry->has_public_key || pinned(seen, true, &entry->public_key)) &&
           one_pinned(seen, entry);
}

static bool certificate_met(const struct connector *connector, const struct facts *facts)
{
    if (cipher_is_anonymous(facts->tls.cipher))
        return false;
    if (connector->certificate_count == 0)
        return connector->level == LEVEL_SECURE && named(&facts->certificate, fits_domains, NULL);
    for (size_t i = 0; i < connector->certificate_count; i++) {
        if (entry_met(connector, &connector->certificates[i], facts))
            return true;
    }
    return false;
}

static bool listed(const struct string_list *list, struct span cipher)
{
    for (size_t i = 0; i < list->count; i++) {
        if (cipher_equal(span_of(list->strings[i]), cipher))
            return true;
    }
    return false;
}

static bool cipher_met(const struct connector *connector, const struct tls_facts *tls)
{
    bool lists = connector->ciphers.count > 0 || connector->exclude_ciphers.count > 0;

    if (!cipher_is_name(tls->cipher) || cipher_is_null(tls->cipher) || tls->cipher_bits <= 0 ||
        tls->cipher_bits < connector->min_cipher_bits)
        return false;
    if (connector->forward_secrecy &&
        cipher_forward_secrecy(tls->cipher, tls->protocol) != FORWARD_SECRECY_YES)
        return false;
    return !lists || (!listed(&connector->exclude_ciphers, tls->cipher) &&
                      (connector->ciphers.count == 0 || listed(&connector->ciphers, tls->cipher)));
}

static bool all_met(const struct connector *connector, const struct facts *facts)
{
    const struct tls_facts *tls = &facts->tls;
    bool chain = connector->level == LEVEL_VERIFY || connector->level == LEVEL_SECURE;

    if (connector->level == LEVEL_MAY)
        return true;
    if (direction == DIRECTION_INBOUND && connector->client_networks.count > 0 &&
        !network_list_contains(&connector->client_networks, &facts->client))
        return false;
    if (tls->state != TLS_ENCRYPTED || tls->protocol == PROTOCOL_UNKNOWN ||
        tls->protocol < connector->min_protocol || !cipher_agrees(tls->cipher, tls->protocol))
        return false;
    if (!cipher_met(connector, tls))
        return false;
    if (chain && (facts->certificate.trust != TRUST_TRUSTED || cipher_is_anonymous(tls->cipher)))
        return false;
    if (connector->level == LEVEL_VERIFY && direction == DIRECTION_OUTBOUND &&
        facts->certificate.host_name != HOST_NAME_FITS)
        return false;
    return (connector->level != LEVEL_SECURE && connector->level != LEVEL_FINGERPRINT) ||
           certificate_met(connector, facts);
}

/* ---- less known, more demanded --------------------------------------------------------------- */

static void forget(struct facts *facts)
{
    struct certificate_facts *certificate = &facts->certificate;
    struct span *const texts[] = { &facts->tls.cipher,         &certificate->subject,
                                   &certificate->issuer,       &certificate->root,
                                   &certificate->organization, &certificate->organizational_unit };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (open_bool())
            *texts[i] = (struct span){ NULL, 0 };
    }
    if (open_bool())
        facts->client.family = 0;
    if (open_bool())
        facts->tls.state = TLS_NOT_REPORTED;
    if (open_bool())
        facts->tls.protocol = PROTOCOL_UNKNOWN;
    if (open_bool())
        facts->tls.cipher_bits = -1;
    if (open_bool())
        certificate->trust = TRUST_NOT_REPORTED;
    if (open_bool())
        certificate->host_name = HOST_NAME_NOT_REPORTED;
    if (open_bool())
        certificate->key_bits = 0;
    if (open_bool())
        certificate->fingerprint_state = PIN_NOT_REPORTED;
    if (open_bool())
        certificate->public_key_state = PIN_NOT_REPORTED;
}

static void demand_more_of(struct certificate_entry *entry, const struct certificate_entry *more)
{
    if (open_bool() && !entry->has_name && certificate_entry_has_pins(entry)) {
        entry->has_name = true;
        entry->name = more->name;
    }
    if (entry->issuer == NULL)
        entry->issuer = more->issuer;
    if (entry->root == NULL)
        entry->root = more->root;
    if (entry->organization == NULL)
        entry->organization = more->organization;
    if (entry->organizational_unit == NULL)
        entry->organizational_unit = more->organizational_unit;
    if (more->key_bits > entry->key_bits)
        entry->key_bits = more->key_bits;
    if (more->from > entry->from)
        entry->from = more->from;
    if (more->until < entry->until)
        entry->until = more->until;
}

/* One more demand of each kind, or none of it; an alternative less. */
static void demand_more(struct connector *connector, const struct demands *more)
{
    if (more->connector.min_protocol > connector->min_protocol)
        connector->min_protocol = more->connector.min_protocol;
    if (more->connector.min_cipher_bits > connector->min_cipher_bits)
        connector->min_cipher_bits = more->connector.min_cipher_bits;
    if (more->connector.forward_secrecy)
        connector->forward_secrecy = true;
    if (connector->ciphers.count == 0)
        connector->ciphers = more->connector.ciphers;
    if (connector->exclude_ciphers.count == 0)
        connector->exclude_ciphers = more->connector.exclude_ciphers;
    if (connector->client_networks.count == 0)
        connector->client_networks = more->connector.client_networks;
    if (connector->level < LEVEL_VERIFY && more->connector.level > connector->level)
        connector->level = more->connector.level;
    for (size_t i = 0; i < connector->certificate_count; i++)
        demand_more_of(&connector->certificates[i], &more->certificates[i]);
    if (connector->certificate_count == LIST_MOST && open_bool())
        connector->certificate_count--;
}

/* ---- the proofs ------------------------------------------------------------------------------ */

static enum outcome outcome_of(const struct connector *connector, const struct facts *facts)
{
    struct trail trail;
    enum reason reason;
    enum outcome outcome;

    demand_check(NULL, connector, facts, direction, &trail);
    outcome = trail_outcome(&trail, &reason);
    prove("a pass has no reason, all else has one",
          (outcome == OUTCOME_PASS) == (reason == REASON_NONE));
    prove("above level may, nothing passes that is plaintext or of which it is not known",
          outcome != OUTCOME_PASS || connector->level == LEVEL_MAY ||
              facts->tls.state == TLS_ENCRYPTED);
    return outcome;
}

#if defined(PROVE_MODEL)
static void prove_this(const struct connector *connector, const struct facts *facts,
                       enum outcome outcome)
{
    bool met = all_met(connector, facts);

    prove("a pass means that every demand is known to be met", outcome != OUTCOME_PASS || met);
    prove("where every demand is known to be met it is a pass", outcome == OUTCOME_PASS || !met);
}
#elif defined(PROVE_FACTS)
static void prove_this(const struct connector *connector, struct facts *facts, enum outcome outcome)
{
    enum outcome later;

    forget(facts);
    later = outcome_of(connector, facts);
    prove("with less known, nothing passes that did not",
          outcome == OUTCOME_PASS || later != OUTCOME_PASS);
    prove("what is seen to fail passes with no more facts",
          later != OUTCOME_FAIL || outcome != OUTCOME_PASS);
}
#else
static void prove_this(struct connector *connector, const struct facts *facts, enum outcome outcome)
{
    static struct demands more;
    enum outcome later;

    open_demands(&more);
    demand_more(connector, &more);
    later = outcome_of(connector, facts);
    prove("with more demanded, nothing passes that did not",
          outcome == OUTCOME_PASS || later != OUTCOME_PASS);
    prove("with more demanded, nothing that failed becomes unknown",
          outcome != OUTCOME_FAIL || later == OUTCOME_FAIL);
}
#endif

int main(void)
{
    static struct demands demands;
    static struct facts facts;

    open_world();
    open_demands(&demands);
    open_facts(&facts);
    direction = open_bool() ? DIRECTION_INBOUND : DIRECTION_OUTBOUND;
    prove_this(&demands.connector, &facts, outcome_of(&demands.connector, &facts));
    return 0;
}
