/* SPDX-License-Identifier: ISC */
/*
 * draft: one connector while it is read and checked. Private to policy/conf.
 */
#ifndef FORCETLS_POLICY_CONF_DRAFT_H
#define FORCETLS_POLICY_CONF_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/conf/reader.h"

struct draft {
    struct reader *reader;
    config_setting_t *group;     /* the connector's own */
    struct connector *connector; /* the rules' from read_domains() on */
    uint32_t index;
    uint64_t failed; /* keys that are in error, a bit a row of the key table */
    /* A place where domains has "*"; line 0: nowhere. */
    struct place any;
};

/* The setting in the connector itself, or NULL. */
config_setting_t *draft_own(const struct draft *draft, const char *key);

/* The setting that counts: the connector's own, else that of defaults, else NULL. */
config_setting_t *draft_setting(const struct draft *draft, const char *key);

/* The setting that counts is there, and its value is no error. */
bool draft_has(const struct draft *draft, const char *key);

/* The key may be missing, but what is there is no error. */
bool draft_sound(const struct draft *draft, const char *key);

/* The connector's name, or "?" where it has none. */
const char *draft_name(const struct draft *draft);

/* read_domains.c: domains and domains_file lead to the connector from now on. */
void read_domains(struct draft *draft);

/* check_connector.c, before and after the domains are known; check_certificates.c. */
void check_connector(struct draft *draft);
void check_any_domain(struct draft *draft);
void check_certificates(struct draft *draft);

/* check_policies.c, once everything is read. */
void check_policies(struct reader *reader);

#endif
