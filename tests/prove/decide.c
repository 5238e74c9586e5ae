/* SPDX-License-Identifier: ISC */
/*
 * decide: the rule inbound. What the checks of a connector come to is open here (demand.c proves
 * them), but for what is proven of them: above level may, nothing passes that is not encrypted.
 *
 * sources  policy/decide.c policy/rules.c policy/verdict.c
 * bounds   any 2 connectors; senders and recipients of up to 2 readings; <> with 2 networks
 * unwind   3
 * loops    open_finders.0:4 open_finders.1:4 open_finders.2:4 open_finders.3:4 open_rules.0:5
 *          open_rules.1:5 open_rules.2:5
 * options  --slice-formula
 * with     senders: -DPROVE_VERDICT -DSENDERS=2 -DRECIPIENTS=1
 * with     recipients: -DPROVE_VERDICT -DSENDERS=1 -DRECIPIENTS=2
 * with     any-recipient: -DPROVE_VERDICT -DSENDERS=1 -DRECIPIENTS=0
 * with     no-sender: -DPROVE_VERDICT -DSENDERS=0 -DRECIPIENTS=1
 * with     monitor: -DPROVE_MONITOR -DSENDERS=2 -DRECIPIENTS=1
 * with     monitor-no-sender: -DPROVE_MONITOR -DSENDERS=0 -DRECIPIENTS=1
 * with     demands: -DPROVE_DEMANDS -DSENDERS=2 -DRECIPIENTS=1
 * with     demands-no-sender: -DPROVE_DEMANDS -DSENDERS=0 -DRECIPIENTS=1
 */
#include "policy/decide.h"

#include "tests/prove/finders.h"

static struct rules rules;
static struct facts facts;
static struct address sender, recipient;
static struct domain readings[2][2], helo, client_name;
static enum outcome outcomes[CONNECTORS]; /* of each connector's checks */
static enum reason reasons[CONNECTORS];
static bool contains[CONNECTORS + 2]; /* by the number of a list of networks, its `count` */
static int by_client[2], by_client_count;

/* ---- what other modules say ------------------------------------------------------------------ */

void demand_check(const struct connectors *all, const struct connector *connector,
                  const struct facts *about, enum direction direction, struct trail *trail)
{
    (void)all;
    (void)about;
    prove("inbound, the checks are those of mail from the partner", direction == DIRECTION_INBOUND);
    trail->count = (size_t)(connector - connectors); /* for trail_outcome() */
}

enum outcome trail_outcome(const struct trail *trail, enum reason *reason)
{
    *reason = reasons[trail->count];
    return outcomes[trail->count];
}

bool network_list_contains(const struct network_list *list, const struct ip *ip)
{
    return list->count > 0 && ip->family != 0 && contains[list->count];
}

const struct connector *connectors_by_client(const struct connectors *all, const struct ip *ip,
                                             size_t *position)
{
    (void)all;
    (void)ip;
    return (int)*position < by_client_count ? &connectors[by_client[(*position)++]] : NULL;
}

/* ---- any rules, any facts -------------------------------------------------------------------- */

static void open_outcome(int i)
{
    outcomes[i] = connectors[i].level == LEVEL_MAY ? OUTCOME_PASS
                  : open_bool()                    ? OUTCOME_FAIL
                  : open_bool()                    ? OUTCOME_UNKNOWN
                                                   : OUTCOME_PASS;
    assume(connectors[i].level == LEVEL_MAY || facts.tls.state == TLS_ENCRYPTED ||
           outcomes[i] != OUTCOME_PASS);
    reasons[i] =
        outcomes[i] == OUTCOME_PASS ? REASON_NONE : (enum reason)(1 + open_upto(REASONS - 4));
}

static void open_rules(void)
{
    rules.settings.mode = (enum mode)open_upto(MODE_MONITOR);
    rules.settings.inbound_exempt_networks.count = open_bool() ? CONNECTORS + 1 : 0;
    rules.settings.inbound_exempt_authenticated = open_bool();
    for (int i = 0; i < CONNECTORS; i++) {
        connectors[i].mode = (enum mode)open_upto(MODE_MONITOR);
        connectors[i].enforce_from = open_int64();
        connectors[i].level = (enum level)open_upto(LEVELS - 1);
        connectors[i].action = (enum action)open_upto(ACTION_REJECT);
        connectors[i].exempt_networks.count = open_bool() ? (size_t)i + 1 : 0;
        connectors[i].local_domains = NULL;
        open_outcome(i);
    }
    for (int i = 0; i < CONNECTORS + 2; i++)
        contains[i] = open_bool();
    by_client_count = open_upto(2);
    for (int i = 0; i < 2; i++)
        by_client[i] = open_upto(CONNECTORS - 1);
    open_finders();
}

