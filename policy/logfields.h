/* SPDX-License-Identifier: ISC */
/*
 * logfields: a verdict line of the daemon's log, read back. The other half of logline.h.
 *
 * Nothing is copied: the spans point into the line. Quoted values still have their quotes' inside
 * escaped; logfields_decode() undoes that.
 */
#ifndef FORCETLS_POLICY_LOGFIELDS_H
#define FORCETLS_POLICY_LOGFIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/connector.h"
#include "policy/span.h"

/* The keys, in the order of the line. */
enum logfield {
    LOGFIELD_VERDICT,
    LOGFIELD_WOULD,
    LOGFIELD_REASON,
    LOGFIELD_CONNECTOR,
    LOGFIELD_LEVEL,
    LOGFIELD_FROM,
    LOGFIELD_TO,
    LOGFIELD_NRCPT,
    LOGFIELD_CLIENT,
    LOGFIELD_HOP,
    LOGFIELD_MX,
    LOGFIELD_TLS,
    LOGFIELD_CIPHER, /* the name alone; its bits are cipher_bits */
    LOGFIELD_CERTIFICATE,
    LOGFIELD_SUBJECT,
    LOGFIELD_ISSUER,
    LOGFIELD_ROOT,
    LOGFIELD_FINGERPRINT,
    LOGFIELD_PUBLIC_KEY,
    LOGFIELD_IDENTITY,
    LOGFIELD_AGE,
    LOGFIELD_MODE,
    LOGFIELD_TEXT,
    LOGFIELDS
};

struct logfields {
    struct span queue_id; /* without quotes */
    bool queue_id_quoted;
    enum direction direction;
    struct span values[LOGFIELDS]; /* without quotes; not known: the key is not there */
    bool quoted[LOGFIELDS];        /* the value stood in quotes: escapes may be in it */
    int cipher_bits;               /* cipher=NAME/BITS; -1: not told */
};

/*
 * Reads "QUEUEID: inbound verdict=... key=value ...", which is the whole of `line` (without the
 * syslog header). Keys that are not known are passed over, since a later version may have more; of
 * a key that comes twice the first one counts. False: it is no such line (not "inbound" or
 * "outbound", no verdict=, a quote without end).
 */
bool logfields_read(struct logfields *fields, struct span line);

/* The value without its escapes, in `buffer`, which must have room for all of the value; where
 * nothing is escaped it is the value itself and `buffer` is not touched. */
struct span logfields_decode(const struct logfields *fields, enum logfield field, char *buffer);

/* The same for what stood between any quotes of the log. */
struct span logfields_unescape(struct span text, char *buffer);

const char *logfield_word(enum logfield field);

#endif
