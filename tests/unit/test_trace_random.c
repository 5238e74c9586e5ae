/* SPDX-License-Identifier: ISC */
/*
 * A property of decide_inbound_traced(), on random rules, senders and recipients: the decision is
 * that of decide_inbound(), and every entry that concerns the sender is in the trace once for each
 * reading, with a fate that is true; nothing else is.
 */
#include "tests/unit/build.h"

#include <stdio.h>
#include <string.h>

#include "policy/decide.h"

static uint32_t seed;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % limit;
}

static const char *const names[] = { "example",       "a.example", "b.example", "x.a.example",
                                     "y.x.a.example", "one.test",  "test",      "x.one.test" };

/* What was put into the rules, to be compared with what the trace says. */
enum { ENTRIES_MOST = 64 };

struct model {
    struct rules *rules;
    struct {
        const struct connector *connector;
        struct pattern pattern;
    } entries[ENTRIES_MOST];
    size_t count;
};

static void random_pattern(char text[64])
{
    static const char *const heads[] = { "", ".", "*." };

    if (random_below(8) == 0)
        (void)snprintf(text, 64, "*");
    else
        (void)snprintf(text, 64, "%s%s", heads[random_below(3)], names[random_below(ROWS(names))]);
}

static void random_local_domains(struct connector *connector)
{
    char text[64];

    for (uint32_t i = random_below(4); i > 1; i--) {
        random_pattern(text);
        build_local_domains(connector, text);
    }
}

static void random_networks(struct connector *connector)
{
    static const char *const networks[] = { "192.0.2.0/24", "192.0.2.25", "192.0.0.0/16",
                                            "198.51.100.0/24" };

    for (uint32_t i = random_below(4); i > 1; i--)
        build_networks(&connector->client_networks, networks[random_below(ROWS(networks))]);
}

static void add_entries(struct model *model, uint32_t index)
{
    for (uint32_t i = 1 + random_below(4); i > 0 && model->count < ENTRIES_MOST; i--) {
        const struct connector *connector = connectors_get(model->rules->connectors, index);
        struct pattern pattern;
        bool there = false;
        char text[64];

        random_pattern(text);
        pattern = build_pattern(text);
        for (size_t n = 0; n < model->count; n++)
            there =
                there || (model->entries[n].connector == connector &&
                          model->entries[n].pattern.kind == pattern.kind &&
                          strcmp(model->entries[n].pattern.domain.name, pattern.domain.name) == 0);
        if (there || connectors_conflict(model->rules->connectors, index, &pattern) != NULL)
            continue;
        assert_true(connectors_add_domain(model->rules->connectors, index, &pattern));
        model->entries[model->count].connector = connector;
        model->entries[model->count++].pattern = pattern;
    }
}

static void random_model(struct model *model)
{
    model->rules = build_rules();
    model->count = 0;
    model->rules->settings.mode = random_below(8) == 0 ? MODE_MONITOR : MODE_ENFORCE;
    for (uint32_t i = 1 + random_below(10); i > 0; i--) {
        struct connector *connector = build_connector("c", (enum level)random_below(LEVELS));
        uint32_t index;

        connector->mode = random_below(3) == 0 ? MODE_MONITOR : MODE_ENFORCE;
        connector->action = random_below(2) == 0 ? ACTION_REJECT : ACTION_DEFER;
        random_local_domains(connector);
        random_networks(connector);
        if (random_below(6) == 0)
            build_networks(&connector->exempt_networks, "192.0.2.0/24");
        build_entry(connector)->has_fingerprint = true;
        assert_true(connectors_add(model->rules->connectors, connector, &index));
        add_entries(model, index);
    }
    build_finish(model->rules);
}