static void set_address(struct address *address, struct domain domains[2], size_t count)
{
    address->domains = domains;
    address->count = count;
    for (int i = 0; i < 2; i++)
        set_domain(&domains[i], 1 + i, open_bool() ? 'a' : '[');
}

static void open_facts(void)
{
    facts.now = open_int64();
    facts.local = open_bool();
    facts.authenticated = open_bool();
    facts.client.family = open_bool() ? 4 : 0;
    facts.tls.state = (enum tls_state)open_upto(TLS_ENCRYPTED);
    set_address(&sender, readings[0], SENDERS);
    sender.null = SENDERS == 0;
    set_address(&recipient, readings[1], RECIPIENTS);
    facts.sender_address = &sender;
    facts.recipient_address = &recipient;
    set_domain(&helo, 1, 'a'); /* a null sender has no readings, and their numbers are free */
    set_domain(&client_name, 2, 'a');
    facts.helo_domain = open_bool() ? NULL : &helo;
    facts.client_domain = open_bool() ? NULL : &client_name;
}

/* ---- the model ------------------------------------------------------------------------------- */

static bool is_monitored(const struct connector *connector)
{
    return rules.settings.mode == MODE_MONITOR || connector->mode == MODE_MONITOR ||
           connector->enforce_from > facts.now;
}

static bool is_let_off(const struct connector *connector)
{
    return (rules.settings.inbound_exempt_authenticated && facts.authenticated) ||
           (facts.client.family != 0 &&
            ((rules.settings.inbound_exempt_networks.count > 0 && contains[CONNECTORS + 1]) ||
             (connector->exempt_networks.count > 0 && contains[connector->exempt_networks.count])));
}

/* What one connector by itself has done with the mail. */
static enum verdict verdict_alone(const struct connector *connector)
{
    enum outcome outcome = outcomes[connector - connectors];

    if (is_monitored(connector) || is_let_off(connector) || outcome == OUTCOME_PASS)
        return VERDICT_PASS;
    return outcome == OUTCOME_FAIL && connector->action == ACTION_REJECT ? VERDICT_REJECT
                                                                         : VERDICT_DEFER;
}

/* A reading of the recipient, any one of them; NULL: any domain of ours. */
static const struct domain *any_recipient(void)
{
    size_t i = open_size();

    if (recipient.count == 0)
        return NULL;
    assume(i < recipient.count);
    return readings[1][i].name[0] == '[' ? NULL : &readings[1][i];
}

/* A reading of the sender, any one; NULL: it has none. */
static const struct domain *any_sender(void)
{
    size_t i = open_size();

    if (sender.count == 0)
        return NULL;
    assume(i < sender.count);
    return &readings[0][i];
}

/* ---- the proofs ------------------------------------------------------------------------------ */

#if defined(PROVE_VERDICT)

static bool is_refusal_reason(enum reason reason)
{
    const char *detail = reason_row(reason)->detail;

    return reason > REASON_NONE && reason < REASON_NETWORK && detail[0] >= '1' &&
           detail[0] <= '7' && detail[1] == '.';
}

static void prove_refusal(const struct decision *decision)
{
    prove("each refusal has a connector, a reason, and a status code of RFC 3463",
          decision->match.connector != NULL && is_refusal_reason(decision->reason));
    prove("a refusal is for a demand that is unmet or not known to be met",
          decision->outcome == OUTCOME_FAIL || decision->outcome == OUTCOME_UNKNOWN);
    prove("what is not known is never refused for good",
          decision->outcome == OUTCOME_FAIL || decision->verdict == VERDICT_DEFER);
    prove("nothing that is local, exempt or at level may is refused",
          !facts.local && !is_let_off(decision->match.connector) &&
              decision->match.connector->level != LEVEL_MAY);
}

