/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "milter/hops/probing.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "milter/clock.h"
#include "milter/hops/hop_rules.h"
#include "milter/hops/prober.h"
#include "milter/log.h"
#include "milter/snapshot.h"
#include "policy/probe/ask.h"

/* Hops that the prober is asked about at a time: as many as it may have connections, at most so
 * many; of those that are not pinned a part. */
#define LOAD_MOST 1024
#define LOAD_PART_OF_OTHERS 4

/* So long the suspects wait for a moment without any other hop; then one is made. */
#define SUSPECT_WAIT_MS 60000

/* FORMAT: a hop has at most so many addresses, and three times the time of one of them. */
#define ADDRESSES_MOST 32
#define TIMES_OF_A_HOP 3
#define PATIENCE_MORE_MS 5000
#define DURATION_MOST_MS (24 * 3600 * 1000)

struct probing {
    struct hops *hops;
    struct prober *prober;
    struct event *woken, *timer;
    struct snapshot *snapshot; /* whose rules are followed */
    bool wanted;               /* they have outbound connectors that demand anything */
    bool gave_up_root, has_starter;
    char *settings; /* the prober's; NULL: it was not started yet */
    struct string_list stores;
    int port, interval;
};

static const struct rules *rules_of(const struct probing *probing)
{
    return snapshot_rules(probing->snapshot);
}

static const struct probe_settings *settings_of(const struct probing *probing)
{
    return &rules_of(probing)->settings.probe;
}

/* ---- new rules --------------------------------------------------------------------------------
 */

static void give_back(void *data, const char *hop)
{
    struct probing *probing = data;

    hops_again(probing->hops, hop, monotonic_ms());
}

static bool same_stores(const struct string_list *a, const struct string_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        bool found = false;

        for (size_t n = 0; n < b->count; n++)
            found = found || strcmp(a->strings[i], b->strings[n]) == 0;
        if (!found)
            return false;
    }
    return true;
}

/* Whether other trust stores are named now. */
static bool take_stores(struct probing *probing)
{
    const struct connector *left_out;
    struct string_list stores;
    bool changed;

    if (!ask_stores(rules_of(probing), &stores, &left_out)) {
        log_line(LOG_ERR, "no memory for the names of trust stores: the old ones are used");
        return false;
    }
    if (left_out != NULL)
        log_printf(LOG_WARNING,
                   "outbound connectors name more than %d trust stores: what connector %s demands "
                   "of a certificate's chain cannot be told",
                   ASK_STORES_MOST, left_out->name);
    changed = !same_stores(&stores, &probing->stores);
    string_list_release(&probing->stores);
    probing->stores = stores;
    return changed;
}

/* Starts the prober where it does not run with these settings. Whether it was another one before.
 */
static bool take_settings(struct probing *probing)
{
    char *settings = ask_settings_line(&rules_of(probing)->settings);
    char *copy = settings != NULL ? strdup(settings) : NULL;
    bool is_first = probing->settings == NULL;

    if (copy == NULL) {
        log_line(LOG_ERR, "no memory for the prober's settings, or a path that is no UTF-8");
        free(settings);
        return false;
    }
    if (!is_first && strcmp(settings, probing->settings) == 0) {
        free(settings);
        free(copy);
        return false;
    }
    free(probing->settings);
    probing->settings = settings;
    if (is_first && probing->gave_up_root && !probing->has_starter)
        log_line(LOG_NOTICE, "the first outbound connectors came with a reload: until a restart "
                             "forcetls-prober has no user of its own");
    prober_start(probing->prober, copy, give_back);
    return !is_first;
}

static void stop_prober(struct probing *probing)
{
    prober_stop(probing->prober, give_back);
    free(probing->settings);
    probing->settings = NULL;
    hops_set_working(probing->hops, true);
}

