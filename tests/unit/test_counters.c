/* SPDX-License-Identifier: ISC */
/* Tests of milter/counters: what is counted under what, who keeps what over a reload, and that
 * nothing is lost when all callbacks count at once. */
#include "tests/unit/build.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "milter/counters.h"

#define THREADS 8
#define TIMES 20000

static struct decision decision_of(const struct connector *connector, enum outcome outcome,
                                   enum reason reason, enum verdict would, bool monitored)
{
    return (struct decision){ .direction = DIRECTION_INBOUND,
                              .outcome = outcome,
                              .reason = reason,
                              .verdict = monitored ? VERDICT_PASS : would,
                              .would = would,
                              .monitored = monitored,
                              .match = { .connector = connector } };
}

static void counters_add__each_verdict__counted_as_the_log_has_it(void **state)
{
    static const struct {
        enum outcome outcome;
        enum reason reason;
        enum verdict would;
        bool monitored;
        enum counted what;
    } rows[] = {
        { OUTCOME_PASS, REASON_NONE, VERDICT_PASS, false, COUNTED_PASS },
        { OUTCOME_PASS, REASON_NONE, VERDICT_PASS, true, COUNTED_PASS },
        { OUTCOME_EXEMPT, REASON_NETWORK, VERDICT_PASS, false, COUNTED_EXEMPT },
        { OUTCOME_UNKNOWN, REASON_NOT_PROBED_YET, VERDICT_PASS, false, COUNTED_PASS },
        { OUTCOME_FAIL, REASON_NO_TLS, VERDICT_REJECT, false, COUNTED_REJECT },
        { OUTCOME_FAIL, REASON_NO_TLS, VERDICT_DEFER, false, COUNTED_DEFER },
        { OUTCOME_UNKNOWN, REASON_NOT_REPORTED, VERDICT_DEFER, false, COUNTED_DEFER },
        { OUTCOME_FAIL, REASON_NO_TLS, VERDICT_REJECT, true, COUNTED_WOULD_REJECT },
        { OUTCOME_UNKNOWN, REASON_NOT_REPORTED, VERDICT_DEFER, true, COUNTED_WOULD_DEFER },
    };
    struct connector *connector = build_connector("contoso-in", LEVEL_ENCRYPT);
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct counters *counters = counters_new();
        struct decision decision = decision_of(connector, rows[i].outcome, rows[i].reason,
                                               rows[i].would, rows[i].monitored);
        struct count counts[2];

        assert_non_null(counters);
        counters_add(counters, &decision, 2, NOW);
        counters_add(counters, &decision, 3, NOW + 7);
        bad += row(counters_read(counters, "contoso-in", counts, 2) == 1 &&
                       counts[0].direction == DIRECTION_INBOUND && counts[0].what == rows[i].what &&
                       counts[0].reason == rows[i].reason && counts[0].recipients == 5 &&
                       counts[0].last == NOW + 7,
                   "row %zu", i);
        counters_free(counters);
    }
    assert_int_equal(bad, 0);
    connector_free(connector);
}

static void counters_add__no_connector__counted_nowhere(void **state)
{
    struct counters *counters = counters_new();
    struct decision decision = decision_of(NULL, OUTCOME_NONE, REASON_NONE, VERDICT_PASS, false);
    struct count count;

    (void)state;
    counters_add(counters, &decision, 1, NOW);
    assert_int_equal(counters_read(counters, "", &count, 1), 0);
    counters_free(counters);
}

static void counters_add__directions_and_reasons__apart(void **state)
{
    struct counters *counters = counters_new();
    struct connector *connector = build_connector("both", LEVEL_ENCRYPT);
    struct decision decision =
        decision_of(connector, OUTCOME_FAIL, REASON_NO_TLS, VERDICT_DEFER, false);
    struct count counts[COUNTS_MOST];

    (void)state;
    counters_add(counters, &decision, 1, NOW);
    decision.direction = DIRECTION_OUTBOUND;
    counters_add(counters, &decision, 10, NOW);
    decision.reason = REASON_STARTTLS_NOT_OFFERED;
    counters_add(counters, &decision, 100, NOW);
    assert_int_equal(counters_read(counters, "both", counts, COUNTS_MOST), 3);
    assert_int_equal(counts[0].recipients, 1);
    assert_int_equal(counts[1].recipients, 10);
    assert_int_equal(counts[1].direction, DIRECTION_OUTBOUND);
    assert_int_equal(counts[2].recipients, 100);
    assert_int_equal(counters_read(counters, "both", counts, 2), 2);
    counters_free(counters);
    connector_free(connector);
}

