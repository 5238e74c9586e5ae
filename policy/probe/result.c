/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/result.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "policy/probe/foreign.h"
#include "policy/probe/memory.h"

#define FORMAT_VERSION 1
#define TEXT_MOST 4096 /* bytes of one text of a certificate */

/* How much of it all is written; the rows are tried until the line is short enough. What decisions
 * are made of goes last: a name that is not told is not there. */
struct measure {
    size_t certificates; /* of a chain; never less than the first */
    size_t names;        /* of a certificate, and as many addresses of CRLs and OCSP, and answers */
    size_t text;         /* bytes of one of its texts */
    size_t keywords;     /* of an answer to EHLO */
    size_t reply;        /* bytes of a reply */
    size_t errors;       /* of a trust store */
    bool pem;
    bool cut; /* not all of it */
};

static const struct measure measures[] = {
    { CHAIN_MOST, 1000, TEXT_MOST, 128, 500, CHAIN_ERRORS_MOST, true, false },
    { CHAIN_MOST, 1000, TEXT_MOST, 128, 500, CHAIN_ERRORS_MOST, false, true },
    { 1, 1000, TEXT_MOST, 32, 200, CHAIN_ERRORS_MOST, false, true },
    { 1, 1000, 256, 8, 100, 4, false, true },
    { 1, 100, 256, 1, 100, 4, false, true },
    { 1, 20, 256, 1, 100, 4, false, true },
    { 1, 4, 128, 1, 100, 1, false, true },
    { 1, 0, 32, 0, 50, 0, false, true },
};

/* ---- pieces --------------------------------------------------------------------------------- */

static void set(json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new_nocheck(object, name, memory_need(value)) != 0)
        (void)memory_need(NULL);
}

static void set_word(json_t *object, const char *name, const char *word)
{
    set(object, name, json_string(word));
}

static void set_number(json_t *object, const char *name, int64_t number)
{
    set(object, name, json_integer(number));
}

static void set_foreign(json_t *object, const char *name, struct span value)
{
    set(object, name, foreign_string(value));
}

static void add(json_t *array, json_t *value)
{
    if (json_array_append_new(array, memory_need(value)) != 0)
        (void)memory_need(NULL);
}

static void set_digest(json_t *object, const char *name, const struct digest *digest)
{
    char text[DIGEST_TEXT_SIZE];

    digest_format(digest, text);
    set_word(object, name, text);
}

static struct span span_of_text(const struct text_found *text)
{
    return (struct span){ text->data != NULL ? text->data : "", text->length };
}

/* A text of a certificate. What is cut ends with dots, so that it equals nothing that is whole. */
static json_t *cut_string(struct span value, size_t most)
{
    char text[TEXT_MOST + sizeof("...")];

    if (value.length <= most)
        return foreign_string(value);
    memcpy(text, value.data, most);
    memcpy(text + most, "...", sizeof("..."));
    return foreign_string((struct span){ text, most + sizeof("...") - 1 });
}

static json_t *spans(const struct span *values, size_t count, const struct measure *measure)
{
    json_t *array = memory_need(json_array());

    for (size_t i = 0; i < count && i < measure->names; i++)
        add(array, cut_string(values[i], measure->text));
    return array;
}

static json_t *keywords(const struct texts_found *texts, size_t most)
{
    json_t *array = memory_need(json_array());

    for (size_t i = 0; i < texts->count && i < most; i++)
        add(array, foreign_string(span_of_text(&texts->texts[i])));
    return array;
}

/* ---- certificates --------------------------------------------------------------------------- */

static void set_pem(json_t *object, const struct chain *chain)
{
    char *pem = memory_need(chain_pem(chain, 0));

    set_word(object, "pem", pem);
    free(pem);
}

