/* SPDX-License-Identifier: ISC */
/* Tests of policy/probe/hop_json and ask: what a prober writes, and what of it is believed. */
#include "tests/unit/build.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/probe/ask.h"
#include "policy/probe/hop_json.h"
#include "policy/probe/memory.h"
#include "policy/probe/request.h"
#include "policy/probe/result.h"

_Static_assert(RESULT_LINE_MOST == HOP_LINE_MOST, "the prober may write what is not read");

#define HEX32(byte)                                                                                \
    byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte \
        byte byte byte byte byte byte byte byte byte byte byte byte byte

/* A line with everything in it, as FORMAT has it. */
static const char whole[] =
    "{\"v\":1,\"type\":\"result\",\"id\":7,\"hop\":\"contoso.com\",\"started\":1767225600,"
    "\"milliseconds\":412,\"mx\":{\"state\":\"found\",\"dnssec\":\"insecure\",\"left_out\":1},"
    "\"hosts\":[{\"name\":\"mx1.contoso.com\",\"preference\":10,\"self\":false,"
    "\"addresses_state\":\"found\",\"dnssec\":\"secure\",\"left_out\":2,\"addresses\":["
    "{\"address\":\"192.0.2.9\",\"port\":25,\"state\":\"tls\",\"reply\":\"\",\"milliseconds\":87,"
    "\"offered\":[\"STARTTLS\"],\"offered_tls\":[],"
    "\"tls\":{\"protocol\":\"TLSv1.3\",\"cipher\":\"TLS_AES_256_GCM_SHA384\",\"bits\":256,"
    "\"group\":\"x25519\",\"forward_secrecy\":true,\"client_certificate\":\"asked\","
    "\"ocsp_staple\":\"none\"},"
    "\"chain\":[{\"subject\":\"mail.contoso.com\",\"subject_dn\":\"CN=mail.contoso.com\","
    "\"issuer\":\"Example Issuing CA\",\"issuer_dn\":\"...\",\"organization\":\"Contoso\","
    "\"organizational_unit\":null,\"names\":[\"mail.contoso.com\",\"*.contoso.com\"],"
    "\"key_type\":\"RSA\",\"key_bits\":2048,\"signature\":\"sha256WithRSAEncryption\","
    "\"from\":1735689600,\"until\":1798761600,\"fingerprint\":\"" HEX32(
        "ab") "\","
              "\"public_key\":\"" HEX32(
                  "cd") "\",\"crls\":[],\"ocsp\":[],\"pem\":\"x\"}],"
                        "\"trust\":[{\"store\":\"/etc/ssl/"
                        "ca.pem\",\"state\":\"trusted\",\"anchor\":\"Example Root\","
                        "\"anchor_fingerprint\":\"" HEX32(
                            "ef") "\",\"names_ok\":true,\"errors\":[]},"
                                  "{\"store\":\"\",\"state\":\"untrusted\",\"anchor\":null,"
                                  "\"anchor_fingerprint\":null,"
                                  "\"names_ok\":false,\"errors\":[{\"depth\":0,\"code\":\"name-"
                                  "mismatch\",\"text\":\"x\"},"
                                  "{\"depth\":1,\"code\":\"unknown-issuer\",\"text\":\"y\"}]}]},"
                                  "{\"address\":\"2001:db8::9\",\"port\":25,\"state\":"
                                  "\"unreachable\",\"reply\":\"no route\","
                                  "\"milliseconds\":0,\"offered\":[],\"offered_tls\":[]}]},"
                                  "{\"name\":\"mx2.contoso.com\",\"preference\":20,\"self\":true,"
                                  "\"addresses_state\":\"timeout\","
                                  "\"dnssec\":\"unknown\",\"left_out\":0,\"addresses\":[]}]}";

static bool read_text(struct hop_line *line, const char *text, struct why *why)
{
    return hop_json_read(line, span_of(text), why);
}

/* The line with one text in place of another; the caller's to free. */
static char *replaced(const char *from, const char *to)
{
    const char *at = strstr(whole, from);
    size_t before = at != NULL ? (size_t)(at - whole) : 0;
    char *text = malloc(sizeof(whole) + strlen(to) + 1);

    assert_non_null(at);
    assert_non_null(text);
    memcpy(text, whole, before);
    (void)sprintf(text + before, "%s%s", to, at + strlen(from));
    return text;
}

/* ---- what is read -----------------------------------------------------------------------------
 */

