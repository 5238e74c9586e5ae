/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/revocation.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/http.h>

#include "milter/clock.h"
#include "policy/probe/fetch.h"
#include "policy/probe/host_lookup.h"
#include "policy/probe/hosts.h"
#include "policy/probe/memory.h"

/* How long one answer may take, unless the settings give an address less. */
#define ANSWER_MS 20000

/* Lists of large authorities have some megabytes; a response has some kilobytes. */
#define CRL_BYTES_MOST (8UL * 1024 * 1024)
#define OCSP_BYTES_MOST (128UL * 1024)

/* Addresses of one name that are tried. */
#define TRIES_MOST 4

/* Ports below are other services'. */
#define PORT_HTTP 80
#define PORT_LEAST 1024

/* One address. */
struct question {
    struct revocation *all;
    struct revocation_found *found;
    const struct chain *chain; /* the certificate's, and its issuer's */
    char *host, *path;
    unsigned port;
    char *place; /* host and port, as the request names them */
    struct host_lookup lookup;
    struct host_found addresses;
    size_t next;  /* of them, to be tried */
    size_t tries; /* so far */
    struct turn turn;
    struct fetch *fetch; /* under way */
    int64_t started;     /* monotonic ms */
};

struct revocation {
    struct tools *tools;
    bool allows_private;
    void (*done)(void *context);
    void *context;
    struct question *questions;
    size_t count, open; /* open: without an answer */
};

/* ---- answers --------------------------------------------------------------------------------- */

static void conclude(struct question *question, enum revocation_state state, struct span text)
{
    question->found->state = state;
    text_set(&question->found->text, text.data, text.length);
    if (question->started != 0)
        question->found->milliseconds = monotonic_ms() - question->started;
    if (--question->all->open == 0)
        question->all->done(question->all->context);
}

static void conclude_with(struct question *question, enum revocation_state state, const char *text)
{
    conclude(question, state, span_of(text));
}

static void judge(struct question *question, struct span body)
{
    struct revocation_judgement judgement;

    if (question->found->kind == REVOCATION_OCSP)
        chain_judge_ocsp(question->chain, body, &judgement);
    else
        chain_judge_crl(question->chain, body, &judgement);
    conclude_with(question, judgement.state, judgement.text);
}

/* ---- the exchange ---------------------------------------------------------------------------- */

static void try_next(struct question *question);

static void on_fetched(void *context, const struct fetch_answer *answer)
{
    static const enum revocation_state states[] = {
        [FETCH_UNREACHABLE] = REVOCATION_UNREACHABLE,
        [FETCH_SILENT] = REVOCATION_UNREACHABLE,
        [FETCH_REFUSED] = REVOCATION_REFUSED,
        [FETCH_MALFORMED] = REVOCATION_MALFORMED,
    };
    struct question *question = context;

    question->fetch = NULL;
    turns_leave(question->all->tools->turns, &question->turn);
    if (answer->state == FETCH_DONE)
        judge(question, answer->body);
    else if (answer->state == FETCH_UNREACHABLE && question->tries < TRIES_MOST &&
             question->next < question->addresses.count)
        try_next(question);
    else
        conclude(question, states[answer->state], answer->why);
}

static void on_turn(void *context)
{
    struct question *question = context;
    const struct tools *tools = question->all->tools;
    const struct prober_settings *settings = &tools->settings;
    const struct ip *ip = &question->addresses.addresses[question->next++].ip;
    bool ocsp = question->found->kind == REVOCATION_OCSP;
    size_t length = 0;
    char *request = ocsp ? memory_need(chain_ocsp_request(question->chain, &length)) : NULL;
    struct fetch_plan plan = {
        .base = tools->base,
        .ip = *ip,
        .port = question->port,
        .source = ip->family == 4 ? &settings->source_address : &settings->source_address6,
        .host = question->place,
        .path = question->path,
        .request = { request, length },
        .most = ocsp ? OCSP_BYTES_MOST : CRL_BYTES_MOST,
        .milliseconds =
            settings->timeout * 1000 < ANSWER_MS ? (int64_t)(settings->timeout * 1000) : ANSWER_MS,
    };

    question->tries++;
    question->fetch = fetch_start(&plan, on_fetched, question);
    free(request);
}

