/* SPDX-License-Identifier: ISC */
/* Tests of milter/hops, hop_record and hop_heap: what is known of next hops, for how long, and what
 * is looked at next. Time is a number here. */
#include "tests/unit/build.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "milter/hops/hop_heap.h"
#include "milter/hops/hops.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define START (100 * HOUR) /* of the monotonic clock */

static const struct probe_settings settings = { .interval = 6 * 3600,
                                                .retry = 600,
                                                .max_age = 24 * 3600 };

/* ---- facts ------------------------------------------------------------------------------------
 */

/* One address of a host, in a table of them that ends with a host that is NULL. */
struct seen {
    const char *host;
    enum hop_state state;
    uint8_t ip; /* the last byte */
    const char *cipher;
};

#define SEEN_MOST 8

/* Facts in one block. */
static struct hop_facts *facts_of(const struct seen *seen, size_t *size)
{
    struct {
        struct hop_facts facts;
        struct hop_host hosts[SEEN_MOST];
        struct hop_address addresses[SEEN_MOST];
    } *block = calloc(1, sizeof(*block));
    struct hop_host *host = NULL;

    assert_non_null(block);
    block->facts.lookup = seen->host != NULL ? LOOKUP_FOUND : LOOKUP_TIMEOUT;
    block->facts.hosts = block->hosts;
    for (size_t i = 0; seen[i].host != NULL; i++) {
        struct hop_address *address = &block->addresses[i];

        if (host == NULL || !span_equal(host->name, span_of(seen[i].host))) {
            host = &block->hosts[block->facts.host_count++];
            host->name = span_of(seen[i].host);
            host->lookup = LOOKUP_FOUND;
            host->addresses = address;
        }
        host->address_count++;
        address->ip = (struct ip){ 4, { 192, 0, 2, seen[i].ip } };
        address->port = 25;
        address->state = seen[i].state;
        address->tls.cipher = span_of(seen[i].cipher);
    }
    *size = sizeof(*block);
    return &block->facts;
}

#define TLS_AT(host, ip)                            \
    {                                               \
        host, HOP_TLS, ip, "TLS_AES_256_GCM_SHA384" \
    }
static const struct seen good[] = { TLS_AT("mx1", 1), { .host = NULL } };
static const struct seen plain[] = { { "mx1", HOP_NO_STARTTLS, 1, NULL }, { .host = NULL } };
static const struct seen busy[] = { { "mx1", HOP_BUSY, 1, NULL }, { .host = NULL } };
static const struct seen nothing[] = { { .host = NULL } };

/* ---- a table ----------------------------------------------------------------------------------
 */

static int setup(void **state)
{
    *state = hops_new();
    return *state != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    hops_free(*state);
    return 0;
}

#define ALL_RANKS ((1U << HOP_RANKS) - 1)

/* Asks about a hop as RCPT does, and forgets the facts at once: only their being there is told. */
static struct hop_knowledge get(struct hops *hops, const char *name, int64_t now_ms, bool asks)
{
    const struct hops_question question = { &settings, now_ms, asks };
    struct hop_grip grip = { .count = 0 };
    struct hop_knowledge knowledge;
    struct next_hop hop;

    assert_true(next_hop_read(&hop, span_of(name)));
    hops_get(hops, &hop, &question, &grip, &knowledge);
    hop_grip_release(&grip);
    return knowledge;
}

/* The state of the only address that a decision would see; -1: nothing is known. */
static int state_of(struct hops *hops, const char *name, int64_t now_ms)
{
    const struct hops_question question = { &settings, now_ms, false };
    struct hop_grip grip = { .count = 0 };
    struct hop_knowledge knowledge;
    struct next_hop hop;
    int found = -1;

    assert_true(next_hop_read(&hop, span_of(name)));
    hops_get(hops, &hop, &question, &grip, &knowledge);
    if (knowledge.facts != NULL && knowledge.facts->host_count > 0)
        found = (int)knowledge.facts->hosts[0].addresses[0].state;
    hop_grip_release(&grip);
    return found;
}

/* Takes what is due, and gives its name; "": nothing is. */
static const char *next(struct hops *hops, unsigned ranks, int64_t now_ms)
{
    static struct hop_order order;

    return hops_next(hops, ranks, now_ms, &order) ? order.hop : "";
}

static void answer(struct hops *hops, const char *name, const struct seen *seen, bool trouble,
                   int64_t now_ms)
{
    size_t size;
    struct hop_facts *facts = facts_of(seen, &size);

    assert_true(hops_found(hops, &settings, name, facts, size, NOW, now_ms, trouble, now_ms));
}

static bool pin(struct hops *hops, const char *name, int64_t now_ms)
{
    hops_pin_begin(hops);
    if (!hops_pin(hops, name, false, now_ms))
        return false;
    hops_pin_end(hops);
    return true;
}

/* A pinned hop that is due now is looked at: what was seen. */
static void probe(struct hops *hops, const char *name, const struct seen *seen, bool trouble,
                  int64_t now_ms)
{
    assert_string_equal(next(hops, ALL_RANKS, now_ms), name);
    answer(hops, name, seen, trouble, now_ms);
}

/* The same, whether or not it is due. */
static void probe_anyway(struct hops *hops, const char *name, const struct seen *seen,
                         int64_t now_ms)
{
    hops_renew(hops, false, now_ms);
    probe(hops, name, seen, true, now_ms);
}