static void result__whole__every_fact(void **state)
{
    const struct hop_address *address;
    const struct hop_host *host;
    struct digest fingerprint;
    struct hop_line line;
    struct why why;

    (void)state;
    memset(&fingerprint, 0xab, sizeof(fingerprint));
    assert_true(read_text(&line, whole, &why));
    assert_int_equal(line.type, HOP_LINE_RESULT);
    assert_true(line.has_id && line.id == 7);
    assert_string_equal(line.hop, "contoso.com");
    assert_int_equal(line.started, 1767225600);
    assert_int_equal(line.milliseconds, 412);
    assert_int_equal(line.facts->lookup, LOOKUP_FOUND);
    assert_int_equal(line.facts->dnssec, DNSSEC_INSECURE);
    assert_int_equal(line.facts->left_out, 1);
    assert_int_equal(line.facts->host_count, 2);
    host = &line.facts->hosts[0];
    assert_true(span_equal(host->name, SPAN("mx1.contoso.com")));
    assert_int_equal(host->preference, 10);
    assert_int_equal(host->dnssec, DNSSEC_SECURE);
    assert_int_equal(host->left_out, 2);
    assert_int_equal(host->address_count, 2);
    address = &host->addresses[0];
    assert_true(ip_equal(&address->ip, &(struct ip){ 4, { 192, 0, 2, 9 } }));
    assert_int_equal(address->port, 25);
    assert_int_equal(address->state, HOP_TLS);
    assert_int_equal(address->tls.state, TLS_ENCRYPTED);
    assert_int_equal(address->tls.protocol, PROTOCOL_TLSV1_3);
    assert_int_equal(address->tls.cipher_bits, 256);
    assert_int_equal(address->forward_secrecy, FORWARD_SECRECY_YES);
    assert_true(address->has_certificate && !address->revoked);
    assert_true(span_equal(address->certificate.subject, SPAN("mail.contoso.com")));
    assert_true(span_known(address->certificate.organizational_unit) &&
                span_empty(address->certificate.organizational_unit));
    assert_true(address->certificate.has_alt_names);
    assert_int_equal(address->certificate.alt_name_count, 2);
    assert_true(span_equal(address->certificate.alt_names[1], SPAN("*.contoso.com")));
    assert_int_equal(address->certificate.key_bits, 2048);
    assert_true(digest_equal(&address->certificate.fingerprint, &fingerprint));
    assert_int_equal(address->certificate.public_key_state, PIN_KNOWN);
    assert_int_equal(address->certificate_until, 1798761600);
    assert_int_equal(address->trust_count, 2);
    assert_int_equal(address->trusts[0].state, STORE_TRUSTED);
    assert_true(span_equal(address->trusts[0].anchor, SPAN("Example Root")));
    assert_false(span_known(address->trusts[0].error));
    assert_int_equal(address->trusts[1].state, STORE_UNTRUSTED);
    assert_false(span_known(address->trusts[1].anchor));
    assert_true(span_equal(address->trusts[1].error, SPAN("unknown-issuer")));
    assert_int_equal(host->addresses[1].state, HOP_UNREACHABLE);
    assert_int_equal(host->addresses[1].tls.state, TLS_NOT_REPORTED);
    assert_true(line.facts->hosts[1].self);
    assert_int_equal(line.facts->hosts[1].lookup, LOOKUP_TIMEOUT);
    free(line.facts);
}

static void result__no_names_no_subject_revoked__said_so(void **state)
{
    char *text = replaced("[\"mail.contoso.com\",\"*.contoso.com\"]", "null");
    struct hop_line line;
    struct why why;

    (void)state;
    assert_true(read_text(&line, text, &why));
    assert_false(line.facts->hosts[0].addresses[0].certificate.has_alt_names);
    free(line.facts);
    free(text);

    text = replaced("\"ocsp_staple\":\"none\"", "\"ocsp_staple\":\"revoked\"");
    assert_true(read_text(&line, text, &why));
    assert_true(line.facts->hosts[0].addresses[0].revoked);
    free(line.facts);
    free(text);

    text = replaced("\"subject\":\"mail.contoso.com\"", "\"subject\":null");
    assert_true(read_text(&line, text, &why));
    assert_true(span_known(line.facts->hosts[0].addresses[0].certificate.subject) &&
                span_empty(line.facts->hosts[0].addresses[0].certificate.subject));
    free(line.facts);
    free(text);
}

