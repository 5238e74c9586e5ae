/* SPDX-License-Identifier: ISC */
#include "policy/rules.h"

#include <stdlib.h>
#include <string.h>

#define HOUR 3600

static bool set_exempt_networks(struct network_list *list)
{
    static const char *const loopback[] = { "127.0.0.0/8", "::1" };

    for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++) {
        struct network network;

        if (!network_parse(&network, span_of(loopback[i]), NULL) ||
            !network_list_add(list, &network))
            return false;
    }
    return true;
}

static bool set_local_transports(struct string_list *list)
{
    static const char *const transports[] = { "local", "virtual", "error", "discard" };

    for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
        if (!string_list_add(list, transports[i]))
            return false;
    }
    return true;
}

struct rules *rules_new(void)
{
    struct rules *rules = calloc(1, sizeof(*rules));

    if (rules == NULL)
        return NULL;
    rules->settings.mode = MODE_ENFORCE;
    rules->settings.socket_mode = 0660;
    rules->settings.probe = (struct probe_settings){ .interval = 6 * HOUR,
                                                     .retry = 600,
                                                     .max_age = 24 * HOUR,
                                                     .timeout = 60,
                                                     .max_parallel = 64,
                                                     .rate = 2.0,
                                                     .port = 25 };
    rules->connectors = connectors_new();
    if (rules->connectors == NULL ||
        !set_exempt_networks(&rules->settings.inbound_exempt_networks) ||
        !set_local_transports(&rules->settings.local_transports)) {
        rules_free(rules);
        return NULL;
    }
    return rules;
}

bool rules_monitor(const struct rules *rules, const struct connector *connector, int64_t now)
{
    return rules->settings.mode == MODE_MONITOR || connector->mode == MODE_MONITOR ||
           now < connector->enforce_from;
}

const char *rules_trust_store(const struct rules *rules, const struct connector *connector)
{
    if (connector->trust_store != NULL)
        return connector->trust_store;
    return rules->settings.trust_store != NULL ? rules->settings.trust_store : "";
}

static void probe_settings_release(struct probe_settings *probe)
{
    free(probe->helo_name);
    free(probe->source_address);
    free(probe->source_address6);
    free(probe->certificate);
    free(probe->key);
}

static void settings_release(struct settings *settings)
{
    free(settings->contact);
    free(settings->milter_socket);
    free(settings->smtpd_policy_socket);
    free(settings->tls_policy_socket);
    free(settings->control_socket);
    free(settings->socket_group);
    free(settings->user);
    free(settings->trust_store);
    network_list_release(&settings->inbound_exempt_networks);
    string_list_release(&settings->local_transports);
    probe_settings_release(&settings->probe);
    string_list_release(&settings->dns.servers);
    free(settings->dns.trust_anchor);
}

void rules_free(struct rules *rules)
{
    if (rules == NULL)
        return;
    settings_release(&rules->settings);
    connectors_free(rules->connectors);
    free(rules);
}
