/* SPDX-License-Identifier: ISC */
#include "policy/next_hop.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_PORT 25
#define TLS_FIRST_PORT 465 /* RFC 8314, 7.3 */
#define LABEL_MAX 63

/* Services by name, as services(5) has them. */
static const struct service_row {
    const char *name;
    uint16_t port;
} services[] = {
    { "smtp", DEFAULT_PORT },
    { "submission", 587 },
    { "submissions", TLS_FIRST_PORT },
    { "smtps", TLS_FIRST_PORT },
};

static struct span part(struct span text, size_t start, size_t end)
{
    return (struct span){ text.data + start, end - start };
}

/* The position of the first such byte at or behind `start`, or the length. */
static size_t position(struct span text, size_t start, char c)
{
    const char *found =
        start < text.length ? memchr(text.data + start, c, text.length - start) : NULL;

    return found != NULL ? (size_t)(found - text.data) : text.length;
}

static bool read_port(struct span text, uint16_t *port)
{
    unsigned value = 0;

    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        if (span_equal(text, span_of(services[i].name))) {
            *port = services[i].port;
            return true;
        }
    }
    if (text.length < 1 || text.length > 5)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (!ascii_digit(text.data[i]))
            return false;
        value = 10 * value + (unsigned)(text.data[i] - '0');
    }
    *port = (uint16_t)value;
    return value >= 1 && value <= UINT16_MAX;
}

/* What DNS could be asked for in mail's behalf: as in a host name, and "_" too, which MTAs do not
 * mind. */
static bool is_dns_name(const struct domain *name)
{
    size_t label = 0;

    if (name->length == 0 || name->cut)
        return false;
    for (size_t i = 0; i < name->length; i++) {
        char c = name->name[i];

        if (c == '.' && label == 0)
            return false;
        label = c == '.' ? 0 : label + 1;
        if (label > LABEL_MAX || (!ascii_alnum(c) && c != '-' && c != '_' && c != '.'))
            return false;
    }
    return label > 0;
}

/* The name or address of a hop that has its kind already. */
static bool read_host(struct next_hop *hop, struct span text, bool any_name)
{
    struct ip ip;
    bool is_address = ip_parse(&ip, text);

    if (is_address && hop->kind == NEXT_HOP_HOST) {
        hop->kind = NEXT_HOP_ADDRESS;
        hop->ip = ip;
        return true;
    }
    domain_set(&hop->name, text);
    return !is_address && (any_name ? is_dns_name(&hop->name) : domain_is_hostname(&hop->name));
}

static const char no_next_hop[] =
    "not a next hop: [HOST], [HOST]:PORT, smtps://HOST:PORT or a domain";

static bool read_hop(struct next_hop *hop, struct span text, bool any_name, struct why *why)
{
    struct span host = text;
    bool brackets;
    size_t close = 0, colon;

    memset(hop, 0, sizeof(*hop));
    if (span_empty(text))
        return why_fail(why, no_next_hop);
    hop->tls_first = span_starts_with(text, "smtps://");
    if (hop->tls_first)
        host = part(text, strlen("smtps://"), text.length);
    brackets = host.length > 0 && host.data[0] == '[';
    if (brackets) {
        close = position(host, 0, ']');
        if (close == host.length || (close + 1 < host.length && host.data[close + 1] != ':'))
            return why_fail(why, "must be [HOST] or [HOST]:PORT");
    }
    colon = position(host, close, ':');
    if (colon < host.length && !read_port(part(host, colon + 1, host.length), &hop->port))
        return why_fail(why, "the port must be a number from 1 to 65535");
    host = brackets ? part(host, 1, close) : part(host, 0, colon);
    hop->kind = brackets || hop->tls_first ? NEXT_HOP_HOST : NEXT_HOP_DOMAIN;
    if ((hop->tls_first && !brackets && ip_parse(&hop->ip, host)) ||
        !read_host(hop, host, any_name))
        return why_fail(why, no_next_hop);
    if (hop->tls_first && hop->port == 0)
        hop->port = TLS_FIRST_PORT;
    else if (!hop->tls_first && hop->port == DEFAULT_PORT)
        hop->port = 0;
    return true;
}

