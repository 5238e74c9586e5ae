/* SPDX-License-Identifier: ISC */
#include "milter/smtpd_policy.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "milter/clock.h"
#include "milter/complaint.h"
#include "milter/policy_request.h"
#include "milter/server.h"

#define REQUEST_BYTES 65536 /* Postfix sends a few hundred */

static const char dunno[] = "action=DUNNO\n\n";

struct smtpd_policy {
    struct feed *feed;
    struct server *server;
    uint64_t requests;
    struct complaint shared;
};

/* A connection. */
struct asking {
    uint32_t source; /* the feed's number for it */
    bool under_way;
    struct policy_request request;
};

static bool on_open(void *data, void *state)
{
    struct smtpd_policy *policy = data;
    struct asking *asking = state;

    asking->source = feed_open(policy->feed);
    return asking->source != FEED_NO_SOURCE;
}

static void on_close(void *data, void *state)
{
    struct smtpd_policy *policy = data;
    struct asking *asking = state;

    feed_close(policy->feed, asking->source);
}

/* The empty line: what was said goes into the feed before the answer goes out, since the next
 * thing that the peer does is to ask the milter. */
static void request_end(struct smtpd_policy *policy, struct asking *asking, struct answer *answer)
{
    const struct feed_entry *entry =
        policy_request_finish(&asking->request) ? &asking->request.entry : NULL;

    policy->requests++;
    if (!feed_put(policy->feed, asking->source, entry, monotonic_ms()))
        complain(&policy->shared, LOG_WARNING, "smtpd_policy_socket",
                 "two sessions claim the same addresses and ports: the fingerprints of neither are "
                 "used (does an XCLIENT client or a proxy lie about them?)");
    memcpy(answer->room, dunno, sizeof(dunno) - 1);
    answer->length = sizeof(dunno) - 1;
    asking->under_way = false;
}

/* A line. */
static enum served on_input(void *data, void *state, struct span input, size_t *taken,
                            struct answer *answer)
{
    struct asking *asking = state;
    const char *end = memchr(input.data, '\n', input.length);
    struct span line = { input.data, 0 };

    if (end == NULL)
        return SERVED_NOTHING;
    line.length = (size_t)(end - input.data);
    *taken = line.length + 1;
    if (!asking->under_way)
        policy_request_reset(&asking->request);
    asking->under_way = true;
    if (line.length > 0)
        return policy_request_line(&asking->request, line) ? SERVED_PART : SERVED_GARBAGE;
    request_end(data, asking, answer);
    return SERVED_REQUEST;
}

static const struct server_protocol protocol = { .socket = "smtpd_policy_socket",
                                                 .name = "the SMTPD policy protocol",
                                                 .request_most = REQUEST_BYTES,
                                                 .answer_most = sizeof(dunno) - 1,
                                                 .state_size = sizeof(struct asking),
                                                 .open = on_open,
                                                 .close = on_close,
                                                 .serve = on_input };

struct smtpd_policy *smtpd_policy_new(struct event_base *base, int fd, struct feed *feed,
                                      unsigned most_connections)
{
    struct smtpd_policy *policy = calloc(1, sizeof(*policy));

    if (policy == NULL) {
        (void)evutil_closesocket(fd);
        return NULL;
    }
    policy->feed = feed;
    policy->server = server_new(base, fd, &protocol, policy, most_connections);
    if (policy->server == NULL) {
        free(policy);
        return NULL;
    }
    return policy;
}

void smtpd_policy_stats(const struct smtpd_policy *policy, struct smtpd_policy_stats *stats)
{
    *stats = (struct smtpd_policy_stats){ .connections = server_connections(policy->server),
                                          .requests = policy->requests,
                                          .taken = feed_taken(policy->feed) };
}

void smtpd_policy_free(struct smtpd_policy *policy)
{
    if (policy == NULL)
        return;
    server_free(policy->server);
    free(policy);
}
