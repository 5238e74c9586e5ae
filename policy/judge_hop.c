/* SPDX-License-Identifier: ISC */
/*
 * An address's state gives the facts of a session, and these go through the same checks as a
 * client's; only the reasons of what came before TLS have words of their own:
 *
 *   no-starttls, starttls-refused, injected, tls-failed
 *       The server talks SMTP with us and encrypted it cannot be had: it does not offer STARTTLS
 *       (RFC 3207, 4), or it answers 5xx to it, which is its word that it will not; or more than
 * its 220 came before TLS, which RFC 3207, 5 has the client distrust; or the handshake ended in an
 *       alert. Each is a demand that was seen not to be met: fail.
 *   busy, rejected, not-smtp, not-allowed, unreachable
 *       Nothing was seen of the demands: the dialogue ended before TLS, for a reason that may be
 * gone in a minute (RFC 3207, 4: 454 is temporary) or that has nothing to do with it. Unknown.
 *
 * Of these, unreachable is nowhere that mail could go now, and does not count beside another.
 */
#include "policy/judge_hop.h"

#include <string.h>

static enum reason state_reason(enum hop_state state)
{
    static const enum reason reasons[HOP_STATES] = {
        [HOP_NOT_ALLOWED] = REASON_MX_UNREACHABLE,
        [HOP_UNREACHABLE] = REASON_MX_UNREACHABLE,
        [HOP_BUSY] = REASON_MX_UNREACHABLE,
        [HOP_REJECTED] = REASON_MX_UNREACHABLE,
        [HOP_NOT_SMTP] = REASON_MX_UNREACHABLE,
        [HOP_NO_STARTTLS] = REASON_STARTTLS_NOT_OFFERED,
        [HOP_STARTTLS_REFUSED] = REASON_STARTTLS_FAILED,
        [HOP_INJECTED] = REASON_STARTTLS_FAILED,
        [HOP_TLS_FAILED] = REASON_STARTTLS_FAILED,
        [HOP_TLS] = REASON_NONE,
    };

    return reasons[state];
}

static const struct hop_trust *find_trust(const struct hop_address *address, const char *store)
{
    for (size_t i = 0; i < address->trust_count; i++) {
        if (span_equal(address->trusts[i].store, span_of(store)))
            return &address->trusts[i];
    }
    return NULL;
}

/* Why the connector's trust store has not said anything. */
static enum reason trust_reason(const struct hop_seen *seen)
{
    return seen->trust == NULL ? REASON_NOT_PROBED_YET : REASON_PROBER_FAILURE;
}

/* Runs the checks over what was seen; `reason` (REASON_NONE: theirs) is why there is no TLS. */
static void run_checks(const struct rules *rules, const struct connector *connector, int64_t now,
                       enum reason reason, struct finding *finding)
{
    struct facts facts;

    facts_init(&facts);
    facts.now = now;
    hop_seen_session(&finding->seen, &facts);
    demand_check(rules->connectors, connector, &facts, DIRECTION_OUTBOUND, &finding->trail);
    for (size_t i = 0; i < finding->trail.count; i++) {
        struct check_result *result = &finding->trail.results[i];
        bool of_trust = result->check == CHECK_TRUSTED || result->check == CHECK_HOST_NAME;

        if (result->outcome == CHECK_MET)
            continue;
        if (result->check == CHECK_ENCRYPTED && reason != REASON_NONE)
            result->reason = reason;
        else if (result->outcome == CHECK_UNKNOWN && of_trust &&
                 facts.certificate.trust == TRUST_NOT_REPORTED)
            result->reason = trust_reason(&finding->seen);
    }
    finding->outcome = trail_outcome(&finding->trail, &finding->reason);
    finding->firm = !hop_seen_expired_since(&finding->seen, now);
}

void judge_address(const struct rules *rules, const struct connector *connector,
                   const struct hop_host *host, const struct hop_address *address, int64_t now,
                   struct finding *finding)
{
    memset(finding, 0, sizeof(*finding));
    hop_seen_init(&finding->seen);
    finding->seen.host = host;
    finding->seen.address = address;
    finding->seen.trust = find_trust(address, rules_trust_store(rules, connector));
    run_checks(rules, connector, now, state_reason(address->state), finding);
    if (address->state == HOP_UNREACHABLE && finding->outcome != OUTCOME_PASS)
        finding->outcome = OUTCOME_NONE;
}

/* Something that has no address to speak of. */
static void judge_nothing(const struct hop_jury *jury, const struct hop_seen *seen,
                          enum reason reason, struct finding *finding)
{
    memset(finding, 0, sizeof(*finding));
    finding->seen = *seen;
    run_checks(jury->rules, jury->connector, jury->now, reason, finding);
}

/* How bad a failure is: the earlier it is among the checks, the worse. */
static bool is_worse(const struct finding *a, const struct finding *b)
{
    return trail_decisive(&a->trail)->check < trail_decisive(&b->trail)->check;
}

