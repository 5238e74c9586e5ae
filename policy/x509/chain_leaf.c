/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "policy/x509/chain_checks.h"
#include "policy/x509/chain_errors.h"
#include "policy/x509/details.h"

static bool is_critical(const X509 *leaf, int nid)
{
    int index = X509_get_ext_by_NID(leaf, nid, -1);

    return index >= 0 && X509_EXTENSION_get_critical(X509_get_ext(leaf, index)) != 0;
}

/* ---- purpose -------------------------------------------------------------------------------- */

static bool has_usage(const EXTENDED_KEY_USAGE *usages, int nid)
{
    for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
        if (OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, i)) == nid)
            return true;
    }
    return false;
}

/* What is wrong with its extended key usage; NULL: nothing. OpenSSL is content without one. */
static const char *judge_usage(X509 *leaf)
{
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(leaf, NID_ext_key_usage, NULL, NULL);
    const char *text = NULL;

    if (!has_usage(usages, NID_server_auth))
        text = "not issued for servers: no serverAuth in its extended key usage";
    else if (has_usage(usages, NID_anyExtendedKeyUsage))
        text = "issued for any purpose: anyExtendedKeyUsage";
    else if (is_critical(leaf, NID_ext_key_usage))
        text = "a critical extended key usage, which server certificates must not have";
    EXTENDED_KEY_USAGE_free(usages);
    return text;
}

/* ---- names ---------------------------------------------------------------------------------- */

/* Printable ASCII without spaces or empty labels, which name constraints could not be held against;
 * of what is no host name otherwise it is enough that it fits no host. */
static bool is_name_sound(struct span name)
{
    char before = '.';

    for (size_t i = 0; i < name.length; i++) {
        if (name.data[i] <= 0x20 || name.data[i] >= 0x7f || (name.data[i] == '.' && before == '.'))
            return false;
        before = name.data[i];
    }
    return name.length > 0;
}

static bool are_names_sound(const GENERAL_NAMES *names)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == GEN_DNS && !is_name_sound(details_bytes(name->d.dNSName)))
            return false;
    }
    return true;
}

/* Whether a program could take the common name for a host's name or address. One with a space, say,
 * or without a dot is a description. */
static bool could_be_host(struct span name)
{
    bool separated = name.length > 2 && name.data[0] == '0' && ascii_lower(name.data[1]) == 'x';

    for (size_t i = 0; i < name.length; i++) {
        if (!ascii_alnum(name.data[i]) && (unsigned char)name.data[i] < 0x80 &&
            (name.data[i] == '\0' || strchr("-_.:*", name.data[i]) == NULL))
            return false;
        separated = separated || name.data[i] == '.' || name.data[i] == ':';
    }
    return separated;
}

static bool is_address(const GENERAL_NAME *name, struct span text)
{
    struct span bytes = details_bytes(name->d.iPAddress);
    char buffer[INET6_ADDRSTRLEN];

    if (bytes.length != 4 && bytes.length != 16)
        return false;
    return inet_ntop(bytes.length == 4 ? AF_INET : AF_INET6, bytes.data, buffer, sizeof(buffer)) !=
               NULL &&
           span_equal(span_of(buffer), text);
}

static bool is_among(struct span text, const GENERAL_NAMES *names)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == GEN_DNS && span_equal_nocase(details_bytes(name->d.dNSName), text))
            return true;
        if (name->type == GEN_IPADD && is_address(name, text))
            return true;
    }
    return false;
}

/* A CA that checks who owns the names in subjectAltName need not have looked at the common name
 * beside them; name constraints do not bind it either. So that it counts for nothing that the
 * others do not say, it has to be one of them. */
static bool is_common_name_vouched(const X509 *leaf, const GENERAL_NAMES *names)
{
    const X509_NAME *subject = X509_get_subject_name(leaf);
    int index = -1;
    bool vouched = true;

    while (vouched && (index = X509_NAME_get_index_by_NID(subject, NID_commonName, index)) >= 0) {
        size_t length;
        bool sound;
        char *text = details_text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)),
                                  &length, &sound);
        struct span name = { text, text != NULL ? length : 0 };

        vouched = text != NULL && (!could_be_host(name) || is_among(name, names));
        free(text);
    }
    return vouched;
}

static void check_names(X509 *leaf, struct chain_verdict *verdict)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);

    if (!are_names_sound(names))
        chain_errors_add(verdict, 0, CHAIN_MALFORMED, "a DNS name in subjectAltName that is none");
    if (names != NULL && !is_common_name_vouched(leaf, names))
        chain_errors_add(verdict, 0, CHAIN_MALFORMED,
                         "a host in the common name that is not in subjectAltName");
    if (is_critical(leaf, NID_subject_alt_name) &&
        X509_NAME_entry_count(X509_get_subject_name(leaf)) != 0)
        chain_errors_add(verdict, 0, CHAIN_MALFORMED,
                         "a critical subjectAltName beside a subject that is not empty");
    GENERAL_NAMES_free(names);
}

/* ---- all of it ------------------------------------------------------------------------------ */

void chain_check_leaf(const struct chain_link *link, struct chain_verdict *verdict)
{
    const char *text = judge_usage(link->certificate);

    if (text != NULL)
        chain_errors_add(verdict, 0, CHAIN_WRONG_PURPOSE, text);
    if ((X509_get_extension_flags(link->certificate) & EXFLAG_CA) != 0)
        chain_errors_add(verdict, 0, CHAIN_INVALID_CA, "the server's certificate is that of a CA");
    if (X509_get_ext_by_NID(link->certificate, NID_name_constraints, -1) >= 0)
        chain_errors_add(verdict, 0, CHAIN_MALFORMED,
                         "name constraints in a certificate that is not that of a CA");
    check_names(link->certificate, verdict);
}
