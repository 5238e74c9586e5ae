/* SPDX-License-Identifier: ISC */
/*
 * The settings of the file itself, of `probe` and of `dns`, and the check of `defaults`.
 */
#include <string.h>

#include "policy/conf/scalars.h"
#include "policy/conf/values.h"

/* A group by its name, or NULL where it is missing or none (which has been reported). */
static config_setting_t *group_of(config_setting_t *root, const char *name)
{
    config_setting_t *group = config_setting_get_member(root, name);

    return group != NULL && config_setting_type(group) == CONFIG_TYPE_GROUP ? group : NULL;
}

/* The setting to blame for a pair that does not fit: the first of the two that is there. */
static config_setting_t *either(config_setting_t *group, const char *first, const char *second)
{
    config_setting_t *setting = config_setting_get_member(group, first);

    return setting != NULL ? setting : config_setting_get_member(group, second);
}

static void say_duration(struct reader *reader, const config_setting_t *setting, int seconds,
                         const char *sentence)
{
    char text[DURATION_TEXT_SIZE];

    duration_format(seconds, text);
    reader_say(reader, SEVERITY_ERROR, setting, span_of(text), "%s", sentence);
}

static void check_probe(struct reader *reader, config_setting_t *group)
{
    const struct probe_settings *probe = &reader->rules->settings.probe;

    if (probe->interval <= probe->retry)
        say_duration(reader, either(group, "interval", "retry"), probe->interval,
                     "interval must be longer than retry");
    if (probe->max_age < probe->interval)
        say_duration(reader, either(group, "max_age", "interval"), probe->max_age,
                     "max_age must not be shorter than interval, facts would grow too old "
                     "before they are fetched again");
    if ((probe->certificate == NULL) != (probe->key == NULL))
        reader_say(reader, SEVERITY_ERROR, either(group, "certificate", "key"),
                   span_of(probe->key == NULL ? probe->certificate : probe->key),
                   "certificate and key belong together, one of them is missing");
}

/* Two sockets of ours in one place: the second would take over the first. */
static void check_sockets(struct reader *reader, config_setting_t *root)
{
    const struct settings *settings = &reader->rules->settings;
    const struct {
        const char *key, *socket;
    } rows[] = {
        { "milter_socket", settings->milter_socket },
        { "smtpd_policy_socket", settings->smtpd_policy_socket },
        { "tls_policy_socket", settings->tls_policy_socket },
        { "control_socket", settings->control_socket },
    };

    for (size_t i = 1; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t n = 0; n < i; n++) {
            if (rows[i].socket != NULL && rows[n].socket != NULL &&
                strcmp(rows[i].socket, rows[n].socket) == 0)
                reader_say(reader, SEVERITY_ERROR, config_setting_get_member(root, rows[i].key),
                           span_of(rows[i].socket), "%s and %s are the same socket", rows[i].key,
                           rows[n].key);
        }
    }
}

/* A list of one's own replaces the default. An empty one is a choice, and what is in error has
 * been reported. */
static void check_loopback(struct reader *reader, config_setting_t *root)
{
    static const uint8_t bytes[] = { 127, 0, 0, 1 };
    const config_setting_t *list = config_setting_get_member(root, "inbound_exempt_networks");
    const struct network_list *networks = &reader->rules->settings.inbound_exempt_networks;
    struct ip loopback = ip_from_bytes(4, bytes);

    if (list != NULL && config_setting_is_aggregate(list) && networks->count > 0 &&
        networks->count == (size_t)config_setting_length(list) &&
        !network_list_contains(networks, &loopback))
        reader_say(reader, SEVERITY_NOTE, list, span_of("inbound_exempt_networks"),
                   "the loopback is not in this list, mail that a content filter hands back is "
                   "judged");
}

/* Judges the values once; each connector takes them over later without a word. */
static void check_defaults(struct reader *reader)
{
    struct connector *scratch = connector_new();

    if (scratch == NULL)
        (void)reader_no_memory(reader);
    else
        (void)reader_read_group(reader, SCOPE_DEFAULTS, reader->defaults, scratch);
    connector_free(scratch);
}

void read_settings(struct reader *reader, config_setting_t *root)
{
    config_setting_t *probe = group_of(root, "probe"), *dns = group_of(root, "dns");
    struct settings *settings = &reader->rules->settings;

    (void)reader_read_group(reader, SCOPE_TOP, root, settings);
    if (probe != NULL && reader_read_group(reader, SCOPE_PROBE, probe, &settings->probe))
        check_probe(reader, probe);
    if (dns != NULL)
        (void)reader_read_group(reader, SCOPE_DNS, dns, &settings->dns);
    reader->defaults = group_of(root, "defaults");
    if (reader->defaults != NULL)
        check_defaults(reader);
    check_sockets(reader, root);
    check_loopback(reader, root);
}
