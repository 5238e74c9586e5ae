/* SPDX-License-Identifier: ISC */
/* Tests of milter/snapshot: which rules a message holds, and when rules are freed (the sanitizers'
 * builds say whether they are). */
#include "tests/unit/build.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "milter/snapshot.h"

/* Rules that can be told apart by their port. */
static bool install(int number)
{
    struct rules *rules = rules_new();

    assert_non_null(rules);
    rules->settings.probe.port = number;
    return snapshot_install(rules);
}

static int number_of(const struct snapshot *snapshot)
{
    return snapshot_rules(snapshot)->settings.probe.port;
}

static int nothing_left(void **state)
{
    (void)state;
    snapshot_uninstall();
    return snapshot_collect() || snapshot_get() != NULL ? -1 : 0;
}

static void snapshot_get__before_the_first_install__null(void **state)
{
    (void)state;
    assert_null(snapshot_get());
    snapshot_put(NULL);
    assert_false(snapshot_collect());
}

static void snapshot__reload_while_held__the_holder_keeps_the_old_ones(void **state)
{
    struct snapshot *old, *new;

    (void)state;
    assert_true(install(1));
    old = snapshot_get();
    assert_true(install(2));
    new = snapshot_get();
    assert_int_equal(number_of(old), 1);
    assert_int_equal(number_of(new), 2);
    assert_true(snapshot_collect());
    assert_int_equal(number_of(old), 1);
    snapshot_put(old);
    snapshot_put(new);
    assert_false(snapshot_collect());
    new = snapshot_get();
    assert_int_equal(number_of(new), 2);
    snapshot_put(new);
}

static void snapshot__several_reloads_while_held__all_but_the_held_are_freed(void **state)
{
    struct snapshot *held[4];

    (void)state;
    for (int i = 0; i < 40; i++) {
        assert_true(install(i));
        if (i % 10 == 5)
            held[i / 10] = snapshot_get();
    }
    assert_true(snapshot_collect());
    for (int i = 0; i < 4; i++) {
        assert_int_equal(number_of(held[i]), 10 * i + 5);
        snapshot_put(held[i]);
        assert_true(snapshot_collect() == (i < 3));
    }
}

static void snapshot_uninstall__still_held__usable_until_put(void **state)
{
    struct snapshot *held;

    (void)state;
    assert_true(install(1));
    held = snapshot_get();
    snapshot_uninstall();
    assert_null(snapshot_get());
    assert_int_equal(number_of(held), 1);
    snapshot_put(held);
    assert_false(snapshot_collect());
}

static void near_miss__each_once_per_connector_and_name(void **state)
{
    static const struct connector one = { .name = NULL }, two = { .name = NULL };
    struct snapshot *snapshot;

    (void)state;
    assert_true(install(1));
    snapshot = snapshot_get();
    assert_true(snapshot_near_miss_is_new(snapshot, &one, "a.contoso.com"));
    assert_false(snapshot_near_miss_is_new(snapshot, &one, "a.contoso.com"));
    assert_true(snapshot_near_miss_is_new(snapshot, &two, "a.contoso.com"));
    assert_true(snapshot_near_miss_is_new(snapshot, &one, "b.contoso.com"));
    assert_false(snapshot_near_miss_is_new(snapshot, &two, "a.contoso.com"));
    snapshot_put(snapshot);
    /* Told again after a reload. */
    assert_true(install(2));
    snapshot = snapshot_get();
    assert_true(snapshot_near_miss_is_new(snapshot, &one, "a.contoso.com"));
    snapshot_put(snapshot);
}

static void near_miss__without_end__bounded(void **state)
{
    static const struct connector connector = { .name = NULL };
    struct snapshot *snapshot;
    unsigned told = 0;

    (void)state;
    assert_true(install(1));
    snapshot = snapshot_get();
    for (int i = 0; i < 100000; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "%d.contoso.com", i);
        told += snapshot_near_miss_is_new(snapshot, &connector, name);
    }
    assert_int_equal(told, 1024);
    assert_false(snapshot_near_miss_is_new(snapshot, &connector, "1.contoso.com"));
    snapshot_put(snapshot);
}

/* Messages come and go while rules are replaced; each looks at its rules as long as it has them. */
static atomic_bool enough;

static void *messages(void *unused)
{
    static const struct connector connector = { .name = NULL };
    unsigned long *seen = unused;

    while (!atomic_load(&enough)) {
        struct snapshot *snapshot = snapshot_get();
        int number = number_of(snapshot);

        (void)snapshot_near_miss_is_new(snapshot, &connector, "a.contoso.com");
        if (number_of(snapshot) != number)
            return unused;
        snapshot_put(snapshot);
        (*seen)++;
    }
    return NULL;
}

static void snapshot__reloads_in_a_flood_of_messages__each_keeps_its_own(void **state)
{
    pthread_t threads[4];
    unsigned long seen[4] = { 0 };

    (void)state;
    atomic_store(&enough, false);
    assert_true(install(0));
    for (size_t i = 0; i < ROWS(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, messages, &seen[i]), 0);
    for (int i = 1; i <= 2000; i++) {
        assert_true(install(i));
        (void)snapshot_collect();
    }
    atomic_store(&enough, true);
    for (size_t i = 0; i < ROWS(threads); i++) {
        void *failed;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_false(snapshot_collect());
}

#define SNAPSHOT_TEST(function) cmocka_unit_test_teardown(function, nothing_left)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SNAPSHOT_TEST(snapshot_get__before_the_first_install__null),
        SNAPSHOT_TEST(snapshot__reload_while_held__the_holder_keeps_the_old_ones),
        SNAPSHOT_TEST(snapshot__several_reloads_while_held__all_but_the_held_are_freed),
        SNAPSHOT_TEST(snapshot_uninstall__still_held__usable_until_put),
        SNAPSHOT_TEST(near_miss__each_once_per_connector_and_name),
        SNAPSHOT_TEST(near_miss__without_end__bounded),
        SNAPSHOT_TEST(snapshot__reloads_in_a_flood_of_messages__each_keeps_its_own),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