static struct hops_count count(struct hops *hops)
{
    struct hops_count found;

    hops_count(hops, &found);
    return found;
}

/* ---- what is known ----------------------------------------------------------------------------
 */

static void hop__never_seen__is_asked_about_once(void **state)
{
    struct hops *hops = *state;

    assert_int_equal(get(hops, "contoso.com", START, false).missing, REASON_NOT_PROBED_YET);
    assert_string_equal(next(hops, ALL_RANKS, START), "");
    for (int i = 0; i < 100; i++)
        assert_int_equal(get(hops, "Contoso.COM.", START + i, true).missing, REASON_NOT_PROBED_YET);
    assert_int_equal(count(hops).waiting, 1);
    assert_string_equal(next(hops, ALL_RANKS, START + 100), "contoso.com");
    for (int i = 0; i < 100; i++)
        (void)get(hops, "contoso.com", START + 100 + i, true);
    assert_string_equal(next(hops, ALL_RANKS, START + HOUR), "");
}

static void hop__found__known_with_its_age_until_max_age(void **state)
{
    struct hops *hops = *state;
    struct hop_knowledge knowledge;

    (void)get(hops, "contoso.com", START, true);
    probe(hops, "contoso.com", good, false, START + SECOND);
    knowledge = get(hops, "contoso.com", START + 61 * SECOND, true);
    assert_non_null(knowledge.facts);
    assert_int_equal(knowledge.age, 60);
    assert_true(knowledge.fresh && !knowledge.confirmed);
    assert_int_equal(get(hops, "contoso.com", START, true).age, 0); /* asked before it was found */
    knowledge = get(hops, "contoso.com", START + SECOND + 6 * HOUR + 1, false);
    assert_true(knowledge.facts != NULL && !knowledge.fresh);
    assert_non_null(get(hops, "contoso.com", START + SECOND + 24 * HOUR, false).facts);
    knowledge = get(hops, "contoso.com", START + SECOND + 24 * HOUR + 1, false);
    assert_null(knowledge.facts);
    assert_int_equal(knowledge.missing, REASON_NOT_PROBED_YET);
}

static void hop__no_prober__is_a_failure_of_the_prober(void **state)
{
    struct hops *hops = *state;

    hops_set_working(hops, false);
    assert_int_equal(get(hops, "contoso.com", START, true).missing, REASON_PROBER_FAILURE);
    hops_set_working(hops, true);
    assert_int_equal(get(hops, "contoso.com", START, true).missing, REASON_NOT_PROBED_YET);
    assert_string_equal(next(hops, ALL_RANKS, START), "contoso.com");
    hops_lost(hops, &settings, "contoso.com", false, START);
    assert_int_equal(get(hops, "contoso.com", START, true).missing, REASON_PROBER_FAILURE);
    assert_string_equal(next(hops, ALL_RANKS, START + 9 * MINUTE), "");
    (void)get(hops, "contoso.com", START + 10 * MINUTE, true);
    probe(hops, "contoso.com", good, false, START + 10 * MINUTE);
    assert_int_equal(state_of(hops, "contoso.com", START + 11 * MINUTE), HOP_TLS);
}

static void grip__facts_replaced_meanwhile__holds_the_old_ones(void **state)
{
    struct hops *hops = *state;
    const struct hops_question question = { &settings, START, false };
    struct hop_grip grip = { .count = 0 };
    struct hop_knowledge knowledge;
    struct next_hop hop;

    assert_true(pin(hops, "contoso.com", START));
    probe(hops, "contoso.com", good, false, START);
    assert_true(next_hop_read(&hop, SPAN("contoso.com")));
    hops_get(hops, &hop, &question, &grip, &knowledge);
    hops_get(hops, &hop, &question, &grip, &knowledge);
    assert_int_equal(grip.count, 1);
    probe_anyway(hops, "contoso.com", plain, START + HOUR);
    probe_anyway(hops, "contoso.com", busy, START + 2 * HOUR);
    assert_int_equal(knowledge.facts->hosts[0].addresses[0].state, HOP_TLS);
    assert_ptr_equal(hop_grip_find(&grip, &knowledge.facts->hosts[0]), grip.records[0]);
    assert_string_equal(grip.records[0]->hop, "contoso.com");
    assert_null(hop_grip_find(&grip, NULL));
    hop_grip_release(&grip);
}

static void grip__full__nothing_is_known(void **state)
{
    struct hops *hops = *state;
    const struct hops_question question = { &settings, START + MINUTE, false };
    struct hop_grip grip = { .count = 0 };
    struct hop_knowledge knowledge;

    hops_pin_begin(hops);
    for (int i = 0; i <= HOP_GRIP_MOST; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "d%d.example", i);
        assert_true(hops_pin(hops, name, false, START));
        probe(hops, name, good, false, START);
    }
    hops_pin_end(hops);
    for (int i = 0; i <= HOP_GRIP_MOST; i++) {
        struct next_hop hop;
        char name[32];

        (void)snprintf(name, sizeof(name), "d%d.example", i);
        assert_true(next_hop_read(&hop, span_of(name)));
        hops_get(hops, &hop, &question, &grip, &knowledge);
        assert_true((knowledge.facts != NULL) == (i < HOP_GRIP_MOST));
    }
    assert_int_equal(knowledge.missing, REASON_NOT_PROBED_YET);
    hop_grip_release(&grip);
}

/* ---- seen twice -------------------------------------------------------------------------------
 */

