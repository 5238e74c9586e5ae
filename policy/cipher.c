/* SPDX-License-Identifier: ISC */
#include "policy/cipher.h"

#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct cipher_row {
    const char *iana, *openssl;
} rows[] = {
#include "policy/cipher_names.h"
};

static const struct protocol_row {
    const char *word;
    enum tls_protocol protocol;
} protocols[] = {
    { "TLSv1.3", PROTOCOL_TLSV1_3 }, { "TLSv1.2", PROTOCOL_TLSV1_2 },
    { "TLSv1.1", PROTOCOL_TLSV1_1 }, { "TLSv1", PROTOCOL_TLSV1 },
    { "TLSv1.0", PROTOCOL_TLSV1 },   { "SSLv3", PROTOCOL_SSLV3 },
    { "SSLv2", PROTOCOL_SSLV2 },
};

enum tls_protocol protocol_parse(struct span text)
{
    for (size_t i = 0; i < COUNT(protocols); i++) {
        if (span_equal(text, span_of(protocols[i].word)))
            return protocols[i].protocol;
    }
    return PROTOCOL_UNKNOWN;
}

const char *protocol_name(enum tls_protocol protocol)
{
    for (size_t i = 0; i < COUNT(protocols); i++) {
        if (protocols[i].protocol == protocol)
            return protocols[i].word;
    }
    return "unknown";
}

static const struct cipher_row *find_row(struct span name)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (span_equal(name, span_of(rows[i].iana)) || span_equal(name, span_of(rows[i].openssl)))
            return &rows[i];
    }
    return NULL;
}

bool cipher_known(struct span name)
{
    return find_row(name) != NULL;
}

const char *cipher_openssl_name(const char *name)
{
    const struct cipher_row *row = find_row(span_of(name));

    return row != NULL ? row->openssl : name;
}

bool cipher_equal(struct span a, struct span b)
{
    const struct cipher_row *row;

    if (span_equal(a, b))
        return true;
    row = find_row(a);
    return row != NULL && row == find_row(b);
}

static bool contains(struct span name, const char *word)
{
    size_t length = strlen(word);

    for (size_t i = 0; i + length <= name.length; i++) {
        if (memcmp(name.data + i, word, length) == 0)
            return true;
    }
    return false;
}

static bool starts_with_one(struct span name, const char *const *prefixes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (span_starts_with(name, prefixes[i]))
            return true;
    }
    return false;
}

bool cipher_is_null(struct span name)
{
    return contains(name, "NULL") || contains(name, "NONE") ||
           span_starts_with(name, "TLS_SHA256_SHA256") ||
           span_starts_with(name, "TLS_SHA384_SHA384");
}

bool cipher_is_anonymous(struct span name)
{
    static const char *const prefixes[] = { "ADH-", "AECDH-", "EXP-ADH-", "TLS_DH_anon_",
                                            "TLS_ECDH_anon_" };

    return starts_with_one(name, prefixes, COUNT(prefixes));
}

bool cipher_is_name(struct span name)
{
    for (size_t i = 0; i < name.length; i++) {
        if (!ascii_alnum(name.data[i]) && name.data[i] != '-' && name.data[i] != '_')
            return false;
    }
    return name.length > 0;
}

/* TLSv1.3 names say nothing of the key exchange (RFC 8446, B.4). */
bool cipher_is_tls13(struct span name)
{
    return span_starts_with(name, "TLS_") && !contains(name, "_WITH_");
}

bool cipher_agrees(struct span name, enum tls_protocol protocol)
{
    if (span_empty(name) || protocol == PROTOCOL_UNKNOWN)
        return true;
    return cipher_is_tls13(name) == (protocol == PROTOCOL_TLSV1_3);
}

enum forward_secrecy cipher_forward_secrecy(struct span name, enum tls_protocol protocol)
{
    static const char *const ephemeral[] = { "ECDHE-",   "DHE-",         "EDH-",
                                             "ADH-",     "AECDH-",       "TLS_ECDHE_",
                                             "TLS_DHE_", "TLS_DH_anon_", "TLS_ECDH_anon_" };

    if (span_empty(name) || protocol == PROTOCOL_UNKNOWN || !cipher_agrees(name, protocol))
        return FORWARD_SECRECY_UNKNOWN;
    if (protocol == PROTOCOL_TLSV1_3 || starts_with_one(name, ephemeral, COUNT(ephemeral)))
        return FORWARD_SECRECY_YES;
    return cipher_known(name) ? FORWARD_SECRECY_NO : FORWARD_SECRECY_UNKNOWN;
}