static void follow(struct probing *probing)
{
    const struct probe_settings *settings = settings_of(probing);
    bool stores_changed, settings_changed;

    probing->wanted = hop_rules_pin(rules_of(probing), probing->hops, monotonic_ms());
    if (!probing->wanted) {
        stop_prober(probing);
        return;
    }
    stores_changed = take_stores(probing);
    settings_changed = take_settings(probing);
    if (settings_changed || stores_changed || probing->interval != settings->interval)
        hops_renew(probing->hops, settings_changed && probing->port != settings->port,
                   monotonic_ms());
    probing->port = settings->port;
    probing->interval = settings->interval;
}

static void follow_rules_in_force(struct probing *probing)
{
    struct snapshot *snapshot = snapshot_get();

    if (snapshot == NULL || snapshot == probing->snapshot) {
        snapshot_put(snapshot);
        return;
    }
    snapshot_put(probing->snapshot);
    probing->snapshot = snapshot;
    follow(probing);
}

/* ---- asking -----------------------------------------------------------------------------------
 */

/* How long a prober that works can take with so many hops at a time: each has its time, but for the
 * time in which it waits for the others' connections and for the rate. */
static int64_t patience_ms(const struct probe_settings *settings, size_t load)
{
    double connections = (double)(load * ADDRESSES_MOST);
    double seconds = TIMES_OF_A_HOP * settings->timeout + connections / settings->rate +
                     connections * settings->timeout / settings->max_parallel;

    return (int64_t)(seconds * 1000) + PATIENCE_MORE_MS;
}

static size_t load_most(const struct probe_settings *settings)
{
    return settings->max_parallel < LOAD_MOST ? (size_t)settings->max_parallel : LOAD_MOST;
}

/* The ranks (bits) that the prober may be asked about now. */
static unsigned open_ranks(struct probing *probing, int64_t now_ms)
{
    size_t most = load_most(settings_of(probing)), load = prober_load(probing->prober);
    size_t others = prober_load_of(probing->prober, HOP_OTHER);
    unsigned ranks = 1U << HOP_PINNED;

    if (load >= most || prober_load_of(probing->prober, HOP_SUSPECT) > 0)
        return 0;
    if (hops_next_ms(probing->hops, 1U << HOP_SUSPECT) <= now_ms - SUSPECT_WAIT_MS)
        return load == 0 ? 1U << HOP_SUSPECT : 0;
    if (others == 0 || others < most / LOAD_PART_OF_OTHERS)
        ranks |= 1U << HOP_OTHER;
    if (load == 0)
        ranks |= 1U << HOP_SUSPECT;
    return ranks;
}

static void ask(struct probing *probing, const struct hop_order *order)
{
    const struct probe_settings *settings = settings_of(probing);
    int64_t id = prober_next_id(probing->prober);
    const struct ask_probe probe = { .id = id,
                                     .hop = order->hop,
                                     .private_addresses = order->allows_private,
                                     .stores = &probing->stores };
    char *line = ask_probe_line(&probe);

    if (line == NULL || !prober_ask(probing->prober, id, order->hop, order->rank, line,
                                    patience_ms(settings, prober_load(probing->prober) + 1))) {
        log_printf(LOG_ERR,
                   "cannot ask forcetls-prober about %s: no memory, or a path that is no "
                   "UTF-8",
                   order->hop);
        hops_lost(probing->hops, settings, order->hop, false, monotonic_ms());
    }
    free(line);
}

/* Sets the timer for what is due next of the ranks that are open. */
static void set_timer(struct probing *probing, unsigned ranks, int64_t now_ms)
{
    int64_t due_ms = ranks != 0 ? hops_next_ms(probing->hops, ranks) : INT64_MAX;
    int64_t wait_ms = due_ms > now_ms ? due_ms - now_ms : 1;
    const struct timeval wait = { .tv_sec = (time_t)(wait_ms / 1000),
                                  .tv_usec = (suseconds_t)(wait_ms % 1000 * 1000) };

    if (due_ms == INT64_MAX)
        (void)evtimer_del(probing->timer);
    else
        (void)evtimer_add(probing->timer, &wait);
}

