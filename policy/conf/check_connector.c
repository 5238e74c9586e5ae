/* SPDX-License-Identifier: ISC */
/*
 * What must be true of a connector as a whole: keys that it needs, keys without effect, and
 * demands that do not go together.
 */
#include "policy/conf/draft.h"
#include "policy/conf/scalars.h"
#include "policy/escape.h"
#include "policy/next_hop.h"
#include "policy/tls_policy.h"

static const struct span no_value = { NULL, 0 };

static void say(struct draft *draft, enum severity severity, const char *key, struct span value,
                const char *sentence)
{
    reader_say(draft->reader, severity, draft_setting(draft, key), value, "%s", sentence);
}

static void check_required(struct draft *draft)
{
    static const char *const required[] = { "name", "direction", "level" };
    struct span name = draft->connector->name != NULL ? span_of(draft->connector->name) : no_value;

    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        if (draft_setting(draft, required[i]) == NULL)
            reader_say(draft->reader, SEVERITY_ERROR, draft->group, name, "a connector without %s",
                       required[i]);
    }
    if (draft_own(draft, "domains") == NULL && draft_own(draft, "domains_file") == NULL)
        reader_say(draft->reader, SEVERITY_ERROR, draft->group, name,
                   "a connector without domains and domains_file");
}

/* A key of the connector itself; one of defaults is meant for those where it has an effect. */
static void check_effect(struct draft *draft, const struct key *key,
                         const config_setting_t *setting)
{
    const struct connector *connector = draft->connector;
    bool inbound = connector->directions[DIRECTION_INBOUND];
    bool outbound = connector->directions[DIRECTION_OUTBOUND];
    struct reader *reader = draft->reader;

    if (draft_has(draft, "direction") && (key->flags & KEY_INBOUND) && !inbound)
        reader_say(reader, SEVERITY_WARNING, setting, span_of(key->name),
                   "this key has no effect outbound");
    else if (draft_has(draft, "direction") && (key->flags & KEY_OUTBOUND) && !outbound)
        reader_say(reader, SEVERITY_WARNING, setting, span_of(key->name),
                   "this key has no effect inbound");
    else if (draft_has(draft, "level") && !(key->levels & 1u << connector->level))
        reader_say(reader, SEVERITY_WARNING, setting, span_of(key->name),
                   "this key has no effect at level %s", level_word(connector->level));
}

static void check_effects(struct draft *draft)
{
    for (int i = 0; i < config_setting_length(draft->group); i++) {
        const config_setting_t *setting = config_setting_get_elem(draft->group, (unsigned)i);
        const struct key *key = key_find(SCOPE_CONNECTOR, config_setting_name(setting));

        if (key != NULL)
            check_effect(draft, key, setting);
    }
    if (draft_own(draft, "client_networks") != NULL && draft_has(draft, "level") &&
        draft->connector->level == LEVEL_MAY && draft->connector->directions[DIRECTION_INBOUND])
        say(draft, SEVERITY_WARNING, "client_networks", span_of("client_networks"),
            "at level may no address is refused, these networks only tell whose a bounce is");
    if (draft_own(draft, "enforce_from") != NULL && draft_has(draft, "mode") &&
        draft->connector->mode == MODE_MONITOR)
        say(draft, SEVERITY_WARNING, "enforce_from", span_of("enforce_from"),
            "this key has no effect with mode monitor, which never ends");
}

/* Whether all next hops are hosts: then no MX record is trusted. */
static bool hops_are_hosts(const struct connector *connector)
{
    for (size_t i = 0; i < connector->next_hops.count; i++) {
        struct next_hop hop;

        if (!next_hop_parse(&hop, span_of(connector->next_hops.strings[i]), NULL) ||
            hop.kind == NEXT_HOP_DOMAIN)
            return false;
    }
    return connector->next_hops.count > 0;
}

/* Entries of level secure that want "*.contoso.com". */
static void check_wildcards(struct draft *draft)
{
    const struct connector *connector = draft->connector;

    for (size_t i = 0; connector->level == LEVEL_SECURE && i < connector->certificate_count; i++) {
        const struct certificate_entry *entry = &connector->certificates[i];
        char name[DOMAIN_MAX + 3];

        if (!entry->has_name || !entry->name.wildcard)
            continue;
        wanted_name_format(&entry->name, name, sizeof(name));
        say(draft, SEVERITY_WARNING, "certificates", span_of(name),
            "Postfix's TLS policy takes this for names of any depth, at RCPT it is one label");
    }
}

