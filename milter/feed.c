/* SPDX-License-Identifier: ISC */
/*
 * feed: see feed.h. A slot per connection of the policy protocol, and a hash table over the slots
 * that hold something.
 *
 * Why no session is ever given another one's fingerprint
 *
 * For each RCPT command smtpd(8) first asks the policy service (we put), then the milter (we
 * take), and waits for each. One smtpd process serves one session at a time and has a connection
 * of the policy protocol of its own, so that whatever comes by that connection next says that the
 * RCPT before is over; so does its end (Postfix, SMTPD_POLICY_README: a different instance over
 * the same connection means that the previous message is completed or aborted; its timers close
 * connections between sessions only). Hence a connection has one entry at most that somebody may
 * still come to take: the last one. It stays until it is taken, or the connection goes on.
 *
 * Let A and B be two sessions under one key. Before B takes, B has put. If A's entry is there too,
 * two connections hold the key, and nobody gets anything. If A's entry is there and B's is not,
 * it was taken, and not by B; so an earlier take was wrong already, and there is no first one.
 *
 * Real sessions never share a key, for it is the two ends of a TCP connection; an XCLIENT client
 * or a proxy can make them share one. Without a client's port (XCLIENT without PORT=) sharing is
 * the rule and not the attack: nothing is kept at all, so that it never works, instead of
 * sometimes.
 *
 * What is left over does not get into its own session's way: where a later restriction refuses
 * the recipient, or the message was accepted early, nobody takes, and the next request of that
 * session comes by the same connection and replaces it. Where a process has two connections (a
 * second restriction list with settings of its own), both say the same about the same message,
 * and the later one replaces the earlier, since `instance` is equal.
 *
 * What is compared when taking (recipient, protocol, cipher, age) narrows and does not prove: an
 * attacker chooses all of it. It is there for the case that the above cannot see: a session that
 * asks the milter and not us (an smtpd service without check_policy_service, a restriction before
 * it that permits, RCPT TO:<postmaster>, an error between Postfix and us), under the key of a
 * session that did, in the microseconds between that one's two questions, or after its recipient
 * was refused in between. That takes an XCLIENT client's rights and the other session's address,
 * port, recipient and cipher, and this is where it would end.
 */
#include "milter/feed.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "milter/hash.h"

#define NONE UINT32_MAX

struct slot {
    bool holds;    /* an entry that was not taken */
    uint32_t next; /* in the bucket, if it holds one; of an unused slot: the next unused one */
    int64_t put_ms;
    struct feed_entry entry;
};

struct feed {
    atomic_bool used;
    atomic_uint_fast64_t taken;
    int64_t ttl_ms;
    struct hash_key hash;
    uint32_t capacity, bucket_mask;
    pthread_mutex_t lock; /* guards all below */
    uint32_t *buckets;
    struct slot *slots; /* the pages of slots that were never used are never touched */
    uint32_t unused, untouched;
};

struct feed *feed_new(unsigned sources, int64_t ttl_ms)
{
    struct feed *feed = calloc(1, sizeof(*feed));
    uint32_t buckets = 1;

    if (feed == NULL)
        return NULL;
    while (buckets < sources)
        buckets *= 2;
    feed->ttl_ms = ttl_ms;
    feed->capacity = sources;
    feed->bucket_mask = buckets - 1;
    feed->unused = NONE;
    feed->buckets = malloc(buckets * sizeof(*feed->buckets));
    feed->slots = calloc(sources, sizeof(*feed->slots));
    if (feed->buckets == NULL || feed->slots == NULL ||
        pthread_mutex_init(&feed->lock, NULL) != 0) {
        free(feed->buckets);
        free(feed->slots);
        free(feed);
        return NULL;
    }
    for (uint32_t i = 0; i < buckets; i++)
        feed->buckets[i] = NONE;
    hash_key_init(&feed->hash);
    return feed;
}

void feed_free(struct feed *feed)
{
    if (feed == NULL)
        return;
    (void)pthread_mutex_destroy(&feed->lock);
    free(feed->buckets);
    free(feed->slots);
    free(feed);
}

bool feed_was_used(const struct feed *feed)
{
    return atomic_load_explicit(&feed->used, memory_order_relaxed);
}

uint64_t feed_taken(const struct feed *feed)
{
    return atomic_load_explicit(&feed->taken, memory_order_relaxed);
}

/* ---- the table; all of it with the lock held ------------------------------------------------ */

static uint32_t *bucket_of(struct feed *feed, const struct feed_key *key)
{
    uint8_t bytes[2 * sizeof(struct ip) + 4];
    uint8_t *end = bytes;

    memcpy(end, &key->client, sizeof(key->client));
    end += sizeof(key->client);
    memcpy(end, &key->server, sizeof(key->server));
    end += sizeof(key->server);
    memcpy(end, &key->client_port, 2);
    memcpy(end + 2, &key->server_port, 2);
    return &feed->buckets[hash_bytes(&feed->hash, bytes, sizeof(bytes)) & feed->bucket_mask];
}

static bool key_equal(const struct feed_key *a, const struct feed_key *b)
{
    return a->client_port == b->client_port && a->server_port == b->server_port &&
           ip_equal(&a->client, &b->client) && ip_equal(&a->server, &b->server);
}

/* The slot from `index` on, along its bucket, that holds the key; NONE. */
static uint32_t find_from(const struct feed *feed, uint32_t index, const struct feed_key *key)
{
    while (index != NONE && !key_equal(&feed->slots[index].entry.key, key))
        index = feed->slots[index].next;
    return index;
}