/* An address with one or several readings. */
static void random_address(char text[160])
{
    static const char *const forms[][3] = { { "<u@", NULL, ">" },
                                            { "<u@", NULL, ">" },
                                            { "<u%", "@", ">" },
                                            { "<@", ":u@", ">" },
                                            { "<", "!u@", ">" },
                                            { "<u@", "@", ">" },
                                            { "<u%", NULL, "@[192.0.2.1]>" } };
    const char *const *form = forms[random_below(ROWS(forms))];
    const char *first = names[random_below(ROWS(names))];
    const char *second = names[random_below(ROWS(names))];

    if (random_below(10) == 0)
        (void)snprintf(text, 160, "<u>");
    else if (form[1] == NULL)
        (void)snprintf(text, 160, "%s%s%s", form[0], first, form[2]);
    else
        (void)snprintf(text, 160, "%s%s%s%s%s", form[0], first, form[1], second, form[2]);
}

static void random_scene(struct scene *scene, char sender[160], char recipient[160])
{
    static const char *const clients[] = { "192.0.2.25", "192.0.9.9", "198.51.100.7",
                                           "203.0.113.9" };

    random_address(sender);
    if (random_below(3) == 0)
        (void)snprintf(sender, 160, "<>");
    random_address(recipient);
    scene_init(scene, sender, random_below(12) == 0 ? NULL : recipient);
    scene_set_client(scene, clients[random_below(ROWS(clients))], names[random_below(ROWS(names))],
                     random_below(2) == 0);
    scene_set_helo(scene, random_below(4) == 0 ? NULL : names[random_below(ROWS(names))]);
    if (random_below(3) == 0)
        scene_plain(scene);
    else if (random_below(2) == 0)
        scene->facts.certificate.trust = TRUST_NONE_OR_UNTRUSTED;
}

static void same_decision(const struct decision *a, const struct decision *b)
{
    assert_int_equal(a->outcome, b->outcome);
    assert_int_equal(a->reason, b->reason);
    assert_int_equal(a->verdict, b->verdict);
    assert_int_equal(a->would, b->would);
    assert_int_equal(a->monitored, b->monitored);
    assert_ptr_equal(a->match.connector, b->match.connector);
    assert_int_equal(a->match.by, b->match.by);
    assert_int_equal(a->match.kind, b->match.kind);
    assert_ptr_equal(a->match.entry, b->match.entry);
    assert_ptr_equal(a->match.domain.data, b->match.domain.data);
    assert_int_equal(a->match.domain.length, b->match.domain.length);
    assert_ptr_equal(a->near_miss, b->near_miss);
    assert_ptr_equal(a->near_miss_domain.data, b->near_miss_domain.data);
    assert_int_equal(a->near_miss_domain.length, b->near_miss_domain.length);
    assert_int_equal(a->trail.count, b->trail.count);
    for (size_t i = 0; i < a->trail.count; i++) {
        assert_int_equal(a->trail.results[i].check, b->trail.results[i].check);
        assert_int_equal(a->trail.results[i].outcome, b->trail.results[i].outcome);
        assert_int_equal(a->trail.results[i].reason, b->trail.results[i].reason);
        assert_int_equal(a->trail.results[i].entry, b->trail.results[i].entry);
        assert_int_equal(a->trail.results[i].field, b->trail.results[i].field);
    }
}

/* Whether its name is the domain or a parent of it (NULL: no domain, so only "*"). */
static bool concerns(const struct pattern *pattern, const struct domain *domain)
{
    struct span name = { pattern->domain.name, pattern->domain.length };

    if (pattern->kind == PATTERN_ANY)
        return true;
    return domain != NULL && (domain_is(domain, name) || domain_is_below(domain, name));
}

static bool covers(const struct pattern *pattern, const struct domain *domain)
{
    struct span name = { pattern->domain.name, pattern->domain.length };

    switch (pattern->kind) {
    case PATTERN_EXACT:
        return domain != NULL && domain_is(domain, name);
    case PATTERN_BELOW:
        return domain != NULL && domain_is_below(domain, name);
    case PATTERN_TREE:
        return concerns(pattern, domain);
    case PATTERN_ANY:
        break;
    }
    return true;
}