static void result__foreign_bytes__decoded(void **state)
{
    static const struct {
        const char *json;
        struct span bytes; /* not known: garbage */
    } rows[] = {
        { "", S("") },
        { "a b", S("a b") },
        { "a\\\\x00b", S("a\0b") },
        { "\\\\x5c", S("\\") },
        { "\\\\x5cx41", S("\\x41") },
        { "\\\\xFF\\\\xfe", S("\xff\xfe") },
        { "gr\xc3\xbc\xc3\x9f"
          "e",
          S("gr\xc3\xbc\xc3\x9f"
            "e") },
        { "\\u0041", S("A") },
        { "\\\\", { NULL, 0 } },
        { "\\\\x0", { NULL, 0 } },
        { "\\\\x0g", { NULL, 0 } },
        { "\\\\y00", { NULL, 0 } },
        { "\\u0000", { NULL, 0 } },
        { "\xff", { NULL, 0 } },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char member[64], *text;
        struct hop_line line;
        bool read;

        (void)snprintf(member, sizeof(member), "\"reply\":\"%s\",\"milliseconds\":87",
                       rows[i].json);
        text = replaced("\"reply\":\"\",\"milliseconds\":87", member);
        read = hop_json_read(&line, span_of(text), NULL);
        bad += row(read == span_known(rows[i].bytes), "'%s': read %d", rows[i].json, read);
        if (read)
            bad += row(span_equal(line.facts->hosts[0].addresses[0].reply, rows[i].bytes),
                       "'%s': '%s'", rows[i].json, SHOWN(line.facts->hosts[0].addresses[0].reply));
        free(line.facts);
        free(text);
    }
    assert_int_equal(bad, 0);
}

/* Also where they are the last thing that is written. */
static void result__foreign_bytes_in_the_last_text__read(void **state)
{
    static const char text[] =
        "{\"v\":1,\"type\":\"result\",\"id\":7,\"hop\":\"contoso.com\",\"started\":1,"
        "\"milliseconds\":4,\"mx\":{\"state\":\"found\",\"dnssec\":\"insecure\",\"left_out\":0},"
        "\"hosts\":[{\"name\":\"mx1.contoso.com\",\"preference\":10,\"self\":false,"
        "\"addresses_state\":\"found\",\"dnssec\":\"secure\",\"left_out\":0,\"addresses\":["
        "{\"address\":\"192.0.2.9\",\"port\":25,\"state\":\"busy\","
        "\"reply\":\"421 \\\\x1b[31m\\\\x00\\\\xff\"}]}]}";
    struct hop_line line;
    struct why why;

    (void)state;
    assert_true(read_text(&line, text, &why));
    assert_true(span_equal(line.facts->hosts[0].addresses[0].reply, SPAN("421 \x1b[31m\0\xff")));
    free(line.facts);
}

/* The hop's spelling is made the one that the table uses. */
static void result__hop__in_its_one_spelling(void **state)
{
    static const char of_domain[] =
        "\"mx\":{\"state\":\"nxdomain\",\"dnssec\":\"secure\",\"left_out\":0},\"hosts\":[]";
    static const char of_host[] =
        "\"mx\":{\"state\":\"not-asked\",\"dnssec\":\"unknown\",\"left_out\":0},\"hosts\":[{"
        "\"name\":\"mail.hq.example\",\"preference\":0,\"self\":false,\"addresses_state\":"
        "\"none\",\"dnssec\":\"unknown\",\"left_out\":0,\"addresses\":[]}]";
    static const struct {
        const char *hop, *rest, *spelling; /* NULL: garbage */
    } rows[] = {
        { "Contoso.COM.", of_domain, "contoso.com" },
        { "contoso.com:25", of_domain, "contoso.com" },
        { "[mail.hq.example]:587", of_host, "[mail.hq.example]:587" },
        { "smtps://mail.hq.example:465", of_host, "smtps://mail.hq.example:465" },
        { "contoso .com", of_domain, NULL },
        { "", of_domain, NULL },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[512];
        struct hop_line line;
        struct why why = { "" };
        bool read;

        (void)snprintf(text, sizeof(text),
                       "{\"v\":1,\"type\":\"result\",\"id\":7,\"hop\":\"%s\",\"started\":1,"
                       "\"milliseconds\":4,%s}",
                       rows[i].hop, rows[i].rest);
        read = read_text(&line, text, &why);
        bad += row(read == (rows[i].spelling != NULL) &&
                       (!read || strcmp(line.hop, rows[i].spelling) == 0),
                   "%s: %s", rows[i].hop, read ? line.hop : why.text);
        free(line.facts);
    }
    assert_int_equal(bad, 0);
}

