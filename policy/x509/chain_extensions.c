/* SPDX-License-Identifier: ISC */
#include <string.h>

#include <openssl/x509v3.h>

#include "policy/x509/chain_checks.h"
#include "policy/x509/chain_errors.h"
#include "policy/x509/details.h"

#define EXTENSIONS_MOST 64

/* Extensions that are a SEQUENCE SIZE (1..MAX), or of whose members one has to be there: RFC 5280,
 * 4.2.1.4 to 4.2.1.13, 4.2.2.1. */
static const int never_empty[] = { NID_certificate_policies, NID_policy_mappings,
                                   NID_subject_alt_name,     NID_issuer_alt_name,
                                   NID_name_constraints,     NID_policy_constraints,
                                   NID_ext_key_usage,        NID_crl_distribution_points,
                                   NID_info_access,          NID_sinfo_access };

static bool may_be_empty(int nid)
{
    for (size_t i = 0; i < sizeof(never_empty) / sizeof(never_empty[0]); i++) {
        if (never_empty[i] == nid)
            return false;
    }
    return true;
}

/* Reads the value as OpenSSL would, and says where its reading ended; NULL: it cannot be read. */
static const unsigned char *end_of_value(const X509V3_EXT_METHOD *method, struct span value)
{
    const unsigned char *position = (const unsigned char *)value.data;
    long length = (long)value.length;
    void *read;

    if (method->it != NULL) {
        read = ASN1_item_d2i(NULL, &position, length, ASN1_ITEM_ptr(method->it));
        ASN1_item_free(read, ASN1_ITEM_ptr(method->it));
    } else {
        read = method->d2i(NULL, &position, length);
        if (read != NULL)
            method->ext_free(read);
    }
    return read != NULL ? position : NULL;
}

static bool is_value_sound(X509_EXTENSION *extension)
{
    const X509V3_EXT_METHOD *method = X509V3_EXT_get(extension);
    struct span value = details_bytes(X509_EXTENSION_get_data(extension));

    if (method == NULL || (method->it == NULL && (method->d2i == NULL || method->ext_free == NULL)))
        return true; /* nothing that OpenSSL knows */
    if (value.length == 2 && memcmp(value.data, "\x30", 2) == 0 && !may_be_empty(method->ext_nid))
        return false;
    return end_of_value(method, value) == (const unsigned char *)value.data + value.length;
}

static bool is_repeated(const X509 *certificate, int index)
{
    const ASN1_OBJECT *object = X509_EXTENSION_get_object(X509_get_ext(certificate, index));

    return X509_get_ext_by_OBJ(certificate, object, index) >= 0;
}

/* What is wrong with one of them; NULL: nothing. */
static const char *judge(const X509 *certificate)
{
    int count = X509_get_ext_count(certificate);

    if (count > EXTENSIONS_MOST)
        return "more than 64 extensions";
    for (int i = 0; i < count; i++) {
        if (is_repeated(certificate, i))
            return "an extension that is there twice";
        if (!is_value_sound(X509_get_ext(certificate, i)))
            return "an extension whose value is not what its kind demands";
    }
    return NULL;
}

void chain_check_extensions(const struct chain_link *link, struct chain_verdict *verdict)
{
    const char *text = judge(link->certificate);

    if (text != NULL)
        chain_errors_add(verdict, link->depth, CHAIN_MALFORMED, text);
}