static const struct seen other_host[] = { { "mx2", HOP_NO_STARTTLS, 1, NULL }, { .host = NULL } };
static const struct seen other_address[] = { { "mx1", HOP_NO_STARTTLS, 7, NULL },
                                             { .host = NULL } };
static const struct seen refused[] = { { "mx1", HOP_STARTTLS_REFUSED, 1, NULL }, { .host = NULL } };
static const struct seen weak[] = { { "mx1", HOP_TLS, 1, "RC4-SHA" }, { .host = NULL } };
static const struct seen one_more[] = { { "mx1", HOP_NO_STARTTLS, 1, NULL },
                                        TLS_AT("mx2", 2),
                                        { .host = NULL } };

static void failure__in_two_probes__confirmed_if_the_same_and_apart(void **state)
{
    static const struct {
        const char *label;
        const struct seen *first, *between, *second;
        int64_t apart_ms;
        bool confirmed;
    } rows[] = {
        { "the same", plain, NULL, plain, 10 * MINUTE, true },
        { "too soon", plain, NULL, plain, 10 * MINUTE - 1, false },
        { "the same, seen in between", plain, plain, plain, 10 * MINUTE, true },
        { "busy in between", plain, busy, plain, 10 * MINUTE, true },
        { "no DNS in between", plain, nothing, plain, 10 * MINUTE, true },
        { "good in between", plain, good, plain, 10 * MINUTE, false },
        { "good before", good, NULL, plain, 10 * MINUTE, false },
        { "another failure", refused, NULL, plain, 10 * MINUTE, false },
        { "another host", other_host, NULL, plain, 10 * MINUTE, false },
        { "another address of the host", other_address, NULL, plain, 10 * MINUTE, true },
        { "one of two hosts now", plain, NULL, one_more, 10 * MINUTE, false },
        { "one of two hosts before", one_more, NULL, plain, 10 * MINUTE, false },
        { "a weak cipher, twice", weak, NULL, weak, 10 * MINUTE, true },
        { "another cipher", good, NULL, weak, 10 * MINUTE, false },
        { "not known, twice", busy, NULL, busy, 10 * MINUTE, false },
    };
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct hops *hops = hops_new();
        int64_t now_ms = START;
        struct hop_knowledge knowledge;

        assert_true(pin(hops, "contoso.com", now_ms));
        probe_anyway(hops, "contoso.com", rows[i].first, now_ms);
        if (rows[i].between != NULL)
            probe_anyway(hops, "contoso.com", rows[i].between, now_ms + MINUTE);
        now_ms += rows[i].apart_ms;
        probe_anyway(hops, "contoso.com", rows[i].second, now_ms);
        knowledge = get(hops, "contoso.com", now_ms, false);
        bad +=
            row(knowledge.confirmed == rows[i].confirmed && knowledge.fresh, "%s", rows[i].label);
        hops_free(hops);
    }
    assert_int_equal(bad, 0);
}

/* ---- a probe that could not tell --------------------------------------------------------------
 */

static void facts__newer_probe_could_not_tell__stay_until_max_age(void **state)
{
    static const struct seen *const untold[] = { busy, nothing };

    (void)state;
    for (size_t i = 0; i < ROWS(untold); i++) {
        struct hops *hops = hops_new();

        assert_true(pin(hops, "contoso.com", START));
        probe(hops, "contoso.com", good, false, START);
        for (int hours = 1; hours <= 24; hours++)
            probe_anyway(hops, "contoso.com", untold[i], START + hours * HOUR);
        assert_int_equal(state_of(hops, "contoso.com", START + 24 * HOUR), HOP_TLS);
        assert_int_equal(get(hops, "contoso.com", START + 24 * HOUR, false).age, 24 * 3600);
        assert_int_equal(state_of(hops, "contoso.com", START + 24 * HOUR + 1),
                         untold[i] == busy ? HOP_BUSY : -1);
        assert_non_null(get(hops, "contoso.com", START + 24 * HOUR + 1, false).facts);
        hops_free(hops);
    }
}

/* A pool of which one is overloaded, and one cannot be reached. */
static void facts__one_of_three_hosts_busy__its_older_ones_beside_the_new(void **state)
{
    static const struct seen before[] = {
        TLS_AT("mx1", 1), TLS_AT("mx2", 2), TLS_AT("mx3", 3), { .host = NULL }
    };
    static const struct seen after[] = { { "mx1", HOP_NO_STARTTLS, 1, NULL },
                                         { "mx2", HOP_BUSY, 2, NULL },
                                         { "mx3", HOP_UNREACHABLE, 3, NULL },
                                         { "mx4", HOP_BUSY, 4, NULL },
                                         { .host = NULL } };
    struct hops *hops = *state;
    const struct hops_question question = { &settings, START + HOUR, false };
    struct hop_grip grip = { .count = 0 };
    struct hop_knowledge knowledge;
    struct next_hop hop;

    assert_true(pin(hops, "contoso.com", START));
    probe(hops, "contoso.com", before, false, START);
    probe_anyway(hops, "contoso.com", after, START + HOUR);
    assert_true(next_hop_read(&hop, SPAN("contoso.com")));
    hops_get(hops, &hop, &question, &grip, &knowledge);
    assert_int_equal(knowledge.facts->host_count, 4);
    assert_int_equal(knowledge.facts->hosts[0].addresses[0].state, HOP_NO_STARTTLS);
    assert_int_equal(knowledge.facts->hosts[1].addresses[0].state, HOP_TLS);
    assert_int_equal(knowledge.facts->hosts[2].addresses[0].state, HOP_UNREACHABLE);
    assert_int_equal(knowledge.facts->hosts[3].addresses[0].state, HOP_BUSY);
    assert_int_equal(knowledge.age, 3600); /* that of the oldest part */
    assert_false(knowledge.confirmed);
    assert_non_null(hop_grip_find(&grip, &knowledge.facts->hosts[1]));
    /* What it points into is held with it. */
    probe_anyway(hops, "contoso.com", good, START + 2 * HOUR);
    probe_anyway(hops, "contoso.com", good, START + 3 * HOUR);
    assert_int_equal(knowledge.facts->hosts[1].addresses[0].tls.cipher.length, 22);
    hop_grip_release(&grip);
}

