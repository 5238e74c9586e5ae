/* SPDX-License-Identifier: ISC */
/*
 * feed: see feed.h. A hash table of slots in a fixed array, and a list of them by age.
 *
 * Why no session is ever given another one's fingerprint
 *
 * For each RCPT command smtpd(8) first asks the policy service (we put), then the milter (we
 * take), and waits for each; one smtpd process serves one session at a time. So before B takes,
 * B has put; and if B finds an entry of A's under B's own key, then A put it after B did, while
 * B's own was still waiting to be taken. That moment is noticed: the key holds an untaken entry
 * of another session. Both are then worth nothing, and the key stays doubtful until no request
 * came under it for a long time (FEED_MEMORY times as long as a fact is believed): by then
 * whoever had put something has taken it, or has gone. For the same reason an entry that nobody
 * takes is remembered that long, although it is believed for seconds only.
 *
 * Real sessions never share a key, for it is the two ends of a TCP connection; an XCLIENT client
 * or a proxy can make them share one. Without a client's port (XCLIENT without PORT=) sharing is
 * the rule and not the attack, so that nothing is stored at all.
 *
 * Whose an entry is. What is left over must not get into its own session's way: where a later
 * restriction refuses the recipient, or the message was accepted early, nobody takes, and the
 * session's next RCPT puts again under the same key. Two requests are of one session if they
 * come by the same connection of the policy protocol, which is one process's, or have the same
 * `instance`, which is one message's (Postfix, SMTPD_POLICY_README: requests about a message come
 * over one connection; a different instance over that connection means that the earlier message
 * is completed or aborted). Then the later one replaces the earlier. Neither alone would do: a
 * session's messages have an instance each, and a process may open a second connection, after
 * an error or an idle time or for a second restriction list, within a message. What falls
 * between the two, a new connection and a new message right after an entry that nobody took, is
 * taken for another session: it costs this session its facts, and no more.
 *
 * What is compared when taking (recipient, protocol, cipher, age) narrows and does not prove: an
 * attacker chooses all of it. It is there for the case that the above cannot see: a session that
 * asks the milter and not us (an smtpd service without check_policy_service, a restriction before
 * it that permits, RCPT TO:<postmaster>), under the key of a session that did, in the
 * microseconds between that one's two questions, or after its recipient was refused in between.
 * That takes an XCLIENT client's rights and the other session's address, port, recipient and
 * cipher, and this is where it would end.
 */
#include "milter/feed.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "milter/hash.h"

#define NONE UINT32_MAX

struct slot {
    struct feed_entry entry;
    bool doubtful;
    int64_t put_ms;
    uint32_t next;         /* in the bucket, or in the list of free slots */
    uint32_t older, newer; /* in the list by age */
};

struct feed {
    atomic_bool used;
    int64_t ttl_ms;
    struct hash_key hash;
    uint32_t capacity, bucket_mask;
    pthread_mutex_t lock; /* guards all below */
    uint32_t *buckets;
    struct slot *slots;   /* the pages of slots that were never used are never touched */
    uint32_t free, untouched;
    uint32_t oldest, newest;
};

struct feed *feed_new(unsigned capacity, int64_t ttl_ms)
{
    struct feed *feed = calloc(1, sizeof(*feed));
    uint32_t buckets = 1;

