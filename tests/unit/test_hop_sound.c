/* SPDX-License-Identifier: ISC */
/*
 * Lines of a prober that lies: each sentence that contradicts another one makes the line garbage,
 * and lines that are taken apart and put together at random are read as what they say, or not.
 */
#include "tests/unit/build.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/probe/hop_json.h"

#define HEX8(byte) byte byte byte byte byte byte byte byte
#define HEX32(byte) HEX8(byte) HEX8(byte) HEX8(byte) HEX8(byte)

#define RESULT(hop, mx, hosts)                                                                  \
    "{\"v\":1,\"type\":\"result\",\"id\":7,\"hop\":\"" hop "\",\"started\":1767225600,"         \
    "\"milliseconds\":412,\"mx\":{\"state\":\"" mx "\",\"dnssec\":\"unknown\",\"left_out\":0}," \
    "\"hosts\":[" hosts "]}"
#define HOST(name, preference, self, state, addresses)                          \
    "{\"name\":\"" name "\",\"preference\":" preference ",\"self\":" self       \
    ",\"addresses_state\":\"" state "\",\"dnssec\":\"unknown\",\"left_out\":0," \
    "\"addresses\":[" addresses "]}"
#define ADDRESS(address, port, state) \
    "{\"address\":\"" address "\",\"port\":" port ",\"state\":\"" state "\",\"reply\":\"x\"}"
#define TLS(address, port, staple, chain, trust)                                                \
    "{\"address\":\"" address "\",\"port\":" port ",\"state\":\"tls\",\"reply\":\"\",\"tls\":{" \
    "\"protocol\":\"TLSv1.3\",\"cipher\":\"TLS_AES_256_GCM_SHA384\",\"bits\":256,"              \
    "\"forward_secrecy\":true,\"ocsp_staple\":\"" staple "\"},\"chain\":[" chain "],"           \
    "\"trust\":[" trust "]}"
#define CERTIFICATE                                                                     \
    "{\"subject\":\"mx1.contoso.com\",\"issuer\":\"Issuing CA\",\"organization\":null," \
    "\"organizational_unit\":null,\"names\":[\"mx1.contoso.com\"],\"key_bits\":2048,"   \
    "\"from\":1735689600,\"until\":1798761600,\"fingerprint\":\"" HEX32(                \
        "ab") "\","                                                                     \
              "\"public_key\":\"" HEX32("cd") "\"}"
#define TRUST(store, state, anchor, names_ok, errors)                     \
    "{\"store\":\"" store "\",\"state\":\"" state "\",\"anchor\":" anchor \
    ",\"names_ok\":" names_ok ",\"errors\":[" errors "]}"
#define ERROR(code) "{\"depth\":0,\"code\":\"" code "\",\"text\":\"x\"}"

#define GOOD TRUST("/ca.pem", "trusted", "\"Root\"", "true", "")
#define BAD TRUST("", "untrusted", "null", "true", ERROR("unknown-issuer"))
#define GOOD_TLS(address, port) TLS(address, port, "good", CERTIFICATE, GOOD "," BAD)
#define GOOD_HOST HOST("mx1.contoso.com", "10", "false", "found", GOOD_TLS("192.0.2.9", "25"))
#define OURS \
    HOST("mx.example.org", "20", "true", "found", ADDRESS("192.0.2.1", "25", "not-allowed"))

