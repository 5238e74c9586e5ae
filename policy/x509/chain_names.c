/* SPDX-License-Identifier: ISC */
/*
 * RFC 9525: a server is named by a dNSName, or where its address was asked for, by an iPAddress.
 * The common name does not count, not even where there is no subjectAltName: Postfix and OpenSSL
 * fall back to it then, CAs stopped vouching for it long ago.
 */
#include <string.h>

#include <openssl/x509v3.h>

#include "policy/domain.h"
#include "policy/names.h"
#include "policy/network.h"
#include "policy/x509/chain_checks.h"
#include "policy/x509/chain_errors.h"
#include "policy/x509/details.h"

/* What fits a host is a host name; beyond that RFC 5280, 4.2.1.6, has no final dot, and a "*"
 * stands before two labels or more ("*.com" would stand for every customer of a registry). */
static bool is_presented_sound(struct span name)
{
    bool wildcard = span_starts_with(name, "*.");

    return name.length > 0 && name.data[name.length - 1] != '.' &&
           (!wildcard || memchr(name.data + 2, '.', name.length - 2) != NULL);
}

static bool fits_name(const GENERAL_NAME *name, const struct wanted_name *wanted)
{
    struct span presented;

    if (name->type != GEN_DNS)
        return false;
    presented = details_bytes(name->d.dNSName);
    return is_presented_sound(presented) && wanted_name_fits(wanted, presented, true);
}

static bool fits_address(const GENERAL_NAME *name, const struct ip *ip)
{
    size_t size = ip->family == 4 ? 4 : 16;
    struct span bytes;

    if (name->type != GEN_IPADD)
        return false;
    bytes = details_bytes(name->d.iPAddress);
    return bytes.length == size && memcmp(bytes.data, ip->bytes, size) == 0;
}

static bool is_named(const GENERAL_NAMES *names, const char *host)
{
    struct wanted_name wanted;
    struct ip ip;
    bool address = ip_parse(&ip, span_of(host)), named = false;

    if (!address && (!wanted_name_parse(&wanted, span_of(host), NULL) || wanted.wildcard))
        return false;
    for (int i = 0; !named && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        named = address ? fits_address(name, &ip) : fits_name(name, &wanted);
    }
    return named;
}

bool chain_check_name(X509 *leaf, const char *host, struct chain_verdict *verdict)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    bool named = is_named(names, host);

    if (!named)
        chain_errors_add(verdict, 0, CHAIN_NAME_MISMATCH,
                         names != NULL ? "no name in subjectAltName is that of the host"
                                       : "no subjectAltName; the common name does not count");
    GENERAL_NAMES_free(names);
    return named;
}