static void facts__host_without_addresses_now__its_older_ones(void **state)
{
    static const struct seen before[] = { TLS_AT("mx1", 1), TLS_AT("mx2", 2), { .host = NULL } };
    size_t size;
    struct hop_facts *facts = facts_of(before, &size);
    struct hop_record *older = hop_record_new("contoso.com", facts, size, NOW, START);
    struct hop_record *newest, *merged;
    struct hop_host *hosts;

    (void)state;
    facts = facts_of(before, &size);
    hosts = (struct hop_host *)(uintptr_t)facts->hosts;
    hosts[1].lookup = LOOKUP_SERVFAIL;
    hosts[1].address_count = 0;
    newest = hop_record_new("contoso.com", facts, size, NOW, START + HOUR);
    assert_false(hop_facts_complete(newest->facts));
    merged = hop_record_merge(newest, older);
    assert_non_null(merged);
    assert_int_equal(merged->facts->hosts[1].lookup, LOOKUP_FOUND);
    assert_int_equal(merged->facts->hosts[1].address_count, 1);
    assert_true(merged->probed_ms == START);
    hop_record_put(newest);
    hop_record_put(older);
    assert_int_equal(merged->facts->hosts[1].addresses[0].state, HOP_TLS);
    hop_record_put(merged);
    hop_record_put(NULL);
}

static void facts__no_such_domain__replaces_what_was_known(void **state)
{
    struct hops *hops = *state;
    size_t size;
    struct hop_facts *facts = facts_of(nothing, &size);

    assert_true(pin(hops, "contoso.com", START));
    probe(hops, "contoso.com", good, false, START);
    hops_renew(hops, false, START + HOUR);
    assert_string_equal(next(hops, ALL_RANKS, START + HOUR), "contoso.com");
    facts->lookup = LOOKUP_NXDOMAIN;
    assert_true(hops_found(hops, &settings, "contoso.com", facts, size, NOW, START + HOUR, true,
                           START + HOUR));
    assert_int_equal(get(hops, "contoso.com", START + HOUR, false).facts->lookup, LOOKUP_NXDOMAIN);
}

/* ---- what is due ------------------------------------------------------------------------------
 */

static void pinned__after_a_probe__due_before_interval_or_after_retry(void **state)
{
    struct hops *hops = *state;
    int64_t least = INT64_MAX, most = 0, now_ms = START;

    assert_true(pin(hops, "contoso.com", now_ms));
    for (int i = 0; i < 500; i++) {
        int64_t wait_ms;

        probe(hops, "contoso.com", good, false, now_ms);
        wait_ms = hops_next_ms(hops, ALL_RANKS) - now_ms;
        least = wait_ms < least ? wait_ms : least;
        most = wait_ms > most ? wait_ms : most;
        assert_string_equal(next(hops, ALL_RANKS, now_ms + wait_ms - 1), "");
        now_ms += wait_ms;
    }
    assert_true(least >= 6 * HOUR * 8 / 10 && most < 6 * HOUR);
    assert_true(most - least > HOUR / 2);
    least = INT64_MAX;
    most = 0;
    for (int i = 0; i < 500; i++) {
        int64_t wait_ms;

        probe(hops, "contoso.com", plain, true, now_ms);
        wait_ms = hops_next_ms(hops, ALL_RANKS) - now_ms;
        least = wait_ms < least ? wait_ms : least;
        most = wait_ms > most ? wait_ms : most;
        now_ms += wait_ms;
    }
    assert_true(least >= 10 * MINUTE && most <= 13 * MINUTE);
    assert_true(get(hops, "contoso.com", now_ms, false).confirmed);
}

static void ranks__all_due__pinned_first_then_others_then_suspects(void **state)
{
    struct hops *hops = *state;

    (void)get(hops, "other.example", START, true);
    assert_true(pin(hops, "suspect.example", START + 1));
    assert_string_equal(next(hops, ALL_RANKS, START + 1), "suspect.example");
    hops_lost(hops, &settings, "suspect.example", true, START + 1);
    hops_pin_begin(hops);
    assert_true(hops_pin(hops, "suspect.example", false, START + 2));
    assert_true(hops_pin(hops, "pinned.example", false, START + 2 * HOUR));
    hops_pin_end(hops);
    assert_string_equal(next(hops, 1U << HOP_SUSPECT, START + HOUR), "suspect.example");
    hops_again(hops, "suspect.example", START + HOUR);
    assert_string_equal(next(hops, ALL_RANKS, START + 2 * HOUR), "pinned.example");
    assert_string_equal(next(hops, ALL_RANKS & ~(1U << HOP_OTHER), START + 2 * HOUR),
                        "suspect.example");
    assert_string_equal(next(hops, ALL_RANKS, START + 2 * HOUR), "other.example");
    assert_string_equal(next(hops, ALL_RANKS, START + 2 * HOUR), "");
}