/* Of each kind one in which everything is possible. */
static const char *const good[] = {
    RESULT("contoso.com", "found", GOOD_HOST "," OURS),
    RESULT("contoso.com", "found",
           HOST("mx1.contoso.com", "10", "false", "found",
                GOOD_TLS("192.0.2.9", "25") "," ADDRESS(
                    "2001:db8::9", "25", "unreachable")) "," HOST("mx2.contoso.com", "10", "false",
                                                                  "timeout", "") "," OURS),
    RESULT("contoso.com", "none",
           HOST("contoso.com", "0", "false", "found", ADDRESS("192.0.2.9", "25", "no-starttls"))),
    RESULT("contoso.com:587", "found",
           HOST("mx1.contoso.com", "10", "false", "found", GOOD_TLS("192.0.2.9", "587"))),
    RESULT("contoso.com", "null-mx", ""),
    RESULT("contoso.com", "timeout", ""),
    RESULT("[mail.contoso.com]:587", "not-asked",
           HOST("mail.contoso.com", "0", "false", "found", GOOD_TLS("192.0.2.9", "587"))),
    RESULT("smtps://mail.contoso.com:465", "not-asked",
           HOST("mail.contoso.com", "0", "false", "nxdomain", "")),
    RESULT("[192.0.2.9]", "not-asked",
           HOST("192.0.2.9", "0", "false", "not-asked", GOOD_TLS("192.0.2.9", "25"))),
    RESULT("contoso.com", "found",
           HOST("mx1.contoso.com", "10", "false", "found",
                TLS("192.0.2.9", "25", "revoked", CERTIFICATE,
                    TRUST("/ca.pem", "trusted", "null", "false", ERROR("name-mismatch")) "," TRUST(
                        "/x", "error", "null", "false", ERROR("other"))))),
    RESULT("contoso.com", "found",
           HOST("mx1.contoso.com", "10", "false", "found",
                TLS("192.0.2.9", "25", "none", "",
                    TRUST("", "untrusted", "null", "false", ERROR("no-certificate"))))),
};

static void lines__that_agree__read(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(good); i++) {
        struct hop_line line;
        struct why why = { "" };

        bad += row(hop_json_read(&line, span_of(good[i]), &why), "%zu: %s", i, why.text);
        free(line.facts);
    }
    assert_int_equal(bad, 0);
}

#define TRUSTED_BY(trust)                           \
    HOST("mx1.contoso.com", "10", "false", "found", \
         TLS("192.0.2.9", "25", "none", CERTIFICATE, trust))
#define WITHOUT_CHAIN(staple, trust) \
    HOST("mx1.contoso.com", "10", "false", "found", TLS("192.0.2.9", "25", staple, "", trust))

