/* SPDX-License-Identifier: ISC */
/*
 * libunbound with an event base of libevent (ub_ctx_create_event): it forks nothing, starts no
 * thread, and calls back from the loop, or at once where it knows the answer; that is put off until
 * the loop runs again.
 *
 * A lookup that is given up (ub_cancel) goes on inside libunbound until it ends by itself; its
 * callback does not come.
 */
#include "config.h"

#include "policy/probe/dns.h"

#include <event2/event.h>
#include <stdlib.h>
#include <unbound-event.h>
#include <unbound.h>
#include <unistd.h>

#include "milter/clock.h"
#include "policy/probe/memory.h"

#define CLASS_IN 1
#define SEC_BOGUS 1
#define SEC_SECURE 2

/* libunbound calls silence SERVFAIL too. What took so long was silence, and so is what comes after
 * silence and before any answer. */
#define SILENCE_MS 3000

/* Where Debian's package dns-root-data has the root's key. */
#define DEFAULT_ANCHOR "/usr/share/dns/root.key"

struct dns {
    struct ub_ctx *context;
    struct event_base *base;
    bool validates;
    bool is_silent; /* the last lookups ended without an answer */
    int limit;      /* milliseconds */
};

struct dns_query {
    struct dns *dns;
    struct event *timer; /* its time limit, then the delivery of its answer */
    int id;              /* libunbound's; 0: it is done with it */
    bool answered;
    enum dns_type type;
    int64_t started;
    struct dns_answer answer;
    void (*done)(void *context, struct dns_answer *answer);
    void *context;
};

/* ---- the resolver --------------------------------------------------------------------------- */

/* Options of unbound.conf(5); one that this version does not know is done without. */
static const struct {
    const char *name, *value;
} options[] = {
    { "do-not-query-localhost:", "no" },
    { "outgoing-range:", "256" }, /* sockets; see DNS_SOCKETS_MOST */
    { "num-queries-per-thread:", "4096" },
    { "outgoing-num-tcp:", "10" },
    { "edns-buffer-size:", "1232" },
    { "cache-max-ttl:", "300" }, /* a probe is to see what is, not what was */
    { "cache-max-negative-ttl:", "60" },
    { "infra-host-ttl:", "1" }, /* a server that was silent is asked again */
    { "infra-keep-probing:", "yes" },
    { "rrset-roundrobin:", "no" }, /* the same order each time */
};

static void set_options(struct ub_ctx *context, bool validates)
{
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        (void)ub_ctx_set_option(context, options[i].name, options[i].value);
    (void)ub_ctx_set_option(context,
                            "module-config:", validates ? "validator iterator" : "iterator");
    /* It has no say on standard error. */
    (void)ub_ctx_debugout(context, NULL);
}

/* The first zone that is added makes libunbound take up all its settings. RFC 6761 lets it answer
 * for "test." by itself; a closed network may have such names. */
static bool finish(struct ub_ctx *context, struct why *why)
{
    int error = ub_ctx_zone_add(context, "test.", "transparent");

    return error == 0 || why_fail(why, "libunbound: %s", ub_strerror(error));
}

static bool set_servers(struct ub_ctx *context, const struct string_list *servers, struct why *why)
{
    int error = 0;

    if (servers->count == 0 && ub_ctx_resolvconf(context, NULL) != 0)
        error = ub_ctx_set_fwd(context, "127.0.0.1");
    for (size_t i = 0; i < servers->count && error == 0; i++)
        error = ub_ctx_set_fwd(context, servers->strings[i]);
    return error == 0 || why_fail(why, "cannot use the DNS servers: %s", ub_strerror(error));
}

/* The file of the root's key, or NULL: answers are not validated. */
static const char *find_anchor(const struct prober_settings *settings, struct why *why)
{
    const char *anchor = settings->trust_anchor;

    if (anchor == NULL)
        return access(DEFAULT_ANCHOR, R_OK) == 0 ? DEFAULT_ANCHOR : NULL;
    if (*anchor == '\0')
        return NULL;
    if (access(anchor, R_OK) == 0)
        return anchor;
    (void)why_fail(why, "cannot read the trust anchor '%s': answers of the DNS are not validated",
                   anchor);
    return NULL;
}

struct dns *dns_new(struct event_base *base, const struct prober_settings *settings,
                    struct why *why)
{
    struct dns *dns = memory_new(1, sizeof(*dns));
    const char *anchor;