/* ---- addresses ------------------------------------------------------------------------------- */

/* The next one that may be connected to gets a turn. */
static void try_next(struct question *question)
{
    const struct revocation *all = question->all;
    const struct host_found *host = &question->addresses;

    while (question->next < host->count &&
           !ourselves_may_connect(&all->tools->us, all->allows_private,
                                  &host->addresses[question->next].ip))
        question->next++;
    if (question->next < host->count)
        turns_wait(all->tools->turns, &question->turn);
    else
        conclude_with(question, REVOCATION_NOT_ALLOWED,
                      "a private or special-purpose address, or our own");
}

static void on_addresses(void *context)
{
    struct question *question = context;
    struct host_found *host = &question->addresses;
    char text[64];

    hosts_set_addresses(host, &question->lookup.a.answer, &question->lookup.aaaa.answer,
                        question->port);
    if (host->count > 0) {
        try_next(question);
        return;
    }
    (void)snprintf(text, sizeof(text), "no address (%s)", lookup_word(host->addresses_state));
    conclude_with(question, REVOCATION_UNREACHABLE, text);
}

/* ---- what the certificate has ---------------------------------------------------------------- */

/* Without the brackets of an IPv6 address. */
static struct span host_of(const char *text)
{
    struct span host = span_of(text);

    if (host.length > 2 && host.data[0] == '[' && host.data[host.length - 1] == ']')
        return (struct span){ host.data + 1, host.length - 2 };
    return host;
}

static void set_literal(struct question *question, const struct ip *ip)
{
    question->addresses.addresses = memory_new(1, sizeof(*question->addresses.addresses));
    question->addresses.addresses[0].ip = *ip;
    question->addresses.count = 1;
    try_next(question);
}

static void begin(struct question *question)
{
    struct dns *dns = question->all->tools->dns;
    struct span host = host_of(question->host);
    struct domain name;
    struct ip ip;

    question->started = monotonic_ms();
    domain_set(&name, host);
    if (ip_parse(&ip, host))
        set_literal(question, &ip);
    else if (!host_name_usable(&name))
        conclude_with(question, REVOCATION_NOT_ALLOWED, "no host name");
    else if (!host_lookup_start(&question->lookup, dns, &name, on_addresses, question))
        on_addresses(question);
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if (!isgraph((unsigned char)*text) || *text == '\\')
            return false;
    }
    return true;
}

static void keep_parts(struct question *question, const char *host, unsigned port, const char *path,
                       const char *query)
{
    size_t size = strlen(host) + sizeof(":65535"), length = strlen(path) + strlen(query) + 2;

    question->host = memory_copy(host, strlen(host));
    question->port = port;
    question->place = memory_new(size, 1);
    (void)snprintf(question->place, size, port == PORT_HTTP ? "%s" : "%s:%u", host, port);
    question->path = memory_new(length, 1);
    (void)snprintf(question->path, length, "%s%s%s", path, query[0] != '\0' ? "?" : "", query);
}

/* What is wrong with the address; NULL: nothing, and it is taken apart. */
static const char *read_address(struct question *question, const char *address)
{
    char *user = NULL, *host = NULL, *path = NULL, *query = NULL;
    const char *wrong = NULL;
    int port = 0;

    if (strncasecmp(address, "http://", strlen("http://")) != 0)
        return "only http is asked";
    if (OSSL_HTTP_parse_url(address + strlen("http://"), NULL, &user, &host, NULL, &port, &path,
                            &query, NULL) != 1)
        wrong = "no address";
    else if (user[0] != '\0')
        wrong = "it has a user name";
    else if (port != PORT_HTTP && port < PORT_LEAST)
        wrong = "a port of another service";
    if (wrong == NULL)
        keep_parts(question, host, (unsigned)port, path, query);
    OPENSSL_free(user);
    OPENSSL_free(host);
    OPENSSL_free(path);
    OPENSSL_free(query);
    ERR_clear_error();
    return wrong;
}