static void suspect__breaks_prober_after_prober__longer_and_longer_until_interval(void **state)
{
    struct hops *hops = *state;
    int64_t now_ms = START, before = 0;

    assert_true(pin(hops, "contoso.com", now_ms));
    for (int i = 0; i < 12; i++) {
        int64_t wait_ms;

        assert_string_equal(next(hops, ALL_RANKS, now_ms), "contoso.com");
        hops_lost(hops, &settings, "contoso.com", true, now_ms);
        wait_ms = hops_next_ms(hops, ALL_RANKS) - now_ms;
        assert_true(wait_ms >= 20 * MINUTE && wait_ms <= 8 * HOUR);
        assert_true(i > 4 || wait_ms > before);
        before = wait_ms;
        now_ms += wait_ms;
    }
    assert_true(before >= 6 * HOUR);
    probe(hops, "contoso.com", good, false, now_ms);
    assert_true(hops_next_ms(hops, 1U << HOP_PINNED) < now_ms + 6 * HOUR);
}

static void other__known__looked_at_again_only_while_it_is_used(void **state)
{
    struct hops *hops = *state;
    int64_t now_ms = START;

    (void)get(hops, "a.example", now_ms, true);
    probe(hops, "a.example", good, false, now_ms);
    for (int i = 0; i < 10; i++) {
        now_ms = hops_next_ms(hops, ALL_RANKS);
        assert_true(now_ms < INT64_MAX);
        (void)get(hops, "a.example", now_ms, true);
        probe(hops, "a.example", good, false, now_ms);
    }
    while (hops_next_ms(hops, ALL_RANKS) - now_ms <= 7 * 24 * HOUR)
        probe(hops, "a.example", good, false, hops_next_ms(hops, ALL_RANKS));
    assert_string_equal(next(hops, ALL_RANKS, hops_next_ms(hops, ALL_RANKS)), "");
    assert_true(hops_next_ms(hops, ALL_RANKS) == INT64_MAX);
    (void)get(hops, "a.example", now_ms + 30 * 24 * HOUR, true);
    assert_string_equal(next(hops, ALL_RANKS, now_ms + 30 * 24 * HOUR), "a.example");
}

static void other__came_to_nothing__again_only_when_asked_and_after_retry(void **state)
{
    static const struct seen *const ends[] = { nothing, busy, plain };

    for (size_t i = 0; i < ROWS(ends); i++) {
        struct hops *hops = hops_new();

        (void)get(hops, "x.example", START, true);
        probe(hops, "x.example", ends[i], true, START);
        assert_true(hops_next_ms(hops, ALL_RANKS) == INT64_MAX);
        (void)get(hops, "x.example", START + 10 * MINUTE - 1, true);
        assert_true(hops_next_ms(hops, ALL_RANKS) == INT64_MAX);
        hops_free(hops);
    }
    (void)state;
}

static void doubt__facts_that_do_not_do__due_as_soon_as_retry_is_over(void **state)
{
    struct hops *hops = *state;
    struct hops_question question = { &settings, START + 10 * MINUTE - 1, true };
    struct hop_grip grip = { .count = 0 };
    struct hop_knowledge knowledge;
    struct next_hop hop;

    hops_pin_begin(hops);
    assert_true(hops_pin(hops, "pinned.example", false, START));
    hops_pin_end(hops);
    probe(hops, "pinned.example", good, false, START);
    (void)get(hops, "other.example", START, true);
    probe(hops, "other.example", good, false, START);
    assert_true(next_hop_read(&hop, SPAN("pinned.example")));
    hops_get(hops, &hop, &question, &grip, &knowledge);
    assert_true(next_hop_read(&hop, SPAN("other.example")));
    hops_get(hops, &hop, &question, &grip, &knowledge);
    hops_doubt(hops, &grip, &question);
    assert_string_equal(next(hops, ALL_RANKS, START + HOUR), "");
    question.now_ms++;
    question.asks = false;
    hops_doubt(hops, &grip, &question);
    assert_string_equal(next(hops, ALL_RANKS, START + HOUR), "");
    question.asks = true;
    hops_doubt(hops, &grip, &question);
    hops_doubt(hops, &grip, &question);
    assert_string_equal(next(hops, ALL_RANKS, question.now_ms), "pinned.example");
    assert_string_equal(next(hops, ALL_RANKS, question.now_ms), "other.example");
    hop_grip_release(&grip);
}

/* ---- floods -----------------------------------------------------------------------------------
 */

static void flood__of_names__waiting_ones_are_bounded(void **state)
{
    struct hops *hops = *state;
    char name[32];

    for (int i = 0; i < 2000; i++) {
        (void)snprintf(name, sizeof(name), "x%d.example", i);
        (void)get(hops, name, START, true);
    }
    assert_int_equal(count(hops).waiting, 512);
    assert_int_equal(count(hops).others, 512);
    assert_int_equal(count(hops).passed, 2000 - 512);
    for (int i = 0; i < 512; i++)
        assert_string_not_equal(next(hops, ALL_RANKS, START), "");
    assert_string_equal(next(hops, ALL_RANKS, START), "");
    assert_int_equal(count(hops).waiting, 0);
}

