/* SPDX-License-Identifier: ISC */
#include "milter/answer.h"

#include <syslog.h>

#include "milter/clock.h"
#include "milter/log.h"
#include "milter/reply.h"
#include "policy/logline.h"
#include "policy/refusal.h"

static const struct rules *rules_of(const struct message *message)
{
    return snapshot_rules(message->snapshot);
}

sfsistat answer_internal_error(const struct answerer *answerer, const struct message *message,
                               const char *what)
{
    bool has_rules = message != NULL && message->snapshot != NULL;
    struct refusal refusal;

    refusal_internal_error(has_rules ? rules_of(message)->settings.contact : NULL, &refusal);
    log_printf(LOG_ERR, "internal error: %s", what);
    counters_add_error(answerer->counters);
    return reply_refuse(answerer->ctx, &refusal);
}

void answer_near_miss(const struct answerer *answerer, struct message *message,
                      const struct facts *facts, const struct decision *decision)
{
    char line[LOGLINE_SIZE];

    if (decision->near_miss == NULL ||
        !snapshot_near_miss_is_new(message->snapshot, decision->near_miss,
                                   decision->near_miss_domain.data))
        return;
    logline_near_miss(facts, decision, answerer->queue_id, line);
    log_line(LOG_INFO, line);
}

/* ---- recipients -------------------------------------------------------------------------------
 */

/* The log line of a refusal that is, or would have been; `refusal` is what is replied. */
static void tell_refusal(const struct answerer *answerer, const struct rules *rules,
                         const struct facts *facts, const struct decision *decision,
                         struct refusal *refusal)
{
    char line[LOGLINE_SIZE];

    refusal_of(rules, facts, decision, refusal);
    logline_refused(facts, decision, refusal, answerer->queue_id, line);
    log_line(decision->monitored ? LOG_INFO : LOG_NOTICE, line);
    counters_add(answerer->counters, decision, 1, facts->now);
}

static sfsistat refuse_blind(const struct answerer *answerer, const struct rules *rules)
{
    struct refusal refusal;

    refusal_other_session(rules->settings.contact, &refusal);
    log_line(LOG_NOTICE, "a session that began before the first outbound connectors were "
                         "configured: its recipients there are put off");
    return reply_refuse(answerer->ctx, &refusal);
}

sfsistat answer_undecided(const struct answerer *answerer, struct message *message,
                          const struct recipient *recipient, const char *what)
{
    if (recipient->facts.local) {
        message->undecided = true;
        return SMFIS_CONTINUE;
    }
    if (recipient->blind)
        return refuse_blind(answerer, rules_of(message));
    return answer_internal_error(answerer, message, what);
}

static sfsistat refuse_too_many_domains(const struct answerer *answerer, const struct rules *rules)
{
    struct refusal refusal;

    refusal_too_many_domains(rules->settings.contact, JUDGED_DOMAINS_MOST, &refusal);
    return reply_refuse(answerer->ctx, &refusal);
}

sfsistat answer_too_many_domains(const struct answerer *answerer, struct message *message,
                                 const struct recipient *recipient, size_t domains)
{
    const struct rules *rules = rules_of(message);
    bool monitored = rules->settings.mode == MODE_MONITOR;

    log_printf(LOG_NOTICE, "an address that could mean %zu domains is %s", domains,
               monitored ? "not judged" : "refused");
    if (monitored)
        return SMFIS_CONTINUE;
    if (!recipient->facts.local)
        return refuse_too_many_domains(answerer, rules);
    message->too_many_domains = true;
    return SMFIS_CONTINUE;
}

sfsistat answer_recipient(const struct answerer *answerer, struct message *message,
                          struct recipient *recipient)
{
    const struct rules *rules = rules_of(message);
    const struct decision *inbound = &recipient->inbound, *outbound = &recipient->outbound;
    const struct decision *strictest = decision_stricter(inbound, outbound);
    bool waits = recipient_waits(recipient);
    struct refusal refusals[DIRECTIONS];

    answer_near_miss(answerer, message, &recipient->facts, outbound);
    if (inbound->would != VERDICT_PASS)
        tell_refusal(answerer, rules, &recipient->facts, inbound, &refusals[DIRECTION_INBOUND]);
    if (outbound->would != VERDICT_PASS && !waits)
        tell_refusal(answerer, rules, &recipient->facts, outbound, &refusals[DIRECTION_OUTBOUND]);
    if (strictest->verdict != VERDICT_PASS && !waits)
        return reply_refuse(answerer->ctx, &refusals[strictest->direction]);
    if (recipient->blind || !recipient_keep(recipient, message))
        return answer_undecided(answerer, message, recipient, "no memory to count a recipient");
    return SMFIS_CONTINUE;
}

/* ---- the end ----------------------------------------------------------------------------------
 */

/* Whether the whole message is refused for what is kept; then `result` is set. */
static bool refuses(const struct answerer *answerer, const struct message *message,
                    const struct kept *kept, sfsistat *result)
{
    struct refusal refusal;
    struct facts facts;

    if (kept->decision.would == VERDICT_PASS)
        return false;
    kept_facts(kept, &message->facts, &facts);
    tell_refusal(answerer, rules_of(message), &facts, &kept->decision, &refusal);
    if (kept->decision.verdict == VERDICT_PASS)
        return false;
    *result = reply_refuse(answerer->ctx, &refusal);
    return true;
}

static void tell_passed(const struct answerer *answerer, const struct message *message,
                        const struct kept *tally)
{
    char line[LOGLINE_SIZE];
    struct facts facts;

    kept_facts(tally, &message->facts, &facts);
    logline_passed(&facts, &tally->decision, tally->recipients, answerer->queue_id, line);
    log_line(LOG_INFO, line);
    counters_add(answerer->counters, &tally->decision, tally->recipients, facts.now);
}

/* A partner's mail goes into the queue, from where only the map can hold it back. */
static void watch_map(const struct answerer *answerer, const struct message *message,
                      const struct kept *tally)
{
    const char *socket = rules_of(message)->settings.tls_policy_socket;

    if (tally->decision.direction == DIRECTION_OUTBOUND && socket != NULL &&
        tally->decision.match.connector->level != LEVEL_MAY && !tally->decision.monitored &&
        map_watch_notice(answerer->map_watch, monotonic_ms()))
        log_printf(LOG_WARNING,
                   "mail to outbound partners is accepted, and nobody has ever asked the TLS "
                   "policy map (%s): nothing holds its delivery to TLS; see smtp_tls_policy_maps "
                   "in forcetls-milter(8)",
                   socket);
}

sfsistat answer_end(const struct answerer *answerer, const struct message *message)
{
    sfsistat result = SMFIS_CONTINUE;

    if (message->undecided)
        return answer_internal_error(answerer, message,
                                     "a recipient of local mail could not be decided");
    if (message->too_many_domains)
        return refuse_too_many_domains(answerer, rules_of(message));
    if (refuses(answerer, message, &message->refusal, &result) ||
        (message->says_without_tls && refuses(answerer, message, &message->without_tls, &result)))
        return result;
    for (size_t i = 0; i < message->tally_count; i++) {
        tell_passed(answerer, message, &message->tallies[i]);
        watch_map(answerer, message, &message->tallies[i]);
    }
    return result;
}
