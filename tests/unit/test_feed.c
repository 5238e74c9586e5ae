/* SPDX-License-Identifier: ISC */
/* Tests of milter/feed and milter/policy_request: what Postfix's policy requests become, and that
 * no session is ever given another one's fingerprint. Time is a number here. */
#include "tests/unit/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "milter/feed.h"
#include "milter/hash.h"
#include "milter/policy_request.h"

#define TTL 10000

static struct feed_key key_of(const char *client, uint16_t port)
{
    return (struct feed_key){ build_ip(client), build_ip("192.0.2.25"), port, 25 };
}

/* An entry whose fingerprint begins with `tag`. */
static struct feed_entry entry_of(struct feed_key key, const char *instance, uint8_t tag)
{
    struct feed_entry entry = { .key = key,
                                .recipient = "b@example.org",
                                .protocol = "TLSv1.3",
                                .cipher = "TLS_AES_256_GCM_SHA384",
                                .fingerprint_state = PIN_KNOWN,
                                .public_key_state = PIN_KNOWN };

    (void)snprintf(entry.instance, sizeof(entry.instance), "%s", instance);
    entry.fingerprint.bytes[0] = tag;
    return entry;
}

/* The tag of what is taken; -1: no fact. */
static int take_as(struct feed *feed, struct feed_key key, const char *recipient,
                   const char *protocol, const char *cipher, int64_t now)
{
    struct feed_entry entry;

    if (!feed_take(feed, &key, span_of(recipient), span_of(protocol), span_of(cipher), now, &entry))
        return -1;
    return entry.fingerprint.bytes[0];
}

static int take(struct feed *feed, struct feed_key key, int64_t now)
{
    return take_as(feed, key, "b@example.org", "TLSv1.3", "TLS_AES_256_GCM_SHA384", now);
}

static bool put(struct feed *feed, uint32_t source, struct feed_key key, const char *instance,
                uint8_t tag, int64_t now)
{
    struct feed_entry entry = entry_of(key, instance, tag);

    return feed_put(feed, source, &entry, now);
}

static int setup(void **state)
{
    *state = feed_new(64, TTL);
    return *state != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    feed_free(*state);
    return 0;
}

/* ---- ordinary traffic ----------------------------------------------------------------------- */

static void feed__put_then_take__the_entry_once(void **state)
{
    struct feed *feed = *state;
    struct feed_key key = key_of("192.0.2.1", 40000);
    uint32_t source = feed_open(feed);

    assert_false(feed_was_used(feed));
    assert_int_equal(take(feed, key, 0), -1);
    assert_true(put(feed, source, key, "1", 7, 1000));
    assert_true(feed_was_used(feed));
    assert_int_equal(take(feed, key, 1000), 7);
    assert_int_equal(take(feed, key, 1000), -1);
}

static void feed__several_recipients_and_messages_of_a_session__each_taken(void **state)
{
    struct feed *feed = *state;
    struct feed_key key = key_of("2001:db8::1", 40000);
    uint32_t source = feed_open(feed);
    char instance[16];

    for (int i = 0; i < 100; i++) {
        (void)snprintf(instance, sizeof(instance), "%d", i / 3);
        assert_true(put(feed, source, key, instance, (uint8_t)i, i));
        assert_int_equal(take(feed, key, i), i);
    }
}

static void feed__left_over_of_the_same_session__replaced(void **state)
{
    struct feed *feed = *state;
    struct feed_key key = key_of("192.0.2.1", 40000);
    uint32_t source = feed_open(feed);

    assert_true(put(feed, source, key, "1", 1, 0)); /* refused by a later restriction: no take */
    assert_true(put(feed, source, key, "1", 2, 5)); /* the next recipient, */
    assert_true(put(feed, source, key, "2", 3, 9)); /* the next message */
    assert_int_equal(take(feed, key, 9), 3);
}

static void feed__process_has_gone_on_to_another_session__its_left_over_is_gone(void **state)
{
    struct feed *feed = *state;
    struct feed_key first = key_of("192.0.2.1", 40000);
    struct feed_key second = key_of("192.0.2.2", 40000);
    uint32_t source = feed_open(feed), other = feed_open(feed);

    assert_true(put(feed, source, first, "1", 1, 0));
    assert_true(put(feed, source, second, "2", 2, 1));
    assert_int_equal(take(feed, first, 1), -1);
    assert_true(put(feed, other, first, "3", 3, 2)); /* the same port again, another process */
    assert_int_equal(take(feed, first, 2), 3);
    assert_int_equal(take(feed, second, 2), 2);
}