static void error__with_and_without_id__text_is_printable(void **state)
{
    struct hop_line line;
    struct why why;

    (void)state;
    assert_true(
        read_text(&line, "{\"v\":1,\"type\":\"error\",\"id\":9,\"text\":\"no\\nway\"}", &why));
    assert_int_equal(line.type, HOP_LINE_ERROR);
    assert_true(line.has_id && line.id == 9);
    assert_true(printable(line.text));
    assert_null(line.facts);
    assert_true(read_text(&line, "{\"v\":1,\"type\":\"error\"}", &why));
    assert_false(line.has_id);
    assert_string_equal(line.text, "");
}

/* ---- what is not ------------------------------------------------------------------------------
 */

/* Calls `visit` for every member of every object in a document, which may change it. */
static void each_member(json_t *value, void (*visit)(json_t *object, const char *name, void *data),
                        void *data)
{
    json_t *names = json_copy(value), *child;
    const char *name;
    size_t index;

    json_object_foreach(names, name, child)
    {
        each_member(child, visit, data);
        visit(value, name, data);
    }
    json_array_foreach(names, index, child)
    {
        each_member(child, visit, data);
    }
    json_decref(names);
}

struct spoiling {
    json_t *root;
    unsigned bad, tried;
};

/* Members that nobody looks at: they may be missing, or anything. */
static bool is_optional(const char *name)
{
    static const char *const names[] = { "offered",
                                         "offered_tls",
                                         "group",
                                         "key_type",
                                         "signature",
                                         "subject_dn",
                                         "crls",
                                         "issuer_dn",
                                         "ocsp",
                                         "pem",
                                         "text",
                                         "depth",
                                         "client_certificate",
                                         "anchor_fingerprint" };

    for (size_t i = 0; i < ROWS(names); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

static bool is_read(json_t *root)
{
    char *text = json_dumps(root, JSON_COMPACT);
    struct hop_line line;
    bool read = hop_json_read(&line, span_of(text), NULL);

    free(line.facts);
    free(text);
    return read;
}

static void spoil_member(json_t *parent, const char *name, void *data)
{
    struct spoiling *spoiling = data;
    json_t *value;
    bool of_address =
        strcmp(name, "milliseconds") == 0 && json_object_get(parent, "address") != NULL;

    value = json_incref(json_object_get(parent, name));
    spoiling->tried++;
    (void)json_object_del(parent, name);
    spoiling->bad +=
        row(is_read(spoiling->root) == (is_optional(name) || of_address), "without \"%s\"", name);
    (void)json_object_set_new(parent, name, json_pack("{}"));
    spoiling->bad +=
        row(is_read(spoiling->root) == (is_optional(name) || of_address), "\"%s\" an object", name);
    (void)json_object_set_new(parent, name, value);
    if (json_is_integer(value) && !is_optional(name) && !of_address) {
        json_int_t number = json_integer_value(value);
        bool any =
            strcmp(name, "from") == 0 || strcmp(name, "until") == 0 || strcmp(name, "id") == 0;

        (void)json_integer_set(value, -1);
        spoiling->bad += row(is_read(spoiling->root) == any, "\"%s\" negative", name);
        (void)json_integer_set(value, INT64_MAX);
        spoiling->bad += row(is_read(spoiling->root) == (any || strcmp(name, "started") == 0),
                             "\"%s\" too large", name);
        (void)json_integer_set(value, number);
    }
}

static void result__any_member_missing_or_wrong__garbage(void **state)
{
    struct spoiling spoiling = { .root = json_loads(whole, 0, NULL) };

    (void)state;
    assert_non_null(spoiling.root);
    assert_true(is_read(spoiling.root));
    each_member(spoiling.root, spoil_member, &spoiling);
    assert_true(spoiling.tried > 50);
    assert_true(is_read(spoiling.root));
    json_decref(spoiling.root);
    assert_int_equal(spoiling.bad, 0);
}

static void result__words_that_are_none__garbage(void **state)
{
    static const char *const words[][2] = {
        { "\"state\":\"found\"", "\"state\":\"FOUND\"" },
        { "\"dnssec\":\"insecure\"", "\"dnssec\":\"\"" },
        { "\"state\":\"tls\"", "\"state\":\"TLS\"" },
        { "\"state\":\"trusted\"", "\"state\":\"maybe\"" },
        { "\"addresses_state\":\"found\"", "\"addresses_state\":\"lost\"" },
        { "\"type\":\"result\"", "\"type\":\"settings\"" },
        { "\"v\":1", "\"v\":1.0" },
        { "\"v\":1", "\"v\":2" },
        { "\"address\":\"192.0.2.9\"", "\"address\":\"192.0.2\"" },
        { HEX32("ab"), "abab" },
        { "\"port\":25", "\"port\":0" },
        { "\"port\":25", "\"port\":65536" },
        { "\"id\":7", "\"id\":7,\"id\":8" },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(words); i++) {
        char *text = replaced(words[i][0], words[i][1]);
        struct hop_line line;

        bad += row(!hop_json_read(&line, span_of(text), NULL), "%s", words[i][1]);
        free(line.facts);
        free(text);
    }
    assert_int_equal(bad, 0);
}

static void line__cut_anywhere__garbage(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (size_t length = 0; length < sizeof(whole) - 1; length++) {
        char *copy = malloc(length + 1); /* so that nothing behind it is looked at unseen */
        struct hop_line line;

        memcpy(copy, whole, length);
        bad += row(!hop_json_read(&line, (struct span){ copy, length }, NULL), "%zu bytes", length);
        free(copy);
    }
    assert_int_equal(bad, 0);
}

/* Whatever it is, it is read or refused, and nothing else happens (under a sanitizer). */
static void line__bytes_changed_at_random__read_or_garbage(void **state)
{
    uint64_t random = 88172645463325252U;
    unsigned read = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text[sizeof(whole)];
        struct hop_line line;

        memcpy(text, whole, sizeof(whole));
        for (unsigned changes = 1 + (unsigned)(random % 4); changes > 0; changes--) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            text[random % (sizeof(whole) - 1)] = (char)(random >> 40);
        }
        if (hop_json_read(&line, (struct span){ text, sizeof(whole) - 1 }, NULL))
            read++;
        free(line.facts);
    }
    assert_true(read > 0);
}