/* Keeps the first of each outcome, and the worst failure. */
static void take(struct hop_jury *jury, const struct finding *finding)
{
    struct finding *kept = finding->outcome == OUTCOME_PASS      ? &jury->pass
                           : finding->outcome == OUTCOME_FAIL    ? &jury->fail
                           : finding->outcome == OUTCOME_UNKNOWN ? &jury->unknown
                                                                 : &jury->absent;
    bool is_first = kept->outcome == OUTCOME_NONE && kept->reason == REASON_NONE;

    if (is_first || (finding->outcome == OUTCOME_FAIL && is_worse(finding, kept)))
        *kept = *finding;
}

static bool is_there(const struct finding *finding)
{
    return finding->outcome != OUTCOME_NONE || finding->reason != REASON_NONE;
}

/* The first that there is. */
static void first_of(const struct finding *const *findings, size_t count, struct finding *finding)
{
    for (size_t i = 0; i < count; i++) {
        if (is_there(findings[i])) {
            *finding = *findings[i];
            return;
        }
    }
}

/* Each that can be reached must meet the demands. */
static void conclude_all(const struct hop_jury *jury, struct finding *finding)
{
    const struct finding *const order[] = { &jury->fail, &jury->unknown, &jury->pass,
                                            &jury->absent };

    first_of(order, sizeof(order) / sizeof(order[0]), finding);
}

static void conclude_any(const struct hop_jury *jury, struct finding *finding)
{
    const struct finding *const order[] = { &jury->pass, &jury->unknown, &jury->absent,
                                            &jury->fail };

    first_of(order, sizeof(order) / sizeof(order[0]), finding);
}

void judge_start(struct hop_jury *jury, const struct rules *rules,
                 const struct connector *connector, int64_t now)
{
    memset(jury, 0, sizeof(*jury));
    jury->rules = rules;
    jury->connector = connector;
    jury->now = now;
}

/* What a lookup that gave no addresses says of the host: Postfix goes on to the next one where
 * there are none, and tries again where it cannot be told. */
static bool has_no_address(enum lookup lookup)
{
    return lookup == LOOKUP_NONE || lookup == LOOKUP_NXDOMAIN;
}

void judge_host(const struct rules *rules, const struct connector *connector,
                const struct hop_host *host, int64_t now, struct finding *finding)
{
    struct hop_seen seen;
    struct hop_jury addresses;

    judge_start(&addresses, rules, connector, now);
    for (size_t i = 0; i < host->address_count; i++) {
        judge_address(rules, connector, host, &host->addresses[i], now, finding);
        take(&addresses, finding);
    }
    hop_seen_init(&seen);
    seen.host = host;
    if (host->address_count == 0) {
        judge_nothing(&addresses, &seen, REASON_DNS_FAILURE, finding);
        if (has_no_address(host->lookup) && finding->outcome != OUTCOME_PASS)
            finding->outcome = OUTCOME_NONE;
        take(&addresses, finding);
    } else if (host->left_out > 0) {
        judge_nothing(&addresses, &seen, REASON_MX_UNREACHABLE, finding);
        take(&addresses, finding);
    }
    conclude_all(&addresses, finding);
}

/* The finding about a hop's host, or its hosts as a whole: when it was seen, and whether twice. */
static void take_with(struct hop_jury *jury, const struct hop_knowledge *knowledge,
                      struct finding *finding)
{
    if (knowledge->facts != NULL) {
        finding->seen.lookup = knowledge->facts->lookup;
        finding->seen.dnssec = knowledge->facts->dnssec;
        finding->seen.age = knowledge->age;
    }
    finding->firm = finding->firm && knowledge->fresh && knowledge->confirmed;
    take(jury, finding);
}

static void add_nothing(struct hop_jury *jury, const struct hop_knowledge *knowledge,
                        enum reason reason)
{
    struct hop_seen seen;
    struct finding finding;

    hop_seen_init(&seen);
    judge_nothing(jury, &seen, reason, &finding);
    take_with(jury, knowledge, &finding);
}

void judge_add(struct hop_jury *jury, const struct hop_knowledge *knowledge)
{
    const struct hop_facts *facts = knowledge->facts;
    size_t used = 0;

    if (facts == NULL) {
        add_nothing(jury, knowledge,
                    knowledge->missing != REASON_NONE ? knowledge->missing : REASON_NOT_PROBED_YET);
        return;
    }
    for (size_t i = 0; i < facts->host_count; i++) {
        struct finding finding;

        if (facts->hosts[i].self)
            continue;
        used++;
        judge_host(jury->rules, jury->connector, &facts->hosts[i], jury->now, &finding);
        take_with(jury, knowledge, &finding);
    }
    if (facts->host_count == 0)
        add_nothing(jury, knowledge, REASON_DNS_FAILURE);
    else if (used == 0 || facts->left_out > 0)
        add_nothing(jury, knowledge, REASON_MX_UNREACHABLE);
}

void judge_conclude(const struct hop_jury *jury, struct finding *finding)
{
    memset(finding, 0, sizeof(*finding));
    hop_seen_init(&finding->seen);
    finding->outcome = OUTCOME_UNKNOWN;
    finding->reason = REASON_NOT_PROBED_YET;
    if (jury->connector->mx == MX_ANY)
        conclude_any(jury, finding);
    else
        conclude_all(jury, finding);
    if (finding->outcome == OUTCOME_NONE)
        finding->outcome = OUTCOME_UNKNOWN;
}