static void flood__while_as_many_wait_as_may__known_names_are_passed_over_too(void **state)
{
    struct hops *hops = *state;
    char name[32];

    (void)get(hops, "a.example", START, true);
    probe(hops, "a.example", nothing, true, START);
    for (int i = 0; i < 600; i++) {
        (void)snprintf(name, sizeof(name), "x%d.example", i);
        (void)get(hops, name, START + HOUR, true);
    }
    (void)get(hops, "a.example", START + 24 * HOUR + 1, true);
    assert_int_equal(count(hops).waiting, 512);
    assert_int_equal(count(hops).passed, 600 - 512 + 1);
    assert_string_not_equal(next(hops, ALL_RANKS, START + 24 * HOUR + 1), "a.example");
    (void)get(hops, "a.example", START + 24 * HOUR + 1, true);
    assert_int_equal(count(hops).waiting, 512);
}

static void flood__of_names_that_come_to_nothing__real_hops_and_pinned_ones_stay(void **state)
{
    struct hops *hops = *state;
    int64_t now_ms = START;
    char name[32];

    hops_pin_begin(hops);
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(name, sizeof(name), "p%d.example", i);
        assert_true(hops_pin(hops, name, false, now_ms));
    }
    hops_pin_end(hops);
    for (int i = 0; i < 5000; i++) {
        const char *due = next(hops, ALL_RANKS, now_ms);

        answer(hops, due, good, false, now_ms);
    }
    for (int i = 0; i < 100; i++) {
        (void)snprintf(name, sizeof(name), "r%d.example", i);
        (void)get(hops, name, now_ms, true);
        probe(hops, name, good, false, now_ms);
    }
    for (int i = 0; i < 20000; i++) {
        (void)snprintf(name, sizeof(name), "x%d.example", i);
        (void)get(hops, name, ++now_ms, true);
        probe(hops, name, nothing, true, now_ms);
    }
    assert_int_equal(count(hops).pinned, 5000);
    assert_int_equal(count(hops).others, 4096);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(name, sizeof(name), "r%d.example", i);
        assert_int_equal(state_of(hops, name, now_ms), HOP_TLS);
    }
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(name, sizeof(name), "p%d.example", i);
        assert_int_equal(state_of(hops, name, now_ms), HOP_TLS);
    }
}

static void flood__of_large_facts__bytes_are_bounded_and_the_last_used_stay(void **state)
{
    struct hops *hops = *state;
    size_t large = (size_t)1024 * 1024, size;
    int64_t now_ms = START;
    char name[32];

    for (int i = 0; i < 200; i++) {
        (void)snprintf(name, sizeof(name), "l%d.example", i);
        (void)get(hops, name, ++now_ms, true);
        (void)get(hops, "l0.example", now_ms, false); /* somebody uses it */
        assert_string_equal(next(hops, ALL_RANKS, now_ms), name);
        assert_true(hops_found(hops, &settings, name, facts_of(good, &size), large, NOW, now_ms,
                               false, now_ms));
        assert_true(count(hops).others_bytes <= 64 * large);
    }
    assert_true(count(hops).others >= 60);
    assert_int_equal(state_of(hops, "l0.example", now_ms), HOP_TLS);
    assert_int_equal(state_of(hops, "l1.example", now_ms), -1);
    assert_int_equal(state_of(hops, "l199.example", now_ms), HOP_TLS);
}

/* ---- rules ------------------------------------------------------------------------------------
 */

static void pins__new_round__old_ones_are_like_others(void **state)
{
    struct hops *hops = *state;

    assert_true(pin(hops, "contoso.com", START));
    probe(hops, "contoso.com", good, false, START);
    assert_true(pin(hops, "fabrikam.com", START));
    assert_int_equal(count(hops).pinned, 1);
    assert_int_equal(count(hops).others, 1);
    assert_int_equal(state_of(hops, "contoso.com", START), HOP_TLS);
    probe(hops, "fabrikam.com", good, false, START);
    assert_true(pin(hops, "fabrikam.com", START));
    assert_string_equal(next(hops, ALL_RANKS, START + HOUR), ""); /* it is known already */
    assert_true(pin(hops, "contoso.com", START + HOUR));
    assert_string_equal(next(hops, ALL_RANKS, START + HOUR), "contoso.com");
    assert_int_equal(count(hops).pinned, 1);
}

static void pins__many_of_them_given_up__no_more_stay_than_others_may(void **state)
{
    struct hops *hops = *state;
    char name[32];

    hops_pin_begin(hops);
    for (int i = 0; i < 10000; i++) {
        (void)snprintf(name, sizeof(name), "p%d.example", i);
        assert_true(hops_pin(hops, name, false, START));
    }
    hops_pin_end(hops);
    assert_int_equal(count(hops).pinned, 10000);
    hops_pin_begin(hops);
    hops_pin_end(hops);
    assert_int_equal(count(hops).pinned, 0);
    assert_int_equal(count(hops).others, 4096);
    assert_string_equal(next(hops, ALL_RANKS, START + HOUR), ""); /* nothing is known of them */
}