/* ---- what the prober writes -------------------------------------------------------------------
 */

static uint64_t draw(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random >> 16;
}

/* An address without TLS, with any bytes in the reply. */
static void find_address(struct address_found *address, size_t index, bool self, uint64_t *random)
{
    char reply[64];
    size_t length = draw(random) % sizeof(reply);

    for (size_t k = 0; k < length; k++)
        reply[k] = (char)draw(random);
    address->ip = (struct ip){ 4, { 192, 0, 2, (uint8_t)(64 * index + draw(random) % 64) } };
    address->port = 25;
    address->state = self ? HOP_NOT_ALLOWED : (enum hop_state)(draw(random) % HOP_TLS);
    text_set(&address->reply, reply, length);
}

static void find_host(struct host_found *host, const struct host_found *before, uint64_t *random)
{
    static const enum lookup without[] = { LOOKUP_NONE, LOOKUP_NXDOMAIN, LOOKUP_SERVFAIL,
                                           LOOKUP_TIMEOUT, LOOKUP_BOGUS };

    host->preference = (before != NULL ? before->preference : 0) + (unsigned)draw(random) % 100;
    host->self = (before != NULL && before->self) || draw(random) % 4 == 0;
    host->count = draw(random) % 4;
    host->addresses_state = host->count > 0 ? LOOKUP_FOUND : without[draw(random) % ROWS(without)];
    host->addresses = memory_new(host->count, sizeof(*host->addresses));
    for (size_t i = 0; i < host->count; i++)
        find_address(&host->addresses[i], i, host->self, random);
}

/* What was found at a domain. */
static void find_at_random(struct hop_found *found, uint64_t *random)
{
    char name[48];

    do
        found->mx_state = (enum lookup)(draw(random) % LOOKUPS);
    while (found->mx_state == LOOKUP_NOT_ASKED);
    if (found->mx_state == LOOKUP_FOUND)
        found->count = 1 + draw(random) % 4;
    else
        found->count = found->mx_state == LOOKUP_NONE;
    found->hosts = memory_new(found->count, sizeof(*found->hosts));
    for (size_t i = 0; i < found->count; i++) {
        (void)snprintf(name, sizeof(name), "mx%zu.contoso.com", i);
        domain_set(&found->hosts[i].name,
                   span_of(found->mx_state == LOOKUP_NONE ? "contoso.com" : name));
        find_host(&found->hosts[i], i > 0 ? &found->hosts[i - 1] : NULL, random);
    }
}