static void lines__that_contradict_themselves__garbage(void **state)
{
    static const struct {
        const char *line, *why;
    } rows[] = {
        { RESULT("contoso.com", "found", WITHOUT_CHAIN("none", GOOD)),
          "trusted that is not there" },
        { RESULT("contoso.com", "found",
                 WITHOUT_CHAIN("none", TRUST("", "untrusted", "null", "true", ""))),
          "trusted that is not there" },
        { RESULT("contoso.com", "found", WITHOUT_CHAIN("revoked", "")), "revoked that is not" },
        { RESULT("contoso.com", "found",
                 TRUSTED_BY(TRUST("", "trusted", "\"R\"", "true", ERROR("weak-key")))),
          "\"errors\"" },
        { RESULT("contoso.com", "found",
                 TRUSTED_BY(TRUST("", "trusted", "\"R\"", "true", ERROR("name-mismatch")))),
          "\"errors\"" },
        { RESULT("contoso.com", "found",
                 TRUSTED_BY(TRUST("", "trusted", "\"R\"", "false",
                                  ERROR("name-mismatch") "," ERROR("expired")))),
          "\"errors\"" },
        { RESULT("contoso.com", "found",
                 TRUSTED_BY(TRUST("", "untrusted", "\"R\"", "true", ERROR("other")))),
          "has an anchor" },
        { RESULT("contoso.com", "found",
                 TRUSTED_BY(TRUST("", "untrusted", "null", "true",
                                  "") "," TRUST("", "trusted", "\"R\"", "true", ""))),
          "store is there twice" },
        { RESULT("contoso.com", "not-asked", GOOD_HOST), "the kind of the hop" },
        { RESULT("contoso.com", "found", ""), "hosts and the state" },
        { RESULT("contoso.com", "none", ""), "hosts and the state" },
        { RESULT("contoso.com", "nxdomain", GOOD_HOST), "hosts and the state" },
        { RESULT("contoso.com", "null-mx", GOOD_HOST), "hosts and the state" },
        { RESULT("contoso.com", "timeout", GOOD_HOST), "hosts and the state" },
        { RESULT("contoso.com", "none", GOOD_HOST), "another host" },
        { RESULT("[mail.contoso.com]", "not-asked", GOOD_HOST), "another host" },
        { RESULT("[mail.contoso.com]", "found", GOOD_HOST), "the kind of the hop" },
        { RESULT("[192.0.2.8]", "not-asked",
                 HOST("192.0.2.8", "0", "false", "not-asked", GOOD_TLS("192.0.2.9", "25"))),
          "another address" },
        { RESULT("[192.0.2.9]", "not-asked",
                 HOST("192.0.2.9", "0", "false", "found", GOOD_TLS("192.0.2.9", "25"))),
          "the kind of the hop" },
        { RESULT("contoso.com:587", "found", GOOD_HOST), "another port" },
        { RESULT("contoso.com", "found",
                 HOST("mx1.contoso.com", "10", "false", "found",
                      GOOD_TLS("192.0.2.9", "25") "," GOOD_TLS("192.0.2.10", "26"))),
          "another port" },
        { RESULT("contoso.com", "found",
                 HOST("mx1.contoso.com", "10", "false", "found",
                      ADDRESS("192.0.2.9", "25", "no-starttls") "," GOOD_TLS("192.0.2.9", "25"))),
          "address is there twice" },
        { RESULT("contoso.com", "found", GOOD_HOST "," GOOD_HOST), "host is there twice" },
        { RESULT("contoso.com", "found",
                 GOOD_HOST "," HOST("mx2.contoso.com", "5", "false", "none", "")),
          "not in order" },
        { RESULT("contoso.com", "found",
                 HOST("mx1.contoso.com", "10", "false", "nxdomain", GOOD_TLS("192.0.2.9", "25"))),
          "addresses and the state" },
        { RESULT("contoso.com", "found", HOST("mx1.contoso.com", "10", "false", "found", "")),
          "addresses and the state" },
        { RESULT("contoso.com", "found",
                 HOST("mx1.contoso.com", "10", "true", "found", GOOD_TLS("192.0.2.9", "25"))),
          "an address of ours" },
        { RESULT("contoso.com", "found",
                 HOST("a.contoso.com", "10", "true", "none", "") "," HOST("b.contoso.com", "10",
                                                                          "false", "none", "")),
          "ourselves and the next" },
        { RESULT("[mail.contoso.com]", "not-asked",
                 HOST("mail.contoso.com", "0", "true", "none", "")),
          "ourselves and the next" },
        { "{\"v\":1,\"type\":\"result\",\"id\":7,\"hop\":\"contoso.com\",\"started\":1,"
          "\"milliseconds\":4,\"mx\":{\"state\":\"timeout\",\"dnssec\":\"secure\",\"left_out\":0},"
          "\"hosts\":[]}",
          "no answer about MX is secure" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct hop_line line;
        struct why why = { "" };

        bad += row(!hop_json_read(&line, span_of(rows[i].line), &why) &&
                       strstr(why.text, rows[i].why) != NULL && line.facts == NULL,
                   "%zu, %s: '%s'", i, rows[i].why, why.text);
        free(line.facts);
    }
    assert_int_equal(bad, 0);
}

/* ---- at random ------------------------------------------------------------------------------ */

static uint64_t random_state;

static size_t draw(size_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (size_t)(random_state >> 20) % below;
}

/* All values in a document, with what they are in. */
#define PLACES_MOST 4096
struct places {
    struct place {
        json_t *parent;
        const char *name; /* of an object's member */
        size_t index;     /* in an array */
    } list[PLACES_MOST];
    size_t count;
};

static void find_places(struct places *places, json_t *value)
{
    const char *name;
    json_t *child;
    size_t index;

    json_object_foreach(value, name, child)
    {
        if (places->count < PLACES_MOST)
            places->list[places->count++] = (struct place){ value, name, 0 };
        find_places(places, child);
    }
    json_array_foreach(value, index, child)
    {
        if (places->count < PLACES_MOST)
            places->list[places->count++] = (struct place){ value, NULL, index };
        find_places(places, child);
    }
}

static json_t *value_at(const struct place *place)
{
    return place->name != NULL ? json_object_get(place->parent, place->name)
                               : json_array_get(place->parent, place->index);
}

static json_t *any_value(void)
{
    static const char *const words[] = {
        "trusted",       "untrusted",
        "error",         "tls",
        "found",         "none",
        "not-asked",     "nxdomain",
        "self",          "secure",
        "bogus",         "not-allowed",
        "name-mismatch", "revoked",
        "contoso.com",   "192.0.2.9",
        "2001:db8::9",   "",
        "\\x00",         "\\xff\\xfe",
        "\\x",           "\\",
        "a\\x5cb",       "[contoso.com]:1",
        "TLSv1.3",       "[192.0.2.9]",
        "127.0.0.1",     "0.0.0.0",
        "...",           "result",
    };
    static const json_int_t numbers[] = { 0,         1,         -1,        2,
                                          25,        65535,     65536,     INT32_MAX,
                                          INT32_MIN, INT64_MAX, INT64_MIN, UINT32_MAX };

    switch (draw(8)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(draw(2));
    case 2:
        return json_array();
    case 3:
        return json_object();
    case 4:
    case 5:
        return json_integer(numbers[draw(ROWS(numbers))]);
    default:
        return json_string(words[draw(ROWS(words))]);
    }
}

/* One change: a value gone, another one, one of its own kind from elsewhere, twice, or swapped. */
static void change(json_t *root, const json_t *donor)
{
    static struct places places, others;
    struct place *place, *other;
    json_t *value;

    places.count = others.count = 0;
    find_places(&places, root);
    find_places(&others, (json_t *)(uintptr_t)donor);
    if (places.count == 0)
        return;
    place = &places.list[draw(places.count)];
    other = &others.list[draw(others.count)];
    /* Mostly what was at home in a member of that name. */
    for (int i = 0; i < 200 && place->name != NULL && draw(20) != 0 &&
                    (other->name == NULL || strcmp(other->name, place->name) != 0);
         i++)
        other = &others.list[draw(others.count)];
    value = draw(3) == 0 ? any_value() : json_deep_copy(value_at(other));
    if (place->name != NULL) {
        if (draw(8) == 0)
            (void)json_object_del(place->parent, place->name);
        else
            (void)json_object_set(place->parent, place->name, value);
    } else if (draw(3) == 0) {
        (void)json_array_remove(place->parent, place->index);
    } else if (draw(2) == 0) {
        (void)json_array_insert(place->parent, place->index, value);
    } else {
        (void)json_array_append_new(place->parent, json_deep_copy(value_at(place)));
    }
    json_decref(value);
}

/* What FORMAT does not allow to be said, read from the line itself and not from its facts. */

static const char *word(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

static bool is(const json_t *object, const char *name, const char *text)
{
    return strcmp(word(object, name), text) == 0;
}

static bool has_error_but_of_name(const json_t *trust)
{
    const json_t *error;
    size_t index;

    json_array_foreach(json_object_get(trust, "errors"), index, error)
    {
        if (!is(error, "code", "name-mismatch"))
            return true;
    }
    return false;
}

static const char *nonsense_of_trust(const json_t *address, const json_t *trust)
{
    bool has_chain = json_array_size(json_object_get(address, "chain")) > 0;

    if (!is(trust, "state", "trusted"))
        return json_is_string(json_object_get(trust, "anchor")) ? "an anchor" : NULL;
    if (!has_chain)
        return "trusted without a chain";
    return has_error_but_of_name(trust) ? "trusted with errors" : NULL;
}

static const char *nonsense_of_address(const json_t *host, const json_t *address)
{
    const json_t *trust;
    const char *found = NULL;
    size_t index;

    if (json_is_true(json_object_get(host, "self")) && !is(address, "state", "not-allowed"))
        return "ourselves, tried";
    if (!is(address, "state", "tls"))
        return NULL;
    if (!json_is_object(json_object_get(address, "tls")))
        return "TLS without TLS";
    json_array_foreach(json_object_get(address, "trust"), index, trust)
    {
        if (found == NULL)
            found = nonsense_of_trust(address, trust);
    }
    return found;
}

static const char *nonsense_of_host(const json_t *host)
{
    const json_t *addresses = json_object_get(host, "addresses"), *address;
    const char *found = NULL;
    size_t index;

    if (json_array_size(addresses) > 0 && !is(host, "addresses_state", "found") &&
        !is(host, "addresses_state", "not-asked"))
        return "addresses from nowhere";
    json_array_foreach(addresses, index, address)
    {
        if (found == NULL)
            found = nonsense_of_address(host, address);
    }
    return found;
}

static const char *nonsense(const json_t *root)
{
    const json_t *hosts = json_object_get(root, "hosts"), *mx = json_object_get(root, "mx"), *host;
    const char *hop = word(root, "hop"), *found = NULL;
    bool asked = strchr(hop, '[') == NULL && strstr(hop, "//") == NULL;
    size_t index;

    if (asked == is(mx, "state", "not-asked"))
        return "MX of what has none";
    if (is(mx, "state", "found") != (json_array_size(hosts) > 0) && !is(mx, "state", "none") &&
        !is(mx, "state", "not-asked"))
        return "hosts from nowhere";
    json_array_foreach(hosts, index, host)
    {
        if (found == NULL)
            found = nonsense_of_host(host);
    }
    return found;
}

/* Every byte is looked at, so that a sanitizer sees one that is not there. */
static size_t touch(struct span span)
{
    size_t sum = 0;

    for (size_t i = 0; i < span.length; i++)
        sum += (unsigned char)span.data[i];
    return sum;
}

static size_t touch_address(const struct hop_address *address)
{
    size_t sum = touch(address->reply) + touch(address->tls.cipher);

    sum += touch(address->tls.protocol_name) + touch(address->certificate.subject);
    for (size_t i = 0; i < address->certificate.alt_name_count; i++)
        sum += touch(address->certificate.alt_names[i]);
    for (size_t i = 0; i < address->trust_count; i++)
        sum += touch(address->trusts[i].store) + touch(address->trusts[i].anchor) +
               touch(address->trusts[i].error);
    return sum;
}

static size_t touch_all(const struct hop_facts *facts)
{
    size_t sum = 0;

    for (size_t i = 0; i < facts->host_count; i++) {
        sum += touch(facts->hosts[i].name);
        for (size_t n = 0; n < facts->hosts[i].address_count; n++)
            sum += touch_address(&facts->hosts[i].addresses[n]);
    }
    return sum;
}

/* A copy in memory of its own size; some bytes changed, perhaps. The caller's to free. */
static char *text_of(const json_t *root, bool spoil, size_t *length)
{
    char *text = json_dumps(root, JSON_COMPACT), *copy;

    *length = strlen(text);
    copy = malloc(*length + 1);
    memcpy(copy, text, *length);
    free(text);
    for (size_t changes = spoil ? draw(3) : 0; changes > 0 && *length > 0; changes--)
        copy[draw(*length)] = (char)draw(256);
    return copy;
}

struct tally {
    unsigned read, nonsense;
};

static void try_line(const char *text, size_t length, struct tally *tally)
{
    struct hop_line line;
    struct why why = { "" };
    json_t *said;
    const char *wrong;

    if (!hop_json_read(&line, (struct span){ text, length }, &why)) {
        tally->nonsense += row(line.facts == NULL && why.text[0] != '\0', "no reason");
        return;
    }
    if (line.type != HOP_LINE_RESULT)
        return;
    said = json_loadb(text, length, 0, NULL);
    wrong = nonsense(said);
    tally->nonsense += row(wrong == NULL, "%s: %.*s", wrong, (int)length, text);
    tally->nonsense += row(touch_all(line.facts) < SIZE_MAX, "no sum");
    tally->read++;
    json_decref(said);
    free(line.facts);
}

/* FORCETLS_SEED is where it starts from. */
static void lines__taken_apart_and_put_together__no_nonsense(void **state)
{
    enum { ROUNDS = 30000 };
    const char *seed = getenv("FORCETLS_SEED");
    json_t *roots[ROWS(good)];
    struct tally tally = { 0, 0 };

    (void)state;
    random_state = 88172645463325252U ^ (seed != NULL ? strtoull(seed, NULL, 10) << 8 : 0);
    for (size_t i = 0; i < ROWS(good); i++)
        roots[i] = json_loads(good[i], 0, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        json_t *root = json_deep_copy(roots[draw(ROWS(good))]);
        size_t length;
        char *text;

        for (size_t changes = 1 + draw(4); changes > 0; changes--)
            change(root, roots[draw(ROWS(good))]);
        text = text_of(root, draw(4) == 0, &length);
        try_line(text, length, &tally);
        free(text);
        json_decref(root);
    }
    for (size_t i = 0; i < ROWS(good); i++)
        json_decref(roots[i]);
    assert_int_equal(tally.nonsense, 0);
    assert_true(tally.read > ROUNDS / 20);
    assert_true(tally.read < ROUNDS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines__that_agree__read),
        cmocka_unit_test(lines__that_contradict_themselves__garbage),
        cmocka_unit_test(lines__taken_apart_and_put_together__no_nonsense),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