/* The machine runs for an hour: never is longer ago than that. */
static void pins__given_up_before_mail_went_there__not_looked_at_any_more(void **state)
{
    struct hops *hops = *state;

    assert_true(pin(hops, "contoso.com", HOUR));
    probe(hops, "contoso.com", good, false, HOUR);
    assert_true(pin(hops, "fabrikam.com", HOUR));
    probe(hops, "fabrikam.com", good, false, HOUR);
    assert_string_equal(next(hops, ALL_RANKS, 9 * HOUR), "fabrikam.com");
    answer(hops, "fabrikam.com", good, false, 9 * HOUR);
    assert_string_equal(next(hops, ALL_RANKS, 9 * HOUR), "");
}

static void pins__private_or_not__counts_for_the_round(void **state)
{
    struct hops *hops = *state;
    struct hop_order order;

    hops_pin_begin(hops);
    assert_true(hops_pin(hops, "contoso.com", true, START));
    assert_true(hops_pin(hops, "contoso.com", false, START));
    hops_pin_end(hops);
    assert_true(hops_next(hops, ALL_RANKS, START, &order));
    assert_true(order.allows_private && order.rank == HOP_PINNED);
    answer(hops, "contoso.com", good, false, START);
    hops_pin_begin(hops);
    assert_true(hops_pin(hops, "contoso.com", true, START));
    assert_true(hops_pin(hops, "contoso.com", false, START));
    hops_pin_end(hops);
    assert_false(hops_next(hops, ALL_RANKS, START, &order));
    hops_pin_begin(hops);
    assert_true(hops_pin(hops, "contoso.com", false, START));
    hops_pin_end(hops);
    assert_true(hops_next(hops, ALL_RANKS, START, &order));
    assert_false(order.allows_private);
}

static void renewal__pinned__due_now_with_or_without_what_is_known(void **state)
{
    struct hops *hops = *state;

    assert_true(pin(hops, "contoso.com", START));
    probe(hops, "contoso.com", good, false, START);
    (void)get(hops, "other.example", START, true);
    probe(hops, "other.example", good, false, START);
    hops_renew(hops, false, START + 1);
    assert_int_equal(state_of(hops, "contoso.com", START + 1), HOP_TLS);
    assert_string_equal(next(hops, ALL_RANKS, START + 1), "contoso.com");
    assert_string_equal(next(hops, ALL_RANKS, START + 1), "");
    /* Under way by the old rules: once more by the new ones. */
    hops_renew(hops, false, START + 2);
    assert_string_equal(next(hops, ALL_RANKS, START + 2), "");
    answer(hops, "contoso.com", good, false, START + 3);
    probe(hops, "contoso.com", good, false, START + 3);
    assert_string_equal(next(hops, ALL_RANKS, START + 3), "");
    hops_renew(hops, true, START + 4);
    assert_int_equal(state_of(hops, "contoso.com", START + 4), -1);
    assert_int_equal(state_of(hops, "other.example", START + 4), -1);
    assert_string_equal(next(hops, ALL_RANKS, START + 4), "contoso.com");
}

static void answer__to_nothing_that_is_under_way__changes_nothing(void **state)
{
    struct hops *hops = *state;

    answer(hops, "contoso.com", good, false, START);
    hops_lost(hops, &settings, "contoso.com", true, START);
    hops_again(hops, "contoso.com", START);
    assert_int_equal(count(hops).others + count(hops).pinned, 0);
    assert_true(pin(hops, "contoso.com", START));
    answer(hops, "contoso.com", good, false, START);
    assert_int_equal(state_of(hops, "contoso.com", START), -1);
    assert_string_equal(next(hops, ALL_RANKS, START), "contoso.com");
}

struct visits {
    unsigned all, pinned, known;
};

static void visit(void *data, const struct hop_view *view)
{
    struct visits *visits = data;

    visits->all++;
    visits->pinned += view->pinned;
    visits->known += view->record != NULL;
}

static void visit__piece_by_piece__every_hop_once(void **state)
{
    struct hops *hops = *state;
    const struct hops_question question = { &settings, START, false };
    struct visits visits = { 0, 0, 0 };
    size_t position = 0;
    char name[32];

    hops_pin_begin(hops);
    for (int i = 0; i < 3000; i++) {
        (void)snprintf(name, sizeof(name), "p%d.example", i);
        assert_true(hops_pin(hops, name, false, START));
    }
    hops_pin_end(hops);
    (void)get(hops, "other.example", START, true);
    answer(hops, next(hops, ALL_RANKS, START), good, false, START);
    while (hops_visit(hops, &position, &question, visit, &visits))
        continue;
    assert_int_equal(visits.all, 3001);
    assert_int_equal(visits.pinned, 3000);
    assert_int_equal(visits.known, 1);
}

/* ---- threads ----------------------------------------------------------------------------------
 */

struct crowd {
    struct hops *hops;
    atomic_bool over;
    atomic_uint known;
};

/* A callback's thread: looks, holds, reads, lets go. */
static void *look(void *data)
{
    struct crowd *crowd = data;
    uint64_t random = 88172645463325252U ^ (uint64_t)(uintptr_t)&random;

    while (!atomic_load(&crowd->over)) {
        struct hops_question question = { &settings, START, true };
        struct hop_grip grip = { .count = 0 };

        for (int i = 0; i < 4; i++) {
            struct hop_knowledge knowledge;
            struct next_hop hop;
            char name[32];

            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (void)snprintf(name, sizeof(name), "h%u.example", (unsigned)(random % 6000));
            (void)next_hop_read(&hop, span_of(name));
            hops_get(crowd->hops, &hop, &question, &grip, &knowledge);
            if (knowledge.facts != NULL && knowledge.facts->host_count > 0 &&
                knowledge.facts->hosts[0].addresses[0].port == 25)
                atomic_fetch_add(&crowd->known, 1);
        }
        hops_doubt(crowd->hops, &grip, &question);
        hop_grip_release(&grip);
    }
    return NULL;
}

