/* SPDX-License-Identifier: ISC */
/*
 * ask: the lines that forcetls-prober is asked with (FORMAT, "Requests"), made of a configuration.
 *
 * Each line comes without its end and is the caller's to free(). NULL: memory ran out, or a path of
 * the configuration is no UTF-8, which a line cannot say.
 */
#ifndef FORCETLS_POLICY_PROBE_ASK_H
#define FORCETLS_POLICY_PROBE_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/rules.h"

#define ASK_STORES_MOST 8 /* of a probe */

char *ask_settings_line(const struct settings *settings);

/* The trust stores of all outbound connectors that demand anything, each once ("" is OpenSSL's
 * default): `stores`, at most ASK_STORES_MOST, is the caller's to release. `left_out` (may be NULL)
 * is a connector whose store found no room, or NULL. False: memory ran out. */
bool ask_stores(const struct rules *rules, struct string_list *stores,
                const struct connector **left_out);

struct ask_probe {
    int64_t id;
    const char *hop;        /* as next_hop_format() writes it */
    bool private_addresses; /* may be connected to */
    bool revocation;        /* ask the addresses that the certificates name for it */
    const struct string_list *stores;
};

char *ask_probe_line(const struct ask_probe *probe);
char *ask_cancel_line(int64_t id);
char *ask_ping_line(int64_t id);

#endif
