/* SPDX-License-Identifier: ISC */
/* Tests of milter/status: the document that the control socket tells, piece by piece. */
#include "tests/unit/build.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "milter/clock.h"
#include "milter/snapshot.h"
#include "milter/status.h"

/* All of it; `longest` is that of the pieces. */
static json_t *document(const struct status_source *source, size_t *longest)
{
    struct status *status = status_new(source);
    char *text = NULL, *piece;
    size_t length = 0;
    json_t *json;

    assert_non_null(status);
    *longest = 0;
    while (status_next(status, &piece)) {
        size_t more = strlen(piece);

        text = realloc(text, length + more + 1);
        assert_non_null(text);
        memcpy(text + length, piece, more + 1);
        length += more;
        *longest = more > *longest ? more : *longest;
        free(piece);
    }
    status_free(status);
    json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    free(text);
    return json;
}

static void install(size_t connectors)
{
    struct rules *rules = build_rules();

    for (size_t i = 0; i < connectors; i++) {
        char name[32], domain[48];

        (void)snprintf(name, sizeof(name), "partner-%zu", i);
        (void)snprintf(domain, sizeof(domain), "p%zu.example", i);
        build_add(rules, build_connector(name, LEVEL_ENCRYPT), domain);
    }
    build_finish(rules);
    assert_true(snapshot_install(rules));
}

static struct status_source source_of(struct counters *counters, struct hops *hops)
{
    return (struct status_source){ .config = "/etc/forcetls/forcetls.conf",
                                   .started = NOW,
                                   .started_ms = monotonic_ms() - 5000,
                                   .counters = counters,
                                   .hops = hops };
}

static size_t size_of(const json_t *document, const char *member)
{
    return json_array_size(json_object_get(document, member));
}

static void status__no_rules__none(void **state)
{
    struct counters *counters = counters_new();
    struct status_source source = source_of(counters, NULL);

    (void)state;
    assert_null(status_new(&source));
    counters_free(counters);
}

static void status__any_number_of_connectors__all_in_short_pieces(void **state)
{
    static const size_t sizes[] = { 0, 1, 2, 63, 64, 65, 128, 1000 };
    struct counters *counters = counters_new();
    struct status_source source = source_of(counters, NULL);
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(sizes); i++) {
        size_t longest;
        json_t *json;

        install(sizes[i]);
        json = document(&source, &longest);
        bad +=
            row(size_of(json, "connectors") == sizes[i] && size_of(json, "hops") == 0 &&
                    longest < 16384,
                "%zu connectors: %zu, %zu bytes", sizes[i], size_of(json, "connectors"), longest);
        json_decref(json);
    }
    assert_int_equal(bad, 0);
    snapshot_uninstall();
    counters_free(counters);
}

static void status__the_rules_it_began_with__to_the_end(void **state)
{
    struct counters *counters = counters_new();
    struct status_source source = source_of(counters, NULL);
    struct status *status;
    char *piece;
    size_t names = 0;

    (void)state;
    install(200);
    status = status_new(&source);
    assert_true(status_next(status, &piece));
    free(piece);
    install(3);
    while (status_next(status, &piece)) {
        for (const char *at = piece; (at = strstr(at, "\"partner-")) != NULL; at++)
            names++;
        free(piece);
    }
    assert_int_equal(names, 200);
    status_free(status);
    snapshot_uninstall();
    counters_free(counters);
}

static void status__given_up_in_the_middle__no_harm(void **state)
{
    struct counters *counters = counters_new();
    struct status_source source = source_of(counters, NULL);

    (void)state;
    install(200);
    for (size_t pieces = 0; pieces < 8; pieces++) {
        struct status *status = status_new(&source);
        char *piece;

        for (size_t i = 0; i < pieces && status_next(status, &piece); i++)
            free(piece);
        status_free(status);
    }
    snapshot_uninstall();
    counters_free(counters);
}

/* ---- hops ------------------------------------------------------------------------------------ */

/* Facts in one block, as hops_found() takes them over: a host with an address. */
static struct hop_facts *facts_of(enum hop_state address_state)
{
    struct block {
        struct hop_facts facts;
        struct hop_host host;
        struct hop_address address;
    } *block = calloc(1, sizeof(*block));

    assert_non_null(block);
    block->address.ip = build_ip("192.0.2.9");
    block->address.port = 25;
    block->address.state = address_state;
    block->host = (struct hop_host){ .name = SPAN("mx1.contoso.com"),
                                     .preference = 10,
                                     .lookup = LOOKUP_FOUND,
                                     .addresses = &block->address,
                                     .address_count = 1 };
    block->facts = (struct hop_facts){
        .lookup = LOOKUP_FOUND, .dnssec = DNSSEC_SECURE, .hosts = &block->host, .host_count = 1
    };
    return &block->facts;
}