static void feed__connection_closed_or_asks_else__left_over_is_gone(void **state)
{
    struct feed *feed = *state;
    struct feed_key key = key_of("192.0.2.1", 40000);
    uint32_t source = feed_open(feed), other;

    assert_true(put(feed, source, key, "1", 1, 0));
    feed_close(feed, source);
    assert_int_equal(take(feed, key, 0), -1);
    other = feed_open(feed);
    assert_true(put(feed, other, key, "2", 2, 1));
    assert_true(feed_put(feed, other, NULL, 2));
    assert_int_equal(take(feed, key, 2), -1);
}

static void feed__two_connections_of_one_process__one_entry(void **state)
{
    struct feed *feed = *state;
    struct feed_key key = key_of("192.0.2.1", 40000);
    uint32_t one = feed_open(feed), two = feed_open(feed);

    for (int i = 0; i < 10; i++) {
        char instance[16];

        (void)snprintf(instance, sizeof(instance), "%d", i);
        (void)put(feed, one, key, instance, (uint8_t)i, i);
        assert_true(put(feed, two, key, instance, (uint8_t)i, i));
        if (i % 2 == 0)
            assert_int_equal(take(feed, key, i), i);
    }
}

static void feed_take__too_late__no_fact(void **state)
{
    struct feed *feed = *state;
    struct feed_key key = key_of("192.0.2.1", 40000);
    uint32_t source = feed_open(feed);

    assert_true(put(feed, source, key, "1", 1, 100));
    assert_int_equal(take(feed, key, 100 + TTL), -1);
    assert_int_equal(take(feed, key, 100 + TTL - 1), 1);
}

static void feed_open__more_than_there_is_room__no_source(void **state)
{
    struct feed *feed = *state;
    uint32_t sources[64];

    for (size_t i = 0; i < ROWS(sources); i++) {
        sources[i] = feed_open(feed);
        assert_int_not_equal(sources[i], FEED_NO_SOURCE);
        assert_true(put(feed, sources[i], key_of("192.0.2.1", (uint16_t)(1 + i)), "", 1, 0));
    }
    assert_int_equal(feed_open(feed), FEED_NO_SOURCE);
    feed_close(feed, sources[20]);
    feed_close(feed, sources[40]);
    assert_int_not_equal(feed_open(feed), FEED_NO_SOURCE);
    assert_int_not_equal(feed_open(feed), FEED_NO_SOURCE);
    assert_int_equal(feed_open(feed), FEED_NO_SOURCE);
    assert_int_equal(take(feed, key_of("192.0.2.1", 21), 0), -1);
    assert_int_equal(take(feed, key_of("192.0.2.1", 20), 0), 1);
}

/* ---- what does not agree -------------------------------------------------------------------- */

static void feed_take__something_differs__no_fact_and_not_taken(void **state)
{
    static const struct {
        const char *what;
        const char *recipient, *protocol, *cipher;
    } rows[] = {
        { "another recipient", "c@example.org", "TLSv1.3", "TLS_AES_256_GCM_SHA384" },
        { "a longer recipient", "b@example.org.", "TLSv1.3", "TLS_AES_256_GCM_SHA384" },
        { "local part in capitals", "B@example.org", "TLSv1.3", "TLS_AES_256_GCM_SHA384" },
        { "no recipient", "", "TLSv1.3", "TLS_AES_256_GCM_SHA384" },
        { "unknown recipient", NULL, "TLSv1.3", "TLS_AES_256_GCM_SHA384" },
        { "another protocol", "b@example.org", "TLSv1.2", "TLS_AES_256_GCM_SHA384" },
        { "no protocol", "b@example.org", NULL, "TLS_AES_256_GCM_SHA384" },
        { "another cipher", "b@example.org", "TLSv1.3", "TLS_AES_128_GCM_SHA256" },
        { "plaintext", "b@example.org", NULL, NULL },
    };
    struct feed *feed = *state;
    struct feed_key key = key_of("192.0.2.1", 40000);
    uint32_t source = feed_open(feed);
    unsigned wrong = 0;

    assert_true(put(feed, source, key, "1", 1, 0));
    for (size_t i = 0; i < ROWS(rows); i++)
        wrong +=
            row(take_as(feed, key, rows[i].recipient, rows[i].protocol, rows[i].cipher, 0) == -1,
                "%s was taken", rows[i].what);
    assert_int_equal(wrong, 0);
    assert_int_equal(take(feed, key_of("192.0.2.1", 40001), 0), -1);
    assert_int_equal(take(feed, key_of("192.0.2.2", 40000), 0), -1);
    assert_int_equal(take(feed, key, 0), 1);
}

