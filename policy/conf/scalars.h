/* SPDX-License-Identifier: ISC */
/*
 * scalars: single values of the file: durations, modes, sockets, DNS servers.
 *
 * Each reads a text and says in `why` what is wrong with it, without the text itself.
 */
#ifndef FORCETLS_POLICY_CONF_SCALARS_H
#define FORCETLS_POLICY_CONF_SCALARS_H

#include <stdbool.h>

#include "policy/span.h"
#include "policy/why.h"

/* "90s", "10m", "6h", "7d": seconds. */
bool duration_parse(struct span text, long *seconds, struct why *why);

/* Writes whole days, hours, minutes or else seconds: "6h". */
#define DURATION_TEXT_SIZE 24
void duration_format(long seconds, char text[DURATION_TEXT_SIZE]);

/* "0660": three octal digits, or a zero and three. */
bool octal_mode_parse(struct span text, unsigned *mode, struct why *why);

/* Sockets as libmilter writes them: unix:PATH (also local:PATH), inet:PORT@HOST,
 * inet6:PORT@HOST. `*canonical` has "unix:" for "local:" and a host without brackets; it is the
 * caller's, to be given to free(). */
bool socket_parse(struct span text, bool unix_only, char **canonical, struct why *why);

/* ADDRESS or ADDRESS@PORT, as libunbound writes a DNS server. */
bool dns_server_parse(struct span text, struct why *why);

/* A decimal number from 1 to 65535. */
bool port_parse(struct span text);

#endif