/* Asks about all that is due. */
static void run(struct probing *probing)
{
    struct hop_order order;
    unsigned ranks;
    int64_t now_ms = monotonic_ms();

    if (!probing->wanted || !prober_runs(probing->prober)) {
        (void)evtimer_del(probing->timer);
        return;
    }
    while ((ranks = open_ranks(probing, now_ms)) != 0 &&
           hops_next(probing->hops, ranks, now_ms, &order))
        ask(probing, &order);
    set_timer(probing, ranks, now_ms);
}

/* ---- what happens -----------------------------------------------------------------------------
 */

static void on_result(void *data, struct hop_line *line)
{
    struct probing *probing = data;
    int64_t now_ms = monotonic_ms();
    int64_t took_ms = line->milliseconds < DURATION_MOST_MS ? line->milliseconds : DURATION_MOST_MS;
    bool trouble = !hop_rules_meet(rules_of(probing), line->hop, line->facts);
    struct hop_facts *facts = line->facts;

    line->facts = NULL;
    hops_set_working(probing->hops, true);
    if (!hops_found(probing->hops, settings_of(probing), line->hop, facts, line->size,
                    line->started, now_ms - took_ms, trouble, now_ms))
        log_printf(LOG_ERR, "no memory for what was found at %s", line->hop);
    run(probing);
}

static void on_refused(void *data, const char *hop, const char *text)
{
    struct probing *probing = data;

    log_printf(LOG_INFO, "forcetls-prober does not look at %s: %s", hop, text);
    hops_set_working(probing->hops, true);
    hops_lost(probing->hops, settings_of(probing), hop, false, monotonic_ms());
    run(probing);
}

static void on_lost(void *data, const char *hop, bool suspect)
{
    struct probing *probing = data;

    if (suspect)
        hops_lost(probing->hops, settings_of(probing), hop, true, monotonic_ms());
    else
        give_back(probing, hop);
}

static void on_state(void *data, bool runs)
{
    struct probing *probing = data;

    if (!runs)
        hops_set_working(probing->hops, false);
    run(probing);
}

static void on_timer(evutil_socket_t fd, short what, void *data)
{
    (void)fd;
    (void)what;
    run(data);
}

static void on_woken(evutil_socket_t fd, short what, void *data)
{
    struct probing *probing = data;

    (void)fd;
    (void)what;
    hops_woken(probing->hops);
    follow_rules_in_force(probing);
    run(probing);
}

/* ---- life -------------------------------------------------------------------------------------
 */

struct probing *probing_new(struct event_base *base, struct hops *hops,
                            const struct probing_start *start)
{
    struct probing *probing = calloc(1, sizeof(*probing));
    const struct prober_user user = { on_result, on_refused, on_lost, on_state, probing };
    struct prober *prober = prober_new(base, start->program, start->starter, &user);

    if (probing == NULL || prober == NULL) {
        prober_free(prober);
        free(probing);
        return NULL;
    }
    probing->hops = hops;
    probing->prober = prober;
    probing->gave_up_root = start->gave_up_root;
    probing->has_starter = start->starter >= 0;
    probing->timer = evtimer_new(base, on_timer, probing);
    probing->woken = event_new(base, hops_wake_fd(hops), EV_READ | EV_PERSIST, on_woken, probing);
    if (probing->timer == NULL || probing->woken == NULL || event_add(probing->woken, NULL) != 0) {
        probing_free(probing);
        return NULL;
    }
    hops_wake(hops); /* for the rules that are in force already */
    return probing;
}

void probing_free(struct probing *probing)
{
    if (probing == NULL)
        return;
    prober_free(probing->prober);
    if (probing->timer != NULL)
        event_free(probing->timer);
    if (probing->woken != NULL)
        event_free(probing->woken);
    snapshot_put(probing->snapshot);
    string_list_release(&probing->stores);
    free(probing->settings);
    free(probing);
}