static void feed_take__spellings_of_the_recipient__postfix_form_fits(void **state)
{
    static const struct {
        const char *told; /* the policy service */
        const char *seen; /* by the milter, without its angle brackets */
        bool fits;
    } rows[] = {
        { "b@example.org", "b@example.org", true },
        { "b@Example.ORG", "b@example.org", true },
        { "b@example.org", "b@EXAMPLE.org", true },
        { "b", "b", true },
        { "b", "B", false },
        { "a b@example.org", "\"a b\"@example.org", true },
        { "a\"b@example.org", "\"a\\\"b\"@example.org", true },
        { "a@b@example.org", "\"a@b\"@Example.org", true },
        { "a@B@example.org", "\"a@b\"@example.org", false },
        { "a\\b@example.org", "\"a\\\\b\"@example.org", true },
        { "b@example.org", "\"b\"@example.org", true },
        { "a b@example.org", "a b@example.org", true },
        { "b@example.org", "\"b@example.org", false },
        { "b@example.org", "@relay.example:b@example.org", false },
        { "b@xn--bcher-kva.example", "b@b\303\274cher.example", false },
    };
    struct feed *feed = *state;
    struct feed_key key = key_of("192.0.2.1", 40000);
    uint32_t source = feed_open(feed);
    unsigned wrong = 0;

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct feed_entry entry = entry_of(key, "1", 1);

        (void)snprintf(entry.recipient, sizeof(entry.recipient), "%s", rows[i].told);
        assert_true(feed_put(feed, source, &entry, 0));
        wrong += row((take_as(feed, key, rows[i].seen, "TLSv1.3", "TLS_AES_256_GCM_SHA384", 0) ==
                      1) == rows[i].fits,
                     "'%s' told, '%s' seen", rows[i].told, rows[i].seen);
    }
    assert_int_equal(wrong, 0);
}

static void feed_take__recipient_with_nul_or_endless__no_fact(void **state)
{
    struct feed *feed = *state;
    struct feed_key key = key_of("192.0.2.1", 40000);
    uint32_t source = feed_open(feed);
    struct feed_entry entry;
    char *huge = malloc(100000);

    assert_non_null(huge);
    memset(huge, 'b', 100000);
    assert_true(put(feed, source, key, "1", 1, 0));
    assert_false(feed_take(feed, &key, SPAN("b@example.org\0x"), SPAN("TLSv1.3"),
                           SPAN("TLS_AES_256_GCM_SHA384"), 0, &entry));
    assert_false(feed_take(feed, &key, (struct span){ huge, 100000 }, SPAN("TLSv1.3"),
                           SPAN("TLS_AES_256_GCM_SHA384"), 0, &entry));
    assert_false(feed_take(feed, &key, SPAN("b@example.org"), SPAN("TLSv1.3"),
                           (struct span){ huge, 100000 }, 0, &entry));
    free(huge);
}

static void feed_put__without_a_client_port__nothing_is_kept(void **state)
{
    struct feed *feed = *state;
    struct feed_key key = key_of("192.0.2.1", 0);
    uint32_t source = feed_open(feed);

    assert_true(put(feed, source, key, "1", 1, 0));
    assert_int_equal(take(feed, key, 0), -1);
    assert_true(feed_was_used(feed));
}

static void feed_put__empty_recipient__remembered_and_never_taken(void **state)
{
    struct feed *feed = *state;
    struct feed_key key = key_of("192.0.2.1", 40000);
    uint32_t one = feed_open(feed), two = feed_open(feed);
    struct feed_entry entry = entry_of(key, "1", 1);

    entry.recipient[0] = '\0';
    assert_true(feed_put(feed, one, &entry, 0));
    assert_int_equal(take_as(feed, key, "", "TLSv1.3", "TLS_AES_256_GCM_SHA384", 0), -1);
    assert_false(put(feed, two, key, "2", 2, 0));
    assert_int_equal(take(feed, key, 0), -1);
}

