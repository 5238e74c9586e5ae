/* SPDX-License-Identifier: ISC */
/*
 * outbound: the rule for a recipient at a partner. What is known of the hops, judged for a
 * connector, is open here.
 *
 * sources  policy/decide_outbound.c policy/decide.c policy/rules.c policy/verdict.c
 * bounds   any 2 connectors; senders and recipients of one reading; one hop
 * unwind   3
 * loops    open_finders.0:4 open_finders.1:4 open_finders.2:4 open_finders.3:4
 *          open_all.0:4 open_all.1:4
 * options  --slice-formula
 * with     verdict: -DPROVE_VERDICT -DSENDERS=1 -DRECIPIENTS=1
 * with     monitor: -DPROVE_MONITOR -DSENDERS=1 -DRECIPIENTS=1
 * with     demands: -DPROVE_DEMANDS -DSENDERS=1 -DRECIPIENTS=1
 */
#include "policy/decide_outbound.h"

#include "policy/judge_hop.h"
#include "tests/prove/finders.h"

static struct rules rules;
static struct facts facts;
static struct address sender, recipient;
static struct domain readings[2][2];
static struct finding findings[CONNECTORS]; /* of each connector's hops */
static enum way way;
static bool is_mx[NUMBERS], is_next_hop;

/* ---- what other modules say ------------------------------------------------------------------ */

const struct domain_table *connectors_table(const struct connectors *all, enum direction direction)
{
    (void)all;
    prove("outbound, the connectors are those of mail to the partner",
          direction == DIRECTION_OUTBOUND);
    return NULL;
}

size_t domain_table_count(const struct domain_table *table)
{
    (void)table;
    return 1;
}

void hop_seen_init(struct hop_seen *seen)
{
    seen->host = NULL;
}

void next_hops_read(struct next_hops *hops, enum mta mta, struct span mailer, struct span host,
                    const struct string_list *local_transports)
{
    (void)mta;
    (void)mailer;
    (void)host;
    (void)local_transports;
    hops->way = way;
    hops->count = way == WAY_HOPS ? 1 : 0;
}

/* `port` says whose MX it is. */
bool next_hop_read(struct next_hop *hop, struct span text)
{
    hop->port = (uint16_t)text.length;
    return true;
}

bool next_hop_parse(struct next_hop *hop, struct span text, struct why *why)
{
    (void)text;
    (void)why;
    hop->port = 0;
    return true;
}

bool next_hop_equal(const struct next_hop *a, const struct next_hop *b)
{
    (void)b;
    return is_mx[a->port];
}

bool next_hop_same_place(const struct next_hop *a, const struct next_hop *b)
{
    (void)a;
    (void)b;
    return is_next_hop;
}

void judge_start(struct hop_jury *jury, const struct rules *all, const struct connector *connector,
                 int64_t now)
{
    (void)all;
    (void)now;
    jury->connector = connector;
}

void judge_add(struct hop_jury *jury, const struct hop_knowledge *knowledge)
{
    (void)jury;
    (void)knowledge;
}

void judge_conclude(const struct hop_jury *jury, struct finding *finding)
{
    *finding = findings[jury->connector - connectors];
}

static void get_nothing(void *data, const struct next_hop *hop, struct hop_knowledge *knowledge)
{
    (void)data;
    (void)hop;
    knowledge->facts = NULL;
}

static const struct hop_source source = { get_nothing, NULL };

/* ---- any rules, any facts -------------------------------------------------------------------- */

static void open_finding(int i)
{
    findings[i].outcome = open_bool() ? OUTCOME_FAIL : open_bool() ? OUTCOME_UNKNOWN : OUTCOME_PASS;
    findings[i].firm = open_bool();
    findings[i].reason = findings[i].outcome == OUTCOME_PASS
                             ? REASON_NONE
                             : (enum reason)(1 + open_upto(REASONS - 4));
    assume(findings[i].reason != REASON_TLS_NOT_REQUIRED);
}

