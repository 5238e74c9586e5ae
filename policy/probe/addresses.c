/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/probe/memory.h"

#define REFRESH_MS 60000

/* ---- special addresses ---------------------------------------------------------------------- */

struct block {
    uint8_t family, prefix;
    uint8_t bytes[16];
};

/* RFC 6890 and the IANA registries of special-purpose addresses. */
static const struct block special[] = {
    { 4, 8, { 0 } },                       /* this network */
    { 4, 8, { 10 } },                      /* private, RFC 1918 */
    { 4, 10, { 100, 64 } },                /* shared, RFC 6598 */
    { 4, 8, { 127 } },                     /* loopback */
    { 4, 16, { 169, 254 } },               /* link-local */
    { 4, 12, { 172, 16 } },                /* private */
    { 4, 24, { 192, 0, 0 } },              /* IETF protocols */
    { 4, 24, { 192, 0, 2 } },              /* documentation, RFC 5737 */
    { 4, 24, { 192, 88, 99 } },            /* 6to4 relays, RFC 7526 */
    { 4, 16, { 192, 168 } },               /* private */
    { 4, 15, { 198, 18 } },                /* benchmarks, RFC 2544 */
    { 4, 24, { 198, 51, 100 } },           /* documentation */
    { 4, 24, { 203, 0, 113 } },            /* documentation */
    { 4, 4, { 224 } },                     /* multicast */
    { 4, 4, { 240 } },                     /* reserved, broadcast */
    { 6, 23, { 0x20, 0x01 } },             /* IETF protocols, Teredo, ORCHID */
    { 6, 32, { 0x20, 0x01, 0x0d, 0xb8 } }, /* documentation, RFC 3849 */
    { 6, 20, { 0x3f, 0xff } },             /* documentation, RFC 9637 */
};

/* Those of IPv6 that nodes of the internet have; all else is special. */
static const struct block global_unicast = { 6, 3, { 0x20 } };

/* An IPv4 address is in them, behind the prefix. */
static const struct block six_to_four = { 6, 16, { 0x20, 0x02 } };
static const struct block nat64 = { 6, 96, { 0x00, 0x64, 0xff, 0x9b } };

static bool is_in(const struct block *block, const struct ip *ip)
{
    struct network network = { .ip = ip_from_bytes(block->family, block->bytes),
                               .prefix = block->prefix };

    return network_contains(&network, ip);
}

static bool is_special_inside(const struct block *block, const struct ip *ip)
{
    struct ip inside = ip_from_bytes(4, ip->bytes + block->prefix / 8);

    return address_is_special(&inside);
}

bool address_is_special(const struct ip *ip)
{
    if (is_in(&six_to_four, ip))
        return is_special_inside(&six_to_four, ip);
    if (is_in(&nat64, ip))
        return is_special_inside(&nat64, ip);
    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
        if (is_in(&special[i], ip))
            return true;
    }
    return ip->family != 4 && !is_in(&global_unicast, ip);
}

/* ---- ourselves ------------------------------------------------------------------------------ */

void ourselves_init(struct ourselves *us, const struct prober_settings *settings)
{
    char name[DOMAIN_MAX + 1] = "";
    struct domain domain;

    *us = (struct ourselves){ .settings = settings };
    if (gethostname(name, sizeof(name) - 1) == 0) {
        domain_set(&domain, span_of(name));
        memcpy(us->host, domain.name, (size_t)domain.length + 1);
    }
}

static bool address_of(const struct sockaddr *socket, struct ip *ip)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    if (socket != NULL && socket->sa_family == AF_INET) {
        memcpy(&in, socket, sizeof(in));
        *ip = ip_from_bytes(4, &in.sin_addr);
        return true;
    }
    if (socket != NULL && socket->sa_family == AF_INET6) {
        memcpy(&in6, socket, sizeof(in6));
        *ip = ip_from_bytes(6, &in6.sin6_addr);
        return true;
    }
    return false;
}

void ourselves_refresh(struct ourselves *us, int64_t now)
{
    struct ifaddrs *interfaces = NULL;

    if (us->read_at != 0 && now - us->read_at < REFRESH_MS)
        return;
    us->read_at = now;
    if (getifaddrs(&interfaces) != 0)
        return;
    network_list_release(&us->interfaces);
    for (const struct ifaddrs *next = interfaces; next != NULL; next = next->ifa_next) {
        struct network network = { .prefix = 0 };

        if (!address_of(next->ifa_addr, &network.ip))
            continue;
        network.prefix = network.ip.family == 4 ? 32 : 128;
        if (!network_list_add(&us->interfaces, &network))
            (void)memory_need(NULL);
    }
    freeifaddrs(interfaces);
}

void ourselves_release(struct ourselves *us)
{
    network_list_release(&us->interfaces);
}

bool ourselves_has_address(const struct ourselves *us, const struct ip *ip)
{
    return network_list_contains(&us->interfaces, ip) ||
           network_list_contains(&us->settings->own_addresses, ip);
}

bool ourselves_may_connect(const struct ourselves *us, bool allows_private, const struct ip *ip)
{
    return allows_private || us->settings->private_addresses ||
           (!address_is_special(ip) && !ourselves_has_address(us, ip));
}

static bool is_name(const struct domain *name, const char *ours)
{
    struct domain domain;

    domain_set(&domain, span_of(ours));
    return domain.length > 0 && domain_is(name, span_of(domain.name));
}

bool ourselves_has_name(const struct ourselves *us, const struct domain *name)
{
    const struct string_list *names = &us->settings->own_names;

    for (size_t i = 0; i < names->count; i++) {
        if (is_name(name, names->strings[i]))
            return true;
    }
    return is_name(name, us->host) || is_name(name, us->settings->helo);
}
