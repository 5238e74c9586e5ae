/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/tls_policy.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "milter/complaint.h"
#include "milter/netstring.h"
#include "milter/server.h"
#include "milter/snapshot.h"
#include "policy/tls_policy.h"

/* A next hop has some 300 bytes at most. */
#define KEY_MOST 1000
#define QUESTION_MOST (sizeof(TLS_POLICY_MAP " ") - 1 + KEY_MOST)

/* The longest word that can stand before an answer's text, and its NUL. */
#define ANSWER_MOST (sizeof("NOTFOUND ") + TLS_POLICY_SIZE)

struct tls_policy_server {
    struct server *server;
    struct tls_policy_counters *counters;
    struct complaint other_map;
    char *folder;
    bool below_queue; /* `file` begins with the way from there, for good */
    size_t prefix_length;
    char file[PATH_MAX + NAME_MAX]; /* of trust anchors, as smtp(8) calls it */
};

/* What is looked into for one request. */
struct lookup {
    struct tls_policy_server *server;
    const struct anchors *anchors;
    int64_t now;
};

bool tls_policy_was_asked(const struct tls_policy_counters *counters)
{
    return atomic_load_explicit(&counters->ok, memory_order_relaxed) > 0 ||
           atomic_load_explicit(&counters->not_found, memory_order_relaxed) > 0 ||
           atomic_load_explicit(&counters->temporary, memory_order_relaxed) > 0;
}

/* ---- trust anchors -------------------------------------------------------------------------- */

/* When the first one asks there is a queue directory, as there need not be when we start. */
static bool set_prefix(struct tls_policy_server *server)
{
    if (server->below_queue)
        return true;
    if (!anchors_prefix(server->folder, server->file, PATH_MAX))
        return false;
    server->prefix_length = strlen(server->file);
    server->below_queue = server->file[0] != '/';
    return true;
}

static const char *tafile(void *data, const struct connector *connector, bool *failed)
{
    const struct lookup *lookup = data;
    struct tls_policy_server *server = lookup->server;
    const char *name =
        lookup->anchors != NULL ? anchors_find(lookup->anchors, connector, lookup->now) : NULL;

    *failed = name == NULL || !set_prefix(server);
    if (*failed)
        return NULL;
    memcpy(server->file + server->prefix_length, name, strlen(name) + 1);
    return server->file;
}

/* ---- answers -------------------------------------------------------------------------------- */

static const struct {
    const char *word;
    size_t counter;
} answers[] = {
    [TLS_POLICY_OK] = { "OK ", offsetof(struct tls_policy_counters, ok) },
    [TLS_POLICY_NOTFOUND] = { "NOTFOUND ", offsetof(struct tls_policy_counters, not_found) },
    [TLS_POLICY_TEMP] = { "TEMP ", offsetof(struct tls_policy_counters, temporary) },
};

static void count(struct tls_policy_counters *counters, size_t offset)
{
    atomic_uint_fast64_t *counter = (void *)((char *)counters + offset);

    (void)atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* Writes the answer's text behind a place for its word. */
static enum tls_policy look_up(struct tls_policy_server *server, struct span key, struct line *text)
{
    struct snapshot *snapshot = snapshot_get();
    struct lookup lookup = { .server = server, .now = (int64_t)time(NULL) };
    const struct tls_policy_files files = { tafile, &lookup };
    enum tls_policy policy = TLS_POLICY_TEMP;

    if (snapshot == NULL) {
        line_add(text, "forcetls-milter has no rules");
        return policy;
    }
    lookup.anchors = snapshot_anchors(snapshot);
    policy = tls_policy_answer(snapshot_rules(snapshot), key, lookup.now, &files, text);
    snapshot_put(snapshot);
    return policy;
}

/* Makes a netstring of the word and the text, which stands `gap` bytes behind the beginning of the
 * room, and puts it at the beginning. */
static void finish(struct answer *answer, size_t gap, const char *word, size_t length)
{
    size_t word_length = strlen(word);
    char *start = answer->room + gap - word_length;
    struct span netstring;

    memcpy(start, word, word_length);
    netstring = netstring_wrap(start - NETSTRING_HEAD, word_length + length);
    memmove(answer->room, netstring.data, netstring.length);
    answer->length = netstring.length;
}

#define GAP (NETSTRING_HEAD + sizeof("NOTFOUND ") - 1)

static void answer_key(struct tls_policy_server *server, struct span key, struct answer *answer)
{
    enum tls_policy policy;
    struct line text;

    line_init(&text, answer->room + GAP, TLS_POLICY_SIZE);
    policy = look_up(server, key, &text);
    count(server->counters, answers[policy].counter);
    finish(answer, GAP, answers[policy].word, text.length);
}

static void answer_other_map(struct tls_policy_server *server, struct span name,
                             struct answer *answer)
{
    static const char text[] = "no such map: smtp_tls_policy_maps must end with "
                               ":" TLS_POLICY_MAP;
    char cited[64];
    struct line line;

    line_init(&line, cited, sizeof(cited));
    line_add_cited(&line, name, 40);
    complain(&server->other_map, LOG_ERR, "tls_policy_socket",
             "asked for the map %s, and mail waits: smtp_tls_policy_maps must end with "
             ":" TLS_POLICY_MAP,
             cited);
    count(server->counters, offsetof(struct tls_policy_counters, other_map));
    memcpy(answer->room + GAP, text, sizeof(text) - 1);
    finish(answer, GAP, "PERM ", sizeof(text) - 1);
}

/* "NAME KEY": a name has no blank, a key may have. */
static enum served on_input(void *data, void *state, struct span input, size_t *taken,
                            struct answer *answer)
{
    struct span question, name, key;
    const char *blank;

    (void)state;
    switch (netstring_read(input, QUESTION_MOST, &question, taken)) {
    case NETSTRING_PART:
        return SERVED_NOTHING;
    case NETSTRING_BAD:
        return SERVED_GARBAGE;
    case NETSTRING_WHOLE:
        break;
    }
    blank = memchr(question.data, ' ', question.length);
    if (blank == NULL)
        return SERVED_GARBAGE;
    name = (struct span){ question.data, (size_t)(blank - question.data) };
    key = (struct span){ blank + 1, question.length - name.length - 1 };
    if (span_equal(name, span_of(TLS_POLICY_MAP)))
        answer_key(data, key, answer);
    else
        answer_other_map(data, name, answer);
    return SERVED_REQUEST;
}

static const struct server_protocol protocol = {
    .socket = "tls_policy_socket",
    .name = "the socketmap protocol",
    .request_most = NETSTRING_HEAD + QUESTION_MOST + NETSTRING_TAIL,
    .answer_most = NETSTRING_HEAD + ANSWER_MOST + NETSTRING_TAIL,
    .serve = on_input
};

/* ---- the server ----------------------------------------------------------------------------- */

struct tls_policy_server *tls_policy_server_new(struct event_base *base, int fd, const char *folder,
                                                struct tls_policy_counters *counters,
                                                unsigned most_connections)
{
    struct tls_policy_server *server = calloc(1, sizeof(*server));

    if (server == NULL || (server->folder = strdup(folder)) == NULL) {
        free(server);
        (void)evutil_closesocket(fd);
        return NULL;
    }
    server->counters = counters;
    server->server = server_new(base, fd, &protocol, server, most_connections);
    if (server->server == NULL) {
        free(server->folder);
        free(server);
        return NULL;
    }
    return server;
}

void tls_policy_server_free(struct tls_policy_server *server)
{
    if (server == NULL)
        return;
    server_free(server->server);
    free(server->folder);
    free(server);
}