static void threads__look_while_hops_come_and_go__nothing_is_lost(void **state)
{
    static const struct seen *const found[] = { good, plain, busy, nothing, one_more };
    struct crowd crowd = { .hops = *state };
    pthread_t threads[4];
    struct hop_order order;
    unsigned answered = 0;

    atomic_init(&crowd.over, false);
    atomic_init(&crowd.known, 0);
    for (size_t i = 0; i < ROWS(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look, &crowd), 0);
    for (int round = 0; round < 200 || atomic_load(&crowd.known) == 0; round++) {
        hops_pin_begin(crowd.hops);
        for (int i = 0; i < 50; i++) {
            char name[32];

            (void)snprintf(name, sizeof(name), "h%d.example", (round + i) % 6000);
            assert_true(hops_pin(crowd.hops, name, i % 2 == 0, START));
        }
        hops_pin_end(crowd.hops);
        while (hops_next(crowd.hops, ALL_RANKS, START + round, &order)) {
            if (answered++ % 7 == 0)
                hops_lost(crowd.hops, &settings, order.hop, answered % 2 == 0, START + round);
            else
                answer(crowd.hops, order.hop, found[answered % ROWS(found)], answered % 3 == 0,
                       START + round);
            if (answered % 64 == 0)
                break;
        }
        hops_set_working(crowd.hops, round % 2 == 0);
        if (round % 50 == 49)
            hops_renew(crowd.hops, round % 100 == 99, START);
    }
    atomic_store(&crowd.over, true);
    for (size_t i = 0; i < ROWS(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(count(crowd.hops).others <= 4096);
}

/* ---- the heap ---------------------------------------------------------------------------------
 */

static void heap__added_and_removed_at_random__gives_the_earliest(void **state)
{
    struct hop_heap_item items[200];
    struct hop_heap heap = { .count = 0 };
    uint64_t random = 88172645463325252U;

    (void)state;
    assert_null(hop_heap_first(&heap));
    assert_true(hop_heap_reserve(&heap, ROWS(items)));
    for (size_t i = 0; i < ROWS(items); i++)
        items[i].place = HOP_HEAP_NOWHERE;
    for (int step = 0; step < 20000; step++) {
        struct hop_heap_item *item;
        int64_t earliest = INT64_MAX;
        size_t there = 0;

        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        item = &items[random % ROWS(items)];
        if (item->place != HOP_HEAP_NOWHERE) {
            hop_heap_remove(&heap, item);
        } else {
            item->due_ms = (int64_t)(random >> 40) % 100;
            hop_heap_add(&heap, item);
        }
        for (size_t i = 0; i < ROWS(items); i++) {
            there += items[i].place != HOP_HEAP_NOWHERE;
            if (items[i].place != HOP_HEAP_NOWHERE && items[i].due_ms < earliest)
                earliest = items[i].due_ms;
        }
        assert_int_equal(heap.count, there);
        if (there > 0)
            assert_true(hop_heap_first(&heap)->due_ms == earliest);
    }
    hop_heap_release(&heap);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hop__never_seen__is_asked_about_once),
        TEST(hop__found__known_with_its_age_until_max_age),
        TEST(hop__no_prober__is_a_failure_of_the_prober),
        TEST(grip__facts_replaced_meanwhile__holds_the_old_ones),
        TEST(grip__full__nothing_is_known),
        TEST(failure__in_two_probes__confirmed_if_the_same_and_apart),
        TEST(facts__newer_probe_could_not_tell__stay_until_max_age),
        TEST(facts__one_of_three_hosts_busy__its_older_ones_beside_the_new),
        TEST(facts__host_without_addresses_now__its_older_ones),
        TEST(facts__no_such_domain__replaces_what_was_known),
        TEST(pinned__after_a_probe__due_before_interval_or_after_retry),
        TEST(ranks__all_due__pinned_first_then_others_then_suspects),
        TEST(suspect__breaks_prober_after_prober__longer_and_longer_until_interval),
        TEST(other__known__looked_at_again_only_while_it_is_used),
        TEST(other__came_to_nothing__again_only_when_asked_and_after_retry),
        TEST(doubt__facts_that_do_not_do__due_as_soon_as_retry_is_over),
        TEST(flood__of_names__waiting_ones_are_bounded),
        TEST(flood__while_as_many_wait_as_may__known_names_are_passed_over_too),
        TEST(flood__of_names_that_come_to_nothing__real_hops_and_pinned_ones_stay),
        TEST(flood__of_large_facts__bytes_are_bounded_and_the_last_used_stay),
        TEST(pins__new_round__old_ones_are_like_others),
        TEST(pins__many_of_them_given_up__no_more_stay_than_others_may),
        TEST(pins__given_up_before_mail_went_there__not_looked_at_any_more),
        TEST(pins__private_or_not__counts_for_the_round),
        TEST(renewal__pinned__due_now_with_or_without_what_is_known),
        TEST(answer__to_nothing_that_is_under_way__changes_nothing),
        TEST(visit__piece_by_piece__every_hop_once),
        TEST(threads__look_while_hops_come_and_go__nothing_is_lost),
        TEST(heap__added_and_removed_at_random__gives_the_earliest),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
