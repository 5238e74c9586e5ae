/* SPDX-License-Identifier: ISC */
/*
 * Checks: hops that Sendmail may hand a partner's mail to, and that the partner's connector does
 * not name: a fallback that is used when the MX hosts do not answer, and a smart host.
 *
 * Facts: Installation and Operation Guide, FallbackMXhost and FallbackSmartHost; cf/README,
 * SMART_HOST. A list of hosts has ":" or "," between them; a mailer may stand in front of a smart
 * host ("relay:mail.example.org").
 */
#include <stdio.h>
#include <string.h>

#include "policy/cli/check/sendmail_check.h"
#include "policy/connectors.h"
#include "policy/network.h"

/* ---- hosts ----------------------------------------------------------------------------------- */

/* [HOST], [HOST]:PORT, smtps://HOST:PORT, HOST:PORT, HOST: the host. */
static struct span host_of(struct span hop)
{
    const char *end;

    if (span_starts_with(hop, "smtps://"))
        hop = (struct span){ hop.data + 8, hop.length - 8 };
    if (hop.length > 0 && *hop.data == '[') {
        hop = (struct span){ hop.data + 1, hop.length - 1 };
        end = memchr(hop.data, ']', hop.length);
    } else {
        end = hop.length > 0 ? memchr(hop.data, ':', hop.length) : NULL;
    }
    if (end != NULL)
        hop.length = (size_t)(end - hop.data);
    if (hop.length > 1 && hop.data[hop.length - 1] == '.')
        hop.length--;
    return hop;
}

static bool is_same_host(struct span a, struct span b)
{
    struct ip ip_a, ip_b;

    if (ip_parse(&ip_a, a) && ip_parse(&ip_b, b))
        return ip_equal(&ip_a, &ip_b);
    return span_equal_nocase(a, b);
}

/* The next of a list of hosts, as it stands there; false: no more. A colon within brackets is an
 * address's. */
static bool next_host(const char **list, struct span *host)
{
    size_t length;

    *list += strspn(*list, ":, \t");
    length = **list == '[' ? strcspn(*list, "]") : 0;
    length += strcspn(*list + length, ":, \t");
    *host = (struct span){ *list, length };
    *list += length;
    return length != 0;
}

static bool names_host(const struct connector *connector, struct span host)
{
    for (size_t i = 0; i < connector->next_hops.count; i++) {
        if (is_same_host(host_of(span_of(connector->next_hops.strings[i])), host))
            return true;
    }
    return false;
}

/* The first outbound connector that demands something and does not name the host; NULL: none. */
static const struct connector *find_unaware(const struct rules *rules, struct span host)
{
    for (uint32_t i = 0; i < connectors_count(rules->connectors); i++) {
        const struct connector *connector = connectors_get(rules->connectors, i);

        if (connector->directions[DIRECTION_OUTBOUND] && connector->level != LEVEL_MAY &&
            !names_host(connector, host))
            return connector;
    }
    return NULL;
}

/* ---- the checks ------------------------------------------------------------------------------ */

struct hop_kind {
    const char *what; /* "FallbackMXhost" */
    const char *when; /* "when its own MX hosts do not answer" */
    const char *m4;   /* what takes it out of sendmail.cf; NULL: name it in next_hops instead */
};

static void check_hops(const struct sendmail_case *scene, const char *word,
                       const struct hop_kind *kind, const char *hosts, unsigned line)
{
    struct span host;

    while (hosts != NULL && next_host(&hosts, &host)) {
        const struct connector *unaware = find_unaware(scene->rules, host_of(host));
        int length = host.length < 160 ? (int)host.length : 160;
        struct remark remark;

        if (unaware == NULL)
            continue;
        remark_init(&remark);
        remark_say(&remark,
                   "mail to the partner of connector '%.60s' goes to '%.*s' %s (%s), which is not "
                   "in the connector's next_hops",
                   unaware->name, length, host.data, kind->when, kind->what);
        if (kind->m4 != NULL) {
            remark_type_line(&remark, "# sendmail.mc, behind the line that defines it:");
            remark_type_line(&remark, "undefine(`%s')dnl", kind->m4);
        } else {
            remark_type_line(&remark, "next_hops = [ \"%.*s\" ];   # forcetls.conf, %s", length,
                             host.data, unaware->name);
        }
        remark_add(scene, &remark, SEVERITY_WARNING, word, line);
    }
}

static void check_option(const struct sendmail_case *scene, const char *word,
                         const struct hop_kind *kind)
{
    const struct sendmail_option *option = sendmail_option(scene->settings, kind->what);

    if (option != NULL)
        check_hops(scene, word, kind, option->value, option->line);
}

void sendmail_check_fallback_mx(const struct sendmail_case *scene, const char *word)
{
    static const struct hop_kind kind = { "FallbackMXhost",
                                          "when the partner's MX hosts do not "
                                          "answer",
                                          "confFALLBACK_MX" };

    check_option(scene, word, &kind);
}

void sendmail_check_fallback_smart_host(const struct sendmail_case *scene, const char *word)
{
    static const struct hop_kind kind = { "FallbackSmartHost",
                                          "when the partner's domain is not found in the DNS",
                                          "confFALLBACK_SMARTHOST" };

    check_option(scene, word, &kind);
}

void sendmail_check_smart_host(const struct sendmail_case *scene, const char *word)
{
    static const struct hop_kind kind = { "SMART_HOST", "unless mailertable says otherwise", NULL };
    const char *hosts = scene->settings->smart_host.value;
    size_t mailer = hosts != NULL ? strcspn(hosts, ":[") : 0;

    /* "relay:[mail.example.org]": the mailer is no host. */
    if (hosts != NULL && hosts[mailer] == ':')
        hosts += mailer + 1;
    check_hops(scene, word, &kind, hosts, scene->settings->smart_host.line);
}