/* ---- two sessions under one key ------------------------------------------------------------- */

static void feed__two_sessions_under_one_key__nobody_is_given_anything(void **state)
{
    struct feed *feed = *state;
    struct feed_key key = key_of("192.0.2.1", 40000);
    uint32_t one = feed_open(feed), two = feed_open(feed);

    assert_true(put(feed, one, key, "1", 1, 0));
    assert_false(put(feed, two, key, "2", 2, 0));
    assert_int_equal(take(feed, key, 0), -1);
    assert_int_equal(take(feed, key, 0), -1);
    /* One of them is quicker than the other, whose take is still to come. */
    assert_false(put(feed, one, key, "1", 1, 1));
    assert_int_equal(take(feed, key, 1), -1);
    /* The other one has gone. */
    feed_close(feed, two);
    assert_int_equal(take(feed, key, 1), 1);
}

static void feed__doubt_outlives_any_age__until_one_goes_on(void **state)
{
    struct feed *feed = *state;
    struct feed_key key = key_of("192.0.2.1", 40000);
    uint32_t one = feed_open(feed), two = feed_open(feed);

    assert_true(put(feed, one, key, "1", 1, 0));
    assert_false(put(feed, two, key, "2", 2, 100 * TTL));
    assert_int_equal(take(feed, key, 100 * TTL), -1);
    assert_true(put(feed, one, key_of("192.0.2.9", 1), "3", 3, 100 * TTL));
    assert_int_equal(take(feed, key, 100 * TTL), 2);
}

static void feed__no_instance__two_sessions_are_two(void **state)
{
    struct feed *feed = *state;
    struct feed_key key = key_of("192.0.2.1", 40000);
    uint32_t one = feed_open(feed), two = feed_open(feed);

    assert_true(put(feed, one, key, "", 1, 0));
    assert_false(put(feed, two, key, "", 2, 0));
    assert_int_equal(take(feed, key, 0), -1);
}

/*
 * Processes serve sessions at random, all with the same recipient, protocol and cipher, many of
 * them under a key that others have too. Each does what smtpd does, in steps that others come
 * between: ask the policy service; perhaps refuse; ask the milter.
 */
struct process {
    uint32_t source;
    uint16_t port;
    uint8_t tag;
    bool asked; /* the policy service, and the milter comes next */
    unsigned message;
};

#define PROCESSES 12

static uint64_t seed;

static unsigned dice(unsigned sides)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % sides;
}

static void process_step(struct feed *feed, struct process *process, unsigned shared_ports,
                         int64_t now, unsigned long counts[2])
{
    struct feed_key key;
    char instance[32];

    if (!process->asked && dice(10) == 0) { /* another session */
        process->port = (uint16_t)(1 + dice(shared_ports));
        process->tag = (uint8_t)(1 + dice(255));
        process->message++;
        if (dice(4) == 0) {
            feed_close(feed, process->source);
            process->source = feed_open(feed);
        }
    }
    key = key_of("192.0.2.1", process->port);
    if (!process->asked) {
        process->message += dice(2);
        (void)snprintf(instance, sizeof(instance), "%p.%u", (void *)process, process->message);
        (void)put(feed, process->source, key, instance, process->tag, now);
        process->asked = dice(5) != 0; /* else refused by a later restriction */
    } else {
        int tag = take(feed, key, now);

        if (tag >= 0)
            assert_int_equal(tag, process->tag);
        counts[tag >= 0]++;
        process->asked = false;
    }
}

static void feed__a_million_steps_of_colliding_sessions__only_their_own(void **state)
{
    static const unsigned shared_ports[] = { 1, 2, 5, 50, 60000 };

    (void)state;
    for (size_t round = 0; round < ROWS(shared_ports); round++) {
        struct process processes[PROCESSES];
        struct feed *feed = feed_new(PROCESSES, TTL);
        unsigned long counts[2] = { 0, 0 };

        seed = 4711 + round;
        assert_non_null(feed);
        for (size_t i = 0; i < PROCESSES; i++)
            processes[i] =
                (struct process){ feed_open(feed), (uint16_t)(1 + i % shared_ports[round]),
                                  (uint8_t)(i + 1), false, 0 };
        for (int64_t step = 0; step < 200000; step++)
            process_step(feed, &processes[dice(PROCESSES)], shared_ports[round], step / 100,
                         counts);
        print_message("# %u keys for %d processes: %lu facts taken, %lu refused\n",
                      shared_ports[round], PROCESSES, counts[1], counts[0]);
        if (round + 1 == ROWS(shared_ports)) /* hardly a key is shared */
            assert_true(counts[1] > 99 * counts[0]);
        feed_free(feed);
    }
}

