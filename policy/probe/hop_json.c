/* SPDX-License-Identifier: ISC */
/*
 * The facts are written twice: into a block that is large enough in any case, then into one of the
 * size that was needed.
 */
#include "config.h"

#include "policy/probe/hop_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "policy/escape.h"
#include "policy/probe/hop_sound.h"

#define FORMAT_VERSION 1

/* FORMAT has these bounds; TEXT_MOST with the dots behind a text that was cut. */
#define HOSTS_MOST 16
#define ADDRESSES_MOST 32
#define CERTIFICATES_MOST 10
#define NAMES_MOST 1000
#define STORES_MOST 8
#define ERRORS_MOST 64
#define TEXT_MOST (4096 + 3)

#define ALIGNMENT _Alignof(max_align_t)

/* What is bounded by the line's length needs at most so many bytes for each of it: a name of a
 * certificate ("a",) is a span and its text. */
#define BYTES_PER_BYTE (sizeof(struct span) / 2)

struct reader {
    char *data;
    size_t size, used;
    size_t peak;      /* the most that was used: a text needs more room until it is decoded */
    size_t addresses; /* so far */
    struct why *why;
};

/* ---- memory --------------------------------------------------------------------------------- */

/* NULL: there is no room. */
static void *reserve(struct reader *reader, size_t size, size_t alignment)
{
    size_t start = (reader->used + alignment - 1) / alignment * alignment;

    if (start > reader->size || size > reader->size - start) {
        (void)why_fail(reader->why, "there is more of it than FORMAT allows");
        return NULL;
    }
    reader->used = start + size;
    if (reader->used > reader->peak)
        reader->peak = reader->used;
    return reader->data + start;
}

/* `count` of `size` bytes, all zero; NULL: there is no room. */
static void *reserve_array(struct reader *reader, size_t count, size_t size)
{
    void *array = reserve(reader, count * size, ALIGNMENT);

    return array != NULL ? memset(array, 0, count * size) : NULL;
}

/* ---- members -------------------------------------------------------------------------------- */

static bool wrong(struct reader *reader, const char *name)
{
    return why_fail(reader->why, "\"%s\" is missing or wrong", name);
}

static bool read_number(struct reader *reader, const json_t *object, const char *name,
                        int64_t least, int64_t most, int64_t *number)
{
    const json_t *value = json_object_get(object, name);

    *number = json_integer_value(value);
    return (json_is_integer(value) && *number >= least && *number <= most) || wrong(reader, name);
}

static bool read_count(struct reader *reader, const json_t *object, const char *name, size_t *count)
{
    int64_t number;

    if (!read_number(reader, object, name, 0, INT32_MAX, &number))
        return false;
    *count = (size_t)number;
    return true;
}

static bool read_flag(struct reader *reader, const json_t *object, const char *name, bool *flag)
{
    const json_t *value = json_object_get(object, name);

    *flag = json_is_true(value);
    return json_is_boolean(value) || wrong(reader, name);
}

#define SPELLING 4 /* bytes of \xHH */

/* Bytes that a text has once it is decoded, if it can be. */
static size_t decoded_length(const char *text, size_t length)
{
    size_t decoded = length;

    for (size_t i = 0; i < length && decoded >= SPELLING - 1; i++) {
        if (text[i] == '\\')
            decoded -= SPELLING - 1;
    }
    return decoded;
}

/* The \xHH of foreign bytes become these again; no other backslash is there. */
static bool decode(const char *text, size_t length, char *to, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        char c = text[i];

        if (c == '\\') {
            int high, low;

            if (i + SPELLING > length || text[i + 1] != 'x')
                return false;
            high = ascii_hex(text[i + 2]);
            low = ascii_hex(text[i + 3]);
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += SPELLING - 1;
        }
        if (used == size)
            return false;
        to[used++] = c;
    }
    return used == size;
}