static const json_t *hop_of(const json_t *document, const char *name)
{
    const json_t *hops = json_object_get(document, "hops");

    for (size_t i = 0; i < json_array_size(hops); i++) {
        const json_t *hop = json_array_get(hops, i);

        if (strcmp(json_string_value(json_object_get(hop, "hop")), name) == 0)
            return hop;
    }
    return NULL;
}

static bool is_text(const json_t *value, const char *wanted)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    bool equal = text != NULL && strcmp(text, wanted) == 0;

    if (!equal)
        print_error("# got:    %s\n# wanted: %s\n", text, wanted);
    free(text);
    return equal;
}

static void status__hops__what_is_known_and_when_they_are_due(void **state)
{
    struct counters *counters = counters_new();
    struct hops *hops = hops_new();
    struct status_source source = source_of(counters, hops);
    const struct rules *rules;
    struct snapshot *snapshot;
    struct hop_order order;
    size_t longest;
    int64_t now = monotonic_ms();
    const json_t *hop;
    json_int_t age;
    json_t *json;

    (void)state;
    install(1);
    snapshot = snapshot_get();
    rules = snapshot_rules(snapshot);
    hops_pin_begin(hops);
    assert_true(hops_pin(hops, "contoso.com", false, now - 60000));
    hops_pin_end(hops);
    assert_true(hops_next(hops, ~0U, now - 60000, &order));
    assert_true(hops_found(hops, &rules->settings.probe, order.hop, facts_of(HOP_TLS), 1000, NOW,
                           now - 60000, false, now - 60000));
    hops_pin_begin(hops);
    assert_true(hops_pin(hops, "contoso.com", false, now));
    assert_true(hops_pin(hops, "[mail.hq.example]:587", true, now));
    hops_pin_end(hops);
    json = document(&source, &longest);
    assert_int_equal(size_of(json, "hops"), 2);
    hop = hop_of(json, "contoso.com");
    assert_non_null(hop);
    assert_true(is_text(json_object_get(json_object_get(hop, "found"), "hosts"),
                        "[{\"name\":\"mx1.contoso.com\",\"preference\":10,\"self\":false,"
                        "\"lookup\":\"found\",\"states\":[\"tls\"]}]"));
    assert_true(json_is_true(json_object_get(hop, "pinned")));
    age = json_integer_value(json_object_get(json_object_get(hop, "found"), "age"));
    assert_true(age >= 60 && age <= 120);
    assert_true(json_integer_value(json_object_get(hop, "next")) > 600);
    assert_true(json_is_null(json_object_get(hop, "used")));
    hop = hop_of(json, "[mail.hq.example]:587");
    assert_non_null(hop);
    assert_true(json_is_null(json_object_get(hop, "found")));
    assert_int_equal(json_integer_value(json_object_get(hop, "next")), 0);
    assert_true(is_text(json_object_get(json, "prober"),
                        "{\"pinned\":2,\"others\":0,\"waiting\":0,\"passed_over\":0}"));
    json_decref(json);
    snapshot_put(snapshot);
    snapshot_uninstall();
    hops_free(hops);
    counters_free(counters);
}

static void status__thousands_of_hops__all_in_short_pieces(void **state)
{
    struct counters *counters = counters_new();
    struct hops *hops = hops_new();
    struct status_source source = source_of(counters, hops);
    size_t longest;
    json_t *json;

    (void)state;
    install(1);
    hops_pin_begin(hops);
    for (unsigned i = 0; i < 5000; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "p%u.example", i);
        assert_true(hops_pin(hops, name, false, monotonic_ms()));
    }
    hops_pin_end(hops);
    json = document(&source, &longest);
    assert_int_equal(size_of(json, "hops"), 5000);
    assert_true(longest < 32768);
    json_decref(json);
    snapshot_uninstall();
    hops_free(hops);
    counters_free(counters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status__no_rules__none),
        cmocka_unit_test(status__any_number_of_connectors__all_in_short_pieces),
        cmocka_unit_test(status__the_rules_it_began_with__to_the_end),
        cmocka_unit_test(status__given_up_in_the_middle__no_harm),
        cmocka_unit_test(status__hops__what_is_known_and_when_they_are_due),
        cmocka_unit_test(status__thousands_of_hops__all_in_short_pieces),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