/* ---- requests ------------------------------------------------------------------------------- */

#define FP                                             \
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:" \
    "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F"

static const char *const whole[] = {
    "request=smtpd_access_policy",
    "protocol_state=RCPT",
    "protocol_name=ESMTP",
    "client_address=192.0.2.1",
    "client_name=mail.contoso.com",
    "client_port=40000",
    "server_address=192.0.2.25",
    "server_port=25",
    "sender=a@contoso.com",
    "recipient=b@example.org",
    "queue_id=",
    "instance=1a2b.68f0.0.0",
    "ccert_fingerprint=" FP,
    "ccert_pubkey_fingerprint=" FP,
    "encryption_protocol=TLSv1.3",
    "encryption_cipher=TLS_AES_256_GCM_SHA384",
    "encryption_keysize=256",
};

static void read_line(struct policy_request *request, const char *line)
{
    assert_true(policy_request_line(request, span_of(line)));
}

/* A whole request, with the attribute of that name replaced (NULL: by nothing), and one more. */
static bool read_request(struct policy_request *request, const char *name, const char *instead,
                         const char *more)
{
    size_t length = name != NULL ? strlen(name) : 0;

    policy_request_reset(request);
    for (size_t i = 0; i < ROWS(whole); i++) {
        if (name == NULL || strncmp(whole[i], name, length) != 0 || whole[i][length] != '=')
            read_line(request, whole[i]);
        else if (instead != NULL)
            read_line(request, instead);
    }
    if (more != NULL)
        read_line(request, more);
    return policy_request_finish(request);
}

static void policy_request__whole__entry(void **state)
{
    struct policy_request request;
    char text[IP_TEXT_SIZE];

    (void)state;
    assert_true(read_request(&request, NULL, NULL, NULL));
    ip_format(&request.entry.key.client, text);
    assert_string_equal(text, "192.0.2.1");
    ip_format(&request.entry.key.server, text);
    assert_string_equal(text, "192.0.2.25");
    assert_int_equal(request.entry.key.client_port, 40000);
    assert_int_equal(request.entry.key.server_port, 25);
    assert_string_equal(request.entry.recipient, "b@example.org");
    assert_string_equal(request.entry.instance, "1a2b.68f0.0.0");
    assert_string_equal(request.entry.protocol, "TLSv1.3");
    assert_string_equal(request.entry.cipher, "TLS_AES_256_GCM_SHA384");
    assert_int_equal(request.entry.fingerprint_state, PIN_KNOWN);
    assert_int_equal(request.entry.public_key_state, PIN_KNOWN);
    assert_int_equal(request.entry.fingerprint.bytes[31], 0x1f);
    assert_int_equal(request.entry.public_key.bytes[31], 0x1f);
}

static void policy_request__pins__their_states(void **state)
{
    static const struct {
        const char *what, *name, *instead;
        enum pin_state fingerprint, public_key;
    } rows[] = {
        { "no certificate", "ccert_fingerprint", "ccert_fingerprint=", PIN_NO_CERTIFICATE,
          PIN_KNOWN },
        { "no key", "ccert_pubkey_fingerprint", "ccert_pubkey_fingerprint=", PIN_KNOWN,
          PIN_NO_CERTIFICATE },
        { "md5", "ccert_fingerprint",
          "ccert_fingerprint=C2:9D:F4:87:71:73:73:D9:18:E7:C2:F3:C1:DA:6E:04", PIN_OTHER_DIGEST,
          PIN_KNOWN },
        { "sha512's length", "ccert_fingerprint", "ccert_fingerprint=" FP ":" FP, PIN_OTHER_DIGEST,
          PIN_KNOWN },
        { "no hexadecimal", "ccert_pubkey_fingerprint", "ccert_pubkey_fingerprint=hello", PIN_KNOWN,
          PIN_OTHER_DIGEST },
    };
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct policy_request request;

        assert_true(read_request(&request, rows[i].name, rows[i].instead, NULL));
        wrong += row(request.entry.fingerprint_state == rows[i].fingerprint &&
                         request.entry.public_key_state == rows[i].public_key &&
                         request.entry.recipient[0] != '\0',
                     "%s: %d %d", rows[i].what, (int)request.entry.fingerprint_state,
                     (int)request.entry.public_key_state);
    }
    assert_int_equal(wrong, 0);
}