static bool read_text(struct reader *reader, const json_t *value, const char *name,
                      struct span *text)
{
    const char *string = json_string_value(value);
    size_t length = json_string_length(value), size;
    char *place;

    if (string == NULL)
        return wrong(reader, name);
    size = decoded_length(string, length);
    place = size <= TEXT_MOST ? reserve(reader, size, 1) : NULL;
    if (size > TEXT_MOST || (place != NULL && !decode(string, length, place, size)))
        return wrong(reader, name);
    *text = (struct span){ place, size };
    return place != NULL;
}

static bool read_string(struct reader *reader, const json_t *object, const char *name,
                        struct span *text)
{
    return read_text(reader, json_object_get(object, name), name, text);
}

/* null: what is given instead. */
static bool read_optional(struct reader *reader, const json_t *object, const char *name,
                          struct span instead, struct span *text)
{
    const json_t *value = json_object_get(object, name);

    *text = instead;
    return json_is_null(value) || read_text(reader, value, name, text);
}

/* An array of at most `most` elements, each of which the facts have so many bytes for. NULL: none,
 * or there is no room. */
static void *read_array(struct reader *reader, const json_t *object, const char *name, size_t most,
                        size_t size, const json_t **array, size_t *count)
{
    *array = json_object_get(object, name);
    *count = json_array_size(*array);
    if (!json_is_array(*array) || *count > most) {
        (void)wrong(reader, name);
        return NULL;
    }
    return reserve_array(reader, *count, size);
}

static bool read_digest(struct reader *reader, const json_t *object, const char *name,
                        struct digest *digest)
{
    return digest_parse(digest, span_of(json_string_value(json_object_get(object, name)))) ||
           wrong(reader, name);
}

/* Words of the enums. */

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

static bool read_word(struct reader *reader, const json_t *object, const char *name,
                      const char *(*word)(unsigned number), unsigned count, unsigned *number)
{
    const char *value = json_string_value(json_object_get(object, name));

    for (*number = 0; value != NULL && *number < count; (*number)++) {
        if (strcmp(value, word(*number)) == 0)
            return true;
    }
    return wrong(reader, name);
}

static bool read_lookup(struct reader *reader, const json_t *object, const char *name,
                        enum lookup *lookup)
{
    unsigned number;

    if (!read_word(reader, object, name, lookup_name, LOOKUPS, &number))
        return false;
    *lookup = (enum lookup)number;
    return true;
}

static bool read_dnssec(struct reader *reader, const json_t *object, enum dnssec *dnssec)
{
    unsigned number;

    if (!read_word(reader, object, "dnssec", dnssec_name, DNSSEC_SECURE + 1, &number))
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
    if (read_array(reader, object, "errors", ERRORS_MOST, 0, &errors, &count) == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *error = json_array_get(errors, i);
        const char *code = json_string_value(json_object_get(error, "code"));
        bool of_name = code != NULL && strcmp(code, "name-mismatch") == 0;

        if (code == NULL || (of_name ? trust->names_ok : trust->state == STORE_TRUSTED))
            return wrong(reader, "errors");
        if (trust->state == STORE_UNTRUSTED && !of_name && !span_known(trust->error) &&
            !read_string(reader, error, "code", &trust->error))
            return false;
    }
    return true;
}

static bool read_trust(struct reader *reader, const json_t *object, struct hop_trust *trust)
{
    unsigned state;

    if (!read_word(reader, object, "state", store_name, STORE_TRUSTED + 1, &state))
        return false;
    trust->state = state;
    return read_string(reader, object, "store", &trust->store) &&
           read_optional(reader, object, "anchor", span_of(NULL), &trust->anchor) &&
           read_flag(reader, object, "names_ok", &trust->names_ok) &&
           read_errors(reader, object, trust);
}

