/* SPDX-License-Identifier: ISC */
/*
 * Addresses of sockets and DNS servers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "policy/conf/scalars.h"
#include "policy/domain.h"
#include "policy/network.h"

#define ENDPOINT_SIZE (DOMAIN_MAX + 32)

static struct span part(struct span text, size_t start, size_t end)
{
    return (struct span){ text.data + start, end - start };
}

/* The position of the first such byte, or the length. */
static size_t position(struct span text, char c)
{
    const char *found = text.length > 0 ? memchr(text.data, c, text.length) : NULL;

    return found != NULL ? (size_t)(found - text.data) : text.length;
}

static bool copy_into(char **canonical, const char *text, struct why *why)
{
    *canonical = strdup(text);
    return *canonical != NULL || why_fail(why, "out of memory");
}

/* [x] without its brackets. */
static struct span without_brackets(struct span text)
{
    if (text.length >= 2 && text.data[0] == '[' && text.data[text.length - 1] == ']')
        return part(text, 1, text.length - 1);
    return text;
}

static bool unix_socket_parse(struct span path, char **canonical, struct why *why)
{
    char text[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 8];

    if (path.length == 0 || path.data[0] != '/')
        return why_fail(why, "the path of a socket must be absolute");
    if (path.length >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return why_fail(why, "the path of a socket is longer than %zu bytes",
                        sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
    for (size_t i = 0; i < path.length; i++) {
        if (path.data[i] < 0x20 || path.data[i] > 0x7e)
            return why_fail(why, "the path of a socket must be printable ASCII");
    }
    (void)snprintf(text, sizeof(text), "unix:%.*s", (int)path.length, path.data);
    return copy_into(canonical, text, why);
}

/* A name as it is, since libmilter looks it up as it is: no U-labels. */
static bool host_fits(struct span host, int family)
{
    struct domain domain;
    struct ip ip;

    if (ip_parse(&ip, host))
        return ip.family == family;
    for (size_t i = 0; i < host.length; i++) {
        if (!ascii_alnum(host.data[i]) && host.data[i] != '-' && host.data[i] != '.')
            return false;
    }
    domain_set(&domain, host);
    return domain_is_hostname(&domain);
}

/* PORT@HOST */
static bool inet_socket_parse(struct span text, int family, char **canonical, struct why *why)
{
    const char *word = family == 4 ? "inet" : "inet6";
    size_t at = position(text, '@');
    struct span port = part(text, 0, at), host;
    char spelling[ENDPOINT_SIZE];

    if (at == text.length && port_parse(text))
        return why_fail(why, "the host is missing: %s:PORT@HOST", word);
    if (at == text.length)
        return why_fail(why, "must be %s:PORT@HOST (%s:HOST:PORT is Postfix's spelling)", word,
                        word);
    if (!port_parse(port))
        return why_fail(why, "the port must be a number from 1 to 65535");
    host = without_brackets(part(text, at + 1, text.length));
    if (host.length > DOMAIN_MAX || !host_fits(host, family))
        return why_fail(why, "the host must be a host name or an IPv%d address", family);
    (void)snprintf(spelling, sizeof(spelling), "%s:%.*s@%.*s", word, (int)port.length, port.data,
                   (int)host.length, host.data);
    return copy_into(canonical, spelling, why);
}

bool socket_parse(struct span text, bool unix_only, char **canonical, struct why *why)
{
    size_t colon = position(text, ':');
    struct span rest = part(text, colon < text.length ? colon + 1 : colon, text.length);

    if (span_starts_with(text, "unix:") || span_starts_with(text, "local:"))
        return unix_socket_parse(rest, canonical, why);
    if (unix_only)
        return why_fail(why, "must be unix:PATH");
    if (span_starts_with(text, "inet:"))
        return inet_socket_parse(rest, 4, canonical, why);
    if (span_starts_with(text, "inet6:"))
        return inet_socket_parse(rest, 6, canonical, why);
    return why_fail(why, "must be unix:PATH, inet:PORT@HOST or inet6:PORT@HOST");
}

bool dns_server_parse(struct span text, struct why *why)
{
    size_t at = position(text, '@');
    struct ip ip;

    if (!ip_parse(&ip, part(text, 0, at)))
        return why_fail(why, "must be an IP address, or ADDRESS@PORT");
    if (at < text.length && !port_parse(part(text, at + 1, text.length)))
        return why_fail(why, "the port must be a number from 1 to 65535");
    return true;
}