bool next_hop_parse(struct next_hop *hop, struct span text, struct why *why)
{
    return read_hop(hop, text, false, why);
}

bool next_hop_read(struct next_hop *hop, struct span text)
{
    return read_hop(hop, text, true, NULL);
}

void next_hop_format(const struct next_hop *hop, char text[NEXT_HOP_TEXT_SIZE])
{
    bool brackets =
        hop->kind == NEXT_HOP_ADDRESS || (hop->kind == NEXT_HOP_HOST && !hop->tls_first);
    char address[IP_TEXT_SIZE], port[8] = "";

    ip_format(&hop->ip, address);
    if (hop->port != 0)
        (void)snprintf(port, sizeof(port), ":%u", hop->port);
    (void)snprintf(text, NEXT_HOP_TEXT_SIZE, "%s%s%s%s%s", hop->tls_first ? "smtps://" : "",
                   brackets ? "[" : "", hop->kind == NEXT_HOP_ADDRESS ? address : hop->name.name,
                   brackets ? "]" : "", port);
}

static bool same_host(const struct next_hop *a, const struct next_hop *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == NEXT_HOP_ADDRESS)
        return ip_equal(&a->ip, &b->ip);
    return a->name.length == b->name.length &&
           memcmp(a->name.name, b->name.name, a->name.length) == 0;
}

bool next_hop_equal(const struct next_hop *a, const struct next_hop *b)
{
    return same_host(a, b) && a->port == b->port && a->tls_first == b->tls_first;
}

bool next_hop_same_place(const struct next_hop *a, const struct next_hop *b)
{
    unsigned port = a->port != 0 ? a->port : DEFAULT_PORT;

    return same_host(a, b) && port == (b->port != 0 ? b->port : DEFAULT_PORT);
}

/* ---- the way of a recipient ------------------------------------------------------------------ */

static bool is_separator(char c)
{
    return c == ',' || c == ' ' || c == '\t';
}

/* The next hop of a list; empty: there are no more. Postfix: "[a]:1, [b]:2". Sendmail: "a:[b]",
 * where a colon within brackets separates nothing (IPv6). */
static struct span next_item(struct span *rest, bool sendmail)
{
    bool inside = false;
    size_t start = 0, end;

    while (start < rest->length &&
           (is_separator(rest->data[start]) || (sendmail && rest->data[start] == ':')))
        start++;
    for (end = start; end < rest->length; end++) {
        char c = rest->data[end];

        if (c == '[' || c == ']')
            inside = c == '[';
        else if (is_separator(c) || (sendmail && c == ':' && !inside))
            break;
    }
    *rest = (struct span){ rest->data + start, rest->length - start };
    return (struct span){ rest->data, end - start };
}

/* Postfix's lmtp(8) has "inet:host:port", and looks no MX up for it. */
static bool read_item(struct next_hop *hop, struct span item)
{
    bool inet = span_starts_with(item, "inet:");

    if (inet)
        item = part(item, strlen("inet:"), item.length);
    if (!next_hop_read(hop, item))
        return false;
    if (inet && hop->kind == NEXT_HOP_DOMAIN)
        hop->kind = NEXT_HOP_HOST;
    return true;
}

static bool is_local(struct span mailer, const struct string_list *local_transports)
{
    for (size_t i = 0; i < local_transports->count; i++) {
        if (span_equal(mailer, span_of(local_transports->strings[i])))
            return true;
    }
    return false;
}

void next_hops_read(struct next_hops *hops, enum mta mta, struct span mailer, struct span host,
                    const struct string_list *local_transports)
{
    bool sendmail = mta == MTA_SENDMAIL;
    struct span item, rest = host;

    hops->way = WAY_LOCAL;
    hops->count = 0;
    if (is_local(mailer, local_transports) || (!sendmail && span_starts_with(host, "unix:")))
        return;
    hops->way = WAY_UNKNOWN;
    if (span_empty(mailer) || span_empty(host))
        return;
    while ((item = next_item(&rest, sendmail)).length > 0) {
        if (hops->count == NEXT_HOPS_MOST || !read_item(&hops->hops[hops->count], item))
            return;
        hops->count++;
        rest = part(rest, item.length, rest.length);
    }
    if (hops->count > 0)
        hops->way = WAY_HOPS;
}
