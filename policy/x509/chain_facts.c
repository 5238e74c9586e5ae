/* SPDX-License-Identifier: ISC */
#include "policy/x509/chain_facts.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "policy/x509/details.h"

/* ---- names ---------------------------------------------------------------------------------- */

/* RFC 2253, in UTF-8. A character that its string's type does not have makes the first fail; then
 * each value is written as the hexadecimal digits of its encoding, as RFC 2253, 2.4, has it for
 * values that are no strings. */
static const unsigned long name_styles[] = { XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB,
                                             XN_FLAG_RFC2253 | ASN1_STRFLGS_DUMP_ALL };

static bool print_name(BIO *bio, const X509_NAME *name)
{
    for (size_t i = 0; i < sizeof(name_styles) / sizeof(name_styles[0]); i++) {
        (void)BIO_reset(bio);
        if (X509_NAME_print_ex(bio, name, 0, name_styles[i]) >= 0)
            return true;
    }
    return false;
}

/* `*text` becomes the owner of what the span shows. A name that cannot be written is not known. */
static bool take_name(const X509_NAME *name, char **text, struct span *span)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    size_t length;
    bool printed = bio != NULL && print_name(bio, name);

    if (printed) {
        length = (size_t)BIO_get_mem_data(bio, &data);
        *text = malloc(length + 1);
        if (*text != NULL) {
            memcpy(*text, length > 0 ? data : "", length);
            (*text)[length] = '\0';
            *span = (struct span){ *text, length };
        }
    }
    BIO_free(bio);
    return bio != NULL && (*text != NULL || !printed);
}

/* The first attribute of a kind; `single`: only where there is no other. */
static bool take_attribute(const X509_NAME *name, int nid, bool single, char **text,
                           struct span *span)
{
    int index = X509_NAME_get_index_by_NID(name, nid, -1);
    size_t length;
    bool sound;

    if (index < 0 || (single && X509_NAME_get_index_by_NID(name, nid, index) >= 0))
        return true;
    *text =
        details_text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)), &length, &sound);
    *span = (struct span){ *text, *text != NULL ? length : 0 };
    return *text != NULL;
}

static bool take_names(struct chain_facts *facts, const X509 *certificate)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    const X509_NAME *issuer = X509_get_issuer_name(certificate);
    struct chain_certificate *told = &facts->told;
    char **texts = facts->texts;

    return take_attribute(subject, NID_commonName, false, &texts[0], &told->subject) &&
           take_attribute(issuer, NID_commonName, false, &texts[1], &told->issuer) &&
           take_name(subject, &texts[2], &told->subject_dn) &&
           take_name(issuer, &texts[3], &told->issuer_dn) &&
           take_attribute(subject, NID_organizationName, true, &texts[4], &told->organization) &&
           take_attribute(subject, NID_organizationalUnitName, true, &texts[5],
                          &told->organizational_unit);
}

/* ---- lists ---------------------------------------------------------------------------------- */

static bool add(struct span **spans, size_t *count, const ASN1_STRING *string)
{
    struct span *grown;

    if ((*count & (*count - 1)) == 0) { /* 0 or a power of two: full */
        grown = realloc(*spans, (*count == 0 ? 1 : 2 * *count) * sizeof(**spans));
        if (grown == NULL)
            return false;
        *spans = grown;
    }
    (*spans)[(*count)++] = details_bytes(string);
    return true;
}

/* Adds the names of one type. */
static bool add_names(struct span **spans, size_t *count, const GENERAL_NAMES *names, int type)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == type && !add(spans, count, name->d.ia5))
            return false;
    }
    return true;
}

static bool take_alt_names(struct chain_facts *facts, const X509 *certificate)
{
    struct chain_certificate *told = &facts->told;
    bool taken;

    told->has_alt_names = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) >= 0;
    facts->general_names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    taken = add_names(&facts->alt_names, &told->alt_name_count, facts->general_names, GEN_DNS);
    told->alt_names = facts->alt_names;
    return taken;
}

