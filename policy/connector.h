/* SPDX-License-Identifier: ISC */
/*
 * connector: one entry of the file's `connectors`: whom it is about and what it demands.
 *
 * Plain data, filled by policy/conf, read by everybody else. A connector owns all that it
 * points to. Which domains lead to it is not here but in struct connectors (connectors.h).
 */
#ifndef FORCETLS_POLICY_CONNECTOR_H
#define FORCETLS_POLICY_CONNECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/cipher.h"
#include "policy/digest.h"
#include "policy/domain_table.h"
#include "policy/names.h"
#include "policy/network.h"

enum direction { DIRECTION_INBOUND, DIRECTION_OUTBOUND, DIRECTIONS };

/* In the order of strictness (CONFIG: "the strictest of them applies"). */
enum level { LEVEL_MAY, LEVEL_ENCRYPT, LEVEL_VERIFY, LEVEL_SECURE, LEVEL_FINGERPRINT, LEVELS };

enum mode { MODE_ENFORCE, MODE_MONITOR, MODES };
enum action { ACTION_DEFER, ACTION_REJECT };
enum mx_rule { MX_ALL, MX_ANY };
enum unknown_rule { UNKNOWN_ACCEPT, UNKNOWN_DEFER };

/* The words of the file and of the log, in the order of the enums; NULL ends each list. */
extern const char *const level_words[LEVELS + 1];
extern const char *const mode_words[MODES + 1];

const char *direction_word(enum direction direction);
const char *level_word(enum level level);
const char *mode_word(enum mode mode);

/* One of the pins of a pin_file. */
struct pin {
    bool public_key; /* else of the whole certificate */
    struct digest digest;
};

/* One entry of `certificates`: everything given must fit. */
struct certificate_entry {
    bool has_name;
    struct wanted_name name;
    char *issuer; /* NULL: not demanded; likewise below */
    char *root;
    char *organization;
    char *organizational_unit;
    int key_bits; /* at least; 0: not demanded */
    bool has_fingerprint;
    struct digest fingerprint;
    bool has_public_key;
    struct digest public_key;
    char *pin_file;
    struct pin *pins; /* of pin_file: one that fits is enough */
    size_t pin_count;
    int64_t from;  /* counts from this moment on (DATE_ALWAYS) */
    int64_t until; /* and before this one (DATE_NEVER) */
    unsigned line; /* where it stands in the file */
};

struct string_list {
    char **strings;
    size_t count;
};

/* How many of a connector's domains are kept by name. */
#define CONNECTOR_NAMES_MOST 128

struct connector {
    char *name;
    char *comment; /* or NULL */
    char *contact; /* or NULL: the global one */
    char *file;    /* where it stands in the configuration: this file, or one that it includes */
    unsigned line;
    bool directions[DIRECTIONS];
    enum mode mode;
    int64_t enforce_from; /* monitor before this moment (DATE_ALWAYS) */
    enum level level;
    enum action action;

    struct domain_table *local_domains; /* NULL: all */
    size_t domain_count;                /* entries of domains and domains_file, */
    struct string_list domain_names;    /* and where these are the names to expect outbound (secure
                                           without certificates) the first of them, canonical */
    struct network_list client_networks;
    struct network_list exempt_networks;

    enum tls_protocol min_protocol;
    int min_cipher_bits;
    bool forward_secrecy;
    struct string_list ciphers; /* none: all */
    struct string_list exclude_ciphers;
    struct certificate_entry *certificates;
    size_t certificate_count;
    bool identity_shared; /* every entry's name is one that a platform shares, and no pin */

    /* Outbound. */
    char *trust_store; /* NULL: the global one */
    struct string_list next_hops;
    enum mx_rule mx;
    enum unknown_rule unknown; /* accept counts only where there is tls_policy_socket */
};

enum entry_state { ENTRY_ACTIVE, ENTRY_NOT_YET, ENTRY_PAST };

/* Whether an entry of certificates counts at a moment (seconds since 1970). */
enum entry_state certificate_entry_state(const struct certificate_entry *entry, int64_t now);

/* The next moment after `now` at which an entry begins or ceases to count, or enforce_from comes;
 * DATE_NEVER: none. What has no effect (entries below level secure, enforce_from in monitor mode)
 * is no change. */
int64_t connector_next_change(const struct connector *connector, int64_t now);

/* Whether it has any of fingerprint, public_key and pin_file. */
bool certificate_entry_has_pins(const struct certificate_entry *entry);

/* One with every default in place, or NULL where memory ran out. */
struct connector *connector_new(void);
void connector_free(struct connector *connector);

/* Frees what the entry points to, not the entry. */
void certificate_entry_release(struct certificate_entry *entry);

/* Appends a copy. False where memory ran out: then the list is as it was. Release it in any
 * case. */
bool string_list_add(struct string_list *list, const char *text);
void string_list_release(struct string_list *list);

#endif