static void consider(struct question *question)
{
    const struct text_found *address = &question->found->address;
    const char *wrong;

    if (address->length > REVOCATION_ADDRESS_MOST)
        wrong = "too long";
    else if (strlen(address->data) != address->length || !is_printable(address->data))
        wrong = "it has characters that are none of an address";
    else
        wrong = read_address(question, address->data);
    if (wrong != NULL)
        conclude_with(question, REVOCATION_NOT_ALLOWED, wrong);
    else if (question->found->kind == REVOCATION_OCSP && !chain_has_issuer(question->chain))
        conclude_with(question, REVOCATION_UNVERIFIED, "the issuer was not sent");
    else
        begin(question);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool is_known(const struct hop_found *found, const struct digest *fingerprint)
{
    for (size_t i = 0; i < found->revocation_count; i++) {
        if (digest_equal(&found->revocations[i].certificate, fingerprint))
            return true;
    }
    return false;
}

static void add(struct revocation *all, struct hop_found *found, const struct chain *chain,
                enum revocation_kind kind, struct span address)
{
    static const char no_time[] = "no time was left for it";
    struct revocation_found *row;

    if (found->revocation_count == REVOCATIONS_MOST)
        return;
    row = &found->revocations[found->revocation_count];
    row->kind = kind;
    row->certificate = chain_get(chain, 0)->fingerprint;
    row->state = REVOCATION_NOT_TRIED;
    text_set(&row->text, no_time, sizeof(no_time) - 1);
    text_set(&row->address, address.data, address.length);
    all->questions[found->revocation_count++] =
        (struct question){ .all = all, .found = row, .chain = chain };
}

static void add_certificate(struct revocation *all, struct hop_found *found,
                            const struct chain *chain)
{
    const struct chain_certificate *leaf;

    if (chain == NULL || chain_count(chain) == 0)
        return;
    leaf = chain_get(chain, 0);
    if (is_known(found, &leaf->fingerprint))
        return;
    for (size_t i = 0; i < leaf->ocsp_count; i++)
        add(all, found, chain, REVOCATION_OCSP, leaf->ocsp[i]);
    for (size_t i = 0; i < leaf->crl_count; i++)
        add(all, found, chain, REVOCATION_CRL, leaf->crls[i]);
}

static void collect(struct revocation *all, struct hop_found *found)
{
    found->revocations = memory_new(REVOCATIONS_MOST, sizeof(*found->revocations));
    all->questions = memory_new(REVOCATIONS_MOST, sizeof(*all->questions));
    for (size_t i = 0; i < found->count; i++) {
        for (size_t k = 0; k < found->hosts[i].count; k++)
            add_certificate(all, found, found->hosts[i].addresses[k].chain);
    }
    all->count = found->revocation_count;
}

struct revocation *revocation_start(struct tools *tools, bool allows_private,
                                    struct hop_found *found, void (*done)(void *context),
                                    void *context)
{
    struct revocation *all = memory_new(1, sizeof(*all));

    all->tools = tools;
    all->allows_private = allows_private;
    collect(all, found);
    all->open = all->count + 1; /* nobody calls `done` before all have begun */
    for (size_t i = 0; i < all->count; i++) {
        all->questions[i].turn.take = on_turn;
        all->questions[i].turn.context = &all->questions[i];
        consider(&all->questions[i]);
    }
    if (--all->open == 0) {
        revocation_free(all);
        return NULL;
    }
    all->done = done;
    all->context = context;
    return all;
}

static void question_release(struct question *question)
{
    if (question->fetch != NULL)
        fetch_cancel(question->fetch);
    host_lookup_release(&question->lookup);
    turns_leave(question->all->tools->turns, &question->turn);
    free(question->addresses.addresses);
    free(question->host);
    free(question->place);
    free(question->path);
}

void revocation_free(struct revocation *revocation)
{
    if (revocation == NULL)
        return;
    for (size_t i = 0; i < revocation->count; i++)
        question_release(&revocation->questions[i]);
    free(revocation->questions);
    free(revocation);
}
