/* SPDX-License-Identifier: ISC */
/*
 * postfix_not_served: this version of forcetls-milter does not answer at tls_policy_socket yet. All
 * that the findings say because of that is here; once it does, this goes.
 */
#ifndef FORCETLS_POLICY_CLI_CHECK_POSTFIX_NOT_SERVED_H
#define FORCETLS_POLICY_CLI_CHECK_POSTFIX_NOT_SERVED_H

#include "policy/conf/conf.h"

/* Behind the text of whatever would make somebody attach the map. */
#define MAP_NOT_SERVED                                                                             \
    "; do not attach the map yet: this version of forcetls-milter does not answer there, and all " \
    "mail out would wait"

/* Of such a finding: SEVERITY_WARNING once the map is answered. */
#define MAP_SEVERITY SEVERITY_NOTE

/* Turns a command into one that is to come; frees it. */
char *map_type_later(char *command);

#endif