/* The recipient's readings, each once: NULL is any domain of ours. */
static size_t readings(const struct facts *facts, const struct domain *list[16])
{
    const struct address *recipient = facts->recipient_address;
    size_t count = 0;

    for (size_t i = 0; recipient != NULL && i < recipient->count; i++) {
        const struct domain *domain =
            recipient->domains[i].name[0] == '[' ? NULL : &recipient->domains[i];
        bool there = false;

        for (size_t n = 0; n < count; n++)
            there = there || list[n] == domain;
        if (!there)
            list[count++] = domain;
    }
    if (count == 0)
        list[count++] = NULL;
    assert_true(count < 16);
    return count;
}

static size_t found(const struct trace *trace, const struct connector *connector,
                    const struct pattern *pattern, enum matched_by by, const struct domain *domain,
                    const struct domain *recipient, const struct candidate **candidate)
{
    size_t count = 0;

    for (size_t i = 0; i < trace->count; i++) {
        const struct candidate *other = &trace->candidates[i];
        bool same_entry = pattern == NULL
                              ? other->match.entry == NULL
                              : other->match.entry != NULL && other->match.kind == pattern->kind &&
                                    strcmp(other->match.entry, pattern->domain.name) == 0;
        bool same_domain = domain == NULL ? span_empty(other->match.domain)
                                          : other->match.domain.data == domain->name;

        if (other->match.connector == connector && other->match.by == by && same_entry &&
            same_domain && other->ours.data == (recipient != NULL ? recipient->name : NULL)) {
            *candidate = other;
            count++;
        }
    }
    return count;
}

static void check_fate(const struct candidate *candidate, const struct pattern *pattern,
                       const struct domain *domain, const struct domain *recipient)
{
    const struct connector *connector = candidate->match.connector;
    bool fits = pattern == NULL || covers(pattern, domain);
    bool serves = connector->local_domains == NULL || recipient == NULL ||
                  domain_table_covers(connector->local_domains, recipient);

    if (!fits)
        assert_int_equal(candidate->fate, pattern->kind == PATTERN_EXACT ? FATE_NO_SUBDOMAINS
                                                                         : FATE_ONLY_SUBDOMAINS);
    else if (!serves)
        assert_int_equal(candidate->fate, FATE_LOCAL_DOMAINS);
    else
        assert_true(candidate->fate == FATE_COUNTS || candidate->fate == FATE_LESS_STRICT ||
                    candidate->fate == FATE_LESS_SPECIFIC);
}

/* Every entry that concerns the domain is there, once, with a fate that can be. Returns how many.
 */
static size_t check_domain(const struct model *model, const struct trace *trace, enum matched_by by,
                           const struct domain *domain, const struct domain *recipient)
{
    size_t count = 0;

    for (size_t i = 0; i < model->count; i++) {
        const struct candidate *candidate = NULL;
        const struct pattern *pattern = &model->entries[i].pattern;
        size_t wanted = concerns(pattern, domain);

        assert_int_equal(
            found(trace, model->entries[i].connector, pattern, by, domain, recipient, &candidate),
            wanted);
        count += wanted;
        if (wanted > 0)
            check_fate(candidate, pattern, domain, recipient);
    }
    return count;
}

static size_t check_networks(const struct model *model, const struct facts *facts,
                             const struct trace *trace, const struct domain *recipient)
{
    size_t count = 0;

    for (uint32_t i = 0; i < connectors_count(model->rules->connectors); i++) {
        const struct connector *connector = connectors_get(model->rules->connectors, i);
        const struct candidate *candidate = NULL;
        size_t wanted = network_list_contains(&connector->client_networks, &facts->client);

        assert_int_equal(
            found(trace, connector, NULL, MATCHED_BY_NETWORK, NULL, recipient, &candidate), wanted);
        count += wanted;
        if (wanted > 0)
            check_fate(candidate, NULL, NULL, recipient);
    }
    return count;
}