/* Of what a sender's reading leads to for a reading of the recipient. */
static void prove_found(const struct decision *decision, const struct domain *domain,
                        const struct domain *ours)
{
    struct finder finder = { rules.connectors, DIRECTION_INBOUND, ours };
    struct match match = { .by = MATCHED_BY_SENDER };

    struct find_walk walk;

    if (!find_entry(&finder, domain, &match, NULL))
        return;
    if (ours == NULL) { /* one of those that the walk has */
        find_walk_start(&walk, &finder, domain);
        (void)find_walk_next(&walk, &match);
        if (open_bool())
            (void)find_walk_next(&walk, &match);
    }
    prove("of all readings, the strictest verdict counts",
          decision->verdict >= verdict_alone(match.connector));
    prove("what is plaintext or not known to be encrypted is not accepted where TLS is enforced",
          decision->verdict != VERDICT_PASS || facts.tls.state == TLS_ENCRYPTED ||
              match.connector->level == LEVEL_MAY || is_monitored(match.connector) ||
              is_let_off(match.connector));
    prove("where a connector is found it is not none's business",
          decision->outcome != OUTCOME_NONE);
}

/* <>: each connector that the client's network leads to has its word, for each reading of the
 * recipient; where all would refuse it is refused. */
static void prove_null(const struct decision *decision, const struct domain *ours)
{
    struct finder finder = { rules.connectors, DIRECTION_INBOUND, ours };
    bool one = false, all = true, satisfied = false;

    for (int i = 0; i < by_client_count; i++) {
        const struct connector *connector = &connectors[by_client[i]];

        if (find_rank(&finder, connector) < 0)
            continue;
        one = true;
        all = all && verdict_alone(connector) != VERDICT_PASS;
        satisfied =
            satisfied || is_let_off(connector) || outcomes[connector - connectors] == OUTCOME_PASS;
    }
    prove("<>: where every connector of the client's network refuses, it is refused",
          !one || !all || decision->verdict != VERDICT_PASS);
    prove("<>: satisfying one connector of the client's network is enough",
          RECIPIENTS > 1 || !satisfied || decision->verdict == VERDICT_PASS);
}

static void prove_host(const struct decision *decision, const struct domain *ours)
{
    struct finder finder = { rules.connectors, DIRECTION_INBOUND, ours };
    struct match match = { .by = MATCHED_BY_HELO };
    bool found = find_entry(&finder, facts.helo_domain, &match, NULL);

    if (by_client_count > 0 || facts.client_domain != NULL || !found)
        return;
    prove("<>: what the HELO name leads to counts where nothing else is known of the client",
          decision->verdict != VERDICT_PASS || ours == NULL ||
              verdict_alone(match.connector) == VERDICT_PASS);
}

static void prove_this(void)
{
    struct decision decision;

    decide_inbound(&rules, &facts, &decision);
    if (decision.verdict != VERDICT_PASS)
        prove_refusal(&decision);
    if (facts.local)
        return;
    if (!sender.null)
        prove_found(&decision, any_sender(), any_recipient());
    else
        prove_null(&decision, any_recipient());
    if (sender.null)
        prove_host(&decision, any_recipient());
}

#elif defined(PROVE_MONITOR)

static void prove_this(void)
{
    struct decision enforced, monitored;

    for (int i = 0; i < CONNECTORS; i++)
        assume(connectors[i].mode == MODE_ENFORCE && connectors[i].enforce_from <= facts.now);
    rules.settings.mode = MODE_ENFORCE;
    decide_inbound(&rules, &facts, &enforced);
    rules.settings.mode = MODE_MONITOR;
    decide_inbound(&rules, &facts, &monitored);
    prove("monitor mode refuses nothing", monitored.verdict == VERDICT_PASS);
    prove("monitor mode changes nothing but the verdict",
          monitored.outcome == enforced.outcome && monitored.reason == enforced.reason &&
              monitored.would == enforced.would &&
              monitored.match.connector == enforced.match.connector);
    prove("enforce mode does what monitor mode said it would", enforced.verdict == enforced.would);
}

#else

static void prove_this(void)
{
    struct decision before, after;

    decide_inbound(&rules, &facts, &before);
    for (int i = 0; i < CONNECTORS; i++) {
        if (connectors[i].level == LEVEL_MAY)
            continue;
        if (outcomes[i] == OUTCOME_PASS)
            open_outcome(i);
        else if (outcomes[i] == OUTCOME_UNKNOWN && open_bool())
            outcomes[i] = OUTCOME_FAIL;
    }
    decide_inbound(&rules, &facts, &after);
    prove("with more demanded, nothing is accepted that was refused",
          before.verdict == VERDICT_PASS || after.verdict != VERDICT_PASS);
    prove("with more demanded, nothing is dealt with more mildly", after.verdict >= before.verdict);
}

#endif

int main(void)
{
    open_facts();
    open_rules();
    prove_this();
    return 0;
}