/* What Postfix's TLS policy has no word for, so that the decision at RCPT stands alone. */
static void check_policy_map(struct draft *draft)
{
    const struct connector *connector = draft->connector;
    char keys[256];
    struct line line;

    line_init(&line, keys, sizeof(keys));
    if (tls_policy_unsaid(connector, &line))
        reader_say(draft->reader, SEVERITY_WARNING, draft->group, span_of(draft_name(draft)),
                   "Postfix's TLS policy cannot express %s: outbound this is judged at RCPT only",
                   keys + 2);
    if (connector->local_domains != NULL)
        say(draft, SEVERITY_WARNING, "local_domains", span_of(draft_name(draft)),
            "Postfix's TLS policy is not told who sends: it holds the mail of all our domains to "
            "this connector");
    check_wildcards(draft);
}

static void check_outbound(struct draft *draft)
{
    const struct connector *connector = draft->connector;

    if (!connector->directions[DIRECTION_OUTBOUND] || !draft_has(draft, "level") ||
        connector->level == LEVEL_MAY)
        return;
    if (draft_has(draft, "unknown") && connector->unknown == UNKNOWN_ACCEPT &&
        !reader_is_set(draft->reader, "tls_policy_socket"))
        say(draft, SEVERITY_ERROR, "unknown", span_of("accept"),
            "unknown = \"accept\" needs tls_policy_socket, nothing would hold the delivery");
    if (connector->level == LEVEL_VERIFY && !hops_are_hosts(connector))
        say(draft, SEVERITY_NOTE, "level", span_of(draft_name(draft)),
            "outbound verify trusts the DNS for the names of the MX hosts: it resists an attacker "
            "in the network only where the MX answer is secured with DNSSEC");
    if (reader_is_set(draft->reader, "tls_policy_socket"))
        check_policy_map(draft);
}

/* Nothing is left where the same suite is allowed and excluded. */
static void check_ciphers(struct draft *draft)
{
    const struct connector *connector = draft->connector;
    size_t lost = 0;

    for (size_t i = 0; i < connector->ciphers.count; i++) {
        struct span cipher = span_of(connector->ciphers.strings[i]);
        bool excluded = false;

        for (size_t n = 0; n < connector->exclude_ciphers.count; n++)
            excluded =
                excluded || cipher_equal(cipher, span_of(connector->exclude_ciphers.strings[n]));
        if (excluded)
            say(draft, SEVERITY_WARNING, "exclude_ciphers", cipher,
                "a cipher suite that ciphers allows is excluded");
        lost += excluded;
    }
    if (lost > 0 && lost == connector->ciphers.count)
        say(draft, SEVERITY_ERROR, "exclude_ciphers", span_of(draft_name(draft)),
            "exclude_ciphers leaves nothing of ciphers, no session can satisfy this connector");
}

void check_connector(struct draft *draft)
{
    check_required(draft);
    check_effects(draft);
    check_outbound(draft);
    check_ciphers(draft);
}

void check_any_domain(struct draft *draft)
{
    const struct connector *connector = draft->connector;
    struct report *report = &draft->reader->report;

    if (draft->any.order == 0 || !draft_has(draft, "level"))
        return;
    if (connector->level == LEVEL_SECURE && draft_setting(draft, "certificates") == NULL)
        report_add(report, SEVERITY_ERROR, draft->any, span_of("*"),
                   "level secure with every domain needs certificates, there is no name to expect");
    if (connector->directions[DIRECTION_INBOUND] && connector->level != LEVEL_MAY &&
        connector->mode == MODE_ENFORCE && draft->reader->rules->settings.mode == MODE_ENFORCE)
        report_add(report, SEVERITY_WARNING, draft->any, span_of("*"),
                   "RFC 3207, section 4: \"A publicly-referenced SMTP server MUST NOT require use "
                   "of the STARTTLS extension in order to deliver mail locally\", and this "
                   "connector demands it of everybody");
}