static bool is_as_found(const struct hop_line *line, const struct hop_found *found)
{
    if (line->facts->lookup != found->mx_state || line->facts->host_count != found->count)
        return false;
    for (size_t i = 0; i < found->count; i++) {
        const struct hop_host *host = &line->facts->hosts[i];

        if (host->preference != (int)found->hosts[i].preference ||
            host->self != found->hosts[i].self || host->address_count != found->hosts[i].count)
            return false;
        for (size_t n = 0; n < host->address_count; n++) {
            const struct address_found *address = &found->hosts[i].addresses[n];
            const struct span reply = { address->reply.data, address->reply.length };

            if (!ip_equal(&host->addresses[n].ip, &address->ip) ||
                host->addresses[n].state != address->state ||
                !span_equal(host->addresses[n].reply, reply))
                return false;
        }
    }
    return true;
}

static void result__as_the_prober_writes_it__what_it_found(void **state)
{
    uint64_t random = 88172645463325252U;
    unsigned bad = 0;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct hop_found found = { .started = 1, .milliseconds = 2 };
        struct hop_line line;
        struct why why;
        char *text;

        find_at_random(&found, &random);
        text = result_line(7, "contoso.com", &found);
        if (!read_text(&line, text, &why))
            bad += row(false, "%s: %s", why.text, text);
        else
            bad += row(is_as_found(&line, &found), "%s", text);
        free(line.facts);
        free(text);
        hop_found_release(&found);
    }
    assert_int_equal(bad, 0);
}

/* ---- bounds -----------------------------------------------------------------------------------
 */

/* A copy that differs in what must not be there twice. */
static json_t *another(const json_t *element, size_t number)
{
    static const char *const members[] = { "address", "store", "name" };
    json_t *copy = json_deep_copy(element);
    char text[48];

    for (size_t i = 0; i < ROWS(members); i++) {
        (void)snprintf(text, sizeof(text), i == 0 ? "192.0.2.%zu" : "x%zu.contoso.com", number);
        if (json_object_get(copy, members[i]) != NULL)
            (void)json_object_set_new(copy, members[i], json_string(text));
    }
    return copy;
}

/* The line with the first element of an array in it `count` times. */
static bool read_with(const char *path[], size_t count)
{
    json_t *root = json_loads(whole, 0, NULL), *at = root, *first;
    bool read;

    for (; *path != NULL; path++)
        at = json_is_array(at) ? json_array_get(at, (size_t)atoi(*path))
                               : json_object_get(at, *path);
    first = json_incref(json_array_get(at, 0));
    (void)json_array_clear(at);
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(at, another(first, i));
    json_decref(first);
    read = is_read(root);
    json_decref(root);
    return read;
}

static void result__as_much_as_is_allowed_and_one_more__read_and_garbage(void **state)
{
    static const struct {
        const char *path[8];
        size_t most;
    } rows[] = {
        { { "hosts", "0", "addresses" }, 32 },
        { { "hosts", "0", "addresses", "0", "trust" }, 8 },
        { { "hosts", "0", "addresses", "0", "chain" }, 10 },
        { { "hosts", "0", "addresses", "0", "chain", "0", "names" }, 1000 },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        bad += row(read_with((const char **)(uintptr_t)rows[i].path, rows[i].most), "row %zu", i);
        bad += row(!read_with((const char **)(uintptr_t)rows[i].path, rows[i].most + 1),
                   "row %zu, one more", i);
        bad += row(!read_with((const char **)(uintptr_t)rows[i].path, 20000), "row %zu, many", i);
    }
    assert_int_equal(bad, 0);
}

/* Hosts with addresses of theirs: 16 hosts, and 32 addresses in all of them. */
static void result__hosts_and_all_their_addresses__bounded(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (size_t hosts = 15; hosts <= 18; hosts++) {
        json_t *root = json_loads(whole, 0, NULL), *array = json_object_get(root, "hosts");
        json_t *first = json_incref(json_array_get(array, 0));

        (void)json_array_clear(array);
        for (size_t i = 0; i < hosts; i++)
            (void)json_array_append_new(array, another(first, i));
        bad += row(is_read(root) == (hosts <= 16), "%zu hosts of two addresses", hosts);
        (void)json_array_append_new(
            json_object_get(json_array_get(array, 0), "addresses"),
            another(json_array_get(json_object_get(first, "addresses"), 1), 1));
        bad += row(is_read(root) == (hosts <= 15), "%zu hosts, one address more", hosts);
        json_decref(first);
        json_decref(root);
    }
    assert_int_equal(bad, 0);
}

