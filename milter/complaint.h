/* SPDX-License-Identifier: ISC */
/*
 * complaint: a line in the log about what a peer did, and rarely: whoever may connect could
 * otherwise fill the log.
 */
#ifndef FORCETLS_MILTER_COMPLAINT_H
#define FORCETLS_MILTER_COMPLAINT_H

#include <stdint.h>

/* One kind of line. All zeros: never said. */
struct complaint {
    int64_t said_ms;      /* when it was logged last; 0: never */
    unsigned long unsaid; /* how often it was held back since */
};

/* Logs "SOCKET: TEXT", at most once in ten seconds, and how often it was held back. `socket` is a
 * key of forcetls.conf. */
void complain(struct complaint *complaint, int priority, const char *socket, const char *format,
              ...) __attribute__((format(printf, 4, 5)));

#endif
