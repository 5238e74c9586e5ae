/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "policy/probe/hop.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "milter/clock.h"
#include "policy/probe/countdown.h"
#include "policy/probe/dialogue.h"
#include "policy/probe/host_lookup.h"
#include "policy/probe/hosts.h"
#include "policy/probe/memory.h"
#include "policy/probe/revocation.h"

#define LIMIT_FACTOR 3

/* An address that may be connected to. */
struct attempt {
    struct hop *hop;
    const struct host_found *host;
    struct address_found *found;
    struct turn turn;
    struct dialogue *dialogue; /* under way */
};

struct hop {
    struct tools *tools;
    const struct probe_request *request;
    void (*done)(void *context, const struct hop_found *found);
    void *context;
    struct hop_found found;
    int64_t started; /* monotonic ms */

    struct dns_query *mx_query; /* under way */
    struct dns_answer mx;
    struct host_lookup hosts[HOSTS_MOST];
    size_t lookups; /* of hosts, under way */

    struct attempt attempts[ADDRESSES_MOST];
    size_t attempt_count, next; /* the next one that has not begun */
    size_t active;              /* that wait for their turn or are under way */
    size_t open;                /* that are under way */

    struct revocation *revocation; /* the last part of it, under way */

    struct countdown time;
    struct event *finished;
};

/* ---- the clock ------------------------------------------------------------------------------ */

/* It runs while anything is under way that is not only waiting for its turn. */
static void set_clock(struct hop *hop)
{
    if (hop->mx_query != NULL || hop->lookups > 0 || hop->open > 0 || hop->revocation != NULL)
        countdown_run(&hop->time);
    else
        countdown_pause(&hop->time);
}

static void finish(struct hop *hop)
{
    static const struct timeval now = { .tv_sec = 0 };

    countdown_pause(&hop->time);
    if (event_add(hop->finished, &now) != 0)
        (void)memory_need(NULL);
}

/* ---- addresses ------------------------------------------------------------------------------ */

static unsigned port_of(const struct hop *hop)
{
    unsigned port = hop->request->hop.port;

    return port != 0 ? port : hop->tools->settings.port;
}

/* For SNI, and for the certificate to have; an address has none. */
static const char *server_name(const struct attempt *attempt)
{
    return attempt->hop->request->hop.kind == NEXT_HOP_ADDRESS ? NULL : attempt->host->name.name;
}

static void judge(const struct attempt *attempt)
{
    const struct hop *hop = attempt->hop;

    if (attempt->found->chain != NULL && attempt->found->trust == NULL)
        trust_judge(hop->tools->trust, &hop->request->stores, server_name(attempt), monotonic_ms(),
                    attempt->found);
}

static void on_revocation_done(void *context)
{
    finish(context);
}

/* The last part: all certificates are known. */
static void ask_revocation(struct hop *hop)
{
    if (hop->request->revocation)
        hop->revocation = revocation_start(hop->tools, hop->request->allows_private, &hop->found,
                                           on_revocation_done, hop);
    set_clock(hop);
    if (hop->revocation == NULL)
        finish(hop);
}

static void begin_attempts(struct hop *hop);

static void on_dialogue_done(void *context)
{
    struct attempt *attempt = context;
    struct hop *hop = attempt->hop;

    attempt->dialogue = NULL;
    hop->open--;
    hop->active--;
    turns_leave(hop->tools->turns, &attempt->turn);
    judge(attempt);
    begin_attempts(hop);
}

static void on_turn(void *context)
{
    struct attempt *attempt = context;
    struct hop *hop = attempt->hop;
    struct dialogue_plan plan = {
        .base = hop->tools->base,
        .settings = &hop->tools->settings,
        .tls = hop->tools->tls,
        .host = hop->tools->us.host,
        .server = server_name(attempt),
        .wrapped = hop->request->hop.tls_first,
    };

    hop->open++;
    attempt->dialogue = dialogue_start(&plan, attempt->found, on_dialogue_done, attempt);
    set_clock(hop);
}