/* The slot no longer holds anything. */
static void drop(struct feed *feed, uint32_t index)
{
    struct slot *slot = &feed->slots[index];
    uint32_t *link;

    if (!slot->holds)
        return;
    link = bucket_of(feed, &slot->entry.key);
    while (*link != index)
        link = &feed->slots[*link].next;
    *link = slot->next;
    slot->holds = false;
}

/* Drops what other connections said about the same message. */
static void drop_same_message(struct feed *feed, const struct feed_entry *entry)
{
    uint32_t index = find_from(feed, *bucket_of(feed, &entry->key), &entry->key);

    while (index != NONE) {
        uint32_t next = find_from(feed, feed->slots[index].next, &entry->key);

        if (entry->instance[0] != '\0' &&
            strcmp(feed->slots[index].entry.instance, entry->instance) == 0)
            drop(feed, index);
        index = next;
    }
}

static void hold(struct feed *feed, uint32_t index, const struct feed_entry *entry, int64_t now_ms)
{
    struct slot *slot = &feed->slots[index];
    uint32_t *bucket = bucket_of(feed, &entry->key);

    slot->entry = *entry;
    slot->put_ms = now_ms;
    slot->holds = true;
    slot->next = *bucket;
    *bucket = index;
}

/* The one slot that holds the key; NONE: there is none, or several do. */
static uint32_t find_only(struct feed *feed, const struct feed_key *key)
{
    uint32_t index = find_from(feed, *bucket_of(feed, key), key);

    if (index == NONE || find_from(feed, feed->slots[index].next, key) != NONE)
        return NONE;
    return index;
}

/* ---- connections ---------------------------------------------------------------------------- */

uint32_t feed_open(struct feed *feed)
{
    uint32_t index = FEED_NO_SOURCE;

    (void)pthread_mutex_lock(&feed->lock);
    if (feed->unused != NONE) {
        index = feed->unused;
        feed->unused = feed->slots[index].next;
    } else if (feed->untouched < feed->capacity) {
        index = feed->untouched++;
    }
    (void)pthread_mutex_unlock(&feed->lock);
    return index;
}

void feed_close(struct feed *feed, uint32_t source)
{
    (void)pthread_mutex_lock(&feed->lock);
    drop(feed, source);
    feed->slots[source].next = feed->unused;
    feed->unused = source;
    (void)pthread_mutex_unlock(&feed->lock);
}

bool feed_put(struct feed *feed, uint32_t source, const struct feed_entry *entry, int64_t now_ms)
{
    bool alone = true;

    (void)pthread_mutex_lock(&feed->lock);
    drop(feed, source);
    if (entry != NULL && entry->key.client_port != 0) {
        drop_same_message(feed, entry);
        hold(feed, source, entry, now_ms);
        alone = find_only(feed, &entry->key) == source;
    }
    (void)pthread_mutex_unlock(&feed->lock);
    if (entry != NULL)
        atomic_store_explicit(&feed->used, true, memory_order_relaxed);
    return alone;
}

/* ---- taking --------------------------------------------------------------------------------- */

/* What was not reported (a milter's macro in plaintext) is as empty as Postfix's attribute. */
static bool value_is(struct span value, const char *text)
{
    size_t length = strlen(text);

    return value.length == length && (length == 0 || memcmp(value.data, text, length) == 0);
}

/* The milter is given an address as it stands in SMTP, the policy service without the quotes and
 * backslashes of its local part. Writes the latter; false: too long, or an odd quote or NUL. */
static bool unquote(struct span address, char *to, size_t size, size_t *local_length)
{
    bool quoted = false;
    size_t length = 0;

    *local_length = 0;
    for (size_t i = 0; i < address.length; i++) {
        char c = address.data[i];

        if (c == '"') {
            quoted = !quoted;
            continue;
        }
        if (c == '\\' && i + 1 < address.length)
            c = address.data[++i];
        else if (c == '@' && !quoted)
            *local_length = length;
        if (length + 1 >= size)
            return false;
        to[length++] = c;
    }
    to[length] = '\0';
    if (*local_length == 0)
        *local_length = length;
    return !quoted && memchr(to, '\0', length) == NULL;
}

/* The domain in any case, the local part as it is. */
static bool recipient_is(struct span recipient, const char *stored)
{
    char plain[sizeof(((struct feed_entry *)NULL)->recipient)];
    size_t local_length;

    if (stored[0] == '\0' || !unquote(recipient, plain, sizeof(plain), &local_length))
        return false;
    return strlen(plain) == strlen(stored) && memcmp(plain, stored, local_length) == 0 &&
           span_equal_nocase(span_of(plain + local_length), span_of(stored + local_length));
}

bool feed_take(struct feed *feed, const struct feed_key *key, struct span recipient,
               struct span protocol, struct span cipher, int64_t now_ms, struct feed_entry *entry)
{
    const struct slot *slot;
    uint32_t index;
    bool taken = false;

    (void)pthread_mutex_lock(&feed->lock);
    index = find_only(feed, key);
    if (index != NONE) {
        slot = &feed->slots[index];
        taken = now_ms - slot->put_ms < feed->ttl_ms &&
                recipient_is(recipient, slot->entry.recipient) &&
                value_is(protocol, slot->entry.protocol) && value_is(cipher, slot->entry.cipher);
        if (taken) {
            *entry = slot->entry;
            drop(feed, index);
        }
    }
    (void)pthread_mutex_unlock(&feed->lock);
    if (taken)
        atomic_fetch_add_explicit(&feed->taken, 1, memory_order_relaxed);
    return taken;
}
