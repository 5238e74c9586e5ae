/* SPDX-License-Identifier: ISC */
/*
 * The table of hops at random: rules come and go, mail goes anywhere, probes are answered, lost and
 * given back, the clock jumps. After each step it is held against a model that only counts: a
 * pinned hop is never forgotten and always under way or due, nothing is looked at twice at a time,
 * nothing that is too old is told, and there are no more hops than may be.
 */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "milter/hops/hops.h"

#define NAMES 40 /* that rules may name; mail goes to others too */
#define OTHER_NAMES 6000
#define OTHERS_MOST 4096
#define STEPS 60000
#define HOUR_MS (INT64_C(3600) * 1000)
#define ALL_RANKS ((1U << HOP_RANKS) - 1)

static const struct probe_settings settings = { .interval = 6 * 3600,
                                                .retry = 600,
                                                .max_age = 24 * 3600 };

struct model {
    struct hops *hops;
    uint64_t random;
    int64_t now_ms;
    bool pinned[NAMES];
    bool under_way[NAMES + OTHER_NAMES];
    int64_t told_ms[NAMES + OTHER_NAMES]; /* the last answer that had anything to tell; 0: none */
    unsigned bad;
};

static unsigned draw(struct model *model, unsigned below)
{
    model->random ^= model->random << 13;
    model->random ^= model->random >> 7;
    model->random ^= model->random << 17;
    return (unsigned)(model->random >> 20) % below;
}

static void name_of(unsigned number, char name[32])
{
    (void)snprintf(name, 32, "n%u.example", number);
}