static json_t *certificate(const struct chain *chain, size_t index, const struct measure *measure)
{
    const struct chain_certificate *facts = chain_get(chain, index);
    json_t *object = memory_need(json_object());

    set(object, "subject", cut_string(facts->subject, measure->text));
    set(object, "subject_dn", cut_string(facts->subject_dn, measure->text));
    set(object, "issuer", cut_string(facts->issuer, measure->text));
    set(object, "issuer_dn", cut_string(facts->issuer_dn, measure->text));
    set(object, "organization", cut_string(facts->organization, measure->text));
    set(object, "organizational_unit", cut_string(facts->organizational_unit, measure->text));
    set(object, "names",
        facts->has_alt_names ? spans(facts->alt_names, facts->alt_name_count, measure)
                             : json_null());
    set_foreign(object, "key_type", span_of(facts->key_type));
    set_number(object, "key_bits", facts->key_bits);
    set_foreign(object, "signature", span_of(facts->signature));
    set_number(object, "from", facts->from);
    set_number(object, "until", facts->until);
    set_digest(object, "fingerprint", &facts->fingerprint);
    set_digest(object, "public_key", &facts->public_key);
    set(object, "crls", spans(facts->crls, facts->crl_count, measure));
    set(object, "ocsp", spans(facts->ocsp, facts->ocsp_count, measure));
    if (index == 0 && measure->pem)
        set_pem(object, chain);
    return object;
}

static json_t *certificates(const struct chain *chain, const struct measure *measure)
{
    json_t *array = memory_need(json_array());

    for (size_t i = 0; i < chain_count(chain) && i < measure->certificates; i++)
        add(array, certificate(chain, i, measure));
    return array;
}

static json_t *error(int depth, const char *code, const char *text)
{
    json_t *object = memory_need(json_object());

    set_number(object, "depth", depth);
    set_word(object, "code", code);
    set_foreign(object, "text", span_of(text));
    return object;
}

static json_t *errors(const struct trust_found *trust, size_t most)
{
    json_t *array = memory_need(json_array());
    const struct chain_verdict *verdict = &trust->verdict;

    if (trust->error != NULL)
        add(array, error(0, chain_error_word(CHAIN_OTHER), trust->error));
    for (size_t i = 0; i < verdict->error_count && i < most; i++) {
        add(array, error(verdict->errors[i].depth, chain_error_word(verdict->errors[i].error),
                         verdict->errors[i].text));
    }
    return array;
}

static json_t *trust_of(const struct trust_found *trust, const struct measure *measure)
{
    const struct chain_verdict *verdict = &trust->verdict;
    bool has_anchor = verdict->trusted;
    json_t *object = memory_need(json_object());

    set_foreign(object, "store", span_of(trust->store));
    set_word(object, "state",
             trust->error != NULL ? "error"
             : verdict->trusted   ? "trusted"
                                  : "untrusted");
    set(object, "anchor",
        has_anchor && verdict->has_anchor_name ? foreign_string(span_of(verdict->anchor))
                                               : json_null());
    if (has_anchor)
        set_digest(object, "anchor_fingerprint", &verdict->anchor_fingerprint);
    else
        set(object, "anchor_fingerprint", json_null());
    set(object, "names_ok", json_boolean(verdict->names_ok));
    set(object, "errors", errors(trust, measure->errors));
    return object;
}

/* ---- addresses and hosts -------------------------------------------------------------------- */

static json_t *tls(const struct tls_found *found)
{
    json_t *object = memory_need(json_object());

    set_word(object, "protocol", found->protocol);
    set_word(object, "cipher", found->cipher);
    set_number(object, "bits", found->bits);
    set(object, "group", found->group[0] != '\0' ? json_string(found->group) : json_null());
    set(object, "forward_secrecy", json_boolean(found->forward_secrecy));
    set_word(object, "client_certificate", client_certificate_word(found->client_certificate));
    set_word(object, "ocsp_staple", staple_word(found->staple));
    return object;
}

static void set_tls(json_t *object, const struct address_found *found,
                    const struct measure *measure)
{
    json_t *trust = memory_need(json_array());

    set(object, "tls", tls(&found->tls));
    set(object, "chain", certificates(found->chain, measure));
    for (size_t i = 0; i < found->trust_count; i++)
        add(trust, trust_of(&found->trust[i], measure));
    set(object, "trust", trust);
}