static bool read_trusts(struct reader *reader, const json_t *object, struct hop_address *address)
{
    const json_t *array;
    struct hop_trust *trusts = read_array(reader, object, "trust", STORES_MOST, sizeof(*trusts),
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
    names = read_array(reader, object, "names", NAMES_MOST, sizeof(*names), &array,
                       &certificate->alt_name_count);
    certificate->has_alt_names = true;
    certificate->alt_names = names;
    for (size_t i = 0; names != NULL && i < certificate->alt_name_count; i++) {
        if (!read_text(reader, json_array_get(array, i), "names", &names[i]))
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

    if (!read_optional(reader, object, "subject", none, &certificate->subject) ||
        !read_optional(reader, object, "issuer", none, &certificate->issuer) ||
        !read_optional(reader, object, "organization", none, &certificate->organization) ||
        !read_optional(reader, object, "organizational_unit", none,
                       &certificate->organizational_unit) ||
        !read_names(reader, object, certificate) ||
        !read_number(reader, object, "key_bits", 0, INT32_MAX, &bits) ||
        !read_digest(reader, object, "fingerprint", &certificate->fingerprint) ||
        !read_digest(reader, object, "public_key", &certificate->public_key) ||
        !read_number(reader, object, "from", INT64_MIN, INT64_MAX, &address->certificate_from) ||
        !read_number(reader, object, "until", INT64_MIN, INT64_MAX, &address->certificate_until))
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

    return read_array(reader, object, "chain", CERTIFICATES_MOST, 0, &array, &count) != NULL &&
           (count == 0 || read_certificate(reader, json_array_get(array, 0), address));
}

/* ---- addresses and hosts -------------------------------------------------------------------- */

static bool read_tls(struct reader *reader, const json_t *object, struct hop_address *address)
{
    struct tls_facts *tls = &address->tls;
    struct span staple;
    int64_t bits;
    bool secrecy;

    if (!read_string(reader, object, "protocol", &tls->protocol_name) ||
        !read_string(reader, object, "cipher", &tls->cipher) ||
        !read_number(reader, object, "bits", 0, 100000, &bits) ||
        !read_flag(reader, object, "forward_secrecy", &secrecy) ||
        !read_string(reader, object, "ocsp_staple", &staple))
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
        return wrong(reader, "address");
    if (++reader->addresses > ADDRESSES_MOST)
        return wrong(reader, "addresses");
    if (!read_number(reader, object, "port", 1, UINT16_MAX, &port) ||
        !read_word(reader, object, "state", state_name, HOP_STATES, &state) ||
        !read_string(reader, object, "reply", &address->reply))
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
    struct hop_address *addresses = read_array(reader, object, "addresses", ADDRESSES_MOST,
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

    if (!read_string(reader, object, "name", &host->name) ||
        !read_number(reader, object, "preference", 0, UINT16_MAX, &preference) ||
        !read_flag(reader, object, "self", &host->self) ||
        !read_lookup(reader, object, "addresses_state", &host->lookup) ||
        !read_dnssec(reader, object, &host->dnssec) ||
        !read_count(reader, object, "left_out", &host->left_out))
        return false;
    host->preference = (int)preference;
    return read_addresses(reader, object, host);
}

static bool read_hosts(struct reader *reader, const json_t *object, struct hop_facts *facts)
{
    const json_t *array;
    struct hop_host *hosts =
        read_array(reader, object, "hosts", HOSTS_MOST, sizeof(*hosts), &array, &facts->host_count);

    facts->hosts = hosts;
    for (size_t i = 0; hosts != NULL && i < facts->host_count; i++) {
        if (!read_host(reader, json_array_get(array, i), &hosts[i]))
            return false;
    }
    return hosts != NULL;
}

/* Into the reader's memory, which the facts begin. */
static bool read_facts(struct reader *reader, const json_t *object)
{
    const json_t *mx = json_object_get(object, "mx");
    struct hop_facts *facts = reserve_array(reader, 1, sizeof(*facts));

    return facts != NULL && read_lookup(reader, mx, "state", &facts->lookup) &&
           read_dnssec(reader, mx, &facts->dnssec) &&
           read_count(reader, mx, "left_out", &facts->left_out) &&
           read_hosts(reader, object, facts);
}

/* ---- lines ---------------------------------------------------------------------------------- */

static bool read_in_size(struct hop_line *line, const json_t *object, size_t size, struct why *why)
{
    struct reader reader = { .data = malloc(size), .size = size, .why = why };

    if (reader.data == NULL)
        return why_fail(why, "out of memory");
    if (!read_facts(&reader, object)) {
        free(reader.data);
        return false;
    }
    line->facts = (struct hop_facts *)(void *)reader.data;
    line->size = reader.peak;
    return true;
}

static bool read_result(struct hop_line *line, const json_t *object, size_t length, struct why *why)
{
    static const size_t enough =
        sizeof(struct hop_facts) + HOSTS_MOST * sizeof(struct hop_host) +
        ADDRESSES_MOST * (sizeof(struct hop_address) + STORES_MOST * sizeof(struct hop_trust)) +
        4 * ADDRESSES_MOST * ALIGNMENT;
    struct reader reader = { .why = why };
    struct next_hop hop;

    if (!line->has_id)
        return wrong(&reader, "id");
    if (!next_hop_read(&hop, span_of(json_string_value(json_object_get(object, "hop")))))
        return wrong(&reader, "hop");
    next_hop_format(&hop, line->hop);
    if (!read_number(&reader, object, "started", 0, INT64_MAX, &line->started) ||
        !read_number(&reader, object, "milliseconds", 0, INT32_MAX, &line->milliseconds) ||
        !read_in_size(line, object, enough + BYTES_PER_BYTE * length, why))
        return false;
    free(line->facts);
    line->facts = NULL;
    if (!read_in_size(line, object, line->size, why))
        return false;
    if (hop_facts_sound(line->facts, &hop, why))
        return true;
    free(line->facts);
    line->facts = NULL;
    return false;
}

static bool read_error_line(struct hop_line *line, const json_t *object)
{
    const json_t *text = json_object_get(object, "text");
    struct line out;

    line->type = HOP_LINE_ERROR;
    line_init(&out, line->text, sizeof(line->text));
    line_add_quoted(&out, (struct span){ json_string_value(text), json_string_length(text) },
                    sizeof(line->text) - 1);
    return true;
}

static bool read_object(struct hop_line *line, const json_t *object, size_t length, struct why *why)
{
    const json_t *version = json_object_get(object, "v"), *id = json_object_get(object, "id");
    const char *type = json_string_value(json_object_get(object, "type"));

    if (!json_is_integer(version) || json_integer_value(version) != FORMAT_VERSION)
        return why_fail(why, "\"v\" is not %d", FORMAT_VERSION);
    line->has_id = json_is_integer(id);
    line->id = json_integer_value(id);
    if (type != NULL && strcmp(type, "result") == 0)
        return read_result(line, object, length, why);
    if (type != NULL && strcmp(type, "error") == 0)
        return read_error_line(line, object);
    return why_fail(why, "\"type\" is neither result nor error");
}

bool hop_json_read(struct hop_line *line, struct span text, struct why *why)
{
    json_error_t error;
    json_t *object;
    bool read;

    memset(line, 0, sizeof(*line));
    if (text.length > HOP_LINE_MOST)
        return why_fail(why, "a line is longer than %zu bytes", HOP_LINE_MOST);
    object =
        json_loadb(text.data != NULL ? text.data : "", text.length, JSON_REJECT_DUPLICATES, &error);
    if (object == NULL)
        return why_fail(why, "no JSON object: %s", error.text);
    read = json_is_object(object) ? read_object(line, object, text.length, why)
                                  : why_fail(why, "no JSON object");
    json_decref(object);
    return read;
}