/* All that must be in the trace is there, and nothing else. */
static void check_complete(const struct model *model, const struct facts *facts,
                           const struct trace *trace)
{
    const struct address *sender = facts->sender_address;
    const struct domain *recipients[16];
    size_t count = 0, rounds = readings(facts, recipients);

    for (size_t r = 0; r < rounds; r++) {
        if (sender->null) {
            count += check_networks(model, facts, trace, recipients[r]);
            count += check_domain(model, trace, MATCHED_BY_HELO, facts->helo_domain, recipients[r]);
            if (facts->client_domain != NULL)
                count += check_domain(model, trace, MATCHED_BY_CLIENT_NAME, facts->client_domain,
                                      recipients[r]);
            continue;
        }
        for (size_t i = 0; i < sender->count; i++)
            count +=
                check_domain(model, trace, MATCHED_BY_SENDER, &sender->domains[i], recipients[r]);
        if (sender->count == 0)
            count += check_domain(model, trace, MATCHED_BY_SENDER, NULL, recipients[r]);
    }
    assert_int_equal(trace->count, count);
}

/* The decision is one of the judgements, and where all must be satisfied the strictest. */
static void check_counting(const struct facts *facts, const struct decision *decision,
                           const struct trace *trace, unsigned *judged)
{
    unsigned counts = 0;

    for (size_t i = 0; i < trace->count; i++) {
        const struct candidate *candidate = &trace->candidates[i];

        if (candidate->fate != FATE_COUNTS && candidate->fate != FATE_LESS_STRICT)
            continue;
        (*judged)++;
        assert_int_not_equal(candidate->outcome, OUTCOME_NONE);
        if (candidate->fate == FATE_COUNTS) {
            counts++;
            assert_ptr_equal(candidate->match.connector, decision->match.connector);
            assert_ptr_equal(candidate->match.entry, decision->match.entry);
            assert_int_equal(candidate->match.by, decision->match.by);
            assert_int_equal(candidate->outcome, decision->outcome);
            assert_int_equal(candidate->reason, decision->reason);
            assert_int_equal(candidate->would, decision->would);
            assert_int_equal(candidate->monitored, decision->monitored);
        } else if (!facts->sender_address->null) {
            enum verdict verdict = candidate->monitored ? VERDICT_PASS : candidate->would;

            assert_true(verdict <= decision->verdict);
            assert_true(verdict < decision->verdict || candidate->would <= decision->would);
        }
    }
    assert_int_equal(counts, decision->outcome != OUTCOME_NONE);
}

static void property__trace__same_decision_and_every_entry_once(void **state)
{
    unsigned judged = 0, none = 0, decided = 0, of_null = 0;

    (void)state;
    seed = 4;
    for (int round = 0; round < 6000; round++) {
        struct model model;

        random_model(&model);
        for (int message = 0; message < 8; message++) {
            static struct trace trace;
            struct decision plain, traced;
            struct scene scene;
            char sender[160], recipient[160];

            random_scene(&scene, sender, recipient);
            memset(&plain, 0x55, sizeof(plain));
            memset(&traced, 0xaa, sizeof(traced));
            decide_inbound(model.rules, &scene.facts, &plain);
            decide_inbound_traced(model.rules, &scene.facts, &traced, &trace);
            same_decision(&plain, &traced);
            none += plain.outcome == OUTCOME_NONE;
            decided += plain.outcome != OUTCOME_NONE;
            of_null += scene.sender.null && plain.outcome != OUTCOME_NONE;
            if (trace.left_out == 0) {
                check_complete(&model, &scene.facts, &trace);
                check_counting(&scene.facts, &traced, &trace, &judged);
            }
            scene_release(&scene);
        }
        rules_free(model.rules);
    }
    assert_true(none > 1000);
    assert_true(of_null > 1000);
    assert_true(judged > decided); /* several judgements about one recipient do occur */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(property__trace__same_decision_and_every_entry_once),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
