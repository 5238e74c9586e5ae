/* SPDX-License-Identifier: ISC */
#include "policy/connector.h"

#include <stdlib.h>
#include <string.h>

#include "policy/date.h"

const char *const level_words[LEVELS + 1] = { [LEVEL_MAY] = "may",
                                              [LEVEL_ENCRYPT] = "encrypt",
                                              [LEVEL_VERIFY] = "verify",
                                              [LEVEL_SECURE] = "secure",
                                              [LEVEL_FINGERPRINT] = "fingerprint" };

const char *const mode_words[MODES + 1] = {
    [MODE_ENFORCE] = "enforce", [MODE_MONITOR] = "monitor"
};

const char *direction_word(enum direction direction)
{
    return direction == DIRECTION_INBOUND ? "inbound" : "outbound";
}

const char *level_word(enum level level)
{
    return level_words[level];
}

const char *mode_word(enum mode mode)
{
    return mode_words[mode];
}

enum entry_state certificate_entry_state(const struct certificate_entry *entry, int64_t now)
{
    if (now < entry->from)
        return ENTRY_NOT_YET;
    return now < entry->until ? ENTRY_ACTIVE : ENTRY_PAST;
}

/* The earlier one, if it is still to come. */
static int64_t sooner(int64_t change, int64_t moment, int64_t now)
{
    return moment > now && moment < change ? moment : change;
}

int64_t connector_next_change(const struct connector *connector, int64_t now)
{
    int64_t change = DATE_NEVER;

    if (connector->mode == MODE_ENFORCE)
        change = sooner(change, connector->enforce_from, now);
    for (size_t i = 0; connector->level >= LEVEL_SECURE && i < connector->certificate_count; i++) {
        change = sooner(change, connector->certificates[i].from, now);
        change = sooner(change, connector->certificates[i].until, now);
    }
    return change;
}

bool certificate_entry_has_pins(const struct certificate_entry *entry)
{
    return entry->has_fingerprint || entry->has_public_key || entry->pin_count > 0;
}

struct connector *connector_new(void)
{
    struct connector *connector = calloc(1, sizeof(*connector));

    if (connector == NULL)
        return NULL;
    connector->enforce_from = DATE_ALWAYS;
    connector->min_protocol = PROTOCOL_TLSV1_2;
    connector->min_cipher_bits = 128;
    return connector;
}

void connector_free(struct connector *connector)
{
    if (connector == NULL)
        return;
    free(connector->name);
    free(connector->comment);
    free(connector->contact);
    free(connector->file);
    domain_table_free(connector->local_domains);
    string_list_release(&connector->domain_names);
    network_list_release(&connector->client_networks);
    network_list_release(&connector->exempt_networks);
    string_list_release(&connector->ciphers);
    string_list_release(&connector->exclude_ciphers);
    for (size_t i = 0; i < connector->certificate_count; i++)
        certificate_entry_release(&connector->certificates[i]);
    free(connector->certificates);
    free(connector->trust_store);
    string_list_release(&connector->next_hops);
    free(connector);
}

void certificate_entry_release(struct certificate_entry *entry)
{
    free(entry->issuer);
    free(entry->root);
    free(entry->organization);
    free(entry->organizational_unit);
    free(entry->pin_file);
    free(entry->pins);
}

bool string_list_add(struct string_list *list, const char *text)
{
    char **grown = realloc(list->strings, (list->count + 1) * sizeof(*grown));

    if (grown == NULL)
        return false;
    list->strings = grown;
    grown[list->count] = strdup(text);
    if (grown[list->count] == NULL)
        return false;
    list->count++;
    return true;
}

void string_list_release(struct string_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->strings[i]);
    free(list->strings);
    list->strings = NULL;
    list->count = 0;
}
