/* SPDX-License-Identifier: ISC */
#include "milter/hops/pulse.h"

void pulse_start(struct pulse *pulse, int64_t now_ms)
{
    pulse->id = 0;
    pulse->due_ms = now_ms + pulse->every_ms;
}

bool pulse_is_due(const struct pulse *pulse, int64_t now_ms)
{
    return pulse->id == 0 && pulse->due_ms <= now_ms;
}

void pulse_asked(struct pulse *pulse, int64_t id, int64_t now_ms)
{
    pulse->id = id;
    pulse->due_ms = now_ms + pulse->within_ms;
}

bool pulse_answered(struct pulse *pulse, int64_t id, int64_t now_ms)
{
    if (pulse->id == 0 || pulse->id != id)
        return false;
    pulse_start(pulse, now_ms);
    return true;
}

bool pulse_is_lost(const struct pulse *pulse, int64_t now_ms)
{
    return pulse->id != 0 && pulse->due_ms <= now_ms;
}
