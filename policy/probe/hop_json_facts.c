/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/hop_json_facts.h"

#include <string.h>

/* FORMAT has these bounds. */
#define HOSTS_MOST 16
#define ADDRESSES_MOST 32
#define CERTIFICATES_MOST 10
#define NAMES_MOST 1000
#define STORES_MOST 8
#define ERRORS_MOST 64

/* What is bounded by the line's length needs at most so many bytes for each of it: a name of a
 * certificate ("a",) is a span and its text. */
#define BYTES_PER_BYTE (sizeof(struct span) / 2)

size_t hop_json_facts_room(size_t length)
{
    return sizeof(struct hop_facts) + HOSTS_MOST * sizeof(struct hop_host) +
           ADDRESSES_MOST * (sizeof(struct hop_address) + STORES_MOST * sizeof(struct hop_trust)) +
           4 * ADDRESSES_MOST * READER_ALIGNMENT + BYTES_PER_BYTE * length;
}

/* ---- words ---------------------------------------------------------------------------------- */

static const char *lookup_name(unsigned number)
{
    return lookup_word((enum lookup)number);
}

static const char *dnssec_name(unsigned number)
{
    return dnssec_word((enum dnssec)number);
}

static const char *state_name(unsigned number)
{
    return hop_state_word((enum hop_state)number);
}

static const char *store_name(unsigned number)
{
    static const char *const words[] = {
        [STORE_ERROR] = "error", [STORE_UNTRUSTED] = "untrusted", [STORE_TRUSTED] = "trusted"
    };

    return words[number];
}

static bool read_lookup(struct reader *reader, const json_t *object, const char *name,
                        enum lookup *lookup)
{
    unsigned number;

    if (!reader_word(reader, object, name, lookup_name, LOOKUPS, &number))
        return false;
    *lookup = (enum lookup)number;
    return true;
}

static bool read_dnssec(struct reader *reader, const json_t *object, enum dnssec *dnssec)
{
    unsigned number;

    if (!reader_word(reader, object, "dnssec", dnssec_name, DNSSEC_SECURE + 1, &number))
        return false;
    *dnssec = (enum dnssec)number;
    return true;
}

/* ---- trust stores --------------------------------------------------------------------------- */

/* The first error that makes a certificate untrusted, which one that is trusted has not. That the
 * name is another one is none: the host's name has a check of its own. */
static bool read_errors(struct reader *reader, const json_t *object, struct hop_trust *trust)
{
    const json_t *errors;
    size_t count;

    trust->error = span_of(NULL);
    if (reader_array(reader, object, "errors", ERRORS_MOST, 0, &errors, &count) == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *error = json_array_get(errors, i);
        const char *code = json_string_value(json_object_get(error, "code"));
        bool of_name = code != NULL && strcmp(code, "name-mismatch") == 0;

        if (code == NULL || (of_name ? trust->names_ok : trust->state == STORE_TRUSTED))
            return reader_wrong(reader, "errors");
        if (trust->state == STORE_UNTRUSTED && !of_name && !span_known(trust->error) &&
            !reader_string(reader, error, "code", &trust->error))
            return false;
    }
    return true;
}

static bool read_trust(struct reader *reader, const json_t *object, struct hop_trust *trust)
{
    unsigned state;

    if (!reader_word(reader, object, "state", store_name, STORE_TRUSTED + 1, &state))
        return false;
    trust->state = state;
    return reader_string(reader, object, "store", &trust->store) &&
           reader_optional(reader, object, "anchor", span_of(NULL), &trust->anchor) &&
           reader_flag(reader, object, "names_ok", &trust->names_ok) &&
           read_errors(reader, object, trust);
}

static bool read_trusts(struct reader *reader, const json_t *object, struct hop_address *address)
{
    const json_t *array;
    struct hop_trust *trusts = reader_array(reader, object, "trust", STORES_MOST, sizeof(*trusts),
                                            &array, &address->trust_count);

    address->trusts = trusts;
    for (size_t i = 0; trusts != NULL && i < address->trust_count; i++) {
        if (!read_trust(reader, json_array_get(array, i), &trusts[i]))
            return false;
    }
    return trusts != NULL;
}

/* ---- certificates --------------------------------------------------------------------------- */

/* null: there is no subjectAltName. */
static bool read_names(struct reader *reader, const json_t *object,
                       struct certificate_facts *certificate)
{
    const json_t *array;
    struct span *names;

    if (json_is_null(json_object_get(object, "names")))
        return true;
    names = reader_array(reader, object, "names", NAMES_MOST, sizeof(*names), &array,
                         &certificate->alt_name_count);
    certificate->has_alt_names = true;
    certificate->alt_names = names;
    for (size_t i = 0; names != NULL && i < certificate->alt_name_count; i++) {
        if (!reader_text(reader, json_array_get(array, i), "names", &names[i]))
            return false;
    }
    return names != NULL;
}

static bool read_certificate(struct reader *reader, const json_t *object,
                             struct hop_address *address)
{
    struct certificate_facts *certificate = &address->certificate;
    const struct span none = span_of("");
    int64_t bits;

