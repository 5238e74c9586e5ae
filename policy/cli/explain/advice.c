/* SPDX-License-Identifier: ISC */
#include "policy/cli/explain/advice_table.h"

static const struct advice_table *table_of(enum direction direction)
{
    return direction == DIRECTION_OUTBOUND ? &advice_outbound : &advice_inbound;
}

const char *advice_meaning(enum direction direction, int reason)
{
    return reason >= 0 && reason <= ADVICE_NEAR_MISS ? table_of(direction)->meanings[reason] : NULL;
}

static unsigned where_of(const struct check_result *result)
{
    if (result->check == CHECK_CERTIFICATE)
        return CHECK(CHECK_CERTIFICATE) | FIELD(result->field);
    return CHECK(result->check);
}

static bool fits(const struct advice_step *step, const struct advice_case *wanted)
{
    return step->reason == wanted->reason && !(step->refused && wanted->monitored) &&
           (step->mta == MTA_UNKNOWN || wanted->mta == MTA_UNKNOWN || step->mta == wanted->mta) &&
           (step->where == ANYWHERE || wanted->result == NULL ||
            (step->where & where_of(wanted->result)) != 0);
}

const struct advice_step *advice_next(const struct advice_case *wanted, size_t *position)
{
    const struct advice_table *table = table_of(wanted->direction);

    while (*position < table->count) {
        const struct advice_step *step = &table->steps[(*position)++];

        if (fits(step, wanted))
            return step;
    }
    return NULL;
}

bool advice_reason(int *reason, struct span word)
{
    for (*reason = 0; *reason < REASONS; (*reason)++) {
        if (span_equal(word, span_of(reason_word((enum reason) * reason))))
            return true;
    }
    return span_equal(word, span_of("near-miss")); /* *reason is ADVICE_NEAR_MISS */
}
