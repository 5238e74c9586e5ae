/* SPDX-License-Identifier: ISC */
/*
 * keys: the table of all keys of the file. Reading, type checks, "did you mean", the warnings
 * about keys without effect, and the test of the manual's completeness come from these rows.
 */
#ifndef FORCETLS_POLICY_CONF_KEYS_H
#define FORCETLS_POLICY_CONF_KEYS_H

#include <stdbool.h>
#include <stddef.h>

/* Where a key may stand, and what its offset is an offset of. */
enum scope {
    SCOPE_TOP,         /* struct settings */
    SCOPE_DEFAULTS,    /* struct connector: the connector's keys but those of its identity */
    SCOPE_PROBE,       /* struct probe_settings */
    SCOPE_DNS,         /* struct dns_settings */
    SCOPE_CONNECTOR,   /* struct connector */
    SCOPE_CERTIFICATE, /* struct certificate_entry */
    SCOPES
};

/* What the value is; in brackets the type of the field at the offset. */
enum key_type {
    KEY_GROUP,          /* { ... }: read elsewhere */
    KEY_GROUPS,         /* ( { ... }, ... ): read elsewhere */
    KEY_ENABLED,        /* true or false: read elsewhere */
    KEY_DOMAINS,        /* patterns: read elsewhere */
    KEY_DOMAINS_FILE,   /* a file of patterns: read elsewhere */
    KEY_FLAG,           /* true or false (bool) */
    KEY_NUMBER,         /* whole, from `least` to `most` (int) */
    KEY_RATE,           /* a number above 0, up to `most` (double) */
    KEY_DURATION,       /* "10m", from `least` to `most` seconds (int) */
    KEY_DATE,           /* "YYYY-MM-DD" (int64_t) */
    KEY_WORD,           /* one of `words` (an enum in the same order) */
    KEY_PROTOCOL,       /* one of `words` (enum tls_protocol) */
    KEY_DIRECTION,      /* one of `words` (bool[DIRECTIONS]) */
    KEY_TEXT,           /* printable, not longer than `most` bytes (char *) */
    KEY_ASCII,          /* likewise, ASCII only */
    KEY_ID,             /* letters, digits, ".", "_", "-" (char *) */
    KEY_OCTAL,          /* "0660" (unsigned) */
    KEY_SOCKET,         /* unix:PATH, inet:PORT@HOST, inet6:PORT@HOST (char *) */
    KEY_UNIX_SOCKET,    /* unix:PATH (char *) */
    KEY_FILE,           /* a readable file (char *) */
    KEY_FILE_OR_FOLDER, /* likewise, or a folder */
    KEY_HOST,           /* a host name (char *) */
    KEY_ADDRESS4,       /* an IPv4 address (char *) */
    KEY_ADDRESS6,       /* an IPv6 address (char *) */
    KEY_SERVERS,        /* list of ADDRESS or ADDRESS@PORT (struct string_list) */
    KEY_NETWORKS,       /* list (struct network_list) */
    KEY_TEXTS,          /* list of KEY_ID texts (struct string_list) */
    KEY_CIPHERS,        /* list (struct string_list) */
    KEY_NEXT_HOPS,      /* list (struct string_list) */
    KEY_DOMAIN_TABLE,   /* list of patterns (struct domain_table *) */
    KEY_CERTIFICATES,   /* ( { ... }, ... ) (struct connector's certificates) */
    KEY_CERT_NAME,      /* a host name or "*." and one (struct certificate_entry's name) */
    KEY_FINGERPRINT,    /* SHA-256 (struct certificate_entry's fingerprint) */
    KEY_PUBLIC_KEY,     /* SHA-256 (struct certificate_entry's public_key) */
    KEY_PIN_FILE,       /* PEM (struct certificate_entry's pin_file and pins) */
    KEY_TYPES
};

enum {
    KEY_IDENTITY = 1 << 0,     /* says who the partner is: not for defaults */
    KEY_MAY_BE_EMPTY = 1 << 1, /* "" is as if the key were not there; [ ] is an empty list */
    KEY_INBOUND = 1 << 2,      /* has an effect inbound only */
    KEY_OUTBOUND = 1 << 3,     /* has an effect outbound only */
    KEY_DEMANDS = 1 << 4,      /* an entry of certificates that has it demands something */
    KEY_EXEMPTS = 1 << 5       /* of whom it names, nothing is demanded */
};

struct key {
    const char *name;
    enum key_type type;
    unsigned flags;
    size_t offset;
    long least, most;
    const char *const *words; /* ends with NULL */
    const char *example;      /* as it stands in a file */
    unsigned levels; /* the levels at which it has an effect, a bit each (1 << LEVEL_...) */
};

/* The rows of a scope. For SCOPE_DEFAULTS those of SCOPE_CONNECTOR: skip what
 * key_in_scope() refuses. */
const struct key *keys_of(enum scope scope, size_t *count);
bool key_in_scope(const struct key *key, enum scope scope);

/* NULL: no such key there. */
const struct key *key_find(enum scope scope, const char *name);

/* "in a connector", "in probe" ...: where keys of the scope stand. */
const char *scope_word(enum scope scope);

/* "number", "list of networks" ...: as the manual names the type. */
const char *key_type_word(enum key_type type);

#endif
