/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "policy/x509/chain_checks.h"
#include "policy/x509/chain_errors.h"
#include "policy/x509/details.h"

#define SERIAL_MOST 20 /* octets; RFC 5280, 4.1.2.2 */

/* ---- one certificate's fields --------------------------------------------------------------- */

static bool is_version_3(X509 *certificate)
{
    return X509_get_version(certificate) == X509_VERSION_3;
}

/* RFC 5280, 4.1.2.2: positive, at most 20 octets of DER. */
static bool is_serial_sound(X509 *certificate)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    int size = i2d_ASN1_INTEGER(serial, NULL); /* a byte of type and one of length before it */
    uint64_t value;

    if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER || size < 0 || size > SERIAL_MOST + 2)
        return false;
    return ASN1_INTEGER_get_uint64(&value, serial) != 1 || value != 0;
}

/* RFC 5280, 4.1.2.5: UTCTime through the year 2049, GeneralizedTime from 2050 on, both to the
 * second and with a Z. (OpenSSL's own check of dates is of the form of each alone.) */
static bool is_date_sound(const ASN1_TIME *date)
{
    struct span text = details_bytes(date);
    size_t length = ASN1_STRING_type(date) == V_ASN1_UTCTIME ? 13 : 15;

    if (ASN1_TIME_check(date) != 1 || text.length != length || text.data[length - 1] != 'Z')
        return false;
    return length == 13 || memcmp(text.data, "2050", 4) >= 0;
}

static bool are_dates_sound(X509 *certificate)
{
    return is_date_sound(X509_get0_notBefore(certificate)) &&
           is_date_sound(X509_get0_notAfter(certificate));
}

/* A NUL or another control character in a name is meant for programs that misread it. */
static bool is_text_sound(const ASN1_STRING *string)
{
    size_t length;
    bool sound;
    char *text = details_text(string, &length, &sound);

    for (size_t i = 0; text != NULL && sound && i < length; i++)
        sound = (unsigned char)text[i] >= 0x20 && text[i] != 0x7f;
    free(text);
    return text != NULL && sound;
}

static bool is_subject_sound(X509 *certificate)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);

    for (int i = 0; i < X509_NAME_entry_count(subject); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, i);

        /* a BIT STRING */
        if (OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) == NID_x500UniqueIdentifier)
            continue;
        if (!is_text_sound(X509_NAME_ENTRY_get_data(entry)))
            return false;
    }
    return true;
}

static const struct {
    bool (*is_sound)(X509 *certificate);
    const char *text;
} fields[] = {
    { is_version_3, "not an X.509 certificate of version 3" },
    { is_serial_sound, "a serial number that is not positive or has more than 20 octets" },
    { are_dates_sound, "a date that is not written as RFC 5280 demands" },
    { is_subject_sound, "control characters or bytes that are no text in the subject" },
};

/* ---- key identifiers ------------------------------------------------------------------------ */

static bool is_own_issuer(X509 *certificate)
{
    const GENERAL_NAMES *names = X509_get0_authority_issuer(certificate);

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type != GEN_DIRNAME ||
            X509_NAME_cmp(name->d.directoryName, X509_get_issuer_name(certificate)) != 0)
            return false;
    }
    return true;
}

/* An authority key identifier in a self-signed certificate is of its own key. */
static bool names_own_key(X509 *certificate)
{
    const ASN1_OCTET_STRING *own = X509_get0_subject_key_id(certificate);
    const ASN1_OCTET_STRING *authority = X509_get0_authority_key_id(certificate);
    const ASN1_INTEGER *serial = X509_get0_authority_serial(certificate);

    if (X509_get_ext_by_NID(certificate, NID_authority_key_identifier, -1) < 0)
        return true;
    if (authority == NULL || (own != NULL && ASN1_OCTET_STRING_cmp(own, authority) != 0))
        return false;
    return is_own_issuer(certificate) &&
           (serial == NULL || ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate)) == 0);
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* RFC 5280, 4.2.1.11, 4.2.1.14: who does not know them must not pass over them. */
static bool is_critical(X509 *certificate, int nid)
{
    int index = X509_get_ext_by_NID(certificate, nid, -1);

    return index < 0 || X509_EXTENSION_get_critical(X509_get_ext(certificate, index)) != 0;
}

static void check_issued(const struct chain_link *link, struct chain_verdict *verdict)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (!fields[i].is_sound(link->certificate))
            chain_errors_add(verdict, link->depth, CHAIN_MALFORMED, fields[i].text);
    }
    if (!is_critical(link->certificate, NID_policy_constraints) ||
        !is_critical(link->certificate, NID_inhibit_any_policy))
        chain_errors_add(verdict, link->depth, CHAIN_MALFORMED,
                         "policy constraints that are not critical");
}

/* What the trust store has is taken as it is (public roots have the serial number 0, or name
 * themselves as their issuer), but a self-signed one has to be its own issuer: OpenSSL takes it for
 * another's else, and so do MTAs. */
void chain_check_profile(const struct chain_link *link, struct chain_verdict *verdict)
{
    if (!link->self_signed && !link->anchor)
        check_issued(link, verdict);
    if (link->self_signed && !names_own_key(link->certificate))
        chain_errors_add(verdict, link->depth, CHAIN_MALFORMED,
                         "a self-signed certificate that names another's key as its issuer's");
}