static void begin_attempts(struct hop *hop)
{
    while (hop->active < HOP_PARALLEL && hop->next < hop->attempt_count) {
        hop->active++;
        turns_wait(hop->tools->turns, &hop->attempts[hop->next++].turn);
    }
    set_clock(hop);
    if (hop->active == 0)
        ask_revocation(hop);
}

static void add_attempt(struct hop *hop, const struct host_found *host, struct address_found *found)
{
    struct attempt *attempt = &hop->attempts[hop->attempt_count++];

    *attempt = (struct attempt){ .hop = hop, .host = host, .found = found };
    attempt->turn.take = on_turn;
    attempt->turn.context = attempt;
}

/* All addresses are known: which are tried? Whether a host is ourselves matters only where mail
 * would come back to us, on the usual port (as for Postfix). */
static void choose_addresses(struct hop *hop)
{
    ourselves_refresh(&hop->tools->us, monotonic_ms());
    if (hop->request->hop.kind == NEXT_HOP_DOMAIN && port_of(hop) == hop->tools->settings.port)
        hosts_mark_self(&hop->found, &hop->tools->us);
    hosts_bound_addresses(&hop->found);
    for (size_t i = 0; i < hop->found.count; i++) {
        struct host_found *host = &hop->found.hosts[i];

        for (size_t k = 0; k < host->count; k++) {
            if (host->self || !ourselves_may_connect(&hop->tools->us, hop->request->allows_private,
                                                     &host->addresses[k].ip))
                host->addresses[k].state = HOP_NOT_ALLOWED;
            else
                add_attempt(hop, host, &host->addresses[k]);
        }
    }
    begin_attempts(hop);
}

/* ---- lookups -------------------------------------------------------------------------------- */

static void collect_addresses(struct hop *hop)
{
    for (size_t i = 0; i < hop->found.count; i++) {
        struct host_lookup *lookup = &hop->hosts[i];

        if (!host_name_usable(&hop->found.hosts[i].name)) {
            hop->found.hosts[i].addresses_state = LOOKUP_NONE;
            continue;
        }
        hosts_set_addresses(&hop->found.hosts[i], &lookup->a.answer, &lookup->aaaa.answer,
                            port_of(hop));
    }
    choose_addresses(hop);
}

static void on_host(void *context)
{
    struct hop *hop = context;

    if (--hop->lookups == 0)
        collect_addresses(hop);
}

static void look_up_hosts(struct hop *hop)
{
    for (size_t i = 0; i < hop->found.count; i++) {
        const struct domain *name = &hop->found.hosts[i].name;

        if (host_name_usable(name) &&
            host_lookup_start(&hop->hosts[i], hop->tools->dns, name, on_host, hop))
            hop->lookups++;
    }
    set_clock(hop);
    if (hop->lookups == 0)
        collect_addresses(hop);
}

/* A domain without MX is its own host (RFC 5321, 5.1). */
static void take_mx(struct hop *hop, const struct dns_answer *mx)
{
    hop->found.mx_state = mx->state;
    hop->found.mx_dnssec = mx->dnssec;
    if (mx->state == LOOKUP_FOUND)
        hosts_set_mx(&hop->found, mx);
    else if (mx->state == LOOKUP_NONE)
        hosts_set_one(&hop->found, &hop->request->hop.name);
    if (mx->state == LOOKUP_FOUND && hop->found.count == 0)
        hop->found.mx_state = LOOKUP_NULL_MX;
    look_up_hosts(hop);
}

static void on_mx(void *context, struct dns_answer *answer)
{
    struct hop *hop = context;

    hop->mx_query = NULL;
    hop->mx = *answer;
    *answer = (struct dns_answer){ .state = answer->state };
    take_mx(hop, &hop->mx);
}

static void look_up_mx(struct hop *hop)
{
    if (hop->tools->dns == NULL) {
        hop->mx.state = LOOKUP_SERVFAIL;
        take_mx(hop, &hop->mx);
        return;
    }
    hop->mx_query = dns_lookup(hop->tools->dns, &hop->request->hop.name, DNS_MX, on_mx, hop);
    set_clock(hop);
}

/* ---- a probe -------------------------------------------------------------------------------- */