static void line__too_long__garbage(void **state)
{
    size_t size = HOP_LINE_MOST + 100;
    char *text = malloc(size);
    struct hop_line line;
    struct why why;

    (void)state;
    memset(text, ' ', size);
    memcpy(text, whole, sizeof(whole) - 1);
    assert_true(hop_json_read(&line, (struct span){ text, HOP_LINE_MOST }, &why));
    free(line.facts);
    assert_false(hop_json_read(&line, (struct span){ text, HOP_LINE_MOST + 1 }, &why));
    assert_non_null(strstr(why.text, "longer than"));
    free(text);
}

static void line__deep_or_of_many_pieces__garbage(void **state)
{
    static const char *const pieces[] = { "[", "{\"a\":", "[[],", "[0,", "{\"v\":1,\"b\":[" };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(pieces); i++) {
        char *text = malloc(HOP_LINE_MOST);
        struct hop_line line;
        size_t length = 0;

        while (length + strlen(pieces[i]) <= HOP_LINE_MOST) {
            memcpy(text + length, pieces[i], strlen(pieces[i]));
            length += strlen(pieces[i]);
        }
        bad += row(!hop_json_read(&line, (struct span){ text, length }, NULL), "%s", pieces[i]);
        free(text);
    }
    assert_int_equal(bad, 0);
}

/* What facts need is never more than what was reserved: a line of the shortest pieces. */
static void result__shortest_pieces__read(void **state)
{
    json_t *root = json_loads(whole, 0, NULL);
    json_t *addresses =
        json_object_get(json_array_get(json_object_get(root, "hosts"), 0), "addresses");
    json_t *certificate = json_array_get(json_object_get(json_array_get(addresses, 0), "chain"), 0);
    json_t *names = json_array();

    (void)state;
    (void)json_object_set_new(certificate, "names", names);
    for (int i = 0; i < 1000; i++)
        (void)json_array_append_new(names, json_string(""));
    (void)json_array_remove(addresses, 1);
    for (size_t i = 10; i < 41; i++)
        (void)json_array_append_new(addresses, another(json_array_get(addresses, 0), i));
    (void)json_array_remove(json_object_get(root, "hosts"), 1);
    assert_true(is_read(root));
    json_decref(root);
}

/* ---- asking -----------------------------------------------------------------------------------
 */

static void ask__settings_of_a_file__a_line_that_the_prober_reads(void **state)
{
    struct rules *rules = build_rules();
    struct settings *settings = &rules->settings;
    struct request request;
    struct why why;
    char *line;

    (void)state;
    settings->probe.rate = 0.5;
    settings->probe.timeout = 30;
    settings->probe.port = 2525;
    settings->probe.private_addresses = true;
    settings->probe.helo_name = strdup("mx.example.org");
    settings->probe.source_address = strdup("192.0.2.1");
    build_strings(&settings->dns.servers, "127.0.0.1@5353 192.0.2.53");
    settings->dns.trust_anchor = strdup("/usr/share/dns/root.key");
    line = ask_settings_line(settings);
    assert_true(request_read(&request, span_of(line), &why));
    assert_int_equal(request.type, REQUEST_SETTINGS);
    assert_true(request.settings.rate > 0.49 && request.settings.rate < 0.51);
    assert_int_equal(request.settings.port, 2525);
    assert_true(request.settings.private_addresses);
    assert_string_equal(request.settings.helo, "mx.example.org");
    assert_int_equal(request.settings.dns_servers.count, 2);
    assert_string_equal(request.settings.trust_anchor, "/usr/share/dns/root.key");
    request_release(&request);
    free(line);
    rules_free(rules);
}