static void policy_request__plaintext__nothing_reported(void **state)
{
    static const char *const lines[] = {
        "request=smtpd_access_policy", "protocol_state=RCPT",
        "client_address=192.0.2.1",    "client_port=40000",
        "server_address=192.0.2.25",   "server_port=25",
        "recipient=b@example.org",     "instance=1",
        "encryption_protocol=",        "encryption_cipher=",
        "ccert_fingerprint=",          "ccert_pubkey_fingerprint=",
    };
    struct policy_request request;

    (void)state;
    policy_request_reset(&request);
    for (size_t i = 0; i < ROWS(lines); i++)
        read_line(&request, lines[i]);
    assert_true(policy_request_finish(&request));
    assert_int_equal(request.entry.fingerprint_state, PIN_NOT_REPORTED);
    assert_int_equal(request.entry.public_key_state, PIN_NOT_REPORTED);
    assert_string_equal(request.entry.recipient, "b@example.org");
}

enum use { USE_NOT_OURS, USE_NEVER_TAKEN, USE_FACT };

static void policy_request__variants__what_they_are_good_for(void **state)
{
    static const struct {
        const char *name, *instead, *more;
        enum use use;
    } rows[] = {
        { "request", "request=junk", NULL, USE_NOT_OURS },
        { "request", NULL, NULL, USE_NOT_OURS },
        { "protocol_state", "protocol_state=MAIL", NULL, USE_NOT_OURS },
        { "protocol_state", "protocol_state=DATA", NULL, USE_NOT_OURS },
        { "protocol_state", "protocol_state=rcpt", NULL, USE_NOT_OURS },
        { "protocol_state", NULL, NULL, USE_NOT_OURS },
        { "client_address", "client_address=unknown", NULL, USE_NOT_OURS },
        { "client_address", NULL, NULL, USE_NOT_OURS },
        { "client_address", "client_address=2001:db8::1", NULL, USE_FACT },
        { "client_address", "client_address=IPv6:2001:db8::1", NULL, USE_FACT },
        { "server_address", "server_address=", NULL, USE_NOT_OURS },
        { "client_port", "client_port=70000", NULL, USE_NOT_OURS },
        { "client_port", "client_port=-1", NULL, USE_NOT_OURS },
        { "client_port", "client_port=99999999999999", NULL, USE_NOT_OURS },
        { "client_port", "client_port=", NULL, USE_NOT_OURS },
        { "client_port", "client_port=unknown", NULL, USE_FACT },
        { "server_port", NULL, NULL, USE_NOT_OURS },
        { NULL, NULL, "client_port=40000", USE_NOT_OURS },
        { NULL, NULL, "recipient=c@example.org", USE_NEVER_TAKEN },
        { NULL, NULL, "ccert_fingerprint=" FP, USE_NEVER_TAKEN },
        { NULL, NULL, "anything=else", USE_FACT },
        { NULL, NULL, "anything=else=more", USE_FACT },
        { NULL, NULL, "Recipient=c@example.org", USE_FACT },
        { "recipient", NULL, NULL, USE_NEVER_TAKEN },
        { "recipient", "recipient=", NULL, USE_NEVER_TAKEN },
        { "instance", NULL, NULL, USE_NEVER_TAKEN },
        { "encryption_protocol", NULL, NULL, USE_NEVER_TAKEN },
        { "encryption_cipher",
          "encryption_cipher=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
          "AAAAAAAA",
          NULL, USE_NEVER_TAKEN },
        { "ccert_fingerprint", NULL, NULL, USE_NEVER_TAKEN },
        { "ccert_pubkey_fingerprint", NULL, NULL, USE_NEVER_TAKEN },
    };
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct policy_request request;
        enum use use = USE_NOT_OURS;

        if (read_request(&request, rows[i].name, rows[i].instead, rows[i].more))
            use = request.entry.recipient[0] != '\0' ? USE_FACT : USE_NEVER_TAKEN;
        wrong += row(use == rows[i].use, "%s %s %s: %d", rows[i].name != NULL ? rows[i].name : "",
                     rows[i].instead != NULL ? rows[i].instead : "",
                     rows[i].more != NULL ? rows[i].more : "", (int)use);
    }
    assert_int_equal(wrong, 0);
}