static void counters__every_combination__room_for_all(void **state)
{
    struct counters *counters = counters_new();
    struct connector *connector = build_connector("busy", LEVEL_ENCRYPT);
    struct count counts[COUNTS_MOST + 1];
    size_t all = 0;

    (void)state;
    for (int direction = 0; direction < DIRECTIONS; direction++) {
        for (int reason = 0; reason < REASONS; reason++) {
            for (int kind = 0; kind <= COUNTED_WOULD_REJECT; kind++) {
                struct decision decision = decision_of(
                    connector, kind == COUNTED_EXEMPT ? OUTCOME_EXEMPT : OUTCOME_FAIL,
                    (enum reason)reason,
                    kind == COUNTED_PASS || kind == COUNTED_EXEMPT           ? VERDICT_PASS
                    : kind == COUNTED_REJECT || kind == COUNTED_WOULD_REJECT ? VERDICT_REJECT
                                                                             : VERDICT_DEFER,
                    kind >= COUNTED_WOULD_DEFER);

                decision.direction = (enum direction)direction;
                counters_add(counters, &decision, 1, NOW);
                all++;
            }
        }
    }
    assert_int_equal(all, COUNTS_MOST);
    assert_int_equal(counters_read(counters, "busy", counts, COUNTS_MOST + 1), COUNTS_MOST);
    counters_free(counters);
    connector_free(connector);
}

/* A reload makes other connectors of the same names, in another order. */
static void counters__reload__found_by_name(void **state)
{
    struct counters *counters = counters_new();
    struct connector *old = build_connector("contoso-in", LEVEL_ENCRYPT);
    struct connector *other = build_connector("tax-office", LEVEL_ENCRYPT);
    struct connector *new = build_connector("contoso-in", LEVEL_SECURE);
    struct decision decision = decision_of(old, OUTCOME_PASS, REASON_NONE, VERDICT_PASS, false);
    struct count count;

    (void)state;
    counters_add(counters, &decision, 1, NOW);
    connector_free(old);
    decision.match.connector = other;
    counters_add(counters, &decision, 20, NOW);
    decision.match.connector = new;
    counters_add(counters, &decision, 300, NOW);
    assert_int_equal(counters_read(counters, "contoso-in", &count, 1), 1);
    assert_int_equal(count.recipients, 301);
    assert_int_equal(counters_read(counters, "tax-office", &count, 1), 1);
    assert_int_equal(count.recipients, 20);
    assert_int_equal(counters_read(counters, "fabrikam", &count, 1), 0);
    counters_free(counters);
    connector_free(other);
    connector_free(new);
}

static void counters__thousands_of_connectors__none_mixed(void **state)
{
    struct counters *counters = counters_new();
    unsigned bad = 0;
    char name[32];

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        struct connector connector = { .name = name };
        struct decision decision =
            decision_of(&connector, OUTCOME_PASS, REASON_NONE, VERDICT_PASS, false);

        (void)snprintf(name, sizeof(name), "partner-%u", i);
        counters_add(counters, &decision, i, NOW);
    }
    for (unsigned i = 0; i < 20000; i++) {
        struct count count = { .recipients = 0 };

        (void)snprintf(name, sizeof(name), "partner-%u", i);
        bad += row(counters_read(counters, name, &count, 1) == 1 && count.recipients == i, "%u", i);
    }
    assert_int_equal(bad, 0);
    counters_free(counters);
}

struct crowd {
    struct counters *counters;
    struct connector *connectors[3];
};

static void *count_all(void *data)
{
    struct crowd *crowd = data;

    for (unsigned i = 0; i < TIMES; i++) {
        struct decision decision =
            decision_of(crowd->connectors[i % 3], OUTCOME_FAIL,
                        i % 2 == 0 ? REASON_NO_TLS : REASON_NO_CERTIFICATE, VERDICT_DEFER, false);

        counters_add(crowd->counters, &decision, 1, NOW);
        if (i % 10 == 0)
            counters_add_error(crowd->counters);
    }
    return NULL;
}

static void counters__all_threads_at_once__nothing_lost(void **state)
{
    static const char *const names[] = { "a", "b", "c" };
    struct crowd crowd = { .counters = counters_new() };
    pthread_t threads[THREADS];
    uint64_t all = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        crowd.connectors[i] = build_connector(names[i], LEVEL_ENCRYPT);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_all, &crowd), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < 3; i++) {
        struct count counts[4];
        size_t count = counters_read(crowd.counters, names[i], counts, 4);

        assert_int_equal(count, 2);
        all += counts[0].recipients + counts[1].recipients;
        connector_free(crowd.connectors[i]);
    }
    assert_int_equal(all, THREADS * TIMES);
    assert_int_equal(counters_errors(crowd.counters), THREADS * TIMES / 10);
    counters_free(crowd.counters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_add__each_verdict__counted_as_the_log_has_it),
        cmocka_unit_test(counters_add__no_connector__counted_nowhere),
        cmocka_unit_test(counters_add__directions_and_reasons__apart),
        cmocka_unit_test(counters__every_combination__room_for_all),
        cmocka_unit_test(counters__reload__found_by_name),
        cmocka_unit_test(counters__thousands_of_connectors__none_mixed),
        cmocka_unit_test(counters__all_threads_at_once__nothing_lost),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
