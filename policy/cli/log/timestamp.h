/* SPDX-License-Identifier: ISC */
/*
 * timestamp: the times of log lines, and the times that an administrator names. Pure but for the
 * time zone of this host, which is looked up for times that count from 1970.
 *
 * All of them are what a clock on the wall shows, counted in seconds since 1970-01-01 as if that
 * clock never changed: a time zone in a log line is passed over and not applied.
 */
#ifndef FORCETLS_POLICY_CLI_LOG_TIMESTAMP_H
#define FORCETLS_POLICY_CLI_LOG_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/span.h"
#include "policy/why.h"

#define TIMESTAMP_UNKNOWN INT64_MIN
#define TIMESTAMP_TEXT_SIZE 48

/* Remembers the last day, so that a line of the same day costs next to nothing. */
struct timestamp_reader {
    int64_t now; /* wall clock */
    char day[10];
    size_t day_length;
    int64_t day_start;
    int64_t quarter, offset; /* wall clock minus clock, in that quarter of an hour */
};

void timestamp_reader_init(struct timestamp_reader *reader, int64_t now);

/*
 * The time at the beginning of a log line:
 *
 *     Nov 25 00:58:09                       syslog, journalctl -o short, -o short-precise. The year
 *                                           is the latest that is not after tomorrow
 *     2026-11-25T00:58:09.123456+00:00      syslog (RFC 3339), journalctl -o short-iso
 *     Tue 2026-11-25 00:58:09 UTC           journalctl -o short-full
 *     1764032289.123456                     journalctl -o short-unix
 *     [   12.345678]                        journalctl -o short-monotonic: not known
 *
 * How long it is, with the blank behind it; 0: there is none. `*time` is TIMESTAMP_UNKNOWN then.
 */
size_t timestamp_read(struct timestamp_reader *reader, struct span line, int64_t *time);

/* What the wall clock shows at a moment (seconds since 1970, UTC). */
int64_t timestamp_of_clock(int64_t seconds);

/*
 * A time as journalctl(1) takes it for --since (systemd.time(7)): "2026-11-24", "2026-11-24 10:00",
 * "2026-11-24 10:00:30" (or with "T" in the middle), "10:00" (today), "now", "today", "yesterday",
 * "tomorrow", "-2h", "+1d", "1h 30min ago", "@1764032289". Without a time of day, it is 00:00:00.
 */
bool timestamp_parse(int64_t *time, struct span text, int64_t now, struct why *why);

/* "2026-11-24 10:00:30", with the character in the middle; "-" where it is not known. */
void timestamp_format(int64_t time, char middle, char text[TIMESTAMP_TEXT_SIZE]);

/* "10:00", "10:00:30": at the beginning of the text. How long it is; 0: it is none. */
size_t timestamp_read_clock(struct span text, int64_t *seconds);

#endif