static bool take_crls(struct chain_facts *facts, const X509 *certificate)
{
    struct chain_certificate *told = &facts->told;
    bool taken = true;

    facts->points = X509_get_ext_d2i(certificate, NID_crl_distribution_points, NULL, NULL);
    for (int i = 0; taken && i < sk_DIST_POINT_num(facts->points); i++) {
        const DIST_POINT_NAME *name = sk_DIST_POINT_value(facts->points, i)->distpoint;

        if (name != NULL && name->type == 0)
            taken = add_names(&facts->crls, &told->crl_count, name->name.fullname, GEN_URI);
    }
    told->crls = facts->crls;
    return taken;
}

static bool take_ocsp(struct chain_facts *facts, const X509 *certificate)
{
    struct chain_certificate *told = &facts->told;
    bool taken = true;

    facts->access = X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);
    for (int i = 0; taken && i < sk_ACCESS_DESCRIPTION_num(facts->access); i++) {
        const ACCESS_DESCRIPTION *access = sk_ACCESS_DESCRIPTION_value(facts->access, i);

        if (OBJ_obj2nid(access->method) == NID_ad_OCSP && access->location->type == GEN_URI)
            taken = add(&facts->ocsp, &told->ocsp_count, access->location->d.ia5);
    }
    told->ocsp = facts->ocsp;
    return taken;
}

/* ---- the rest ------------------------------------------------------------------------------- */

static const struct {
    int id;
    const char *word;
} key_types[] = {
    { EVP_PKEY_RSA, "RSA" },         { EVP_PKEY_RSA_PSS, "RSA-PSS" }, { EVP_PKEY_EC, "EC" },
    { EVP_PKEY_ED25519, "Ed25519" }, { EVP_PKEY_ED448, "Ed448" },     { EVP_PKEY_DSA, "DSA" },
    { EVP_PKEY_DH, "DH" },           { EVP_PKEY_DHX, "DH" },
};

static const char *key_word(const EVP_PKEY *key)
{
    const char *name = EVP_PKEY_get0_type_name(key);

    for (size_t i = 0; i < sizeof(key_types) / sizeof(key_types[0]); i++) {
        if (EVP_PKEY_get_base_id(key) == key_types[i].id)
            return key_types[i].word;
    }
    return name != NULL ? name : "unknown";
}

static void take_key(struct chain_facts *facts, const X509 *certificate)
{
    const EVP_PKEY *key = X509_get0_pubkey(certificate);

    facts->told.key_type = key != NULL ? key_word(key) : "unknown";
    facts->told.key_bits = key != NULL ? EVP_PKEY_get_bits(key) : 0;
}

static void take_signature(struct chain_facts *facts, const X509 *certificate)
{
    const X509_ALGOR *algorithm;
    const ASN1_OBJECT *object;
    int length;

    X509_get0_signature(NULL, &algorithm, certificate);
    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    length = OBJ_obj2txt(facts->signature, sizeof(facts->signature), object, 0);
    facts->told.signature =
        length > 0 && (size_t)length < sizeof(facts->signature) ? facts->signature : "unknown";
}

bool chain_facts_init(struct chain_facts *facts, const X509 *certificate)
{
    bool taken;

    *facts = (struct chain_facts){ .general_names = NULL };
    take_key(facts, certificate);
    take_signature(facts, certificate);
    facts->told.from = details_seconds(X509_get0_notBefore(certificate), INT64_MAX);
    facts->told.until = details_seconds(X509_get0_notAfter(certificate), INT64_MIN);
    taken = details_fingerprint(certificate, &facts->told.fingerprint) &&
            details_public_key(certificate, &facts->told.public_key) &&
            take_names(facts, certificate) && take_alt_names(facts, certificate) &&
            take_crls(facts, certificate) && take_ocsp(facts, certificate);
    ERR_clear_error();
    return taken;
}

void chain_facts_release(struct chain_facts *facts)
{
    for (size_t i = 0; i < sizeof(facts->texts) / sizeof(facts->texts[0]); i++)
        free(facts->texts[i]);
    free(facts->alt_names);
    free(facts->crls);
    free(facts->ocsp);
    GENERAL_NAMES_free(facts->general_names);
    CRL_DIST_POINTS_free(facts->points);
    AUTHORITY_INFO_ACCESS_free(facts->access);
    *facts = (struct chain_facts){ .general_names = NULL };
}