static void open_all(void)
{
    static char map[] = "m", *hops[1] = { map };

    rules.settings.mode = (enum mode)open_upto(MODE_MONITOR);
    rules.settings.tls_policy_socket = open_bool() ? NULL : map;
    for (int i = 0; i < CONNECTORS; i++) {
        connectors[i].mode = (enum mode)open_upto(MODE_MONITOR);
        connectors[i].enforce_from = open_int64();
        connectors[i].level = (enum level)open_upto(LEVELS - 1);
        connectors[i].action = (enum action)open_upto(ACTION_REJECT);
        connectors[i].unknown = (enum unknown_rule)open_upto(UNKNOWN_DEFER);
        connectors[i].next_hops.strings = hops;
        connectors[i].next_hops.count = (size_t)open_upto(1);
        open_finding(i);
    }
    open_finders();
    facts.now = open_int64();
    facts.local = open_bool();
    way = (enum way)open_upto(WAY_UNKNOWN);
    is_next_hop = open_bool();
    for (int i = 0; i < NUMBERS; i++)
        is_mx[i] = open_bool();
}

static void set_address(struct address *address, struct domain domains[2], size_t count)
{
    address->domains = domains;
    address->count = count;
    for (int i = 0; i < 2; i++)
        set_domain(&domains[i], 1 + i, open_bool() ? 'a' : '[');
}

/* ---- the model ------------------------------------------------------------------------------- */

static bool is_monitored(const struct connector *connector)
{
    return rules.settings.mode == MODE_MONITOR || connector->mode == MODE_MONITOR ||
           connector->enforce_from > facts.now;
}

/* The connector that some reading of the recipient leads to, for some reading of the sender; NULL:
 * none. */
static const struct connector *any_found(void)
{
    size_t s = open_size(), r = open_size();
    struct finder finder = { rules.connectors, DIRECTION_OUTBOUND, NULL };
    struct match match = { .connector = NULL };
    struct find_walk walk;

    assume(r < recipient.count && (sender.count == 0 || s < sender.count));
    if (sender.count > 0 && readings[0][s].name[0] != '[')
        finder.ours = &readings[0][s];
    if (!find_entry(&finder, &readings[1][r], &match, NULL) || finder.ours != NULL)
        return match.connector;
    find_walk_start(&walk, &finder, &readings[1][r]);
    (void)find_walk_next(&walk, &match);
    if (open_bool())
        (void)find_walk_next(&walk, &match);
    return match.connector;
}

/* ---- the proofs ------------------------------------------------------------------------------ */

#if defined(PROVE_VERDICT)

static void prove_refusal(const struct decision *decision)
{
    const struct connector *connector = decision->match.connector;
    const char *detail = reason_row(decision->reason)->detail;

    prove("each refusal has a connector that demands something, a reason, and a status code",
          connector != NULL && connector->level != LEVEL_MAY && decision->reason != REASON_NONE &&
              decision->reason < REASON_NETWORK && detail[0] >= '1' && detail[0] <= '7' &&
              detail[1] == '.');
    prove("a refusal is for a demand that is unmet or not known to be met",
          decision->outcome == OUTCOME_FAIL || decision->outcome == OUTCOME_UNKNOWN);
    prove("what is not known is never refused for good, but where it cannot be deferred",
          decision->outcome == OUTCOME_FAIL || decision->verdict == VERDICT_DEFER || facts.local);
    prove("mail that did not come by SMTP is never deferred",
          !facts.local || decision->verdict == VERDICT_REJECT);
}