    if (!reader_optional(reader, object, "subject", none, &certificate->subject) ||
        !reader_optional(reader, object, "issuer", none, &certificate->issuer) ||
        !reader_optional(reader, object, "organization", none, &certificate->organization) ||
        !reader_optional(reader, object, "organizational_unit", none,
                         &certificate->organizational_unit) ||
        !read_names(reader, object, certificate) ||
        !reader_number(reader, object, "key_bits", 0, INT32_MAX, &bits) ||
        !reader_digest(reader, object, "fingerprint", &certificate->fingerprint) ||
        !reader_digest(reader, object, "public_key", &certificate->public_key) ||
        !reader_number(reader, object, "from", INT64_MIN, INT64_MAX, &address->certificate_from) ||
        !reader_number(reader, object, "until", INT64_MIN, INT64_MAX, &address->certificate_until))
        return false;
    certificate->key_bits = (int)bits;
    certificate->fingerprint_state = certificate->public_key_state = PIN_KNOWN;
    address->has_certificate = true;
    return true;
}

/* Only the server's own is looked at. */
static bool read_chain(struct reader *reader, const json_t *object, struct hop_address *address)
{
    const json_t *array;
    size_t count;

    return reader_array(reader, object, "chain", CERTIFICATES_MOST, 0, &array, &count) != NULL &&
           (count == 0 || read_certificate(reader, json_array_get(array, 0), address));
}

/* ---- addresses and hosts -------------------------------------------------------------------- */

static bool read_tls(struct reader *reader, const json_t *object, struct hop_address *address)
{
    struct tls_facts *tls = &address->tls;
    struct span staple;
    int64_t bits;
    bool secrecy;

    if (!reader_string(reader, object, "protocol", &tls->protocol_name) ||
        !reader_string(reader, object, "cipher", &tls->cipher) ||
        !reader_number(reader, object, "bits", 0, 100000, &bits) ||
        !reader_flag(reader, object, "forward_secrecy", &secrecy) ||
        !reader_string(reader, object, "ocsp_staple", &staple))
        return false;
    tls->state = TLS_ENCRYPTED;
    tls->protocol = protocol_parse(tls->protocol_name);
    tls->cipher_bits = (int)bits;
    address->forward_secrecy = secrecy ? FORWARD_SECRECY_YES : FORWARD_SECRECY_NO;
    address->revoked = span_equal(staple, span_of("revoked"));
    return true;
}

static bool read_address(struct reader *reader, const json_t *object, struct hop_address *address)
{
    struct span ip = span_of(json_string_value(json_object_get(object, "address")));
    unsigned state;
    int64_t port;

    address->tls.cipher_bits = -1;
    if (!ip_parse(&address->ip, ip))
        return reader_wrong(reader, "address");
    if (!reader_number(reader, object, "port", 1, UINT16_MAX, &port) ||
        !reader_word(reader, object, "state", state_name, HOP_STATES, &state) ||
        !reader_string(reader, object, "reply", &address->reply))
        return false;
    address->port = (uint16_t)port;
    address->state = (enum hop_state)state;
    return address->state != HOP_TLS ||
           (read_tls(reader, json_object_get(object, "tls"), address) &&
            read_chain(reader, object, address) && read_trusts(reader, object, address));
}

static bool read_addresses(struct reader *reader, const json_t *object, struct hop_host *host)
{
    const json_t *array;
    struct hop_address *addresses = reader_array(reader, object, "addresses", ADDRESSES_MOST,
                                                 sizeof(*addresses), &array, &host->address_count);

    host->addresses = addresses;
    for (size_t i = 0; addresses != NULL && i < host->address_count; i++) {
        if (!read_address(reader, json_array_get(array, i), &addresses[i]))
            return false;
    }
    return addresses != NULL;
}

static bool read_host(struct reader *reader, const json_t *object, struct hop_host *host)
{
    int64_t preference;

    if (!reader_string(reader, object, "name", &host->name) ||
        !reader_number(reader, object, "preference", 0, UINT16_MAX, &preference) ||
        !reader_flag(reader, object, "self", &host->self) ||
        !read_lookup(reader, object, "addresses_state", &host->lookup) ||
        !read_dnssec(reader, object, &host->dnssec) ||
        !reader_count(reader, object, "left_out", &host->left_out))
        return false;
    host->preference = (int)preference;
    return read_addresses(reader, object, host);
}

static bool read_hosts(struct reader *reader, const json_t *object, struct hop_facts *facts)
{
    const json_t *array;
    struct hop_host *hosts = reader_array(reader, object, "hosts", HOSTS_MOST, sizeof(*hosts),
                                          &array, &facts->host_count);

    size_t addresses = 0;

    facts->hosts = hosts;
    for (size_t i = 0; hosts != NULL && i < facts->host_count; i++) {
        if (!read_host(reader, json_array_get(array, i), &hosts[i]))
            return false;
        addresses += hosts[i].address_count;
        if (addresses > ADDRESSES_MOST)
            return reader_wrong(reader, "addresses");
    }
    return hosts != NULL;
}

bool hop_json_facts_read(struct reader *reader, const json_t *object)
{
    const json_t *mx = json_object_get(object, "mx");
    struct hop_facts *facts = reader_reserve(reader, 1, sizeof(*facts));

    return facts != NULL && read_lookup(reader, mx, "state", &facts->lookup) &&
           read_dnssec(reader, mx, &facts->dnssec) &&
           reader_count(reader, mx, "left_out", &facts->left_out) &&
           read_hosts(reader, object, facts);
}