static void policy_request_line__no_attribute__false(void **state)
{
    static const struct span rows[] = {
        S("hello"), S("=value"),         S("a"), S("request=a\0b"), S("x\0=b"),
        S("\0"),    S("GET / HTTP/1.0"),
    };
    struct policy_request request;
    unsigned wrong = 0;

    (void)state;
    policy_request_reset(&request);
    for (size_t i = 0; i < ROWS(rows); i++)
        wrong += row(!policy_request_line(&request, rows[i]), "%s was read", SHOWN(rows[i]));
    assert_int_equal(wrong, 0);
}

/* ---- the hash ------------------------------------------------------------------------------- */

/* SipHash-1-3 with the key 00..0f and the bytes 00, 01, 02 ... , as CPython's and Rust's hashers
 * compute it. */
static void hash_bytes__reference_key__reference_values(void **state)
{
    static const uint64_t wanted[] = {
        UINT64_C(0xabac0158050fc4dc), UINT64_C(0xc9f49bf37d57ca93), UINT64_C(0x82cb9b024dc7d44d),
        UINT64_C(0x8bf80ab8e7ddf7fb), UINT64_C(0xcf75576088d38328), UINT64_C(0xdef9d52f49533b67),
        UINT64_C(0xc50d2b50c59f22a7), UINT64_C(0xd3927d989bb11140), UINT64_C(0x369095118d299a8e),
        UINT64_C(0x25a48eb36c063de4),
    };
    static const struct hash_key key = { { UINT64_C(0x0706050403020100),
                                           UINT64_C(0x0f0e0d0c0b0a0908) } };
    uint8_t bytes[16];
    unsigned wrong = 0;

    (void)state;
    for (uint8_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = i;
    for (size_t i = 0; i < ROWS(wanted); i++)
        wrong += row(hash_bytes(&key, bytes, i) == wanted[i], "%zu bytes: %llx", i,
                     (unsigned long long)hash_bytes(&key, bytes, i));
    assert_int_equal(wrong, 0);
}

#define FEED_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FEED_TEST(feed__put_then_take__the_entry_once),
        FEED_TEST(feed__several_recipients_and_messages_of_a_session__each_taken),
        FEED_TEST(feed__left_over_of_the_same_session__replaced),
        FEED_TEST(feed__process_has_gone_on_to_another_session__its_left_over_is_gone),
        FEED_TEST(feed__connection_closed_or_asks_else__left_over_is_gone),
        FEED_TEST(feed__two_connections_of_one_process__one_entry),
        FEED_TEST(feed_take__too_late__no_fact),
        FEED_TEST(feed_open__more_than_there_is_room__no_source),
        FEED_TEST(feed_take__something_differs__no_fact_and_not_taken),
        FEED_TEST(feed_take__spellings_of_the_recipient__postfix_form_fits),
        FEED_TEST(feed_take__recipient_with_nul_or_endless__no_fact),
        FEED_TEST(feed_put__without_a_client_port__nothing_is_kept),
        FEED_TEST(feed_put__empty_recipient__remembered_and_never_taken),
        FEED_TEST(feed__two_sessions_under_one_key__nobody_is_given_anything),
        FEED_TEST(feed__doubt_outlives_any_age__until_one_goes_on),
        FEED_TEST(feed__no_instance__two_sessions_are_two),
        cmocka_unit_test(feed__a_million_steps_of_colliding_sessions__only_their_own),
        cmocka_unit_test(policy_request__whole__entry),
        cmocka_unit_test(policy_request__pins__their_states),
        cmocka_unit_test(policy_request__plaintext__nothing_reported),
        cmocka_unit_test(policy_request__variants__what_they_are_good_for),
        cmocka_unit_test(policy_request_line__no_attribute__false),
        cmocka_unit_test(hash_bytes__reference_key__reference_values),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
