/* SPDX-License-Identifier: ISC */
/*
 * values: one setting becomes one field, after its type and its range were checked.
 */
#ifndef FORCETLS_POLICY_CONF_VALUES_H
#define FORCETLS_POLICY_CONF_VALUES_H

#include "policy/conf/reader.h"

/* Checks the setting's type and stores its value at the key's offset of `target`, the struct of
 * the key's scope. What is read elsewhere is only checked for its type. False: reported. */
bool value_read(struct reader *reader, const struct key *key, config_setting_t *setting,
                void *target);

/* The same for one type each; the setting's own type has been checked. */
typedef bool value_reader(struct reader *reader, const struct key *key, config_setting_t *setting,
                          void *target);

/* value_scalars.c */
value_reader value_flag, value_number, value_rate, value_duration, value_date, value_word,
    value_protocol, value_direction, value_text, value_id, value_octal, value_socket, value_file,
    value_host, value_address;

/* value_lists.c; value_patterns only checks. */
value_reader value_servers, value_networks, value_texts, value_ciphers, value_next_hops,
    value_domain_table, value_patterns;

/* read_certificates.c */
value_reader value_certificates, value_certificate_name, value_fingerprint, value_public_key,
    value_pin_file;

/* Of a KEY_ENABLED or KEY_FLAG whose type has been checked. */
bool value_is_true(const config_setting_t *setting);

/* The full path of a file that the setting names; NULL: memory, and reported. */
char *value_path(struct reader *reader, const config_setting_t *setting);

/* Whether the text has only what a name in the log may have: letters, digits, ".", "_", "-". */
bool text_is_id(const char *text);

#endif
