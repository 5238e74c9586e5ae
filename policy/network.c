/* SPDX-License-Identifier: ISC */
#include "policy/network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t v4_mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

struct ip ip_from_bytes(int family, const void *bytes)
{
    struct ip ip = { .family = 0 };
    const uint8_t *octets = bytes;

    if (family == 6 && memcmp(octets, v4_mapped, sizeof(v4_mapped)) == 0) {
        family = 4;
        octets += sizeof(v4_mapped);
    }
    ip.family = (uint8_t)family;
    memcpy(ip.bytes, octets, family == 4 ? 4 : 16);
    return ip;
}

bool ip_parse(struct ip *ip, struct span text)
{
    char buffer[IP_TEXT_SIZE];
    uint8_t bytes[16];

    if (text.length > 5 && span_equal_nocase((struct span){ text.data, 5 }, span_of("IPv6:"))) {
        text.data += 5;
        text.length -= 5;
    }
    memset(ip, 0, sizeof(*ip));
    if (span_empty(text) || text.length >= sizeof(buffer) ||
        memchr(text.data, '\0', text.length) != NULL)
        return false;
    memcpy(buffer, text.data, text.length);
    buffer[text.length] = '\0';
    if (inet_pton(AF_INET, buffer, bytes) == 1)
        *ip = ip_from_bytes(4, bytes);
    else if (inet_pton(AF_INET6, buffer, bytes) == 1)
        *ip = ip_from_bytes(6, bytes);
    else
        return false;
    return true;
}

void ip_format(const struct ip *ip, char text[IP_TEXT_SIZE])
{
    if (ip->family == 0 ||
        inet_ntop(ip->family == 4 ? AF_INET : AF_INET6, ip->bytes, text, IP_TEXT_SIZE) == NULL)
        (void)snprintf(text, IP_TEXT_SIZE, "unknown");
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool ip_is_loopback(const struct ip *ip)
{
    static const uint8_t loopback6[sizeof(ip->bytes)] = { [15] = 1 };

    return ip->family == 4
               ? ip->bytes[0] == 127
               : ip->family == 6 && memcmp(ip->bytes, loopback6, sizeof(loopback6)) == 0;
}

bool ip_is_any(const struct ip *ip)
{
    static const uint8_t any[sizeof(ip->bytes)] = { 0 };

    return ip->family != 0 && memcmp(ip->bytes, any, sizeof(any)) == 0;
}

struct network network_around(const struct ip *ip, uint8_t prefix)
{
    struct network network = { .ip = *ip, .prefix = prefix };

    for (unsigned bit = prefix; bit < 8 * sizeof(ip->bytes); bit++)
        network.ip.bytes[bit / 8] = (uint8_t)(network.ip.bytes[bit / 8] & ~(0x80 >> bit % 8));
    return network;
}

/* The digits behind the slash; false: no number from `least` to `most`. */
static bool prefix_parse(struct span digits, unsigned least, unsigned most, uint8_t *prefix)
{
    unsigned value = 0;

    if (digits.length < 1 || digits.length > 3)
        return false;
    for (size_t i = 0; i < digits.length; i++) {
        if (!ascii_digit(digits.data[i]))
            return false;
        value = 10 * value + (unsigned)(digits.data[i] - '0');
    }
    *prefix = (uint8_t)(value - least);
    return value >= least && value <= most;
}

bool network_parse(struct network *network, struct span text, struct why *why)
{
    const char *slash = text.length > 0 ? memchr(text.data, '/', text.length) : NULL;
    struct span address = text;
    struct network whole;
    char suggestion[IP_TEXT_SIZE];
    unsigned least = 0, most;

    if (slash != NULL)
        address.length = (size_t)(slash - text.data);
    if (!ip_parse(&network->ip, address))
        return why_fail(why, "not an IP address or network");
    most = memchr(address.data, ':', address.length) == NULL ? 32 : 128;
    /* A v4-mapped address (::ffff:192.0.2.0): its first 96 bits are fixed. */
    if (network->ip.family == 4 && most == 128)
        least = 96;
    network->prefix = (uint8_t)(most - least);
    if (slash != NULL && !prefix_parse((struct span){ slash + 1, text.length - address.length - 1 },
                                       least, most, &network->prefix))
        return why_fail(why, "a network's prefix must be %u to %u", least, most);
    whole = network_around(&network->ip, network->prefix);
    if (!ip_equal(&whole.ip, &network->ip)) {
        ip_format(&whole.ip, suggestion);
        return why_fail(why, "a network with host bits set, did you mean '%s/%u'?", suggestion,
                        network->prefix);
    }
    return true;
}

void network_format(const struct network *network, char text[NETWORK_TEXT_SIZE])
{
    char address[IP_TEXT_SIZE];

    ip_format(&network->ip, address);
    if (network->prefix == (network->ip.family == 4 ? 32 : 128))
        (void)snprintf(text, NETWORK_TEXT_SIZE, "%s", address);
    else
        (void)snprintf(text, NETWORK_TEXT_SIZE, "%s/%u", address, network->prefix);
}

bool network_contains(const struct network *network, const struct ip *ip)
{
    unsigned whole = network->prefix / 8, rest = network->prefix % 8;

    if (ip->family == 0 || ip->family != network->ip.family ||
        memcmp(ip->bytes, network->ip.bytes, whole) != 0)
        return false;
    return rest == 0 || ((ip->bytes[whole] ^ network->ip.bytes[whole]) >> (8 - rest)) == 0;
}

bool network_list_contains(const struct network_list *list, const struct ip *ip)
{
    for (size_t i = 0; i < list->count; i++) {
        if (network_contains(&list->networks[i], ip))
            return true;
    }
    return false;
}

bool network_list_add(struct network_list *list, const struct network *network)
{
    struct network *grown = realloc(list->networks, (list->count + 1) * sizeof(*grown));

    if (grown == NULL)
        return false;
    list->networks = grown;
    list->networks[list->count++] = *network;
    return true;
}

void network_list_release(struct network_list *list)
{
    free(list->networks);
    list->networks = NULL;
    list->count = 0;
}
