/* SPDX-License-Identifier: ISC */
/*
 * reader: what all parts of one conf_read() share: libconfig's tree, the rules that grow, the
 * report. Private to policy/conf.
 */
#ifndef FORCETLS_POLICY_CONF_READER_H
#define FORCETLS_POLICY_CONF_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libconfig.h>

#include "policy/conf/keys.h"
#include "policy/conf/report.h"
#include "policy/conf/source.h"
#include "policy/rules.h"

/* A connector that is in the rules, by its index. */
struct known_connector {
    const struct connector *connector;
    struct place place;
};

struct reader {
    struct source source;
    struct report report;
    config_t config;
    struct rules *rules;
    int64_t now;                /* for what is out of date; seconds since 1970 */
    config_setting_t *defaults; /* the group, or NULL */
    bool muted;                 /* the setting was judged before: say nothing about it again */
    bool files_unread;          /* the connector is not enabled: what it names need not be there */
    struct known_connector *known;
    size_t known_count, known_room;
    void (*visit)(void *data, const struct domain_place *place); /* conf_visit_domains(), or NULL */
    void *visit_data;
};

/* The place of a setting; of NULL: the file. */
struct place reader_place(const struct reader *reader, const config_setting_t *setting);

/* Reports about a setting, with a value of the caller's (data NULL: without one). */
void reader_say(struct reader *reader, enum severity severity, const config_setting_t *setting,
                struct span value, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* An error about a setting, with its own value as the offending one; returns false. */
bool reader_error(struct reader *reader, const config_setting_t *setting, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reports that memory ran out; returns false. */
bool reader_no_memory(struct reader *reader);

/* Whether a key of the file itself is there, right or wrong, and not an empty text. */
bool reader_is_set(const struct reader *reader, const char *key);

/* Reports what the scope does not have, and what is not of its keys' types. Returns false on an
 * unknown key. */
bool reader_check_keys(struct reader *reader, enum scope scope, const config_setting_t *group);

/* Reads every key of the scope that the group has, but for those that are read elsewhere.
 * Returns false if one of them is in error. */
bool reader_read_group(struct reader *reader, enum scope scope, config_setting_t *group,
                       void *target);

/* The parts of a file, each into the reader's rules. */
void read_settings(struct reader *reader, config_setting_t *root);
void read_connectors(struct reader *reader, config_setting_t *root);

#endif
