/* SPDX-License-Identifier: ISC */
/* Tests of milter/map_watch: mail to partners is accepted, and nobody asks the TLS policy map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "milter/map_watch.h"

#define START 123456
#define PATIENCE (10 * 60 * 1000) /* ten minutes */

static void notice__ten_minutes_of_mail_and_no_question__told_once(void **state)
{
    struct tls_policy_counters counters = { 0 };
    struct map_watch watch;

    (void)state;
    map_watch_init(&watch, &counters);
    assert_false(map_watch_notice(&watch, START));
    assert_false(map_watch_notice(&watch, START + 1));
    assert_false(map_watch_notice(&watch, START + PATIENCE - 1));
    assert_true(map_watch_notice(&watch, START + PATIENCE));
    assert_false(map_watch_notice(&watch, START + PATIENCE));
    assert_false(map_watch_notice(&watch, START + 10 * PATIENCE));
}

/* The first mail begins the time, not the start of the daemon. */
static void notice__one_message_long_after_the_start__not_told(void **state)
{
    struct tls_policy_counters counters = { 0 };
    struct map_watch watch;

    (void)state;
    map_watch_init(&watch, &counters);
    assert_false(map_watch_notice(&watch, START + 5 * PATIENCE));
}

static void notice__the_map_was_asked__never_told(void **state)
{
    struct tls_policy_counters counters = { 0 };
    struct map_watch watch;

    (void)state;
    map_watch_init(&watch, &counters);
    assert_false(map_watch_notice(&watch, START));
    atomic_fetch_add(&counters.not_found, 1); /* about anybody */
    assert_false(map_watch_notice(&watch, START + PATIENCE));
    assert_false(map_watch_notice(&watch, START + 2 * PATIENCE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notice__ten_minutes_of_mail_and_no_question__told_once),
        cmocka_unit_test(notice__one_message_long_after_the_start__not_told),
        cmocka_unit_test(notice__the_map_was_asked__never_told),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
