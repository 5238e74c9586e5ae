/* SPDX-License-Identifier: ISC */
/*
 * Lines for Sendmail's access map, which the delivery is held to:
 *
 *   TLS_Rcpt:contoso.com     by the recipient's domain, whatever the hop (ruleset tls_rcpt, before
 *                            RCPT); also for the names below it
 *   TLS_Rcpt:.contoso.com    the names below it alone (FEATURE(`lookupdotdomain'))
 *   TLS_Rcpt:                everybody
 *   TLS_Srv:mail.example     all mail by that host (ruleset tls_server, after STARTTLS)
 *
 * Where lines with a dot are not looked for, more is held than the connectors say, never less, but
 * for one case, which is told.
 */
#include "config.h"

#include <string.h>

#include "policy/cli/check/check_words.h"
#include "policy/cli/export/export.h"

#define RULE_SIZE (DOMAIN_MAX + 64)
#define FREE "OK"

static void print_head(const struct exported *exported)
{
    export_comment(exported, "TLS rules for Sendmail's access map (TLS_Rcpt:, TLS_Srv:).");
    export_made_from(exported, "sendmail");
    export_comment(exported, "%s", "");
    export_comment_line(exported, "forcetls export sendmail > /etc/mail/access.forcetls");
    export_comment_line(exported, "cat /etc/mail/access /etc/mail/access.forcetls | makemap hash "
                                  "/etc/mail/access");
    export_comment(exported, "%s", "");
    export_comment(exported,
                   "sendmail.mc: FEATURE(`access_db') and FEATURE(`lookupdotdomain'), the "
                   "latter for keys that begin with a dot, and for VERIFY confCACERT or "
                   "confCACERT_PATH with the partners' roots. TEMP: the mail waits; with "
                   "PERM it would bounce the first time that somebody spoils a "
                   "handshake. Protocols and ciphers are Sendmail's own for all partners "
                   "at once: confCLIENT_SSL_OPTIONS, confCIPHER_LIST.");
    export_comment(exported, "Make no map of it when forcetls export ended with 2 or more: the "
                             "table is empty or cut off (contrib/sendmail/export-access sees to "
                             "that). TLS_Rcpt is asked after MAIL: where no TLS_Srv holds the "
                             "host, the sender's address may cross in clear before the mail "
                             "waits.");
    export_dates(exported);
}

/* ---- rules ----------------------------------------------------------------------------------- */

static void rule_of(const struct exported *exported, const struct export_key *key,
                    char rule[RULE_SIZE])
{
    const struct connector *connectors[EXPORT_CONNECTORS_MOST];
    size_t count = export_key_connectors(exported->rules, key, exported->now, connectors,
                                         EXPORT_CONNECTORS_MOST);
    struct line line;

    line_init(&line, rule, RULE_SIZE);
    if (count == 0)
        line_add(&line, FREE);
    else
        export_sendmail_rule(&line, connectors,
                             count < EXPORT_CONNECTORS_MOST ? count : EXPORT_CONNECTORS_MOST,
                             exported->now);
}

static void print_line(const struct exported *exported, const char *tag, const char *dot,
                       const char *name, const char *rule)
{
    page_line(exported->page, PAINT_NONE, "%s:%s%s  %s", tag, dot, name, rule);
}

/* ---- TLS_Rcpt -------------------------------------------------------------------------------- */

static bool is_demanded(const struct export_key *key)
{
    return key != NULL && key->state == KEY_DEMANDED;
}

/* The domain itself. The names below it, which the line is for as well, get what they are to have.
 */
static void print_name(const struct exported *exported, const struct export_key *key)
{
    const struct export_key *below = export_keys_find(&exported->keys, key->name, true);
    const struct export_key without = { .kind = KEY_BELOW, .name = key->name };
    char rule[RULE_SIZE], other[RULE_SIZE];

    rule_of(exported, key, rule);
    rule_of(exported, &without, other);
    if (key->state != KEY_FREE || is_demanded(below))
        print_line(exported, "TLS_Rcpt", "", key->name, rule);
    if (key->state != KEY_FREE && below == NULL && strcmp(rule, other) != 0)
        print_line(exported, "TLS_Rcpt", ".", key->name, other);
}