    why->text[0] = '\0';
    dns->base = base;
    dns->limit =
        settings->timeout * 1000 < DNS_LOOKUP_MS ? (int)(settings->timeout * 1000) : DNS_LOOKUP_MS;
    dns->context = ub_ctx_create_event(base);
    if (dns->context == NULL) {
        free(dns);
        (void)why_fail(why, "libunbound cannot be used: was it built without libevent?");
        return NULL;
    }
    anchor = find_anchor(settings, why);
    dns->validates = anchor != NULL;
    set_options(dns->context, dns->validates);
    if (dns->validates)
        (void)ub_ctx_add_ta_file(dns->context, anchor);
    if (!set_servers(dns->context, &settings->dns_servers, why) || !finish(dns->context, why)) {
        dns_free(dns);
        return NULL;
    }
    return dns;
}

void dns_free(struct dns *dns)
{
    if (dns == NULL)
        return;
    ub_ctx_delete(dns->context);
    free(dns);
}

/* ---- a lookup ------------------------------------------------------------------------------- */

static void query_free(struct dns_query *query)
{
    event_free(query->timer);
    dns_answer_release(&query->answer);
    free(query);
}

/* To be delivered from the loop. */
static void answer_later(struct dns_query *query)
{
    static const struct timeval now = { .tv_sec = 0 };

    query->answered = true;
    query->id = 0;
    if (event_add(query->timer, &now) != 0)
        (void)memory_need(NULL);
}

/* Of an answer; where there was none, nothing is known. */
static enum dnssec dnssec_of(const struct dns_query *query, int sec)
{
    enum lookup state = query->answer.state;

    if (!query->dns->validates || state == LOOKUP_SERVFAIL || state == LOOKUP_TIMEOUT ||
        state == LOOKUP_BOGUS)
        return DNSSEC_UNKNOWN;
    return sec == SEC_SECURE ? DNSSEC_SECURE : DNSSEC_INSECURE;
}

/* libunbound's callback. */
static void on_answer(void *context, int rcode, void *packet, int length, int sec, char *why_bogus,
                      int was_ratelimited)
{
    struct dns_query *query = context;
    struct dns_answer *answer = &query->answer;

    (void)why_bogus;
    (void)was_ratelimited;
    if (rcode == 0 && packet != NULL && length > 0)
        dns_packet_read(answer, query->type, packet, (size_t)length);
    else
        answer->state = LOOKUP_SERVFAIL;
    if (sec == SEC_BOGUS) {
        dns_answer_release(answer);
        answer->state = LOOKUP_BOGUS;
    }
    if (answer->state == LOOKUP_SERVFAIL &&
        (query->dns->is_silent || monotonic_ms() - query->started >= SILENCE_MS))
        answer->state = LOOKUP_TIMEOUT;
    if (answer->state != LOOKUP_SERVFAIL)
        query->dns->is_silent = answer->state == LOOKUP_TIMEOUT;
    answer->dnssec = dnssec_of(query, sec);
    answer_later(query);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct dns_query *query = context;

    (void)fd;
    (void)what;
    if (!query->answered) {
        (void)ub_cancel(query->dns->context, query->id);
        query->dns->is_silent = true;
        query->answer.state = LOOKUP_TIMEOUT;
    }
    query->done(query->context, &query->answer);
    query_free(query);
}

struct dns_query *dns_lookup(struct dns *dns, const struct domain *name, enum dns_type type,
                             void (*done)(void *context, struct dns_answer *answer), void *context)
{
    struct dns_query *query = memory_new(1, sizeof(*query));
    struct timeval limit = { .tv_sec = dns->limit / 1000, .tv_usec = dns->limit % 1000 * 1000 };
    int id = 0;

    query->dns = dns;
    query->type = type;
    query->started = monotonic_ms();
    query->done = done;
    query->context = context;
    query->timer = memory_need(event_new(dns->base, -1, 0, on_timer, query));
    if (event_add(query->timer, &limit) != 0)
        (void)memory_need(NULL);
    if (ub_resolve_event(dns->context, name->name, (int)type, CLASS_IN, query, on_answer, &id) !=
        0) {
        query->answer.state = LOOKUP_SERVFAIL;
        answer_later(query);
    }
    if (!query->answered)
        query->id = id;
    return query;
}

void dns_cancel(struct dns_query *query)
{
    if (!query->answered)
        (void)ub_cancel(query->dns->context, query->id);
    query_free(query);
}
