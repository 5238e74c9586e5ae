/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/cli/log/log_tally.h"

void log_tally_init(struct log_tally *tally)
{
    *tally = (struct log_tally){ .first = TIMESTAMP_UNKNOWN, .last = TIMESTAMP_UNKNOWN };
}

bool log_tally_is_nothing(const struct log_tally *tally)
{
    return tally->messages == 0 && tally->exempt == 0 && tally->refused == 0 &&
           tally->would_be_refused == 0;
}

void log_note_time(int64_t *first, int64_t *last, int64_t time)
{
    if (time == TIMESTAMP_UNKNOWN)
        return;
    if (*first == TIMESTAMP_UNKNOWN || time < *first)
        *first = time;
    if (*last == TIMESTAMP_UNKNOWN || time > *last)
        *last = time;
}

void log_tally_add(struct log_tally *to, const struct log_tally *from)
{
    to->messages += from->messages;
    to->recipients += from->recipients;
    to->exempt += from->exempt;
    to->exempt_recipients += from->exempt_recipients;
    to->refused += from->refused;
    to->would_be_refused += from->would_be_refused;
    log_note_time(&to->first, &to->last, from->first);
    log_note_time(&to->first, &to->last, from->last);
}

void log_tally_count(struct log_tally *tally, const struct log_facts *facts)
{
    uint64_t count = facts->seen.count;

    log_note_time(&tally->first, &tally->last, facts->seen.time);
    switch (facts->verdict) {
    case LOG_VERDICT_PASS:
        tally->messages += count;
        tally->recipients += count * facts->recipients;
        break;
    case LOG_VERDICT_EXEMPT:
        tally->exempt += count;
        tally->exempt_recipients += count * facts->recipients;
        break;
    case LOG_VERDICT_REFUSED:
        tally->refused += count;
        break;
    case LOG_VERDICT_MONITOR:
        tally->would_be_refused += count;
        break;
    case LOG_VERDICT_NEAR_MISS:
        break;
    }
}
