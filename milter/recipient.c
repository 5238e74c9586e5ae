/* SPDX-License-Identifier: ISC */
#include "milter/recipient.h"

#include <string.h>

#include "policy/decide_outbound.h"

bool recipient_read(struct recipient *recipient, const struct session *session,
                    const struct macro_source *source, struct feed *feed, const char *address,
                    int64_t now_ms)
{
    address_init(&recipient->address);
    recipient->grip.count = 0;
    recipient->blind = false;
    return message_recipient(session, source, feed, address, now_ms, &recipient->address,
                             &recipient->facts);
}

void recipient_release(struct recipient *recipient)
{
    address_release(&recipient->address);
    hop_grip_release(&recipient->grip);
}

size_t recipient_too_many_domains(const struct recipient *recipient, const struct session *session)
{
    size_t sender = session->message.sender.count, own = recipient->address.count;
    size_t most = sender > own ? sender : own;

    return most > JUDGED_DOMAINS_MOST ? most : 0;
}

/* ---- deciding ---------------------------------------------------------------------------------
 */

/* What decide_outbound() asks the table through. */
struct table {
    struct hops *hops;
    struct hops_question question;
    struct hop_grip *grip;
};

static void get(void *data, const struct next_hop *hop, struct hop_knowledge *knowledge)
{
    struct table *table = data;

    hops_get(table->hops, hop, &table->question, table->grip, knowledge);
}

static void judge_outbound(struct recipient *recipient, const struct rules *rules,
                           struct hops *hops, int64_t now_ms)
{
    struct decision *outbound = &recipient->outbound;
    struct table table = { hops,
                           { &rules->settings.probe, now_ms,
                             recipient->inbound.verdict == VERDICT_PASS },
                           &recipient->grip };
    const struct hop_source source = { get, &table };

    decide_outbound(rules, &recipient->facts, &source, outbound);
    if (outbound->outcome == OUTCOME_FAIL || outbound->outcome == OUTCOME_UNKNOWN)
        hops_doubt(hops, &recipient->grip, &table.question);
}

void recipient_judge(struct recipient *recipient, const struct session *session, struct hops *hops,
                     int64_t now_ms)
{
    const struct rules *rules = snapshot_rules(session->message.snapshot);

    decide_inbound(rules, &recipient->facts, &recipient->inbound);
    memset(&recipient->outbound, 0, sizeof(recipient->outbound));
    recipient->outbound.direction = DIRECTION_OUTBOUND;
    if (!decide_outbound_possible(rules))
        return;
    if (session->sees_outbound) {
        judge_outbound(recipient, rules, hops, now_ms);
        return;
    }
    recipient->blind = !decide_tls_required(rules, &recipient->facts, &recipient->outbound) &&
                       recipient->outbound.verdict != VERDICT_PASS;
    recipient->outbound.outcome = OUTCOME_NONE;
    recipient->outbound.verdict = recipient->outbound.would = VERDICT_PASS;
}

bool recipient_waits(const struct recipient *recipient)
{
    return recipient->facts.local && recipient->outbound.verdict != VERDICT_PASS;
}

/* ---- keeping ----------------------------------------------------------------------------------
 */

/* The strictest counts; of equal ones the first. */
static bool keep_strictest(struct kept *kept, const struct decision *decision,
                           const struct recipient *recipient)
{
    if (decision_stricter(&kept->decision, decision) != decision)
        return true;
    return kept_set(kept, decision, &recipient->facts, &recipient->grip);
}

/* What becomes of the message if it says that it needs no TLS. */
static bool keep_for_header(const struct recipient *recipient, struct message *message)
{
    struct decision decision;

    if (recipient->outbound.outcome == OUTCOME_NONE ||
        decide_tls_required(snapshot_rules(message->snapshot), &recipient->facts, &decision))
        return true;
    return keep_strictest(&message->without_tls, &decision, recipient);
}

static bool keep_passed(const struct recipient *recipient, const struct decision *decision,
                        struct message *message)
{
    return decision->outcome == OUTCOME_NONE || decision->would != VERDICT_PASS ||
           message_tally(message, decision, &recipient->facts, &recipient->grip);
}

bool recipient_keep(const struct recipient *recipient, struct message *message)
{
    if (recipient_waits(recipient) &&
        !keep_strictest(&message->refusal, &recipient->outbound, recipient))
        return false;
    return keep_passed(recipient, &recipient->inbound, message) &&
           keep_passed(recipient, &recipient->outbound, message) &&
           keep_for_header(recipient, message);
}