static void prove_found(const struct decision *decision, const struct connector *connector)
{
    enum outcome outcome = findings[connector - connectors].outcome;
    bool map = rules.settings.tls_policy_socket != NULL;
    bool is_right =
        is_mx[1] || (RECIPIENTS > 1 && is_mx[2]) || (connector->next_hops.count > 0 && is_next_hop);

    if (connector->level == LEVEL_MAY || is_monitored(connector) || (facts.local && map))
        return;
    prove("what is seen to be plaintext, or to fail otherwise, is not accepted",
          outcome != OUTCOME_FAIL || decision->verdict != VERDICT_PASS);
    prove("what is not known is accepted only where the policy map holds it",
          outcome != OUTCOME_UNKNOWN || decision->verdict != VERDICT_PASS ||
              (map && connector->unknown == UNKNOWN_ACCEPT));
    prove("a hop that is not the partner's is not accepted",
          way != WAY_HOPS || is_right || decision->verdict != VERDICT_PASS);
    prove("a way that was not told is not accepted",
          way != WAY_UNKNOWN || facts.local || decision->verdict != VERDICT_PASS);
}

/* Whether mail of the sender to the recipient is any of a connector's business. */
static bool is_concerned(const struct connector *connector)
{
    const struct domain *domain = &readings[1][0], *ours = &readings[0][0];
    struct finder finder = { rules.connectors, DIRECTION_OUTBOUND,
                             ours->name[0] == '[' ? NULL : ours };
    struct match match = { .connector = NULL };
    struct find_walk walk;

    if (finder.ours != NULL)
        return find_entry(&finder, domain, &match, NULL) && match.connector == connector;
    find_walk_start(&walk, &finder, domain);
    while (find_walk_next(&walk, &match)) {
        if (match.connector == connector)
            return true;
    }
    return false;
}

static void prove_this(void)
{
    const struct connector *connector = any_found();
    struct decision decision, marked;

    decide_outbound(&rules, &facts, &source, &decision);
    prove("no connector counts but for mail of the domains in its local_domains",
          decision.match.connector == NULL || is_concerned(decision.match.connector));
    if (decision.verdict != VERDICT_PASS)
        prove_refusal(&decision);
    if (connector != NULL && way != WAY_LOCAL)
        prove_found(&decision, connector);
    prove("no TLS-Required: No to a connector that demands something",
          !decide_tls_required(&rules, &facts, &marked) || connector == NULL || way == WAY_LOCAL ||
              connector->level == LEVEL_MAY);
}

#elif defined(PROVE_MONITOR)

static void prove_this(void)
{
    struct decision enforced, monitored;

    for (int i = 0; i < CONNECTORS; i++)
        assume(connectors[i].mode == MODE_ENFORCE && connectors[i].enforce_from <= facts.now);
    rules.settings.mode = MODE_ENFORCE;
    decide_outbound(&rules, &facts, &source, &enforced);
    rules.settings.mode = MODE_MONITOR;
    decide_outbound(&rules, &facts, &source, &monitored);
    prove("monitor mode refuses nothing", monitored.verdict == VERDICT_PASS);
    prove("monitor mode changes nothing but the verdict",
          monitored.outcome == enforced.outcome && monitored.reason == enforced.reason &&
              monitored.would == enforced.would &&
              monitored.match.connector == enforced.match.connector);
}

#else

static void prove_this(void)
{
    struct decision before, after;

    decide_outbound(&rules, &facts, &source, &before);
    for (int i = 0; i < CONNECTORS; i++) {
        if (findings[i].outcome == OUTCOME_PASS)
            open_finding(i);
        else if (findings[i].outcome == OUTCOME_UNKNOWN && open_bool())
            findings[i].outcome = OUTCOME_FAIL;
    }
    decide_outbound(&rules, &facts, &source, &after);
    prove("with more demanded, nothing is accepted that was refused",
          before.verdict == VERDICT_PASS || after.verdict != VERDICT_PASS);
}

#endif

int main(void)
{
    set_address(&sender, readings[0], SENDERS);
    set_address(&recipient, readings[1], RECIPIENTS);
    facts.sender_address = &sender;
    facts.recipient_address = &recipient;
    open_all();
    prove_this();
    return 0;
}