static json_t *address(const struct address_found *found, const struct measure *measure)
{
    struct span reply = span_of_text(&found->reply);
    json_t *object = memory_need(json_object());
    char text[IP_TEXT_SIZE];

    if (reply.length > measure->reply)
        reply.length = measure->reply;
    ip_format(&found->ip, text);
    set_word(object, "address", text);
    set_number(object, "port", found->port);
    set_word(object, "state", hop_state_word(found->state));
    set_foreign(object, "reply", reply);
    set_number(object, "milliseconds", found->milliseconds);
    set(object, "offered", keywords(&found->offered, measure->keywords));
    set(object, "offered_tls", keywords(&found->offered_tls, measure->keywords));
    if (found->state == HOP_TLS)
        set_tls(object, found, measure);
    return object;
}

static json_t *host(const struct host_found *found, const struct measure *measure)
{
    json_t *object = memory_need(json_object()), *addresses = memory_need(json_array());

    set_foreign(object, "name", (struct span){ found->name.name, found->name.length });
    set_number(object, "preference", found->preference);
    set(object, "self", json_boolean(found->self));
    set_word(object, "addresses_state", lookup_word(found->addresses_state));
    set_word(object, "dnssec", dnssec_word(found->dnssec));
    set_number(object, "left_out", (int64_t)found->left_out);
    for (size_t i = 0; i < found->count; i++)
        add(addresses, address(&found->addresses[i], measure));
    set(object, "addresses", addresses);
    return object;
}

static json_t *mx(const struct hop_found *found)
{
    json_t *object = memory_need(json_object());

    set_word(object, "state", lookup_word(found->mx_state));
    set_word(object, "dnssec", dnssec_word(found->mx_dnssec));
    set_number(object, "left_out", (int64_t)found->left_out);
    return object;
}

static json_t *revocation(const struct revocation_found *found, const struct measure *measure)
{
    json_t *object = memory_need(json_object());

    set_digest(object, "certificate", &found->certificate);
    set_word(object, "kind", revocation_kind_word(found->kind));
    set(object, "address", cut_string(span_of_text(&found->address), measure->text));
    set_word(object, "state", revocation_state_word(found->state));
    set_foreign(object, "text", span_of_text(&found->text));
    set_number(object, "milliseconds", found->milliseconds);
    return object;
}

static json_t *revocations(const struct hop_found *found, const struct measure *measure)
{
    json_t *array = memory_need(json_array());

    for (size_t i = 0; i < found->revocation_count && i < measure->names; i++)
        add(array, revocation(&found->revocations[i], measure));
    return array;
}

/* ---- lines ---------------------------------------------------------------------------------- */

static json_t *begin(const char *type)
{
    json_t *object = memory_need(json_object());

    set_number(object, "v", FORMAT_VERSION);
    set_word(object, "type", type);
    return object;
}

static char *end(json_t *object)
{
    char *line = memory_need(json_dumps(object, JSON_COMPACT));

    json_decref(object);
    return line;
}

static char *write_line(int64_t id, const char *hop, const struct hop_found *found,
                        const struct measure *measure)
{
    json_t *object = begin("result"), *hosts = memory_need(json_array());

    set_number(object, "id", id);
    set_foreign(object, "hop", span_of(hop));
    set_number(object, "started", found->started);
    set_number(object, "milliseconds", found->milliseconds);
    set(object, "mx", mx(found));
    for (size_t i = 0; i < found->count; i++)
        add(hosts, host(&found->hosts[i], measure));
    set(object, "hosts", hosts);
    if (found->asked_revocation)
        set(object, "revocation", revocations(found, measure));
    if (measure->cut)
        set(object, "cut", json_true());
    return end(object);
}

char *result_line(int64_t id, const char *hop, const struct hop_found *found)
{
    const struct measure *measure = measures;
    char *line = write_line(id, hop, found, measure);

    while (strlen(line) > RESULT_LINE_MOST &&
           measure + 1 < measures + sizeof(measures) / sizeof(measures[0])) {
        free(line);
        line = write_line(id, hop, found, ++measure);
    }
    return line;
}

char *result_error_line(const int64_t *id, const char *text)
{
    json_t *object = begin("error");

    if (id != NULL)
        set_number(object, "id", *id);
    set_foreign(object, "text", span_of(text));
    return end(object);
}

char *result_pong_line(int64_t id)
{
    json_t *object = begin("pong");

    set_number(object, "id", id);
    return end(object);
}