static void ask__probe__a_line_that_the_prober_reads(void **state)
{
    struct string_list stores = { .count = 0 };
    struct ask_probe probe = { .id = INT64_C(4611686018427387904),
                               .hop = "[mail.hq.example]:587",
                               .private_addresses = true,
                               .revocation = true };
    struct request request;
    struct why why;
    char *line;

    (void)state;
    build_strings(&stores, "/etc/ssl/certs/ca-certificates.crt");
    (void)string_list_add(&stores, "");
    probe.stores = &stores;
    line = ask_probe_line(&probe);
    assert_true(request_read(&request, span_of(line), &why));
    assert_int_equal(request.type, REQUEST_PROBE);
    assert_true(request.id == INT64_C(4611686018427387904));
    assert_string_equal(request.probe.text, "[mail.hq.example]:587");
    assert_true(request.probe.allows_private);
    assert_true(request.probe.revocation);
    assert_int_equal(request.probe.stores.count, 2);
    assert_string_equal(request.probe.stores.strings[1], "");
    request_release(&request);
    free(line);
    string_list_release(&stores);
}

static void ask__path_that_is_no_utf8__no_line(void **state)
{
    struct string_list stores = { .count = 0 };
    const struct ask_probe probe = { .id = 1, .hop = "contoso.com", .stores = &stores };

    (void)state;
    (void)string_list_add(&stores, "/etc/\xff");
    assert_null(ask_probe_line(&probe));
    string_list_release(&stores);
}

static void ask__stores_of_connectors__each_once_and_bounded(void **state)
{
    struct rules *rules = build_rules();
    const struct connector *left_out;
    struct string_list stores;

    (void)state;
    (void)build_add(rules, build_connector("inbound", LEVEL_SECURE), "in.example");
    (void)build_add(rules, build_outbound("may", LEVEL_MAY), "may.example");
    assert_true(ask_stores(rules, &stores, &left_out));
    assert_int_equal(stores.count, 0);
    for (int i = 0; i < 12; i++) {
        struct connector *connector;
        char name[32], domain[32];

        (void)snprintf(name, sizeof(name), "/ca%d", i / 2);
        (void)snprintf(domain, sizeof(domain), "d%d.example", i);
        connector = build_outbound(domain, LEVEL_ENCRYPT);
        if (i > 1)
            connector->trust_store = strdup(name);
        (void)build_add(rules, connector, domain);
    }
    assert_true(ask_stores(rules, &stores, &left_out));
    assert_int_equal(stores.count, 6);
    assert_string_equal(stores.strings[0], "");
    assert_string_equal(stores.strings[5], "/ca5");
    assert_null(left_out);
    string_list_release(&stores);
    for (int i = 0; i < 3; i++) {
        struct connector *connector;
        char name[32], domain[32];

        (void)snprintf(name, sizeof(name), "/other%d", i);
        (void)snprintf(domain, sizeof(domain), "o%d.example", i);
        connector = build_outbound(domain, LEVEL_VERIFY);
        connector->trust_store = strdup(name);
        (void)build_add(rules, connector, domain);
    }
    assert_true(ask_stores(rules, &stores, &left_out));
    assert_int_equal(stores.count, ASK_STORES_MOST);
    assert_non_null(left_out);
    assert_string_equal(left_out->name, "o2.example");
    string_list_release(&stores);
    build_finish(rules);
    rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(result__whole__every_fact),
        cmocka_unit_test(result__no_names_no_subject_revoked__said_so),
        cmocka_unit_test(result__foreign_bytes__decoded),
        cmocka_unit_test(result__foreign_bytes_in_the_last_text__read),
        cmocka_unit_test(result__hop__in_its_one_spelling),
        cmocka_unit_test(error__with_and_without_id__text_is_printable),
        cmocka_unit_test(result__any_member_missing_or_wrong__garbage),
        cmocka_unit_test(result__words_that_are_none__garbage),
        cmocka_unit_test(line__cut_anywhere__garbage),
        cmocka_unit_test(line__bytes_changed_at_random__read_or_garbage),
        cmocka_unit_test(result__as_the_prober_writes_it__what_it_found),
        cmocka_unit_test(result__as_much_as_is_allowed_and_one_more__read_and_garbage),
        cmocka_unit_test(result__hosts_and_all_their_addresses__bounded),
        cmocka_unit_test(line__too_long__garbage),
        cmocka_unit_test(line__deep_or_of_many_pieces__garbage),
        cmocka_unit_test(result__shortest_pieces__read),
        cmocka_unit_test(ask__settings_of_a_file__a_line_that_the_prober_reads),
        cmocka_unit_test(ask__probe__a_line_that_the_prober_reads),
        cmocka_unit_test(ask__path_that_is_no_utf8__no_line),
        cmocka_unit_test(ask__stores_of_connectors__each_once_and_bounded),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
