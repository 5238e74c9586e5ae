/* SPDX-License-Identifier: ISC */
/* Domains, patterns, next hops, networks, addresses, digests: what can be read can be written, and
 * read again as the same. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "policy/cipher.h"
#include "policy/conf/scalars.h"
#include "policy/date.h"
#include "policy/digest.h"
#include "policy/domain.h"
#include "policy/network.h"
#include "policy/next_hop.h"

static void try_domain(struct span text)
{
    struct domain domain, again;

    domain_set(&domain, text);
    MUST(domain.name[domain.length] == '\0');
    if (!domain_is_hostname(&domain))
        return;
    domain_set(&again, span_of(domain.name));
    MUST(domain_is(&again, span_of(domain.name)));
    MUST(!domain_is_below(&domain, span_of(domain.name)));
}

static void try_pattern(struct span text)
{
    char written[DOMAIN_MAX + 8];
    struct pattern pattern, again;
    struct why why;

    if (!pattern_parse(&pattern, text, &why)) {
        fuzz_must_be_printable(why.text);
        return;
    }
    pattern_format(pattern.kind, pattern.domain.name, written, sizeof(written));
    MUST(pattern_parse(&again, span_of(written), &why));
    MUST(again.kind == pattern.kind && strcmp(again.domain.name, pattern.domain.name) == 0);
}

static void try_next_hop(struct span text)
{
    char written[NEXT_HOP_TEXT_SIZE];
    struct next_hop hop, again;
    struct why why;

    if (!next_hop_parse(&hop, text, &why))
        return;
    next_hop_format(&hop, written);
    fuzz_must_be_printable(written);
    MUST(next_hop_parse(&again, span_of(written), &why) && next_hop_equal(&hop, &again));
}

static void try_next_hops(struct span text)
{
    static const enum mta mtas[] = { MTA_POSTFIX, MTA_SENDMAIL, MTA_UNKNOWN };
    const struct string_list none = { .count = 0 };
    struct next_hops hops;

    for (size_t i = 0; i < sizeof(mtas) / sizeof(mtas[0]); i++) {
        next_hops_read(&hops, mtas[i], span_of("smtp"), text, &none);
        MUST(hops.count <= NEXT_HOPS_MOST && (hops.way != WAY_HOPS || hops.count > 0));
    }
}

static void try_numbers(struct span text)
{
    char ip_text[IP_TEXT_SIZE], network_text[NETWORK_TEXT_SIZE], digest_text[DIGEST_TEXT_SIZE];
    char day_text[DATE_TEXT_SIZE], duration_text[DURATION_TEXT_SIZE];
    struct digest digest, same_digest;
    struct network network, same_network;
    int64_t day, same_day;
    long duration, same_duration;
    struct ip ip, same_ip;
    struct why why;

    if (ip_parse(&ip, text)) {
        ip_format(&ip, ip_text);
        MUST(ip_parse(&same_ip, span_of(ip_text)) && ip_equal(&ip, &same_ip));
    }
    if (network_parse(&network, text, &why)) {
        network_format(&network, network_text);
        MUST(network_parse(&same_network, span_of(network_text), &why));
        MUST(network_contains(&network, &same_network.ip));
    }
    if (digest_parse(&digest, text)) {
        digest_format(&digest, digest_text);
        MUST(digest_parse(&same_digest, span_of(digest_text)));
        MUST(digest_equal(&digest, &same_digest));
    }
    if (date_parse(&day, text)) {
        date_format(day, day_text);
        MUST(date_parse(&same_day, span_of(day_text)) && day == same_day);
    }
    if (duration_parse(text, &duration, &why)) {
        duration_format(duration, duration_text);
        MUST(duration_parse(span_of(duration_text), &same_duration, &why));
        MUST(duration == same_duration);
    }
}

static void try_tls(struct span name, struct span protocol_text)
{
    enum tls_protocol protocol = protocol_parse(protocol_text);

    if (cipher_is_tls13(name))
        MUST(!cipher_agrees(name, PROTOCOL_TLSV1_2));
    if (cipher_is_null(name))
        MUST(cipher_equal(name, name));
    (void)cipher_is_anonymous(name);
    (void)cipher_forward_secrecy(name, protocol);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = fuzz_copy(data, size);
    struct span all = { copy, size }, rest = all, line = fuzz_line(&rest);
    char *canonical = NULL;
    struct why why;

    try_domain(line);
    try_pattern(line);
    try_next_hop(line);
    try_next_hops(all);
    try_numbers(line);
    try_tls(line, rest);
    if (socket_parse(line, false, &canonical, &why))
        fuzz_must_be_printable(canonical);
    free(canonical);
    free(copy);
    return 0;
}