    if (feed == NULL)
        return NULL;
    while (buckets < capacity)
        buckets *= 2;
    feed->ttl_ms = ttl_ms;
    feed->capacity = capacity;
    feed->bucket_mask = buckets - 1;
    feed->buckets = malloc(buckets * sizeof(*feed->buckets));
    feed->slots = calloc(capacity, sizeof(*feed->slots));
    feed->free = feed->oldest = feed->newest = NONE;
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

/* ---- slots --------------------------------------------------------------------------------- */

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

static uint32_t find(struct feed *feed, const struct feed_key *key)
{
    uint32_t index = *bucket_of(feed, key);

    while (index != NONE && !key_equal(&feed->slots[index].entry.key, key))
        index = feed->slots[index].next;
    return index;
}

static void age_unlink(struct feed *feed, uint32_t index)
{
    struct slot *slot = &feed->slots[index];

    if (slot->older != NONE)
        feed->slots[slot->older].newer = slot->newer;
    else
        feed->oldest = slot->newer;
    if (slot->newer != NONE)
        feed->slots[slot->newer].older = slot->older;
    else
        feed->newest = slot->older;
}

static void age_append(struct feed *feed, uint32_t index)
{
    struct slot *slot = &feed->slots[index];

    slot->older = feed->newest;
    slot->newer = NONE;
    if (feed->newest != NONE)
        feed->slots[feed->newest].newer = index;
    else
        feed->oldest = index;
    feed->newest = index;
}

static void slot_remove(struct feed *feed, uint32_t index)
{
    struct slot *slot = &feed->slots[index];
    uint32_t *link = bucket_of(feed, &slot->entry.key);

    while (*link != index)
        link = &feed->slots[*link].next;
    *link = slot->next;
    age_unlink(feed, index);
    slot->next = feed->free;
    feed->free = index;
}

/* A slot for the key, in its bucket and the newest by age; a full table gives its oldest. */
static uint32_t slot_add(struct feed *feed, const struct feed_key *key)
{
    uint32_t *bucket = bucket_of(feed, key);
    uint32_t index;

    if (feed->free == NONE && feed->untouched == feed->capacity)
        slot_remove(feed, feed->oldest);
    index = feed->free;
    if (index != NONE)
        feed->free = feed->slots[index].next;
    else
        index = feed->untouched++;
    feed->slots[index].next = *bucket;
    *bucket = index;
    age_append(feed, index);
    return index;
}

static void forget_old(struct feed *feed, int64_t now_ms)
{
    while (feed->oldest != NONE &&
           now_ms - feed->slots[feed->oldest].put_ms >= FEED_MEMORY * feed->ttl_ms)
        slot_remove(feed, feed->oldest);
}

/* ---- the rule ------------------------------------------------------------------------------ */

static bool same_session(const struct feed_entry *a, const struct feed_entry *b)
{
    return a->source == b->source ||
           (a->instance[0] != '\0' && strcmp(a->instance, b->instance) == 0);
}

/* Call with the lock held. */
static bool put(struct feed *feed, const struct feed_entry *entry, int64_t now_ms)
{
    uint32_t index;
    struct slot *slot;

    forget_old(feed, now_ms);
    index = find(feed, &entry->key);
    if (index == NONE) {
        index = slot_add(feed, &entry->key);
        feed->slots[index].doubtful = false;
    } else {
        age_unlink(feed, index);
        age_append(feed, index);
        if (!same_session(&feed->slots[index].entry, entry))
            feed->slots[index].doubtful = true;
    }
    slot = &feed->slots[index];
    slot->entry = *entry;
    slot->put_ms = now_ms;
    return !slot->doubtful;
}

bool feed_put(struct feed *feed, const struct feed_entry *entry, int64_t now_ms)
{
    bool good;

    atomic_store_explicit(&feed->used, true, memory_order_relaxed);
    if (entry->key.client_port == 0)
        return true;
    (void)pthread_mutex_lock(&feed->lock);
    good = put(feed, entry, now_ms);
    (void)pthread_mutex_unlock(&feed->lock);
    return good;
}

/* What was not reported (a milter's macro in plaintext) is as empty as Postfix's attribute. */
static bool value_is(struct span value, const char *text)
{
    size_t length = strlen(text);

    return value.length == length && (length == 0 || memcmp(value.data, text, length) == 0);
}

/* The milter is given an address as it stands in SMTP, the policy service without the quotes and
 * backslashes of its local part. Writes the latter; false: too long. */
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
    return memchr(to, '\0', length) == NULL;
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
               struct span protocol, struct span cipher, int64_t now_ms,
               struct feed_entry *entry)
{
    const struct slot *slot;
    uint32_t index;
    bool taken = false;

    (void)pthread_mutex_lock(&feed->lock);
    index = find(feed, key);
    if (index != NONE) {
        slot = &feed->slots[index];
        taken = !slot->doubtful && now_ms - slot->put_ms < feed->ttl_ms &&
                recipient_is(recipient, slot->entry.recipient) &&
                value_is(protocol, slot->entry.protocol) && value_is(cipher, slot->entry.cipher);
        if (taken) {
            *entry = slot->entry;
            slot_remove(feed, index);
        }
    }
    (void)pthread_mutex_unlock(&feed->lock);
    return taken;
}