static unsigned number_of(const char *name)
{
    return (unsigned)strtoul(name + 1, NULL, 10);
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void follow_rules(struct model *model)
{
    char name[32];

    hops_pin_begin(model->hops);
    for (unsigned i = 0; i < NAMES; i++) {
        model->pinned[i] = draw(model, 4) != 0;
        name_of(i, name);
        if (model->pinned[i])
            assert_true(hops_pin(model->hops, name, draw(model, 2), model->now_ms));
    }
    hops_pin_end(model->hops);
}

static void send_mail(struct model *model)
{
    const struct hops_question question = { &settings, model->now_ms, draw(model, 2) };
    unsigned number = draw(model, draw(model, 2) ? NAMES : NAMES + OTHER_NAMES);
    struct hop_grip grip = { .count = 0 };
    struct hop_knowledge knowledge;
    struct next_hop hop;
    char name[32];

    name_of(number, name);
    assert_true(next_hop_read(&hop, span_of(name)));
    hops_get(model->hops, &hop, &question, &grip, &knowledge);
    if (knowledge.facts != NULL) {
        int64_t age_ms = model->now_ms - model->told_ms[number];

        model->bad += row(model->told_ms[number] != 0 && knowledge.age * 1000 >= age_ms - 1000 &&
                              knowledge.age <= settings.max_age,
                          "%s: %lld s old", name, (long long)knowledge.age);
        model->bad +=
            row(!knowledge.fresh || knowledge.age <= settings.interval, "%s: fresh", name);
    }
    if (draw(model, 3) == 0)
        hops_doubt(model->hops, &grip, &question);
    hop_grip_release(&grip);
}

static void take_next(struct model *model)
{
    unsigned ranks = draw(model, 2) ? ALL_RANKS : draw(model, ALL_RANKS + 1);
    struct hop_order order;
    unsigned number;

    if (!hops_next(model->hops, ranks, model->now_ms, &order))
        return;
    number = number_of(order.hop);
    model->bad += row(!model->under_way[number], "%s: twice at a time", order.hop);
    model->bad += row((ranks & 1U << order.rank) != 0, "%s: rank %d", order.hop, (int)order.rank);
    if (order.rank != HOP_SUSPECT)
        model->bad += row((order.rank == HOP_PINNED) == (number < NAMES && model->pinned[number]),
                          "%s: rank %d", order.hop, (int)order.rank);
    model->under_way[number] = true;
}

/* One host without STARTTLS, a busy one, or no answer of the DNS. */
static struct hop_facts *facts_of(unsigned kind, size_t *size)
{
    struct {
        struct hop_facts facts;
        struct hop_host host;
        struct hop_address address;
    } *block = calloc(1, sizeof(*block));

    assert_non_null(block);
    block->facts.lookup = kind == 0 ? LOOKUP_TIMEOUT : LOOKUP_FOUND;
    block->facts.hosts = &block->host;
    block->facts.host_count = kind != 0;
    block->host.name = SPAN("mx1");
    block->host.lookup = LOOKUP_FOUND;
    block->host.addresses = &block->address;
    block->host.address_count = 1;
    block->address.ip = (struct ip){ 4, { 192, 0, 2, 1 } };
    block->address.port = 25;
    block->address.state = kind == 1 ? HOP_BUSY : HOP_NO_STARTTLS;
    *size = sizeof(*block);
    return &block->facts;
}

static void end_probe(struct model *model, unsigned number)
{
    unsigned way = draw(model, 8);
    struct hop_facts *facts;
    char name[32];
    size_t size;

    name_of(number, name);
    model->under_way[number] = false;
    if (way == 0) {
        hops_again(model->hops, name, model->now_ms);
    } else if (way <= 2) {
        hops_lost(model->hops, &settings, name, way == 1, model->now_ms);
    } else {
        facts = facts_of(draw(model, 3), &size);
        model->told_ms[number] = model->now_ms;
        assert_true(hops_found(model->hops, &settings, name, facts, size, NOW, model->now_ms,
                               draw(model, 2), model->now_ms));
    }
}

static void end_probes(struct model *model)
{
    for (unsigned i = 0; i < NAMES + OTHER_NAMES; i++) {
        if (model->under_way[i] && draw(model, 3) != 0)
            end_probe(model, i);
    }
}

static void step(struct model *model)
{
    unsigned way = draw(model, 100);

    if (way < 2)
        follow_rules(model);
    else if (way < 3)
        hops_renew(model->hops, draw(model, 4) == 0, model->now_ms);
    else if (way < 55)
        send_mail(model);
    else if (way < 85)
        take_next(model);
    else if (way < 92)
        end_probes(model);
    else
        model->now_ms += draw(model, way == 99 ? 8 * 24 * 3600000U : 600000);
}

/* ---- what must be so ------------------------------------------------------------------------ */

static void look(void *data, const struct hop_view *view)
{
    struct model *model = data;
    unsigned number = number_of(view->hop);
    bool pinned = number < NAMES && model->pinned[number];

    model->bad += row(view->pinned == pinned, "%s: pinned %d", view->hop, view->pinned);
    model->bad += row(view->under_way == model->under_way[number], "%s: under way", view->hop);
    model->bad += row(!pinned || view->under_way || view->due_ms != INT64_MAX,
                      "%s: pinned, and never looked at again", view->hop);
    model->bad +=
        row(!view->under_way || view->due_ms == INT64_MAX, "%s: due meanwhile", view->hop);
}

static void check(struct model *model)
{
    const struct hops_question question = { &settings, model->now_ms, false };
    size_t position = 0, pinned = 0;
    struct hops_count count;

    while (hops_visit(model->hops, &position, &question, look, model))
        continue;
    for (unsigned i = 0; i < NAMES; i++)
        pinned += model->pinned[i];
    hops_count(model->hops, &count);
    model->bad += row(count.pinned == pinned, "%zu pinned, not %zu", count.pinned, pinned);
    model->bad += row(count.others <= OTHERS_MOST && count.waiting <= count.others,
                      "%zu others, %zu waiting", count.others, count.waiting);
}

/* All probes end, and time goes on: every pinned hop has its turn. */
static void check_turns(struct model *model)
{
    bool seen[NAMES] = { false };
    struct hop_order order;

    for (unsigned i = 0; i < NAMES + OTHER_NAMES; i++) {
        if (model->under_way[i])
            end_probe(model, i);
    }
    model->now_ms += 7 * HOUR_MS;
    while (hops_next(model->hops, ALL_RANKS, model->now_ms, &order)) {
        unsigned number = number_of(order.hop);

        if (number < NAMES)
            seen[number] = true;
        model->under_way[number] = true;
    }
    for (unsigned i = 0; i < NAMES; i++)
        model->bad += row(seen[i] || !model->pinned[i], "n%u.example has no turn", i);
}

/* FORCETLS_SEED is where it starts from. */
static void table__at_random__as_the_model(void **state)
{
    const char *seed = getenv("FORCETLS_SEED");
    struct model *model = calloc(1, sizeof(*model));

    (void)state;
    assert_non_null(model);
    model->hops = hops_new();
    assert_non_null(model->hops);
    model->random = 88172645463325252U ^ (seed != NULL ? strtoull(seed, NULL, 10) << 8 : 0);
    model->now_ms = HOUR_MS;
    for (unsigned i = 0; i < STEPS && model->bad == 0; i++) {
        step(model);
        if (i % 50 == 0)
            check(model);
        if (i % 5000 == 4999)
            check_turns(model);
    }
    assert_int_equal(model->bad, 0);
    hops_free(model->hops);
    free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table__at_random__as_the_model),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