static void cancel_lookups(struct hop *hop)
{
    if (hop->mx_query != NULL)
        dns_cancel(hop->mx_query);
    hop->mx_query = NULL;
    for (size_t i = 0; i < HOSTS_MOST; i++)
        host_lookup_cancel(&hop->hosts[i]);
    hop->lookups = 0;
}

static void cancel_attempts(struct hop *hop)
{
    for (size_t i = 0; i < hop->attempt_count; i++) {
        struct attempt *attempt = &hop->attempts[i];

        if (attempt->dialogue != NULL)
            dialogue_cancel(attempt->dialogue);
        attempt->dialogue = NULL;
        turns_leave(hop->tools->turns, &attempt->turn);
    }
    hop->next = hop->attempt_count;
    hop->active = hop->open = 0;
}

/* Out of time: what is known counts. */
static void on_limit(void *context)
{
    static const char reason[] = "no time was left for this next hop";
    struct hop *hop = context;

    if (hop->mx_query != NULL) {
        cancel_lookups(hop);
        hop->found.mx_state = LOOKUP_TIMEOUT;
        finish(hop);
        return;
    }
    if (hop->lookups > 0) {
        cancel_lookups(hop);
        collect_addresses(hop);
    }
    cancel_attempts(hop);
    revocation_free(hop->revocation);
    hop->revocation = NULL;
    for (size_t i = 0; i < hop->attempt_count; i++) {
        struct address_found *found = hop->attempts[i].found;

        judge(&hop->attempts[i]);
        if (found->decided)
            continue;
        found->state = HOP_BUSY;
        text_set(&found->reply, reason, sizeof(reason) - 1);
    }
    finish(hop);
}

static void hop_free(struct hop *hop)
{
    cancel_lookups(hop);
    cancel_attempts(hop);
    revocation_free(hop->revocation);
    dns_answer_release(&hop->mx);
    for (size_t i = 0; i < HOSTS_MOST; i++)
        host_lookup_release(&hop->hosts[i]);
    hop_found_release(&hop->found);
    countdown_release(&hop->time);
    event_free(hop->finished);
    free(hop);
}

static void on_finished(evutil_socket_t fd, short what, void *context)
{
    struct hop *hop = context;

    (void)fd;
    (void)what;
    hop->found.milliseconds = monotonic_ms() - hop->started;
    hop->done(hop->context, &hop->found);
    hop_free(hop);
}

/* [ADDRESS]: nothing is looked up. */
static void set_address(struct hop *hop)
{
    struct host_found *host;
    struct domain name;
    char text[IP_TEXT_SIZE];

    ip_format(&hop->request->hop.ip, text);
    domain_set(&name, span_of(text));
    hosts_set_one(&hop->found, &name);
    host = &hop->found.hosts[0];
    host->addresses = memory_new(1, sizeof(*host->addresses));
    host->addresses[0].ip = hop->request->hop.ip;
    host->addresses[0].port = port_of(hop);
    host->count = 1;
    choose_addresses(hop);
}

struct hop *hop_start(struct tools *tools, const struct probe_request *request,
                      void (*done)(void *context, const struct hop_found *found), void *context)
{
    struct hop *hop = memory_new(1, sizeof(*hop));

    hop->tools = tools;
    hop->request = request;
    hop->done = done;
    hop->context = context;
    hop->started = monotonic_ms();
    hop->found.started = (int64_t)time(NULL);
    hop->found.asked_revocation = request->revocation;
    countdown_init(&hop->time, tools->base,
                   (int64_t)(tools->settings.timeout * 1000 * LIMIT_FACTOR), on_limit, hop);
    hop->finished = memory_need(event_new(tools->base, -1, 0, on_finished, hop));
    if (request->hop.kind == NEXT_HOP_ADDRESS) {
        set_address(hop);
    } else if (request->hop.kind == NEXT_HOP_DOMAIN) {
        look_up_mx(hop);
    } else {
        hosts_set_one(&hop->found, &request->hop.name);
        look_up_hosts(hop);
    }
    return hop;
}

void hop_cancel(struct hop *hop)
{
    hop_free(hop);
}