/* The names below it. */
static void print_below(const struct exported *exported, const struct export_key *key)
{
    const struct export_key *itself = export_keys_find(&exported->keys, key->name, false);
    char rule[RULE_SIZE], other[RULE_SIZE] = "";

    rule_of(exported, key, rule);
    if (itself != NULL)
        rule_of(exported, itself, other);
    if (itself == NULL && is_demanded(key)) {
        export_comment(exported,
                       "%s itself is held too, in case that lines with a dot do not count",
                       key->name);
        print_line(exported, "TLS_Rcpt", "", key->name, rule);
    } else if (is_demanded(key) && itself->state != KEY_DEMANDED) {
        export_comment(exported,
                       "without FEATURE(`lookupdotdomain') the names below %s are not held",
                       key->name);
        print_line(exported, "TLS_Rcpt", ".", key->name, rule);
    } else if (strcmp(rule, other) != 0 && (key->state != KEY_FREE || is_demanded(itself))) {
        print_line(exported, "TLS_Rcpt", ".", key->name, rule);
    }
}

/* ---- TLS_Srv --------------------------------------------------------------------------------- */

static void print_hop(const struct exported *exported, const struct export_key *key)
{
    char rule[RULE_SIZE], address[IP_TEXT_SIZE];
    struct next_hop hop;

    if (key->state != KEY_DEMANDED || !next_hop_read(&hop, span_of(key->name)))
        return;
    rule_of(exported, key, rule);
    if (hop.kind == NEXT_HOP_HOST) {
        print_line(exported, "TLS_Srv", "", hop.name.name, rule);
    } else if (hop.kind == NEXT_HOP_ADDRESS && hop.ip.family == 4) {
        ip_format(&hop.ip, address);
        print_line(exported, "TLS_Srv", "", address, rule);
    } else {
        export_comment(exported,
                       "not in the table: other mail by the next hop %s, since TLS_Srv: goes by "
                       "the name of the host",
                       key->name);
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void print_everybody(const struct exported *exported)
{
    const struct connector *connectors[EXPORT_CONNECTORS_MOST];
    size_t count = export_everybody_connectors(exported->rules, exported->now, connectors,
                                               EXPORT_CONNECTORS_MOST);
    char rule[RULE_SIZE];
    struct line line;

    if (count == 0)
        return;
    line_init(&line, rule, sizeof(rule));
    export_sendmail_rule(&line, connectors,
                         count < EXPORT_CONNECTORS_MOST ? count : EXPORT_CONNECTORS_MOST,
                         exported->now);
    print_line(exported, "TLS_Rcpt", "", "", rule);
}

static void say_unsaid(struct exported *exported, const struct connector *connector)
{
    char text[EXPORT_TEXT_SIZE];
    size_t position = 0;

    if (!words_enforces(exported->rules, connector, exported->now))
        return;
    while (export_sendmail_unsaid(connector, exported->now, &position, text))
        export_comment(exported, "%s", text);
    if (export_sendmail_waits(connector, exported->now))
        export_held_back(exported, connector->name, "no entry of its certificates counts now");
}

/* What the line would be, were the connector's mode not monitor. */
static void say_monitored(const struct exported *exported, const struct connector *connector)
{
    char rule[RULE_SIZE];
    struct line line;

    if (connector->level == LEVEL_MAY || !rules_monitor(exported->rules, connector, exported->now))
        return;
    line_init(&line, rule, sizeof(rule));
    export_sendmail_rule(&line, &connector, 1, exported->now);
    export_comment(exported, "enforced, the rule would be %s", rule);
}

static void print_key(const struct exported *exported, const struct export_key *key)
{
    if (key->kind == KEY_NAME)
        print_name(exported, key);
    else if (key->kind == KEY_BELOW)
        print_below(exported, key);
    else
        print_hop(exported, key);
}

bool export_sendmail(struct exported *exported)
{
    const struct connectors *connectors = exported->rules->connectors;
    size_t position = 0;

    print_head(exported);
    for (uint32_t i = 0; i < connectors_count(connectors); i++) {
        const struct connector *connector = connectors_get(connectors, i);

        if (!connector->directions[DIRECTION_OUTBOUND])
            continue;
        export_connector(exported, connector);
        say_unsaid(exported, connector);
        say_monitored(exported, connector);
        if (connector == exported->keys.everybody)
            print_everybody(exported);
        while (position < exported->keys.count && exported->keys.places[position]->index == i)
            print_key(exported, exported->keys.places[position++]);
    }
    return true;
}
