/* SPDX-License-Identifier: ISC */
#include "policy/x509/details.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

struct span details_bytes(const ASN1_STRING *string)
{
    const unsigned char *data = ASN1_STRING_get0_data(string);
    int length = ASN1_STRING_length(string);

    if (data == NULL || length <= 0)
        return (struct span){ "", 0 };
    return (struct span){ (const char *)data, (size_t)length };
}

char *details_text(const ASN1_STRING *string, size_t *length, bool *sound)
{
    unsigned char *utf8 = NULL;
    int utf8_length = ASN1_STRING_to_UTF8(&utf8, string);
    struct span bytes = details_bytes(string);
    char *text;

    *sound = utf8_length >= 0;
    if (*sound)
        bytes = (struct span){ utf8 != NULL ? (const char *)utf8 : "", (size_t)utf8_length };
    text = malloc(bytes.length + 1);
    if (text != NULL) {
        memcpy(text, bytes.data, bytes.length);
        text[bytes.length] = '\0';
    }
    *length = bytes.length;
    OPENSSL_free(utf8);
    return text;
}

int64_t details_seconds(const ASN1_TIME *date, int64_t otherwise)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days, seconds;
    bool known = epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, date) == 1;

    ASN1_TIME_free(epoch);
    return known ? (int64_t)days * 86400 + seconds : otherwise;
}

bool details_fingerprint(const X509 *certificate, struct digest *digest)
{
    unsigned length = 0;

    return X509_digest(certificate, EVP_sha256(), digest->bytes, &length) == 1 &&
           length == DIGEST_SIZE;
}

bool details_public_key(const X509 *certificate, struct digest *digest)
{
    unsigned char *data = NULL;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &data);
    unsigned length = 0;
    bool done = size > 0 &&
                EVP_Digest(data, (size_t)size, digest->bytes, &length, EVP_sha256(), NULL) == 1 &&
                length == DIGEST_SIZE;

    OPENSSL_free(data);
    return done;
}
